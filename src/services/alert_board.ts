/**
 * What alerts there were since the start, for whoever looks: alerts of one kind about one thing in one row, told by mail or not.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Alert } from "../mail/alert.ts";

/** Rows that are kept; those that are quiet longest go. */
export const rowsMax = 500;

/** Alerts of one kind about one thing. Times are wall milliseconds. Texts may quote peers. */
export interface BoardRow
  extends Pick<Alert, "kind" | "about" | "severity" | "classes" | "title" | "text" | "advice" | "words"> {
  first: number;
  last: number;
  count: number;
}

/** See the module. */
export class AlertBoard {
  readonly #clock: Clock;
  /** The one that is quiet longest first. */
  readonly #rows = new Map<string, BoardRow>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The last alert first. */
  get rows(): BoardRow[] {
    return [...this.#rows.values()].reverse();
  }

  /** Notes an alert. */
  note({ kind, about, severity, classes, title, text, advice, words }: Alert): void {
    const key = `${kind} ${about}`;
    const now = this.#clock.now();
    const { first, count } = this.#rows.get(key) ?? { first: now, count: 0 };
    this.#rows.delete(key);
    const row = { kind, about, severity, classes, title, text, advice, words };
    this.#rows.set(key, { ...row, first, last: now, count: count + 1 });
    for (const oldest of this.#rows.keys()) {
      if (this.#rows.size <= rowsMax) break;
      this.#rows.delete(oldest);
    }
  }
}
