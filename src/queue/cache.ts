/**
 * Messages in memory: those that just came in, so that their immediate delivery reads nothing back, and those that are leased.
 *
 * What is kept for new messages is bounded; the oldest go first, and are then read from the database when their turn comes.
 *
 * @module
 */
import type { Octets } from "../base/octets.ts";
import type { Envelope, Recipient } from "../mail/envelope.ts";

/** Texts of new messages that are kept. */
const textOctetsMax = 64 * 1024 * 1024;
/** New messages that are kept. */
const freshMax = 20_000;

/** A message in memory. */
export interface Loaded {
  envelope: Omit<Envelope, "recipients">;
  octets: number;
  place: "row" | "file";
  /** The text, where it is kept. */
  text: Octets | undefined;
  /** Destinations that are not served yet, by what is decided, written or not. */
  open: number;
  /** Recipients by destination, where nothing was tried yet. */
  untried: Map<string, Recipient[]> | undefined;
  /** Leases that are out, or settled and not yet written. */
  refs: number;
}

/** See the module. */
export class MessageCache {
  readonly #messages = new Map<number, Loaded>();
  readonly #fresh = new Set<number>();
  #textOctets = 0;

  get(mid: number): Loaded | undefined {
    return this.#messages.get(mid);
  }

  /** A message that was just committed. */
  addFresh(mid: number, message: Loaded): void {
    this.#messages.set(mid, message);
    this.#fresh.add(mid);
    this.#textOctets += message.text?.length ?? 0;
    while (this.#textOctets > textOctetsMax || this.#fresh.size > freshMax) {
      const oldest = this.#fresh.values().next().value;
      if (oldest === undefined) return;
      this.#forgetFresh(oldest, this.#messages.get(oldest)!);
    }
  }

  /** A message that was read to be leased. */
  addLeased(mid: number, message: Loaded): void {
    this.#messages.set(mid, message);
  }

  /** A lease ended and is written, or was given back. */
  release(mid: number): void {
    const message = this.#messages.get(mid);
    if (message === undefined) return;
    message.refs--;
    if (message.open <= 0 && this.#fresh.has(mid)) this.#forgetFresh(mid, message);
    else if (message.refs <= 0 && !this.#fresh.has(mid)) this.#messages.delete(mid);
  }

  /** A lease still has its text; once it is released nothing is kept. */
  #forgetFresh(mid: number, message: Loaded): void {
    this.#fresh.delete(mid);
    this.#textOctets -= message.text?.length ?? 0;
    if (message.refs <= 0) this.#messages.delete(mid);
  }
}
