/**
 * Monitoring data: hears the log's events, counts, and writes the counts down.
 *
 * On the way of a message an event costs a few operations on maps. Every {@linkcode writeMs}, and at the end, what was counted goes to
 * the database, a slice at a time, so that many domains do not make the loop late. The file is opened with the first write, after the
 * gateway listens. Whatever is wrong with it, mail goes on: one Warning, grouped, and the counts wait in memory, bounded.
 *
 * @module
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { LogObserver } from "../base/log.ts";
import { RepeatedFault } from "../base/repeated_fault.ts";
import { causeOf } from "../base/text.ts";
import type { MailEvent, MailLog } from "../mail/events.ts";
import { Buckets } from "./buckets.ts";
import type { Direction, LastRefusal, TlsResult } from "./counts.ts";
import { Hosts } from "./hosts.ts";
import { type InboundEvent, InboundSide, type Ledger } from "./inbound.ts";
import { type OutboundEvent, OutboundSide } from "./outbound.ts";
import { MonitorStore } from "./store.ts";
import { HandshakeCounts, noTotals, RateMeter, type Rates, type Totals } from "./totals.ts";

/** How often counts are written: what a crash costs. */
export const writeMs = 15_000;
/** Buckets of one slice, and the pause until the next. */
const sliceRows = 500;
const sliceMs = 50;
/** How often old rows are removed. */
const pruneMs = 3_600_000;

/** What the monitor needs. */
export interface MonitorOptions {
  /** The folder of `monitor.db`. */
  directory: string;
  clock: Clock;
  log: MailLog;
}

/** How the configuration was read last. */
export interface Reload {
  /** Wall milliseconds. */
  at: number;
  ok: boolean;
}

/** See the module. */
export class Monitor {
  /** Since the start of the process. */
  readonly totals: Totals = noTotals();
  readonly handshakes: HandshakeCounts = new HandshakeCounts();
  readonly hosts: Hosts = new Hosts();
  /** Wall milliseconds. */
  readonly startedAt: number;
  /** Its first reading is the start. */
  lastReload: Reload;
  readonly #options: MonitorOptions;
  readonly #buckets = new Buckets();
  readonly #inbound: InboundSide;
  readonly #outbound: OutboundSide;
  readonly #rates: RateMeter;
  readonly #fault: RepeatedFault;
  readonly #timer: Timer;
  #store: MonitorStore | undefined;
  #slice: Timer | undefined;
  #prunedAt = -Infinity;
  #closed = false;

  constructor(options: MonitorOptions) {
    const { clock, log } = options;
    this.#options = options;
    this.startedAt = clock.now();
    this.lastReload = { at: this.startedAt, ok: true };
    const ledger: Ledger = {
      buckets: this.#buckets,
      totals: this.totals,
      handshakes: this.handshakes,
      now: () => clock.now(),
    };
    this.#inbound = new InboundSide(ledger);
    this.#outbound = new OutboundSide(ledger, this.hosts);
    this.#rates = new RateMeter(clock, this.totals);
    // Statistics that cannot be kept are a nuisance, never an emergency.
    this.#fault = new RepeatedFault({ clock, log, gone: "Statistics can be written again", level: "warning" });
    this.#timer = clock.every(writeMs, () => this.#write());
  }

  /** Hears the log: to be given to `LineLog.observe`. */
  readonly observer: LogObserver<MailEvent> = (event) => {
    if (event.event === "note") return this.#noted(event.reason);
    const { event: name } = event;
    if (name.startsWith("icid") || name.startsWith("mid") || name === "message_finished") {
      return this.#inbound.hear(event as InboundEvent);
    }
    this.#outbound.hear(event as OutboundEvent);
  };

  /** Outbound connections that are open, by destination. */
  get open(): ReadonlyMap<string, number> {
    return this.#outbound.open;
  }

  /** Events an hour, over the last 1, 5 and 15 minutes. */
  rates(): Rates {
    return this.#rates.rates();
  }

  /** How TLS went last between us and a domain. */
  lastTls(direction: Direction, domain: string): TlsResult | undefined {
    return this.#buckets.latestTls(direction, domain) ?? this.read((store) => store.tls(direction, domain));
  }

