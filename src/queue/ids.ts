/**
 * MID, ICID and DCID: numbers that are never given out twice.
 *
 * They are reserved in blocks: the database holds, for each kind, the first number that was not reserved. A clean
 * stop writes the exact number back; after a crash the rest of the block is skipped. So a number costs no write, and the log
 * of an installation never names two messages alike.
 *
 * A block that cannot be written (the disk is full) holds nobody up: numbers go on, and the mark is written with the next
 * transaction that succeeds. A stored message's MID is below the mark in any case, since its transaction writes the mark too.
 *
 * @module
 */
import type { Ids } from "./spool.ts";

/** Kinds of numbers, and the names of their marks. */
export const idKinds = ["icid", "mid", "dcid"] as const;

/** One of {@linkcode idKinds}. */
export type IdKind = (typeof idKinds)[number];

const block = 1000;

/** The counters. */
export class Counters implements Ids {
  readonly #next: Record<IdKind, number>;
  readonly #mark: Record<IdKind, number>;
  readonly #wanted: () => void;

  /** `marks`: what the database holds. `wanted` is called when a block must be reserved soon. */
  constructor(marks: ReadonlyMap<string, number>, wanted: () => void) {
    const first = (kind: IdKind) => marks.get(kind) ?? 1;
    this.#next = { icid: first("icid"), mid: first("mid"), dcid: first("dcid") };
    this.#mark = { ...this.#next };
    this.#wanted = wanted;
  }

  next(kind: IdKind): number {
    const id = this.#next[kind]++;
    // Half a block ahead: the next commit reserves before the block is used up.
    if (this.#mark[kind] - id < block / 2) this.#wanted();
    return id;
  }

  /** The marks to write now, with the call that says they were committed. */
  reserve(): { marks: [IdKind, number][]; committed: () => void } | undefined {
    const marks = idKinds.filter((kind) => this.#mark[kind] - this.#next[kind] < block / 2)
      .map((kind): [IdKind, number] => [kind, this.#next[kind] + block]);
    if (marks.length === 0) return undefined;
    return {
      marks,
      committed: () => {
        for (const [kind, mark] of marks) this.#mark[kind] = mark;
      },
    };
  }

  /** Never gives out `mid` or anything below it. */
  passed(mid: number): void {
    if (mid >= this.#next.mid) this.#next.mid = mid + 1;
  }

  /** The next number of each kind, for a clean stop. */
  exact(): [IdKind, number][] {
    return idKinds.map((kind) => [kind, this.#next[kind]]);
  }
}
