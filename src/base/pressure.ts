/**
 * Load shedding: what runs short, and whom that turns away.
 *
 * One sampler looks once a second; sessions and messages ask for its last word, which costs a read. Short of sessions, memory or time
 * (the event loop runs late), new connections get 421; sessions that run go on. Short of queue, disk or inodes, MAIL gets 452 and
 * sessions stay, since mail that is queued can still leave and a client's connection costs little.
 *
 * Each pressure is told by a line when it begins and one when it is gone. It is gone only when there is {@linkcode margin} to
 * spare for {@linkcode calmSamples} samples, so that what sways around a limit makes neither a line a second nor clients that are
 * turned away every other time.
 *
 * @module
 */
import type { Clock, Timer } from "./clock.ts";
import { limits as fixed } from "./limits.ts";
import type { Log } from "./log.ts";
import { type Note, RepeatedFault } from "./repeated_fault.ts";

/** How often is looked. */
export const sampleMs = 1_000;
/** What must be to spare before a pressure is gone, as a part of its limit. */
export const margin = 0.1;
/** For how many samples. */
export const calmSamples = 3;
/**
 * With fewer sessions nobody is turned away for want of memory or time: it would free nothing, and memory that the runtime keeps
 * although nothing uses it would shut the gateway for ever.
 */
export const sessionsAlways = 10;

/** What may run short. */
export type PressureKind = "sessions" | "memory" | "lag" | "queue" | "disk" | "inodes";

/** The owner's limits: octets, milliseconds, counts. */
export interface PressureLimits {
  max_sessions: number;
  max_memory: number;
  max_event_loop_lag: number;
  max_queue_messages: number;
  min_free_disk: number;
}

/** What is looked at. */
export interface PressureSource {
  clock: Clock;
  log: Log<Note>;
  /** The limits in force. */
  limits: () => PressureLimits;
  /** Sessions that run. */
  sessions: () => number;
  /** Messages in the queue. */
  messages: () => number;
  /** What the queue's file system has free for mail; below 0 where it has not even what the queue keeps for itself. */
  space: () => { octets: number; inodes: number };
  /** Octets of memory in use. */
  memory: () => number;
  /** How late threads beside this one are, ms. */
  lag?: () => number;
}

/** Why somebody is turned away: words for the log, and for the peer. */
export interface Shortage {
  kind: PressureKind;
  text: string;
  peer: string;
}

/** The state of all that is looked at, for whoever shows it. */
export interface PressureState {
  /** Nothing runs short, and messages can be stored. */
  healthy: boolean;
  pressures: {
    kind: PressureKind | "storage";
    /** Wall milliseconds. */
    since: number;
    /** Sessions or messages that were turned away. */
    refused: number;
    text: string;
  }[];
  /** What was measured last, by kind. */
  readings: Readonly<Record<PressureKind, number>>;
}

interface Gauge {
  refuses: "sessions" | "mail";
  level: "critical" | "warning";
  /** Whether more or less of it is worse. */
  worse: "more" | "less";
  limit: (limits: PressureLimits) => number;
  text: string;
  peer: string;
  shown: (value: number) => string;
}

const mebibytes = (octets: number): string => `${Math.floor(Math.max(octets, 0) / 1048576)} MiB`;
const count = (value: number): string => `${value}`;

// deno-fmt-ignore
const gauges: Readonly<Record<PressureKind, Gauge>> = {
  sessions: {
    refuses: "sessions", level: "warning", worse: "more", limit: (limits) => limits.max_sessions, shown: count,
    text: "too many sessions", peer: "Too many connections",
  },
  memory: {
    refuses: "sessions", level: "critical", worse: "more", limit: (limits) => limits.max_memory, shown: mebibytes,
    text: "too much memory in use", peer: "Short of memory, try again later",
  },
  lag: {
    refuses: "sessions", level: "warning", worse: "more", limit: (limits) => limits.max_event_loop_lag,
    shown: (ms) => `${(ms / 1000).toFixed(1)} s`,
    text: "the event loop runs too late", peer: "Overloaded, try again later",
  },
  queue: {
    refuses: "mail", level: "critical", worse: "more", limit: (limits) => limits.max_queue_messages, shown: count,
    text: "too many messages in the queue", peer: "Too many messages are queued, try again later",
  },
  disk: {
    refuses: "mail", level: "critical", worse: "less", limit: (limits) => limits.min_free_disk, shown: mebibytes,
    text: "too little disk space free", peer: "Too little disk space, try again later",
  },
  inodes: {
    refuses: "mail", level: "critical", worse: "less", limit: () => fixed.freeInodesMin, shown: count,
    text: "too few inodes free", peer: "Too little disk space, try again later",
  },
};

const kinds = Object.keys(gauges) as PressureKind[];

interface Active {
  /** Monotonic and wall milliseconds. */
  since: number;
  at: number;
  refused: number;
  calm: number;
}

/** See the module. */
export class Pressure implements Disposable {
  /** Messages that cannot be stored although nothing measured runs short. */
  readonly storage: RepeatedFault;
  /** Called when {@linkcode Pressure.mailShortage} is another one. */
  onMailShortage: (shortage: Shortage | undefined) => void = () => {};
  readonly #source: PressureSource;
  readonly #active = new Map<PressureKind, Active>();
  readonly #timer: Timer;
  readonly #readings: Record<PressureKind, number>;
  #sampledAt: number;
  #lastLag = 0;
  #noSessions: Shortage | undefined;
  #noMail: Shortage | undefined;

  constructor(source: PressureSource) {
    const { clock, log } = source;
    this.#source = source;
    this.storage = new RepeatedFault({ clock, log, gone: "Messages can be stored again" });
    this.#readings = { sessions: 0, memory: 0, lag: 0, queue: 0, disk: Infinity, inodes: Infinity };
    this.#sampledAt = clock.monotonic();
    this.#timer = clock.every(sampleMs, () => this.#sample());
  }

