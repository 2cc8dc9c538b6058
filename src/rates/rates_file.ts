/**
 * The counts of the hour on disk: `state/rates.db`, which `sqlite3 -readonly rates.db 'SELECT * FROM rate'` shows.
 *
 * | table | one row for each   | columns                                                                                    |
 * |-------|--------------------|--------------------------------------------------------------------------------------------|
 * | rate  | kind and key       | kind (recipients, senders, invalid, auth), key (address, IPv6 network, envelope sender), count, until |
 * | clock | (one row)          | steady, wall: the two clocks when rows were written last                                   |
 *
 * `until` is steady time: wall time when the file was made, and from then on what passed. So a wall clock that is set changes no row. What
 * is lost in a power cut is an hour's count at most, so nothing waits for a sync; `kill -9` loses nothing that was written.
 *
 * @module
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { keepPrivate } from "../base/private_file.ts";
import type { CountChanges, HourlyCount } from "./hourly_counts.ts";

/** What is counted apart from each other. */
export const rateKinds = ["recipients", "senders", "invalid", "auth"] as const;

/** One of {@linkcode rateKinds}. */
export type RateKind = typeof rateKinds[number];

/** The two clocks at one moment, ms. */
export interface Clocks {
  steady: number;
  wall: number;
}

const schemaVersion = 1;

const schema = `
CREATE TABLE rate (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  count INTEGER NOT NULL,
  until INTEGER NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE clock (one INTEGER PRIMARY KEY CHECK (one = 1), steady INTEGER NOT NULL, wall INTEGER NOT NULL) STRICT;
PRAGMA user_version = ${schemaVersion};
`;

const statements = {
  begin: "BEGIN IMMEDIATE",
  commit: "COMMIT",
  rollback: "ROLLBACK",
  set: "INSERT INTO rate VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET count = ?3, until = ?4",
  drop: "DELETE FROM rate WHERE kind = ? AND key = ?",
  dropKind: "DELETE FROM rate WHERE kind = ?",
  // The youngest are kept where there are more than a count holds.
  rows: "SELECT key, count, until FROM (SELECT * FROM rate WHERE kind = ? ORDER BY until DESC LIMIT ?) ORDER BY until",
  setClock: "INSERT INTO clock VALUES (1, ?1, ?2) ON CONFLICT DO UPDATE SET steady = ?1, wall = ?2",
  clock: "SELECT steady, wall FROM clock",
} as const;

/** The open file. Its methods throw what SQLite throws. */
export class RatesFile implements Disposable {
  readonly #db: DatabaseSync;
  readonly #run: Record<keyof typeof statements, StatementSync>;

  constructor(path: string) {
    keepPrivate(path);
    this.#db = new DatabaseSync(path);
    try {
      this.#db.exec("PRAGMA busy_timeout = 200; PRAGMA trusted_schema = OFF");
      const version = Number(this.#db.prepare("PRAGMA user_version").get()?.user_version);
      if (version > schemaVersion) throw new Error(`it is of version ${version}, this program knows ${schemaVersion}`);
      this.#db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 4194304");
      const damage = this.#db.prepare("PRAGMA quick_check(1)").get()?.quick_check;
      if (damage !== "ok") throw new Error(`it is damaged: ${damage}`);
      if (version === 0) this.#db.exec(`BEGIN IMMEDIATE; ${schema} COMMIT`);
      const prepared = {} as Record<keyof typeof statements, StatementSync>;
      for (const name of Object.keys(statements) as (keyof typeof statements)[]) {
        prepared[name] = this.#db.prepare(statements[name]);
      }
      this.#run = prepared;
    } catch (thrown) {
      this.#db.close();
      throw thrown;
    }
  }

  /** The clocks at the last writing; `undefined`: nothing was written yet. */
  get clocks(): Clocks | undefined {
    const row = this.#run.clock.get();
    return row === undefined ? undefined : { steady: Number(row.steady), wall: Number(row.wall) };
  }

  /** The counts of one kind, at most so many, those whose hour ends first in front. */
  rows(kind: RateKind, most: number): HourlyCount[] {
    return this.#run.rows.all(kind, most).map(({ key, count, until }) => ({
      key: String(key),
      count: Number(count),
      until: Number(until),
    }));
  }

  /** Writes changes and clocks, all or nothing. */
  write(changes: ReadonlyMap<RateKind, CountChanges>, { steady, wall }: Clocks): void {
    const run = this.#run;
    run.begin.run();
    try {
      for (const [kind, { afresh, set, gone }] of changes) {
        if (afresh) run.dropKind.run(kind);
        for (const key of gone) run.drop.run(kind, key);
        for (const { key, count, until } of set) run.set.run(kind, key, count, Math.ceil(until));
      }
      run.setClock.run(Math.floor(steady), Math.floor(wall));
      run.commit.run();
    } catch (thrown) {
      try {
        run.rollback.run();
      } catch {
        // The error that matters is the first one; SQLite may have rolled back by itself.
      }
      throw thrown;
    }
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }
}
