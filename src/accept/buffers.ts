/**
 * Read buffers. A session that waits for a command holds a small one; the large ones, for text, are shared, so that a thousand
 * idle sessions cost little and a message costs few reads.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import type { Octets } from "../base/octets.ts";

/** Octets of a session's own buffer. */
export const commandBufferOctets = 4_096;
/** Free buffers that are kept. */
const keptMax = 64;

/** Large buffers, lent. */
export class BufferPool {
  readonly #free: Octets[] = [];

  /** A buffer of {@linkcode limits.chunkOctets}, with anything in it. */
  take(): Octets {
    return this.#free.pop() ?? new Uint8Array(limits.chunkOctets);
  }

  /** Takes one back; nobody may use it any more. */
  give(buffer: Octets): void {
    if (this.#free.length < keptMax) this.#free.push(buffer);
  }
}
