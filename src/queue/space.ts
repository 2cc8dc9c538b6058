/**
 * Room: whether one more message may be taken.
 *
 * The file system is asked ten times a second at most, in the background, and only while somebody wants to know. Once a second was too
 * seldom: a fast disk takes hundreds of megabytes in that time, and a database that meets the very end of its disk cannot even
 * write down what has left. The database's own "disk is full" stands behind it.
 *
 * @module
 */
import { statfs } from "node:fs";
import type { Clock } from "../base/clock.ts";
import { limits } from "../base/limits.ts";

const askMs = 100;

/** The free space of one file system. */
export class FreeSpace {
  readonly #directory: string;
  readonly #clock: Clock;
  #askedAt = -Infinity;
  #octets = Infinity;
  #inodes = Infinity;

  constructor(directory: string, clock: Clock) {
    this.#directory = directory;
    this.#clock = clock;
  }

  /** What is free, as far as the last answer says; Infinity where there was none. */
  get free(): { octets: number; inodes: number } {
    this.#ask();
    return { octets: this.#octets, inodes: this.#inodes };
  }

  /** Why there is no room for another message, where `octets` must stay free; else nothing. */
  shortage(octets: number): string | undefined {
    this.#ask();
    if (this.#octets < octets) {
      return `${Math.floor(this.#octets / 1048576)} MiB are free, ${Math.ceil(octets / 1048576)} MiB must stay free`;
    }
    if (this.#inodes < limits.freeInodesMin) return `${this.#inodes} inodes are free`;
    return undefined;
  }

  /** Asks and waits for the answer. */
  refresh(): Promise<void> {
    return new Promise((resolve) => {
      statfs(this.#directory, (error, facts) => {
        if (error === null) {
          this.#octets = facts.bavail * facts.bsize;
          // File systems without a fixed number of inodes say 0 of 0.
          this.#inodes = facts.files === 0 ? Infinity : facts.ffree;
        }
        resolve();
      });
    });
  }

  #ask(): void {
    const now = this.#clock.monotonic();
    if (now - this.#askedAt < askMs) return;
    this.#askedAt = now;
    void this.refresh();
  }
}
