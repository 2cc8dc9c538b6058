/**
 * What the queue holds, in figures: for monitoring.
 *
 * Asked now and then, never on a message's way. Each question costs a bounded number of rows.
 *
 * @module
 */
import { destinationParts } from "../mail/destination.ts";
import type { Parts } from "./parts.ts";

/** What waits for one domain, leased messages included, whatever it demands of TLS and wherever it was redirected. */
export interface DestinationFigures {
  /** The domain. */
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

  /** Names of the queue with messages: a domain's plain mail, and each demand or redirection of it. */
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

  /** One domain; zeros where nothing waits. */
  of(domain: string): DestinationFigures {
    const { agenda } = this.#parts();
    const names = [...agenda.sizes()].map(([name]) => name).filter((name) => destinationParts(name).domain === domain);
    return this.#sum(domain, names);
  }

  /** Those with the most messages, `count` at the most. */
  top(count: number): DestinationFigures[] {
    const domains = new Map<string, { names: string[]; messages: number }>();
    for (const [name, messages] of this.#parts().agenda.sizes()) {
      const { domain } = destinationParts(name);
      const known = domains.get(domain);
      if (known === undefined) domains.set(domain, { names: [name], messages });
      else {
        known.names.push(name);
        known.messages += messages;
      }
    }
    const most = [...domains].sort(([, a], [, b]) => b.messages - a.messages).slice(0, count);
    return most.map(([domain, { names }]) => this.#sum(domain, names));
  }

  #sum(destination: string, names: readonly string[]): DestinationFigures {
    const sum = { destination, messages: 0, recipients: 0 };
    for (const name of names) {
      const { messages, recipients } = this.#one(name);
      sum.messages += messages;
      sum.recipients += recipients;
    }
    return sum;
  }

  /** One name of the queue. */
  #one(name: string): { messages: number; recipients: number } {
    const { agenda, store } = this.#parts();
    const messages = agenda.count(name);
    let recipients = messages;
    try {
      if (messages > 0) recipients = store().recipients(name, countedRowsMax);
    } catch {
      // One for each message is the least.
    }
    const counted = Math.min(messages, countedRowsMax);
    return { messages, recipients: messages > counted ? Math.round(recipients * messages / counted) : recipients };
  }
}
