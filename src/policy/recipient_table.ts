/**
 * The recipient access table: which recipients a listener takes. The first row that matches wins; no row: refused.
 *
 * Rows are `ALL`, `domain`, `.domain` (subdomains only), `user@`, `user@domain`, `[address]` and `user@[address]`. Case does not matter, nor whether a
 * domain is written in Unicode or in its ASCII form (RFC 5890 §2.3.2.1).
 *
 * @module
 */
import { domainToASCII } from "node:url";
import { parseAddress } from "../config/addresses.ts";
import type { RecipientRule } from "../config/config.ts";
import { domainOf, localPartOf } from "../mail/envelope.ts";
import { type Reply, reply } from "../mail/reply.ts";

/** A compiled recipient access table. */
export class RecipientTable {
  readonly #rules: readonly RecipientRule[];
  /** Places of rows by what they are written as; a place is the order in the file. */
  readonly #exact = new Map<string, number>();
  readonly #users = new Map<string, number>();
  readonly #parents = new Map<string, number>();
  #all = Infinity;

  constructor(rules: readonly RecipientRule[]) {
    this.#rules = rules;
    for (const [place, { address }] of rules.entries()) {
      if (address.toUpperCase() === "ALL") this.#all = Math.min(this.#all, place);
      else if (address.endsWith("@")) keep(this.#users, address.slice(0, -1).toLowerCase(), place);
      else if (address.startsWith(".")) keep(this.#parents, domainKey(address.slice(1)), place);
      else if (address.includes("@")) keep(this.#exact, addressKey(address), place);
      else keep(this.#exact, domainKey(address), place);
    }
  }

  /** The row that decides about `local@domain`; `undefined`: none does. */
  find(address: string): RecipientRule | undefined {
    const domain = domainKey(domainOf(address));
    const local = localPartOf(address).toLowerCase();
    let place = Math.min(this.#all, this.#exact.get(domain) ?? Infinity);
    place = Math.min(place, this.#exact.get(`${local}@${domain}`) ?? Infinity, this.#users.get(local) ?? Infinity);
    for (let dot = domain.indexOf("."); dot >= 0 && this.#parents.size > 0; dot = domain.indexOf(".", dot + 1)) {
      place = Math.min(place, this.#parents.get(domain.slice(dot + 1)) ?? Infinity);
    }
    return this.#rules[place];
  }
}

/** What a recipient gets, with the row that says so; no row: the policy relays, or nothing in the table matches. */
export type RecipientVerdict =
  /** `validate`: whoever knows the domain's recipients may still be asked whether this is one. */
  | { kind: "take"; rule?: RecipientRule; validate: boolean }
  | { kind: "refuse"; rule?: RecipientRule; reply: Reply };

const taken: RecipientVerdict = { kind: "take", validate: false };

/**
 * Judges a recipient. `relay` takes any. `postmaster` without a domain is taken by everyone: RFC 5321 §4.5.1.
 */
export function judgeRecipient(
  { recipients }: { recipients: RecipientTable },
  { address, relay }: { address: string; relay: boolean },
): RecipientVerdict {
  if (relay || !address.includes("@")) return taken;
  const rule = recipients.find(address);
  return rule?.action === "accept"
    ? { kind: "take", rule, validate: !rule.bypass_recipient_validation }
    : { kind: "refuse", rule, reply: refusalOf(address, rule) };
}

function refusalOf(address: string, rule: RecipientRule | undefined): Reply {
  const code = rule?.code ?? 550;
  // What appliances answer: RFC 3463 §3.2, X.1.0, which tells a harvester least. RFC 2034 §4: each refusal has an enhanced code.
  const usual = `${Math.floor(code / 100)}.1.0`;
  if (rule?.text === undefined) return reply(code, usual, `<${address}> Address rejected`);
  const [, enhanced = usual, text] = /^(?:([45]\.\d{1,3}\.\d{1,3})(?: +|$))?(.*)$/.exec(rule.text)!;
  return reply(code, enhanced, text);
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
