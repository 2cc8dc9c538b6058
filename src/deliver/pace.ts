/**
 * `max_recipients` for each `recipients_interval`: how many recipients a domain, or an address, may be offered now.
 *
 * An interval begins with its first recipient. When the number is used up, whoever has mail is held: his messages wait in the queue, and
 * he is told when the interval is over. Nothing is counted as an attempt, and nobody else waits. The counts stand in memory: a
 * restart begins new intervals.
 *
 * @module
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { MailLog } from "../mail/events.ts";

/** A control's part that counts here. */
export interface PaceRule {
  /** 0: no limit. */
  max_recipients: number;
  /** Milliseconds. */
  recipients_interval: number;
}

/** Who waits for the end of an interval. */
export interface Held {
  /** Whoever it is, once: a destination's name, or a lane. */
  who: unknown;
  /** What he has; added up while he waits. */
  messages: number;
  resume: (messages: number) => void;
}

interface Interval {
  /** Monotonic milliseconds. */
  since: number;
  used: number;
  /** The log has its line. */
  told: boolean;
  held: Map<unknown, Held>;
  timer: Timer | undefined;
}

/** Intervals that are remembered; beyond, the oldest that hold nobody are forgotten. */
const intervalsMax = 100_000;

/** See the module. */
export class Pace {
  readonly #clock: Clock;
  readonly #log: MailLog;
  readonly #intervals = new Map<string, Interval>();

  constructor({ clock, log }: { clock: Clock; log: MailLog }) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Recipients that may be offered now. */
  left(key: string, rule: PaceRule): number {
    if (rule.max_recipients === 0) return Infinity;
    return Math.max(rule.max_recipients - (this.#current(key, rule)?.used ?? 0), 0);
  }

  /** Takes up to `wanted`; how many were there. */
  take(key: string, { rule, wanted }: { rule: PaceRule; wanted: number }): number {
    if (rule.max_recipients === 0) return wanted;
    const granted = Math.min(this.left(key, rule), wanted);
    if (granted > 0) (this.#current(key, rule) ?? this.#begin(key)).used += granted;
    return granted;
  }

  /** They were not offered after all. */
  giveBack(key: string, count: number): void {
    const interval = this.#intervals.get(key);
    if (interval !== undefined) interval.used = Math.max(interval.used - count, 0);
  }

  /** Milliseconds until the interval is over; 0: none runs. */
  rest(key: string, rule: PaceRule): number {
    const interval = this.#current(key, rule);
    return interval === undefined ? 0 : interval.since + rule.recipients_interval - this.#clock.monotonic();
  }

  /** Somebody waits until the interval is over. */
  hold(key: string, { rule, held }: { rule: PaceRule; held: Held }): void {
    const interval = this.#current(key, rule) ?? this.#begin(key);
    const before = interval.held.get(held.who)?.messages ?? 0;
    interval.held.set(held.who, { ...held, messages: before + held.messages });
    interval.timer ??= this.#clock.after(Math.max(this.rest(key, rule), 1), () => this.#end(key, interval));
  }

  /** Tells the log, once in an interval, that mail waits. `address`: where the limit counts for one. */
  tell(
    key: string,
    { rule, messages, ...whom }: { rule: PaceRule; messages: number; domain: string; address?: string },
  ): void {
    const interval = this.#intervals.get(key);
    if (interval === undefined || interval.told) return;
    interval.told = true;
    const { max_recipients: recipients, recipients_interval } = rule;
    const ms = Math.ceil(this.rest(key, rule));
    this.#log.info({ event: "recipients_held", ...whom, recipients, interval: recipients_interval, messages, ms });
  }

  /** Ends all waits; nobody is told. */
  stop(): void {
    for (const { timer } of this.#intervals.values()) timer?.cancel();
    this.#intervals.clear();
  }

  #current(key: string, rule: PaceRule): Interval | undefined {
    const interval = this.#intervals.get(key);
    if (interval === undefined || this.#clock.monotonic() - interval.since < rule.recipients_interval) return interval;
    this.#end(key, interval);
    return undefined;
  }

  #begin(key: string): Interval {
    if (this.#intervals.size >= intervalsMax) this.#forgetOldest();
    const interval = { since: this.#clock.monotonic(), used: 0, told: false, held: new Map(), timer: undefined };
    this.#intervals.set(key, interval);
    return interval;
  }

  #end(key: string, interval: Interval): void {
    interval.timer?.cancel();
    if (this.#intervals.get(key) === interval) this.#intervals.delete(key);
    const { held } = interval;
    interval.held = new Map();
    for (const { resume, messages } of held.values()) resume(messages);
  }

  /** A tenth at once, so that a crowd of new ones does not look for each. */
  #forgetOldest(): void {
    let left = intervalsMax / 10;
    for (const [key, { held }] of this.#intervals) {
      if (held.size > 0) continue;
      this.#intervals.delete(key);
      if (--left === 0) return;
    }
  }
}
