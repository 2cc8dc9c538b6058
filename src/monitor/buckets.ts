/**
 * What was counted and is not written yet: hourly buckets by domain, in memory.
 *
 * A bucket holds the difference to what the database has, so that a restart goes on with the current hour without reading it.
 * A peer names the domains, so their number is bounded: beyond {@linkcode domainsMax} in an hour the rest is counted
 * together. What cannot be written is kept up to {@linkcode pendingMax} buckets; then the oldest go.
 *
 * @module
 */
import {
  type Counts,
  type Direction,
  hourMs,
  type LastRefusal,
  noCounts,
  otherDomains,
  type TlsResult,
} from "./counts.ts";

/** Domains that are told apart in one hour, of each direction. */
export const domainsMax = 2_000;
/** Buckets that are kept while they cannot be written. */
export const pendingMax = 20_000;

/** The difference of one domain in one hour. */
export interface Bucket {
  /** Its beginning, wall milliseconds. */
  readonly hour: number;
  readonly direction: Direction;
  readonly domain: string;
  readonly counts: Counts;
}

/** The last of something for one domain. */
export interface Latest<T> {
  readonly direction: Direction;
  readonly domain: string;
  readonly value: T;
}

/** Who knows which domains an hour has already. */
export type KnownDomains = (hour: number, direction: Direction) => Iterable<string>;

interface Side {
  /** Domains of the current hour. */
  known: Set<string>;
  /** Buckets of the current hour that are not written, by domain. */
  open: Map<string, Bucket>;
}

/** See the module. */
export class Buckets {
  /** Beginning of the current hour. */
  #hour = -1;
  readonly #sides: Record<Direction, Side> = { inbound: newSide(), outbound: newSide() };
  /** Of the current hour and of earlier ones that could not be written, oldest first. */
  readonly #pending = new Set<Bucket>();
  readonly #tls = new Map<string, Latest<TlsResult>>();
  readonly #refusals = new Map<string, Latest<LastRefusal>>();
  /** Buckets that were thrown away, since the database could not take them. */
  dropped = 0;

  /** Buckets that wait to be written. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Whether anything waits to be written. */
  get dirty(): boolean {
    return this.#pending.size > 0 || this.#tls.size > 0 || this.#refusals.size > 0;
  }

  /** The counts of a domain at `now`, to be added to at once. */
  of(direction: Direction, name: string, now: number): Counts {
    const side = this.#side(direction, now);
    const domain = this.#admitted(side, name);
    let bucket = side.open.get(domain);
    if (bucket === undefined) {
      bucket = { hour: this.#hour, direction, domain, counts: noCounts() };
      side.open.set(domain, bucket);
      this.#pending.add(bucket);
      if (this.#pending.size > pendingMax) this.#dropOldest();
    }
    return bucket.counts;
  }

  /** Notes how TLS went for a domain last. Those beyond the bound have no memory of their own. */
  noteTls(direction: Direction, name: string, value: TlsResult): void {
    const domain = this.#admitted(this.#side(direction, value.at), name);
    if (domain !== otherDomains) keep(this.#tls, `${direction} ${domain}`, { direction, domain, value });
  }

  /** Notes what a destination refused with last. */
  noteRefusal(name: string, value: LastRefusal): void {
    const domain = this.#admitted(this.#side("outbound", value.at), name);
    if (domain !== otherDomains) keep(this.#refusals, domain, { direction: "outbound", domain, value });
  }

  /** The last result that is not written yet. */
  latestTls(direction: Direction, domain: string): TlsResult | undefined {
    return this.#tls.get(`${direction} ${domain}`)?.value;
  }

  /** The last refusal that is not written yet. */
  latestRefusal(domain: string): LastRefusal | undefined {
    return this.#refusals.get(domain)?.value;
  }

  /** Domains that an earlier run of the program counted in the current hour. */
  learn(now: number, known: KnownDomains): void {
    for (const direction of ["inbound", "outbound"] as const) {
      const side = this.#side(direction, now);
      for (const domain of known(this.#hour, direction)) side.known.add(domain);
    }
  }

  /** Up to `count` of each kind, to be written; {@linkcode Buckets.written} has to follow, or nothing where it failed. */
  take(count: number): Batch {
    return {
      buckets: first(this.#pending, count),
      tls: first(this.#tls.values(), count),
      refusals: first(this.#refusals.values(), count),
    };
  }

  /** They are in the database: what is counted from now on is a new difference. */
  written({ buckets, tls, refusals }: Batch): void {
    for (const bucket of buckets) this.#forget(bucket);
    for (const latest of tls) {
      const key = `${latest.direction} ${latest.domain}`;
      if (this.#tls.get(key) === latest) this.#tls.delete(key);
    }
    for (const latest of refusals) {
      if (this.#refusals.get(latest.domain) === latest) this.#refusals.delete(latest.domain);
    }
  }

  #forget(bucket: Bucket): void {
    this.#pending.delete(bucket);
    const { open } = this.#sides[bucket.direction];
    if (open.get(bucket.domain) === bucket) open.delete(bucket.domain);
  }

  #dropOldest(): void {
    const [oldest] = this.#pending;
    this.#forget(oldest);
    this.dropped++;
  }

  /** Turns to the hour of `now` where that is another one, backwards too: the wall clock may jump. */
  #side(direction: Direction, now: number): Side {
    const hour = now - now % hourMs;
    if (hour !== this.#hour) {
      this.#hour = hour;
      for (const side of Object.values(this.#sides)) {
        side.known = new Set();
        side.open = new Map();
      }
    }
    return this.#sides[direction];
  }

  #admitted({ known }: Side, domain: string): string {
    if (known.has(domain)) return domain;
    if (known.size >= domainsMax) return otherDomains;
    known.add(domain);
    return domain;
  }
}

/** What is written together. */
export interface Batch {
  readonly buckets: readonly Bucket[];
  readonly tls: readonly Latest<TlsResult>[];
  readonly refusals: readonly Latest<LastRefusal>[];
}

function newSide(): Side {
  return { known: new Set(), open: new Map() };
}

function keep<T>(map: Map<string, T>, key: string, value: T): void {
  if (map.size >= pendingMax && !map.has(key)) map.delete(map.keys().next().value!);
  map.set(key, value);
}

function first<T>(items: Iterable<T>, count: number): T[] {
  const taken: T[] = [];
  for (const item of items) {
    if (taken.length === count) break;
    taken.push(item);
  }
  return taken;
}
