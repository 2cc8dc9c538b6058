/**
 * The keys of a destination as its form has them.
 *
 * @module
 */
import { destinationBuiltin } from "../../../config/schema_mail.ts";
import { levelTable } from "../../../tls/level.ts";
import type { Candidate } from "../candidate.ts";
import type { Words } from "../words.ts";
import {
  blockOf,
  bounceChoices,
  certificateChoices,
  type Choice,
  type KeyBlock,
  type KeySpec,
  noneChoice,
  plainChoices,
} from "./keys.tsx";

/** The levels, the weakest demand first. */
export const levels: readonly (typeof levelTable)[number]["name"][] = levelTable.map(({ name }) => name);

function verifyChoices(words: Words): readonly Choice[] {
  return (["domain", "mx", "hosted"] as const).map((
    name,
  ) => [name, `${name}: ${words(`destinations.verify.${name}`)}`]);
}

function familyChoices(words: Words): readonly Choice[] {
  return (["prefer_v6", "require_v6", "prefer_v4", "require_v4"] as const)
    .map((name) => [name, words(`destinations.family.${name}`)]);
}

function applyChoices(words: Words): readonly Choice[] {
  return (["domain", "mx_address"] as const).map((name) => [name, words(`destinations.apply.${name}`)]);
}

function shownCertificates(words: Words, candidate: Candidate): readonly Choice[] {
  return [[noneChoice, words("destinations.certificate.global")], ...certificateChoices(candidate)];
}

// deno-fmt-ignore
/** See the module. */
export const destinationKeys = {
  tls: { key: "tls", label: "destinations.tls", kind: "radio", choices: plainChoices(levels) },
  verify_names: { key: "verify_names", label: "destinations.verify_names", hint: "destinations.verify_names.hint", kind: "choice", choices: verifyChoices },
  certificate: { key: "certificate", label: "destinations.certificate", hint: "destinations.certificate.hint", kind: "choice", choices: shownCertificates },
  ip_preference: { key: "ip_preference", label: "destinations.ip_preference", kind: "choice", choices: familyChoices },
  max_connections: { key: "max_connections", label: "destinations.max_connections", kind: "number" },
  max_messages_per_connection: { key: "max_messages_per_connection", label: "destinations.max_messages", kind: "number" },
  max_recipients: { key: "max_recipients", label: "destinations.max_recipients", hint: "destinations.max_recipients.hint", kind: "number", zero: "keys.no_limit" },
  recipients_interval: { key: "recipients_interval", label: "destinations.recipients_interval", hint: "keys.time", kind: "text" },
  limit_apply_to: { key: "limit_apply_to", label: "destinations.limit_apply_to", kind: "choice", choices: applyChoices },
  bounce_profile: { key: "bounce_profile", label: "destinations.bounce_profile", kind: "choice", choices: bounceChoices },
} as const satisfies Record<string, KeySpec>;

/** All of them, in their order. */
export const destinationKeyList: readonly KeySpec[] = Object.values(destinationKeys);

/** The entry of a domain, or the default one. */
export function destinationBlock(candidate: Candidate, domain: string | undefined): KeyBlock {
  const fallback = ["destination_controls", "default"];
  return domain === undefined
    ? blockOf(candidate, { path: fallback, builtIn: destinationBuiltin })
    : blockOf(candidate, { path: ["destination_controls", "domains", domain], fallback, builtIn: destinationBuiltin });
}
