/**
 * A damaged database: set aside, read as far as it can be read, and replaced.
 *
 * Nothing is lost in silence. The damaged files stay beside the new ones as `queue.db.corrupt-<time>`; what was moved and what
 * was not is on the log as Critical lines. Rows are read by their key in rising order; behind an unreadable page the next
 * readable key is sought in doubling steps and then closed in on, so one bad page costs its own rows and a few dozen reads.
 *
 * The new database is made as `queue.db.rescue` and takes the name only when everything is in it and on the disk: whoever is
 * killed before begins anew, and whoever is killed between the two renames finds the rescue alone and goes on with it.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import { causeOf } from "../base/text.ts";
import type { Octets } from "../base/octets.ts";
import type { TlsDemand } from "../mail/destination.ts";
import type { MailLog } from "../mail/events.ts";
import { Store } from "./store.ts";
import { storeTroubleOf } from "./trouble.ts";
import { idKinds } from "./ids.ts";

/** What a damaged database says of its counters is not trusted: they jump by this. */
const idJump = 1_000_000;

/** A database that is open. `aside` is the name under which a damaged one was put away. */
export interface OpenedStore {
  store: Store;
  aside: string | undefined;
}

/** Opens `path`, or replaces it where it is damaged. `now` names what is set aside. */
export function openStore(path: string, context: { log: MailLog; now: number }): OpenedStore {
  finishReplacement(path, context);
  try {
    if (Deno.statSync(path).size === 0) return replaceStore(path, { ...context, cause: "the file is empty" });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  let store: Store | undefined;
  try {
    store = new Store(path);
    // Each index and table is touched once here, rather than with the first message.
    store.destinations();
    store.countMessages();
    store.marks();
    return { store, aside: undefined };
  } catch (error) {
    store?.[Symbol.dispose]();
    const trouble = storeTroubleOf(error);
    if (trouble !== "corrupt" && !/no such (table|column)/.test(causeOf(error))) throw error;
    return replaceStore(path, { ...context, cause: causeOf(error) });
  }
}

/** Moves what can be read of the database at `path`, which must be closed, into a new one, and sets the old one aside. */
export function replaceStore(path: string, context: { log: MailLog; now: number; cause: string }): OpenedStore {
  const { log, now, cause } = context;
  const aside = asideName(path, now);
  const note = (text: string) => log.critical({ event: "note", text, reason: "queue_corrupt" });
  note(`Cannot read the queue ${path}: ${cause}; it is set aside as ${aside}`);
  const rescue = rescueName(path);
  for (const suffix of ["", "-wal", "-shm"]) if (exists(rescue + suffix)) Deno.removeSync(rescue + suffix);
  let report: { moved: number; lost: string };
  {
    using store = new Store(rescue);
    try {
      report = salvage(path, store);
    } catch (error) {
      report = { moved: 0, lost: causeOf(error) };
    }
  }
  setAside(path, aside);
  Deno.renameSync(rescue, path);
  note(
    `Moved ${report.moved} messages from ${aside} to a new queue` +
      (report.lost === "" ? "" : `; not readable: ${report.lost}; "sqlite3 ${aside} .recover" may find more`),
  );
  return { store: new Store(path), aside };
}

/** Ends a replacement that was cut off between its renames. */
function finishReplacement(path: string, { log, now }: { log: MailLog; now: number }): void {
  const rescue = rescueName(path);
  if (exists(path) || !exists(rescue)) return;
  // The log of the damaged database must not be taken for the new one's.
  setAside(path, asideName(path, now));
  Deno.renameSync(rescue, path);
  const text = `Found the queue ${path} as ${rescue}: its repair had been cut off, and is finished`;
  log.critical({ event: "note", text, reason: "queue_corrupt" });
}

function setAside(path: string, aside: string): void {
  if (exists(path)) Deno.renameSync(path, aside);
  if (exists(`${path}-wal`)) Deno.renameSync(`${path}-wal`, `${aside}-wal`);
  if (exists(`${path}-shm`)) Deno.removeSync(`${path}-shm`);
}

function rescueName(path: string): string {
  return `${path}.rescue`;
}

function asideName(path: string, now: number): string {
  const stamp = new Date(now).toISOString().replace(/\.\d+Z$/, "Z").replaceAll(":", "");
  let aside = `${path}.corrupt-${stamp}`;
  for (let n = 2; exists(aside); n++) aside = `${path}.corrupt-${stamp}-${n}`;
  return aside;
}

function salvage(from: string, store: Store): { moved: number; lost: string } {
  using old = new DatabaseSync(from);
  const damaged: string[] = [];
  let moved = 0;
  let highest = 0;
  store.transaction(() => {
    const first = old.prepare("SELECT min(mid) AS mid FROM message WHERE mid >= ?");
    // An older version has fewer columns.
    const message = old.prepare("SELECT * FROM message WHERE mid = ?");
    const body = old.prepare("SELECT text FROM body WHERE mid = ?");
    const deliveries = old.prepare(
      "SELECT destination, due, attempts, tried, reason, recipients FROM delivery WHERE mid = ?",
    );
    const next = (from: number): number | null => first.get(from)!.mid as number | null;
    for (let mid = keyFrom(1, next, damaged); mid !== undefined; mid = keyFrom(mid + 1, next, damaged)) {
      highest = mid;
      try {
        const row = message.get(mid)!;
        const text = row.place === "file" ? null : body.get(mid)?.text as Octets;
        const rows = deliveries.all(mid);
        if (text === undefined || rows.length === 0) throw new Error("its text or its recipients are missing");
        store.addMessage({
          mid,
          sender: row.sender as string,
          recipients: [],
          receivedAt: row.received_at as number,
          eightBit: row.eight_bit === 1,
          smtputf8: row.smtputf8 === 1,
          ...(row.ret === null ? {} : { ret: row.ret as "FULL" | "HDRS" }),
          ...(row.envid === null ? {} : { envid: row.envid as string }),
          ...(row.tls ? { tls: row.tls as TlsDemand } : {}),
        }, { octets: row.octets as number, text });
        for (const each of rows) {
          const recipients = JSON.parse(each.recipients as string);
          const key = { mid, destination: each.destination as string };
          store.addDelivery(mid, { destination: key.destination, due: each.due as number, recipients });
          if (each.attempts === 0) continue;
          const { due, attempts, tried, reason } = each as unknown as {
            due: number;
            attempts: number;
            tried: number;
            reason: string;
          };
          store.retry(key, { due, attempts, tried, reason, word: "", recipients });
        }
        moved++;
      } catch (error) {
        store.finishAll(mid);
        damaged.push(`MID ${mid} (${causeOf(error)})`);
      }
    }
    let marks: Map<string, number>;
    try {
      marks = new Map(
        old.prepare("SELECT name, value FROM mark").all().map((row) => [row.name as string, row.value as number]),
      );
    } catch {
      marks = new Map();
    }
    for (const kind of idKinds) store.setMark(kind, Math.max(marks.get(kind) ?? 1, highest) + idJump);
  });
  const shown = damaged.slice(0, 100).join(", ");
  return { moved, lost: damaged.length > 100 ? `${shown} and ${damaged.length - 100} more` : shown };
}

/** The first readable key from `from` on; `undefined` where there is none. Gaps are named in `damaged`. */
function keyFrom(
  from: number,
  next: (from: number) => number | null,
  damaged: string[],
): number | undefined {
  const readable = (at: number): number | null | undefined => {
    try {
      return next(at);
    } catch {
      return undefined;
    }
  };
  const key = readable(from);
  if (key !== undefined) return key ?? undefined;
  let bad = from;
  for (let step = 1;; step *= 2) {
    const found = readable(from + step);
    if (found === undefined) {
      if (step > Number.MAX_SAFE_INTEGER / 4) {
        damaged.push(`everything from MID ${from}`);
        return undefined;
      }
      bad = from + step;
      continue;
    }
    // The first good key lies in (bad, from + step].
    let good = from + step;
    while (good - bad > 1) {
      const middle = Math.floor((good + bad) / 2);
      if (readable(middle) === undefined) bad = middle;
      else good = middle;
    }
    damaged.push(`MID ${from} to ${good - 1}`);
    return readable(good) ?? undefined;
  }
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
