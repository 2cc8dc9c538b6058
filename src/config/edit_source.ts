/**
 * A YAML text with its tree, and where in the text each part of the tree stands.
 *
 * @module
 */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  type ParsedNode,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { type Path, pathText } from "./faults.ts";
import { EditError } from "./plain.ts";
import { eachNode, parseYaml } from "./yaml_tables.ts";

/** A node of the tree, or nothing. */
export type Node = ParsedNode | null | undefined;
/** A map, as it was read. */
export type MapNode = YAMLMap.Parsed<ParsedNode, ParsedNode | null>;
/** A list, as it was read. */
export type SeqNode = YAMLSeq.Parsed<ParsedNode>;
/** A collection, as it was read. */
export type CollectionNode = MapNode | SeqNode;
/** A token of the text. */
export type Token = { type: string; offset: number; source: string };
/** The tokens of an entry. */
export type EntryTokens = { start: Token[]; sep?: Token[]; key?: unknown; value?: unknown };

/** Text in place of `from` up to `to`. */
export interface Splice {
  from: number;
  to: number;
  text: string;
}

/** See the module. */
export class Source {
  readonly text: string;
  readonly document: Document.Parsed;
  /** The line end that the file uses. */
  readonly newline: string;
  /** Columns that a block is moved in this file. */
  readonly step: number;
  /** Anchors that some alias refers to. */
  readonly #shared = new Set<string>();
  readonly #entries = new Map<CollectionNode, readonly EntryTokens[]>();

