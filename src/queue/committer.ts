/**
 * Group commit: changes that arrive together share one transaction and one sync.
 *
 * A change that somebody waits for (`now`) is written at the end of the event loop's turn, together with all that came in during it. The
 * sync that follows is another thread's work; while it runs, changes gather for the next transaction. So a sender who is alone never
 * waits for company, and the slower the disk, the larger the groups: it holds nobody up but those who wait for it. A change that
 * nobody waits for (`soon`) rides along, or is written after {@linkcode soonMs}.
 *
 * A change counts when its sync has ended, not before: only then is `committed` called. Where a sync fails, the kernel may have thrown
 * away what it could not write, so no later sync of the same log is believed: everything is moved to the database file ({@linkcode Store.rescue}), and
 * until that works nothing is acknowledged, and what somebody waited for is taken out again.
 *
 * @module
 */
import { clearImmediate, setImmediate } from "node:timers";
import type { Clock, Timer } from "../base/clock.ts";
import { causeOf } from "../base/text.ts";
import type { MailLog } from "../mail/events.ts";
import type { Store } from "./store.ts";
import { type StoreTrouble, storeTroubleOf } from "./trouble.ts";

/** How long a change that nobody waits for may stay in memory. */
export const soonMs = 25;
/** Changes that failed are tried again after this. */
const retryMs = 1000;
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
  /** It could not be written, or not be synced. Returns whether it is to be tried again; if not, it counts as never made. */
  failed(error: unknown, trouble: StoreTrouble): boolean;
  /** Takes back, inside a transaction, what `write` wrote: for one that is not tried again. */
  revoke?(store: Store): void;
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
  /** Called after each sync. */
  afterCommit: () => void;
  /** Called when a sync succeeds after a failure, before `afterCommit`. */
  recovered: () => void;
}

/** A transaction that is not synced yet. */
interface Group {
  changes: Change[];
  extraCommitted: () => void;
}

/** See the module. */
export class Committer {
  readonly #options: CommitterOptions;
  #pending: Change[] = [];
  /** Committed; the next sync is theirs. */
  #written: Group[] = [];
  /** Those whose sync runs. */
  #syncing: Group[] | undefined;
  /** A flush was asked for during a sync. */
  #wanted = false;
  /** A sync failed: the log is not believed until all of it stands in the database file. */
  #unsound = false;
  #turn: ReturnType<typeof setImmediate> | undefined;
  #timer: Timer | undefined;
  #failing = false;
  #closed = false;
  /** Transactions so far. */
  commits = 0;
  /** When the last one was synced, monotonic. */
  lastAt: number = -Infinity;

  constructor(options: CommitterOptions) {
    this.#options = options;
  }

