/**
 * Reading the queue for people: rows by filter, page after page, a few milliseconds at a time.
 *
 * Rows come by (MID, destination), which no attempt changes, so a cursor stays true while mail comes and goes. A filter that matches
 * little has to pass over much: each step covers a bounded span of MIDs, which grows while steps are short and shrinks when one is long, and
 * between steps the event loop has its turn. 500,000 messages are passed over in about a third of a second, in steps of a few milliseconds.
 *
 * SQL sorts out roughly, by what the text of a column contains; what is left is judged here by address and domain.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { destinationParts } from "../mail/destination.ts";
import { domainOf, type Recipient } from "../mail/envelope.ts";
import type { Parts } from "./parts.ts";
import { heldDue } from "./schema.ts";
import type { RowKey, Store } from "./store.ts";

/** What to look for; everything that is given has to hold. */
export interface QueueFilter {
  /** These messages alone. */
  mids?: readonly number[];
  /** An address, a domain, `.domain` for its subdomains, or `<>` for the null sender. */
  sender?: string;
  /** An address, a domain or `.domain`. */
  recipient?: string;
  /** The recipients' domain, or `.domain`. */
  domain?: string;
  /** The reason word of the last attempt, the code it was answered with, or words of its text. */
  reason?: string;
  /** Received before this, wall milliseconds. */
  before?: number;
  held?: boolean;
}

/** One message in one destination. Times are wall milliseconds, but for `due`, which is the queue's. */
export interface QueueRow {
  mid: number;
  /** As the queue names it: see `mail/destination.ts`. */
  destination: string;
  sender: string;
  receivedAt: number;
  octets: number;
  due: number;
  attempts: number;
  tried: number | null;
  reason: string | null;
  word: string | null;
  /** Those that wait and match the filter. */
  recipients: Recipient[];
  /** Those that wait and do not. */
  others: Recipient[];
  /** Where the text is. */
  place: "row" | "file";
}

/** Before the first row. */
export const firstRow: RowKey = { mid: 0, destination: "" };

/** What one step may take, and the least and most MIDs it covers. */
const stepMs = 5;
const spanMin = 100;
const spanMax = 20_000;

const columns =
  "d.mid, d.destination, m.sender, m.received_at, m.octets, d.due, d.attempts, d.tried, d.reason, d.word, " +
  "d.recipients, m.place";
const sql = `SELECT ${columns} FROM delivery d JOIN message m ON m.mid = d.mid
WHERE (d.mid, d.destination) > (?1, ?2) AND d.mid <= ?3
AND (?4 IS NULL OR instr(lower(m.sender), ?4) > 0)
AND (?5 IS NULL OR instr(lower(d.recipients), ?5) > 0)
AND (?6 IS NULL OR instr(d.destination, ?6) > 0)
AND (?7 IS NULL OR d.word = ?7 OR instr(lower(d.reason), ?7) > 0)
AND (?8 IS NULL OR m.received_at < ?8)
AND (?9 IS NULL OR (d.due >= ${heldDue}) = ?9)
ORDER BY d.mid, d.destination`;

type Row = [
  mid: number,
  destination: string,
  sender: string,
  receivedAt: number,
  octets: number,
  due: number,
  attempts: number,
  tried: number | null,
  reason: string | null,
  word: string | null,
  recipients: string,
  place: "row" | "file",
];

/** Reads on from where it is. Valid as long as the store; made anew for each use. */
export class QueueReader {
  readonly #store: () => Store;
  readonly #clock: Clock;
  readonly #filter: QueueFilter;
  readonly #mids: readonly number[] | undefined;
  readonly #last: number;
  readonly #arriving: ReadonlySet<number>;
  #span = 1000;
  #at = 0;
  #from: RowKey;

  /** Rows behind `from`, of messages that are in the queue now. */
  constructor(
    { store, arriving, options: { clock } }: Pick<Parts, "store" | "arriving" | "options">,
    filter: QueueFilter,
    from: RowKey = firstRow,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#arriving = arriving;
    this.#filter = filter;
    this.#from = from;
    this.#mids = filter.mids && [...new Set(filter.mids)].sort((a, b) => a - b);
    this.#last = this.#mids === undefined ? store().lastMid() : this.#mids.at(-1) ?? -1;
  }

