/**
 * One line of the mail log, read back.
 *
 * Both forms are read, text and JSON, in one file too, since a reload may change the form. What a peer sent stands behind our own words in a line, so numbers are read
 * from the beginning of a line only: a Subject that says `MID 7` is a Subject.
 *
 * @module
 */
import { type LogLevel, logLevels } from "../base/log.ts";

/** A line with its time and the numbers it is about. */
export interface LogLine {
  /** Wall milliseconds; to the second where the log is text. */
  at: number;
  level: LogLevel;
  /** The classic text without prefix. Control characters of peers are escaped in it already. */
  text: string;
}

/** What a line is about. */
export interface Numbers {
  mid?: number;
  icid?: number;
  dcid?: number;
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const prefix = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d\d) (\d\d):(\d\d):(\d\d) (\d{4}) /;
const levels = new Map(logLevels.map((level) => [level[0].toUpperCase() + level.slice(1), level]));
/** Octets of the time in text: `Sun Nov 22 08:06:21 2026`. */
const timeLength = 24;

/** Reads lines of one log. It remembers the last second, which most lines share. */
export class LineReader {
  #time = "";
  #at = 0;

  /** The line, or nothing where it is none of ours. */
  read(line: string): LogLine | undefined {
    return line.startsWith("{") ? readJson(line) : this.#readText(line);
  }

  #readText(line: string): LogLine | undefined {
    // Most lines have the second of the one before, and its regular expression costs most of what a line costs.
    if (this.#time === "" || !line.startsWith(this.#time)) {
      const found = prefix.exec(line);
      if (found === null) return undefined;
      const [, month, day, hours, minutes, seconds, year] = found;
      const at = new Date(+year, months.indexOf(month), +day, +hours, +minutes, +seconds).getTime();
      if (Number.isNaN(at)) return undefined;
      this.#time = line.slice(0, timeLength + 1);
      this.#at = at;
    }
    const colon = line.indexOf(": ", timeLength);
    const level = levels.get(line.slice(timeLength + 1, colon));
    return level === undefined ? undefined : { at: this.#at, level, text: line.slice(colon + 2) };
  }
}

function readJson(line: string): LogLine | undefined {
  try {
    const { time, level, text } = JSON.parse(line);
    const at = Date.parse(time);
    return typeof text === "string" && !Number.isNaN(at) ? { at, level, text } : undefined;
  } catch {
    // Half a line: the disk was full, or the process ended.
    return undefined;
  }
}

/** Every beginning of a line that has numbers. The first alternative is the most frequent. */
const beginning =
  /^(?:MID (\d+)(?: ICID (\d+))?|(?:New SMTP )?(ICID|DCID) (\d+)|Start MID (\d+)(?: ICID (\d+))?|(?:Delivery start|Message done|Bounced:|Delayed:) DCID (\d+) MID (\d+)|Message (?:finished|aborted) MID (\d+)|Connection Error: DCID (\d+))(?= |$)/;

/** What a line is about. */
export function numbersOf(text: string): Numbers {
  const found = beginning.exec(text);
  if (found === null) return {};
  const [, mid, icid, side, sideNumber, started, startedBy, dcid, dealtWith, ended, failed] = found;
  if (mid !== undefined) return { mid: +mid, ...icid === undefined ? {} : { icid: +icid } };
  if (side !== undefined) return side === "ICID" ? { icid: +sideNumber } : { dcid: +sideNumber };
  if (started !== undefined) return { mid: +started, ...startedBy === undefined ? {} : { icid: +startedBy } };
  if (dealtWith !== undefined) return { dcid: +dcid, mid: +dealtWith };
  return ended === undefined ? { dcid: +failed } : { mid: +ended };
}
