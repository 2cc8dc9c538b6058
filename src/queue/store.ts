/**
 * The queue's database: tables, statements, transactions, and what an error means.
 *
 * One SQLite file, `queue.db`, in WAL mode with `synchronous=NORMAL`: a commit writes its pages to `queue.db-wal` and returns; the
 * sync of that file is ours ({@linkcode Store.sync}), so that it can run on another thread while this one serves sessions. What was
 * committed before a sync began survives a power cut when it has ended: the same file and the same call as with `synchronous=FULL`
 * (seen with `strace -f -e trace=fdatasync,pwrite64`). The log's first page and a checkpoint are synced by SQLite, as ever. An operator reads it while the gateway runs: `sqlite3 -readonly queue.db 'SELECT * FROM delivery'`.
 *
 * | table    | one row for each           | columns                                                                                 |
 * |----------|----------------------------|-----------------------------------------------------------------------------------------|
 * | message  | message                    | mid, sender, received_at (ms), octets, eight_bit, smtputf8, ret, envid, place: row, file, tls, trail |
 * | body     | message with `place` row   | mid, text; other texts are the files `bodies/<mid>`                                      |
 * | delivery | message and destination    | mid, destination, due (ms), attempts, tried (ms), reason of the last attempt, recipients, word for the reason |
 * | mark     | counter                    | name, value: the first number of each kind that was never reserved, and the last time seen |
 *
 * `message.tls` is what the message demands of TLS: null, `required` or `requiretls`; the names of its destinations end with it too
 * (`mail/destination.ts`), since such mail waits apart.
 * `message.trail` has the last attempts of a message that waits (`trail.ts`). A delivery that is held is due at 8640000000000000, which never comes.
 * A delivery's row holds the recipients that are still to be served, as JSON, and goes when there are none; the message goes
 * with its last delivery. Texts stand in a table of their own, so that counting and listing messages reads no text.
 * Pages of 4,096 octets and a checkpoint each 2,000 of them measured best for 5 KB messages; a message that is delivered before
 * the next checkpoint never reaches the database file. Texts in segment files beside the database were measured too: a second
 * sync for each commit made them a third slower.
 *
 * Only this module and `browse.ts` write SQL.
 *
 * @module
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { keepPrivate } from "../base/private_file.ts";
import type { Octets } from "../base/octets.ts";
import type { TlsDemand } from "../mail/destination.ts";
import type { Envelope, Recipient } from "../mail/envelope.ts";
import { heldDue, migrations, schema, schemaVersion } from "./schema.ts";
import { SchemaError } from "./trouble.ts";

/** A message's row without its recipients. */
export interface StoredMessage {
  envelope: Omit<Envelope, "recipients">;
  octets: number;
  place: "row" | "file";
}

/** A delivery's row. */
export interface StoredDelivery {
  attempts: number;
  recipients: Recipient[];
}

/** A row of `delivery`. */
export interface RowKey {
  mid: number;
  destination: string;
}

type ArrayStatement = StatementSync & { setReturnArrays(on: boolean): void };

