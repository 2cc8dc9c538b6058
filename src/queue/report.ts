/**
 * The report itself: a multipart/report of three parts, RFC 3464 and RFC 6522.
 *
 * 1. text for a person; 2. message/delivery-status for a machine; 3. the message, or its header.
 * Where an address is not ASCII the second part is message/global-delivery-status and the third message/global or
 * message/global-headers: RFC 6533 §4 to §6. Only a sender whose own address is not ASCII makes the report need SMTPUTF8; 8-bit parts alone
 * need 8BITMIME.
 *
 * Built with nodemailer's `MimeNode`: `MailComposer` knows mixed, alternative and related, but not report. It is loaded with
 * the first report, since most starts need none.
 *
 * What next hops said is quoted here, so everything passes {@linkcode printable}: a reply must not be able to add a field.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type MimeNode from "nodemailer/lib/mime-node/index.js";
import type { Octets } from "../base/octets.ts";
import type { Random } from "../base/random.ts";
import { printable } from "../base/text.ts";
import type { Envelope } from "../mail/envelope.ts";
import { lastWords } from "../mail/status.ts";
import { type Action, expired, fromXtext, originalRecipient, type ReportedRecipient } from "./bounce.ts";

/** What a report is made of. Times are wall milliseconds. */
export interface ReportFacts {
  /** The gateway's name. */
  hostname: string;
  /** Of the report. */
  mid: number;
  /** The message that is reported on. */
  envelope: Omit<Envelope, "recipients">;
  recipients: readonly ReportedRecipient[];
  /** Of the message: the whole, its header, or nothing where it cannot be read. */
  returned: { whole: boolean; text: Octets } | undefined;
  now: number;
  /** Until when those who wait are tried. */
  retryUntil?: number;
  random: Random;
}

/** A finished report. */
export interface Report {
  text: Octets;
  eightBit: boolean;
  smtputf8: boolean;
}

