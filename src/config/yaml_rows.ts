/**
 * Rows of long tables in YAML text, read without the library: a few lines each, of the plain words, quotes and brackets that tables are made of.
 *
 * What is not sure to mean the same to `npm:yaml` is no row here: escapes, anchors, tags, texts of several lines, numbers that are not plain. Whether a
 * row stands where it seems to stand (and not within a text, say) is for `yaml_tables.ts` to find out.
 *
 * @module
 */
import { type Pair, Scalar, type YAMLMap, type YAMLSeq } from "yaml";
import { type Range, RowList, RowMap, RowPair, RowScalar } from "./yaml_nodes.ts";

/** A node of the tree, as the library makes them. */
export type RowNode = (Scalar | YAMLMap | YAMLSeq) & { range: Range };
/** The tokens of an entry that are looked at. */
export interface RowToken {
  start: { type: string; offset: number; source: string }[];
  key?: object;
  sep?: { type: string; offset: number; source: string }[];
  value?: object;
}

/** An entry of a block list, or of a block map. */
export interface Row {
  /** Where its first line begins, and the line behind it. */
  line: number;
  end: number;
  /** Columns in front of it. */
  indent: number;
  /** `undefined` for an entry of a list. */
  key: RowNode | undefined;
  value: RowNode;
  token: RowToken;
}

/** Where a collection stands, and the tokens of its entries. */
interface Placed {
  from: number;
  to: number;
  flow?: boolean;
  tokens: readonly RowToken[];
}

/** Lines of a row; what is longer is a table itself. */
const rowLinesMax = 16;
const rowDepthMax = 8;

const letters = "A-Za-z0-9_\\u00c0-\\u024f\\u3001-\\u9fff\\uac00-\\ud7a3";
const inFlow = `[${letters}./@+*=()!?$;'-]`;
const inBlock = `[${letters}./@+*=()!?$;',-]`;
const plainOf = (inner: string) =>
  new RegExp(`[${letters}./](?:${inner}|:(?=${inner}))*(?: +(?:${inner}|:(?=${inner}))+)*`, "y");
