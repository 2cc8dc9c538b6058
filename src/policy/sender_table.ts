/**
 * The host access table: which sender group a client belongs to. The first group with a matching entry wins.
 *
 * Entries that are names match a verified name only, one whose address points back: whoever owns an address can put any name in
 * its reverse zone; and certificate names match one that verified. DNS lists are asked by somebody else, who learns here
 * which ({@linkcode SenderTable.unasked}). The table is compiled once for each configuration; nothing is gone through
 * but lists and certificates.
 *
 * @module
 */
import { atOnce, rowsPerStep, type Steps } from "../base/turns.ts";
import { type CodeRange, parseAddress, parseSender, type SenderPattern } from "../config/addresses.ts";
import type { PtrCondition, SenderGroup } from "../config/config.ts";
import { type PlacedRange, RangeIndex } from "./ranges.ts";

/** What is known of a client when it connects, and later. */
export interface SenderFacts {
  address: string;
  /** The name that DNS gives its address; `undefined`: none. */
  host: string | undefined;
  /** That name has the address. */
  verified: boolean;
  /** The DNS gave no answer about the name: there may be one. */
  failed?: boolean;
  /** What DNS lists answered, by zone: no addresses where it is not listed. A list that is missing was not asked. */
  lists?: ReadonlyMap<string, readonly string[]>;
  /** Names of its certificate, where it showed one that verified, in lower case. */
  names?: readonly string[];
}

/** A group, and the entry that matched, as it stands in the file. */
export interface SenderMatch {
  group: string;
  /** The entry's text, or the condition. */
  pattern: string;
  policy: string;
  /** Of the entry in the file; the group's for a condition. */
  line: number;
}

/** Whether a policy decides about a client; one that continues leaves it to the groups below. */
export type Decides = (policy: string) => boolean;

type AddressNumber = { bits: 32 | 128; value: bigint };

/** The entries of one group. Each is known by its place in the file. */
interface CompiledGroup {
  group: SenderGroup;
  /** Single addresses too, by the length of an address. */
  ranges: Record<32 | 128, RangeIndex>;
  hosts: Map<string, number>;
  parents: Map<string, number>;
  lists: { zone: string; codes: readonly CodeRange[]; place: number }[];
  certificates: { name: string; subdomains: boolean; place: number }[];
  all: number;
}

/** Facts made ready for comparing. */
interface Subject {
  address: AddressNumber | undefined;
  host: string | undefined;
  facts: SenderFacts;
}

/** RFC 5782 §2.1, less 127.255.255.0/24: so lists say that they do not answer, to a resolver that asks too much or is anybody's. */
const usualCodes: readonly CodeRange[] = [
  { first: 0x7f00_0000n, last: 0x7fff_feffn },
];

/** A compiled host access table. */
export class SenderTable {
  readonly #groups: readonly CompiledGroup[];
  /** Whether a name can decide anything. */
  readonly needsNames: boolean;
  /** Whether a client certificate can decide anything. */
  readonly needsCertificates: boolean;
  readonly #needsLists: boolean;

  /** Throws where an entry cannot be read: an entry that is skipped might be a block. `compiled`: the groups, where they are already. */
  constructor(groups: readonly SenderGroup[], compiled: readonly CompiledGroup[] = atOnce(compileAll(groups))) {
    this.#groups = compiled;
    this.needsNames = this.#groups.some(({ hosts, parents, group }) =>
      hosts.size + parents.size + group.conditions.length > 0
    );
    this.needsCertificates = this.#groups.some(({ certificates }) => certificates.length > 0);
    this.#needsLists = this.#groups.some(({ lists }) => lists.length > 0);
  }

  /** The same in steps, for long tables. */
  static *steps(groups: readonly SenderGroup[]): Steps<SenderTable> {
    return new SenderTable(groups, yield* compileAll(groups));
  }

  /** The first group that matches, among those whose policy `decides`. A list that was not asked lists nobody. */
  match(facts: SenderFacts, decides: Decides): SenderMatch | undefined {
    const subject = subjectOf(facts);
    for (const compiled of this.#groups) {
      if (!decides(compiled.group.policy)) continue;
      const { name: group, senders, policy, line } = compiled.group;
      const place = Math.min(placeIn(compiled, subject), listedIn(compiled, facts));
      if (place !== Infinity) {
        const entry = senders[place];
        return { group, pattern: entry.sender, policy, line: entry.line };
      }
      const condition = compiled.group.conditions.find((one) => lacks(facts, one));
      if (condition !== undefined) return { group, pattern: condition, policy, line };
    }
    return undefined;
  }

  /**
   * The zones to ask before {@linkcode SenderTable.match}: of the groups down to the one that takes the client whatever lists say. They
   * are told together, so that they can be asked at the same time.
   */
  unasked(facts: SenderFacts, decides: Decides): string[] {
    if (!this.#needsLists) return [];
    const subject = subjectOf(facts);
    const zones = new Set<string>();
    for (const compiled of this.#groups) {
      if (!decides(compiled.group.policy)) continue;
      const taken = placeIn(compiled, subject) !== Infinity || listedIn(compiled, facts) !== Infinity ||
        compiled.group.conditions.some((one) => lacks(facts, one));
      if (taken) break;
      for (const { zone } of compiled.lists) if (facts.lists?.has(zone) !== true) zones.add(zone);
    }
    return [...zones];
  }
}

