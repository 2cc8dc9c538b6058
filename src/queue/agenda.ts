/**
 * What is due where: the part of the queue that is in memory.
 *
 * For each destination: how many rows it has, the few that are in memory (`held`: ready, leased, or settled but not yet written),
 * and when the first of the others is due. Everything else stays in the database and is read page by page when the ready
 * ones run out, so memory does not grow with the queue. A new message goes straight to the ready ones while there is
 * room and nothing older waits in the database.
 *
 * @module
 */
import { Alarms } from "./alarms.ts";
import type { DestinationState } from "./spool.ts";
import type { Store } from "./store.ts";

/** One delivery that is in memory. */
export interface Item {
  readonly mid: number;
  readonly destination: Destination;
  due: number;
  state: "ready" | "leased" | "settling";
  /** What the operator wants of it when the attempt has ended. */
  order?: unknown;
}

/** One destination with rows. */
export interface Destination {
  readonly name: string;
  /** Rows in the database. */
  rows: number;
  readonly held: Map<number, Item>;
  /** Those of `held` that can be leased, oldest due first, from `readyAt` on. */
  ready: Item[];
  readyAt: number;
  leased: number;
  /** When the first row that is not held is due; Infinity: none. */
  nextDue: number;
  /** The due time for which an alarm is set. */
  alarm: number;
  /** When the database was last asked, in the queue's time. */
  askedAt: number;
}

/** New messages that are kept ready for one destination, and in all. */
const readyMax = 500;
const readyTotalMax = 20_000;
/** Rows that are read at once. */
const pageRows = 200;
/** While there are ready ones, older rows from the database join them this often. */
const mergeMs = 100;

/** See the module. Times are the queue's. */
export class Agenda {
  readonly #store: () => Store;
  readonly #arriving: ReadonlySet<number>;
  readonly #destinations = new Map<string, Destination>();
  readonly #alarms = new Alarms<Destination>();
  #readyTotal = 0;
  /** Called when the first alarm may have changed. */
  onAlarm: () => void = () => {};
  /** Called with an item that has an order, when its attempt has ended and left something in the queue. */
  onOrder: (item: Item) => void = () => {};

  /** `arriving`: messages whose rows are in the database and not yet counted by {@linkcode Agenda.added}. */
  constructor(store: () => Store, arriving: ReadonlySet<number> = new Set()) {
    this.#store = store;
    this.#arriving = arriving;
  }

