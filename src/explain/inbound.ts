/**
 * How a client and its recipients are judged, decision by decision.
 *
 * The session is rehearsed; what is said about it here is looked up with the tables that the session used. Nothing is decided in this
 * module.
 *
 * @module
 */
import type { Service } from "../accept/service.ts";
import type { Config, ListenerConfig, SenderGroup } from "../config/config.ts";
import type { Path } from "../config/faults.ts";
import { policyBuiltin } from "../config/schema_mail.ts";
import type { RecipientAnswer } from "../mail/recipient_check.ts";
import { type SenderFacts, SenderTable } from "../policy/sender_table.ts";
import { codeOf, type Exchange, type PlayedClient, type Rehearsal } from "./rehearsal.ts";
import { type KeyNote, keyNotes, type Note, noteAt, type Source } from "./source.ts";

/** A step that was decided, the line that decided it, and what belongs to it. */
export interface Decision extends Note {
  step:
    | "listener"
    | "client"
    | "group"
    | "policy"
    | "TLS"
    | "auth"
    | "limits"
    | "session"
    | "recipient"
    | "route"
    | "hosts"
    | "destination"
    | "level"
    | "names"
    | "certificate"
    | "bounces";
  notes: (Note | KeyNote)[];
}

/** What the inbound decisions are read from. */
export interface InboundQuestion {
  service: Service;
  client: PlayedClient;
  /** How the client's name is known. */
  nameFrom: string;
  rehearsal: Rehearsal;
  source: Source;
}

/** Keys of a policy that are limits: what is in force is shown apart from what is decided. */
const isLimit = (key: string): boolean => key.startsWith("max_");

/** All decisions up to the recipients. */
export function inboundDecisions(question: InboundQuestion): Decision[] {
  const { service: { listener, config }, client, nameFrom, source, rehearsal } = question;
  const { host, verified, failed } = client.name;
  const known = host === undefined ? failed ? "no answer about its host name" : "no host name" : `host ${host}`;
  const name = host === undefined ? known : `${known}, ${verified ? "verified" : "not verified"}`;
  const groups = groupDecisions(question);
  const decisions: Decision[] = [
    listenerDecision(listener, source),
    { step: "client", text: `${client.address}, ${name} (${nameFrom})`, notes: listNotes(rehearsal) },
    ...groups.map(({ decision }) => decision),
  ];
  const policy = groups.at(-1)?.policy;
  if (policy === undefined) return [...decisions, sessionDecision(question)];
  const path: Path = ["mail_flow_policies", policy];
  const keys = keyNotes(source, {
    builtin: policyBuiltin,
    blocks: [path, ["mail_flow_policies", "default"]],
  });
  const { action, tls } = config.mail_flow_policies.get(policy)!;
  decisions.push({
    step: "policy",
    ...noteAt(source, { path, text: `${policy}: ${action}` }),
    notes: keys.filter(({ text }) => !isLimit(text)),
  });
  const spoken = rehearsal.dialogue.some(({ step }) => step === "ehlo") || listener.transport === "smtps";
  if (action !== "tcp_refuse" && spoken) decisions.push(tlsDecision(question, tls));
  if (action === "accept" || action === "relay") {
    if (client.auth !== undefined) decisions.push(authDecision(question, client.auth));
    const text = "counted from zero here";
    decisions.push({ step: "limits", text, notes: keys.filter(({ text }) => isLimit(text)) });
  }
  return [...decisions, sessionDecision(question)];
}

/** What DNS lists said, where they were asked. */
function listNotes({ facts }: Rehearsal): Note[] {
  return [...facts.connected.lists ?? []].map(([zone, answers]) => ({
    text: `DNS list ${zone}: ${answers.length === 0 ? "not listed" : answers.join(", ")}`,
  }));
}

function listenerDecision({ name, address, type, transport, hostname }: ListenerConfig, source: Source): Decision {
  const at = address.address.includes(":") ? `[${address.address}]` : address.address;
  const text = `${name} at ${at}:${address.port}, ${type}, ${transport}, calls itself ${hostname}`;
  return { step: "listener", ...noteAt(source, { text, path: ["listeners", name] }), notes: [] };
}

