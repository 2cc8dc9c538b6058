/**
 * What a rule of style is: a function of one file to its findings, so that each can be tried on a bad source.
 *
 * @module
 */

/** One breach of a rule. */
export interface Finding {
  /** From 1. */
  line: number;
  /** `Cannot …: …` or what was found and what it should be. */
  message: string;
}

/** A rule. `path` is relative to the repository, with `/`. */
export type Rule = (path: string, source: string) => Finding[];

/** How a finding is shown: where an editor can jump to it. */
export function shown(path: string, { line, message }: Finding): string {
  return `${path}:${line}: ${message}`;
}

/** The line, from 1, in which the character at `index` stands. */
export function lineAt(source: string, index: number): number {
  let line = 1;
  for (let at = source.indexOf("\n"); at >= 0 && at < index; at = source.indexOf("\n", at + 1)) line++;
  return line;
}

/** Findings of every place in `source` that matches `pattern` (with the flag `g`), each worded by `message`. */
export function matches(
  source: string,
  pattern: RegExp,
  message: (found: RegExpExecArray) => string | null,
): Finding[] {
  const findings: Finding[] = [];
  for (const found of source.matchAll(pattern)) {
    const text = message(found);
    if (text !== null) findings.push({ line: lineAt(source, found.index), message: text });
  }
  return findings;
}

/**
 * Findings of a walk over the syntax tree, which knows strings and comments from code. `visit` gets what reports a finding
 * at a node, and returns the visitor. Works under `deno test` only, where Deno lends its linter.
 */
export function syntaxFindings(
  { path, source }: { path: string; source: string },
  visit: (report: (node: Deno.lint.Node, message: string) => void) => Deno.lint.LintVisitor,
): Finding[] {
  const plugin: Deno.lint.Plugin = {
    name: "tidy",
    rules: { rule: { create: (context) => visit((node, message) => context.report({ node, message })) } },
  };
  return Deno.lint.runPlugin(plugin, path, source)
    .map(({ range, message }) => ({ line: lineAt(source, range[0]), message }));
}
