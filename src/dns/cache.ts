/**
 * Answers kept for as long as they are good, the oldest use thrown out first.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";

interface Kept<T> {
  value: T;
  until: number;
}

/** A bounded map whose entries end by themselves. */
export class TtlCache<T> {
  readonly #clock: Clock;
  readonly #entriesMax: number;
  readonly #kept = new Map<string, Kept<T>>();

  /** At most `entriesMax` entries. */
  constructor(clock: Clock, entriesMax: number) {
    this.#clock = clock;
    this.#entriesMax = entriesMax;
  }

  /** Entries, those included whose time is up but that nobody asked for. */
  get size(): number {
    return this.#kept.size;
  }

  /** What is kept under `key` and still good. */
  get(key: string): T | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    this.#kept.delete(key);
    if (kept.until <= this.#clock.monotonic()) return undefined;
    // A Map keeps the order of insertion: what is used goes to the end.
    this.#kept.set(key, kept);
    return kept.value;
  }

  /** Keeps `value` for `seconds`; 0 keeps nothing. */
  put(key: string, entry: { value: T; seconds: number }): void {
    this.#kept.delete(key);
    if (entry.seconds <= 0) return;
    if (this.#kept.size >= this.#entriesMax) this.#kept.delete(this.#kept.keys().next().value!);
    this.#kept.set(key, { value: entry.value, until: this.#clock.monotonic() + entry.seconds * 1000 });
  }

  /** Forgets everything. */
  clear(): void {
    this.#kept.clear();
  }
}
