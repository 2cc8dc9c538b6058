/**
 * `status`, `tophosts` and `hoststatus` as the command line shows them. What they tell stands in `src/monitor/status.ts`.
 *
 * @module
 */
import { logTime } from "../../base/log.ts";
import { printable } from "../../base/text.ts";
import { suspendedTexts } from "../../control/suspension.ts";
import type { Counts, LastRefusal, TlsResult } from "../../monitor/counts.ts";
import type { HostFacts } from "../../monitor/hosts.ts";
import { hostOrders, type HostStatusFacts, type StatusFacts, type TopHostsFacts } from "../../monitor/status.ts";
import type { TotalName } from "../../monitor/totals.ts";
import type { CliCommand } from "../command.ts";

/** See the module. */
export const monitorCommands: readonly CliCommand[] = [
  {
    name: "status",
    usage: "",
    summary: "how the gateway does: counters, rates, what is in use",
    view: (facts: StatusFacts) => statusText(facts),
  },
  {
    name: "tophosts",
    usage: "[--sort COLUMN] [--limit N]",
    summary: "the destinations with the most mail",
    options: { sort: "value", limit: "value" },
    details: [
      ...Object.entries(hostOrders).map(([name, meaning]) => `--sort ${name.padEnd(12)} ${meaning}`),
      "What waits and is open is told as it is now, the others for the last 24 hours.",
    ],
    view: (facts: TopHostsFacts) => topHostsText(facts),
  },
  {
    name: "hoststatus",
    usage: "DOMAIN",
    summary: "what is known of one destination: mail, TLS, hosts, the last refusal",
    operands: { name: "domain", min: 1, max: 1 },
    view: (facts: HostStatusFacts) => hostStatusText(facts),
  },
];

type Cell = string | number | undefined;

/** Columns: the first to the left, the others to the right. `undefined` is shown as a dash. */
function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string[] {
  const lines = [head, ...rows.map((row) => row.map(shown))];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines.map((line) =>
    line.map((cell, column) => column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])).join("  ")
      .trimEnd()
  );
}

/** Names to the left, values behind them. */
function pairs(rows: readonly (readonly [name: string, value: Cell])[], indent = ""): string[] {
  const width = Math.max(...rows.map(([name]) => name.length)) + 1;
  return rows.map(([name, value]) => `${indent}${`${name}:`.padEnd(width)}  ${shown(value)}`);
}

function shown(cell: Cell): string {
  if (cell === undefined) return "-";
  return typeof cell === "string" ? printable(cell) : cell.toLocaleString("en-US");
}

/** `3d 4h`, `5m 12s`. */
function span(ms: number): string {
  const seconds = Math.max(Math.floor(ms / 1000), 0);
  const parts = [[86_400, "d"], [3_600, "h"], [60, "m"], [1, "s"]] as const;
  const from = Math.max(parts.findIndex(([size]) => seconds >= size), 0);
  const first = seconds < 1 ? 3 : from;
  return parts.slice(first, first + 2).map(([size, unit], at) => {
    const count = Math.floor(at === 0 ? seconds / size : seconds % parts[first][0] / size);
    return `${count}${unit}`;
  }).join(" ");
}

/** `12.3 MiB`. JSON has no infinity: what was not measured yet is null there. */
function size(octets: number | null): string | undefined {
  if (octets === null || !Number.isFinite(octets)) return undefined;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  for (; octets >= 1024 && at < units.length - 1; at++) octets /= 1024;
  return `${at === 0 ? octets : octets.toFixed(1)} ${units[at]}`;
}

