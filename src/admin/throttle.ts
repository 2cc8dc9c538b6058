/**
 * Guessing of passwords and codes: each failure waits longer, and after some nobody is asked any more for a while.
 *
 * Failures count for the pair of user and address, for the address, and for the user. The last is the widest, so that a stranger who knows a name
 * cannot lock its owner out: addresses from which the user has logged in are let through. An attempt counts as failed from its beginning,
 * so that a thousand at the same time are no way around. Names count whether or not somebody has them. Tables are
 * bounded; IPv6 addresses count by their /64.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import { clientKey } from "../policy/client_key.ts";
import { hashOf } from "./secrets.ts";

/** Who tries, and from where. */
export interface Attempt {
  user: string;
  address: string;
}

/** Failures of one key, since `since`, monotonic ms. */
interface Count {
  failures: number;
  since: number;
}

/** A table that forgets its oldest. */
class Counts {
  readonly #max: number;
  readonly #counts = new Map<string, Count>();

  constructor(max: number) {
    this.#max = max;
  }

  get(key: string, now: number): Count | undefined {
    const count = this.#counts.get(key);
    if (count === undefined || now - count.since < limits.loginWindowMs) return count;
    this.#counts.delete(key);
    return undefined;
  }

  add(key: string, now: number): number {
    const count = this.get(key, now) ?? { failures: 0, since: now };
    count.failures++;
    this.#counts.delete(key);
    this.#counts.set(key, count);
    for (const oldest of this.#counts.keys()) {
      if (this.#counts.size <= limits.loginKeysMax) break;
      this.#counts.delete(oldest);
    }
    return count.failures;
  }

  takeBack(key: string): void {
    const count = this.#counts.get(key);
    if (count !== undefined && --count.failures <= 0) this.#counts.delete(key);
  }

  get size(): number {
    return this.#counts.size;
  }

  forget(key: string): void {
    this.#counts.delete(key);
  }

  /** Milliseconds until the next try is taken; 0: now. */
  wait(key: string, now: number): number {
    const count = this.get(key, now);
    return count === undefined || count.failures < this.#max ? 0 : count.since + limits.loginWindowMs - now;
  }
}

/** See the module. */
export class Throttle {
  readonly #clock: Clock;
  readonly #pairs = new Counts(limits.loginFailuresPerPairMax);
  readonly #addresses = new Counts(limits.loginFailuresPerAddressMax);
  readonly #users = new Counts(limits.loginFailuresPerUserMax);
  /** Pairs that have logged in, the last ones. */
  readonly #known = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Pairs, addresses and users that are remembered. */
  get remembered(): number {
    return this.#pairs.size + this.#addresses.size + this.#users.size;
  }

  /** Begins an attempt: milliseconds until one is taken, or 0 where this one is, which then counts. */
  begin(attempt: Attempt): number {
    const now = this.#clock.monotonic();
    const { pair, address, user } = keysOf(attempt);
    const wait = Math.max(
      this.#pairs.wait(pair, now),
      this.#addresses.wait(address, now),
      this.#known.has(pair) ? 0 : this.#users.wait(user, now),
    );
    if (wait > 0) return wait;
    this.#pairs.add(pair, now);
    this.#addresses.add(address, now);
    this.#users.add(user, now);
    return 0;
  }

  /** How long a failed attempt waits for its answer. */
  delay(attempt: Attempt): number {
    const count = this.#pairs.get(keysOf(attempt).pair, this.#clock.monotonic());
    return Math.min(limits.loginDelayMs * 2 ** Math.max((count?.failures ?? 1) - 1, 0), limits.loginDelayMsMax);
  }

  /** An attempt was no failure, though nobody is in yet. */
  takeBack(attempt: Attempt): void {
    const { pair, address, user } = keysOf(attempt);
    this.#pairs.takeBack(pair);
    this.#addresses.takeBack(address);
    this.#users.takeBack(user);
  }

  /** An attempt was right: those of the pair before it are forgiven. */
  succeeded(attempt: Attempt): void {
    this.takeBack(attempt);
    const { pair } = keysOf(attempt);
    this.#pairs.forget(pair);
    this.#known.delete(pair);
    this.#known.add(pair);
    for (const oldest of this.#known) {
      if (this.#known.size <= limits.loginKeysMax) break;
      this.#known.delete(oldest);
    }
  }
}

/** Keys of one length, however long a name is. */
function keysOf({ user, address }: Attempt): { pair: string; address: string; user: string } {
  const network = clientKey(address);
  return { pair: hashOf(`${network} ${user}`), address: network, user: hashOf(user) };
}
