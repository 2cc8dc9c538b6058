/**
 * How many outbound connections there may be, all destinations together, and whose turn it is when there are no more.
 *
 * @module
 */

/** One who wants connections. */
export interface SlotUser {
  /** A slot may be free now: ask again. */
  slotFree(): void;
  /** Others wait: give up connections that have no work. */
  crowded(): void;
}

/** A bounded number of slots. Who was refused is told in the order of asking, until the free slot is taken. */
export class Slots {
  readonly #max: number;
  readonly #lazy: boolean;
  readonly #waiting = new Set<SlotUser>();
  readonly #users = new Map<SlotUser, number>();
  #taken = 0;

  /** `lazy`: who is told takes the slot later, if at all, so only one is told. */
  constructor(max: number, { lazy = false }: { lazy?: boolean } = {}) {
    this.#max = max;
    this.#lazy = lazy;
  }

  /** Nobody has a slot, and nobody wants one. */
  get unused(): boolean {
    return this.#taken === 0 && this.#waiting.size === 0;
  }

  /** Slots in use. */
  get taken(): number {
    return this.#taken;
  }

  /** Half of the slots are in use: who has not shown yet that he can use them gets few. */
  get scarce(): boolean {
    return this.#taken * 2 >= this.#max;
  }

  /** Somebody else than `user` waits for a slot: a connection without work is to be given up. */
  wanted(user: SlotUser): boolean {
    return this.#others(user) > 0;
  }

  /** Takes a slot, or remembers that `user` wants one. `max`: how many there are in this user's eyes. */
  take(user: SlotUser, max: number = this.#max): boolean {
    if (this.#taken >= max) {
      this.#crowd(user);
      this.#waiting.add(user);
      if (this.#taken >= max) return false;
    }
    this.#waiting.delete(user);
    this.#taken++;
    this.#users.set(user, (this.#users.get(user) ?? 0) + 1);
    return true;
  }

  /** Gives a slot back; those who wait are told. */
  give(user: SlotUser): void {
    this.#taken--;
    const left = (this.#users.get(user) ?? 1) - 1;
    if (left > 0) this.#users.set(user, left);
    else this.#users.delete(user);
    // Who lets the slot be and wants one again stands behind those that are here now.
    for (let left = this.#waiting.size; left > 0 && this.#taken < this.#max; left--) {
      const [next] = this.#waiting;
      this.#waiting.delete(next);
      next.slotFree();
      if (this.#lazy) return;
    }
  }

  /** `user` wants nothing any more. */
  forget(user: SlotUser): void {
    this.#waiting.delete(user);
  }

  /** Others wait, and `user` has more than an equal share: he should give one up. */
  overShare(user: SlotUser, max: number = this.#max): boolean {
    const others = this.#others(user);
    if (others === 0) return false;
    const sharers = this.#users.size + others;
    return (this.#users.get(user) ?? 0) > Math.max(Math.floor(max / sharers), 1);
  }

  /** Who waits besides `user`. */
  #others(user: SlotUser): number {
    return this.#waiting.size - (this.#waiting.has(user) ? 1 : 0);
  }

  /** While somebody waits nobody else keeps an idle connection, so all are asked once: with the first, and the first with the second. */
  #crowd(user: SlotUser): void {
    const others = this.#others(user);
    if (others > 1) return;
    for (const each of [...others === 0 ? this.#users.keys() : this.#waiting]) {
      if (each !== user && this.#users.has(each)) each.crowded();
    }
  }
}
