/**
 * The host access table: which sender group a client belongs to. The first group with a matching entry wins.
 *
 * Entries that are names match a verified name only, one whose address points back: whoever owns an address can put any name in
 * its reverse zone. The table is compiled once for each configuration; single addresses and names are looked up, networks are
 * gone through.
 *
 * @module
 */
import { parseAddress, parseSender } from "../config/addresses.ts";
import type { SenderGroup } from "../config/config.ts";

/** What is known of a client when it connects. */
export interface SenderFacts {
  address: string;
  /** The name that DNS gives its address; `undefined`: none. */
  host: string | undefined;
  /** That name has the address. */
  verified: boolean;
}

/** A group, and the entry that matched, as it stands in the file. */
export interface SenderMatch {
  group: string;
  pattern: string;
  policy: string;
}

interface Network {
  bits: 32 | 128;
  first: bigint;
  last: bigint;
  place: number;
}

/** The entries of one group. Each is known by its place in the file. */
interface CompiledGroup {
  group: SenderGroup;
  addresses: Map<string, number>;
  networks: Network[];
  hosts: Map<string, number>;
  parents: Map<string, number>;
  all: number;
}

/** A compiled host access table. */
export class SenderTable {
  readonly #groups: CompiledGroup[];
  /** Whether a name can decide anything. */
  readonly needsNames: boolean;

  /** Throws where an entry cannot be read: an entry that is skipped might be a block. */
  constructor(groups: readonly SenderGroup[]) {
    this.#groups = groups.map(compile);
    this.needsNames = this.#groups.some((group) => group.hosts.size + group.parents.size > 0);
  }

  /** The first group that matches, among those whose policy `decides`. */
  match(facts: SenderFacts, decides: (policy: string) => boolean): SenderMatch | undefined {
    const address = plainAddress(facts.address);
    const host = facts.verified ? facts.host?.toLowerCase().replace(/\.$/, "") : undefined;
    for (const compiled of this.#groups) {
      const place = placeIn(compiled, address, host);
      if (place === Infinity || !decides(compiled.group.policy)) continue;
      const { name, senders, policy } = compiled.group;
      return { group: name, pattern: senders[place], policy };
    }
    return undefined;
  }
}

function compile(group: SenderGroup): CompiledGroup {
  const compiled: CompiledGroup = {
    group,
    addresses: new Map(),
    networks: [],
    hosts: new Map(),
    parents: new Map(),
    all: Infinity,
  };
  for (const [place, sender] of group.senders.entries()) {
    const pattern = parseSender(sender);
    switch (pattern?.kind) {
      case "all":
        compiled.all = Math.min(compiled.all, place);
        break;
      case "range":
        if (pattern.first === pattern.last) keep(compiled.addresses, keyOf(pattern.bits, pattern.first), place);
        else compiled.networks.push({ bits: pattern.bits, first: pattern.first, last: pattern.last, place });
        break;
      case "host":
        keep(pattern.subdomains ? compiled.parents : compiled.hosts, pattern.name, place);
        break;
      default:
        throw new Error(`Cannot match senders of ${group.name}: ${sender} is no address, network or name`);
    }
  }
  return compiled;
}

function keep(into: Map<string, number>, key: string, place: number): void {
  if (!into.has(key)) into.set(key, place);
}

function keyOf(bits: number, value: bigint): string {
  return `${bits}:${value}`;
}

/** An IPv4 address that came in an IPv6 one (`::ffff:10.0.0.1`) is the IPv4 address. */
function plainAddress(text: string): { bits: 32 | 128; value: bigint } | undefined {
  const address = parseAddress(text);
  if (address?.bits === 128 && address.value >> 32n === 0xffffn) {
    return { bits: 32, value: address.value & 0xffffffffn };
  }
  return address;
}

/** The place of the first entry that matches, or Infinity. */
function placeIn(
  { addresses, networks, hosts, parents, all }: CompiledGroup,
  address: { bits: 32 | 128; value: bigint } | undefined,
  host: string | undefined,
): number {
  let place = all;
  if (address !== undefined) {
    place = Math.min(place, addresses.get(keyOf(address.bits, address.value)) ?? Infinity);
    for (const network of networks) {
      if (network.place > place) break;
      if (network.bits === address.bits && network.first <= address.value && address.value <= network.last) {
        place = network.place;
        break;
      }
    }
  }
  if (host === undefined) return place;
  place = Math.min(place, hosts.get(host) ?? Infinity);
  for (let dot = host.indexOf("."); dot >= 0 && parents.size > 0; dot = host.indexOf(".", dot + 1)) {
    place = Math.min(place, parents.get(host.slice(dot + 1)) ?? Infinity);
  }
  return place;
}
