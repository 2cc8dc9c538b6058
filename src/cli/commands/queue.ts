/**
 * Commands on the queue, as the command line knows them. What they do stands in `src/control/queue_commands.ts`.
 *
 * @module
 */
import { logTime } from "../../base/log.ts";
import { printable } from "../../base/text.ts";
import type { ActionFacts, ListedPage, ListedRow, ListEnd, ShownMessage } from "../../control/queue_commands.ts";
import type { CliCommand } from "../command.ts";
import { countText, sizeText, spanText } from "../format.ts";

const filters = {
  sender: "value",
  recipient: "value",
  domain: "value",
  reason: "value",
  older: "value",
  held: "flag",
} as const;

const filterDetails = [
  "--sender S       an address, a domain, .domain for its subdomains, or <> for reports",
  "--recipient R    an address, a domain or .domain",
  "--domain D       the recipients' domain, or .domain",
  "--reason WORD    why the last attempt failed: connection_refused, no_starttls, 451, or words of the answer",
  "--older 2h       received longer ago; s, m, h or d",
  "--held           held mail alone",
];
const manyDetails = [
  ...filterDetails,
  "--all            everything",
  "",
  "Filters are combined: all of them have to hold.",
];
const byRecipient = "With --recipient only the recipients that match are taken out; the others stay.";
const byDomain = "It acts on all that a message has for a domain.";
const later = "What is being delivered gets it when the attempt has ended, if something is left then.";

const usageMany = "MID…|[--domain D …]|--all";
const many = {
  options: { ...filters, all: "flag" },
  operands: { name: "mids", min: 0, max: Infinity },
  offline: "queue",
} as const;

function action(name: string, summary: string, details: readonly string[] = [byDomain]): CliCommand {
  return {
    name: `queue ${name}`,
    usage: usageMany,
    summary,
    details: [...manyDetails, ...details, later],
    ...many,
    view: actionText,
  };
}

/** See the module. */
export const queueCommands: readonly CliCommand[] = [
  {
    name: "queue list",
    usage: "[--domain D …] [--limit N]",
    summary: "what waits, with the reason",
    options: { ...filters, limit: "value", cursor: "value" },
    operands: { name: "mids", min: 0, max: Infinity },
    offline: "queue",
    details: [
      ...filterDetails,
      "--limit N        so many at most; 100 where it is not said",
      "--cursor C       go on behind the last list",
    ],
    view: listText,
  },
  {
    name: "queue show",
    usage: "MID",
    summary: "one message: recipients, attempts, header",
    operands: { name: "mid", min: 1, max: 1 },
    offline: "queue",
    view: messageText,
  },
  action("retry", "try now, and forget which hosts failed"),
  action("hold", "keep in the queue until it is released"),
  action("release", "let held mail go"),
  {
    ...action("redirect", "deliver to another host from now on; TLS stays as the destination's control says"),
    usage: "MID…|[--domain D …]|--all HOST[:PORT]|--back",
    options: { ...filters, all: "flag", back: "flag" },
    operands: { name: "words", min: 0, max: Infinity },
    details: [
      ...manyDetails,
      byDomain,
      "--back sends it by its route again. Mail that comes in later goes by smtp_routes.",
      later,
    ],
  },
  action("delete", "throw away, without a word to the sender", [byRecipient]),
  action("bounce", "give up, with a report to the sender", [byRecipient]),
];

const done: Record<ActionFacts["action"], string> = {
  retry: "due now",
  hold: "held",
  release: "released",
  redirect: "redirected",
  delete: "deleted",
  bounce: "bounced",
};

function actionText({ action, done: count, recipients, later, unchanged }: ActionFacts): string {
  const parts = [`${countText(recipients, "recipient")} of ${countText(count, "message")} ${done[action]}`];
  if (later > 0) parts.push(`${later} being delivered: when the attempt has ended`);
  if (unchanged > 0) parts.push(`${unchanged} left as ${unchanged === 1 ? "it is" : "they are"}`);
  return parts.join("; ");
}

const widths = { mid: 9, age: 5, size: 6, state: 10, tries: 5, next: 6 };

