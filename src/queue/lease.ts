/**
 * A lease: a message's recipients in one destination, with its text.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import type { Octets } from "../base/octets.ts";
import type { Envelope, Recipient } from "../mail/envelope.ts";
import type { Lease, Unread } from "./spool.ts";

/** Where a lease's text comes from. */
export interface TextSource {
  octets: number;
  /** The text where it is in memory, or small enough to be read at once; else `undefined`. */
  held(): Octets | undefined;
  /** The text of a file, in chunks. */
  chunks(): AsyncIterable<Octets>;
  /** It is a file. */
  filed: boolean;
  /** Another thread could not read it. */
  unread(trouble: Unread): void;
}

/** What a {@linkcode MessageLease} is made of. */
export interface LeaseParts {
  id: number;
  envelope: Omit<Envelope, "recipients">;
  recipients: Recipient[];
  destination: string;
  attempts: number;
}

/** See {@linkcode Lease}. A small text that is not in memory is read when it is asked for, and not kept. */
export class MessageLease implements Lease {
  readonly id: number;
  readonly envelope: Omit<Envelope, "recipients">;
  readonly recipients: Recipient[];
  readonly destination: string;
  readonly attempts: number;
  readonly #source: TextSource;

  constructor(parts: LeaseParts, source: TextSource) {
    this.id = parts.id;
    this.envelope = parts.envelope;
    this.recipients = parts.recipients;
    this.destination = parts.destination;
    this.attempts = parts.attempts;
    this.#source = source;
  }

  get octets(): number {
    return this.#source.octets;
  }

  get held(): Octets | undefined {
    return this.#source.held();
  }

  get filed(): boolean {
    return this.#source.filed;
  }

  unread(trouble: Unread): void {
    this.#source.unread(trouble);
  }

  async *text(): AsyncIterable<Octets> {
    const held = this.#source.held();
    if (held === undefined) {
      yield* this.#source.chunks();
      return;
    }
    for (let at = 0; at < held.length; at += limits.chunkOctets) yield held.subarray(at, at + limits.chunkOctets);
  }
}