const counterRows: readonly [string, TotalName, (day: NonNullable<StatusFacts["day"]>) => number | undefined][] = [
  ["Inbound connections", "connectionsIn", () => undefined],
  ["Messages received", "messagesIn", ({ inbound }) => inbound.messages],
  ["Recipients received", "recipientsIn", ({ inbound }) => inbound.recipients],
  ["Octets received", "octetsIn", ({ inbound }) => inbound.octets],
  ["Recipients refused", "recipientsRefused", ({ inbound }) => inbound.refused],
  ["Messages not taken", "messagesAborted", () => undefined],
  ["Reports made", "messagesGenerated", () => undefined],
  ["Outbound connections", "connectionsOut", ({ outbound }) => outbound.connections],
  ["Hosts not usable", "connectionFailures", ({ outbound }) => outbound.connection_failures],
  ["Messages delivered", "messagesOut", ({ outbound }) => outbound.messages],
  ["Recipients delivered", "recipientsOut", ({ outbound }) => outbound.recipients],
  ["Octets delivered", "octetsOut", ({ outbound }) => outbound.octets],
  ["Soft bounced recipients", "softBounced", ({ outbound }) => outbound.deferred],
  ["Hard bounced recipients", "hardBounced", ({ outbound }) => outbound.bounced],
];

const rateRows: readonly [string, TotalName][] = [
  ["Messages received", "messagesIn"],
  ["Recipients received", "recipientsIn"],
  ["Recipients delivered", "recipientsOut"],
  ["Soft bounced recipients", "softBounced"],
  ["Hard bounced recipients", "hardBounced"],
];

/** How the gateway does, as appliances show it. */
export function statusText({ vitals, startedAt, lastReload, totals, rates, day }: StatusFacts): string {
  const { now, queue, pressure, memory, listeners } = vitals;
  const down = listeners.filter(({ listening }) => !listening);
  const suspended = suspendedTexts(vitals.suspended);
  const healthy = pressure.healthy && down.length === 0;
  const state = !healthy ? "in trouble" : suspended.length > 0 ? "suspended in part or whole" : "online";
  const reload = lastReload.ok ? `generation ${vitals.generation}` : "the last file was refused; see the log";
  return [
    ...pairs([
      ["Status as of", logTime(now)],
      ["Up since", `${logTime(startedAt)} (${span(now - startedAt)})`],
      ["System", `${state}, ${vitals.hostname}, Postern ${vitals.version}`],
      ["Configuration", `${reload}, read ${logTime(lastReload.at)}`],
    ]),
    ...pressure.pressures.map(({ text }) => `Trouble: ${printable(text)}`),
    ...suspended.map((text) => printable(text)),
    ...down.map(({ name, address }) => `Trouble: listener ${name} does not listen on ${address}`),
    "",
    ...table(
      ["Counters", "Since start", "24 hours"],
      counterRows.map(([label, name, ofDay]) => [`  ${label}`, totals[name], day && ofDay(day)]),
    ),
    "",
    ...table(
      ["Rates (events per hour)", "1 minute", "5 minutes", "15 minutes"],
      rateRows.map(([label, name]) => [`  ${label}`, ...rates[name]]),
    ),
    "",
    "Gauges",
    ...pairs([
      ["Inbound sessions", vitals.sessions],
      ["Outbound connections", vitals.connections],
      ["Hosts left alone after failures", vitals.failingHosts],
      ["Messages in the queue", queue.messages],
      ["Destinations in the queue", queue.destinations],
      ["Oldest message", queue.oldest === undefined ? undefined : span(now - queue.oldest)],
      ["Memory", size(memory.rss)],
      ["Event loop lag", `${Math.round(pressure.readings.lag)} ms`],
      ["Free disk", size(pressure.readings.disk)],
    ], "  "),
    "",
    ...table(
      ["Listeners", "address", "state", "sessions"],
      listeners.map(({ name, address, listening, sessions }) => [
        `  ${name}`,
        address,
        !listening ? "down" : isSuspended(vitals, name) ? "suspended" : "listening",
        sessions,
      ]),
    ),
  ].join("\n");
}

function isSuspended({ suspended: { listeners } }: StatusFacts["vitals"], name: string): boolean {
  return listeners === "all" || listeners.includes(name);
}

/** The destinations with the most of something. */
export function topHostsText({ now, order, hosts }: TopHostsFacts): string {
  if (hosts.length === 0) return "No mail waits, and none went out in the last 24 hours";
  const rows = hosts.map(({ destination, active, connections, delivered, soft, hard }) => [
    nameOf(destination),
    active,
    connections,
    delivered,
    soft,
    hard,
  ]);
  const head = ["Recipient host", "Active rcpt", "Conn out", "Delivered", "Soft bounced", "Hard bounced"];
  return [`Status as of: ${logTime(now)}`, `Sorted by: ${hostOrders[order]}`, "", ...table(head, rows)].join("\n");
}

