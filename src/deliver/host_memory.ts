/**
 * Which hosts failed lately: a circuit breaker for each.
 *
 * A host that failed is passed over for a pause that doubles with each failure in a row. When the pause is over, one connection
 * tries it; all others go on passing it over until that one has an end. So a dead host costs one connection at a time however much mail
 * waits for it, and its mail is deferred at once instead of standing in the way. A host that many routes share, as a large provider's, is not
 * dead because one of a thousand connections could not be had while others could.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { AttemptEnd } from "./ends.ts";

/** May a host be tried now? */
export type Permission =
  | { kind: "go" }
  /** Not before its pause is over; `end` is how it failed. */
  | { kind: "pause"; end: AttemptEnd };

interface Remembered {
  end: AttemptEnd;
  failures: number;
  /** Monotonic milliseconds. */
  until: number;
  probing: boolean;
}

const pauseMsMax = 600_000;
const pauseMsMin = 200;
const hostsMax = 20_000;
/** Half of each pause is certain, half is chance, so that many hosts behind one dead line are not tried in step. */
const certain = 0.5;

/** Failures by host. */
export class HostMemory {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #hosts = new Map<string, Remembered>();
  /** When a host was last reached, monotonic; whoever was reached last is at the end. */
  readonly #reached = new Map<string, number>();

  constructor(world: { clock: Clock; random: Random }) {
    this.#clock = world.clock;
    this.#random = world.random;
  }

  /** Asks for one try. After `go` exactly one of `failed`, `worked` or `untold` has to follow. */
  ask(key: string): Permission {
    const known = this.#hosts.get(key);
    if (known === undefined) return { kind: "go" };
    if (known.probing || this.#clock.monotonic() < known.until) return { kind: "pause", end: known.end };
    known.probing = true;
    return { kind: "go" };
  }

  /** It failed. `baseMs`: the first pause, as long as a message waits for its first retry at most. */
  failed(key: string, { end, baseMs }: { end: AttemptEnd; baseMs: number }): void {
    const failures = (this.#hosts.get(key)?.failures ?? 0) + 1;
    const pause = Math.min(Math.max(baseMs, pauseMsMin) * 2 ** Math.min(failures - 1, 20), pauseMsMax);
    const drawn = pause * (certain + (1 - certain) * this.#random.fraction());
    this.#hosts.delete(key);
    if (this.#hosts.size >= hostsMax) this.#hosts.delete(this.#hosts.keys().next().value!);
    this.#hosts.set(key, { end, failures, until: this.#clock.monotonic() + drawn, probing: false });
  }

  /** It works. */
  worked(key: string): void {
    this.#hosts.delete(key);
  }

  /** A connection was made. */
  reached(key: string): void {
    this.worked(key);
    this.#reached.delete(key);
    if (this.#reached.size >= hostsMax) this.#reached.delete(this.#reached.keys().next().value!);
    this.#reached.set(key, this.#clock.monotonic());
  }

  /** Whether another connection was made at `since` (monotonic) or later: a try that began then, and failed, says nothing about the host. */
  reachedSince(key: string, since: number): boolean {
    return (this.#reached.get(key) ?? -Infinity) >= since;
  }

  /** The try ended without telling anything about the host. */
  untold(key: string): void {
    const known = this.#hosts.get(key);
    if (known !== undefined) known.probing = false;
  }

  /** Forgets every failure. */
  forget(): void {
    this.#hosts.clear();
  }

  /** Hosts with a failure. */
  get size(): number {
    return this.#hosts.size;
  }
}
