/**
 * Lines of the mail log as syslog messages: RFC 5424, and how they are told apart on a stream. Pure.
 *
 *     <22>1 2025-11-22T01:20:00.000Z mx1.example.test postern 4711 mail_log - Info: Start MID 7 ICID 5
 *
 * A line in text goes without its own time, which the header has in a form that sorts; a line in JSON goes whole. Text beyond ASCII is marked
 * as UTF-8 by a BOM, as RFC 5424 §6.4 wants it; JSON is UTF-8 by itself and must not have one (RFC 8259 §8.1).
 *
 * @module
 */
import type { LogLevel } from "../base/log.ts";
import { octets } from "../base/octets.ts";
import type { SyslogFacility } from "../config/config.ts";

// deno-fmt-ignore
/** RFC 5424 §6.2.1, table 1. */
const facilityCodes = {
  user: 1, mail: 2, daemon: 3,
  local0: 16, local1: 17, local2: 18, local3: 19, local4: 20, local5: 21, local6: 22, local7: 23,
} as const satisfies Record<SyslogFacility, number>;

/** RFC 5424 §6.2.1, table 2. What is Trace here has no level below Debug there. */
const severityCodes = { critical: 2, warning: 4, info: 6, debug: 7, trace: 7 } as const satisfies Record<
  LogLevel,
  number
>;

/** What is the same in all messages of a gateway. */
export interface SyslogOrigin {
  facility: SyslogFacility;
  /** The gateway's name. */
  hostname: string;
  /** Of the process. */
  pid: number;
  /** The longest message in octets; a longer one is cut. */
  octetsMax: number;
}

/** Makes messages of lines. */
export class SyslogForm {
  readonly #priorities: Record<LogLevel, string>;
  readonly #header: string;
  readonly #octetsMax: number;
  /** The last time and its text: many lines come within a millisecond. */
  #at = NaN;
  #time = "";

  constructor({ facility, hostname, pid, octetsMax }: SyslogOrigin) {
    const priority = (level: LogLevel) => `<${facilityCodes[facility] * 8 + severityCodes[level]}>1 `;
    this.#priorities = {
      critical: priority("critical"),
      warning: priority("warning"),
      info: priority("info"),
      debug: priority("debug"),
      trace: priority("trace"),
    };
    // RFC 5424 §6.2.4: printable ASCII, 255 at the most, else the nil value.
    const host = /^[\x21-\x7e]{1,255}$/.test(hostname) ? hostname : "-";
    this.#header = ` ${host} postern ${pid} mail_log - `;
    this.#octetsMax = octetsMax;
  }

  /** The message of a line of the log, without its line end; `at`: wall milliseconds at which it came. */
  message(line: string, at: number): string {
    const json = jsonHead.exec(line);
    if (json !== null) return this.#fitting(`${this.#priority(json[2])}${json[1]}${this.#header}${line}`);
    const text = textHead.exec(line);
    const said = text === null ? line : line.slice(text[1].length);
    const mark = isAscii(said) ? "" : "\uFEFF";
    return this.#fitting(`${this.#priority(text?.[2])}${this.#timeText(at)}${this.#header}${mark}${said}`);
  }

  /** The same with its length before it: RFC 6587 §3.4.1, RFC 5425 §4.3. */
  frame(line: string, at: number): string {
    const message = this.message(line, at);
    return `${isAscii(message) ? message.length : octets(message).length} ${message}`;
  }

  #priority(level: string | undefined): string {
    return this.#priorities[level?.toLowerCase() as LogLevel] ?? this.#priorities.info;
  }

  #timeText(at: number): string {
    if (at !== this.#at) {
      this.#at = at;
      this.#time = new Date(at).toISOString();
    }
    return this.#time;
  }

  /** Cut between two characters. */
  #fitting(message: string): string {
    // No character takes more than three octets for each of its units.
    if (message.length * 3 <= this.#octetsMax) return message;
    const whole = octets(message);
    if (whole.length <= this.#octetsMax) return message;
    const room = new Uint8Array(this.#octetsMax - ellipsis.length);
    const { read } = encoder.encodeInto(message, room);
    return message.slice(0, read) + ellipsis;
  }
}

const encoder = new TextEncoder();
/** In ASCII, so that a cut message needs no BOM for it. */
const ellipsis = "...";

/** `Sat Nov 22 01:20:00 2025 Info: `. */
const textHead = /^(\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4} )(Critical|Warning|Info|Debug|Trace): /;
/** `{"time":"2025-11-22T01:20:00.000Z","level":"info",`. */
const jsonHead = /^\{"time":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)","level":"(\w+)",/;

function isAscii(text: string): boolean {
  // deno-lint-ignore no-control-regex
  return !/[^\x00-\x7f]/.test(text);
}