/** Everything known of one destination. */
export function hostStatusText(facts: HostStatusFacts): string {
  const { destination, now, waiting, connections, day, kept, lastTls, lastRefusal, hosts, inbound } = facts;
  return [
    ...pairs([
      ["Host mail status for", destination],
      ["Status as of", logTime(now)],
      ["Active recipients", waiting.recipients],
      ["Active messages", waiting.messages],
      ["Connections out", connections],
      ["Last TLS result", lastTls === undefined ? "none" : tlsText(lastTls)],
      ["Last 5XX", lastRefusal === undefined ? "none" : refusalText(lastRefusal)],
    ]),
    ...trafficText("Mail to it", { day, kept, rows: outboundRows }),
    ...(inbound === undefined ? [] : [
      ...trafficText("Mail from it", { ...inbound, rows: inboundRows }),
      ...(inbound.lastTls === undefined ? [] : pairs([["Last TLS result", tlsText(inbound.lastTls)]])),
    ]),
    "",
    hosts.length === 0 ? "No host was met since the start" : "Hosts",
    ...hosts.map((host) => `  ${hostText(host)}`),
  ].join("\n");
}

type CountRows = readonly (readonly [string, keyof Counts])[];

// deno-fmt-ignore
const tlsRows: CountRows = [
  ["TLS required, success",   "tls_required_success"],
  ["TLS required, failed",    "tls_required_failed"],
  ["TLS preferred, success",  "tls_preferred_success"],
  ["TLS preferred, failed",   "tls_preferred_failed"],
  ["Connections in clear",    "clear"],
];

// deno-fmt-ignore
const outboundRows: CountRows = [
  ["Messages delivered",      "messages"],
  ["Recipients delivered",    "recipients"],
  ["Octets delivered",        "octets"],
  ["Soft bounced recipients", "deferred"],
  ["Hard bounced recipients", "bounced"],
  ["Connections",             "connections"],
  ["Hosts not usable",        "connection_failures"],
  ...tlsRows,
];

// deno-fmt-ignore
const inboundRows: CountRows = [
  ["Messages received",       "messages"],
  ["Recipients received",     "recipients"],
  ["Octets received",         "octets"],
  ["Recipients refused",      "refused"],
  ["Connections",             "connections"],
  ...tlsRows,
];

function trafficText(title: string, { day, kept, rows }: { day?: Counts; kept?: Counts; rows: CountRows }): string[] {
  const lines = rows.map(([label, name]) => [`  ${label}`, day?.[name], kept?.[name]]);
  return ["", ...table([title, "24 hours", "90 days"], lines)];
}

function tlsText({ at, result, demand, protocol, cipher, verified, reason, text, peer }: TlsResult): string {
  const how = {
    success: `${protocol} ${cipher}${verified ? ", certificate verified" : ""}`,
    failed: "failed",
    clear: "clear text",
  }[result];
  const why = [reason, text].filter((part) => part !== "").join(", ");
  return `${how}${why === "" ? "" : ` (${why})`}, TLS ${demand}, ${peer}, ${logTime(at)}`;
}

function refusalText({ at, code, text }: LastRefusal): string {
  return `${code} ${text}, ${logTime(at)}`;
}

function hostText({ host, address, port, workedAt, failures, failure }: HostFacts): string {
  const where = `${host === address ? "" : `${host} `}${address.includes(":") ? `[${address}]` : address}:${port}`;
  const worked = workedAt === 0 ? "" : `, last used ${logTime(workedAt)}`;
  if (failure === undefined) return `${printable(where)}  up${worked}`;
  const { reason, text, at } = failure;
  const times = failures === 1 ? "once" : `${failures} times in a row`;
  return `${printable(where)}  failed ${times}: ${printable(reason)} (${printable(text)}), ${logTime(at)}${worked}`;
}

/** The row that all destinations beyond the bound share. */
function nameOf(destination: string): string {
  return destination === "*" ? "(all others)" : destination;
}
