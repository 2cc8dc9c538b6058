/**
 * Ranges of numbers, overlapping as they like: which one, of those that hold a number, comes first in the file.
 *
 * A blocklist may have a hundred thousand networks, and each connection asks. So the line of numbers is cut once where any range begins or
 * ends, each piece is given to the first range that covers it, and a question is a search among the cuts.
 *
 * @module
 */

import { atOnce, rowsPerStep, sortSteps, type Steps } from "../base/turns.ts";

/** One range, both ends included; `place` is its row in the file. */
export interface PlacedRange {
  first: bigint;
  last: bigint;
  place: number;
}

/** See the module. */
export class RangeIndex {
  readonly #cuts: readonly bigint[];
  /** For the piece that begins at each cut: the place of its range, or Infinity. */
  readonly #places: Float64Array;

  private constructor(cuts: readonly bigint[], places: Float64Array) {
    this.#cuts = cuts;
    this.#places = places;
  }

  /** `ranges` in the order of their places. */
  static of(ranges: readonly PlacedRange[]): RangeIndex {
    return atOnce(RangeIndex.steps(ranges));
  }

  /** The same in steps, for long lists. */
  static *steps(ranges: readonly PlacedRange[]): Steps<RangeIndex> {
    const all: bigint[] = [];
    for (const { first, last } of ranges) all.push(first, last + 1n);
    const ends = yield* sortSteps(all, (one, other) => one < other ? -1 : one > other ? 1 : 0);
    const cuts = ends.filter((cut, index) => index === 0 || cut !== ends[index - 1]);
    const places = new Float64Array(cuts.length).fill(Infinity);
    // From each piece, where the next one may be that has no range yet: ranges within ranges are passed over.
    const next = Int32Array.from({ length: cuts.length + 1 }, (_, index) => index);
    const freeFrom = (piece: number): number => {
      let free = piece;
      while (next[free] !== free) free = next[free];
      for (let step = piece; step !== free;) [step, next[step]] = [next[step], free];
      return free;
    };
    yield;
    for (const [at, { first, last, place }] of ranges.entries()) {
      const end = pieceOf(cuts, last + 1n);
      for (let piece = freeFrom(pieceOf(cuts, first)); piece < end; piece = freeFrom(piece)) {
        places[piece] = place;
        next[piece] = piece + 1;
      }
      if (at % rowsPerStep === rowsPerStep - 1) yield;
    }
    return new RangeIndex(cuts, places);
  }

  /** The place of the first range that holds `value`, or Infinity. */
  placeOf(value: bigint): number {
    const piece = pieceOf(this.#cuts, value);
    return piece < 0 ? Infinity : this.#places[piece];
  }
}

/** The piece that holds `value`: the last cut that is not above it, or -1. */
function pieceOf(cuts: readonly bigint[], value: bigint): number {
  let low = -1;
  for (let high = cuts.length; high - low > 1;) {
    const middle = (low + high) >> 1;
    if (cuts[middle] <= value) low = middle;
    else high = middle;
  }
  return low;
}
