/**
 * Which rows of a table are covered by rows above them, and so can never be reached.
 *
 * Networks are laid over the line of all addresses, each in the order of the file, and paint what is still bare: a network that finds
 * nothing bare is covered, be it by one row or by several together. Ten thousand rows take a moment, not ten thousand squared.
 *
 * @module
 */
import { parseAddress, type SenderPattern } from "./addresses.ts";

/** The places of the rows that cover a row; `undefined` where it can be reached. */
export type Cover = readonly number[] | undefined;

/** A row of a host access table; `undefined` for one that cannot be read. */
export interface SenderRow {
  pattern: SenderPattern | undefined;
  /** What it takes goes no further; false where its policy continues. */
  takes: boolean;
}

/** For each row, what covers it. */
export function coveredSenders(rows: readonly SenderRow[]): Cover[] {
  const networks = { 32: new Line(rows, 32), 128: new Line(rows, 128) };
  const names = { host: new Names(), certificate: new Names() };
  let all: number | undefined;
  return rows.map(({ pattern, takes }, place): Cover => {
    const cover = all === undefined ? coverOf(pattern) : [all];
    if (takes && pattern !== undefined) {
      if (pattern.kind === "all") all ??= place;
      else if (pattern.kind === "range") networks[pattern.bits].paint(place);
      else if (pattern.kind !== "dnslist") names[pattern.kind].add({ ...pattern, place });
    }
    return cover;

    function coverOf(pattern: SenderPattern | undefined): Cover {
      if (pattern?.kind === "range") return networks[pattern.bits].coverOf(place);
      return pattern?.kind === "host" || pattern?.kind === "certificate"
        ? names[pattern.kind].coverOf(pattern)
        : undefined;
    }
  });
}

/** For each row of a recipient table, as the schema leaves it, what covers it. */
export function coveredRecipients(addresses: readonly string[]): Cover[] {
  const domains = new Names();
  const users = new Map<string, number>();
  const mailboxes = new Map<string, number>();
  let all: number | undefined;
  const keep = (into: Map<string, number>, key: string, place: number) => {
    if (!into.has(key)) into.set(key, place);
  };
  return addresses.map((address, place): Cover => {
    const at = address.lastIndexOf("@");
    const user = at < 0 ? undefined : address.slice(0, at).toLowerCase();
    const domain = domainKey(address.slice(at + 1).toLowerCase());
    const single = (found: number | undefined): Cover => found === undefined ? undefined : [found];
    let cover = single(all);
    if (address === "ALL") {
      all ??= place;
    } else if (user === undefined) {
      const subdomains = domain.startsWith(".");
      const name = { name: subdomains ? domain.slice(1) : domain, subdomains };
      cover ??= domains.coverOf(name);
      domains.add({ ...name, place });
    } else if (domain === "") {
      cover ??= single(users.get(user));
      keep(users, user, place);
    } else {
      cover ??= domains.coverOf({ name: domain, subdomains: false }) ?? single(users.get(user)) ??
        single(mailboxes.get(`${user}@${domain}`));
      keep(mailboxes, `${user}@${domain}`, place);
    }
    return cover;
  });
}

/** One spelling for each address in brackets. */
function domainKey(domain: string): string {
  const literal = /^\[(?:ipv6:)?([^\]]+)\]$/.exec(domain);
  const address = literal === null ? undefined : parseAddress(literal[1]);
  return address === undefined ? domain : `[${address.bits}:${address.value}]`;
}

interface Name {
  name: string;
  /** It means what lies below the name, not the name itself. */
  subdomains: boolean;
}

/** Names, and the names above that cover them. */
class Names {
  readonly #exact = new Map<string, number>();
  readonly #parents = new Map<string, number>();

  add({ name, subdomains, place }: Name & { place: number }): void {
    const into = subdomains ? this.#parents : this.#exact;
    if (!into.has(name)) into.set(name, place);
  }

  coverOf({ name, subdomains }: Name): Cover {
    let found = (subdomains ? this.#parents : this.#exact).get(name);
    for (let dot = name.indexOf("."); dot >= 0 && found === undefined; dot = name.indexOf(".", dot + 1)) {
      found = this.#parents.get(name.slice(dot + 1));
    }
    return found === undefined ? undefined : [found];
  }
}

const bare = -1;
/** Pieces that are looked at for the rows to name, and rows that are named. */
const piecesSeenMax = 1_000;
const coversMax = 4;

/** All addresses of one family, cut where any network begins or ends. */
class Line {
  /** Network of a row, as places of its first and behind its last piece. */
  readonly #spans = new Map<number, [from: number, to: number]>();
  /** Who painted each piece. */
  readonly #painter: Int32Array;
  /** From each piece, where to look for the next bare one. */
  readonly #next: Int32Array;

  constructor(rows: readonly SenderRow[], bits: 32 | 128) {
    const ranges = [...rows.entries()].flatMap(([place, { pattern }]) =>
      pattern?.kind === "range" && pattern.bits === bits ? [{ place, from: pattern.first, to: pattern.last + 1n }] : []
    );
    const cuts = [...new Set(ranges.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a < b ? -1 : a > b ? 1 : 0);
    const at = new Map(cuts.map((cut, index) => [cut, index]));
    for (const { place, from, to } of ranges) this.#spans.set(place, [at.get(from)!, at.get(to)!]);
    this.#painter = new Int32Array(cuts.length).fill(bare);
    this.#next = Int32Array.from({ length: cuts.length + 1 }, (_, index) => index);
  }

  coverOf(place: number): Cover {
    const [from, to] = this.#spans.get(place)!;
    if (this.#bareFrom(from) < to) return undefined;
    const painters = new Set<number>();
    for (let piece = from; piece < Math.min(to, from + piecesSeenMax); piece++) painters.add(this.#painter[piece]);
    const whole = [...painters].find((painter) => {
      const [first, last] = this.#spans.get(painter)!;
      return first <= from && to <= last;
    });
    return whole === undefined ? [...painters].slice(0, coversMax) : [whole];
  }

  paint(place: number): void {
    const [from, to] = this.#spans.get(place)!;
    for (let piece = this.#bareFrom(from); piece < to; piece = this.#bareFrom(piece)) {
      this.#painter[piece] = place;
      this.#next[piece] = piece + 1;
    }
  }

  /** The first bare piece at `piece` or behind; the ways there are shortened for the next one who asks. */
  #bareFrom(piece: number): number {
    let end = piece;
    while (this.#next[end] !== end) end = this.#next[end];
    for (let at = piece; at !== end;) {
      const next = this.#next[at];
      this.#next[at] = end;
      at = next;
    }
    return end;
  }
}