const flowPlain = plainOf(inFlow);
const blockPlain = plainOf(inBlock);
// deno-lint-ignore no-control-regex
const quoted = /"[^"\\\x00-\x1f\x7f]*"|'[^'\x00-\x1f\x7f]*'/y;
const plainKey = /\.?[A-Za-z0-9_][A-Za-z0-9_.@+/-]{0,199}(?=:)/y;
// deno-lint-ignore no-control-regex
const quotedKey = /"[^"\\\x00-\x1f\x7f]{0,200}"(?=:)|'[^'\x00-\x1f\x7f]{0,200}'(?=:)/y;
const blanks = / */y;
const lineRest = / *(?:(?<= )#[^\n]*)?(?:\n|$)/y;
const noContent = / *(?:#[^\n]*)?\n/y;

/** Reads rows of one text. */
export class RowReader {
  readonly #source: string;
  readonly #tokens: boolean;
  #lines = 0;

  constructor(source: string, { tokens }: { tokens: boolean }) {
    this.#source = source;
    this.#tokens = tokens;
  }

  /** The next line that says something, from the line that begins at `at`; `undefined` behind the last one. */
  content(at: number): { line: number; indent: number } | undefined {
    let line = at;
    for (let next = this.#match(noContent, line); next >= 0; next = this.#match(noContent, line)) line = next;
    const indent = this.#match(blanks, line) - line;
    return line + indent >= this.#source.length ? undefined : { line, indent };
  }

  /** The row whose first line this is; `undefined` where it is not of the simple kind. */
  row(line: number, indent: number): Row | undefined {
    this.#lines = 0;
    return this.#entry({ line, indent, depth: 0 });
  }

  /** `from`: where the entry begins, behind the dash of the row that it is the first key of. */
  #entry(
    { line, indent, depth, from = line + indent }: { line: number; indent: number; depth: number; from?: number },
  ): Row | undefined {
    if (depth > rowDepthMax) return undefined;
    const read = this.#isDash(from) ? this.#item({ line, from, depth }) : this.#pair({ line, indent, from, depth });
    if (read === undefined) return undefined;
    // A line that is moved in further would go on with what seemed complete.
    const next = this.content(read.end);
    return next !== undefined && next.indent > indent ? undefined : { line, indent, ...read };
  }

  #item(
    { line, from, depth }: { line: number; from: number; depth: number },
  ): Pick<Row, "key" | "value" | "token" | "end"> | undefined {
    const start = this.#match(blanks, from + 1);
    const map = this.#key(start) !== undefined;
    const read = map
      ? this.#block({ line, indent: start - line, depth: depth + 1, from: start })
      : this.#lastInLine(this.#inline(start, { flow: false, depth: depth + 1 }));
    return read &&
      { key: undefined, ...read, token: { start: this.#mark("seq-item-ind", from), value: tokenOf(read) } };
  }

  #pair(
    { line, indent, from, depth }: { line: number; indent: number; from: number; depth: number },
  ): Pick<Row, "key" | "value" | "token" | "end"> | undefined {
    const key = this.#key(from);
    if (key === undefined) return undefined;
    const colon = key.range[1];
    const start = this.#match(blanks, colon + 1);
    const below = this.#match(lineRest, colon + 1);
    let read: { value: RowNode; end: number } | undefined;
    if (below >= 0) {
      const next = this.content(below);
      if (next === undefined || !this.#counted()) return undefined;
      // A list may stand in the column of its key.
      const inner = next.indent > indent || next.indent === indent && this.#isDash(next.line + indent);
      if (!inner || next.line < line) return undefined;
      read = this.#block({ ...next, depth: depth + 1, from: next.line + next.indent });
    } else if (start > colon + 1) read = this.#lastInLine(this.#inline(start, { flow: false, depth: depth + 1 }));
    const token = { start: [], key: {}, sep: this.#mark("map-value-ind", colon), value: tokenOf(read) };
    return read && { key, ...read, token };
  }

  /** A block of keys, or a list, that begins at `from`. */
  #block(
    { line, indent, depth, from }: { line: number; indent: number; depth: number; from: number },
  ): { value: RowNode; end: number } | undefined {
    const list = this.#isDash(from);
    const rows: Row[] = [];
    let at: { line: number; indent: number; from?: number } | undefined = { line, indent, from };
    while (at !== undefined && at.indent === indent && this.#isDash(at.from ?? at.line + indent) === list) {
      const row = this.#entry({ ...at, depth });
      if (row === undefined) return undefined;
      rows.push(row);
      at = this.content(row.end);
      if (at !== undefined && at.indent >= indent && !this.#counted()) return undefined;
    }
    // Keys in the column of a list's dashes, or dashes in that of keys: the latter end nothing.
    if (at !== undefined && at.indent === indent && !list) return undefined;
    const { end } = rows[rows.length - 1];
    const value = list
      ? this.#list(rows.map((row) => row.value), { from, to: end, tokens: rows.map((row) => row.token) })
      : this.#map(rows.map(pairOf), { from, to: end, tokens: rows.map((row) => row.token) });
    return { value, end };
  }

  #lastInLine(value: RowNode | undefined): { value: RowNode; end: number } | undefined {
    const end = value === undefined ? -1 : this.#match(lineRest, value.range[1]);
    return end < 0 ? undefined : { value: value!, end };
  }

  #inline(at: number, { flow, depth }: { flow: boolean; depth: number }): RowNode | undefined {
    if (depth > rowDepthMax) return undefined;
    switch (this.#source[at]) {
      case "{":
        return this.#brackets(at, { close: "}", depth });
      case "[":
        return this.#brackets(at, { close: "]", depth });
      case '"':
      case "'":
        return this.#quoted(at, this.#match(quoted, at));
      default:
        return this.#plain(at, this.#match(flow ? flowPlain : blockPlain, at));
    }
  }

  /** A list or map in brackets, in one line. */
  #brackets(open: number, { close, depth }: { close: "}" | "]"; depth: number }): RowNode | undefined {
    const source = this.#source;
    const list = close === "]";
    const values: RowNode[] = [];
    const pairs: Pair[] = [];
    const tokens: RowToken[] = [];
    let at = this.#match(blanks, open + 1);
    while (source[at] !== close) {
      let start = at;
      const key = list ? undefined : this.#key(at);
      if (!list) {
        if (key === undefined) return undefined;
        start = this.#match(blanks, key.range[1] + 1);
        if (start === key.range[1] + 1) return undefined;
      }
      const value = this.#inline(start, { flow: true, depth: depth + 1 });
      if (value === undefined) return undefined;
      if (list) values.push(value);
      else pairs.push(pairOf({ key: key!, value }));
      const sep = key && this.#mark("map-value-ind", key.range[1]);
      if (this.#tokens) {
        tokens.push(key === undefined ? { start: [], value: {} } : { start: [], key: {}, sep, value: {} });
      }
      at = this.#match(blanks, value.range[1]);
      if (source[at] === ",") at = this.#match(blanks, at + 1);
      else if (source[at] !== close) return undefined;
    }
    const place = { from: open, to: at + 1, flow: true, tokens };
    return list ? this.#list(values, place) : this.#map(pairs, place);
  }

  #key(at: number): RowNode | undefined {
    const quotedEnd = this.#match(quotedKey, at);
    const end = quotedEnd >= 0 ? quotedEnd : this.#match(plainKey, at);
    if (end < 0) return undefined;
    const behind = this.#source[end + 1];
    if (behind !== " " && behind !== "\n" && behind !== undefined) return undefined;
    const key = quotedEnd >= 0 ? this.#quoted(at, end) : this.#plain(at, end);
    return typeof (key as Scalar | undefined)?.value === "string" ? key : undefined;
  }

  #quoted(from: number, to: number): RowNode | undefined {
    if (to < 0) return undefined;
    const type = this.#source[from] === '"' ? Scalar.QUOTE_DOUBLE : Scalar.QUOTE_SINGLE;
    const text = this.#source.slice(from + 1, to - 1);
    return new RowScalar(text, { type, source: text, range: [from, to, to] }) as unknown as RowNode;
  }

  #plain(from: number, to: number): RowNode | undefined {
    if (to < 0) return undefined;
    const source = this.#source.slice(from, to);
    const value = meaningOf(source);
    if (value === undefined) return undefined;
    return new RowScalar(value, { type: Scalar.PLAIN, source, range: [from, to, to] }) as unknown as RowNode;
  }

  #list(items: RowNode[], place: Placed): RowNode {
    return new RowList(items, this.#placed(place)) as unknown as RowNode;
  }

  #map(items: Pair[], place: Placed): RowNode {
    return new RowMap(items, this.#placed(place)) as unknown as RowNode;
  }

  #placed({ from, to, flow = false, tokens }: Placed): { range: Range; flow: boolean; srcToken: unknown } {
    return { range: [from, to, to], flow, srcToken: this.#tokens ? { items: tokens } : undefined };
  }

  #mark(type: string, offset: number): RowToken["start"] {
    return this.#tokens ? [{ type, offset, source: this.#source[offset] }] : [];
  }

  #isDash(at: number): boolean {
    return this.#source[at] === "-" && this.#source[at + 1] === " ";
  }

  #counted(): boolean {
    return ++this.#lines < rowLinesMax;
  }

  /** Where the pattern's text ends that begins at `at`; -1: there is none. */
  #match(pattern: RegExp, at: number): number {
    pattern.lastIndex = at;
    return pattern.test(this.#source) ? pattern.lastIndex : -1;
  }
}

