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

/** Where each kind stands in the shared memory. */
const place = { icid: 0, mid: 1, dcid: 2 } as const satisfies Record<IdKind, number>;

/** Gives out numbers of counters that several threads share: see {@linkcode Counters.shared}. */
export class SharedIds implements Ids {
  readonly #next: BigInt64Array;

  constructor(shared: SharedArrayBuffer) {
    this.#next = new BigInt64Array(shared);
  }

  next(kind: IdKind): number {
    return Number(Atomics.add(this.#next, place[kind], 1n));
  }
}

/** The counters. The next number of each kind stands in memory that other threads may count on too. */
export class Counters implements Ids {
  /** For {@linkcode SharedIds}. */
  readonly shared: SharedArrayBuffer = new SharedArrayBuffer(idKinds.length * BigInt64Array.BYTES_PER_ELEMENT);
  readonly #next = new BigInt64Array(this.shared);
  readonly #mark: Record<IdKind, number>;
  readonly #wanted: () => void;

  /** `marks`: what the database holds. `wanted` is called when a block must be reserved soon. */
  constructor(marks: ReadonlyMap<string, number>, wanted: () => void) {
    const first = (kind: IdKind) => marks.get(kind) ?? 1;
    this.#mark = { icid: first("icid"), mid: first("mid"), dcid: first("dcid") };
    for (const kind of idKinds) this.#next[place[kind]] = BigInt(this.#mark[kind]);
    this.#wanted = wanted;
  }

  next(kind: IdKind): number {
    const id = Number(Atomics.add(this.#next, place[kind], 1n));
    // Half a block ahead: the next commit reserves before the block is used up.
    if (this.#mark[kind] - id < block / 2) this.#wanted();
    return id;
  }

  /** Other threads have given numbers out. */
  counted(): void {
    if (idKinds.some((kind) => this.#left(kind) < block / 2)) this.#wanted();
  }

  /** The marks to write now, with the call that says they were committed. */
  reserve(): { marks: [IdKind, number][]; committed: () => void } | undefined {
    const marks = idKinds.filter((kind) => this.#left(kind) < block / 2)
      .map((kind): [IdKind, number] => [kind, this.#at(kind) + block]);
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
    for (let next = this.#at("mid"); mid >= next; next = this.#at("mid")) {
      Atomics.compareExchange(this.#next, place.mid, BigInt(next), BigInt(mid + 1));
    }
  }

  /** The next number of each kind, for a clean stop. */
  exact(): [IdKind, number][] {
    return idKinds.map((kind) => [kind, this.#at(kind)]);
  }

  #at(kind: IdKind): number {
    return Number(Atomics.load(this.#next, place[kind]));
  }

  #left(kind: IdKind): number {
    return this.#mark[kind] - this.#at(kind);
  }
}
