/**
 * Changes of `config.yaml` that leave the rest of it as the owner wrote it.
 *
 * The text is changed where the change is and nowhere else: what `npm:yaml` would print again (columns of comments, blank lines, wrapped rows) stays
 * as it is. Each step is read again and compared with what it was to say; where the text cannot be cut (keys with `?`, tags) the library prints
 * the document, comments kept, and where that does not say it either, nothing is changed.
 *
 * What is refused: a change through an alias or of what an alias refers to, since it would change what other keys say.
 *
 * @module
 */
import { type Document, isMap, isSeq, parseDocument } from "yaml";
import { readDocument, type SourceDocument } from "./document.ts";
import { addItems, addKey, fill, removeEntry, replaceInline } from "./edit_cut.ts";
import { listSteps } from "./edit_list.ts";
import { movedRow, moveOf } from "./edit_move.ts";
import { type CollectionNode, follow, type Found, Source, type Splice } from "./edit_source.ts";
import type { Path } from "./faults.ts";
import {
  type Change,
  changesBetween,
  EditError,
  isPlainMap,
  type PlainMap,
  plainOf,
  samePlain,
  withChange,
} from "./plain.ts";

export { type Change, EditError } from "./plain.ts";

/**
 * The text with the changes made, one after the other; comments, order, quoting and flow style of everything else are kept. Throws
 * {@linkcode EditError} for a change that cannot be made.
 */
export function editSource(source: string, changes: readonly Change[]): string {
  return changes.reduce(editOne, source);
}

/** Texts that were read last, the youngest first, and what they say. */
const known: { text: string; document: SourceDocument }[] = [];
let knownMax = 0;

/** A thread that works on few texts keeps what they say: an edit asks a few times. What {@linkcode plainSource} gives is not to be changed then. */
export function keepPlain(count: number): void {
  knownMax = count;
}

function documentOf(text: string): SourceDocument {
  const at = known.findIndex((each) => each.text === text);
  const [found = { text, document: readDocument(text) }] = at < 0 ? [] : known.splice(at, 1);
  known.unshift(found);
  known.length = Math.min(known.length, knownMax);
  return found.document;
}

/** What a file says, as plain data. Throws {@linkcode EditError} for text that is no YAML. */
export function plainSource(source: string): unknown {
  const { value, faults, fatal } = documentOf(source);
  if (fatal) throw new EditError([], `it is no YAML: line ${faults[0].place.line} ${faults[0].text}`);
  return value;
}

function editOne(text: string, change: Change): string {
  const before = plainSource(text);
  const source = new Source(text);
  const { path } = follow(source, change.path);
  const value = change.value === undefined ? undefined : plainOf(change.value, path);
  const wanted = value === undefined && path.length === 0
    ? Object.create(null)
    : withChange(before ?? Object.create(null), { path, value });
  if (samePlain(before ?? Object.create(null), wanted)) return text;
  const after = step(text, { path, value });
  if (says(after, wanted)) return after;
  const printed = reprinted(text, { path, value });
  if (says(printed, wanted)) return printed;
  throw new EditError(path, "the text around it cannot be changed by a program; change the file by hand");
}

function says(text: string, wanted: unknown): boolean {
  const { value, fatal, faults } = documentOf(text);
  return !fatal && faults.length === 0 && samePlain(value ?? Object.create(null), wanted);
}

/** One change, in as many cuts as it takes. Each is made in a text that is whole. */
function step(text: string, { path, value }: Change): string {
  const source = new Source(text);
  const found = follow(source, path);
  const { nodes, indices } = found;
  if (indices.length < path.length) return value === undefined ? text : added(source, { found, value });
  const node = nodes[path.length];
  if (value === undefined) {
    source.mayChange(node, { path, inside: true });
    return removed(text, path);
  }
  const old = plainAt(text, path);
  if (isPlainMap(old) && isPlainMap(value) && isMap(node) && (node.items.length > 0)) {
    return changedMap(text, { path, old, value });
  }
  if (Array.isArray(old) && Array.isArray(value) && isSeq(node) && node.items.length > 0 && value.length > 0) {
    return changedList(text, { path, old, value });
  }
  source.mayChange(node, { path, inside: true });
  if (path.length === 0) {
    const bare = new Source(emptied(text));
    return spliced(bare.text, fill(bare, { found: follow(bare, []), value }));
  }
  const inline = replaceInline(source, { found, value });
  if (inline !== undefined) return spliced(text, inline);
  // A block that becomes something else: what was there goes first, then the place is filled.
  const cleared = new Source(spliced(text, clear(source, found)));
  return spliced(cleared.text, fill(cleared, { found: follow(cleared, path), value }));
}

