/**
 * Configurations that were in `config.yaml`, one file each: `history/00000012.json` under storage, newest last, at most `admin.history` of them.
 *
 * Each holds the whole text, so that any of them can be had again, and when it came, by whom, with which comment, and the difference from the one
 * before. What an editor wrote is kept too, under the name `file`, as soon as it is seen. Passwords' hashes are in these files as they are in
 * `config.yaml`: folder and files are their owner's alone.
 *
 * @module
 */
import { dirname } from "node:path";
import { type Clock, sleep } from "../base/clock.ts";
import { maskedDifference } from "./mask.ts";
import { giveToOwnerOf } from "./storage.ts";
import type { TextWork } from "./text_work.ts";

/** Where history is kept, and how much of it. */
export interface HistoryPlace {
  /** `history` under `storage.directory`. */
  directory: string;
  /** Entries: `admin.history`. */
  keep: number;
  /** Reads and writes long entries beside this thread; absent: here. */
  texts?: TextWork;
}

/** What is known of an entry. */
export interface HistoryFacts {
  id: number;
  /** Wall milliseconds. */
  at: number;
  /** A user of the page or shell; `file`: somebody edited the file. */
  who: string;
  comment: string;
  /** From the entry before, as a unified difference without secrets. */
  difference: string;
}

/** An entry with the whole text of the file. */
export interface HistoryEntry extends HistoryFacts {
  source: string;
}

/** What is written down of a new text. */
export type HistoryNote = Pick<HistoryEntry, "at" | "who" | "comment" | "source">;

/** Whoever writes waits so long for somebody else who does. */
const lockMs = 10_000;
const lockStepMs = 25;

const entryName = /^(\d{8,12})\.json$/;

/** The entries, the newest first. A file that is no entry is left out. */
export function readHistory(directory: string): HistoryFacts[] {
  return idsIn(directory).flatMap((id) => {
    const entry = readEntry(directory, id);
    if (entry === undefined) return [];
    const { source: _source, ...facts } = entry;
    return [facts];
  });
}

/** Entries since a text was in the file, the newest first; the newest alone, where that is too long ago. */
export function entriesSince(directory: string, source: string): HistoryFacts[] {
  const since: HistoryFacts[] = [];
  for (const id of idsIn(directory)) {
    const entry = readEntry(directory, id);
    if (entry === undefined) continue;
    const { source: text, ...facts } = entry;
    if (text === source) return since;
    since.push(facts);
  }
  return since.slice(0, 1);
}

/** Octets of all entries together. */
export function historySize(directory: string): number {
  return idsIn(directory).reduce((size, id) => size + Deno.statSync(pathOf(directory, id)).size, 0);
}

/** One entry; `undefined` where there is none. */
export function readEntry(directory: string, id: number): HistoryEntry | undefined {
  try {
    const { at, who, comment, difference, source } = JSON.parse(Deno.readTextFileSync(pathOf(directory, id)));
    const texts = [who, comment, difference, source].every((each) => typeof each === "string");
    return texts && typeof at === "number" ? { id, at, who, comment, difference, source } : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** What is known of the newest entry, and whether it says `source`. */
export function newestEntry(
  directory: string,
  source?: string,
): { facts: HistoryFacts; same: boolean } | undefined {
  const entry = lastEntry(directory);
  if (entry === undefined) return undefined;
  const { source: text, ...facts } = entry;
  return { facts, same: text === source };
}

/** The newest entry. */
function lastEntry(directory: string): HistoryEntry | undefined {
  for (const id of idsIn(directory)) {
    const entry = readEntry(directory, id);
    if (entry !== undefined) return entry;
  }
  return undefined;
}

/** Adds an entry, unless the newest one says the same, and takes the oldest away. To be called under {@linkcode lockHistory}. */
export function addToHistory(
  { directory, keep }: Pick<HistoryPlace, "directory" | "keep">,
  { at, who, comment, source }: HistoryNote,
): HistoryFacts | undefined {
  const last = lastEntry(directory);
  if (last?.source === source) return undefined;
  const ids = idsIn(directory);
  const id = (ids[0] ?? 0) + 1;
  const names = [`config.yaml (${last?.id})`, `config.yaml (${id})`] as const;
  const difference = last === undefined ? "" : maskedDifference(last.source, source, { names });
  const path = pathOf(directory, id);
  writePrivate(path, JSON.stringify({ at, who, comment, difference, source }, null, 1) + "\n");
  for (const old of ids.slice(Math.max(keep, 1) - 1)) Deno.removeSync(pathOf(directory, old));
  return { id, at, who, comment, difference };
}

/** Makes the folder where it is missing, and holds it until it is disposed of: one writes at a time, in whichever process. */
export async function lockHistory(directory: string, clock: Clock): Promise<Disposable> {
  Deno.mkdirSync(directory, { recursive: true, mode: 0o700 });
  giveToOwnerOf(dirname(directory), directory);
  const path = `${directory}/lock`;
  const file = Deno.openSync(path, { read: true, write: true, create: true, mode: 0o600 });
  try {
    giveToOwnerOf(dirname(directory), path);
    for (const until = clock.monotonic() + lockMs; !file.tryLockSync(true); await sleep(clock, lockStepMs)) {
      if (clock.monotonic() > until) {
        throw new Error(`Cannot change the configuration: somebody else has been at it for ${lockMs / 1000} s`);
      }
    }
  } catch (error) {
    file.close();
    throw error;
  }
  return { [Symbol.dispose]: () => file.close() };
}

/** Writes a file of this folder's owner alone, whole or not at all. */
export function writePrivate(path: string, text: string): void {
  const fresh = `${path}.new`;
  {
    using file = Deno.openSync(fresh, { write: true, create: true, truncate: true, mode: 0o600 });
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
    file.syncSync();
  }
  const folder = dirname(path);
  giveToOwnerOf(folder, fresh);
  Deno.renameSync(fresh, path);
  using directory = Deno.openSync(folder);
  directory.syncSync();
}

/** The newest first. */
function idsIn(directory: string): number[] {
  try {
    return [...Deno.readDirSync(directory)]
      .flatMap(({ name }) => Number(entryName.exec(name)?.[1] ?? NaN))
      .filter((id) => !Number.isNaN(id))
      .sort((a, b) => b - a);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function pathOf(directory: string, id: number): string {
  return `${directory}/${String(id).padStart(8, "0")}.json`;
}
