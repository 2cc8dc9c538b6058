/**
 * The database of statistics: hourly buckets by domain, and the last word about each.
 *
 * `monitor.db`, apart from the queue's: it may be deleted, and whatever is wrong with it is no matter of mail. WAL with
 * `synchronous=NORMAL`: a process that dies loses nothing that was written, a power cut may lose the last seconds. An operator
 * reads it while the gateway runs: `sqlite3 -readonly monitor.db 'SELECT * FROM traffic'`.
 *
 * | table     | one row for each                | columns                                                                  |
 * |-----------|---------------------------------|--------------------------------------------------------------------------|
 * | traffic   | direction, domain and hour      | hour (ms since 1970), the counts of `counts.ts`                          |
 * | tls_last  | direction and domain            | at (ms), result, demand, protocol, cipher, verified, reason, text, peer  |
 * | refused   | destination                     | at (ms), code, text: the last 5XX                                        |
 *
 * Domain `*` is all that were too many for their hour, `<>` the null sender, `?` clients that ended before they named a sender.
 *
 * @module
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { keepPrivate } from "../base/private_file.ts";
import {
  type CountName,
  countNames,
  type Counts,
  type Direction,
  hourMs,
  type LastRefusal,
  noCounts,
  type TlsResult,
} from "./counts.ts";
import type { Batch } from "./buckets.ts";
import type { ReportOrder, ReportPage, ReportQuestion } from "./report.ts";

/** What `PRAGMA user_version` says of these tables. */
export const schemaVersion = 1;

/** How long statistics are kept. */
export const keptMs = 90 * 24 * hourMs;
/** Buckets that are kept; the oldest go first. About 250 MB. */
export const rowsMax = 2_000_000;

const sumColumns = countNames.map((name) => `${name} INTEGER NOT NULL`).join(", ");

const schema = `
CREATE TABLE traffic (
  direction TEXT NOT NULL CHECK (direction IN ('inbound', 'outbound')),
  domain TEXT NOT NULL,
  hour INTEGER NOT NULL,
  ${sumColumns},
  PRIMARY KEY (direction, domain, hour)
) STRICT, WITHOUT ROWID;
CREATE INDEX traffic_hour ON traffic (hour);
CREATE TABLE tls_last (
  direction TEXT NOT NULL,
  domain TEXT NOT NULL,
  at INTEGER NOT NULL,
  result TEXT NOT NULL,
  demand TEXT NOT NULL,
  protocol TEXT NOT NULL,
  cipher TEXT NOT NULL,
  verified INTEGER NOT NULL,
  reason TEXT NOT NULL,
  text TEXT NOT NULL,
  peer TEXT NOT NULL,
  PRIMARY KEY (direction, domain)
) STRICT, WITHOUT ROWID;
CREATE INDEX tls_last_at ON tls_last (at);
CREATE TABLE refused (
  domain TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  code INTEGER NOT NULL,
  text TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX refused_at ON refused (at);
PRAGMA user_version = ${schemaVersion};
`;

/** Characters of a peer's words that are kept. */
const textMax = 500;

/** Which buckets: whole hours from the one of `since` to the one of `until`, both included. Wall milliseconds. */
export interface Span {
  since: number;
  until: number;
}

/** The sums of one domain. */
export interface DomainCounts {
  domain: string;
  counts: Counts;
}

/** See the module. Each method may throw what SQLite throws. */
export class MonitorStore implements Disposable {
  readonly #db: DatabaseSync;
  readonly #add: StatementSync;
  readonly #setTls: StatementSync;
  readonly #setRefused: StatementSync;
  /** Rows of `traffic` at the most: what is written may have been there already. */
  #rows = Infinity;

