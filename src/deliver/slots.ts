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

/** A bounded number of slots. Who was refused is told in the order of asking. */
export class Slots {
  readonly #max: number;
  readonly #waiting = new Set<SlotUser>();
  readonly #users = new Map<SlotUser, number>();
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Slots in use. */
  get taken(): number {
    return this.#taken;
  }

  /** Half of the slots are in use: who has not shown yet that he can use them gets few. */
  get scarce(): boolean {
    return this.#taken * 2 >= this.#max;
  }

  /** Somebody waits for a slot: a connection without work is to be given up. */
  get wanted(): boolean {
    return this.#waiting.size > 0;
  }

  /** Takes a slot, or remembers that `user` wants one. */
  take(user: SlotUser): boolean {
    if (this.#taken >= this.#max) {
      // While somebody waits nobody keeps an idle connection, so it is asked for once.
      const first = this.#waiting.size === 0;
      this.#waiting.add(user);
      if (first) { for (const holder of [...this.#users.keys()]) holder.crowded(); }
      if (this.#taken >= this.#max) return false;
    }
    this.#waiting.delete(user);
    this.#taken++;
    this.#users.set(user, (this.#users.get(user) ?? 0) + 1);
    return true;
  }

  /** Gives a slot back; the one who waits longest is told. */
  give(user: SlotUser): void {
    this.#taken--;
    const left = (this.#users.get(user) ?? 1) - 1;
    if (left > 0) this.#users.set(user, left);
    else this.#users.delete(user);
    const next = this.#waiting.values().next().value;
    if (next === undefined) return;
    this.#waiting.delete(next);
    next.slotFree();
  }

  /** `user` wants nothing any more. */
  forget(user: SlotUser): void {
    this.#waiting.delete(user);
  }

  /** Others wait, and `user` has more than an equal share: he should give one up. */
  overShare(user: SlotUser): boolean {
    if (this.#waiting.size === 0) return false;
    const sharers = this.#users.size + this.#waiting.size;
    return (this.#users.get(user) ?? 0) > Math.max(Math.floor(this.#max / sharers), 1);
  }
}
