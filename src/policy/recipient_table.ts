/**
 * The recipient access table: which recipients a listener takes. The first row that matches wins; no row: refused.
 * How rows are written: {@linkcode AddressPatterns}.
 *
 * @module
 */
import type { Steps } from "../base/turns.ts";
import type { RecipientRule } from "../config/config.ts";
import { type Reply, reply } from "../mail/reply.ts";
import { AddressPatterns } from "./address_patterns.ts";

/** A compiled recipient access table. */
export class RecipientTable {
  readonly #rules: readonly RecipientRule[];
  readonly #rows: AddressPatterns;

  /** `rows`: the addresses, where they are compiled already. */
  constructor(rules: readonly RecipientRule[], rows: AddressPatterns = new AddressPatterns(addressesOf(rules))) {
    this.#rules = rules;
    this.#rows = rows;
  }

  /** The same in steps, for long tables. */
  static *steps(rules: readonly RecipientRule[]): Steps<RecipientTable> {
    return new RecipientTable(rules, yield* AddressPatterns.steps(addressesOf(rules)));
  }

  /** The row that decides about `local@domain`; `undefined`: none does. */
  find(address: string): RecipientRule | undefined {
    return this.#rules[this.#rows.placeOf(address)];
  }
}

function addressesOf(rules: readonly RecipientRule[]): string[] {
  return rules.map(({ address }) => address);
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
