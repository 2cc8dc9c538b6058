/**
 * The cuts that a change is made of: a key more, rows more, an entry less, a value in place of another.
 *
 * @module
 */
import { isMap, isScalar, isSeq } from "yaml";
import {
  flowText,
  inOneLine,
  isCollection,
  itemText,
  pairText,
  type Place,
  type Quotes,
  scalarText,
  valueText,
} from "./edit_render.ts";
import {
  type CollectionNode,
  type Found,
  keyOf,
  type MapNode,
  type Node,
  type SeqNode,
  type Source,
  type Splice,
} from "./edit_source.ts";
import type { Path } from "./faults.ts";
import { keysAt } from "./issues.ts";
import { configSchema } from "./schema.ts";

/** A value in place of one that stands in its line; `undefined` where that is not so. */
export function replaceInline(
  source: Source,
  { found: { nodes, indices, path }, value }: { found: Found; value: unknown },
): Splice[] | undefined {
  const parent = nodes[path.length - 1] as CollectionNode;
  const node = nodes[path.length];
  const index = indices[path.length - 1];
  const flow = nodes.slice(0, path.length).some((each) => (each as CollectionNode).flow);
  if (node === null || node === undefined) return undefined;
  const block = !isScalar(node) && (isMap(node) || isSeq(node)) && !node.flow;
  const empty = isScalar(node) && node.range[0] === node.range[1];
  if (block || empty && !flow) return undefined;
  const from = source.valueStart(parent, index);
  const to = source.end(node);
  if (empty) return [{ from, to, text: ` ${flowText(value, { json: isJson(nodes) })}` }];
  if (!isCollection(value)) {
    const quotes = quotesOf(node);
    const text = isJson(nodes) ? flowText(value, { json: true }) : scalarText(value, { flow, quotes });
    return [{ from, to, text }, ...remarkKept(source, { to, growth: text.length - (to - from) })];
  }
  const brackets = (isMap(node) || isSeq(node)) && node.flow === true;
  const wasFlow = brackets && node.items.length > 0;
  const place = placeOf(source, { nodes, path });
  const fits = inOneLine(value, brackets ? { ...place, rows: true } : place);
  return flow || wasFlow || fits ? [{ from, to, text: flowText(value, { json: isJson(nodes) }) }] : undefined;
}

