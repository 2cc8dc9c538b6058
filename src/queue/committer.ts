/**
 * Group commit: changes that arrive together share one transaction and one sync.
 *
 * A change that somebody waits for (`now`) is written at the end of the event loop's turn, together with all that came in
 * during it. Where the last group had several, the next may grow for about as long as a commit takes: a sync less is worth more than
 * that wait, and a sender who is alone never waits. So the slower the disk, the larger the groups. A change that nobody waits for (`soon`) rides along, or is written after {@linkcode soonMs}.
 *
 * The sync happens on this thread. Measured: a commit of four 5 KB messages takes 0.3 ms, twenty take 0.8 ms, and a message
 * costs about 70 us of CPU; passing it to another thread and hearing back would add 20 us to that.
 *
 * @module
 */
import { clearImmediate, setImmediate } from "node:timers";
import type { Clock, Timer } from "../base/clock.ts";
import { causeOf } from "../base/text.ts";
import type { MailLog } from "../mail/events.ts";
import { type Store, type StoreTrouble, storeTroubleOf } from "./store.ts";

/** How long a change that nobody waits for may stay in memory. */
export const soonMs = 25;
/** Changes that failed are tried again after this. */
const retryMs = 1000;
/** How long a group may grow before its commit; less than the least is not worth a timer. */
const gatherMsMax = 5;
const gatherMsMin = 0.5;
/** Changes in one transaction, and the octets of their texts: the database's log grows by them at one go (`reserve.ts`). */
const groupMax = 1000;
const groupOctetsMax = 4 * 1024 * 1024;

/** Something to be written. */
export interface Change {
  /** Octets of text. */
  readonly octets: number;
  /** Writes it, inside a transaction; may be called again if that fails. */
  write(store: Store): void;
  /** It is on the disk. */
  committed(): void;
  /** It could not be written, and nothing of it was. Returns whether it is to be tried again. */
  failed(error: unknown, trouble: StoreTrouble): boolean;
}

/** What a {@linkcode Committer} works with. */
export interface CommitterOptions {
  store: () => Store;
  clock: Clock;
  log: MailLog;
  /** Writes what goes with every transaction; returns what to do when it is committed. */
  extra: (store: Store) => () => void;
  /** The database is damaged. Puts another in its place, or throws. */
  repair: (error: unknown) => void;
  /** The disk is full. Frees what there is to free. */
  makeRoom: () => void;
  /** Called after each commit. */
  afterCommit: () => void;
  /** Called when a commit succeeds after one that failed, before `afterCommit`. */
  recovered: () => void;
}

/** See the module. */
export class Committer {
  readonly #options: CommitterOptions;
  #pending: Change[] = [];
  /** Changes among them that somebody waits for, and how many the last group had. */
  #awaited = 0;
  #lastAwaited = 0;
  /** How long the last transactions took, smoothed. */
  #commitMs = 0;
  #turn: ReturnType<typeof setImmediate> | undefined;
  #timer: Timer | undefined;
  #gathering: Timer | undefined;
  #failing = false;
  #closed = false;
  /** Transactions so far. */
  commits = 0;
  /** When the last one ended, monotonic. */
  lastAt: number = -Infinity;

  constructor(options: CommitterOptions) {
    this.#options = options;
  }

  /** Changes that wait. */
  get pending(): number {
    return this.#pending.length;
  }

  /** The last transaction failed. */
  get failing(): boolean {
    return this.#failing;
  }

