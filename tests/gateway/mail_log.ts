/**
 * The mail log as an administrator reads it: its grammar, and what one connection or message has in it.
 *
 * @module
 */
import assert from "node:assert/strict";

/** Prefix, level, message. */
const line =
  /^(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d\d \d\d:\d\d:\d\d \d{4} (Critical|Warning|Info|Debug|Trace): (.+)$/;

/** Text between quotes: quotes and backslashes in it are escaped. */
const quoted = String.raw`'(?:[^'\\]|\\['\\nrt]|\\x[0-9a-f]{2}|\\u[0-9a-f]{4})*'`;
const address = "[0-9a-f.:]+";
const tlsError = String.raw`\(\d+, ${quoted}\)`;

/** Every message about a connection or a message; what is about the gateway itself is the gateway's own words. */
const grammar: readonly RegExp[] = [
  `New SMTP ICID \\d+ interface \\w+ \\(${address}\\) address ${address} reverse dns host \\S+ verified (?:yes|no)`,
  "ICID \\d+ (?:ACCEPT|RELAY|REJECT|TCPREFUSE) SG [\\w.-]+ match \\S.*",
  "ICID \\d+ TLS client certificate (?:not )?verified .+",
  "ICID \\d+ (?:MAIL refused|refused): .+",
  "ICID \\d+ TLS success protocol TLSv1(?:\\.\\d)? cipher [\\w-]+",
  `ICID \\d+ TLS failed: ${tlsError}`,
  "ICID \\d+ (?:close|lost|timed out|suspended by the operator|too many [a-z ]+|commands in clear behind STARTTLS|a [a-z ]+|[A-Z]+ without a size)",
  "ICID \\d+ too many (?:invalid )?recipients from \\S+ in this hour: \\d+, max_[a-z_]+ of policy \\S+ is \\d+",
  "ICID \\d+ the session was closed with 421",
  "ICID \\d+ AUTH success user .+ mechanism [A-Z]+",
  "ICID \\d+ AUTH failed (?:user .+ )?mechanism [A-Z]+: [a-z].+",
  "ICID \\d+ MAIL refused: the user may not send as <.*>",
  "ICID \\d+ (?:a message had line ends without CRLF|the client does not speak SMTP)",
  "Start MID \\d+(?: ICID \\d+)?",
  "MID \\d+ (?:ICID \\d+ )?From: <.*>",
  "MID \\d+ (?:ICID \\d+ )?RID \\d+ To: <.+>",
  "MID \\d+ ICID \\d+ To: <.+> Rejected by (?:[HR]AT|max_[a-z_]+|LDAP query [\\w.-]+(?:, which has no answer)?)",
  "ICID \\d+ RCPT taken unchecked: <.+>, LDAP query [\\w.-]+ has no answer",
  `MID \\d+ Message-ID ${quoted}`,
  `MID \\d+ Subject ${quoted}`,
  "MID \\d+ ready \\d+ bytes from <.*>",
  "MID \\d+ queued for delivery",
  "Message aborted MID \\d+ .+",
  "MID \\d+ was generated for (?:bounce|delay warning|delivery report) of MID \\d+",
  "MID \\d+ ICID \\d+ TLS required by (?:X-Postern-TLS|REQUIRETLS)",
  "MID \\d+ RID \\[[\\d, ]+\\] (?:retried|held|released|deleted|bounced|redirected to \\S+(?: route)?) by the operator",
  "MID \\d+ bounce dropped: .+",
  `New SMTP DCID \\d+ interface ${address} address ${address} port \\d+`,
  "DCID \\d+ TLS success protocol TLSv1(?:\\.\\d)? cipher [\\w-]+",
  `DCID \\d+ TLS deferring: ${tlsError}`,
  "DCID \\d+ TLS failed: .+",
  "DCID \\d+ TLS [a-z-]+: certificate not verified: .+",
  `DCID \\d+ required TLS failed: domain: \\S+ host: \\S+ IP: ${address} port: \\d+ level: [a-z-]+ reason: \\w+ ${tlsError} messages waiting: \\d+`,
  "DCID \\d+ close",
  "Connection Error: DCID \\d+ domain: \\S+ IP: \\S+ port: \\d+ details: .+ interface: \\S+ reason: .+",
  "Delivery start DCID \\d+ MID \\d+ to RID \\[[\\d, ]+\\]",
  "Message done DCID \\d+ MID \\d+ to RID \\[[\\d, ]+\\]",
  `MID \\d+ RID \\[[\\d, ]+\\] Response ${quoted}`,
  "Message finished MID \\d+ done",
  `(?:Bounced|Delayed): DCID \\d+ MID \\d+ to RID \\d+ - [245]\\.\\d+\\.\\d+ - [\\w /,'()-]+ \\('\\d{3}', \\[${quoted}(?:, ${quoted})*\\]\\)`,
].map((pattern) => new RegExp(`^(?:${pattern})$`));

/** Characters that end lines, move cursors or turn text around. */
// deno-lint-ignore no-control-regex
const unsafe = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/u;

/** One line. */
export interface LogLine {
  level: string;
  text: string;
}

/** Splits a log; each line has to be a line. */
export function linesOf(log: string): LogLine[] {
  assert.ok(log === "" || log.endsWith("\n"), `the log ends in the middle of a line: ${log.slice(-200)}`);
  return log.split("\n").slice(0, -1).map((text) => {
    const match = line.exec(text);
    assert.ok(match !== null, `this is no line of the log: ${JSON.stringify(text)}`);
    assert.doesNotMatch(text, unsafe, JSON.stringify(text));
    return { level: match[1], text: match[2] };
  });
}

/** Lines about connections and messages, each of which has to be in the grammar. `own` are the gateway's notes that may stand between. */
export function mailLines(log: string, own: RegExp = /^(?:Postern |Certificate |Configuration |Serving )/): LogLine[] {
  const lines = linesOf(log).filter(({ text }) => !own.test(text));
  for (const { text } of lines) {
    assert.ok(grammar.some((pattern) => pattern.test(text)), `not in the log's grammar: ${text}`);
  }
  return lines;
}

/** The lines that name this ICID, DCID or MID, in order. */
export function linesAbout(log: string, name: "ICID" | "DCID" | "MID", number: number): string[] {
  const about = new RegExp(`\\b${name} ${number}\\b`);
  return linesOf(log).map(({ text }) => text).filter((text) => about.test(text));
}
