/**
 * What an operator does to mail that waits: retry now, hold, release, redirect, delete, bounce.
 *
 * An action goes over the rows that match a filter, a bounded number in one transaction, and the event loop has its turn in between:
 * killed in the midst of it, the queue holds whole steps. While it is written a row is leased, so that no attempt is made of it; it is done when it is
 * synced. A row that is being delivered is left to its attempt; the action is noted on it in memory, and done when the attempt has ended and left
 * something. Nothing but `delete` and `bounce` takes mail
 * out of the queue; those take the recipients that match, the others act on all that a message has for a domain.
 *
 * Held: due at {@linkcode heldDue}, so that no attempt is ever due. Redirected: under another name of the destination
 * (`mail/destination.ts`), which says the host; what is demanded of TLS there stays what it was.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import { limits } from "../base/limits.ts";
import { textOf } from "../base/octets.ts";
import { causeOf } from "../base/text.ts";
import { destinationName, destinationParts, type Via, viaText } from "../mail/destination.ts";
import type { Envelope, Recipient } from "../mail/envelope.ts";
import type { MailEvent } from "../mail/events.ts";
import type { Outcome } from "../mail/outcome.ts";
import type { Item } from "./agenda.ts";
import { type QueueFilter, QueueReader, type QueueRow } from "./browse.ts";
import type { Change } from "./committer.ts";
import type { Lender, Out } from "./lender.ts";
import { note, type Parts } from "./parts.ts";
import { headerOf } from "./report.ts";
import { logSettlement } from "./settlement_log.ts";
import type { Settler } from "./settler.ts";
import { heldDue } from "./schema.ts";
import type { RowKey, Store } from "./store.ts";
import type { TrailEntry } from "./trail.ts";

/** What is to be done. `via` absent: by its route again. */
export type QueueAction =
  | { kind: "retry" }
  | { kind: "hold" }
  | { kind: "release" }
  | { kind: "delete" }
  | { kind: "bounce" }
  | { kind: "redirect"; via: Via | undefined };

/** What was done, in messages and destinations: a message for two domains counts twice. */
export interface Managed {
  done: number;
  /** Recipients of these. */
  recipients: number;
  /** Being delivered: done when the attempt ends, if something is left then. */
  later: number;
  /** Nothing was to be done: not held, held already, there already. */
  unchanged: number;
}

/** A row as it is shown. */
export interface ShownRow extends QueueRow {
  state: "waiting" | "delivering" | "held";
}

/** One message as it is shown. */
export interface MessageDetails {
  envelope: Omit<Envelope, "recipients">;
  octets: number;
  /** What waits, a destination each. */
  rows: ShownRow[];
  /** The last attempts, oldest first. */
  trail: TrailEntry[];
  /** The header of its text. */
  header: string;
}

/** What the manager works on besides the queue's parts. */
export interface ManagerHands {
  lender: Lender;
  settler: Settler;
  /** Something is due for a destination. */
  announce: (destination: string) => void;
}

/** Noted on a row that is being delivered. */
interface Order {
  action: QueueAction;
  rids: ReadonlySet<number>;
}

/** Rows in one page or transaction, and bounces, each with a report to be built. */
const batchRows = 100;
const batchBounces = 20;

/** See the module. */
export class QueueManager {
  readonly #parts: Parts;
  readonly #hands: ManagerHands;

  constructor(parts: Parts, hands: ManagerHands) {
    this.#parts = parts;
    this.#hands = hands;
    parts.agenda.onOrder = (item) => this.#later(item, item.destination.name);
  }

