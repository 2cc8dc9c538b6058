/**
 * Judgement of what comes in: pure functions over (facts, tables) → verdict.
 *
 * @module
 */
import type { ListenerConfig, MailFlowPolicy } from "../config/config.ts";
import { type Reply, reply } from "../mail/reply.ts";
import { RecipientTable } from "./recipient_table.ts";
import { type SenderFacts, type SenderMatch, SenderTable } from "./sender_table.ts";

/** The tables of one listener, compiled from one configuration. */
export interface ListenerTables {
  senders: SenderTable;
  recipients: RecipientTable;
  policies: ReadonlyMap<string, MailFlowPolicy>;
}

/** What a connection gets. */
export type Verdict =
  /** A session under `policy`; `relay`: any recipient. */
  | { kind: "take"; match: SenderMatch; policy: MailFlowPolicy; relay: boolean }
  /** A greeting that refuses. */
  | { kind: "answer"; match: SenderMatch; policy: MailFlowPolicy; reply: Reply }
  /** Nothing at all. */
  | { kind: "hang_up"; match: SenderMatch; policy: MailFlowPolicy };

/** Compiles a listener's tables. Throws where an entry cannot be read. */
export function compileTables(listener: ListenerConfig, policies: ReadonlyMap<string, MailFlowPolicy>): ListenerTables {
  return {
    senders: new SenderTable(listener.sender_groups),
    recipients: new RecipientTable(listener.recipients),
    policies,
  };
}

/**
 * Which group a client falls into, and what its policy says. Throws where no group takes it, or the last one continues: the check of
 * the configuration rules both out, and a client must not get in where it fails.
 */
export function judgeConnection({ senders, policies }: ListenerTables, facts: SenderFacts): Verdict {
  const match = senders.match(facts, (name) => policies.get(name)?.action !== "continue");
  const policy = match === undefined ? undefined : policies.get(match.policy);
  if (match === undefined || policy === undefined) throw new Error("Cannot judge a client: no sender group takes it");
  switch (policy.action) {
    case "accept":
    case "relay":
      return { kind: "take", match, policy, relay: policy.action === "relay" };
    case "reject":
      // The owner's text brings its enhanced code along: RFC 2034 §4 wants none in a greeting, and he may leave it out.
      return {
        kind: "answer",
        match,
        policy,
        reply: reply(policy.reject_code, undefined, ...policy.reject_text.split(/\r?\n/)),
      };
    case "tcp_refuse":
      return { kind: "hang_up", match, policy };
    case "continue":
      throw new Error(`Cannot judge a client: ${policy.name} continues behind the last group`);
    default:
      return policy.action satisfies never;
  }
}
