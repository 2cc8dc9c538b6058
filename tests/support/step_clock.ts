/**
 * A clock that goes from one timer to the next.
 *
 * @module
 */
import type { Clock, Timer } from "../../src/base/clock.ts";

interface Pending {
  at: number;
  number: number;
  fire: () => void;
}

/** Time stands still until {@linkcode StepClock.step}. What repeats for ever has no place here. */
export class StepClock implements Clock {
  readonly #wall: number;
  readonly #pending = new Set<Pending>();
  #passed = 0;
  #count = 0;

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
    const pending = { at: this.#passed + Math.max(ms, 0), number: this.#count++, fire };
    this.#pending.add(pending);
    return { cancel: () => this.#pending.delete(pending) };
  }

  every(): never {
    throw new Error("Cannot repeat: this clock would never come to an end");
  }

  /** Timers that have not fired. */
  get timers(): number {
    return this.#pending.size;
  }

  /** Lets the time pass that is left until the next timer, and fires it. False where there is none. */
  step(): boolean {
    let next: Pending | undefined;
    for (const each of this.#pending) {
      if (next === undefined || each.at < next.at || each.at === next.at && each.number < next.number) next = each;
    }
    if (next === undefined) return false;
    this.#pending.delete(next);
    this.#passed = next.at;
    next.fire();
    return true;
  }
}