  /** Rows that match, behind `from`, `limit` at most, a page each time. Ends early where `signal` says so. */
  async *list(
    filter: QueueFilter,
    { limit, from, signal }: { limit: number; from?: RowKey; signal: AbortSignal },
  ): AsyncGenerator<{ rows: ShownRow[]; next: RowKey | undefined }> {
    const reader = new QueueReader(this.#parts, filter, from);
    for (let left = limit; left > 0 && !reader.ended && !signal.aborted; await turn()) {
      const rows = reader.read(Math.min(left, batchRows)).map((row) => this.#shown(row));
      left -= rows.length;
      if (rows.length > 0) yield { rows, next: reader.ended ? undefined : reader.key };
    }
  }

  /** Everything about one message; `undefined` where it is not in the queue. */
  async details(mid: number, signal: AbortSignal): Promise<MessageDetails | undefined> {
    const { store, bodies, arriving } = this.#parts;
    const rows: ShownRow[] = [];
    for await (const page of this.list({ mids: [mid] }, { limit: Infinity, signal })) rows.push(...page.rows);
    const message = arriving.has(mid) ? undefined : store().message(mid);
    if (message === undefined) return undefined;
    const trail: TrailEntry[] = JSON.parse(store().trail(mid) ?? "[]");
    const { envelope, octets, place } = message;
    const text = place === "row" ? store().body(mid) : await bodies.head(mid, limits.headerOctetsMax);
    return { envelope, octets, rows, trail, header: text === undefined ? "" : textOf(headerOf(text)) };
  }

  /** Does it to all that matches. Rejects where the queue cannot be written; what was done before stays done. */
  async act(action: QueueAction, { filter, signal }: { filter: QueueFilter; signal: AbortSignal }): Promise<Managed> {
    const sum: Managed = { done: 0, recipients: 0, later: 0, unchanged: 0 };
    const reader = new QueueReader(this.#parts, filter);
    do {
      if (this.#parts.committer.failing) throw new Error("Cannot change the queue: it cannot be written now");
      await this.#act(action, reader.read(action.kind === "bounce" ? batchBounces : batchRows), sum);
      await turn();
    } while (!reader.ended && !signal.aborted);
    return sum;
  }

  /** How a row stands now. */
  #shown(row: QueueRow): ShownRow {
    const held = row.due >= heldDue;
    const busy = isBusy(this.#parts.agenda.find(row.mid, row.destination));
    const due = held ? heldDue : this.#parts.time.wall(row.due);
    return { ...row, due, state: busy ? "delivering" : held ? "held" : "waiting" };
  }

  /** Rows that were read in this turn of the event loop. */
  async #act(action: QueueAction, rows: readonly QueueRow[], sum: Managed): Promise<void> {
    const writing: Effect[] = [];
    const bouncing: Promise<void>[] = [];
    for (const row of rows) {
      const item = this.#parts.agenda.find(row.mid, row.destination);
      if (isBusy(item)) {
        item.order = { action, rids: new Set(row.recipients.map(({ rid }) => rid)) } satisfies Order;
        sum.later++;
      } else if (!this.#changes(action, row)) {
        sum.unchanged++;
      } else {
        const out = this.#takeOut(row);
        if (out === undefined) continue;
        sum.done++;
        sum.recipients += takes(action) ? row.recipients.length : out.lease.recipients.length;
        if (action.kind === "bounce") bouncing.push(this.#bounce(out, row));
        else writing.push(this.#effect(action, { out, row }));
      }
    }
    await Promise.all(bouncing);
    if (writing.length === 0) return;
    const change = new ManageChange(writing);
    this.#parts.committer.add(change, "now");
    await change.promise;
  }

  /** Whether there is anything to do. */
  #changes(action: QueueAction, { mid, destination, due }: QueueRow): boolean {
    const held = due >= heldDue;
    switch (action.kind) {
      case "retry":
      case "hold":
        return !held;
      case "release":
        return held;
      case "redirect": {
        const to = redirected(destination, action.via);
        return to !== destination && this.#parts.store().delivery(mid, to) === undefined;
      }
      case "delete":
      case "bounce":
        return true;
      default:
        return action satisfies never;
    }
  }

  /** Leases a row that nobody has, so that no attempt comes between; nothing where it is gone. */
  #takeOut({ mid, destination }: QueueRow): Out | undefined {
    const { agenda } = this.#parts;
    const { lender } = this.#hands;
    const lease = lender.lend(agenda.takeOut(mid, destination));
    if (lease === undefined) return undefined;
    const out = lender.get(lease);
    lender.end(out);
    agenda.settling(out.item);
    return out;
  }

  #effect(action: Exclude<QueueAction, { kind: "bounce" }>, taken: Taken): Effect {
    const now = this.#parts.time.now();
    switch (action.kind) {
      case "retry":
        return this.#move(taken, { due: now, done: "retried" });
      case "hold":
        return this.#move(taken, { due: heldDue, done: "held" });
      case "release":
        return this.#move(taken, { due: now, done: "released" });
      case "delete":
        return taken.row.others.length > 0 ? this.#removeSome(taken) : this.#remove(taken);
      case "redirect":
        return this.#redirect(taken, action.via);
      default:
        return action satisfies never;
    }
  }

  /** Another due time. */
  #move({ out, row }: Taken, { due, done }: { due: number; done: Managing }): Effect {
    return {
      write: (store) => store.postpone(row, due),
      committed: () => {
        this.#log(row.mid, out.lease.recipients, done);
        this.#hands.settler.written(out, due);
        if (due < heldDue) this.#hands.announce(row.destination);
      },
    };
  }

  /** Some recipients leave the queue. */
  #removeSome({ out, row }: Taken): Effect {
    out.loaded.untried?.delete(row.destination);
    return {
      write: (store) => store.setRecipients(row, row.others),
      committed: () => {
        this.#log(row.mid, row.recipients, "deleted");
        this.#hands.settler.written(out, row.due);
      },
    };
  }

