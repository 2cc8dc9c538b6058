/**
 * YAML text as a tree, with long tables read in a moment.
 *
 * `npm:yaml` takes a second for ten thousand rows, and an edit reads its text a few times. So runs of simple rows (see `yaml_rows.ts`) are cut out,
 * all but the first and the last; the library reads what is left, and the rows are put into its tree, whose places are moved on. The two rows that the
 * library has read prove that the run stands in one block: entries of a block are complete in themselves, so whatever stands between two of them, in
 * their column and in complete entries, is of that block too (YAML 1.2.2 §8.2). Where anything is in doubt, the library reads it all.
 *
 * @module
 */
import { type Document, isMap, isPair, isScalar, isSeq, type ParsedNode, parseDocument } from "yaml";
import { pairOf, type Row, type RowNode, RowReader } from "./yaml_rows.ts";

/** How text is read. */
export interface YamlOptions {
  /** Keeps the tokens that an edit needs. */
  tokens?: boolean;
  /** Rows of a run that is worth it. */
  rowsMin?: number;
}

/** Documents that were read last, the youngest first. */
const kept: { source: string; tokens: boolean; document: Document.Parsed }[] = [];
let keptMax = 0;
/** Characters of all of them together; two are kept in any case: what is changed, and what it becomes. */
const keptCharactersMax = 4_194_304;

/** A thread that works on few texts keeps their documents, which nobody changes: an edit reads each a few times. */
export function keepDocuments(count: number): void {
  keptMax = count;
}

/** Reads text as `parseDocument` does; what it throws is thrown. The document is not to be changed. */
export function parseYaml(source: string, options: YamlOptions = {}): Document.Parsed {
  // What is kept serves whoever edits it next, too.
  const { tokens = keptMax > 0 } = options;
  const found = kept.find((each) => each.source === source && (each.tokens || !tokens));
  const document = found?.document ?? parsed(source, { ...options, tokens });
  if (keptMax > 0) {
    if (found !== undefined) kept.splice(kept.indexOf(found), 1);
    kept.unshift(found ?? { source, tokens, document });
    // A tree takes some twenty times what its text does.
    for (let at = 1, octets = source.length; at < kept.length; at++) {
      octets += kept[at].source.length;
      if (at >= keptMax || at > 1 && octets > keptCharactersMax) kept.length = at;
    }
  }
  return document;
}

function parsed(source: string, { tokens = false, rowsMin = 64 }: YamlOptions): Document.Parsed {
  const options = {
    keepSourceTokens: tokens,
    prettyErrors: false,
    uniqueKeys: false,
    // !!binary, !!set and the like make values that no key takes.
    resolveKnownTags: false,
    logLevel: "error",
  } as const;
  const tables = tablesIn(source, { tokens, rowsMin });
  if (tables.length > 0) {
    const document = parseDocument(reducedText(source, tables), options);
    if (document.errors.length === 0 && document.warnings.length === 0 && restored(document, tables)) return document;
  }
  return parseDocument(source, options);
}

/** Calls `see` for each node below and including `node`, a key before its value. */
export function eachNode(node: unknown, see: (node: ParsedNode) => void): void {
  if (node === null || node === undefined) return;
  see(node as ParsedNode);
  if (isMap(node)) {
    for (const { key, value } of node.items) {
      eachNode(key, see);
      eachNode(value, see);
    }
  } else if (isSeq(node)) { for (const item of node.items) eachNode(item, see); }
}

/** A run of rows in one column. */
interface Table {
  rows: Row[];
  /** Offsets, in the text that the library reads, of the cut, and of the first and last row. */
  cut: number;
  first: number;
  last: number;
  /** Characters that were cut out there. */
  length: number;
}

function tablesIn(source: string, { tokens, rowsMin }: { tokens: boolean; rowsMin: number }): Table[] {
  // Directives change what words mean; other line ends are rare, and not worth their doubts.
  if (source.startsWith("%") || source.includes("\n%") || source.includes("\r")) return [];
  const reader = new RowReader(source, { tokens });
  const tables: Table[] = [];
  let shift = 0;
  let at = reader.content(source.startsWith("\ufeff") ? 1 : 0);
  while (at !== undefined) {
    const rows: Row[] = [];
    let row = reader.row(at.line, at.indent);
    if (row === undefined) {
      const end = source.indexOf("\n", at.line);
      at = end < 0 ? undefined : reader.content(end + 1);
      continue;
    }
    const { indent } = at;
    const list = row.key === undefined;
    while (row !== undefined) {
      rows.push(row);
      at = reader.content(row.end);
      const next: Row | undefined = at?.indent === indent ? reader.row(at.line, indent) : undefined;
      row = next !== undefined && (next.key === undefined) === list ? next : undefined;
    }
    if (rows.length < Math.max(rowsMin, 3)) continue;
    const last = rows[rows.length - 1];
    const cut = rows[0].end - shift;
    const first = startOf(rows[0]) - shift;
    const length = last.line - rows[0].end;
    shift += length;
    tables.push({ rows, cut, first, last: startOf(last) - shift, length });
  }
  return tables;
}

function startOf({ key, value }: { key?: unknown; value?: unknown }): number {
  return ((key ?? value) as RowNode).range[0];
}

function reducedText(source: string, tables: readonly Table[]): string {
  let from = 0;
  const parts = tables.map(({ rows }) => {
    const part = source.slice(from, rows[0].end);
    from = rows[rows.length - 1].line;
    return part;
  });
  return parts.join("") + source.slice(from);
}

