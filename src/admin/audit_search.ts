/**
 * Searches of the audit log, from the end back: through `audit.log` and the older files beside it.
 *
 * A search reads {@linkcode scanOctets} at the most and says where the next one goes on, so that a log of gigabytes costs no request more than a
 * small one. Where a page ends is told by file and place; a file keeps its number when it is renamed, so lines that come meanwhile shift nothing.
 *
 * @module
 */
import { textOf } from "../base/octets.ts";
import type { AuditLine } from "./audit.ts";

/** What is searched for. Texts fit anywhere, upper or lower case. */
export interface AuditWanted {
  /** In the user's name or his address. */
  who?: string;
  /** In the action, its target or its words. */
  what?: string;
  /** Done, or refused. */
  ok?: boolean;
  /** Wall milliseconds: not before, not after. */
  since?: number;
  until?: number;
  /** What a search gave as `next`. */
  cursor?: string;
}

/** What was found, the newest first. */
export interface AuditFound {
  lines: AuditLine[];
  /** There may be more. */
  next?: string;
}

/** Octets that one search reads. */
export const scanOctets = 4_194_304;
const chunkOctets = 65_536;
/** Old files that are looked for. */
const filesMax = 10_000;
const newline = 10;

interface Place {
  path: string;
  file: number;
  /** Lines before this octet are left. */
  end: number;
}

/** Searches the files of `path`; `count` lines at the most. A cursor that leads nowhere finds nothing. */
export async function findAudit(path: string, wanted: AuditWanted, count: number): Promise<AuditFound> {
  const lines: AuditLine[] = [];
  const fits = judgeOf(wanted);
  let budget = scanOctets;
  for (const place of await placesOf(path, wanted)) {
    for await (const { line, at } of linesBefore(place)) {
      const read = readAuditLine(line);
      if (read !== undefined && wanted.since !== undefined && Date.parse(read.time) < wanted.since) return { lines };
      if (read !== undefined && fits(read)) lines.push(read);
      budget -= line.length + 1;
      if (lines.length >= count || budget <= 0) return { lines, next: `${place.file}-${at}` };
    }
  }
  return { lines };
}

/** Reads a line back. `undefined`: a crash cut it off, or somebody else wrote it. */
export function readAuditLine(line: string): AuditLine | undefined {
  try {
    const read = JSON.parse(line);
    return typeof read?.time === "string" && typeof read.action === "string" ? read : undefined;
  } catch {
    return undefined;
  }
}

function judgeOf({ who = "", what = "", ok, until = Infinity }: AuditWanted): (line: AuditLine) => boolean {
  const isIn = (needle: string, texts: readonly (string | undefined)[]) =>
    needle === "" || texts.some((text) => typeof text === "string" && text.toLowerCase().includes(needle));
  const [someone, something] = [who.toLowerCase(), what.toLowerCase()];
  return (line) =>
    (ok === undefined || line.ok === ok) && Date.parse(line.time) <= until &&
    isIn(someone, [line.user, line.address]) && isIn(something, [line.action, line.target, line.detail]);
}

/** Where a search looks, the newest file first. */
async function placesOf(path: string, { cursor, until }: AuditWanted): Promise<Place[]> {
  const places: Place[] = [];
  for (let age = 0; age <= filesMax; age++) {
    const each = age === 0 ? path : `${path}.${age}`;
    try {
      const { ino, size } = await Deno.stat(each);
      places.push({ path: each, file: ino ?? 0, end: size });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      // Between two renames the newest is missing for a moment.
      if (age > 0) break;
    }
  }
  if (cursor !== undefined) {
    const [, file, end] = /^(\d{1,20})-(\d{1,15})$/.exec(cursor) ?? [];
    const from = places.findIndex((place) => String(place.file) === file);
    if (from < 0) return [];
    return [{ ...places[from], end: Math.min(Number(end), places[from].end) }, ...places.slice(from + 1)];
  }
  if (until === undefined) return places;
  return await Promise.all(places.map(async (place) => ({ ...place, end: await endOf(place, until) })));
}

/** Where the lines after a time begin, found by halves: they are in the order of time. */
async function endOf({ path, end }: Place, until: number): Promise<number> {
  using file = await Deno.open(path);
  let [low, high] = [0, end];
  while (high - low > chunkOctets) {
    const middle = Math.floor((low + high) / 2);
    const bytes = await readAt(file, { from: middle, to: Math.min(middle + chunkOctets, end) });
    const first = bytes.indexOf(newline) + 1;
    const second = bytes.indexOf(newline, first);
    const line = first > 0 && second > 0 ? readAuditLine(textOf(bytes.subarray(first, second))) : undefined;
    if (line !== undefined && Date.parse(line.time) > until) high = middle + first;
    else low = middle + Math.max(first, 1);
  }
  return high;
}

/** The lines before a place, the last one first, and where each begins. */
async function* linesBefore({ path, end }: Place): AsyncGenerator<{ line: string; at: number }> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  using open = file;
  for (let to = end; to > 0;) {
    const from = Math.max(to - chunkOctets, 0);
    const bytes = await readAt(open, { from, to });
    // What begins before this piece is read with the next one; what is longer than a piece is no line of ours.
    const whole = from === 0 ? 0 : bytes.indexOf(newline) + 1;
    const begin = from > 0 && (whole === 0 || whole === bytes.length) ? bytes.length : whole;
    for (let last = bytes.length; last > begin;) {
      const stop = bytes[last - 1] === newline ? last - 1 : last;
      const start = Math.max(bytes.subarray(begin, stop).lastIndexOf(newline) + 1 + begin, begin);
      if (stop > start) yield { line: textOf(bytes.subarray(start, stop)), at: from + start };
      last = start;
    }
    to = begin === bytes.length ? from : from + begin;
  }
}

async function readAt(file: Deno.FsFile, { from, to }: { from: number; to: number }): Promise<Uint8Array<ArrayBuffer>> {
  await file.seek(from, Deno.SeekMode.Start);
  const bytes = new Uint8Array(to - from);
  let length = 0;
  for (let read; length < bytes.length && (read = await file.read(bytes.subarray(length))) !== null;) length += read;
  return bytes.subarray(0, length);
}
