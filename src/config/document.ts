/**
 * YAML text as plain values, with the place of each.
 *
 * The tree of `npm:yaml` is walked here instead of being converted by it, for three reasons: a number that is not written in its
 * shortest form stays text (`10.10` is part of an address, not 10.1), duplicate keys are found in linear time, and what
 * aliases expand to is counted, so that a few hundred bytes cannot become gigabytes.
 *
 * @module
 */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  type ParsedNode,
  type YAMLMap,
} from "yaml";
import { limits } from "../base/limits.ts";
import { causeOf } from "../base/text.ts";
import { type Finding, type Path, quoted } from "./faults.ts";
import { eachNode, parseYaml } from "./yaml_tables.ts";

/** A line and a column, both from 1. */
export interface Place {
  line: number;
  column: number;
}

/** A file that was read. */
export interface SourceDocument {
  /** Maps without prototype, arrays, strings, numbers, booleans, `null`. Empty where `faults` are `fatal`. */
  value: unknown;
  /** What is wrong with the text itself. */
  faults: { place: Place; path: Path; text: string }[];
  /** The text is no YAML; nothing else can be said about it. */
  fatal: boolean;
  /** The place of a finding; of the nearest key above it where it is missing. */
  place(finding: Pick<Finding, "path" | "at">): Place;
  /** What the file says at `path`, and where; `undefined` where it says nothing. */
  find(path: Path): Said | undefined;
}

/** A value as the file has it, before the schema saw it. */
export interface Said {
  line: number;
  value: unknown;
}

const tooDeep = `is nested too deeply; at most ${limits.configDepthMax} levels`;

/** The parser finds tens of thousands of faults in a long line of brackets, and takes seconds for it; nobody writes so many. */
const bracketsOpenMax = 1_000;

/** Faults that get an explanation; more are counted only. */
const syntaxTextsMax = 200;

type Node = ParsedNode | null | undefined;

/** Where too many brackets are open, those in quotes and comments included; `undefined`: nowhere. */
function bracketsOpenAt(source: string): number | undefined {
  let open = 0;
  for (let at = 0; at < source.length; at++) {
    const code = source.charCodeAt(at);
    if (code === 0x5d || code === 0x7d) open = Math.max(open - 1, 0);
    else if ((code === 0x5b || code === 0x7b) && ++open > bracketsOpenMax) return at;
  }
  return undefined;
}

/** Reads a YAML document. Never throws. */
export function readDocument(source: string): SourceDocument {
  const start = { line: 1, column: 1 };
  const fatal = (place: Place, text: string): SourceDocument => ({
    value: null,
    faults: [{ place, path: [], text }],
    fatal: true,
    place: () => start,
    find: () => undefined,
  });
  const deepAt = bracketsOpenAt(source);
  if (deepAt !== undefined) return fatal(placesIn(source)(deepAt), tooDeep);
  let document: Document.Parsed;
  try {
    document = parseYaml(source);
  } catch (thrown) {
    // The composer calls itself for each level: "[[[[…" ends the stack.
    if (thrown instanceof RangeError) {
      return fatal(start, tooDeep);
    }
    return fatal(start, `cannot be read as YAML: ${causeOf(thrown)}; a map of keys`);
  }
  const place = placesIn(source);
  if (document.errors.length > 0) {
    const deep = document.errors.find((error) => error.message.includes("call stack"));
    if (deep !== undefined) return fatal(place(deep.pos[0]), tooDeep);
    const faults = document.errors.map((error, index) => ({
      place: place(error.pos[0]),
      path: [],
      text: index < syntaxTextsMax ? syntaxText(error, source) : `is no YAML here: ${error.message}`,
    }));
    return { value: null, faults, fatal: true, place: () => start, find: () => undefined };
  }
  const targets = aliasTargets(document);
  const walk = new Walk(targets, place);
  const value = walk.value(document.contents as Node, { path: [], depth: 0 });
  return {
    value,
    faults: walk.faults,
    fatal: walk.tooMuch,
    place: (finding) => place(offsetOf(document, { finding, targets })),
    find(path) {
      let node = document.contents as Node;
      let key = 0;
      for (const part of path) {
        const next = step(isAlias(node) ? targets.get(node) : node, part);
        if (next === undefined) return undefined;
        ({ key, value: node } = next);
      }
      return { line: place(key).line, value: new Walk(targets, place).value(node, { path, depth: 0 }) };
    },
  };
}