  /** What a destination refused with last. */
  lastRefusal(domain: string): LastRefusal | undefined {
    return this.#buckets.latestRefusal(domain) ?? this.read((store) => store.refusal(domain));
  }

  /** Asks the database, which has everything counted so far then; `undefined` where it cannot be read. */
  read<T>(query: (store: MonitorStore) => T): T | undefined {
    if (this.#closed) return undefined;
    return this.#guarded(() => {
      const store = this.#opened();
      this.#writeAll(store);
      return query(store);
    });
  }

  /** Writes everything and closes. */
  close(): void {
    if (this.#closed) return;
    this.#timer.cancel();
    this.#slice?.cancel();
    this.#rates[Symbol.dispose]();
    if (this.#buckets.dirty) this.#guarded(() => this.#writeAll(this.#opened()));
    this.#closed = true;
    this.#release();
  }

  #noted(reason: string | undefined): void {
    if (reason !== "config_applied" && reason !== "config_refused" && reason !== "config_failed") return;
    this.lastReload = { at: this.#options.clock.now(), ok: reason === "config_applied" };
  }

  /** One slice, and a timer for the next where there is more. Old rows are removed when nothing is left to write. */
  #write(): void {
    this.#slice?.cancel();
    this.#slice = undefined;
    const now = this.#options.clock.now();
    const prune = Math.abs(now - this.#prunedAt) >= pruneMs;
    if (!this.#buckets.dirty && !prune) return this.#fault.check();
    const more = this.#guarded(() => {
      const store = this.#opened();
      if (this.#buckets.dirty) this.#writeSlice(store);
      else if (store.prune(now, sliceRows)) return true;
      else this.#prunedAt = now;
      return this.#buckets.dirty || Math.abs(now - this.#prunedAt) >= pruneMs;
    });
    if (more) this.#slice = this.#options.clock.after(sliceMs, () => this.#write());
  }

  #writeAll(store: MonitorStore): void {
    while (this.#buckets.dirty) this.#writeSlice(store);
  }

  #writeSlice(store: MonitorStore): void {
    const batch = this.#buckets.take(sliceRows);
    store.write(batch);
    this.#buckets.written(batch);
  }

  #opened(): MonitorStore {
    if (this.#store !== undefined) return this.#store;
    const { directory, clock, log } = this.#options;
    const store = this.#store = openOrReplace(`${directory}/monitor.db`, { log, now: clock.now() });
    this.#buckets.learn(clock.now(), (hour, direction) => store.domains(hour, direction));
    return store;
  }

  /** Runs what touches the database. A fault is told, and the file is opened anew the next time. */
  #guarded<T>(run: () => T): T | undefined {
    try {
      const result = run();
      this.#fault.worked();
      return result;
    } catch (error) {
      const { directory } = this.#options;
      this.#fault.failed(`Cannot keep statistics in ${directory}/monitor.db: ${causeOf(error)}`, "monitor");
      this.#release();
      return undefined;
    }
  }

  #release(): void {
    try {
      this.#store?.[Symbol.dispose]();
    } catch {
      // What a damaged file says at its end does not matter any more.
    }
    this.#store = undefined;
  }
}

/** Opens the database; one that is damaged, or of another release, is set aside and begun anew: it is statistics. */
function openOrReplace(path: string, { log, now }: { log: MailLog; now: number }): MonitorStore {
  try {
    return new MonitorStore(path);
  } catch (error) {
    if (!/malformed|not a database|it has version|no such (table|column)/.test(causeOf(error))) throw error;
    const aside = `${path}.corrupt-${new Date(now).toISOString().replace(/\.\d+Z$/, "Z").replaceAll(":", "")}`;
    Deno.renameSync(path, aside);
    for (const suffix of ["-wal", "-shm"]) removeIfThere(path + suffix);
    const text = `Cannot read the statistics ${path}: ${causeOf(error)}; they are set aside as ${aside} and begun anew`;
    log.warning({ event: "note", text, reason: "monitor_corrupt" });
    return new MonitorStore(path);
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