/**
 * The group that took the client, and why the ones above did not; a second one where TLS proved more. Empty: the connection ended
 * before.
 */
function groupDecisions(
  { service: { listener, config }, rehearsal: { events, facts } }: InboundQuestion,
): { decision: Decision; policy: string }[] {
  const matched = events.filter((event) => event.event === "icid_group");
  return matched.flatMap((event, reading) => {
    const at = listener.sender_groups.findIndex(({ name }) => name === event.group);
    if (at < 0) return [];
    const known = reading === 0 ? facts.connected : facts.proven;
    const notes = listener.sender_groups.slice(0, at).map((group): Note => ({
      text: whyNot(group, { facts: known, config }),
      line: group.line,
    }));
    const group = listener.sender_groups[at];
    const entry = group.senders.find(({ sender }) => sender === event.match);
    const text = `${group.name} takes it by ${event.match}${reading === 0 ? "" : ", now that TLS has proven more"}`;
    const comment = entry?.comment ?? group.comment;
    if (comment !== undefined) notes.push({ text: `comment: ${comment}` });
    return [{ decision: { step: "group", text, line: entry?.line ?? group.line, notes }, policy: group.policy }];
  });
}

const sendersShown = 3;

function whyNot(group: SenderGroup, { facts, config }: { facts: SenderFacts; config: Config }): string {
  const match = new SenderTable([group]).match(facts, () => true);
  if (match !== undefined) {
    const action = config.mail_flow_policies.get(group.policy)?.action;
    return `${group.name} has ${match.pattern}, and its policy ${group.policy} says ${action}`;
  }
  const senders = [...group.senders.map(({ sender }) => sender), ...group.conditions];
  const more = senders.length > sendersShown ? ` and ${senders.length - sendersShown} more` : "";
  const list = senders.slice(0, sendersShown).join(", ") + more;
  const unproven = facts.host !== undefined && !facts.verified &&
    new SenderTable([group]).match({ ...facts, verified: true }, () => true) !== undefined;
  return unproven
    ? `${group.name} has the name ${facts.host}, which counts only where it is verified`
    : `${group.name} does not match: ${list}`;
}

function tlsDecision({ service: { listener, config }, client, rehearsal, source }: InboundQuestion, demand: string) {
  const { methods } = config.tls.inbound_smtp;
  const used = rehearsal.tls ?? "clear text";
  const failed = rehearsal.events.find((event) => event.event === "icid_tls_failed");
  const spoken = client.tls === undefined ? "the client speaks no TLS" : `the client speaks ${client.tls}`;
  const text = `${listener.transport === "smtps" ? "from the first byte" : demand}; ${spoken}: ` +
    (failed === undefined ? used : `the handshake fails, ${failed.error}`);
  const notes: Note[] = [
    noteAt(source, { text: `methods ${methods.join(", ")}`, path: ["tls", "inbound_smtp", "methods"] }),
    noteAt(source, {
      text: `certificate ${listener.certificate.join(", ")}`,
      path: ["listeners", listener.name, "certificate"],
    }),
    ...rehearsal.events.flatMap((event): Note[] => {
      if (event.event === "icid_certificate") {
        const worth = event.verified ? "verifies" : "does not verify";
        return [{ text: `the client's certificate ${event.subject} ${worth}` }];
      }
      const told = event.event === "icid_note" && ["tls_required", "client_certificate"].includes(event.reason);
      return told ? [{ text: event.text }] : [];
    }),
  ];
  return { step: "TLS", text, notes } satisfies Decision;
}

/** What an authentication was worth, with the line of the user. */
function authDecision({ rehearsal: { events, dialogue }, source }: InboundQuestion, user: string): Decision {
  const notes = events.flatMap((event): Note[] =>
    event.event === "icid_note" && event.reason === "sender_not_allowed" ? [{ text: event.text }] : []
  );
  const failed = events.find((event) => event.event === "icid_auth_failed");
  const tried = dialogue.some(({ step }) => step === "auth");
  const end = failed !== undefined
    ? `fails: ${failed.text}`
    : events.some((event) => event.event === "icid_auth")
    ? "succeeds, its password or certificate taken for right"
    : tried
    ? "is not taken"
    : "is not tried: the session ends before";
  return { step: "auth", ...noteAt(source, { text: `${user} ${end}`, path: ["smtp_auth", "users", user] }), notes };
}

