/**
 * The mail that tells an alert: plain text, built with nodemailer's `MimeNode`, which is loaded with the first one.
 *
 * The subject is `[Warning]-[gw.example.test]: ([System]) a few words`, by which appliances' alerts are sorted. The text says what happened, when, how
 * often, and what to do. Everything passes {@linkcode shown}: what a peer said can add neither a field nor a line, and is cut.
 *
 * @module
 */
import type { Octets } from "../base/octets.ts";
import type { Random } from "../base/random.ts";
import { printable } from "../base/text.ts";
import type { AlertReport, HourLimit } from "./alert_groups.ts";

/** What every alert's mail is made with. */
export interface AlertMailWorld {
  /** The gateway's name. */
  hostname: string;
  /** The address in From. */
  from: string;
  /** Those in To. */
  to: readonly string[];
  /** Wall milliseconds. */
  now: number;
  random: Random;
}

/** A finished mail. */
export interface AlertMail {
  /** As in the header, for the log. */
  subject: string;
  text: Octets;
  /** An address in it is not ASCII: RFC 6531. */
  smtputf8: boolean;
}

const titles = { critical: "Critical", warning: "Warning", info: "Info" } as const;
const lineMax = 76;
const subjectMax = 200;
const textMax = 1_000;
/** RFC 5322 §2.1.1 ends a line at 998 octets. */
const wordMax = 200;

/** The mail of a report. */
export async function alertMail(report: AlertReport, world: AlertMailWorld): Promise<AlertMail> {
  const { hostname, from, to, now, random } = world;
  const { default: Node } = await import("nodemailer/lib/mime-node/index.js");
  const subject = subjectOf(report, hostname);
  const body = bodyOf(report, world);
  const root = new Node("text/plain; charset=utf-8");
  root.setHeader({
    "From": { name: `Postern ${hostname}`, address: from },
    "To": to.map((address) => ({ name: "", address })),
    "Subject": subject,
    "Date": mailDate(now),
    "Message-ID": `<alert.${random.bytes(12).toHex()}@${hostname}>`,
    // RFC 3834 §5: made by a machine on its own. The other two keep servers that do not know it from answering.
    "Auto-Submitted": "auto-generated",
    "Precedence": "bulk",
    "X-Auto-Response-Suppress": "All",
  });
  // Lines are short already, so that the raw text can be read; MimeNode finds an encoding for what is not ASCII.
  if (isAscii(body)) root.setHeader("Content-Transfer-Encoding", "7bit");
  root.setContent(body);
  const built = await root.build();
  const text = new Uint8Array(built.buffer as ArrayBuffer, built.byteOffset, built.byteLength);
  return { subject, text, smtputf8: ![from, ...to].every(isAscii) };
}

/** `[Warning]-[gw.example.test]: ([System]) a few words`. */
export function subjectOf({ alert: { severity, title } }: AlertReport, hostname: string): string {
  return `[${titles[severity]}]-[${hostname}]: ([System]) ${shown(title, subjectMax)}`;
}

/** The text, in lines that end with CRLF. */
export function bodyOf(report: AlertReport, { hostname }: Pick<AlertMailWorld, "hostname">): string {
  const { alert, texts, textsLeftOut, first, last, count, total, mails, limit } = report;
  const rows: [string, string][] = [
    ["Gateway", hostname],
    ["Severity", titles[alert.severity]],
    ...alert.facts.map(([label, value]): [string, string] => [label, shown(value)]),
    ["First", mailDate(first)],
    ["Last", mailDate(last)],
    ["Times", mails === 0 ? `${total}` : `${count} since the last mail, ${total} in all`],
  ];
  const lines = wrapped(shown(`${alert.title[0].toUpperCase()}${alert.title.slice(1)}.`), "");
  lines.push("");
  // One text with facts is what the facts say.
  if (texts.length > 1 || alert.facts.length === 0) {
    for (const text of texts) lines.push(...wrapped(`- ${shown(text)}`, "  "));
    if (textsLeftOut > 0) lines.push(`- and ${textsLeftOut} more; the log has them all`);
    lines.push("");
  }
  const width = Math.max(...rows.map(([label]) => label.length)) + 3;
  for (const [label, value] of rows) lines.push(...wrapped(`${label}:`.padEnd(width) + value, " ".repeat(width)));
  lines.push("", "What to do:", ...wrapped(shown(alert.advice), ""), "");
  const again = alert.again ?? `If it happens again, it is told in ${spanText(report.pauseMs)} at the earliest.`;
  lines.push(...wrapped(shown(again), ""));
  if (limit !== undefined) lines.push("", ...wrapped(limitText(limit), ""));
  return lines.join("\r\n") + "\r\n";
}

/** Whoever waits for alerts has to know that there are no more for a while. */
function limitText({ reached, mails, until }: HourLimit): string {
  const which = reached === "all" ? "No further alert" : "No further alert that is not critical";
  return `${mails} alerts were sent within an hour, as many as may be. ${which} is sent before ${
    mailDate(until)
  }; they are counted ` +
    "meanwhile, and the log has them all.";
}

/** RFC 5322 §3.3, in UTC. */
export function mailDate(ms: number): string {
  return new Date(ms).toUTCString().replace("GMT", "+0000");
}

/** `5 minutes`. */
export function spanText(ms: number): string {
  const units = [[86_400_000, "day"], [3_600_000, "hour"], [60_000, "minute"], [1_000, "second"]] as const;
  const [size, name] = units.find(([size]) => ms >= size && ms % size === 0) ?? units[3];
  const count = Math.ceil(ms / size);
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}

/** `text` as one line without control characters. Who wrote it has escaped what peers said in it: that is not escaped twice. */
function shown(text: string, lengthMax = textMax): string {
  const cut = text.length > lengthMax ? `${text.slice(0, lengthMax)}…` : text;
  const escaped = printable(cut, Infinity);
  return escaped.replaceAll("\\\\", "\\") === cut ? cut : escaped;
}

/** Lines of about {@linkcode lineMax} characters, cut at blanks; a longer word stays whole up to the length that mail allows. */
function wrapped(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(new RegExp(`(?<=\\S)(?= )|(?<=\\S{${wordMax}})`))) {
    if (line !== "" && line.length + word.length > lineMax) {
      lines.push(line);
      line = indent + word.trimStart();
    } else line += word;
  }
  lines.push(line);
  return lines;
}

function isAscii(text: string): boolean {
  // deno-lint-ignore no-control-regex
  return /^[\x00-\x7f]*$/.test(text);
}
