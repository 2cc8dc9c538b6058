/**
 * What a browser may see of a configuration: everything but its secrets.
 *
 * Keys that hold a secret (`password_hash`) get a word in place of it. The word, given back as the value, means the secret as it is.
 *
 * @module
 */
import { type Document, isAlias, isScalar, parseDocument, visit } from "yaml";
import { printable } from "../base/text.ts";
import type { Path } from "./faults.ts";
import { type Change, isPlainMap } from "./plain.ts";

/** What stands in place of a secret. */
export const maskWord = "(unchanged secret)";

const secretKey = /(^|_)(password|password_hash|passphrase|secret|token)$/;

/** Whether the value of a key is a secret. Keys that end in `_file` name a file, which is none. */
export function isSecretKey(key: string | number | undefined): boolean {
  return typeof key === "string" && secretKey.test(key);
}

/** Plain data without secrets. */
export function maskPlain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(maskPlain);
  if (!isPlainMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, isSecretKey(key) && item !== null ? maskWord : maskPlain(item)]),
  );
}

/** One value, short, for a message. */
export function maskedText(path: Path, value: unknown): string {
  if (isSecretKey(path.at(-1))) return maskWord;
  return printable(JSON.stringify(maskPlain(value)) ?? "nothing", 200);
}

/** The changes without those that put the word in place of a secret: whoever sends it back wants the secret to stay. */
export function unmaskChanges(changes: readonly Change[]): Change[] {
  return changes.filter(({ path, value }) => !(isSecretKey(path.at(-1)) && value === maskWord));
}

/** The text of a file without secrets, line by line as it was. Text that is no YAML is not shown at all. */
export function maskSource(source: string): string {
  let document: Document.Parsed;
  try {
    document = parseDocument(source, {
      prettyErrors: false,
      uniqueKeys: false,
      resolveKnownTags: false,
      logLevel: "error",
    });
  } catch {
    return "";
  }
  if (document.errors.length > 0) return "";
  const cuts: [from: number, to: number][] = [];
  const anchors = new Set<string>();
  const secrets = (): void => {
    visit(document, {
      Pair: (_key, { key, value }) => {
        if (!isScalar(key) || !isSecretKey(String(key.value)) || value === null || value === undefined) return;
        if (isAlias(value)) anchors.add(value.source);
        cut(value);
      },
    });
    visit(document, {
      Node: (_key, node) => {
        const anchor = (node as { anchor?: string }).anchor;
        if (!isAlias(node) && anchor !== undefined && anchors.has(anchor)) cut(node);
      },
    });
  };
  const cut = (node: unknown): void => {
    const { range } = node as { range?: [number, number, number] };
    const empty = isScalar(node) && node.value === null;
    if (range && range[1] > range[0] && !empty) cuts.push([range[0], range[1]]);
  };
  secrets();
  return cuts.sort((a, b) => b[0] - a[0]).reduce((text, [from, to]) => {
    const lines = text.slice(from, to).endsWith("\n") ? "\n" : "";
    return `${text.slice(0, from)}"${maskWord}"${lines}${text.slice(to)}`;
  }, source);
}
