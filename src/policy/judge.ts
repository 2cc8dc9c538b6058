/**
 * Judgement of what comes in: pure functions over (facts, tables) → verdict.
 *
 * @module
 */
import { atOnce, type Steps } from "../base/turns.ts";
import type { ListenerConfig, MailFlowPolicy } from "../config/config.ts";
import { type Reply, reply } from "../mail/reply.ts";
import { AddressPatterns } from "./address_patterns.ts";
import { RecipientTable } from "./recipient_table.ts";
import { type SenderFacts, type SenderMatch, SenderTable } from "./sender_table.ts";
import { filledIn, type TextValues } from "./texts.ts";

/** The tables of one listener, compiled from one configuration. */
export interface ListenerTables {
  /** The name in its greeting. */
  hostname: string;
  senders: SenderTable;
  recipients: RecipientTable;
  policies: ReadonlyMap<string, MailFlowPolicy>;
  /** Envelope senders that must use TLS, by the name of the policy that says so. */
  tlsSenders: ReadonlyMap<string, AddressPatterns>;
}

/** What a connection gets. `match` says which entry of the table decided. */
export type Verdict =
  & { match: SenderMatch; policy: MailFlowPolicy }
  & (
    /** A session under `policy`; `relay`: any recipient. */
    | { kind: "take"; relay: boolean; greeting: string }
    /** A reply that refuses: the greeting, or where `delayed` is set the reply to each recipient. */
    | { kind: "answer"; reply: Reply; delayed: boolean; greeting: string }
    /** Nothing at all. */
    | { kind: "hang_up" }
  );

/** The tables of listeners that live: whoever makes another edition of one configuration, for a certificate say, finds them here. */
const compiled = new WeakMap<ListenerConfig, ListenerTables>();

/** Compiles a listener's tables. Throws where an entry cannot be read. */
export function compileTables(listener: ListenerConfig, policies: ReadonlyMap<string, MailFlowPolicy>): ListenerTables {
  return atOnce(tableSteps(listener, policies));
}

/** The same in steps: a table may be long. */
export function* tableSteps(
  listener: ListenerConfig,
  policies: ReadonlyMap<string, MailFlowPolicy>,
): Steps<ListenerTables> {
  const known = compiled.get(listener);
  if (known?.policies === policies) return known;
  const tlsSenders = new Map<string, AddressPatterns>();
  for (const { name, tls_required_for: patterns } of policies.values()) {
    if (patterns.length > 0) tlsSenders.set(name, yield* AddressPatterns.steps(patterns));
  }
  const tables: ListenerTables = {
    hostname: listener.hostname,
    senders: yield* SenderTable.steps(listener.sender_groups),
    recipients: yield* RecipientTable.steps(listener.recipients),
    policies,
    tlsSenders,
  };
  compiled.set(listener, tables);
  return tables;
}

/** The zones of DNS lists whose answers {@linkcode judgeConnection} needs and `facts` does not have; none as a rule. */
export function listsToAsk({ senders, policies }: ListenerTables, facts: SenderFacts): string[] {
  return senders.unasked(facts, (name) => decides(policies, name));
}

/**
 * Which group a client falls into, and what its policy says. Throws where no group takes it, or the last one continues: the check of
 * the configuration rules both out, and a client must not get in where it fails.
 */
export function judgeConnection({ senders, policies, hostname }: ListenerTables, facts: SenderFacts): Verdict {
  const match = senders.match(facts, (name) => decides(policies, name));
  const policy = match === undefined ? undefined : policies.get(match.policy);
  if (match === undefined || policy === undefined) throw new Error("Cannot judge a client: no sender group takes it");
  const values: TextValues = {
    "$Hostname": hostname,
    "$RemoteIP": facts.address,
    "$Group": match.group,
    "$HATEntry": match.pattern,
  };
  const greeting = filledIn(policy.greeting_text, values);
  switch (policy.action) {
    case "accept":
    case "relay":
      return { kind: "take", match, policy, relay: policy.action === "relay", greeting };
    case "reject": {
      // The owner's text brings its enhanced code along: RFC 2034 §4 wants none in a greeting, and he may leave it out.
      const refusal = reply(policy.reject_code, undefined, filledIn(policy.reject_text, values));
      return { kind: "answer", match, policy, reply: refusal, delayed: policy.delayed_reject, greeting };
    }
    case "tcp_refuse":
      return { kind: "hang_up", match, policy };
    case "continue":
      throw new Error(`Cannot judge a client: ${policy.name} continues behind the last group`);
    default:
      return policy.action satisfies never;
  }
}

function decides(policies: ReadonlyMap<string, MailFlowPolicy>, name: string): boolean {
  return policies.get(name)?.action !== "continue";
}

/** Whether mail from `sender`, empty for the null sender, must not come in clear under a policy. */
export function mustUseTls(
  { tlsSenders }: ListenerTables,
  { policy, sender }: { policy: string; sender: string },
): boolean {
  const patterns = tlsSenders.get(policy);
  return patterns !== undefined && patterns.placeOf(sender) !== Infinity;
}