const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** RFC 5322 §3.3, in UTC. */
export function mailDate(ms: number): string {
  const at = new Date(ms);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${days[at.getUTCDay()]}, ${at.getUTCDate()} ${months[at.getUTCMonth()]} ${at.getUTCFullYear()} ` +
    `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} +0000`;
}

/** A recipient's status, with the class that its action demands: RFC 3463 §2. */
export function statusOf(reported: ReportedRecipient): string {
  const { outcome, action } = reported;
  if (reported.expired) return expired.enhanced;
  const { enhanced } = lastWords(outcome);
  const detail = /^[245]\.\d{1,3}\.\d{1,3}$/.test(enhanced) ? enhanced.slice(1) : ".0.0";
  return `${action === "failed" ? 5 : action === "delayed" ? 4 : 2}${detail}`;
}

/** The message that goes to the sender. */
export async function buildReport(facts: ReportFacts): Promise<Report> {
  const { hostname, mid, envelope, recipients, returned, now, random } = facts;
  const global = !isAscii(envelope.sender) || recipients.some(({ recipient }) => !isAscii(recipient.address)) ||
    recipients.some(({ recipient }) => !isAscii(originalRecipient(recipient.orcpt ?? "")?.address ?? ""));
  const { default: Node } = await import("nodemailer/lib/mime-node/index.js");
  const unique = [...random.bytes(12)].map((octet) => octet.toString(16).padStart(2, "0")).join("");
  const root = new Node("multipart/report; report-type=delivery-status", { baseBoundary: unique });
  root.setHeader({
    "From": `Mail Delivery System <MAILER-DAEMON@${hostname}>`,
    "To": `<${envelope.sender}>`,
    "Subject": subjects[mainAction(recipients)],
    "Date": mailDate(now),
    "Message-ID": `<${mid}.${unique}@${hostname}>`,
    // RFC 3834 §5: an answer to a message, made by a machine.
    "Auto-Submitted": "auto-replied",
  });
  part(root, "text/plain; charset=utf-8").setContent(explanation(facts));
  const status = deliveryStatus(facts, global);
  part(root, global ? "message/global-delivery-status" : "message/delivery-status", isAscii(status))
    .setContent(Buffer.from(status));
  if (returned !== undefined) {
    const text = Buffer.from(returned.text.buffer, returned.text.byteOffset, returned.text.byteLength);
    const ascii = text.every((octet) => octet < 128);
    if (envelope.smtputf8 && !ascii) {
      part(root, returned.whole ? "message/global" : "message/global-headers", ascii).setContent(text);
    } else if (returned.whole) part(root, "message/rfc822", ascii).setContent(text);
    // MimeNode finds the transfer encoding of a text part.
    else part(root, "text/rfc822-headers").setContent(text);
  }
  const built = await root.build();
  const text = new Uint8Array(built.buffer as ArrayBuffer, built.byteOffset, built.byteLength);
  return { text, eightBit: text.some((octet) => octet > 127), smtputf8: !isAscii(envelope.sender) };
}

const subjects: Record<Action, string> = {
  failed: "Undelivered mail returned to sender",
  delayed: "Delayed mail, still being tried",
  delivered: "Mail was delivered",
  relayed: "Mail was relayed",
};

/** What a report is mainly about: the worst that is in it. */
export function mainAction(recipients: readonly ReportedRecipient[]): Action {
  const order: Action[] = ["failed", "delayed", "relayed", "delivered"];
  return order.find((action) => recipients.some((each) => each.action === action)) ?? "failed";
}

/** A child; with `ascii` said, its transfer encoding is 7bit or 8bit, and its content goes out as it is. */
function part(root: MimeNode, type: string, ascii?: boolean): MimeNode {
  const node = root.createChild(type);
  if (ascii !== undefined) node.setHeader("Content-Transfer-Encoding", ascii ? "7bit" : "8bit");
  return node;
}

const introductions: Record<Action, string> = {
  failed: "could not be delivered to the following recipients, and will not be tried again:",
  delayed: "could not be delivered yet to the following recipients. You need not send it again:",
  delivered: "was delivered to the following recipients:",
  relayed: "was handed on for the following recipients, to a server that sends no further reports:",
};

function explanation({ hostname, envelope, recipients, returned, retryUntil }: ReportFacts): string {
  const lines = [`This is the mail system at ${hostname}.`];
  for (const action of ["failed", "delayed", "delivered", "relayed"] as const) {
    const group = recipients.filter((each) => each.action === action);
    if (group.length === 0) continue;
    lines.push("", `Your message of ${mailDate(envelope.receivedAt)}`, introductions[action], "");
    for (const { recipient, outcome, ...rest } of group) {
      lines.push(`  <${printable(recipient.address)}>`);
      if (rest.expired) lines.push(`    ${expired.meaning}. The last attempt ended with:`);
      const cause = diagnosticOf(outcome) ?? failureText(outcome);
      if (cause !== undefined) lines.push(`    ${hostOf(outcome)}${printable(cause)}`);
    }
    if (action === "delayed" && retryUntil !== undefined) {
      lines.push("", `It will be tried until ${mailDate(retryUntil)}.`);
    }
  }
  if (returned === undefined) lines.push("", "The message itself could not be read.");
  else lines.push("", returned.whole ? "The message is attached." : "The header of the message is attached.");
  return lines.join("\r\n") + "\r\n";
}

function deliveryStatus({ hostname, envelope, recipients, now, retryUntil }: ReportFacts, global: boolean): string {
  const field = (name: string, value: string) => {
    // One line whatever is in it; a backslash of a quoted local part stays single.
    const line = printable(value).replaceAll("\\\\", "\\");
    return folded(`${name}: ${global ? line : toAscii(line)}`);
  };
  const addressType = (address: string) => isAscii(address) ? "rfc822" : "utf-8";
  const fields: string[] = [];
  if (envelope.envid !== undefined) fields.push(field("Original-Envelope-Id", fromXtext(envelope.envid)));
  fields.push(field("Reporting-MTA", `dns; ${hostname}`), field("Arrival-Date", mailDate(envelope.receivedAt)));
  for (const reported of recipients) {
    const { recipient, outcome, action } = reported;
    const original = recipient.orcpt === undefined ? undefined : originalRecipient(recipient.orcpt);
    fields.push("");
    if (original !== undefined) fields.push(field("Original-Recipient", `${original.type}; ${original.address}`));
    fields.push(field("Final-Recipient", `${addressType(recipient.address)}; ${recipient.address}`));
    fields.push(field("Action", action), field("Status", statusOf(reported)));
    if (outcome.host !== undefined) fields.push(field("Remote-MTA", `dns; ${outcome.host.name}`));
    const diagnostic = diagnosticOf(outcome);
    if (diagnostic !== undefined) fields.push(field("Diagnostic-Code", `smtp; ${diagnostic}`));
    else if (failureText(outcome) !== undefined) {
      fields.push(field("Diagnostic-Code", `x-postern; ${failureText(outcome)}`));
    }
    fields.push(field("Last-Attempt-Date", mailDate(now)));
    // RFC 3464 §2.3.9.
    if (action === "delayed" && retryUntil !== undefined) fields.push(field("Will-Retry-Until", mailDate(retryUntil)));
  }
  return fields.join("\r\n") + "\r\n";
}

/** What the next hop said, code and enhanced code in front. */
function diagnosticOf({ reply }: ReportedRecipient["outcome"]): string | undefined {
  if (reply === undefined) return undefined;
  return [reply.code, ...(reply.enhanced === undefined ? [] : [reply.enhanced]), ...reply.lines].join(" ");
}

function failureText(outcome: ReportedRecipient["outcome"]): string | undefined {
  return outcome.kind === "delivered" ? undefined : outcome.failure?.text;
}

function hostOf({ host }: ReportedRecipient["outcome"]): string {
  return host === undefined ? "" : `${printable(host.name)}: `;
}

function isAscii(text: string): boolean {
  // deno-lint-ignore no-control-regex
  return /^[\x00-\x7f]*$/.test(text);
}

/** Other characters as utf-8-addr-xtext, RFC 6533 §3, which a reader can turn back. */
function toAscii(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[^\x00-\x7f]/gu, (character) => `\\x{${character.codePointAt(0)!.toString(16).toUpperCase()}}`);
}

/** A field in lines of about 76 characters, folded at blanks, longer words cut below 998 octets: RFC 5322 §2.1.1, §2.2.3. */
function folded(field: string): string {
  if (field.length <= 78) return field;
  const most = isAscii(field) ? 900 : 240;
  const lines: string[] = [];
  let line = "";
  for (let word of field.split(/ +/)) {
    if (line !== "" && line.length + 1 + word.length > 76) {
      lines.push(line);
      line = "";
    }
    for (; word.length > most; word = word.slice(most)) lines.push(word.slice(0, most));
    line = line === "" ? word : `${line} ${word}`;
  }
  if (line !== "") lines.push(line);
  return lines.join("\r\n ");
}

/** The header of `text`, with the line end of its last field. */
export function headerOf(text: Octets): Octets {
  for (let at = text.indexOf(10); at >= 0; at = text.indexOf(10, at + 1)) {
    const next = text[at + 1] === 13 ? at + 2 : at + 1;
    if (text[next] === 10) return text.subarray(0, at + 1);
  }
  return text;
}
