/**
 * The queue as other threads use it: they count its numbers and seal texts themselves, in memory or as files in its folder.
 *
 * @module
 */
import type { Envelope } from "../mail/envelope.ts";
import type { SealedText } from "./bodies.ts";
import type { Parts } from "./parts.ts";

/** See the module. */
export class FarQueue {
  readonly #parts: Parts;
  readonly #take: (envelope: Envelope, sealed: SealedText) => Promise<void>;

  constructor(parts: Parts, take: (envelope: Envelope, sealed: SealedText) => Promise<void>) {
    this.#parts = parts;
    this.#take = take;
  }

  /** Where long texts are. */
  get bodies(): string {
    return this.#parts.bodies.directory;
  }

  /** For `SharedIds`. */
  get ids(): SharedArrayBuffer {
    return this.#parts.counters.shared;
  }

  /** Numbers were given out elsewhere. */
  counted(): void {
    this.#parts.counters.counted();
  }

  /** As `Spool.put`. The file of a text, where it is one, is the queue's from now on. */
  take(envelope: Envelope, sealed: SealedText): Promise<void> {
    return this.#take(envelope, sealed);
  }

  /** Removes the files of texts that nobody will hand over. */
  forget(mids: Iterable<number>): void {
    for (const mid of mids) this.#parts.bodies.remove(mid);
  }
}
