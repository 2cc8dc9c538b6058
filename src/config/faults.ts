/**
 * What is said about a configuration: where, and in which words.
 *
 * A fault is one line, `FILE:LINE:COL: path: what is wrong; what would be right`, so that editors jump to it. Values are
 * quoted with control characters escaped and cut short; a secret is never quoted.
 *
 * @module
 */
import { printable } from "../base/text.ts";

/** Keys and indices from the root of the document. */
export type Path = readonly (string | number)[];

/** Something found before it has a place in the file. */
export interface Finding {
  path: Path;
  /** Which end of a `key: value` is meant. */
  at: "key" | "value";
  /** What is wrong; what would be right. */
  text: string;
  /** Instead of the text of `path`, where a finding is about several keys. */
  label?: string;
}

/** A finding with its place. */
export interface Fault {
  /** The file as it was named by the caller. */
  file: string;
  line: number;
  column: number;
  path: string;
  text: string;
}

/** `listeners.inbound.sender_groups[0].senders`; the whole file is `config`. */
export function pathText(path: Path): string {
  if (path.length === 0) return "config";
  return path.map((part, index) =>
    typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${printable(part, 80)}`
  )
    .join("");
}

/** The line for the log and the terminal. */
export function faultText({ file, line, column, path, text }: Fault): string {
  return oneLine(`${file}:${line}:${column}: ${path}: ${text}`);
}

/** The line of a warning. */
export function warningText({ file, line, column, path, text }: Fault): string {
  return oneLine(`${file}:${line}:${column}: ${path}: warning: ${text}`);
}

/** Quoted values are escaped already; what else came from the file (a suggestion, the library's words) may not be. */
function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex
  return /[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(text) ? printable(text, 4000) : text;
}

/** A value as a message shows it. */
export function quoted(value: string | number | boolean): string {
  return typeof value === "string" ? `"${printable(value, 60)}"` : `${value}`;
}

/** What a value is, for `… is a list, not a text`. */
export function kindOf(value: unknown): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map of keys";
  if (typeof value === "boolean") return `${value}`;
  return typeof value === "number" ? `the number ${value}` : "a text";
}

/** The known name that `name` was most likely meant to be. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const wanted = name.toLowerCase().replaceAll("-", "_");
  const most = Math.max(1, Math.floor(wanted.length / 3));
  let best: { word: string; distance: number } | undefined;
  for (const word of known) {
    const distance = editDistance(wanted, word.toLowerCase().replaceAll("-", "_"));
    if (distance <= most && (best === undefined || distance < best.distance)) best = { word, distance };
  }
  return best?.word;
}

/** Insertions, deletions, replacements and swaps of neighbours between two short words. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 20 || a.length > 64) return Infinity;
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= a.length; i++) {
    rows[i] = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
      }
    }
  }
  return rows[a.length][b.length];
}

/** A configuration that cannot be applied, with everything that is wrong with it. */
export class ConfigError extends Error {
  override name = "ConfigError";
  readonly faults: readonly Fault[];
  /** The files that it names: a change of one of them may put it right. */
  readonly files: readonly string[];

  constructor({ errors, files }: { errors: readonly Fault[]; files: readonly string[] }) {
    super(errors.map(faultText).join("\n"));
    this.faults = errors;
    this.files = files;
  }
}
