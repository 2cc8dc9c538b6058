/**
 * The log: one event a line, as text or as JSON.
 *
 * An event is a plain record with a name; what it looks like as text is decided in one place
 * (`mail/events.ts`), where everything from a peer is escaped. Lines are gathered and written together, since a
 * write a line would be a system call a line; a Critical line is written at once.
 *
 * @module
 */

/** Least to most talkative. */
export const logLevels = ["critical", "warning", "info", "debug", "trace"] as const;

/** One of {@linkcode logLevels}. */
export type LogLevel = (typeof logLevels)[number];

/** Where events go. `E` is the union of events. */
export interface Log<E> {
  critical(event: E): void;
  warning(event: E): void;
  info(event: E): void;
  debug(event: E): void;
  trace(event: E): void;
}

/** What takes finished lines: standard output, a file that rotates, a test's array. */
export interface LogSink {
  /** Takes whole lines, each with its line end. */
  write(lines: string): void;
  /** Hands everything to the system. */
  flush(): void;
}

/** How a log is made. */
export interface LogOptions<E> {
  level: LogLevel;
  format: "text" | "json";
  /** The text of an event, without prefix and line end, with everything from outside escaped. */
  render: (event: E) => string;
  now: () => number;
  sinks: readonly LogSink[];
}

const titles: Record<LogLevel, string> = {
  critical: "Critical",
  warning: "Warning",
  info: "Info",
  debug: "Debug",
  trace: "Trace",
};

const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `Www Mmm dd HH:MM:SS YYYY` in the machine's time zone. */
export function logTime(ms: number): string {
  const at = new Date(ms);
  const two = (n: number) => (n < 10 ? `0${n}` : `${n}`);
  return `${days[at.getDay()]} ${months[at.getMonth()]} ${two(at.getDate())} ` +
    `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())} ${at.getFullYear()}`;
}

/** Hears of every event, whatever the log's level: statistics and alerts are made of the same facts that the log shows. It must not throw. */
export type LogObserver<E> = (event: E, level: LogLevel) => void;

/** Critical events that are kept for observers who come later. */
const earlyMax = 20;

/** A log whose options can be replaced while it runs, as a reload does. */
export class LineLog<E extends object> implements Log<E> {
  #options: LogOptions<E>;
  #limit: number;
  #second = -1;
  #prefix = "";
  readonly #observers: LogObserver<E>[] = [];
  /** The first Critical events: a start can go wrong before those who tell somebody are there. */
  readonly #early: E[] = [];

  constructor(options: LogOptions<E>) {
    this.#options = options;
    this.#limit = logLevels.indexOf(options.level);
  }

  /** Level, format and sinks from now on. */
  set options(options: LogOptions<E>) {
    for (const sink of this.#options.sinks) sink.flush();
    this.#options = options;
    this.#limit = logLevels.indexOf(options.level);
  }

  get options(): LogOptions<E> {
    return this.#options;
  }

  /** Tells `observer` of every event from now on, and at once of the first Critical ones before. */
  observe(observer: LogObserver<E>): void {
    for (const event of this.#early) observer(event, "critical");
    this.#observers.push(observer);
  }

  /** Takes over what the log of another thread has rendered, and the events for the observers. */
  relay(lines: string, events: readonly (readonly [LogLevel, E])[]): void {
    for (const [level, event] of events) {
      if (level === "critical" && this.#early.length < earlyMax) this.#early.push(event);
      for (const observer of this.#observers) observer(event, level);
    }
    if (lines !== "") { for (const sink of this.#options.sinks) sink.write(lines); }
  }

  critical(event: E): void {
    this.#write(0, event);
    for (const sink of this.#options.sinks) sink.flush();
  }
  warning(event: E): void {
    this.#write(1, event);
  }
  info(event: E): void {
    this.#write(2, event);
  }
  debug(event: E): void {
    this.#write(3, event);
  }
  trace(event: E): void {
    this.#write(4, event);
  }

  #write(rank: number, event: E): void {
    if (rank === 0 && this.#early.length < earlyMax) this.#early.push(event);
    for (const observer of this.#observers) observer(event, logLevels[rank]);
    if (rank > this.#limit) return;
    const { now, format, render, sinks } = this.#options;
    const at = now();
    const level = logLevels[rank];
    const line = format === "json"
      ? JSON.stringify({ time: new Date(at).toISOString(), level, ...event, text: render(event) }) + "\n"
      : `${this.#prefixAt(at)} ${titles[level]}: ${render(event)}\n`;
    for (const sink of sinks) sink.write(line);
  }

  /** The time to the second, formatted once a second. */
  #prefixAt(ms: number): string {
    const second = Math.floor(ms / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#prefix = logTime(ms);
    }
    return this.#prefix;
  }
}