/** What is missing of the path goes below the last block that is there. */
function added(source: Source, { found, value }: { found: Found; value: unknown }): string {
  const { nodes, indices, path } = found;
  const at = indices.length;
  const parent = nodes[at];
  const wrapped = path.slice(at + 1).reduceRight<unknown>(
    (inner, part) => typeof part === "number" ? [inner] : { [part]: inner },
    value,
  );
  if (isMap(parent) && parent.items.length > 0) return spliced(source.text, addKey(source, { found, value: wrapped }));
  if (isSeq(parent) && parent.items.length > 0) {
    return spliced(source.text, addItems(source, { found, index: parent.items.length, items: [wrapped] }));
  }
  const whole = typeof path[at] === "number" ? [wrapped] : { [path[at]]: wrapped };
  const here = { ...found, path: path.slice(0, at) };
  const inline = parent === null || parent === undefined || at === 0
    ? undefined
    : replaceInline(source, { found: here, value: whole });
  if (inline !== undefined) return spliced(source.text, inline);
  const cleared = at === 0 ? new Source(emptied(source.text)) : new Source(spliced(source.text, clear(source, here)));
  return spliced(cleared.text, fill(cleared, { found: follow(cleared, here.path), value: whole }));
}

/** Takes an entry out; the block that held only this becomes an empty one. */
function removed(text: string, path: Path): string {
  const source = new Source(text);
  const found = follow(source, path);
  const parent = found.nodes[path.length - 1] as CollectionNode;
  if (parent.items.length > 1 || parent.flow) return spliced(text, removeEntry(source, found));
  const empty = isMap(parent) ? {} : [];
  const above = path.slice(0, -1);
  if (above.length === 0) return `${emptied(text)}${isMap(parent) ? "{}" : "[]"}${source.newline}`;
  const cleared = new Source(spliced(text, clear(source, { ...found, path: above })));
  return spliced(cleared.text, fill(cleared, { found: follow(cleared, above), value: empty }));
}

function changedMap(
  text: string,
  { path, old, value }: { path: Path; old: PlainMap; value: PlainMap },
): string {
  const changes = changesBetween(old, value, path);
  // Added before removed: a block that lost its only key would not know its style any more.
  const order = [
    ...changes.filter((each) => each.value !== undefined),
    ...changes.filter((each) => each.value === undefined),
  ];
  return order.reduce((now, change) => step(now, change), text);
}

function changedList(
  text: string,
  { path, old, value }: { path: Path; old: unknown[]; value: unknown[] },
): string {
  const move = moveOf(old, value);
  const moved = move && movedRow(text, { path, ...move });
  if (moved !== undefined && samePlain(plainAt(moved, path), value)) return moved;
  let now = text;
  for (const each of listSteps(old, value)) {
    if (each.kind === "insert") {
      const source = new Source(now);
      const found = follow(source, path);
      now = isSeq(found.nodes[path.length]) && (found.nodes[path.length] as CollectionNode).items.length > 0
        ? spliced(now, addItems(source, { found, index: each.index, items: each.items }))
        : step(now, { path, value: each.items });
    } else now = step(now, { path: [...path, each.index], value: each.kind === "change" ? each.value : undefined });
  }
  return now;
}

/** Takes the value of a key or row out: `key:` stays. */
function clear(source: Source, { nodes, indices, path }: Found): Splice[] {
  const parent = nodes[path.length - 1] as CollectionNode;
  const index = indices[path.length - 1];
  const node = nodes[path.length];
  if (node === null || node === undefined || node.range[0] === node.range[1]) return [];
  const from = source.valueStart(parent, index);
  const end = source.entryEnd(parent, index);
  const head = source.entryStart(parent, index);
  if (source.lineStart(from) === source.lineStart(head) || !source.isFirstInLine(from)) {
    const blanks = /[ \t]*$/.exec(source.text.slice(0, from))![0].length;
    return [{ from: from - blanks, to: end, text: "" }];
  }
  return [{ from: source.lineStart(from), to: source.nextLine(end), text: "" }];
}

/** The file without its root, comments kept. */
function emptied(text: string): string {
  const source = new Source(text);
  const root = source.root;
  if (root === null || root === undefined || root.range[0] === root.range[1]) {
    return text === "" || text.endsWith("\n") ? text : text + source.newline;
  }
  const head = text.slice(0, source.lineStart(root.range[0]));
  return head + text.slice(source.nextLine(source.end(root)));
}

function plainAt(text: string, path: Path): unknown {
  return documentOf(text).find(path)?.value;
}

/** Cuts are made from the end, so that offsets stay true. */
function spliced(text: string, splices: readonly Splice[]): string {
  return splices.toSorted((a, b) => b.from - a.from)
    .reduce((now, { from, to, text }) => now.slice(0, from) + text + now.slice(to), text);
}

/** The library's way: comments stay, their columns and wrapped rows do not. */
function reprinted(text: string, { path, value }: Change): string {
  const document: Document = parseDocument(text, { uniqueKeys: false, resolveKnownTags: false, logLevel: "error" });
  try {
    if (value === undefined) document.deleteIn(path);
    else document.setIn(path, document.createNode(value));
    return document.toString({ lineWidth: 0 });
  } catch {
    return text;
  }
}
