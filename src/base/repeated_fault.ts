/**
 * A fault that may strike a thousand times a second, told once: a line when it begins, one a minute at most while it lasts, with a
 * count, and one when it is gone.
 *
 * It is gone when something worked and nothing failed for {@linkcode quietMs}, so that a fault that strikes every other time is one
 * fault; or when nothing failed for {@linkcode forgottenMs}, since nobody may try any more.
 *
 * @module
 */
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";

/** How long it must be quiet before it is gone. */
export const quietMs = 10_000;
/** When a fault is gone that nothing has tried since. */
export const forgottenMs = 60_000;
/** The least time between two lines while it lasts. */
const repeatMs = 60_000;

/** The one event that this module and its neighbour write: a note about the gateway itself. */
export interface Note {
  event: "note";
  text: string;
  reason?: string;
}

/** See the module. */
export class RepeatedFault {
  readonly #clock: Clock;
  readonly #log: Log<Note>;
  readonly #gone: string;
  readonly #level: "critical" | "warning";
  #reason = "";
  /** Monotonic milliseconds; undefined: there is no fault. */
  #since: number | undefined;
  #saidAt = 0;
  #failedAt = 0;
  #workedAt = -Infinity;
  #count = 0;
  #unsaid = 0;

  /** `gone`: what to say when it is over, as `Messages are stored again`. `level`: of the lines before; Critical where mail suffers. */
  constructor(
    { clock, log, gone, level = "critical" }: {
      clock: Clock;
      log: Log<Note>;
      gone: string;
      level?: "critical" | "warning";
    },
  ) {
    this.#level = level;
    this.#clock = clock;
    this.#log = log;
    this.#gone = gone;
  }

  /** Since when (monotonic), and how often it struck; `undefined`: there is no fault. */
  get state(): { since: number; count: number } | undefined {
    return this.#since === undefined ? undefined : { since: this.#since, count: this.#count };
  }

  /** It struck. The first text is logged as it is. */
  failed(text: string, reason: string): void {
    const now = this.#clock.monotonic();
    this.check();
    this.#failedAt = now;
    this.#count++;
    if (this.#since !== undefined && now - this.#saidAt < repeatMs) {
      this.#unsaid++;
      return;
    }
    const more = this.#unsaid === 0 ? "" : `; ${this.#unsaid} more since the last such line`;
    if (this.#since === undefined) this.#since = now;
    this.#reason = reason;
    this.#saidAt = now;
    this.#unsaid = 0;
    this.#log[this.#level]({ event: "note", text: text + more, reason });
  }

  /** It did not strike. Costs a comparison where there is no fault. */
  worked(): void {
    if (this.#since === undefined) return;
    this.#workedAt = this.#clock.monotonic();
    this.check();
  }

  /** Tells the end, where it has come; to be called now and then. */
  check(): void {
    if (this.#since === undefined) return;
    const now = this.#clock.monotonic();
    const quiet = now - this.#failedAt;
    if (quiet < quietMs || this.#workedAt <= this.#failedAt && quiet < forgottenMs) return;
    const seconds = Math.round((this.#failedAt - this.#since) / 1000);
    const text = `${this.#gone}: ${this.#count} ${this.#count === 1 ? "failure" : "failures"} within ${seconds} s`;
    this.#since = undefined;
    this.#count = 0;
    this.#unsaid = 0;
    this.#log.warning({ event: "note", text, reason: `${this.#reason}_over` });
  }
}