  /** Opens or makes the file. Throws where it is damaged, or of another release. */
  constructor(path: string) {
    keepPrivate(path);
    // The gateway's loop must not wait for an operator's lock: what is locked is tried again later.
    this.#db = new DatabaseSync(path, { timeout: 0 });
    try {
      this.#db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY");
      const { user_version: version } = this.#db.prepare("PRAGMA user_version").get()!;
      if (version === 0) this.#db.exec(`BEGIN; ${schema} COMMIT`);
      else if (version !== schemaVersion) {
        throw new Error(`it has version ${version}, and this release ${schemaVersion}`);
      }
      const names = countNames.join(", ");
      this.#add = this.#db.prepare(
        `INSERT INTO traffic (direction, domain, hour, ${names}) VALUES (?, ?, ?, ${countNames.map(() => "?")})
         ON CONFLICT DO UPDATE SET ${countNames.map((name) => `${name} = ${name} + excluded.${name}`)}`,
      );
      this.#setTls = this.#db.prepare("INSERT OR REPLACE INTO tls_last VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
      this.#setRefused = this.#db.prepare("INSERT OR REPLACE INTO refused VALUES (?, ?, ?, ?)");
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /** Adds a batch, all of it or nothing. */
  write({ buckets, tls, refusals }: Batch): void {
    this.#transaction(() => {
      for (const { hour, direction, domain, counts } of buckets) {
        this.#add.run(direction, domain, hour, ...countNames.map((name) => counts[name]));
      }
      for (const { direction, domain, value } of tls) {
        const { at, result, demand, protocol, cipher, verified, reason, text, peer } = value;
        const words = text.slice(0, textMax);
        this.#setTls.run(
          direction,
          domain,
          at,
          result,
          demand,
          protocol,
          cipher,
          verified ? 1 : 0,
          reason,
          words,
          peer,
        );
      }
      for (const { domain, value: { at, code, text } } of refusals) {
        this.#setRefused.run(domain, at, code, text.slice(0, textMax));
      }
    });
    this.#rows += buckets.length;
  }

  /** Removes what is older than {@linkcode keptMs}, and what is too much, in steps of `count` rows. True: there is more. */
  prune(now: number, count: number): boolean {
    const before = now - keptMs;
    const rowsOf = (table: string, key: string, where: string) =>
      this.#db.prepare(
        `DELETE FROM ${table} WHERE (${key}) IN (SELECT ${key} FROM ${table} WHERE ${where} LIMIT ?)`,
      );
    const traffic = "direction, domain, hour";
    let removed = Number(rowsOf("traffic", traffic, "hour < ?").run(before - before % hourMs, count).changes);
    const excess = this.#count() - rowsMax;
    if (removed < count && excess > 0) {
      const most = Math.min(count - removed, excess);
      removed += Number(rowsOf("traffic", traffic, "hour >= ? ORDER BY hour").run(0, most).changes);
    }
    const last = [rowsOf("tls_last", "direction, domain", "at < ?"), rowsOf("refused", "domain", "at < ?")]
      .map((statement) => Number(statement.run(before, count).changes));
    this.#rows -= removed;
    return Math.max(removed, ...last) >= count;
  }

  /** Domains that an hour has. */
  domains(hour: number, direction: Direction): string[] {
    return this.#db.prepare("SELECT domain FROM traffic WHERE hour = ? AND direction = ?").all(hour, direction)
      .map((row) => row.domain as string);
  }

  /** Sums over all domains, or one. */
  sums(direction: Direction, { since, until, domain }: Span & { domain?: string }): Counts {
    const which = domain === undefined ? [] : [domain];
    const row = this.#db.prepare(
      `SELECT ${totals()} FROM traffic WHERE direction = ? AND hour BETWEEN ? AND ?${
        domain === undefined ? "" : " AND domain = ?"
      }`,
    ).get(direction, ...hours({ since, until }), ...which);
    return countsOf(row);
  }

  /** Sums by domain, the largest first. */
  top(direction: Direction, { since, until, by, count }: Span & { by: CountName; count: number }): DomainCounts[] {
    return this.#db.prepare(
      `SELECT domain, ${totals()} FROM traffic WHERE direction = ? AND hour BETWEEN ? AND ?
       GROUP BY domain ORDER BY sum(${by}) DESC, domain LIMIT ?`,
    ).all(direction, ...hours({ since, until }), count).map((row) => (
      { domain: row.domain as string, counts: countsOf(row) }
    ));
  }

  /** One row for each hour that has something, the oldest first. */
  hourly(
    direction: Direction,
    { since, until, domain }: Span & { domain?: string },
  ): { hour: number; counts: Counts }[] {
    const which = domain === undefined ? [] : [domain];
    return this.#db.prepare(
      `SELECT hour, ${totals()} FROM traffic WHERE direction = ? AND hour BETWEEN ? AND ?${
        domain === undefined ? "" : " AND domain = ?"
      } GROUP BY hour ORDER BY hour`,
    ).all(direction, ...hours({ since, until }), ...which).map((row) => (
      { hour: row.hour as number, counts: countsOf(row) }
    ));
  }

  /** How TLS went for a domain last. */
  tls(direction: Direction, domain: string): TlsResult | undefined {
    const row = this.#db.prepare("SELECT * FROM tls_last WHERE direction = ? AND domain = ?").get(direction, domain);
    if (row === undefined) return undefined;
    const { direction: _direction, domain: _domain, verified, ...rest } = row;
    return { ...rest, verified: verified === 1 } as TlsResult;
  }

  /** What a destination refused with last. */
  refusal(domain: string): LastRefusal | undefined {
    const row = this.#db.prepare("SELECT at, code, text FROM refused WHERE domain = ?").get(domain);
    return row as LastRefusal | undefined;
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }

  /** Counted anew only where there may be too many, since that reads an index from end to end. */
  #count(): number {
    if (this.#rows <= rowsMax) return this.#rows;
    return this.#rows = this.#db.prepare("SELECT count(*) AS n FROM traffic").get()!.n as number;
  }

  #transaction(run: () => void): void {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      run();
      this.#db.exec("COMMIT");
    } catch (error) {
      // SQLite may have rolled back by itself; what counts is why.
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }
}