  /** Reads the destinations from the database. What is held stays held. */
  load(): void {
    for (const destination of this.#destinations.values()) destination.rows = 0;
    for (const [name, rows, due] of this.#store().destinations()) {
      const destination = this.#destination(name);
      destination.rows = rows;
      this.#expect(destination, due);
    }
    for (const destination of this.#destinations.values()) this.#forget(destination);
  }

  /** A row was committed. Returns the destination where it can be leased now. */
  added(mid: number, name: string, due: number): Destination {
    const destination = this.#destination(name);
    destination.rows++;
    const ready = destination.ready.length - destination.readyAt;
    if (ready < readyMax && this.#readyTotal < readyTotalMax && destination.nextDue > due) {
      const item: Item = { mid, destination, due, state: "ready" };
      destination.held.set(mid, item);
      destination.ready.push(item);
      this.#readyTotal++;
    } else {
      this.#expect(destination, due);
    }
    return destination;
  }

  /** The oldest that is due, leased. */
  take(name: string, now: number): Item | undefined {
    const destination = this.#destinations.get(name);
    if (destination === undefined) return undefined;
    const first = destination.ready[destination.readyAt];
    if (destination.nextDue <= now) {
      // Fresh mail that never ends must not keep older mail in the database; asking for each message would cost too much.
      const merge = first !== undefined && destination.nextDue < first.due &&
        Math.abs(now - destination.askedAt) >= mergeMs;
      if (first === undefined || merge) this.#refill(destination, now);
    }
    const item = destination.ready[destination.readyAt];
    if (item === undefined) return undefined;
    destination.readyAt++;
    if (destination.readyAt === destination.ready.length || destination.readyAt > 2 * readyMax) {
      destination.ready = destination.ready.slice(destination.readyAt);
      destination.readyAt = 0;
    }
    this.#readyTotal--;
    item.state = "leased";
    destination.leased++;
    return item;
  }

  /** A lease came back untouched: it is the first in the row again. */
  returned(item: Item): void {
    const { destination } = item;
    item.state = "ready";
    destination.leased--;
    destination.ready.splice(0, destination.readyAt, item);
    destination.readyAt = 0;
    this.#readyTotal++;
    if (item.order !== undefined) this.onOrder(item);
  }

  /** The row in memory, if it is there. */
  find(mid: number, name: string): Item | undefined {
    return this.#destinations.get(name)?.held.get(mid);
  }

  /** Leases one row, due or not, that nobody has leased. */
  takeOut(mid: number, name: string): Item {
    const destination = this.#destination(name);
    const due = this.#unready(destination, mid)?.due ?? destination.nextDue;
    const item: Item = { mid, destination, due, state: "leased" };
    destination.held.set(mid, item);
    destination.leased++;
    return item;
  }

  /** What became of a lease is decided; the database does not have it yet. */
  settling(item: Item): void {
    item.state = "settling";
  }

  /** What became of a lease is committed: the row is gone, or due at `due`. */
  settled(item: Item, due: number | undefined): void {
    const { destination } = item;
    destination.held.delete(item.mid);
    destination.leased--;
    if (due === undefined) destination.rows--;
    else this.#expect(destination, due);
    this.#forget(destination);
    if (due !== undefined && item.order !== undefined) this.onOrder(item);
  }

  /** When the next destination has something due; Infinity: never. */
  get nextAlarm(): number {
    return this.#alarms.first;
  }

  /** The destinations whose alarms are due at `now`; each alarm is told once. */
  *ringing(now: number): Iterable<string> {
    while (this.#alarms.first <= now) {
      const { due, item: destination } = this.#alarms.pop()!;
      if (destination.alarm !== due) continue;
      destination.alarm = Infinity;
      // Who came for a new message may have found the row of this alarm due already, and taken it.
      if (destination.ready.length === 0 && destination.nextDue > now) this.#expect(destination, destination.nextDue);
      else if (destination.rows > 0) yield destination.name;
    }
  }

  /** Destinations that have something to lease at `now`. */
  *due(now: number): Iterable<string> {
    for (const destination of this.#destinations.values()) {
      if (destination.ready.length > 0 || destination.nextDue <= now) yield destination.name;
    }
  }

  /** Rows of a destination. */
  count(name: string): number {
    return this.#destinations.get(name)?.rows ?? 0;
  }

  /** Destinations with rows. */
  get size(): number {
    return this.#destinations.size;
  }

  /** Each destination and its rows. */
  *sizes(): Iterable<[destination: string, rows: number]> {
    for (const { name, rows } of this.#destinations.values()) if (rows > 0) yield [name, rows];
  }

  /** Rows that nobody has leased. */
  waiting(name: string): number {
    const destination = this.#destinations.get(name);
    return destination === undefined ? 0 : destination.rows - destination.leased;
  }

  *states(): Iterable<DestinationState> {
    for (const { name, rows, leased, ready, readyAt, nextDue } of this.#destinations.values()) {
      if (rows <= leased) continue;
      yield { destination: name, waiting: rows - leased, due: Math.min(ready[readyAt]?.due ?? Infinity, nextDue) };
    }
  }

  #unready(destination: Destination, mid: number): Item | undefined {
    const item = destination.held.get(mid);
    if (item === undefined) return undefined;
    destination.held.delete(mid);
    destination.ready.splice(destination.ready.indexOf(item, destination.readyAt), 1);
    this.#readyTotal--;
    if (destination.readyAt === destination.ready.length) {
      destination.ready = [];
      destination.readyAt = 0;
    }
    return item;
  }

  #refill(destination: Destination, now: number): void {
    destination.askedAt = now;
    const { held } = destination;
    // Held rows stand in the database too and are skipped; asking for as many more than a page keeps the cost of one
    // message constant.
    const count = held.size + Math.max(pageRows, held.size);
    const rows = this.#store().due(destination.name, { now, count });
    const items: Item[] = [];
    for (const [mid, due] of rows) {
      if (held.has(mid) || this.#arriving.has(mid)) continue;
      const item: Item = { mid, destination, due, state: "ready" };
      held.set(mid, item);
      items.push(item);
    }
    this.#readyTotal += items.length;
    const ready = destination.ready.slice(destination.readyAt);
    destination.ready = ready.length === 0 ? items : [...items, ...ready].sort((a, b) => a.due - b.due);
    destination.readyAt = 0;
    destination.nextDue = rows.length === count ? now : Infinity;
    if (rows.length < count) this.#expect(destination, this.#store().nextDue(destination.name, now));
  }

  /** A row that is not held is due at `due`. */
  #expect(destination: Destination, due: number): void {
    if (due < destination.nextDue) destination.nextDue = due;
    if (due >= destination.alarm) return;
    destination.alarm = due;
    this.#alarms.add(due, destination);
    if (this.#alarms.first === due) this.onAlarm();
  }

  #destination(name: string): Destination {
    let destination = this.#destinations.get(name);
    if (destination === undefined) {
      destination = {
        name,
        rows: 0,
        held: new Map(),
        ready: [],
        readyAt: 0,
        leased: 0,
        nextDue: Infinity,
        alarm: Infinity,
        askedAt: -Infinity,
      };
      this.#destinations.set(name, destination);
    }
    return destination;
  }

  #forget(destination: Destination): void {
    if (destination.rows <= 0 && destination.held.size === 0) this.#destinations.delete(destination.name);
  }
}