function listText(item: ListedPage | ListEnd, index: number): string {
  if ("rows" in item) {
    const lines = item.rows.map((row) => rowText(row, item.now));
    return (index === 0 ? [heading, ...lines] : lines).join("\n");
  }
  const { shown, messages, cursor } = item;
  const rest = cursor === null ? "" : `; more with --cursor ${quotedWord(cursor)}`;
  return `${shown} shown; ${countText(messages, "message")} in the queue${rest}`;
}

const heading = cells(["MID", "AGE", "SIZE", "STATE", "TRIES", "NEXT"]) + "  FROM, TO AND WHY";

function cells(texts: readonly string[]): string {
  return Object.entries(widths).map(([name, width], at) =>
    name === "state" ? texts[at].padEnd(width) : texts[at].padStart(width)
  ).join("  ");
}

function rowText(row: ListedRow, now: number): string {
  const { mid, received, octets, state, attempts, due, sender, recipients, more, via, word } = row;
  const next = state === "delivering" || due === null ? "-" : spanText(due - now);
  const to = recipients.map(({ address }) => `<${printable(address)}>`).join(", ") +
    (more > 0 ? ` and ${more} more` : "");
  return `${cells([`${mid}`, spanText(now - received), sizeText(octets), state, `${attempts}`, next])}  ` +
    `<${printable(sender)}> to ${to}${via === null ? "" : ` by ${printable(via)}`}${
      word === null ? "" : `: ${printable(word)}`
    }`;
}

/** As a shell takes it: a semicolon would end the command. */
function quotedWord(word: string): string {
  return /^[\w./@:-]+$/.test(word) ? word : `'${printable(word).replaceAll("'", "'\\''")}'`;
}

function messageText(message: ShownMessage): string {
  const { mid, now, received, octets, sender, parameters, rows, trail, header } = message;
  const lines = [
    `MID ${mid} from <${printable(sender)}>, ${octets} bytes, received ${logTime(received)} (${
      spanText(now - received)
    } ago)`,
  ];
  if (parameters.length > 0) lines.push(`asked for ${parameters.map((each) => printable(each)).join(" ")}`);
  for (const row of rows) lines.push("", ...destinationLines(row, now));
  if (trail.length > 0) lines.push("", "Trail");
  for (const { at, domain, via, answers } of trail) {
    for (const { kind, rids, host, text } of answers) {
      const where = host ?? (via === null ? "no host" : via);
      lines.push(
        `  ${logTime(at)}  ${printable(domain)} RID [${rids.join(", ")}] ${kind} by ${printable(where)}: ${
          printable(text)
        }`,
      );
    }
  }
  lines.push("", "Header");
  for (const line of header.split(/\r?\n/)) {
    if (line !== "") lines.push(`  ${printable(line).replaceAll("\\t", "    ")}`);
  }
  return lines.join("\n");
}

function destinationLines(row: ShownMessage["rows"][number], now: number): string[] {
  const { domain, state, via, tls, attempts, due, tried, reason, recipients } = row;
  const facts = [state, countText(attempts, "attempt")];
  if (state === "waiting" && due !== null) facts.push(due <= now ? "due now" : `next in ${spanText(due - now)}`);
  if (via !== null) facts.push(`redirected to ${printable(via)}`);
  if (tls !== null) facts.push(`TLS required by ${tls === "requiretls" ? "REQUIRETLS" : "X-Postern-TLS"}`);
  const lines = [`${printable(domain)}: ${facts.join(", ")}`];
  if (reason !== null) lines.push(`  ${tried === null ? "" : `${spanText(now - tried)} ago: `}${printable(reason)}`);
  for (const { rid, address, notify, orcpt } of recipients) {
    const asked = [notify && `NOTIFY=${notify.join(",")}`, orcpt && `ORCPT=${printable(orcpt)}`].filter(Boolean);
    lines.push(`  RID ${rid} <${printable(address)}>${asked.length === 0 ? "" : ` ${asked.join(" ")}`}`);
  }
  return lines;
}