const statements = {
  begin: "BEGIN IMMEDIATE",
  commit: "COMMIT",
  rollback: "ROLLBACK",
  addMessage: "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
  addBody: "INSERT INTO body VALUES (?, ?)",
  addDelivery: "INSERT INTO delivery VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
  dropDelivery: "DELETE FROM delivery WHERE mid = ? AND destination = ?",
  dropDeliveries: "DELETE FROM delivery WHERE mid = ?",
  hasDelivery: "SELECT 1 FROM delivery WHERE mid = ? LIMIT 1",
  dropMessage: "DELETE FROM message WHERE mid = ?",
  dropBody: "DELETE FROM body WHERE mid = ?",
  retry: "UPDATE delivery SET due = ?, attempts = ?, tried = ?, reason = coalesce(nullif(?, ''), reason), " +
    "word = coalesce(nullif(?, ''), word), recipients = ? WHERE mid = ? AND destination = ?",
  setRecipients: "UPDATE delivery SET recipients = ? WHERE mid = ? AND destination = ?",
  rename: "UPDATE delivery SET destination = ?, due = ? WHERE mid = ? AND destination = ?",
  // The oldest goes when there are as many as are kept.
  addTrail:
    "UPDATE message SET trail = json_insert(CASE WHEN json_array_length(trail) >= ?1 THEN json_remove(trail, '$[0]') " +
    "ELSE coalesce(trail, '[]') END, '$[#]', json(?2)) WHERE mid = ?3",
  trail: "SELECT trail FROM message WHERE mid = ?",
  lastMid: "SELECT max(mid) FROM message",
  postpone: "UPDATE delivery SET due = ? WHERE mid = ? AND destination = ?",
  message: "SELECT sender, received_at, octets, eight_bit, smtputf8, ret, envid, place, tls FROM message WHERE mid = ?",
  body: "SELECT text FROM body WHERE mid = ?",
  delivery: "SELECT attempts, recipients FROM delivery WHERE mid = ? AND destination = ?",
  countDeliveries: "SELECT count(*) FROM delivery WHERE mid = ?",
  due: "SELECT mid, due FROM delivery WHERE destination = ? AND due <= ? ORDER BY due, mid LIMIT ?",
  nextDue: "SELECT min(due) FROM delivery WHERE destination = ? AND due > ?",
  destinations: "SELECT destination, count(*), min(due) FROM delivery GROUP BY destination",
  shiftDue: `UPDATE delivery SET due = max(due - ?1, 0) WHERE due < ${heldDue}`,
  countMessages: "SELECT count(*) FROM message",
  oldest: "SELECT received_at FROM message ORDER BY mid LIMIT 1",
  recipients:
    "SELECT sum(json_array_length(recipients)) FROM (SELECT recipients FROM delivery WHERE destination = ? LIMIT ?)",
  files: "SELECT mid FROM message WHERE place = 'file'",
  marks: "SELECT name, value FROM mark",
  setMark: "INSERT INTO mark VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = max(value, ?2)",
  resetMark: "INSERT INTO mark VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2",
  freePages: "PRAGMA freelist_count",
  truncate: "PRAGMA wal_checkpoint(TRUNCATE)",
} as const;

/** The open database. Every method is one statement; errors are SQLite's, read by `trouble.ts`. */
export class Store implements Disposable {
  readonly #db: DatabaseSync;
  /** The write-ahead log, to sync it. SQLite's locks are on the other two files, so that closing this one drops none. */
  readonly #log: Deno.FsFile;
  readonly #run: Record<keyof typeof statements, StatementSync>;

  readonly #others = new Map<string, StatementSync>();

