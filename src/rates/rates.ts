/**
 * What clients have done in the hour: counted in memory, for all listeners together, and written down every few seconds so that neither a
 * restart nor `kill -9` gives anybody a new hour.
 *
 * Mail comes before counting: a file that cannot be read is set aside, one that cannot be written is told in the log and tried again, and
 * counting goes on in memory.
 *
 * @module
 */
import type { Clock, Timer } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import type { Log } from "../base/log.ts";
import { type Note, RepeatedFault } from "../base/repeated_fault.ts";
import { causeOf, printable } from "../base/text.ts";
import { type Attempt, type CountChanges, type HourlyCount, HourlyCounts } from "./hourly_counts.ts";
import { type Clocks, type RateKind, rateKinds, RatesFile } from "./rates_file.ts";

/** The counts, by what is counted. */
export interface Rates {
  /** Recipients that were taken, by client. */
  readonly recipients: HourlyCounts;
  /** Recipients that were taken, by envelope sender. */
  readonly senders: HourlyCounts;
  /** Recipients that the recipient table refused, by client. */
  readonly invalid: HourlyCounts;
  /** Authentications that failed, by client. */
  readonly auth: HourlyCounts;
}

/** Counts of one kind, as those see them who count. */
export type Counter = Pick<HourlyCounts, "count" | "add">;

/** {@linkcode Rates} as sessions see them. Failed authentications are counted where all threads meet: who guesses gets no attempt more. */
export interface ClientCounts {
  readonly recipients: Counter;
  readonly senders: Counter;
  readonly invalid: Counter;
  readonly auth: {
    attempt(key: string, most: number): Attempt | Promise<Attempt>;
    add(key: string, by: number): unknown;
  };
}

/** How often changes are written: what `kill -9` costs. */
export const writeMs = 2_000;
/** While more changes wait than one transaction takes. */
const nextWriteMs = 50;
/** Changes in one transaction: a few milliseconds of the one thread. */
const changesMax = 5_000;

/** Counts that nobody keeps. */
export function countsInMemory(now: () => number): Rates {
  return {
    recipients: new HourlyCounts(now),
    senders: new HourlyCounts(now),
    invalid: new HourlyCounts(now),
    auth: new HourlyCounts(now),
  };
}

/** Where counts are kept, and what that needs. */
export interface KeptRatesOptions {
  /** The folder of `rates.db`. */
  directory: string;
  clock: Clock;
  log: Log<Note>;
}

/** Counts that outlive the process. */
export class KeptRates implements Rates, Disposable {
  readonly recipients: HourlyCounts;
  readonly senders: HourlyCounts;
  readonly invalid: HourlyCounts;
  readonly auth: HourlyCounts;
  readonly #clock: Clock;
  readonly #file: RatesFile | undefined;
  readonly #fault: RepeatedFault;
  readonly #every: Timer | undefined;
  #soon: Timer | undefined;
  /** What to add to monotonic time for steady time. */
  readonly #offset: number;

  /** Opens the file and takes up its counts. Never throws. */
  constructor({ directory, clock, log }: KeptRatesOptions) {
    this.#clock = clock;
    this.#fault = new RepeatedFault({ clock, log, gone: "Limits per hour are written down again" });
    const found = openFile(`${directory}/rates.db`, log);
    this.#file = found?.file;
    this.#offset = steadyAt(clock.now(), found?.clocks) - clock.monotonic();
    const counts = countsInMemory(() => this.#steady());
    ({ recipients: this.recipients, senders: this.senders, invalid: this.invalid, auth: this.auth } = counts);
    if (found === undefined) return;
    for (const [kind, rows] of found.rows) for (const row of rows) this[kind].restore(row);
    this.#every = clock.every(writeMs, () => this.#write());
  }

  /** Writes what waits, and closes. Counting goes on, in memory. */
  [Symbol.dispose](): void {
    this.#every?.cancel();
    this.#soon?.cancel();
    if (this.#file === undefined) return;
    for (let more = this.#write(); more; more = this.#write());
    this.#soon?.cancel();
    this.#file[Symbol.dispose]();
  }

  #steady(): number {
    return this.#clock.monotonic() + this.#offset;
  }

  /** Writes a part of what has changed; true: there is more. */
  #write(): boolean {
    this.#soon?.cancel();
    this.#soon = undefined;
    const changes = new Map<RateKind, CountChanges>();
    for (const kind of rateKinds) {
      this[kind].purge();
      if (this[kind].hasChanges) changes.set(kind, this[kind].takeChanges(changesMax));
    }
    if (changes.size === 0) {
      this.#fault.check();
      return false;
    }
    const clocks: Clocks = { steady: this.#steady(), wall: this.#clock.now() };
    try {
      this.#file!.write(changes, clocks);
    } catch (thrown) {
      for (const kind of changes.keys()) this[kind].tellAfresh();
      this.#fault.failed(`Cannot write limits per hour down: ${printable(causeOf(thrown))}`, "rates_failed");
      return false;
    }
    this.#fault.worked();
    const more = rateKinds.some((kind) => this[kind].hasChanges);
    if (more) this.#soon = this.#clock.after(nextWriteMs, () => this.#write());
    return more;
  }
}

/** What an earlier process left. */
interface Opened {
  file: RatesFile;
  clocks: Clocks | undefined;
  rows: ReadonlyMap<RateKind, HourlyCount[]>;
}

function opened(path: string): Opened {
  const file = new RatesFile(path);
  try {
    const rows = new Map(rateKinds.map((kind) => [kind, file.rows(kind, limits.rateKeysMax)]));
    return { file, clocks: file.clocks, rows };
  } catch (thrown) {
    file[Symbol.dispose]();
    throw thrown;
  }
}

/** Opens the file; one that cannot be read makes way for a new one. */
function openFile(path: string, log: Log<Note>): Opened | undefined {
  try {
    return opened(path);
  } catch (thrown) {
    const cause = printable(causeOf(thrown));
    try {
      Deno.renameSync(path, `${path}.damaged`);
      for (const end of ["-wal", "-shm"]) removeIfThere(path + end);
      const anew = opened(path);
      const text = `Limits per hour begin anew: ${path} could not be read and is ${path}.damaged now: ${cause}`;
      log.warning({ event: "note", text, reason: "rates_damaged" });
      return anew;
    } catch {
      const text = `Limits per hour will not outlive this process: cannot open ${path}: ${cause}`;
      log.warning({ event: "note", text, reason: "rates_failed" });
      return undefined;
    }
  }
}

/**
 * Steady time now: it goes on where it was when the file was written, and what has passed since is the wall clock's word. A wall clock that
 * was set back meanwhile makes no hour longer than what was left of it.
 */
function steadyAt(wall: number, written: Clocks | undefined): number {
  return written === undefined ? wall : written.steady + Math.max(wall - written.wall, 0);
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}
