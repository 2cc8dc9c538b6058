/**
 * Read buffers. A session that waits for a command holds a small one; the large ones, for text, are shared, so that a thousand
 * idle sessions cost little and a message costs few reads.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import type { Octets } from "../base/octets.ts";

/** Octets of a buffer for commands, of which each idle session holds one: a longer batch comes in several reads. */
const commandOctets = 1_024;
/** Free buffers that are kept. */
const keptMax = 64;

/** Buffers of one size, lent. */
export class BufferPool {
  readonly #octets: number;
  readonly #free: Octets[] = [];

  constructor(octets: number) {
    this.#octets = octets;
  }

  /** A buffer with anything in it. */
  take(): Octets {
    return this.#free.pop() ?? new Uint8Array(this.#octets);
  }

  /** Takes one back; nobody may use it any more. */
  give(buffer: Octets): void {
    if (this.#free.length < keptMax) this.#free.push(buffer);
  }
}

/** The pools of the inbound side: one buffer for each session that waits for a command, a large one while text comes. */
export interface Buffers {
  commands: BufferPool;
  text: BufferPool;
}

/** Empty pools. */
export function makeBuffers(): Buffers {
  return { commands: new BufferPool(commandOctets), text: new BufferPool(limits.chunkOctets) };
}