/** The remark in the same line stays in its column, or two blanks behind what has no room before it: whoever wrote several does not mean one. */
function remarkKept({ text }: Source, { to, growth }: { to: number; growth: number }): Splice[] {
  const blanks = /^ +(?=#)/.exec(text.slice(to, to + 200))?.[0].length ?? 0;
  if (blanks < 2) return [];
  const wanted = Math.max(2, blanks - growth);
  return wanted === blanks ? [] : [{ from: to, to: to + blanks, text: " ".repeat(wanted) }];
}

/** A value where there is none: behind a colon or a dash, or in a file without anything. */
export function fill(source: Source, { found, value }: { found: Found; value: unknown }): Splice[] {
  const { nodes, indices, path } = found;
  const { text, newline } = source;
  if (path.length === 0) {
    const whole = valueText(value, { indent: -source.step, step: source.step, newline, rows: false });
    const lines = whole.startsWith(newline) ? whole.slice(newline.length) : whole.trimStart();
    const end = endOfRoot(source);
    const open = end > 0 && text[end - 1] !== "\n" && text !== "\ufeff";
    return [{ from: end, to: end, text: `${open ? newline : ""}${lines}${newline}` }];
  }
  const parent = nodes[path.length - 1] as CollectionNode;
  const index = indices[path.length - 1];
  const flow = nodes.slice(0, path.length).some((each) => (each as CollectionNode).flow);
  const colon = isMap(parent) ? source.colon(parent as MapNode, index) : undefined;
  const mark = isMap(parent) ? colon ?? source.entryEnd(parent, index) - 1 : source.entryStart(parent, index);
  const at = mark + 1;
  if (flow) {
    const missing = isMap(parent) && colon === undefined ? ":" : "";
    return [{ from: at, to: at, text: `${missing} ${flowText(value, { json: isJson(nodes) })}` }];
  }
  const rendered = isMap(parent)
    ? valueText(value, placeOf(source, found))
    : itemText(value, placeOf(source, found)).slice(1);
  // A remark behind the key stays there; a block begins below it.
  const inLine = !rendered.startsWith(newline);
  const where = inLine ? at : source.lineEnd(at);
  return [{ from: where, to: where, text: rendered }];
}

/** A key more, where the schema has it. The last node found is the map. */
export function addKey(
  source: Source,
  { found: { nodes, indices, path }, value }: { found: Found; value: unknown },
): Splice[] {
  const depth = indices.length;
  const map = nodes[depth] as MapNode;
  const key = String(path[depth]);
  const after = predecessor(map, { path: path.slice(0, depth), key });
  if (map.flow || nodes.slice(0, depth).some((each) => (each as CollectionNode).flow)) {
    const json = isJson(nodes);
    const text = json
      ? `${JSON.stringify(key)}: ${flowText(value, { json })}`
      : `${scalarText(key, { flow: true })}: ${flowText(value)}`;
    return intoFlow(source, { parent: map, index: after + 1, texts: [text] });
  }
  const indent = source.column(map.items[0].key.range[0]);
  const place: Place = { indent, step: source.step, newline: source.newline, rows: rowsIn(map, depth + 1) };
  return intoBlock(source, { parent: map, index: after + 1, indent, texts: [pairText(key, value, place)] });
}

/** Rows more, in front of `index`. The last node found is the list. */
export function addItems(
  source: Source,
  { found: { nodes, path }, index, items }: { found: Found; index: number; items: readonly unknown[] },
): Splice[] {
  const list = nodes.findLast((node) => isSeq(node)) as SeqNode;
  if (list.flow || nodes.slice(0, nodes.indexOf(list)).some((each) => (each as CollectionNode).flow)) {
    const [first] = list.items;
    const quotes = quotesOf(first);
    const texts = items.map((item) => flowText(item, { json: isJson(nodes), quotes }));
    return intoFlow(source, { parent: list, index, texts });
  }
  const indent = source.column(source.entryStart(list, 0));
  const place: Place = { indent, step: source.step, newline: source.newline, rows: rowsIn(list, path.length) };
  return intoBlock(source, { parent: list, index, indent, texts: items.map((item) => itemText(item, place)) });
}

/** An entry less. There are others beside it, or it stands in brackets. */
export function removeEntry(source: Source, { nodes, indices, path }: Found): Splice[] {
  const parent = nodes[path.length - 1] as CollectionNode;
  const index = indices[path.length - 1];
  const { text } = source;
  const from = source.entryStart(parent, index);
  const to = source.entryEnd(parent, index);
  const last = index === parent.items.length - 1;
  if (!parent.flow) {
    if (source.isFirstInLine(from)) {
      return [{ from: source.lineStart(from), to: behind(source, { to, indent: source.column(from) }), text: "" }];
    }
    // The first key of a row stands behind the dash: the next one takes its place, and remarks between them go above the row.
    const next = source.entryStart(parent, index + 1);
    const line = source.lineStart(from);
    const remarks = source.nextLine(to) < next ? text.slice(source.nextLine(to), source.lineStart(next)) : "";
    return [{ from: line, to: line, text: remarks }, { from, to: next, text: "" }];
  }
  if (parent.items.length === 1) {
    const inner = text.slice(parent.range[0] + 1, parent.range[1] - 1);
    const rest = text.slice(parent.range[0] + 1, from) + text.slice(to, parent.range[1] - 1);
    if (!rest.includes("#")) return [{ from: parent.range[0] + 1, to: parent.range[0] + 1 + inner.length, text: "" }];
    const comma = commaBehind(text, to);
    return [{ from, to: comma === undefined ? to : comma + 1, text: "" }];
  }
  if (last) {
    const before = source.entryEnd(parent, index - 1);
    if (!text.slice(before, from).includes("#")) return [{ from: before, to, text: "" }];
    // The comma in front of the remark now ends the list, which is allowed once.
    const comma = commaBehind(text, to);
    return [{ from, to: comma === undefined ? to : comma + 1, text: "" }];
  }
  const next = source.entryStart(parent, index + 1);
  const remark = text.slice(source.nextLine(to), next).indexOf("#");
  return [{ from, to: source.nextLine(to) < next && remark >= 0 ? source.nextLine(to) + remark : next, text: "" }];
}

/** Lines between those that are there. */
function intoBlock(
  source: Source,
  { parent, index, indent, texts }: { parent: CollectionNode; index: number; indent: number; texts: readonly string[] },
): Splice[] {
  const { newline, text } = source;
  const margin = " ".repeat(indent);
  if (index > 0) {
    const end = source.entryEnd(parent, index - 1);
    const at = behind(source, { to: end, indent });
    const open = at > 0 && text[at - 1] !== "\n";
    const airy = texts.some((each) => each.includes("\n")) && isAiry(source, parent) ? newline : "";
    const lines = texts.map((each) => airy + margin + each).join(newline);
    return [{ from: at, to: at, text: open ? newline + lines : lines + newline }];
  }
  const first = source.entryStart(parent, 0);
  if (!source.isFirstInLine(first)) {
    // Behind the dash of a row.
    const lines = texts.map((each, at) => at === 0 ? each : margin + each).join(newline);
    return [{ from: first, to: first, text: `${lines}${newline}${margin}` }];
  }
  let at = source.lineStart(first);
  // Remarks right above a key are its own; those at the head of the file are everybody's.
  while (indent > 0 && at > 0) {
    const above = source.lineStart(at - 1);
    if (!text.slice(above, at).trimStart().startsWith("#") || source.column(above) !== 0) break;
    at = above;
  }
  return [{ from: at, to: at, text: texts.map((each) => margin + each + newline).join("") }];
}

/** Where the lines of an entry that ends at `to` are over: remarks that are moved in further belong to it. */
function behind(source: Source, { to, indent }: { to: number; indent: number }): number {
  const { text } = source;
  let at = source.nextLine(to);
  for (let line = at; line < text.length;) {
    const next = source.nextLine(line);
    const words = text.slice(line, next);
    if (words.trim() !== "") {
      if (!words.trimStart().startsWith("#") || words.length - words.trimStart().length <= indent) break;
      at = next;
    }
    line = next;
  }
  return at;
}

/** Entries within brackets. */
function intoFlow(
  source: Source,
  { parent, index, texts }: { parent: CollectionNode; index: number; texts: readonly string[] },
): Splice[] {
  const { text, newline } = source;
  const count = parent.items.length;
  if (count === 0) {
    const [open, close] = [parent.range[0] + 1, parent.range[1] - 1];
    const pad = isMap(parent) ? " " : "";
    if (!text.slice(open, close).includes("#")) {
      return [{ from: open, to: close, text: `${pad}${texts.join(", ")}${pad}` }];
    }
    return [{ from: open, to: open, text: `${pad}${texts.join(", ")}` }];
  }
  if (index === 0) {
    const at = source.entryStart(parent, 0);
    return [{ from: at, to: at, text: `${texts.join(", ")}, ` }];
  }
  const end = source.entryEnd(parent, index - 1);
  const comma = commaBehind(text, end);
  const first = source.entryStart(parent, 0);
  const ownLines = source.isFirstInLine(source.entryStart(parent, index - 1)) &&
    source.lineStart(first) !== source.lineStart(parent.range[0]);
  if (!ownLines) return [{ from: end, to: end, text: `, ${texts.join(", ")}` }];
  const margin = " ".repeat(source.column(source.entryStart(parent, index - 1)));
  const line = source.lineEnd(comma ?? end);
  // The bracket that closes may stand in the last line.
  const closing = parent.range[1] - 1;
  const at = index === count && closing < line ? end : line;
  const tail = comma === undefined ? "" : ",";
  if (at === end) return [{ from: end, to: end, text: `,${newline}${margin}${texts.join(`,${newline}${margin}`)}` }];
  return [
    ...comma === undefined ? [{ from: end, to: end, text: "," }] : [],
    { from: at, to: at, text: `${newline}${margin}${texts.join(`,${newline}${margin}`)}${tail}` },
  ];
}

/** The comma behind an entry within brackets, remarks and line ends skipped. */
function commaBehind(text: string, from: number): number | undefined {
  const found = /^(?:\s|(?<=\s)#[^\n]*)*,/.exec(text.slice(from));
  return found === null ? undefined : from + found[0].length - 1;
}

/** The place of the key in the schema says behind which one it goes; a name of the owner's choice goes to the end. */
function predecessor(map: MapNode, { path, key }: { path: Path; key: string }): number {
  const order = keysAt(configSchema, path);
  const own = order.indexOf(key);
  if (own < 0) return map.items.length - 1;
  let best = -1;
  let found = -1;
  for (const [index, { key: other }] of map.items.entries()) {
    const rank = order.indexOf(keyOf(other) ?? "");
    if (rank >= 0 && rank < own && rank > best) [best, found] = [rank, index];
  }
  return found;
}

/** Whether blocks in this map are set apart by blank lines. */
function isAiry(source: Source, parent: CollectionNode): boolean {
  const gaps = parent.items.slice(1).map((_, index) => {
    const end = source.entryEnd(parent, index);
    return /\n[ \t]*\r?\n/.test(source.text.slice(end, source.entryStart(parent, index + 1)));
  });
  return gaps.length > 0 && gaps.filter(Boolean).length * 2 >= gaps.length;
}

/** Whether a map of scalars is a row here: below the blocks of the file, unless its neighbours are blocks. */
function rowsIn(parent: CollectionNode, depth: number): boolean {
  const neighbours = parent.items.map((item) => isMap(parent) ? (item as { value?: Node }).value : item as Node);
  return depth >= 2 && !neighbours.some((node) => isMap(node) && !node.flow);
}

function placeOf(source: Source, { nodes, path }: Pick<Found, "nodes" | "path">): Place {
  const parent = nodes[path.length - 1] as CollectionNode | undefined;
  const { step, newline } = source;
  if (parent === undefined || parent.items.length === 0) return { indent: 0, step, newline, rows: false };
  return { indent: source.column(entryColumn(source, parent)), step, newline, rows: rowsIn(parent, path.length) };
}

function entryColumn(source: Source, parent: CollectionNode): number {
  return isMap(parent) ? parent.items[0].key.range[0] : source.entryStart(parent, 0);
}

function quotesOf(node: Node): Quotes {
  if (!isScalar(node)) return undefined;
  return node.type === "QUOTE_DOUBLE" ? "double" : node.type === "QUOTE_SINGLE" ? "single" : undefined;
}

/** The file, or the part within brackets, is JSON: its first key is in double quotes. */
function isJson(nodes: readonly Node[]): boolean {
  const outer = nodes.find((node) => isMap(node) && node.flow) as MapNode | undefined;
  return outer !== undefined && outer.items.length > 0 && quotesOf(outer.items[0].key) === "double";
}

/** Where the text of a file without anything ends: in front of `...`. */
function endOfRoot(source: Source): number {
  const found = /^\.\.\.\s*$/m.exec(source.text);
  return found === null ? source.text.length : found.index;
}