/** What each alias stands for. The library's own `resolve` searches the whole document for each. */
type Targets = ReadonlyMap<Alias, Node>;

function aliasTargets(document: Document.Parsed): Targets {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  eachNode(document.contents, (node) => {
    // An alias means the last anchor of its name before it.
    if (isAlias(node)) targets.set(node, anchors.get(node.source));
    else if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor) {
      anchors.set(node.anchor, node);
    }
  });
  return targets;
}

/** Offsets as places. The library's own counter misses line ends within some quoted texts. */
function placesIn(source: string): (offset: number) => Place {
  const starts = [0];
  for (let at = source.indexOf("\n"); at >= 0; at = source.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    for (let high = starts.length; high - low > 1;) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - starts[low] + 1 };
  };
}

/** The library's words, and for the commonest slips what to do. */
function syntaxText(
  { code, message, pos }: { code: string; message: string; pos: [number, number] },
  source: string,
): string {
  if (code === "TAB_AS_INDENT") return "is no YAML here: a tab indents; spaces";
  if (code === "BAD_INDENT") return `is no YAML here: ${message}; the same number of spaces as its neighbours`;
  if (code === "MULTIPLE_DOCS") return "has a second document behind ---; one document";
  if (code === "BAD_ALIAS") return `is no YAML here: ${message}; text that begins with * or & goes in quotes`;
  const end = source.indexOf("\n", pos[0]);
  const line = source.slice(source.lastIndexOf("\n", pos[0] - 1) + 1, end < 0 ? undefined : end);
  const bracketed = /\[(?:.*[^"'\w])?(dnslist|certificate)\[/i.exec(line.slice(0, 1_000))?.[1];
  if (bracketed !== undefined) {
    return `is no YAML here: ${message}; "${bracketed}[…]" in quotes, since it stands within [ ]`;
  }
  const right = code === "MISSING_CHAR" || code === "UNEXPECTED_TOKEN"
    ? "check quotes, brackets and colons"
    : "valid YAML";
  return `is no YAML here: ${message.replace(/\s+/g, " ")}; ${right}`;
}

class Walk {
  readonly faults: SourceDocument["faults"] = [];
  tooMuch = false;
  #values = 0;
  /** Values that aliases stand for, and aliases that this is within. */
  #expanded = 0;
  #aliases = 0;
  readonly #targets: Targets;
  readonly #place: (offset: number) => Place;

  constructor(targets: Targets, place: (offset: number) => Place) {
    this.#targets = targets;
    this.#place = place;
  }

  value(node: Node, { path, depth }: { path: Path; depth: number }): unknown {
    if (this.tooMuch || node === null || node === undefined) return null;
    if (this.#aliases > 0 && ++this.#expanded > limits.configAliasValuesMax) {
      return this.#stop(node, path, "expands to too many values; fewer aliases");
    }
    if (++this.#values > limits.configValuesMax) {
      return this.#stop(node, path, `is one value too many; at most ${limits.configValuesMax} in a file`);
    }
    if (depth > limits.configDepthMax) {
      return this.#stop(node, path, tooDeep);
    }
    // An alias goes one level down, so that one that holds itself comes to an end.
    if (isAlias(node)) {
      const target = this.#targets.get(node);
      if (target !== undefined) {
        this.#aliases++;
        const value = this.value(target, { path, depth: depth + 1 });
        this.#aliases--;
        return value;
      }
      this.#fault(node, path, `*${node.source} refers to no anchor; text that begins with * goes in quotes`);
      return null;
    }
    if (isMap(node)) return this.#map(node as YAMLMap<ParsedNode, ParsedNode | null>, { path, depth });
    if (isSeq(node)) {
      return node.items.map((item, index) => this.value(item as Node, { path: [...path, index], depth: depth + 1 }));
    }
    return scalarValue(node);
  }

  #map(map: YAMLMap<ParsedNode, ParsedNode | null>, { path, depth }: { path: Path; depth: number }): unknown {
    const entries: Record<string, unknown> = Object.create(null);
    const seen = new Map<string, ParsedNode>();
    for (const pair of map.items) {
      const key = keyText(pair);
      if (key === undefined || key === "" || key === "__proto__") {
        this.#fault(pair.key, path, "has a key that is no name; a name and a colon");
        continue;
      }
      const first = seen.get(key);
      if (first !== undefined) {
        this.#fault(
          pair.key,
          [...path, key],
          `${quoted(key)} is set twice, first in line ${this.#place(first.range[0]).line}; once`,
        );
        continue;
      }
      seen.set(key, pair.key);
      entries[key] = this.value(pair.value, { path: [...path, key], depth: depth + 1 });
    }
    return entries;
  }

  #fault(node: ParsedNode, path: Path, text: string): void {
    this.faults.push({ place: this.#place(node.range[0]), path, text });
  }

  #stop(node: ParsedNode, path: Path, text: string): null {
    this.tooMuch = true;
    this.#fault(node, path, text);
    return null;
  }
}

/** A scalar's value, never an object (`%YAML 1.1` has tags for octets and dates); a number only where its source is the number's shortest form. */
function scalarValue(node: ParsedNode): unknown {
  if (!isScalar(node)) return null;
  const { value, source } = node;
  if (typeof value === "object" && value !== null) return source ?? null;
  if (typeof value !== "number" && typeof value !== "bigint") return value ?? null;
  return String(value) === source && typeof value === "number" ? value : source ?? String(value);
}

function keyText(pair: Pair<ParsedNode, ParsedNode | null>): string | undefined {
  if (!isScalar(pair.key)) return undefined;
  return pair.key.value === null ? undefined : pair.key.source ?? String(pair.key.value);
}

/** Where a path leads: the offset of its key or value, or of the last key on the way that exists. */
function offsetOf(
  document: Document.Parsed,
  { finding: { path, at }, targets }: { finding: Pick<Finding, "path" | "at">; targets: Targets },
): number {
  let node = document.contents as Node;
  let offset = 0;
  for (const [index, part] of path.entries()) {
    const next = step(isAlias(node) ? targets.get(node) : node, part);
    if (next === undefined) return offset;
    const last = index === path.length - 1;
    offset = last && at === "value" ? next.value?.range[0] ?? next.key : next.key;
    node = next.value;
  }
  return offset;
}

function step(node: Node, part: string | number): { key: number; value: Node } | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(part)] as Node;
    return item === undefined || item === null ? undefined : { key: item.range[0], value: item };
  }
  if (!isMap(node)) return undefined;
  const pairs = node.items as Pair<ParsedNode, ParsedNode | null>[];
  const pair = pairs.find((item) => keyText(item) === String(part)) ??
    pairs.find((item) => sameDomain(keyText(item), String(part)));
  if (pair === undefined) return undefined;
  const value = pair.value;
  // An empty value has no text of its own: its key is where the eye has to go.
  const empty = value !== null && isScalar(value) && value.value === null && !value.source;
  return { key: pair.key.range[0], value: empty ? null : value };
}

/** Keys that are domains are looked for in the form that the schema gave them. */
function sameDomain(key: string | undefined, domain: string): boolean {
  return key?.toLowerCase().replace(/\.$/, "") === domain;
}