  constructor(text: string) {
    this.text = text;
    this.document = parseYaml(text, { tokens: true });
    this.newline = text.includes("\r\n") ? "\r\n" : "\n";
    eachNode(this.root, (node) => isAlias(node) && this.#shared.add(node.source));
    this.step = this.#indentation();
  }

  get root(): Node {
    return this.document.contents as Node;
  }

  /** Where the line of an offset begins. */
  lineStart(offset: number): number {
    const at = this.text.lastIndexOf("\n", offset - 1) + 1;
    return at === 0 && this.text.startsWith("\ufeff") ? 1 : at;
  }

  /** Where it ends, in front of its line end. */
  lineEnd(offset: number): number {
    const at = this.text.indexOf("\n", offset);
    if (at < 0) return this.text.length;
    return this.text[at - 1] === "\r" && at > offset ? at - 1 : at;
  }

  /** Where the next line begins; the end of the text after the last. */
  nextLine(offset: number): number {
    const at = this.text.indexOf("\n", offset);
    return at < 0 ? this.text.length : at + 1;
  }

  column(offset: number): number {
    return offset - this.lineStart(offset);
  }

  /** Whether only blanks stand in front of an offset in its line. */
  isFirstInLine(offset: number): boolean {
    return this.text.slice(this.lineStart(offset), offset).trim() === "";
  }

  lineNumber(offset: number): number {
    return this.text.slice(0, offset).split("\n").length;
  }

  /** The tokens in front of an entry and between key and value. */
  tokens(parent: CollectionNode, index: number): EntryTokens {
    let real = this.#entries.get(parent);
    if (real === undefined) {
      const items = (parent.srcToken as { items?: EntryTokens[] } | undefined)?.items ?? [];
      // Blank lines and comments at the end have tokens, but no entry.
      real = items.filter((item) => item.key !== undefined || item.value !== undefined || isEntry(item));
      this.#entries.set(parent, real);
    }
    return real[index] ?? { start: [] };
  }

  /** Where an entry begins: its key or value, or the anchor or tag in front of it. For a row of a block list: its dash. */
  entryStart(parent: CollectionNode, index: number): number {
    const { start } = this.tokens(parent, index);
    const mark = start.find(({ type }) => ["seq-item-ind", "explicit-key-ind", "anchor", "tag"].includes(type));
    if (mark !== undefined) return mark.offset;
    return isMap(parent) ? parent.items[index].key.range[0] : (parent as SeqNode).items[index].range[0];
  }

  /** Where it ends, comments and blank lines left out. */
  entryEnd(parent: CollectionNode, index: number): number {
    if (!isMap(parent)) return this.end(parent.items[index] as Node);
    const { key, value } = parent.items[index];
    const colon = this.colon(parent, index);
    return Math.max(value === null ? key.range[1] : this.end(value), colon === undefined ? 0 : colon + 1);
  }

  /** Where the colon of a key stands. */
  colon(parent: MapNode, index: number): number | undefined {
    return this.tokens(parent, index).sep?.find(({ type }) => type === "map-value-ind")?.offset;
  }

  /** Where the value begins, with its anchor and tag. */
  valueStart(parent: CollectionNode, index: number): number {
    const { start, sep } = this.tokens(parent, index);
    const props = (isMap(parent) ? sep : start)?.find(({ type }) => type === "anchor" || type === "tag");
    const node = (isMap(parent) ? parent.items[index].value : parent.items[index]) as ParsedNode;
    return Math.min(props?.offset ?? Infinity, node.range[0]);
  }

  /** Where a node ends, without the line end of a text that has lines of its own. */
  end(node: Node): number {
    if (node === null || node === undefined) return 0;
    if (isCollection(node) && !node.flow && node.items.length > 0) {
      return this.entryEnd(node as CollectionNode, node.items.length - 1);
    }
    const end = node.range[1];
    const lines = isScalar(node) && (node.type === "BLOCK_LITERAL" || node.type === "BLOCK_FOLDED");
    return lines ? node.range[0] + this.text.slice(node.range[0], end).trimEnd().length : end;
  }

  /** Throws where a change of `node` would change what is said elsewhere. `inside`: what is in it counts too, since it goes. */
  mayChange(node: Node, { path, inside }: { path: Path; inside: boolean }): void {
    if (node === null || node === undefined) return;
    const refuse = (anchor: string) => {
      throw new EditError(
        path,
        `the anchor &${anchor} there is used elsewhere by *${anchor}; write out what is shared first`,
      );
    };
    if (isAlias(node)) return;
    if (node.anchor !== undefined && this.#shared.has(node.anchor)) refuse(node.anchor);
    if (!inside) return;
    if (this.#shared.size === 0) return;
    eachNode(node, (each) => {
      const anchor = isAlias(each) ? undefined : each.anchor;
      if (anchor !== undefined && this.#shared.has(anchor)) refuse(anchor);
    });
  }

  #indentation(): number {
    let found = 0;
    visit(this.document, {
      Map: (_key, map) => {
        for (const { key, value } of (map as MapNode).items) {
          if (!isCollection(value) || value.flow || value.items.length === 0 || map.flow) continue;
          const outer = this.column((key as ParsedNode).range[0]);
          const inner = this.column((value as ParsedNode).range[0]);
          if (inner <= outer) continue;
          found = inner - outer;
          return visit.BREAK;
        }
      },
    });
    return found >= 2 && found <= 8 ? found : 2;
  }
}

function isEntry({ start, sep }: EntryTokens): boolean {
  return sep !== undefined || start.some(({ type }) => type === "seq-item-ind" || type === "explicit-key-ind");
}

/** The entry of a collection that a part of a path means; -1 where there is none. */
export function entryIndex(node: CollectionNode, part: string | number): number {
  if (!isMap(node)) {
    const index = Number(part);
    return Number.isInteger(index) && index >= 0 && index < node.items.length ? index : -1;
  }
  const exact = node.items.findIndex(({ key }) => keyOf(key) === String(part));
  return exact >= 0 ? exact : node.items.findIndex(({ key }) => sameDomain(keyOf(key), String(part)));
}

/** The key as text. */
export function keyOf(key: unknown): string | undefined {
  return isScalar(key) && key.value !== null ? key.source ?? String(key.value) : undefined;
}

/** Keys that are domains are also found in the form that the schema gave them. */
function sameDomain(key: string | undefined, domain: string): boolean {
  return key?.toLowerCase().replace(/\.$/, "") === domain.toLowerCase();
}

/** What a path has in the tree. */
export interface Found {
  /** The nodes on the way, the root first; the last one is that of `path`, where it is there. */
  nodes: Node[];
  /** The place of each part in the node before; as many as were found. */
  indices: number[];
  /** The path with the keys as they stand in the file. */
  path: (string | number)[];
}

/** Follows a path as far as it goes. Throws {@linkcode EditError} where it leads through an alias. */
export function follow(source: Source, path: Path): Found {
  const found: Found = { nodes: [source.root], indices: [], path: [...path] };
  for (const [at, part] of path.entries()) {
    const node = found.nodes[at];
    const here = path.slice(0, at);
    if (isAlias(node)) {
      throw new EditError(path, `${pathText(here)} is the alias *${node.source}; write out what it stands for first`);
    }
    source.mayChange(node, { path, inside: false });
    if (!isMap(node) && !isSeq(node)) break;
    const index = entryIndex(node as CollectionNode, part);
    if (index < 0) break;
    found.indices.push(index);
    if (isMap(node)) {
      const pair = node.items[index] as Pair<ParsedNode, ParsedNode | null>;
      found.path[at] = keyOf(pair.key)!;
      found.nodes.push(pair.value);
    } else {
      found.path[at] = index;
      found.nodes.push(node.items[index] as Node);
    }
  }
  return found;
}