  /** Opens `path`, makes the tables in a new file, and reads each table once: a file that is no database throws here. */
  constructor(path: string) {
    keepPrivate(path);
    this.#db = new DatabaseSync(path);
    try {
      this.#db.exec("PRAGMA busy_timeout = 200");
      const version = Number(this.#db.prepare("PRAGMA user_version").get()?.user_version);
      // Each of these writes to a database that has tables already, which a full disk does not allow.
      if (version === 0) this.#db.exec("PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL");
      this.#db.exec(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 2000; " +
          "PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -32000; PRAGMA temp_store = MEMORY; " +
          "PRAGMA secure_delete = OFF; PRAGMA trusted_schema = OFF",
      );
      if (version > schemaVersion) {
        throw new SchemaError(
          `Cannot open the queue ${path}: its tables are of version ${version}, this program knows ${schemaVersion}`,
        );
      }
      if (version === 0) this.#db.exec(`BEGIN IMMEDIATE; ${schema} COMMIT`);
      else if (version < schemaVersion) {
        const steps = migrations.slice(version - 1).join(" ");
        this.#db.exec(`BEGIN IMMEDIATE; ${steps} PRAGMA user_version = ${schemaVersion}; COMMIT`);
      }
      const prepared = {} as Record<keyof typeof statements, StatementSync>;
      for (const name of Object.keys(statements) as (keyof typeof statements)[]) {
        prepared[name] = this.#db.prepare(statements[name]);
        // Rows as arrays: no object with its keys for each row.
        if (/^SELECT|^PRAGMA/.test(statements[name])) {
          (prepared[name] as ArrayStatement).setReturnArrays(true);
        }
      }
      this.#run = prepared;
      this.#log = Deno.openSync(`${path}-wal`, { read: true, write: true });
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /** Does `work` in one transaction. Where anything throws, nothing of it stays. It is on the disk after the next sync. */
  transaction(work: () => void): void {
    this.#run.begin.run();
    try {
      work();
      this.#run.commit.run();
    } catch (error) {
      // Some errors (a full disk, an I/O error) have rolled back already; a second ROLLBACK would hide the first cause.
      if (this.#db.isTransaction) this.#run.rollback.run();
      throw error;
    }
  }

  /** `text` is null where it stands in a file. */
  addMessage(envelope: Envelope, body: { octets: number; text: Octets | null }): void {
    const { mid, sender, receivedAt, eightBit, smtputf8, ret, envid, tls } = envelope;
    const place = body.text === null ? "file" : "row";
    this.#run.addMessage.run(
      ...[mid, sender, Math.floor(receivedAt), body.octets, eightBit ? 1 : 0, smtputf8 ? 1 : 0],
      ...[ret ?? null, envid ?? null, place, tls ?? null],
    );
    if (body.text !== null) this.#run.addBody.run(mid, body.text);
  }

  addDelivery(mid: number, delivery: { destination: string; due: number; recipients: readonly Recipient[] }): void {
    const { destination, due, recipients } = delivery;
    this.#run.addDelivery.run(mid, destination, due, 0, null, null, JSON.stringify(recipients));
  }

  /** Ends one delivery, and the message where it was the last. Returns whether it was. */
  finish(mid: number, destination: string): boolean {
    this.#run.dropDelivery.run(mid, destination);
    if (this.#run.hasDelivery.get(mid) !== undefined) return false;
    this.#run.dropMessage.run(mid);
    this.#run.dropBody.run(mid);
    return true;
  }

  /** Ends every delivery of a message, and the message. */
  finishAll(mid: number): void {
    this.#run.dropDeliveries.run(mid);
    this.#run.dropMessage.run(mid);
    this.#run.dropBody.run(mid);
  }

  retry(
    key: RowKey,
    next: {
      due: number;
      attempts: number;
      tried: number;
      reason: string;
      word: string;
      recipients: readonly Recipient[];
    },
  ): void {
    const { due, attempts, tried, reason, word, recipients } = next;
    this.#run.retry.run(due, attempts, tried, reason, word, JSON.stringify(recipients), key.mid, key.destination);
  }

  setRecipients({ mid, destination }: RowKey, recipients: readonly Recipient[]): void {
    this.#run.setRecipients.run(JSON.stringify(recipients), mid, destination);
  }

  /** Another name for a destination of a message that has nothing under that name. */
  rename({ mid, destination }: RowKey, to: { destination: string; due: number }): void {
    this.#run.rename.run(to.destination, to.due, mid, destination);
  }

  /** Adds to a message's trail, of which the last `most` are kept. `entry` is JSON. */
  addTrail(mid: number, entry: string, most: number): void {
    this.#run.addTrail.run(most, entry, mid);
  }

  /** A message's trail, a JSON array; null where nothing was tried. */
  trail(mid: number): string | null {
    return (this.#row("trail", mid)?.[0] ?? null) as string | null;
  }

  /** The highest MID; 0 where the queue is empty. */
  lastMid(): number {
    return (this.#row("lastMid")![0] as number | null) ?? 0;
  }

  /** A statement of `browse.ts`, which gives its rows as arrays. */
  prepared(sql: string): StatementSync {
    let statement = this.#others.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      (statement as ArrayStatement).setReturnArrays(true);
      this.#others.set(sql, statement);
    }
    return statement;
  }

  postpone(key: RowKey, due: number): void {
    this.#run.postpone.run(due, key.mid, key.destination);
  }

  message(mid: number): StoredMessage | undefined {
    const row = this.#row("message", mid);
    if (row === undefined) return undefined;
    const [sender, receivedAt, octets, eightBit, smtputf8, ret, envid, place, tls] = row;
    return {
      envelope: {
        mid,
        sender: sender as string,
        receivedAt: receivedAt as number,
        eightBit: eightBit === 1,
        smtputf8: smtputf8 === 1,
        ...(ret === null ? {} : { ret: ret as "FULL" | "HDRS" }),
        ...(envid === null ? {} : { envid: envid as string }),
        ...(tls === null ? {} : { tls: tls as TlsDemand }),
      },
      octets: octets as number,
      place: place as "row" | "file",
    };
  }

  body(mid: number): Octets | undefined {
    return this.#row("body", mid)?.[0] as Octets | undefined;
  }

  delivery(mid: number, destination: string): StoredDelivery | undefined {
    const row = this.#row("delivery", mid, destination);
    return row && { attempts: row[0] as number, recipients: JSON.parse(row[1] as string) };
  }

  /** Destinations of a message that are still to be served. */
  countDeliveries(mid: number): number {
    return this.#row("countDeliveries", mid)![0] as number;
  }

  /** The first `count` of `destination` that are due at `now`, as (mid, due), oldest due first. */
  due(destination: string, page: { now: number; count: number }): [mid: number, due: number][] {
    return this.#run.due.all(destination, page.now, page.count) as unknown as [number, number][];
  }

  /** When the first of `destination` behind `now` is due; Infinity where there is none. */
  nextDue(destination: string, now: number): number {
    return (this.#row("nextDue", destination, now)?.[0] as number | null) ?? Infinity;
  }

  destinations(): [destination: string, rows: number, due: number][] {
    return this.#run.destinations.all() as unknown as [string, number, number][];
  }

  /** Brings everything forward by `ms`: the clock went back while the queue was closed. */
  shiftDue(ms: number): void {
    this.transaction(() => this.#run.shiftDue.run(ms));
  }

  countMessages(): number {
    return this.#row("countMessages")![0] as number;
  }

  /** When the message with the lowest number came. */
  oldest(): number | undefined {
    return this.#row("oldest")?.[0] as number | undefined;
  }

  /** Recipients in the first `rows` deliveries of a destination. */
  recipients(destination: string, rows: number): number {
    return (this.#row("recipients", destination, rows)?.[0] as number | null) ?? 0;
  }

  /** The messages whose text is a file. */
  *files(): Iterable<number> {
    for (const row of this.#run.files.iterate()) yield (row as unknown as [number])[0];
  }

  marks(): Map<string, number> {
    return new Map(this.#run.marks.all() as unknown as [string, number][]);
  }

  /** Raises a mark; it never goes back by this. */
  setMark(name: string, value: number): void {
    this.#run.setMark.run(name, Math.floor(value));
  }

  /** Sets a mark to exactly `value`. */
  resetMark(name: string, value: number): void {
    this.#run.resetMark.run(name, Math.floor(value));
  }

  /** Gives up to `pages` free pages back to the file system, while more than `keep` are free. Returns whether there was something to give. */
  shrink({ pages, keep }: { pages: number; keep: number }): boolean {
    const count = Math.min((this.#row("freePages")![0] as number) - keep, pages);
    if (count <= 0) return false;
    // Each step frees one page: `exec` would take a single one.
    this.#db.prepare(`PRAGMA incremental_vacuum(${count})`).all();
    return true;
  }

  /** Resolves when all that was committed before is on the disk. The waiting is another thread's. */
  sync(): Promise<void> {
    return this.#log.syncData();
  }

  /** The same on this thread. */
  syncNow(): void {
    this.#log.syncDataSync();
  }

  /**
   * Brings all that was committed to the disk after a sync that failed: the kernel may have dropped what it could not write, and
   * another sync of the same file would not tell. So everything, which memory still has, is written anew to the database file. Throws
   * where that cannot be done.
   */
  rescue(): void {
    const [busy, pages, moved] = this.#row("truncate")!;
    if (busy !== 0 || pages !== moved) throw new Error("disk I/O error: the write-ahead log cannot be synced");
  }

  /**
   * Moves what stands in the write-ahead log to the database file; `restart`: so that the log is used again from its beginning, though
   * readers are waited for; `truncate`: and gives its room back.
   */
  checkpoint(mode: "restart" | "passive" | "truncate"): void {
    this.#db.prepare(`PRAGMA wal_checkpoint(${mode})`).all();
  }

  [Symbol.dispose](): void {
    this.#log.close();
    this.#db.close();
  }

  #row(name: keyof typeof statements, ...keys: (string | number)[]): unknown[] | undefined {
    return this.#run[name].get(...keys) as unknown as unknown[] | undefined;
  }
}