  /** Takes a change; see the module for `now` and `soon`. */
  add(change: Change, urgency: "now" | "soon"): void {
    this.#pending.push(change);
    if (urgency === "now") this.#gather();
    else if (this.#pending.length >= groupMax && !this.#failing) this.wake();
    else this.nudge();
  }

  /** A lone sender is served at the end of the turn; where several come together, the group may grow for about the time of a commit. */
  #gather(): void {
    this.#awaited++;
    if (this.#turn !== undefined || this.#closed) return;
    const wait = this.#lastAwaited > 1 ? Math.min(this.#commitMs, gatherMsMax) : 0;
    if (wait < gatherMsMin) return this.wake();
    this.#gathering ??= this.#options.clock.after(wait, () => this.flush());
  }

  /** Writes at the end of this turn. */
  wake(): void {
    if (!this.#closed) this.#turn ??= setImmediate(() => this.flush());
  }

  /** Writes something soon, even if there is no change: the marks. */
  nudge(): void {
    if (this.#closed) return;
    this.#timer ??= this.#options.clock.after(this.#failing ? retryMs : soonMs, () => this.#onTimer());
  }

  /** Writes all that is pending. */
  flush(): void {
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    this.#turn = undefined;
    this.#timer?.cancel();
    this.#gathering?.cancel();
    this.#timer = this.#gathering = undefined;
    this.#lastAwaited = this.#awaited;
    this.#awaited = 0;
    const changes = this.#pending;
    this.#pending = [];
    const kept: Change[] = [];
    for (let at = 0; at === 0 || at < changes.length;) {
      const end = groupEnd(changes, at);
      kept.push(...this.#commit(at === 0 && end === changes.length ? changes : changes.slice(at, end)));
      at = Math.max(end, 1);
    }
    if (kept.length > 0) {
      this.#pending = [...kept, ...this.#pending];
      if (!this.#closed) this.#timer ??= this.#options.clock.after(retryMs, () => this.#onTimer());
    }
  }

  /** Writes what can be written; nothing is taken afterwards. */
  close(): void {
    this.#closed = true;
    this.flush();
  }

  #onTimer(): void {
    this.#timer = undefined;
    this.flush();
  }

  /** Returns the changes that must be tried again. */
  #commit(group: Change[]): Change[] {
    const { store, extra, repair, afterCommit, recovered, clock, log } = this.#options;
    let extraCommitted: (() => void) | undefined;
    const began = clock.monotonic();
    const attempt = () =>
      store().transaction(() => {
        for (const change of group) change.write(store());
        extraCommitted = extra(store());
      });
    try {
      try {
        attempt();
      } catch (error) {
        if (storeTroubleOf(error) !== "corrupt") throw error;
        repair(error);
        attempt();
      }
    } catch (error) {
      return this.#failed(group, error);
    }
    this.commits++;
    this.lastAt = clock.monotonic();
    this.#commitMs += (this.lastAt - began - this.#commitMs) / 8;
    if (this.#failing) {
      this.#failing = false;
      log.warning({ event: "note", text: "The queue can be written again", reason: "queue_writable" });
      recovered();
    }
    extraCommitted?.();
    for (const change of group) change.committed();
    afterCommit();
    return [];
  }

  #failed(group: Change[], error: unknown): Change[] {
    const trouble = storeTroubleOf(error);
    // One change that cannot be written must not take its neighbours with it.
    if (trouble === "other" && group.length > 1) return group.flatMap((change) => this.#commit([change]));
    if (!this.#failing) {
      this.#failing = true;
      this.#options.log.critical({
        event: "note",
        text: `Cannot write to the queue: ${causeOf(error)}`,
        reason: trouble === "full" ? "disk_full" : `queue_${trouble}`,
      });
    }
    const kept = group.filter((change) => change.failed(error, trouble));
    if (trouble === "full") this.#makeRoom();
    // What remains only removes or updates rows, for which there may be room.
    return kept.length < group.length && kept.length > 0 ? this.#commit(kept) : kept;
  }

  /** Where the write-ahead log cannot grow, it may still be emptied into the free pages of the database. */
  #makeRoom(): void {
    this.#options.makeRoom();
    try {
      this.#options.store().checkpoint("restart");
    } catch {
      // The disk is full for this too; the next try comes in a second.
    }
  }
}

/** Where the group that begins at `from` ends: behind one change at least. */
function groupEnd(changes: readonly Change[], from: number): number {
  let octets = 0;
  let end = from;
  for (const most = Math.min(changes.length, from + groupMax); end < most; end++) {
    octets += changes[end].octets;
    if (octets > groupOctetsMax && end > from) break;
  }
  return end;
}
