/**
 * The recipient access table: which recipients a listener takes. The first row that matches wins; no row: refused.
 *
 * Rows are `ALL`, `domain`, `.domain` (subdomains only), `user@`, `user@domain` and `[address]`. Case does not matter, nor whether a
 * domain is written in Unicode or in its ASCII form (RFC 5890 §2.3.2.1).
 *
 * @module
 */
import { domainToASCII } from "node:url";
import { parseAddress } from "../config/addresses.ts";
import type { RecipientRule } from "../config/config.ts";
import { domainOf, localPartOf } from "../mail/envelope.ts";

/** A compiled recipient access table. */
export class RecipientTable {
  readonly #accepts: boolean[];
  /** Places of rows by what they are written as; a place is the order in the file. */
  readonly #exact = new Map<string, number>();
  readonly #users = new Map<string, number>();
  readonly #parents = new Map<string, number>();
  #all = Infinity;

  constructor(rules: readonly RecipientRule[]) {
    this.#accepts = rules.map((rule) => rule.action === "accept");
    for (const [place, { address }] of rules.entries()) {
      if (address.toUpperCase() === "ALL") this.#all = Math.min(this.#all, place);
      else if (address.endsWith("@")) keep(this.#users, address.slice(0, -1).toLowerCase(), place);
      else if (address.startsWith(".")) keep(this.#parents, domainKey(address.slice(1)), place);
      else if (address.includes("@")) keep(this.#exact, addressKey(address), place);
      else keep(this.#exact, domainKey(address), place);
    }
  }

  /** Whether `local@domain` is taken. */
  accepts(address: string): boolean {
    const domain = domainKey(domainOf(address));
    const local = localPartOf(address).toLowerCase();
    let place = Math.min(this.#all, this.#exact.get(domain) ?? Infinity);
    place = Math.min(place, this.#exact.get(`${local}@${domain}`) ?? Infinity, this.#users.get(local) ?? Infinity);
    for (let dot = domain.indexOf("."); dot >= 0 && this.#parents.size > 0; dot = domain.indexOf(".", dot + 1)) {
      place = Math.min(place, this.#parents.get(domain.slice(dot + 1)) ?? Infinity);
    }
    return place !== Infinity && this.#accepts[place];
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
