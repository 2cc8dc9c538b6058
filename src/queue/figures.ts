/**
 * What the queue holds, in figures: for monitoring.
 *
 * Asked now and then, never on a message's way. Each question costs a bounded number of rows.
 *
 * @module
 */
import type { Parts } from "./parts.ts";

/** What waits for one destination, leased messages included. */
export interface DestinationFigures {
  destination: string;
  messages: number;
  /** Beyond {@linkcode countedRowsMax} messages, reckoned from those. */
  recipients: number;
}

/** Messages of one destination whose recipients are counted one by one. */
const countedRowsMax = 1_000;

/** See the module. */
export class QueueFigures {
  readonly #parts: () => Pick<Parts, "agenda" | "store">;

  constructor(parts: () => Pick<Parts, "agenda" | "store">) {
    this.#parts = parts;
  }

  /** Destinations with messages. */
  get destinations(): number {
    return this.#parts().agenda.size;
  }

  /** When the message with the lowest number came, wall milliseconds; `undefined`: there is none, or it cannot be read. */
  oldest(): number | undefined {
    try {
      return this.#parts().store().oldest();
    } catch {
      // Whatever the trouble is, the next message tells it.
      return undefined;
    }
  }

  /** One destination; zeros where nothing waits. */
  of(destination: string): DestinationFigures {
    const { agenda, store } = this.#parts();
    const messages = agenda.count(destination);
    let recipients = messages;
    try {
      if (messages > 0) recipients = store().recipients(destination, countedRowsMax);
    } catch {
      // One for each message is the least.
    }
    const counted = Math.min(messages, countedRowsMax);
    return {
      destination,
      messages,
      recipients: messages > counted ? Math.round(recipients * messages / counted) : recipients,
    };
  }

  /** Those with the most messages, `count` at the most. */
  top(count: number): DestinationFigures[] {
    const all = [...this.#parts().agenda.sizes()].sort(([, a], [, b]) => b - a);
    return all.slice(0, count).map(([destination]) => this.of(destination));
  }
}
