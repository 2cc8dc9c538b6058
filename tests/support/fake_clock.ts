/**
 * A clock that a test moves by hand.
 *
 * @module
 */
import type { Clock, Timer } from "../../src/base/clock.ts";

interface Pending {
  at: number;
  fire: () => void;
  again: number | undefined;
}

/** Time stands still until {@linkcode FakeClock.advance}. */
export class FakeClock implements Clock {
  #wall: number;
  #passed = 0;
  readonly #pending = new Set<Pending>();

  constructor(wall: number = Date.UTC(2025, 10, 22, 1, 20)) {
    this.#wall = wall;
  }

  now(): number {
    return this.#wall + this.#passed;
  }

  monotonic(): number {
    return this.#passed;
  }

  after(ms: number, fire: () => void): Timer {
    return this.#add({ at: this.#passed + Math.max(ms, 0), fire, again: undefined });
  }

  every(ms: number, fire: () => void): Timer {
    return this.#add({ at: this.#passed + ms, fire, again: ms });
  }

  /** Timers that have not fired. */
  get timers(): number {
    return this.#pending.size;
  }

  /** Sets the wall clock, forward or back; no time passes. */
  jump(ms: number): void {
    this.#wall += ms;
  }

  /** Lets time pass; timers fire in order, and whoever they wake runs in between. */
  async advance(ms: number): Promise<void> {
    const until = this.#passed + ms;
    await settled();
    for (;;) {
      await promisesSettled();
      let next: Pending | undefined;
      for (const each of this.#pending) if (each.at <= until && (next === undefined || each.at < next.at)) next = each;
      if (next === undefined) break;
      this.#passed = next.at;
      if (next.again === undefined) this.#pending.delete(next);
      else next.at += next.again;
      next.fire();
    }
    this.#passed = until;
    await settled();
  }

  #add(pending: Pending): Timer {
    this.#pending.add(pending);
    return { cancel: () => this.#pending.delete(pending) };
  }
}

/** Lets promises that wait for nothing but each other run, which is all that connections in memory need. */
async function promisesSettled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

/** Resolves when everything that was ready has run. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}