  /** Behind the last row that was given. */
  get key(): RowKey {
    return this.#from;
  }

  /** Nothing is left. */
  get ended(): boolean {
    return this.#from.mid > this.#last;
  }

  /** A few milliseconds of reading: at most `most` rows, perhaps none. */
  read(most: number): QueueRow[] {
    const rows: QueueRow[] = [];
    const since = this.#clock.monotonic();
    while (!this.ended && rows.length < most && this.#clock.monotonic() - since < stepMs) this.#step(rows, most);
    return rows;
  }

  /** Passes over one span of MIDs, or a part of it. */
  #step(rows: QueueRow[], most: number): void {
    const since = this.#clock.monotonic();
    const { sender, recipient, domain, reason, before, held } = this.#filter;
    const to = this.#spanEnd();
    const from = this.#from;
    const given = this.#store().prepared(sql).iterate(
      ...[from.mid, from.destination, to],
      ...[needle(sender), recipient === undefined ? null : inJson(needle(recipient)!), needle(domain)],
      ...[needle(reason), before ?? null, held === undefined ? null : held ? 1 : 0],
    ) as unknown as Iterable<Row>;
    let cut = false;
    for (const row of given) {
      this.#from = { mid: row[0], destination: row[1] };
      const read = this.#read(row);
      if (read !== undefined) rows.push(read);
      cut = rows.length >= most || this.#clock.monotonic() - since > stepMs;
      if (cut) break;
    }
    if (cut && this.#clock.monotonic() - since > stepMs) this.#span = Math.max(Math.floor(this.#span / 2), spanMin);
    if (cut) return;
    this.#from = { mid: to + 1, destination: "" };
    if (this.#clock.monotonic() - since < stepMs / 2) this.#span = Math.min(this.#span * 2, spanMax);
  }

  /** The last MID of the next step; of given MIDs one is a step. */
  #spanEnd(): number {
    if (this.#mids === undefined) return Math.min(this.#from.mid + this.#span, this.#last);
    while (this.#mids[this.#at] < this.#from.mid) this.#at++;
    const next = this.#mids[this.#at];
    if (next > this.#from.mid) this.#from = { mid: next, destination: "" };
    return next;
  }

  #read(row: Row): QueueRow | undefined {
    const [mid, destination, sender, receivedAt, octets, due, attempts, tried, reason, word, json, place] = row;
    const filter = this.#filter;
    if (this.#arriving.has(mid)) return undefined;
    if (filter.sender !== undefined && !matchesAddress(sender, filter.sender)) return undefined;
    if (filter.domain !== undefined && !matchesDomain(destinationParts(destination).domain, filter.domain)) {
      return undefined;
    }
    const all: Recipient[] = JSON.parse(json);
    const wanted = filter.recipient;
    const recipients = wanted === undefined ? all : all.filter(({ address }) => matchesAddress(address, wanted));
    if (recipients.length === 0) return undefined;
    const others = recipients.length === all.length ? [] : all.filter((each) => !recipients.includes(each));
    return {
      mid,
      destination,
      sender,
      receivedAt,
      octets,
      due,
      attempts,
      tried,
      reason,
      word,
      recipients,
      others,
      place,
    };
  }
}

/** What the column has to contain: the address, or the domain without the rest. SQL's `lower` knows ASCII only, as does this. */
function needle(wanted: string | undefined): string | null {
  if (wanted === undefined || wanted === "<>") return null;
  return wanted.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Whether an address is the wanted one, or lies in the wanted domain. */
export function matchesAddress(address: string, wanted: string): boolean {
  if (wanted === "<>" || wanted === "") return address === "";
  if (wanted.lastIndexOf("@") > 0) return address.toLowerCase() === wanted.toLowerCase();
  return matchesDomain(domainOf(address), wanted.replace(/^@/, ""));
}

/** Whether a domain is the wanted one, or lies below the wanted `.domain`. */
export function matchesDomain(domain: string, wanted: string): boolean {
  const [one, other] = [domain.toLowerCase(), wanted.toLowerCase()];
  return other.startsWith(".") ? one.endsWith(other) : one === other;
}
