/**
 * Buffers that are borrowed for one read or write.
 *
 * A thousand idle sessions hold none; a busy one does not allocate. A buffer given back is not cleared: it held cipher text.
 *
 * @module
 */
import type { Octets } from "../base/octets.ts";

/** Buffers of one size. */
export class BufferPool {
  readonly #octets: number;
  readonly #keptMax: number;
  readonly #free: Octets[] = [];

  /** At most `keptMax` free buffers are kept for later. */
  constructor({ octets, keptMax }: { octets: number; keptMax: number }) {
    this.#octets = octets;
    this.#keptMax = keptMax;
  }

  /** A buffer, with whatever it held before. */
  take(): Octets {
    return this.#free.pop() ?? new Uint8Array(this.#octets);
  }

  /** Gives a buffer back. Nobody may use it any more. */
  give(buffer: Octets): void {
    if (this.#free.length < this.#keptMax) this.#free.push(buffer);
  }
}