  /** Changes that wait, to be written or to be synced. */
  get pending(): number {
    let count = this.#pending.length;
    for (const { changes } of this.#written) count += changes.length;
    for (const { changes } of this.#syncing ?? []) count += changes.length;
    return count;
  }

  /** The last transaction or sync failed. */
  get failing(): boolean {
    return this.#failing;
  }

  /** Takes a change; see the module for `now` and `soon`. */
  add(change: Change, urgency: "now" | "soon"): void {
    this.#pending.push(change);
    if (urgency === "now" || this.#pending.length >= groupMax && !this.#failing) this.wake();
    else this.nudge();
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

  /** Writes all that is pending, and has it synced. */
  flush(): void {
    this.#turn = this.#cancelTurn();
    // The store is left alone while a sync runs: what is committed meanwhile would wait for the next one all the same.
    if (this.#syncing !== undefined) this.#wanted = true;
    else if (this.#write()) void this.#sync();
  }

  /** Writes and syncs all that is pending before it returns. */
  flushNow(): void {
    this.#turn = this.#cancelTurn();
    if (this.#syncing !== undefined) {
      this.#written.unshift(...this.#syncing.splice(0));
      // The sync that runs may take an error with it, which ours would not be told again.
      this.#unsound = true;
    }
    if (!this.#write()) return;
    try {
      this.#syncHere();
    } catch (error) {
      return this.#unsynced(this.#written.splice(0), error);
    }
    this.#synced(this.#written.splice(0));
  }

  /** Writes what can be written; nothing is taken afterwards. */
  close(): void {
    this.#closed = true;
    this.flushNow();
  }

  #cancelTurn(): undefined {
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #onTimer(): void {
    this.#timer = undefined;
    this.flush();
  }

  /** Commits what is pending. Returns whether there is anything to sync. */
  #write(): boolean {
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
      this.#retryLater();
    }
    return this.#written.length > 0;
  }

  #retryLater(): void {
    if (!this.#closed) this.#timer ??= this.#options.clock.after(retryMs, () => this.#onTimer());
  }

  async #sync(): Promise<void> {
    const groups = this.#syncing = this.#written;
    this.#written = [];
    let failure: { error: unknown } | undefined;
    try {
      if (this.#unsound) this.#syncHere();
      else await this.#options.store().sync();
    } catch (error) {
      failure = { error };
    }
    this.#syncing = undefined;
    // Those that flushNow took over are gone from the list.
    if (groups.length > 0) {
      if (failure === undefined) this.#synced(groups);
      else this.#unsynced(groups, failure.error);
    }
    if (!this.#wanted) return;
    this.#wanted = false;
    if (!this.#closed) this.flush();
  }

  #syncHere(): void {
    const store = this.#options.store();
    if (this.#unsound) store.rescue();
    else store.syncNow();
    this.#unsound = false;
  }

  #synced(groups: readonly Group[]): void {
    const { afterCommit, recovered, clock, log } = this.#options;
    this.lastAt = clock.monotonic();
    if (this.#failing) {
      this.#failing = false;
      log.warning({ event: "note", text: "The queue can be written again", reason: "queue_writable" });
      recovered();
    }
    for (const { changes, extraCommitted } of groups) {
      extraCommitted();
      for (const change of changes) change.committed();
    }
    afterCommit();
  }

  /** The disk does not have these, and nobody may believe that it has. */
  #unsynced(groups: Group[], error: unknown): void {
    if (!this.#unsound) {
      this.#unsound = true;
      try {
        this.#syncHere();
        return this.#synced(groups);
      } catch {
        // What is told is why the sync failed.
      }
    }
    this.#tell(error, "io");
    const revoked: Change[] = [];
    for (const group of groups) {
      group.changes = group.changes.filter((change) => {
        const kept = change.failed(error, "io");
        if (!kept && change.revoke !== undefined) revoked.push(new Revocation(change));
        return kept;
      });
    }
    this.#written.unshift(...groups);
    this.#pending.unshift(...revoked);
    this.#retryLater();
  }

  /** Commits a group. Returns the changes that must be tried again. */
  #commit(group: Change[]): Change[] {
    const { store, extra, repair } = this.#options;
    let extraCommitted = () => {};
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
    this.#written.push({ changes: group, extraCommitted });
    return [];
  }

  #failed(group: Change[], error: unknown): Change[] {
    const trouble = storeTroubleOf(error);
    // One change that cannot be written must not take its neighbours with it.
    if (trouble === "other" && group.length > 1) return group.flatMap((change) => this.#commit([change]));
    this.#tell(error, trouble);
    const kept = group.filter((change) => change.failed(error, trouble));
    if (trouble === "full") this.#makeRoom();
    // What remains only removes or updates rows, for which there may be room.
    return kept.length < group.length && kept.length > 0 ? this.#commit(kept) : kept;
  }

  #tell(error: unknown, trouble: StoreTrouble): void {
    if (this.#failing) return;
    this.#failing = true;
    this.#options.log.critical({
      event: "note",
      text: `Cannot write to the queue: ${causeOf(error)}`,
      reason: trouble === "full" ? "disk_full" : `queue_${trouble}`,
    });
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

/** Takes a change back that was written and refused. */
class Revocation implements Change {
  readonly octets = 0;
  readonly #change: Change;

  constructor(change: Change) {
    this.#change = change;
  }

  write(store: Store): void {
    this.#change.revoke!(store);
  }

  committed(): void {}

  failed(): boolean {
    return true;
  }
}
