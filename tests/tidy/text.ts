/**
 * Rules that read a file as text: its header, its size, its citations, what was left unfinished.
 *
 * @module
 */
import { type Finding, matches } from "./rule.ts";

/** A file that grows past this wants a second room. */
export const fileLinesMax = 400;

/** A module header opens the file, says something and ends in `@module`. */
export function header(_path: string, source: string): Finding[] {
  const doc = /^(?:#!.*\n)?\/\*\*\n([\s\S]*?)\*\//.exec(source);
  if (doc === null) return [{ line: 1, message: "Cannot find the module's header: the file begins with none" }];
  const lines = doc[1].split("\n").map((line) => line.replace(/^ \* ?/, "").trim()).filter((line) => line !== "");
  if (lines.at(-1) !== "@module") return [{ line: 1, message: "Cannot take the header: it does not end in @module" }];
  return lines.length < 2 ? [{ line: 1, message: "Cannot take the header: it says nothing" }] : [];
}

/** At most {@linkcode fileLinesMax} lines. */
export function size(_path: string, source: string): Finding[] {
  const lines = source.split("\n").length - 1;
  return lines > fileLinesMax ? [{ line: lines, message: `${lines} lines: at most ${fileLinesMax}` }] : [];
}

/** What was promised is done: none of the usual marks. */
export function finished(_path: string, source: string): Finding[] {
  return matches(
    source,
    /\b(TODO|FIXME|XXX|HACK)\b/g,
    ([mark]) => `Cannot leave a ${mark}: do it, or write it into the issue`,
  );
}

/** `RFC 5321 §4.5.2`: one form, so that it can be searched for and compared with the README's table. */
export function citation(_path: string, source: string): Finding[] {
  return [
    ...matches(
      source,
      // "rfc822" without a blank is a media type or a part of a protocol, not a citation.
      /\b(?:RFC|Rfc)[ \t_-]*\d+|\brfc[ \t-]+\d+/g,
      ([found]) => /^RFC [1-9]\d*$/.test(found) ? null : `${found}: write "RFC N"`,
    ),
    ...matches(
      source,
      /\bRFC \d+,?[ \t]+(sections?|sec\.|chapter|page|p\.)[ \t]*[\dA-Z.]+/gi,
      ([found]) => `${found}: write "RFC N §4.5.2"`,
    ),
    ...matches(source, /\bsections? [\dA-Z.]+ of RFC \d+/gi, ([found]) => `${found}: write "RFC N §4.5.2"`),
    ...matches(source, /§§|§[ \t]|§[\dA-Z](?:[\dA-Z.]*)\.(?=\s[a-z])/g, ([found]) => `${found}: write "§4.5.2"`),
  ];
}

/** Tests run, all of them. */
export function testsRun(_path: string, source: string): Finding[] {
  return matches(
    source,
    /\bDeno\.test\.(ignore|only)\b|\bignore: true\b|\bonly: true\b/g,
    ([found]) => `Cannot skip tests: ${found}`,
  );
}
