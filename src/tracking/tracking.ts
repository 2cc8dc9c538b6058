/**
 * Searches of the mail log beside a gateway that runs.
 *
 * Reading a gigabyte takes seconds of a core, so a search has a thread of its own, which ends with it. One runs at a time; a few wait.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import type { Found, Trail, Wanted } from "./find.ts";

/** What the thread is asked. */
export type TrackingOrder =
  & { directory: string; ms: number }
  & ({ find: Wanted; limit: number } | { trail: number });

/** What it answers. */
export type TrackingAnswer = { found: Found } | { trail: Trail | undefined } | { error: string };

/** Too many searches wait. */
export class TrackingBusyError extends Error {
  override name = "TrackingBusyError";
}

/** See the module. */
export class Tracking {
  readonly #clock: Clock;
  readonly #directory: string;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** `directory`: of `mail.log`. */
  constructor({ clock, directory }: { clock: Clock; directory: string }) {
    this.#clock = clock;
    this.#directory = directory;
  }

  /** Finds messages, the youngest first. Rejects with {@linkcode TrackingBusyError}. */
  async find(wanted: Wanted, limit: number): Promise<Found> {
    const answer = await this.#ask({ find: wanted, limit });
    if ("found" in answer) return answer.found;
    throw new Error("Cannot search the mail log: the answer is of another kind");
  }

  /** The way of a message. Rejects with {@linkcode TrackingBusyError}. */
  async trail(mid: number): Promise<Trail | undefined> {
    const answer = await this.#ask({ trail: mid });
    if ("trail" in answer) return answer.trail;
    throw new Error("Cannot search the mail log: the answer is of another kind");
  }

  async #ask(order: { find: Wanted; limit: number } | { trail: number }): Promise<TrackingAnswer> {
    if (this.#waiting >= limits.trackingWaitingMax) {
      throw new TrackingBusyError("Cannot search the mail log: too many searches wait");
    }
    this.#waiting++;
    const before = this.#last;
    const mine = before.catch(() => {}).then(() =>
      this.#run({ ...order, directory: this.#directory, ms: limits.trackingMs })
    );
    this.#last = mine.catch(() => {});
    try {
      const answer = await mine;
      if ("error" in answer) throw new Error(answer.error);
      return answer;
    } finally {
      this.#waiting--;
    }
  }

  /** Runs a search in a thread of its own. One that does not end by itself is ended. */
  async #run(order: TrackingOrder): Promise<TrackingAnswer> {
    const worker = new Worker(new URL("./tracking_worker.ts", import.meta.url), { type: "module" });
    const { promise, resolve, reject } = Promise.withResolvers<TrackingAnswer>();
    const timer = this.#clock.after(
      2 * order.ms,
      () => reject(new Error("Cannot search the mail log: it took too long")),
    );
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`Cannot search the mail log: ${event.message}`));
    };
    try {
      worker.postMessage(order);
      return await promise;
    } finally {
      timer.cancel();
      worker.terminate();
    }
  }
}
