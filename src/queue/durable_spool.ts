/**
 * The queue: put, lease, settle.
 *
 * A message is in one of these states. Waiting: rows in the database, due at some time. Ready: also in memory. Leased: lent to
 * delivery; that stands in memory only, so a dead process's leases are void. Settled: decided, and soon written. The parts:
 * `store.ts` has the SQL, `committer.ts` the transactions, `agenda.ts` what is due, `bodies.ts` the long texts, `lender.ts` the
 * leases, `settlement.ts` and `retry.ts` the judgement, `settler.ts` its execution, `report.ts` the reports, `salvage.ts` what
 * follows a damaged file, `resume.ts` what follows a pause, `reserve.ts` the room for a full disk, `housekeeper.ts` its upkeep.
 *
 * `put` resolves after the sync. What a `Settlement` says is for the caller to log: `bounced`, `delayed`, `mid_generated`,
 * `bounce_dropped`; the queue logs its own troubles. While settlements cannot be written, a bounded number is kept in memory and
 * then nothing more is leased, so that a crash cannot repeat more than that.
 *
 * @module
 */
import type { Timer } from "../base/clock.ts";
import { causeOf } from "../base/text.ts";
import type { Envelope } from "../mail/envelope.ts";
import type { Outcome } from "../mail/outcome.ts";
import { Agenda } from "./agenda.ts";
import { Bodies, BodyDraft, type SealedText } from "./bodies.ts";
import { MessageCache } from "./cache.ts";
import { byDestination, type NewMessage, PostponeChange, PutChange } from "./changes.ts";
import { Committer } from "./committer.ts";
import { FarQueue } from "./far.ts";
import { QueueFigures } from "./figures.ts";
import { Housekeeper } from "./housekeeper.ts";
import { Counters } from "./ids.ts";
import { Lender, lostOutcomes, type Out } from "./lender.ts";
import { QueueManager } from "./manage.ts";
import { note, type Parts, type SpoolOptions } from "./parts.ts";
import { QueueClock } from "./queue_clock.ts";
import { openStore, replaceStore } from "./salvage.ts";
import { catchUp, seenMs, sweep, syncNames } from "./resume.ts";
import { Settler } from "./settler.ts";
import { FreeSpace } from "./space.ts";
import {
  type DestinationState,
  type Draft,
  type Ids,
  type Lease,
  type RetryRule,
  type Settlement,
  type Spool,
  SpoolFullError,
} from "./spool.ts";
import type { Store } from "./store.ts";

export type { SpoolOptions, SpoolSettings } from "./parts.ts";

/** Settlements that wait to be written; beyond, nothing is leased. */
const unwrittenMax = 2000;
/** The longest sleep, so that a wall clock set forward is noticed. */
const sleepMsMax = 60_000;
/** A text that cannot be read now is tried again after this. */
const unreadableMs = 900_000;

/** Opens the queue in `directory`. Rejects where the directory cannot be used; a damaged database is replaced. */
export async function openSpool(options: SpoolOptions): Promise<DurableSpool> {
  await Deno.mkdir(options.directory, { recursive: true, mode: 0o700 });
  const spool = new DurableSpool(options);
  syncNames(options.directory);
  await spool.space.refresh();
  return spool;
}