function* compileAll(groups: readonly SenderGroup[]): Steps<CompiledGroup[]> {
  const compiled: CompiledGroup[] = [];
  for (const group of groups) compiled.push(yield* compile(group));
  return compiled;
}

function* compile(group: SenderGroup): Steps<CompiledGroup> {
  const ranges: Record<32 | 128, PlacedRange[]> = { 32: [], 128: [] };
  const compiled: Omit<CompiledGroup, "ranges"> = {
    group,
    hosts: new Map(),
    parents: new Map(),
    lists: [],
    certificates: [],
    all: Infinity,
  };
  for (const [place, { sender }] of group.senders.entries()) {
    const pattern = parseSender(sender);
    if (pattern === undefined) throw new Error(`Cannot match senders of ${group.name}: ${sender} is no sender`);
    if (pattern.kind === "range") ranges[pattern.bits].push({ first: pattern.first, last: pattern.last, place });
    else add(compiled, { pattern, place });
    if (place % rowsPerStep === rowsPerStep - 1) yield;
  }
  const indexes = { 32: yield* RangeIndex.steps(ranges[32]), 128: yield* RangeIndex.steps(ranges[128]) };
  return { ...compiled, ranges: indexes };
}

function add(
  compiled: Omit<CompiledGroup, "ranges">,
  { pattern, place }: { pattern: Exclude<SenderPattern, { kind: "range" }>; place: number },
): void {
  switch (pattern.kind) {
    case "all":
      compiled.all = Math.min(compiled.all, place);
      return;
    case "host":
      keep(pattern.subdomains ? compiled.parents : compiled.hosts, pattern.name, place);
      return;
    case "dnslist":
      compiled.lists.push({ zone: pattern.zone, codes: pattern.codes.length > 0 ? pattern.codes : usualCodes, place });
      return;
    case "certificate":
      compiled.certificates.push({ name: pattern.name, subdomains: pattern.subdomains, place });
      return;
    default:
      pattern satisfies never;
  }
}

function keep(into: Map<string, number>, key: string, place: number): void {
  if (!into.has(key)) into.set(key, place);
}

function subjectOf(facts: SenderFacts): Subject {
  return {
    address: plainAddress(facts.address),
    host: facts.verified ? facts.host?.toLowerCase().replace(/\.$/, "") : undefined,
    facts,
  };
}

/** An IPv4 address that came in an IPv6 one (`::ffff:10.0.0.1`) is the IPv4 address. */
function plainAddress(text: string): AddressNumber | undefined {
  const address = parseAddress(text);
  if (address?.bits === 128 && address.value >> 32n === 0xffffn) {
    return { bits: 32, value: address.value & 0xffffffffn };
  }
  return address;
}

/** The place of the first entry that matches, lists apart, or Infinity. */
function placeIn(compiled: CompiledGroup, { address, host, facts }: Subject): number {
  const { ranges, hosts, parents, certificates } = compiled;
  let place = compiled.all;
  if (address !== undefined) place = Math.min(place, ranges[address.bits].placeOf(address.value));
  if (facts.names !== undefined) {
    const { names } = facts;
    const proven = certificates.find((entry) => names.some((name) => carries(name, entry)));
    place = Math.min(place, proven?.place ?? Infinity);
  }
  if (host === undefined) return place;
  place = Math.min(place, hosts.get(host) ?? Infinity);
  for (let dot = host.indexOf("."); dot >= 0 && parents.size > 0; dot = host.indexOf(".", dot + 1)) {
    place = Math.min(place, parents.get(host.slice(dot + 1)) ?? Infinity);
  }
  return place;
}

/** Whether a certificate's `name` is the entry's. A wildcard stands for one label: RFC 6125 §6.4.3. */
function carries(name: string, entry: { name: string; subdomains: boolean }): boolean {
  if (entry.subdomains) return name.endsWith(`.${entry.name}`);
  if (name === entry.name) return true;
  const dot = entry.name.indexOf(".");
  return name.startsWith("*.") && dot > 0 && name.slice(1) === entry.name.slice(dot);
}

/** The place of the first list that lists the client, or Infinity. */
function listedIn({ lists }: CompiledGroup, facts: SenderFacts): number {
  if (facts.lists === undefined || lists.length === 0) return Infinity;
  return lists.find(({ zone, codes }) => facts.lists?.get(zone)?.some((answer) => within(codes, answer)))?.place ??
    Infinity;
}

function within(codes: readonly CodeRange[], answer: string): boolean {
  const code = parseAddress(answer);
  return code?.bits === 32 && codes.some(({ first, last }) => first <= code.value && code.value <= last);
}

function lacks({ host, verified, failed = false }: SenderFacts, condition: PtrCondition): boolean {
  switch (condition) {
    case "no_ptr":
      return host === undefined && !failed;
    case "ptr_lookup_failed":
      return failed && !verified;
    case "ptr_mismatch":
      return host !== undefined && !verified && !failed;
    default:
      return condition satisfies never;
  }
}