function sessionDecision({ rehearsal: { dialogue } }: InboundQuestion): Decision {
  const notes: Note[] = dialogue.flatMap(({ command, reply, step }) => [
    ...step === "greeting" ? [] : [{ text: `C: ${command}` }],
    { text: reply.length === 0 ? "(the connection is closed)" : `S: ${inOneLine(reply)}` },
  ]);
  return { step: "session", text: "what the client hears", notes };
}

/** `250 gw.example.test, PIPELINING, SIZE 10485760`: the codes of further lines say nothing new. */
function inOneLine([first, ...others]: readonly string[]): string {
  return [others.length === 0 ? first : first.replace(/^(\d{3})-/, "$1 "), ...others.map((line) => line.slice(4))]
    .join(", ");
}

/** What one recipient got, and the row that says so. */
export function recipientDecision(
  { service: { listener, tables, config }, rehearsal, source }: InboundQuestion,
  { exchange, address }: { exchange: Exchange; address: string },
): Decision {
  const taken = codeOf(exchange) >= 200 && codeOf(exchange) < 300;
  const answer = `${address} is ${taken ? "taken" : `refused: ${exchange.reply.join(" / ")}`}`;
  const last = rehearsal.events.findLast((event) => event.event === "icid_group");
  const told = rehearsal.events.find((event) => event.event === "mid_to_rejected" && event.to === address);
  const by = told?.event === "mid_to_rejected" ? told.by : undefined;
  const validated = rehearsal.validated.get(address);
  if (by !== undefined && by !== "RAT" && validated === undefined) {
    const why = by === "HAT" ? `the policy of ${last?.group} rejects` : `by ${by}`;
    return { step: "recipient", text: `${answer}; ${why}, so the recipient table is not asked`, notes: [] };
  }
  const user = rehearsal.events.find((event) => event.event === "icid_auth");
  const policy = listener.sender_groups.find(({ name }) => name === last?.group)?.policy;
  if (user !== undefined && config.mail_flow_policies.get(policy ?? "")?.auth_relay) {
    const line = source(["smtp_auth", "users", user.user])?.line;
    const text = `${answer}; ${user.user} has authenticated himself and may send to any recipient (auth_relay)`;
    return { step: "recipient", text, ...line === undefined ? {} : { line }, notes: [] };
  }
  if (last?.action === "RELAY") {
    return { step: "recipient", text: `${answer}; the policy relays, so the recipient table is not asked`, notes: [] };
  }
  if (!address.includes("@")) {
    return { step: "recipient", text: `${answer}; postmaster without a domain is everyone's`, notes: [] };
  }
  const rule = tables.recipients.find(address);
  if (rule === undefined) return { step: "recipient", text: answer, notes: [] };
  const row = listener.recipients.indexOf(rule);
  const written = source(["listeners", listener.name, "recipients", row]) !== undefined;
  const why = written
    ? `${rule.address} says ${rule.action}`
    : `no row takes it, and a ${listener.type} listener ${rule.action}s then`;
  const notes: Note[] = rule.bypass_recipient_validation ? [{ text: "recipient validation is bypassed" }] : [];
  if (validated !== undefined) {
    const path: Path = ["listeners", listener.name, "recipient_validation"];
    notes.push(noteAt(source, { text: validationText(validated), path }));
  }
  if (rule.comment !== undefined) notes.push({ text: `comment: ${rule.comment}` });
  return { step: "recipient", text: `${answer}; ${why}`, line: rule.line, notes };
}

/** What whoever knows recipients said. */
function validationText(answer: RecipientAnswer): string {
  const { by, detail } = answer;
  const asked = `recipient_validation: ${by}${detail === undefined ? "" : `, ${detail}`}`;
  return answer.kind === "temporary" ? `${asked}: no answer, ${answer.text}` : `${asked}: ${answer.kind}`;
}