/** See the module; made by {@linkcode openSpool}. */
export class DurableSpool implements Spool {
  readonly ids: Ids;
  /** The file system's free space. */
  readonly space: FreeSpace;
  /** For monitoring. */
  readonly figures: QueueFigures = new QueueFigures(() => this.#parts);
  /** The operator's hands. */
  readonly manage: QueueManager;
  /** For threads that receive mail. */
  readonly far: FarQueue;
  readonly #parts: Parts;
  readonly #path: string;
  readonly #lender: Lender;
  readonly #settler: Settler;
  /** Destinations to tell the listener, once for each message. */
  #announced: string[] = [];
  readonly #housekeeper: Housekeeper;
  #store: Store;
  /** Messages that were committed, those of earlier runs included. */
  #taken = 0;
  #seenAt = 0;
  #alarm: Timer | undefined;
  #alarmAt = Infinity;
  #listener: ((destination: string) => void) | undefined;
  #closed = false;

  constructor(options: SpoolOptions) {
    const { directory, clock, log } = options;
    this.#path = `${directory}/queue.db`;
    this.space = new FreeSpace(directory, options);
    const { store, aside } = openStore(this.#path, { log, now: clock.now() });
    this.#store = store;
    const time = new QueueClock(clock);
    const bodies = new Bodies(`${directory}/bodies`);
    const marks = store.marks();
    const committer = new Committer({
      store: () => this.#store,
      clock,
      log,
      extra: (store) => this.#writeMarks(store),
      repair: (error) => this.#repair(error),
      makeRoom: () => this.space.giveReserve(),
      afterCommit: () => this.#announceAll(),
      recovered: () => this.#announceDue(),
    });
    const counters = new Counters(marks, () => committer.nudge());
    const arriving = new Set<number>();
    const agenda = new Agenda(() => this.#store, arriving);
    this.#parts = {
      options,
      store: () => this.#store,
      bodies,
      cache: new MessageCache(),
      agenda,
      arriving,
      committer,
      counters,
      time,
    };
    this.ids = counters;
    this.#lender = new Lender(this.#parts);
    this.#settler = new Settler(this.#parts, (report) => this.#stored(report));
    this.manage = new QueueManager(this.#parts, {
      lender: this.#lender,
      settler: this.#settler,
      announce: (destination) => void this.#announced.push(destination),
    });
    this.far = new FarQueue(this.#parts, (envelope, sealed) => this.#take(envelope, sealed));
    catchUp(this.#parts, marks.get("seen") ?? 0);
    sweep(this.#parts, aside === undefined ? undefined : `${directory}/bodies${aside.slice(this.#path.length)}`);
    agenda.load();
    agenda.onAlarm = () => this.#arm();
    this.#taken = store.countMessages();
    // The first block of numbers is reserved before one is given out.
    committer.flushNow();
    this.#housekeeper = new Housekeeper(this.#parts, this.space);
  }

  get messages(): number {
    return this.#taken - this.#settler.ended;
  }

  /** Transactions so far: fewer than messages under load. */
  get commits(): number {
    return this.#parts.committer.commits;
  }

  /** Changes that are not on the disk yet. */
  get pending(): number {
    return this.#parts.committer.pending;
  }

  draft(mid: number): Draft {
    return new BodyDraft(mid, this.#parts.bodies);
  }

  put(envelope: Envelope, draft: Draft): Promise<void> {
    const { mid } = envelope;
    if (!(draft instanceof BodyDraft) || draft.mid !== mid) {
      return Promise.reject(new Error(`Cannot store MID ${mid}: the text is of another message`));
    }
    const refusal = this.#refusal(envelope);
    if (refusal !== undefined) return draft.abort().then(() => Promise.reject(refusal));
    let sealed: SealedText | Promise<SealedText>;
    try {
      sealed = draft.seal();
    } catch (error) {
      return draft.abort().then(() => Promise.reject(error));
    }
    if (!(sealed instanceof Promise)) return this.#enqueue(envelope, sealed);
    return this.#orRemoved(mid, sealed.then((text) => this.#enqueue(envelope, text)));
  }

  #take(envelope: Envelope, sealed: SealedText): Promise<void> {
    const refusal = this.#refusal(envelope);
    const stored = refusal === undefined ? this.#enqueue(envelope, sealed) : Promise.reject(refusal);
    return sealed.text === null ? this.#orRemoved(envelope.mid, stored) : stored;
  }

  async #orRemoved(mid: number, storing: Promise<void>): Promise<void> {
    try {
      await storing;
    } catch (error) {
      const { bodies } = this.#parts;
      bodies.remove(mid);
      await bodies.settled();
      throw error;
    }
  }

  lease(destination: string, count: number): Promise<Lease[]> {
    const { agenda, committer, time } = this.#parts;
    const leases: Lease[] = [];
    if (this.#closed || committer.failing && committer.pending >= unwrittenMax) return Promise.resolve(leases);
    try {
      const now = time.now();
      while (leases.length < count) {
        const item = agenda.take(destination, now);
        if (item === undefined) break;
        const lease = this.#lender.lend(item);
        if (lease !== undefined) leases.push(lease);
      }
    } catch (error) {
      note(this.#parts.options.log, "critical", `Cannot lease mail for ${destination}: ${causeOf(error)}`);
      if (leases.length === 0) return Promise.reject(error);
    }
    return Promise.resolve(leases);
  }

  giveBack(lease: Lease, until?: number): void {
    const { agenda, cache, committer, time } = this.#parts;
    const out = this.#lender.get(lease);
    const { item, trouble } = out;
    if (trouble === "lost" && this.#refuseLost(out)) return;
    this.#lender.end(out);
    const now = time.now();
    let due = until === undefined ? now : time.queued(until);
    if (trouble !== undefined) due = Math.max(due, now + unreadableMs);
    if (due > now) {
      agenda.settling(item);
      committer.add(new PostponeChange(item, due, () => this.#settler.written(out, due)), "soon");
      return;
    }
    cache.release(item.mid);
    agenda.returned(item);
    this.#announced.push(item.destination.name);
    committer.wake();
  }

  settle(lease: Lease, outcomes: Outcome[], rule: RetryRule & { held?: number }): Promise<Settlement> {
    const out = this.#lender.get(lease);
    const settled = this.#settler.settle(out, out.trouble === "lost" ? lostOutcomes(lease, outcomes) : outcomes, rule);
    // Only now: a lease that could not be settled is still the caller's, to be settled again or given back.
    this.#lender.end(out);
    return settled;
  }

  /** Refuses every recipient of a text that is not there. Whether it could: else the lease is as it was. */
  #refuseLost(out: Out): boolean {
    const never: RetryRule = { max_retries: 0, max_queue_time: 0, initial_retry: 1000, max_retry_interval: 1000 };
    try {
      void this.#settler.settle(out, lostOutcomes(out.lease, []), never);
      this.#lender.end(out);
      return true;
    } catch (error) {
      note(this.#parts.options.log, "critical", `Cannot refuse MID ${out.item.mid}: ${causeOf(error)}`);
      return false;
    }
  }

  *destinations(): Iterable<DestinationState> {
    const { agenda, time } = this.#parts;
    for (const state of agenda.states()) yield { ...state, due: time.wall(state.due) };
  }

  waiting(destination: string): number {
    return this.#parts.agenda.waiting(destination);
  }

  count(destination: string): number {
    return this.#parts.agenda.count(destination);
  }

  onDue(listener: (destination: string) => void): void {
    this.#listener = listener;
    this.#announceDue();
    this.#parts.committer.wake();
    this.#arm();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#alarm?.cancel();
    this.#housekeeper[Symbol.dispose]();
    const { committer, counters, bodies, time, options: { log } } = this.#parts;
    await this.#settler.idle(() => committer.flush());
    committer.close();
    try {
      this.#store.transaction(() => {
        for (const [kind, next] of counters.exact()) this.#store.resetMark(kind, next);
        this.#store.resetMark("seen", time.now());
      });
    } catch (error) {
      note(log, "warning", `Cannot write the queue's counters: ${causeOf(error)}`);
    }
    await bodies.settled();
    await this.space.close();
    this.#store[Symbol.dispose]();
    bodies[Symbol.dispose]();
  }

  /** Why no message is taken now. */
  #refusal({ mid, recipients }: Envelope): Error | undefined {
    if (recipients.length === 0) return new Error(`Cannot store MID ${mid}: it has no recipients`);
    if (this.#closed) return new Error("Cannot store a message: the queue is closed");
    const { max_queue_messages, min_free_disk } = this.#parts.options.settings();
    if (this.messages + this.#parts.arriving.size >= max_queue_messages) {
      return new SpoolFullError(`Cannot store a message: ${this.messages} are queued, ${max_queue_messages} may be`);
    }
    const shortage = this.space.shortage(min_free_disk);
    return shortage === undefined ? undefined : new SpoolFullError(`Cannot store a message: ${shortage}`);
  }

  #enqueue(envelope: Envelope, { octets, text }: SealedText): Promise<void> {
    if (this.#closed) return Promise.reject(new Error("Cannot store a message: the queue is closed"));
    const { committer, counters, time, arriving } = this.#parts;
    const destinations = byDestination(envelope);
    counters.passed(envelope.mid);
    arriving.add(envelope.mid);
    const change = new PutChange({ envelope, octets, text, due: time.now(), destinations }, (stored) => {
      arriving.delete(envelope.mid);
      if (stored !== undefined) this.#stored(stored);
    });
    committer.add(change, "now");
    return change.promise;
  }

  /** A message is committed; it can be leased. */
  #stored({ envelope, octets, text, due, destinations }: NewMessage): void {
    const { cache, agenda } = this.#parts;
    const { recipients: _, ...rest } = envelope;
    this.#taken++;
    cache.addFresh(envelope.mid, {
      envelope: rest,
      octets,
      place: text === null ? "file" : "row",
      text: text ?? undefined,
      open: destinations.size,
      untried: destinations,
      refs: 0,
    });
    for (const destination of destinations.keys()) {
      agenda.added(envelope.mid, destination, due);
      this.#announced.push(destination);
    }
  }

  /** Writes the marks that go with a transaction; returns what to do when it is committed. */
  #writeMarks(store: Store): () => void {
    const { counters, time } = this.#parts;
    const reserved = counters.reserve();
    for (const [kind, mark] of reserved?.marks ?? []) store.setMark(kind, mark);
    const now = time.now();
    const seen = Math.abs(now - this.#seenAt) >= seenMs;
    if (seen) store.resetMark("seen", now);
    return () => {
      reserved?.committed();
      if (seen) this.#seenAt = now;
    };
  }

  #repair(error: unknown): void {
    const { agenda, options: { log, clock } } = this.#parts;
    this.#store[Symbol.dispose]();
    this.#store = replaceStore(this.#path, { log, now: clock.now(), cause: causeOf(error) }).store;
    agenda.load();
    this.#taken = this.#store.countMessages() + this.#settler.ended - this.#settler.unwritten;
  }

  #announceAll(): void {
    const destinations = this.#announced;
    // Without a listener yet nothing is kept: whoever becomes it is told what is due.
    this.#announced = [];
    if (this.#listener === undefined) return;
    for (const destination of destinations) this.#listener(destination);
  }

  #announceDue(): void {
    const { agenda, time } = this.#parts;
    for (const destination of agenda.due(time.now())) this.#announced.push(destination);
  }

  #arm(): void {
    const { agenda, time, options: { clock } } = this.#parts;
    if (this.#closed || this.#listener === undefined || agenda.nextAlarm >= this.#alarmAt) return;
    this.#alarm?.cancel();
    this.#alarmAt = agenda.nextAlarm;
    const wait = Math.min(Math.max(this.#alarmAt - time.now(), 0), sleepMsMax);
    this.#alarm = clock.after(wait, () => {
      this.#alarmAt = Infinity;
      for (const destination of agenda.ringing(time.now())) this.#listener!(destination);
      this.#arm();
    });
  }
}
