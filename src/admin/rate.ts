/**
 * How many requests a second one client may make: a bucket each that fills up steadily, in a bounded table.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { limits } from "../base/limits.ts";

interface Bucket {
  tokens: number;
  /** Monotonic. */
  at: number;
}

/** See the module. */
export class RequestRate {
  readonly #clock: Clock;
  readonly #perSecond: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
  }

  /** Clients that are remembered. */
  get remembered(): number {
    return this.#buckets.size;
  }

  /** Takes one request of `key`: 0, or the seconds after which the next one is taken. */
  take(key: string): number {
    const now = this.#clock.monotonic();
    const full = this.#perSecond * limits.requestBurstSeconds;
    const bucket = this.#buckets.get(key) ?? { tokens: full, at: now };
    bucket.tokens = Math.min(bucket.tokens + (now - bucket.at) / 1000 * this.#perSecond, full);
    bucket.at = now;
    // Who was here last stays longest.
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= limits.requestKeysMax) break;
      this.#buckets.delete(oldest);
    }
    if (bucket.tokens < 1) return Math.ceil((1 - bucket.tokens) / this.#perSecond);
    bucket.tokens--;
    return 0;
  }
}
