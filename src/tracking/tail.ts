/**
 * The last lines of the mail log, for somebody who watches it.
 *
 * Only its end is read, a bounded number of octets however large it is, so it may be asked for every few seconds beside mail.
 *
 * @module
 */
import { type LogLevel, logLevels } from "../base/log.ts";
import { LineReader, type LogLine } from "./line.ts";

/** Octets that are looked at, from the end. */
export const tailOctetsMax = 524_288;

/** What is to be seen. */
export interface TailWish {
  /** This level and graver ones. */
  level: LogLevel;
  /** Anywhere in the line, upper or lower case; empty: every line. */
  text: string;
  /** Lines, the last ones. */
  limit: number;
}

/** The last lines that fit, the oldest first; none where there is no log. */
export async function tailOf(directory: string, { level, text, limit }: TailWish): Promise<LogLine[]> {
  const wanted = text.toLowerCase();
  const gravest = logLevels.indexOf(level);
  const reader = new LineReader();
  const found: LogLine[] = [];
  for (const line of await lastLines(directory)) {
    if (wanted !== "" && !line.toLowerCase().includes(wanted)) continue;
    const read = reader.read(line);
    if (read !== undefined && logLevels.indexOf(read.level) <= gravest) found.push(read);
  }
  return found.slice(-limit);
}

/** Whole lines of the end; where the log was rotated just now, of the file before too. */
async function lastLines(directory: string): Promise<string[]> {
  const now = await endOf(`${directory}/mail.log`, tailOctetsMax);
  const before = now.length < tailOctetsMax
    ? await endOf(`${directory}/mail.log.1`, tailOctetsMax - now.length)
    : new Uint8Array();
  return [before, now].flatMap((bytes) => {
    const lines = new TextDecoder().decode(bytes).split("\n");
    // Behind the last line end there is nothing, or a line that is being written.
    lines.pop();
    return lines;
  });
}

/** At most so many octets of a file's end, from a line's beginning on. */
async function endOf(path: string, octets: number): Promise<Uint8Array> {
  try {
    using file = await Deno.open(path);
    const { size } = await file.stat();
    const start = Math.max(0, size - octets);
    await file.seek(start, Deno.SeekMode.Start);
    const bytes = new Uint8Array(size - start);
    let length = 0;
    while (length < bytes.length) {
      const read = await file.read(bytes.subarray(length));
      if (read === null) break;
      length += read;
    }
    const whole = bytes.subarray(0, length);
    return start === 0 ? whole : whole.subarray(whole.indexOf(10) + 1);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Uint8Array();
    throw error;
  }
}
