/**
 * The three things that are written: a message comes in, an attempt is settled, a lease is postponed.
 *
 * Each is one {@linkcode Change}: its rows go in one transaction, so a report and the end of what it reports are never apart.
 *
 * @module
 */
import type { Octets } from "../base/octets.ts";
import { causeOf } from "../base/text.ts";
import { destinationName } from "../mail/destination.ts";
import { domainOf, type Envelope, type Recipient } from "../mail/envelope.ts";
import type { Item } from "./agenda.ts";
import type { Change } from "./committer.ts";
import { SpoolFullError } from "./spool.ts";
import type { Store } from "./store.ts";
import type { StoreTrouble } from "./trouble.ts";
import { trailMax } from "./trail.ts";

/** A message that is to be stored. Times are the queue's. */
export interface NewMessage {
  envelope: Envelope;
  octets: number;
  text: Octets | null;
  due: number;
  /** Recipients by destination. */
  destinations: Map<string, Recipient[]>;
}

/** The recipients of a message by destination, in their order. */
export function byDestination({ recipients, tls }: Pick<Envelope, "recipients" | "tls">): Map<string, Recipient[]> {
  const nameOf = ({ address }: Recipient) => destinationName(domainOf(address), tls);
  if (recipients.length === 1) return new Map([[nameOf(recipients[0]), recipients]]);
  return Map.groupBy(recipients, nameOf);
}

/** Writes a new message's rows. */
export function writeMessage(store: Store, message: NewMessage): void {
  const { envelope, octets, text, due, destinations } = message;
  store.addMessage(envelope, { octets, text });
  for (const [destination, recipients] of destinations) {
    store.addDelivery(envelope.mid, { destination, due, recipients });
  }
}

/** A message comes in. */
export class PutChange implements Change {
  readonly promise: Promise<void>;
  readonly #message: NewMessage;
  readonly #ended: (stored: NewMessage | undefined) => void;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;

  get octets(): number {
    return this.#message.text?.length ?? 0;
  }

  /** `ended` gets the message where it was stored. */
  constructor(message: NewMessage, ended: (stored: NewMessage | undefined) => void) {
    this.#message = message;
    this.#ended = ended;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  write(store: Store): void {
    writeMessage(store, this.#message);
  }

  committed(): void {
    this.#ended(this.#message);
    this.#resolve();
  }

  failed(error: unknown, trouble: StoreTrouble): boolean {
    this.#ended(undefined);
    const text = `Cannot store MID ${this.#message.envelope.mid}: ${causeOf(error)}`;
    this.#reject(trouble === "full" ? new SpoolFullError(text, { cause: error }) : new Error(text, { cause: error }));
    return false;
  }

  revoke(store: Store): void {
    store.finishAll(this.#message.envelope.mid);
  }
}

/** The next attempt for recipients that wait. Times are the queue's. */
export interface NextAttempt {
  due: number;
  attempts: number;
  tried: number;
  reason: string;
  /** The reason in a word. */
  word: string;
  recipients: readonly Recipient[];
}

/** An attempt is settled. It is tried until it is written: what was delivered stays delivered. */
export class SettleChange implements Change {
  readonly #item: Item;
  readonly #next: NextAttempt | undefined;
  readonly #report: NewMessage | undefined;
  readonly #trail: string | undefined;
  readonly #done: () => void;

  get octets(): number {
    return this.#report?.text?.length ?? 0;
  }

  constructor(item: Item, what: { next?: NextAttempt; report?: NewMessage; trail?: string; done: () => void }) {
    this.#item = item;
    this.#next = what.next;
    this.#report = what.report;
    this.#trail = what.trail;
    this.#done = what.done;
  }

  write(store: Store): void {
    const { mid, destination: { name: destination } } = this.#item;
    if (this.#next === undefined) store.finish(mid, destination);
    else store.retry({ mid, destination }, this.#next);
    if (this.#trail !== undefined) store.addTrail(mid, this.#trail, trailMax);
    if (this.#report !== undefined) writeMessage(store, this.#report);
  }

  committed(): void {
    this.#done();
  }

  failed(): boolean {
    return true;
  }
}

/** A lease comes back, to be tried not before `due`; no attempt was made. */
export class PostponeChange implements Change {
  readonly octets = 0;
  readonly #item: Item;
  readonly #due: number;
  readonly #done: () => void;

  constructor(item: Item, due: number, done: () => void) {
    this.#item = item;
    this.#due = due;
    this.#done = done;
  }

  write(store: Store): void {
    store.postpone({ mid: this.#item.mid, destination: this.#item.destination.name }, this.#due);
  }

  committed(): void {
    this.#done();
  }

  failed(): boolean {
    return true;
  }
}
