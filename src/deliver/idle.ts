/**
 * Connections without work, each kept for a while: the next message may come soon.
 *
 * @module
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { Link } from "./link.ts";

/** Idle connections of one lane, with one timer for all. */
export class IdleChannels {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #expire: (channel: Link) => void;
  #channels: { channel: Link; since: number }[] = [];
  #timer: Timer | undefined;

  /** A connection that waited `ms` is handed to `expire`. */
  constructor(clock: Clock, { ms, expire }: { ms: number; expire: (channel: Link) => void }) {
    this.#clock = clock;
    this.#ms = ms;
    this.#expire = expire;
  }

  /** How many there are. */
  get length(): number {
    return this.#channels.length;
  }

  /** Takes one in. */
  push(channel: Link): void {
    this.#channels.push({ channel, since: this.#clock.monotonic() });
    this.#watch();
  }

  /** The one that came last, so that the others may end. */
  pop(): Link | undefined {
    return this.#channels.pop()?.channel;
  }

  /** All of them; none is left, and no timer. */
  drain(): Link[] {
    this.#timer?.cancel();
    this.#timer = undefined;
    return this.#channels.splice(0).map(({ channel }) => channel);
  }

  #watch(): void {
    if (this.#timer !== undefined || this.#channels.length === 0) return;
    const wait = this.#channels[0].since + this.#ms - this.#clock.monotonic();
    this.#timer = this.#clock.after(wait, () => {
      this.#timer = undefined;
      const before = this.#clock.monotonic() - this.#ms;
      const old = this.#channels.filter(({ since }) => since <= before);
      this.#channels = this.#channels.filter(({ since }) => since > before);
      for (const { channel } of old) this.#expire(channel);
      this.#watch();
    });
  }
}
