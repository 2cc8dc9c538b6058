/**
 * Mail flow policies: what the senders of a group may do.
 *
 * @module
 */
import { policyBuiltin } from "../../../config/schema_mail.ts";
import { type Candidate, namesUnder } from "../candidate.ts";
import type { Desk } from "../desk.tsx";
import type { Words } from "../words.ts";
import { type Choice, flagChoices, type KeySpec } from "./keys.tsx";
import { mountNamed } from "./named.tsx";

function actionChoices(words: Words): readonly Choice[] {
  return (["accept", "relay", "reject", "tcp_refuse", "continue"] as const)
    .map((name) => [name, `${name}: ${words(`flow.action.${name}`)}`]);
}

function tlsChoices(words: Words): readonly Choice[] {
  return (["off", "preferred", "required"] as const).map((name) => [name, `${name}: ${words(`flow.tls.${name}`)}`]);
}

function verifyChoices(words: Words): readonly Choice[] {
  return (["false", "preferred", "required"] as const).map((name) => [name, words(`flow.verify.${name}`)]);
}

function authChoices(words: Words): readonly Choice[] {
  return (["off", "preferred", "required"] as const).map((name) => [name, `${name}: ${words(`flow.auth.${name}`)}`]);
}

function lineFeedChoices(words: Words): readonly Choice[] {
  return (["reject", "fix"] as const).map((name) => [name, words(`flow.bare.${name}`)]);
}

// deno-fmt-ignore
const keys = {
  action: { key: "action", label: "flow.action", kind: "choice", choices: actionChoices },
  max_message_size: { key: "max_message_size", label: "flow.max_message_size", hint: "flow.size", kind: "text" },
  max_messages_per_connection: { key: "max_messages_per_connection", label: "flow.max_messages", kind: "number" },
  max_recipients_per_message: { key: "max_recipients_per_message", label: "flow.max_recipients", kind: "number" },
  max_connections_per_ip: { key: "max_connections_per_ip", label: "flow.max_connections", hint: "flow.max_connections.hint", kind: "number" },
  max_recipients_per_hour: { key: "max_recipients_per_hour", label: "flow.per_hour", hint: "flow.no_limit", kind: "number", zero: "keys.no_limit" },
  max_recipients_per_hour_per_sender: { key: "max_recipients_per_hour_per_sender", label: "flow.per_sender", hint: "flow.no_limit", kind: "number", zero: "keys.no_limit" },
  max_invalid_recipients_per_hour: { key: "max_invalid_recipients_per_hour", label: "flow.invalid", hint: "flow.invalid.hint", kind: "number", zero: "keys.no_limit" },
  tls: { key: "tls", label: "flow.tls", kind: "choice", choices: tlsChoices },
  tls_required_for: { key: "tls_required_for", label: "flow.tls_required_for", hint: "flow.tls_required_for.hint", kind: "lines" },
  verify_client_certificate: { key: "verify_client_certificate", label: "flow.verify", kind: "choice", choices: verifyChoices, alias: { true: "required" } },
  auth: { key: "auth", label: "flow.auth", kind: "choice", choices: authChoices },
  auth_requires_tls: { key: "auth_requires_tls", label: "flow.auth_requires_tls", hint: "flow.auth_requires_tls.hint", kind: "choice", choices: flagChoices },
  auth_relay: { key: "auth_relay", label: "flow.auth_relay", kind: "choice", choices: flagChoices },
  max_auth_failures_per_hour: { key: "max_auth_failures_per_hour", label: "flow.auth_failures", hint: "flow.no_limit", kind: "number", zero: "keys.no_limit" },
  bare_line_feed: { key: "bare_line_feed", label: "flow.bare", kind: "choice", choices: lineFeedChoices },
  reject_code: { key: "reject_code", label: "flow.reject_code", hint: "flow.reject_code.hint", kind: "number" },
  reject_text: { key: "reject_text", label: "flow.reject_text", hint: "flow.text.hint", kind: "text" },
  delayed_reject: { key: "delayed_reject", label: "flow.delayed_reject", hint: "flow.delayed_reject.hint", kind: "choice", choices: flagChoices },
  greeting_text: { key: "greeting_text", label: "flow.greeting_text", hint: "flow.text.hint", kind: "text" },
} as const satisfies Record<string, KeySpec>;

/** Adds the pages. */
export function mountFlow(desk: Desk): void {
  mountNamed(desk, {
    path: "/flow",
    action: "flow",
    root: "mail_flow_policies",
    builtIn: policyBuiltin,
    groups: [
      { title: "flow.group.connection", keys: [keys.action, keys.greeting_text, keys.bare_line_feed] },
      {
        title: "flow.group.limits",
        keys: [
          keys.max_message_size,
          keys.max_messages_per_connection,
          keys.max_recipients_per_message,
          keys.max_connections_per_ip,
          keys.max_recipients_per_hour,
          keys.max_recipients_per_hour_per_sender,
          keys.max_invalid_recipients_per_hour,
        ],
      },
      { title: "flow.group.tls", keys: [keys.tls, keys.verify_client_certificate, keys.tls_required_for] },
      {
        title: "flow.group.auth",
        keys: [keys.auth, keys.auth_requires_tls, keys.auth_relay, keys.max_auth_failures_per_hour],
      },
      { title: "flow.group.rejection", keys: [keys.reject_code, keys.reject_text, keys.delayed_reject] },
    ],
    columns: [{ ...keys.action, choices: undefined }, { ...keys.tls, choices: undefined }, keys.max_message_size],
    usedBy,
    title: "nav.flow",
    about: "flow.about",
    add: "flow.add",
    one: "flow.one",
    ask: "flow.ask",
  });
}

/** Sender groups by the policy that they name: `inbound RELAYLIST`. */
function usedBy(candidate: Candidate): Map<string, string[]> {
  const uses = new Map<string, string[]>();
  for (const listener of namesUnder(candidate, ["listeners"])) {
    const groups = candidate.said(["listeners", listener, "sender_groups"]);
    // Without a table all senders get the default policy.
    const rows = Array.isArray(groups)
      ? groups as { name?: unknown; policy?: unknown }[]
      : [{ name: "ALL", policy: "default" }];
    for (const { name, policy } of rows) {
      uses.set(String(policy), [...uses.get(String(policy)) ?? [], `${listener} ${name}`]);
    }
  }
  return uses;
}