// deno-fmt-ignore
/** What each order sorts by, over the sums. */
const orderTerms: Readonly<Record<ReportOrder, string>> = {
  domain:                "t.domain",
  share:                 "CAST(tls_required_success + tls_preferred_success AS REAL) / nullif(tls_required_success + tls_preferred_success + clear, 0)",
  connections:           "connections",
  messages:              "messages",
  clear:                 "clear",
  failed:                "tls_required_failed + tls_preferred_failed",
  tls_required_success:  "tls_required_success",
  tls_required_failed:   "tls_required_failed",
  tls_preferred_success: "tls_preferred_success",
  tls_preferred_failed:  "tls_preferred_failed",
};

/** A page of the report over all domains, made by whatever connection: see `report.ts`. */
export function reportPage(
  db: DatabaseSync,
  { direction, since, until, filter, order, descending, offset, count }: ReportQuestion,
): ReportPage {
  const rows = db.prepare(
    `SELECT t.*, l.at, l.result, l.demand, l.protocol, l.cipher, l.verified, l.reason, l.text, l.peer
     FROM (SELECT domain, ${totals()} FROM traffic
           WHERE direction = ? AND hour BETWEEN ? AND ? AND instr(domain, ?) > 0 GROUP BY domain) t
     LEFT JOIN tls_last l ON l.direction = ? AND l.domain = t.domain
     ORDER BY ${orderTerms[order]} ${descending ? "DESC" : "ASC"} NULLS LAST, t.domain LIMIT ? OFFSET ?`,
  ).all(direction, ...hours({ since, until }), filter, direction, count + 1, offset);
  return {
    rows: rows.slice(0, count).map((row) => {
      const { domain, at, result, demand, protocol, cipher, verified, reason, text, peer } = row;
      const last = { at, result, demand, protocol, cipher, verified: verified === 1, reason, text, peer };
      return { domain: domain as string, counts: countsOf(row), ...at === null ? {} : { last: last as TlsResult } };
    }),
    more: rows.length > count,
  };
}

function totals(): string {
  return countNames.map((name) => `sum(${name}) AS ${name}`).join(", ");
}

function hours({ since, until }: Span): [number, number] {
  return [since - since % hourMs, until - until % hourMs];
}

function countsOf(row: Record<string, unknown> | undefined): Counts {
  const counts = noCounts();
  for (const name of countNames) counts[name] = Number(row?.[name] ?? 0);
  return counts;
}