/** The pair of a row of a map. */
export function pairOf({ key, value }: Pick<Row, "key" | "value">): Pair {
  return new RowPair(key, value) as unknown as Pair;
}

function tokenOf(read: { value: RowNode } | undefined): object {
  return read?.value.srcToken ?? {};
}

const words: ReadonlyMap<string, null | boolean> = new Map<string, null | boolean>([
  ...["null", "Null", "NULL"].map((word) => [word, null] as const),
  ...["true", "True", "TRUE"].map((word) => [word, true] as const),
  ...["false", "False", "FALSE"].map((word) => [word, false] as const),
]);

/** What a plain text means under the core schema (YAML 1.2.2 §10.3.2); `undefined` where that takes a closer look. */
function meaningOf(text: string): unknown {
  const word = text.length === 4 || text.length === 5 ? words.get(text) : undefined;
  if (word !== undefined) return word;
  const first = text.charCodeAt(0);
  const digitOrPoint = first >= 0x2e && first <= 0x39;
  if (!digitOrPoint) return text;
  if (/^(?:0|[1-9][0-9]{0,8})$/.test(text)) return Number(text);
  // No number has one of these, and none has two points.
  if (!/^\.(?:inf|nan)$/i.test(text) && /[g-np-wyzG-NP-WYZ/@:]|\..*\./.test(text)) return text;
  return undefined;
}