  /** Why a connection is turned away, `sessions` running; `undefined`: it is welcome. The limit of sessions is kept to the letter. */
  sessionShortage(sessions: number): Shortage | undefined {
    if (sessions >= this.#source.limits().max_sessions) {
      this.#readings.sessions = sessions;
      if (!this.#active.has("sessions")) this.#begin("sessions");
      return shortage("sessions");
    }
    return sessions < sessionsAlways ? undefined : this.#noSessions;
  }

  /** Sessions that may run. */
  get sessionsMax(): number {
    return this.#source.limits().max_sessions;
  }

  /** Why no message is taken; `undefined`: it is welcome. */
  get mailShortage(): Shortage | undefined {
    return this.#noMail;
  }

  /** Counts somebody who was turned away. */
  refused({ kind }: Shortage): void {
    const active = this.#active.get(kind);
    if (active !== undefined) active.refused++;
  }

  /** A message could not be stored. Where the reason is a shortage that the sampler had not seen yet, it is told as that. */
  storeFailed(text: string, reason: string): void {
    this.#read();
    for (const kind of kinds) if (gauges[kind].refuses === "mail") this.#judgeBegin(kind);
    if (this.#noMail === undefined) this.storage.failed(text, reason);
    else this.refused(this.#noMail);
  }

  /** For whoever shows it. */
  state(): PressureState {
    const { clock } = this.#source;
    const pressures: PressureState["pressures"] = [...this.#active].map(([kind, { at, refused }]) => (
      { kind, since: at, refused, text: this.#facts(kind) }
    ));
    const storage = this.storage.state;
    if (storage !== undefined) {
      const since = clock.now() - (clock.monotonic() - storage.since);
      pressures.push({ kind: "storage", since, refused: storage.count, text: "messages cannot be stored" });
    }
    return { healthy: pressures.length === 0, pressures, readings: { ...this.#readings } };
  }

  /** Looks no more. */
  [Symbol.dispose](): void {
    this.#timer.cancel();
  }

  #sample(): void {
    const now = this.#source.clock.monotonic();
    const lag = Math.max(now - this.#sampledAt - sampleMs, 0);
    this.#sampledAt = now;
    // One stall is over when it is noticed; two in a row are a load.
    this.#readings.lag = Math.max(Math.min(lag, this.#lastLag), this.#source.lag?.() ?? 0);
    this.#lastLag = lag;
    this.#readings.memory = this.#source.memory();
    this.#readings.sessions = this.#source.sessions();
    this.#read();
    for (const kind of kinds) {
      const active = this.#active.get(kind);
      if (active === undefined) this.#judgeBegin(kind);
      else this.#judgeEnd(kind, active);
    }
    this.storage.check();
  }

  /** What changes with each message. */
  #read(): void {
    const { octets, inodes } = this.#source.space();
    this.#readings.queue = this.#source.messages();
    this.#readings.disk = octets;
    this.#readings.inodes = inodes;
  }

  #judgeBegin(kind: PressureKind): void {
    if (this.#active.has(kind)) return;
    const { worse, limit } = gauges[kind];
    const [value, most] = [this.#readings[kind], limit(this.#source.limits())];
    if (worse === "more" ? value >= most : value < most) this.#begin(kind);
  }

  #judgeEnd(kind: PressureKind, active: Active): void {
    const { worse, limit } = gauges[kind];
    const [value, most] = [this.#readings[kind], limit(this.#source.limits())];
    const calm = worse === "more" ? value <= most - Math.max(most * margin, 1) : value - most >= most * margin;
    active.calm = calm ? active.calm + 1 : 0;
    if (active.calm < calmSamples) return;
    this.#active.delete(kind);
    this.#choose();
    const { text, refuses } = gauges[kind];
    const seconds = Math.round((this.#source.clock.monotonic() - active.since) / 1000);
    const whom = refuses === "sessions" ? "connections" : "messages";
    this.#source.log.warning({
      event: "note",
      text: `Pressure is gone after ${seconds} s: ${text}; ${active.refused} ${whom} were turned away`,
      reason: `pressure_${kind}_over`,
    });
  }

  #begin(kind: PressureKind): void {
    const { clock, log } = this.#source;
    this.#active.set(kind, { since: clock.monotonic(), at: clock.now(), refused: 0, calm: 0 });
    this.#choose();
    const { level, refuses } = gauges[kind];
    const what = refuses === "sessions" ? "new connections get 421" : "MAIL gets 452";
    log[level]({ event: "note", text: `Pressure: ${this.#facts(kind)}; ${what}`, reason: `pressure_${kind}` });
  }

  /** `too little disk space free: 12 MiB, the limit is 512 MiB`. */
  #facts(kind: PressureKind): string {
    const { text, shown, limit } = gauges[kind];
    return `${text}: ${shown(this.#readings[kind])}, the limit is ${shown(limit(this.#source.limits()))}`;
  }

  /** Sets what those who ask are told. Sessions are counted to the letter, not by the sampler. */
  #choose(): void {
    const first = (refuses: Gauge["refuses"]) =>
      kinds.find((kind) => kind !== "sessions" && gauges[kind].refuses === refuses && this.#active.has(kind));
    const [noSessions, noMail] = [first("sessions"), first("mail")];
    this.#noSessions = noSessions && shortage(noSessions);
    if (this.#noMail?.kind === noMail) return;
    this.#noMail = noMail && shortage(noMail);
    this.onMailShortage(this.#noMail);
  }
}

function shortage(kind: PressureKind): Shortage {
  const { text, peer } = gauges[kind];
  return { kind, text, peer };
}
