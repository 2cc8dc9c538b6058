/**
 * Room: whether one more message may be taken.
 *
 * The file system is asked once a second at most, in the background, so the answer is up to a second old; the database's own
 * "disk is full" stands behind it.
 *
 * @module
 */
import { statfs } from "node:fs";
import type { Clock } from "../base/clock.ts";
import { limits } from "../base/limits.ts";

const askMs = 1000;

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