  /** All that a message has for a destination leaves the queue. */
  #remove({ out, row }: Taken): Effect {
    const { settler } = this.#hands;
    out.loaded.untried?.delete(row.destination);
    const { finished, written } = settler.end(out);
    return {
      write: (store) => void store.finish(row.mid, row.destination),
      committed: () => {
        this.#log(row.mid, row.recipients, "deleted");
        written();
        settler.written(out, undefined);
        if (finished) this.#parts.options.log.info({ event: "message_finished", mid: row.mid });
      },
    };
  }

  /** All that a message has for a destination goes under another name. */
  #redirect({ out, row }: Taken, via: Via | undefined): Effect {
    const { agenda, time } = this.#parts;
    const destination = redirected(row.destination, via);
    const due = row.due >= heldDue ? heldDue : time.now();
    out.loaded.untried?.delete(row.destination);
    return {
      write: (store) => store.rename(row, { destination, due }),
      committed: () => {
        this.#log(row.mid, out.lease.recipients, "redirected", via === undefined ? "its route" : viaText(via));
        this.#hands.settler.written(out, undefined);
        agenda.added(row.mid, destination, due);
        if (due < heldDue) this.#hands.announce(destination);
        if (out.item.order !== undefined) this.#later(out.item, destination);
      },
    };
  }

  /** Gives recipients up, with a report to the sender. Resolves when that is written. */
  async #bounce(out: Out, row: QueueRow): Promise<void> {
    const { time, options: { log } } = this.#parts;
    const failure = { reason: "operator", enhanced: "5.0.0", text: "Returned to its sender by the operator" };
    const outcomes = row.recipients.map(({ rid }): Outcome => ({ kind: "refused", rid, failure }));
    // Whoever is not given up waits for as long as before.
    const pause = Math.max(row.due - time.now(), 1);
    const rule = { max_retries: 0, max_queue_time: 0, initial_retry: pause, max_retry_interval: pause };
    this.#log(row.mid, row.recipients, "bounced");
    const settlement = await this.#hands.settler.settle(out, outcomes, rule);
    logSettlement(log, { dcid: 0, lease: out.lease, settlement });
  }

  /** An attempt has ended and left something: what was noted is done, behind the commit that this is called in. */
  #later(item: Item, destination: string): void {
    const order = item.order as Order;
    item.order = undefined;
    void Promise.resolve().then(() => this.#carryOut(order, { mid: item.mid, destination }));
  }

  async #carryOut({ action, rids }: Order, { mid, destination }: RowKey): Promise<void> {
    try {
      const rows = new QueueReader(this.#parts, { mids: [mid] }).read(Infinity)
        .filter((row) => row.destination === destination)
        .map((row) => ({
          ...row,
          recipients: row.recipients.filter(({ rid }) => rids.has(rid)),
          others: row.recipients.filter(({ rid }) => !rids.has(rid)),
        })).filter(({ recipients }) => recipients.length > 0);
      await this.#act(action, rows, { done: 0, recipients: 0, later: 0, unchanged: 0 });
    } catch (error) {
      const text = `Cannot ${action.kind} MID ${mid} as the operator wanted: ${causeOf(error)}`;
      note(this.#parts.options.log, "critical", text);
    }
  }

  #log(mid: number, recipients: readonly Recipient[], action: Managing, to?: string): void {
    const rids = recipients.map(({ rid }) => rid);
    this.#parts.options.log.info({ event: "mid_managed", mid, rids, action, ...(to === undefined ? {} : { to }) });
  }
}

type Managing = Extract<MailEvent, { event: "mid_managed" }>["action"];

/** A row, and the lease that keeps everybody else from it. */
interface Taken {
  out: Out;
  row: QueueRow;
}

/** What one row gets, and what follows when it is written. */
interface Effect {
  write(store: Store): void;
  committed(): void;
}

/** It is tried until it is written, since the rows are taken out for it; whoever waits is told of the first failure. */
class ManageChange implements Change {
  readonly octets = 0;
  readonly #effects: readonly Effect[];
  readonly #written = Promise.withResolvers<void>();

  constructor(effects: readonly Effect[]) {
    this.#effects = effects;
  }

  get promise(): Promise<void> {
    return this.#written.promise;
  }

  write(store: Store): void {
    for (const effect of this.#effects) effect.write(store);
  }

  committed(): void {
    for (const effect of this.#effects) effect.committed();
    this.#written.resolve();
  }

  failed(error: unknown): boolean {
    const cause = `${causeOf(error)}; what was begun is done when it can be written again`;
    this.#written.reject(new Error(`Cannot change the queue: ${cause}`));
    return true;
  }
}

/** The name of a destination under which it goes to another host, or by its route. */
function redirected(destination: string, via: Via | undefined): string {
  const { domain, demand } = destinationParts(destination);
  return destinationName(domain, demand, via);
}

/** Whether it acts on the recipients that match alone. */
function takes({ kind }: QueueAction): boolean {
  return kind === "delete" || kind === "bounce";
}

function isBusy(item: Item | undefined): item is Item {
  return item !== undefined && item.state !== "ready";
}

/** The event loop's turn. */
function turn(): Promise<void> {
  return new Promise((go) => void setImmediate(go));
}
