/**
 * Counts by key, each for an hour that begins with the key's first count.
 *
 * An hour is of time that passed, not of the wall clock: a clock that is set neither ends it nor makes it last. Keys are bounded: the
 * one whose hour ends first goes when there are too many, which for an attacker with that many addresses is no more than an hour that ends
 * early. Keys stand in the order in which their hours end, since all hours are equally long: what has ended is at the front.
 *
 * @module
 */
import { limits } from "../base/limits.ts";

/** How long a count lasts, ms. */
export const hourMs = 3_600_000;

/** A key's count, and the steady time at which it is forgotten. */
export interface HourlyCount {
  key: string;
  count: number;
  until: number;
}

/** A key's count, and what is left of its hour. */
export interface CountLeft {
  key: string;
  count: number;
  ms: number;
}

/** What has changed since somebody asked last. */
export interface CountChanges {
  /** Everything that was kept elsewhere is void. */
  afresh: boolean;
  set: HourlyCount[];
  gone: string[];
}

/** What an attempt came to: how many there were in the hour, this one included where it is allowed. */
export interface Attempt {
  allowed: boolean;
  count: number;
}

/** See the module. */
export class HourlyCounts {
  readonly #now: () => number;
  readonly #keysMax: number;
  readonly #spans = new Map<string, { count: number; until: number }>();
  #changed = new Set<string>();
  #afresh = false;

  /** `now`: milliseconds that never go back. */
  constructor(now: () => number, { keysMax = limits.rateKeysMax }: { keysMax?: number } = {}) {
    this.#now = now;
    this.#keysMax = keysMax;
  }

  /** Keys that are remembered, those whose hour has just ended perhaps included. */
  get size(): number {
    return this.#spans.size;
  }

  /** What a key has counted in its hour. */
  count(key: string): number {
    const span = this.#spans.get(key);
    return span === undefined || span.until <= this.#now() ? 0 : span.count;
  }

  /** Counts one, or takes `by` back where it is negative: what the key has counted now. */
  add(key: string, by = 1): number {
    const now = this.#now();
    const span = this.#spans.get(key);
    if (span !== undefined && span.until > now) {
      span.count = Math.max(span.count + by, 0);
      this.#note(key);
      return span.count;
    }
    if (by <= 0) return 0;
    if (span !== undefined) this.#spans.delete(key);
    this.#makeRoom(now);
    this.#spans.set(key, { count: by, until: now + hourMs });
    this.#note(key);
    return by;
  }

  /** Counts one where there were fewer than `most`; 0: there is no limit. */
  attempt(key: string, most: number): Attempt {
    const before = this.count(key);
    return most > 0 && before >= most ? { allowed: false, count: before } : { allowed: true, count: this.add(key) };
  }

  /** All counts with the milliseconds that are left of their hour, those whose hour ends first in front. */
  left(): CountLeft[] {
    this.purge();
    const now = this.#now();
    return [...this.#spans].map(([key, { count, until }]) => ({ key, count, ms: until - now }));
  }

  /** Takes up a count of an earlier process. Those whose hour ends first have to come first. */
  restore({ key, count, until }: HourlyCount): void {
    const now = this.#now();
    if (until <= now || count <= 0) return this.#note(key);
    this.#makeRoom(now);
    this.#spans.set(key, { count, until: Math.min(until, now + hourMs) });
  }

  /** Forgets what is over. */
  purge(): void {
    const now = this.#now();
    for (const [key, { until }] of this.#spans) {
      if (until > now) return;
      this.#drop(key);
    }
  }

  /** Whether {@linkcode HourlyCounts.takeChanges} has something to tell. */
  get hasChanges(): boolean {
    return this.#afresh || this.#changed.size > 0;
  }

  /** Hands over at most `most` changes; they are not told again. */
  takeChanges(most: number): CountChanges {
    if (this.#afresh) this.#changed = new Set(this.#spans.keys());
    const changes: CountChanges = { afresh: this.#afresh, set: [], gone: [] };
    this.#afresh = false;
    for (const key of this.#changed) {
      if (changes.set.length + changes.gone.length >= most) break;
      this.#changed.delete(key);
      const span = this.#spans.get(key);
      if (span === undefined) changes.gone.push(key);
      else changes.set.push({ key, ...span });
    }
    return changes;
  }

  /** What was handed over could not be kept: all of it is told again. */
  tellAfresh(): void {
    this.#afresh = true;
    this.#changed.clear();
  }

  #makeRoom(now: number): void {
    for (const [key, { until }] of this.#spans) {
      if (until > now && this.#spans.size < this.#keysMax) return;
      this.#drop(key);
    }
  }

  #drop(key: string): void {
    this.#spans.delete(key);
    this.#note(key);
  }

  #note(key: string): void {
    if (this.#afresh) return;
    this.#changed.add(key);
    // Nobody has asked for long, or keys change faster than they are kept.
    if (this.#changed.size > 2 * this.#keysMax) this.tellAfresh();
  }
}
