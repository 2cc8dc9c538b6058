/**
 * Room: whether one more message may be taken.
 *
 * The file system is asked ten times a second at most, in the background, and only while somebody wants to know. Once a second was too
 * seldom: a fast disk takes hundreds of megabytes in that time, and a database that meets the very end of its disk cannot even
 * write down what has left. The database's own "disk is full" stands behind it, and the {@linkcode Reserve} behind that.
 *
 * @module
 */
import { statfs } from "node:fs";
import type { Clock } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import { Reserve } from "./reserve.ts";

const askMs = 100;

/** The free space of one file system. */
export class FreeSpace {
  readonly #reserve: Reserve;
  readonly #directory: string;
  readonly #clock: Clock;
  #askedAt = -Infinity;
  #asking: Promise<void> | undefined;
  #octets = Infinity;
  #inodes = Infinity;

  constructor(directory: string, { clock, random }: { clock: Clock; random: Random }) {
    this.#reserve = new Reserve(`${directory}/reserve`, random);
    this.#directory = directory;
    this.#clock = clock;
  }

  /** What is free for mail, as far as the last answer says; Infinity where there was none. Below 0: the reserve is not whole. */
  get free(): { octets: number; inodes: number } {
    this.#ask();
    return { octets: this.#octets - this.#reserve.missing, inodes: this.#inodes };
  }

  /** Why there is no room for another message, where `octets` must stay free; else nothing. */
  shortage(octets: number): string | undefined {
    this.#ask();
    const needed = octets + this.#reserve.missing;
    if (this.#octets < needed) {
      return `${Math.floor(this.#octets / 1048576)} MiB are free, ${Math.ceil(needed / 1048576)} MiB must stay free`;
    }
    if (this.#inodes < limits.freeInodesMin) return `${this.#inodes} inodes are free`;
    return undefined;
  }

  /** Gives the reserve up: the disk is full, whatever was seen last. */
  giveReserve(): void {
    this.#octets = 0;
    this.#reserve.give();
  }

  /** Makes the reserve again where there is room for it beside the `octets` that must stay free. */
  keepReserve(octets: number): void {
    this.#ask();
    this.#reserve.keep(this.#octets - octets);
  }

  /** Nothing is under way any more. */
  async close(): Promise<void> {
    await this.#asking;
    await this.#reserve.close();
  }

  /** Asks and waits for the answer; one question at a time. */
  refresh(): Promise<void> {
    return this.#asking ??= new Promise((resolve) => {
      statfs(this.#directory, (error, facts) => {
        if (error === null) {
          this.#octets = facts.bavail * facts.bsize;
          this.#reserve.measure(facts.blocks * facts.bsize);
          // File systems without a fixed number of inodes say 0 of 0.
          this.#inodes = facts.files === 0 ? Infinity : facts.ffree;
        }
        this.#asking = undefined;
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
