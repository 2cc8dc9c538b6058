/**
 * The reserve: a file that keeps room for the day when the disk is full, and is given up then.
 *
 * Even to write down what has left the queue, the database's log has to grow first. On a disk that is full to the last octet that fails, so a
 * queue that filled it, which `min_free_disk: 0` allows, would never get smaller again; and where another program filled it, everything
 * delivered meanwhile would go out twice after a crash. A least value of `min_free_disk` would help against neither another
 * program nor a burst between two looks at the disk. What the reserve gives back is for the queue's own records: until it can
 * be made again no new mail is taken.
 *
 * @module
 */
import type { Random } from "../base/random.ts";

/**
 * The database's file grows by what its log holds when that is emptied into it: 8 MiB, when an emptying falls due, and one transaction.
 * The rest is for what has left the queue meanwhile.
 */
const octetsMax = 16 * 1024 * 1024;
/** On a small file system it is this part of it. */
const share = 1 / 8;
const pieceOctets = 65_536;

/** See the module. */
export class Reserve {
  readonly #path: string;
  readonly #random: Random;
  #octets = octetsMax;
  #state: "unknown" | "missing" | "present" = "unknown";
  #making: Promise<void> | undefined;
  #wanted = false;

  constructor(path: string, random: Random) {
    this.#path = path;
    this.#random = random;
  }

  /** Octets that must stay free until it is made: twice its own, so that what it gave back is not taken for mail. */
  get missing(): number {
    return this.#state === "present" ? 0 : 2 * this.#octets;
  }

  /** What is known of the file system: `octets` in all. */
  measure(octets: number): void {
    this.#octets = Math.min(octetsMax, Math.floor(octets * share));
    if (this.#state !== "unknown") return;
    this.#state = sizeOf(this.#path) >= this.#octets ? "present" : "missing";
  }

  /** Gives its room back, at once. */
  give(): void {
    this.#wanted = false;
    this.#state = "missing";
    try {
      Deno.removeSync(this.#path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      // Some file systems need room to remove a file, but none to cut it.
      try {
        Deno.truncateSync(this.#path);
      } catch {
        // Then nothing can be had here.
      }
    }
  }

  /** Makes it in the background where `free` octets, beyond what must stay so, are enough. */
  keep(free: number): void {
    if (this.#state !== "missing" || this.#making !== undefined || free < this.missing) return;
    this.#wanted = true;
    this.#making = this.#make().finally(() => this.#making = undefined);
  }

  /** Resolves when nothing is being made. What is half made goes. */
  async close(): Promise<void> {
    this.#wanted = false;
    await this.#making;
  }

  async #make(): Promise<void> {
    try {
      using file = await Deno.open(this.#path, { write: true, create: true, truncate: true, mode: 0o600 });
      // Not zeros: a file system that compresses would keep no room for them.
      const piece = this.#random.bytes(pieceOctets);
      for (let left = this.#octets; left > 0 && this.#wanted;) {
        left -= await file.write(left < piece.length ? piece.subarray(0, left) : piece);
      }
      await file.sync();
      if (this.#wanted) this.#state = "present";
      else this.give();
    } catch {
      // No room after all: it is tried again when there is.
      this.give();
    }
  }
}

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return -1;
  }
}