/** Puts the rows into the tree; false where the library sees anything else there than rows of one block. */
function restored(document: Document.Parsed, tables: readonly Table[]): boolean {
  const byFirst = new Map(tables.map((table) => [table.first, table]));
  const found = new Map<object, { index: number; table: Table }[]>();
  const nodes: ParsedNode[] = [];
  eachNode(document.contents, (node) => {
    nodes.push(node);
    if (!isMap(node) && !isSeq(node) || node.flow) return;
    const entries = node.items.map((item) => entryOf(item));
    for (const [index, entry] of entries.entries()) {
      const table = entry && byFirst.get(startOf(entry));
      const next = entries[index + 1];
      if (table === undefined || next === undefined || !samePlaces(table, [entry!, next])) continue;
      byFirst.delete(table.first);
      found.set(node, [...found.get(node) ?? [], { index, table }]);
    }
  });
  if (byFirst.size > 0) return false;
  for (const node of nodes) {
    if (node.range) {
      const [from, to, end] = node.range;
      node.range = [moved(from, tables), movedEnd(to, tables), movedEnd(end, tables)];
    }
  }
  moveTokens((document.contents as { srcToken?: unknown } | null)?.srcToken, tables);
  for (const [node, places] of found) insert(node as ParsedNode & { items: unknown[] }, places);
  return true;
}

/** Key and value of an entry; `undefined` where one has no place. */
function entryOf(item: unknown): { key?: RowNode; value: RowNode } | undefined {
  const { key, value } = isPair(item) ? item : { key: undefined, value: item };
  const placed = [key, value].every((node) => node === undefined || (node as RowNode | null)?.range);
  return placed && value ? { key, value } as { key?: RowNode; value: RowNode } : undefined;
}

function samePlaces({ rows, first, last }: Table, read: readonly { key?: RowNode; value: RowNode }[]): boolean {
  const ours = [rows[0], rows[rows.length - 1]];
  return startOf(read[1]) === last && startOf(read[0]) === first &&
    ours.every((row, at) => sameNode(row.key, read[at].key) && sameNode(row.value, read[at].value));
}

/** Whether both readers understand the same. Lengths are compared where the library says them without what follows. */
function sameNode(ours: unknown, theirs: unknown): boolean {
  if (ours === undefined || theirs === undefined) return ours === theirs;
  if (isScalar(ours)) {
    return isScalar(theirs) && !theirs.anchor && !theirs.tag && ours.value === theirs.value &&
      ours.type === theirs.type &&
      ours.source === theirs.source && lengthOf(ours) === lengthOf(theirs);
  }
  if (isSeq(ours)) return isSeq(theirs) && sameItems(ours.items, theirs.items) && !theirs.anchor && !theirs.tag;
  return isMap(ours) && isMap(theirs) && !theirs.anchor && !theirs.tag &&
    sameItems(ours.items.map(({ key }) => key), theirs.items.map(({ key }) => key)) &&
    sameItems(ours.items.map(({ value }) => value), theirs.items.map(({ value }) => value));
}

function sameItems(ours: readonly unknown[], theirs: readonly unknown[]): boolean {
  return ours.length === theirs.length && ours.every((item, index) => sameNode(item, theirs[index]));
}

function lengthOf(node: unknown): number {
  const { range: [from, to] } = node as RowNode;
  return to - from;
}

/** Where something is in the whole text that begins at `offset` of the reduced one. */
function moved(offset: number, tables: readonly Table[]): number {
  return tables.reduce((now, { cut, length }) => cut <= offset ? now + length : now, offset);
}

/** As {@linkcode moved}, of what ends there. */
function movedEnd(offset: number, tables: readonly Table[]): number {
  return tables.reduce((now, { cut, length }) => cut < offset ? now + length : now, offset);
}

function moveTokens(token: unknown, tables: readonly Table[]): void {
  if (Array.isArray(token)) { for (const each of token) moveTokens(each, tables); }
  else if (typeof token === "object" && token !== null) {
    const { offset, start, key, sep, value, items, end, props } = token as Record<string, unknown>;
    if (typeof offset === "number") (token as { offset: number }).offset = moved(offset, tables);
    for (const part of [start, key, sep, value, items, end, props]) moveTokens(part, tables);
  }
}

function insert(
  node: ParsedNode & { items: unknown[]; srcToken?: unknown },
  places: readonly { index: number; table: Table }[],
): void {
  const middle = new Map(places.map(({ index, table }) => [index, table.rows.slice(1, -1)]));
  const list = isSeq(node);
  const tokens = (node.srcToken as { items?: unknown[] } | undefined)?.items;
  // Blank lines and remarks at the end have tokens, but no entry: those of entries come first, one each.
  const freshTokens = tokens && node.items.flatMap((_, index) => {
    const rows = middle.get(index)?.map(({ token }) => token as unknown) ?? [];
    return [tokens[index], ...rows];
  }).concat(tokens.slice(node.items.length));
  node.items = node.items.flatMap((item, index) => {
    const rows = middle.get(index)?.map((row) => list ? row.value as unknown : pairOf(row)) ?? [];
    return [item, ...rows];
  });
  if (freshTokens !== undefined) (node.srcToken as { items: unknown[] }).items = freshTokens;
}
