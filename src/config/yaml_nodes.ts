/**
 * Nodes of a YAML tree that are made by the thousand.
 *
 * The library's classes define a property for each object, which takes longer than all the rest of reading a row. Objects of these classes inherit
 * it from one of the library's own, so that `isMap` and the like take them for what they are.
 *
 * @module
 */
import { Pair, Scalar, YAMLMap, YAMLSeq } from "yaml";

/** Where a node begins and ends. */
export type Range = [number, number, number];

/** A text, number, flag or nothing. */
export class RowScalar {
  readonly value: unknown;
  readonly type: Scalar.Type;
  readonly source: string;
  range: Range;

  constructor(value: unknown, { type, source, range }: { type: Scalar.Type; source: string; range: Range }) {
    this.value = value;
    this.type = type;
    this.source = source;
    this.range = range;
  }
}

/** A key with its value. */
export class RowPair {
  readonly key: unknown;
  readonly value: unknown;

  constructor(key: unknown, value: unknown) {
    this.key = key;
    this.value = value;
  }
}

/** A list. */
export class RowList {
  readonly items: unknown[];
  range: Range;
  /** It stands in brackets. */
  flow: boolean;
  srcToken: unknown;

  constructor(items: unknown[], { range, flow, srcToken }: { range: Range; flow: boolean; srcToken: unknown }) {
    this.items = items;
    this.range = range;
    this.flow = flow;
    this.srcToken = srcToken;
  }
}

/** A map: its items are pairs. Only the constructor is that of a list, see below. */
export class RowMap extends RowList {}

for (
  const [row, own] of [
    [RowScalar, new Scalar(null)],
    [RowPair, new Pair(null)],
    [RowList, new YAMLSeq()],
    [RowMap, new YAMLMap()],
  ] as const
) Object.setPrototypeOf(row.prototype, own);
