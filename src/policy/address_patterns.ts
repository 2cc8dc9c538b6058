/**
 * A list of mail addresses as patterns: which of them an address matches first.
 *
 * Patterns are `ALL`, `domain`, `.domain` (subdomains only), `user@`, `user@domain`, `[address]` and `user@[address]`. Case does not matter, nor whether a
 * domain is written in Unicode or in its ASCII form (RFC 5890 §2.3.2.1). The list is compiled once; no lookup goes through it.
 *
 * @module
 */
import { domainToASCII } from "node:url";
import { rowsPerStep, type Steps } from "../base/turns.ts";
import { parseAddress } from "../config/addresses.ts";
import { domainOf, localPartOf } from "../mail/envelope.ts";

/** See the module. A place is an index into the list. */
export class AddressPatterns {
  readonly #exact = new Map<string, number>();
  readonly #users = new Map<string, number>();
  readonly #parents = new Map<string, number>();
  #all = Infinity;

  constructor(patterns: readonly string[]) {
    for (const [place, pattern] of patterns.entries()) this.#add(pattern, place);
  }

  /** The same in steps, for long lists. */
  static *steps(patterns: readonly string[]): Steps<AddressPatterns> {
    const compiled = new AddressPatterns([]);
    for (const [place, pattern] of patterns.entries()) {
      compiled.#add(pattern, place);
      if (place % rowsPerStep === rowsPerStep - 1) yield;
    }
    return compiled;
  }

  #add(pattern: string, place: number): void {
    if (pattern.toUpperCase() === "ALL") this.#all = Math.min(this.#all, place);
    else if (pattern.endsWith("@")) keep(this.#users, pattern.slice(0, -1).toLowerCase(), place);
    else if (pattern.startsWith(".")) keep(this.#parents, domainKey(pattern.slice(1)), place);
    else if (pattern.includes("@")) keep(this.#exact, addressKey(pattern), place);
    else keep(this.#exact, domainKey(pattern), place);
  }

  /** The place of the first pattern that `local@domain` matches, or Infinity. The null sender is an empty text: only `ALL` takes it. */
  placeOf(address: string): number {
    if (address === "") return this.#all;
    const domain = domainKey(domainOf(address));
    const local = localPartOf(address).toLowerCase();
    let place = Math.min(this.#all, this.#exact.get(domain) ?? Infinity);
    place = Math.min(place, this.#exact.get(`${local}@${domain}`) ?? Infinity, this.#users.get(local) ?? Infinity);
    for (let dot = domain.indexOf("."); dot >= 0 && this.#parents.size > 0; dot = domain.indexOf(".", dot + 1)) {
      place = Math.min(place, this.#parents.get(domain.slice(dot + 1)) ?? Infinity);
    }
    return place;
  }
}

function keep(into: Map<string, number>, key: string, place: number): void {
  if (!into.has(key)) into.set(key, place);
}

function addressKey(address: string): string {
  return `${localPartOf(address).toLowerCase()}@${domainKey(domainOf(address))}`;
}

/** One spelling for each domain or address literal. */
function domainKey(domain: string): string {
  if (domain.startsWith("[")) {
    const address = parseAddress(domain.slice(1, -1).replace(/^ipv6:/i, ""));
    return address === undefined ? domain.toLowerCase() : `[${address.bits}:${address.value}]`;
  }
  const lower = domain.toLowerCase();
  // deno-lint-ignore no-control-regex
  return /[^\x00-\x7f]/.test(lower) ? domainToASCII(lower) || lower : lower;
}
