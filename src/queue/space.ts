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
import { causeOf } from "../base/text.ts";
import type { MailLog } from "../mail/events.ts";
import { note } from "./parts.ts";
import { Reserve } from "./reserve.ts";

const askMs = 100;

/** The free space of one file system. */
export class FreeSpace {
  readonly #reserve: Reserve;
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #log: MailLog;
  #askedAt = -Infinity;
  #asking: Promise<void> | undefined;
  #octets = Infinity;
  #inodes = Infinity;
  #answers = true;

  constructor(directory: string, { clock, random, log }: { clock: Clock; random: Random; log: MailLog }) {
    this.#reserve = new Reserve(`${directory}/reserve`, random);
    this.#directory = directory;
    this.#clock = clock;
    this.#log = log;
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

  /** Asks and waits for the answer; one question at a time, and none that was asked before. */
  async refresh(): Promise<void> {
    while (this.#asking !== undefined) await this.#asking;
    await (this.#asking = this.#answer());
  }

  #answer(): Promise<void> {
    return new Promise((resolve) => {
      statfs(this.#directory, (error, facts) => {
        this.#tell(error);
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
    if (now - this.#askedAt < askMs || this.#asking !== undefined) return;
    this.#askedAt = now;
    this.#asking = this.#answer();
  }

  /** A disk that does not say is taken for endless, which an owner has to know. */
  #tell(error: Error | null): void {
    const answers = error === null;
    if (answers === this.#answers) return;
    this.#answers = answers;
    const text = "how much of the disk is free";
    if (answers) note(this.#log, "warning", `It is known again ${text}`);
    else note(this.#log, "critical", `Cannot tell ${text}, so min_free_disk has no effect: ${causeOf(error)}`);
  }
}
