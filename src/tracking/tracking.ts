/**
 * Searches of the mail log beside a gateway that runs.
 *
 * Reading a gigabyte takes seconds of a core, so a search has a thread of its own.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import { Thread, ThreadBusyError } from "../base/thread.ts";
import type { Found, Trail, Wanted } from "./find.ts";
import type { LogLine } from "./line.ts";
import { tailOf, type TailWish } from "./tail.ts";

/** What the thread is asked. `ms`: a search that takes longer ends with what it has. */
export type TrackingOrder = { directory: string; ms: number } & ({ find: Wanted; limit: number } | { trail: number });

/** What it answers. */
export interface TrackingAnswer {
  found?: Found;
  trail?: Trail;
}

export { ThreadBusyError as TrackingBusyError };

/** See the module. */
export class Tracking {
  readonly #directory: string;
  readonly #thread: Thread<TrackingOrder, TrackingAnswer>;

  /** `directory`: of `mail.log`. */
  constructor({ clock, directory }: { clock: Clock; directory: string }) {
    this.#directory = directory;
    this.#thread = new Thread({
      clock,
      start: () => new Worker(new URL("./tracking_worker.ts", import.meta.url), { type: "module" }),
      task: "search the mail log",
      ms: 2 * limits.trackingMs,
      waitingMax: limits.trackingWaitingMax,
    });
  }

  /** Finds messages, the youngest first. Rejects with {@linkcode TrackingBusyError}. */
  async find(wanted: Wanted, limit: number): Promise<Found> {
    const { found } = await this.#thread.ask({ ...this.#place, find: wanted, limit });
    return found ?? { messages: [], more: false };
  }

  /** The way of a message. Rejects with {@linkcode TrackingBusyError}. */
  async trail(mid: number): Promise<Trail | undefined> {
    return (await this.#thread.ask({ ...this.#place, trail: mid })).trail;
  }

  /** The last lines of the log, which are read here: they are few. */
  async tail(wish: TailWish): Promise<LogLine[]> {
    return await tailOf(this.#directory, wish);
  }

  get #place(): { directory: string; ms: number } {
    return { directory: this.#directory, ms: limits.trackingMs };
  }
}
