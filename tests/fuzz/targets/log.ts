/**
 * The mail log with hostile values: one event is one line of the grammar, nobody's words are taken for ours, nothing is lost.
 *
 * @module
 */
import assert from "node:assert/strict";
import { LineLog, type LogOptions } from "../../../src/base/log.ts";
import { printable } from "../../../src/base/text.ts";
import { eventText, type MailEvent } from "../../../src/mail/events.ts";
import { linesOf, mailLines } from "../../gateway/mail_log.ts";
import type { Chance } from "../chance.ts";
import { target } from "../target.ts";

interface Input {
  event: MailEvent;
}

const hostileParts = [
  "\n",
  "\r\n",
  "\r",
  "\t",
  "\0",
  "\x1b[2J",
  "\x07",
  "\x7f",
  "\x85",
  "\x9b31m",
  "\u2028",
  "\u2029",
  "\u202e",
  "\u2066",
  "\ufeff",
  "\u200f",
  "\ud800",
  "\udc00",
  "😀",
  "ü",
  "'",
  "\\",
  "\\n",
  "\\'",
  "', '",
  "')",
  ">",
  "<",
  " ",
  "Info: ",
  "ICID 1 close",
  "Sat Nov 22 01:20:00 2025 Info: Start MID 9 ICID 9",
  "a",
  "b@example.test",
  "]",
  "[",
  "…",
  "%s",
  "$&",
  "$1",
  "\u061c",
];

/** Words of ours that stand beside them. */
const plain = { name: "inbound", address: "192.0.2.7", protocol: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384" };

function eventOf(chance: Chance): MailEvent {
  const hostile = () => chance.text(0, chance.oneIn(30) ? 400 : 8, hostileParts);
  // What has no blanks by the grammar of where it comes from.
  const word = () => hostile().replaceAll(/\s|[\u2028\u2029\ufeff]/gu, "") || "x";
  const [icid, mid, rid, dcid] = chance.many(4, 4, () => chance.below(1_000_000));
  const some = () => hostile() || "x";
  const code = chance.pick([0, 167_772_418]);
  const towards = { domain: word(), host: word(), tlsLevel: "preferred-verify" };
  const events: MailEvent[] = [
    {
      event: "icid_open",
      icid,
      interface: plain.name,
      local: "::1",
      address: plain.address,
      host: word(),
      verified: chance.oneIn(2),
    },
    {
      event: "icid_group",
      icid,
      action: chance.pick(["ACCEPT", "RELAY", "REJECT", "TCPREFUSE"]),
      group: "ALL",
      match: word(),
    },
    {
      event: "icid_certificate",
      icid,
      verified: false,
      subject: hostile(),
      names: [],
      reason: "expired",
      text: some(),
    },
    { event: "icid_auth", icid, user: hostile() || "a", mechanism: "PLAIN" },
    {
      event: "icid_auth_failed",
      icid,
      user: chance.oneIn(2) ? hostile() || "a" : undefined,
      mechanism: "LOGIN",
      reason: "wrong_password",
      text: "wrong password",
    },
    { event: "icid_tls_failed", icid, code, error: hostile(), reason: "other" },
    { event: "mid_from", mid, icid: chance.oneIn(2) ? icid : undefined, from: hostile() },
    { event: "mid_to", mid, icid, rid, to: some() },
    { event: "mid_to_rejected", mid, icid, to: some(), by: "RAT" },
    { event: "mid_message_id", mid, messageId: hostile() },
    { event: "mid_subject", mid, subject: hostile() },
    { event: "mid_ready", mid, bytes: rid, from: hostile() },
    { event: "mid_aborted", mid, icid, reason: "lost", text: some() },
    { event: "dcid_tls_deferring", dcid, code, error: hostile(), reason: "other", ...towards },
    { event: "dcid_tls_failed", dcid, text: some(), reason: "no_starttls", ...towards },
    { event: "dcid_tls_unverified", dcid, reason: "untrusted", text: some(), ...towards },
    {
      event: "required_tls_failed",
      dcid,
      address: plain.address,
      port: 25,
      reason: "other",
      code,
      error: hostile(),
      messages: 1,
      ...towards,
    },
    {
      event: "connection_error",
      dcid,
      domain: word(),
      address: plain.address,
      port: 25,
      details: some(),
      interface: "::",
      reason: "timeout",
      text: some(),
    },
    { event: "rid_response", mid, rids: [rid], response: hostile() },
    {
      event: chance.pick(["bounced", "delayed"]),
      dcid,
      mid,
      rid,
      domain: word(),
      enhanced: "5.1.0",
      meaning: "Unknown address error",
      code: chance.pick([0, 550]),
      lines: chance.many(1, 3, hostile),
    },
    { event: "bounce_dropped", mid, text: some() },
  ];
  return chance.pick(events);
}

/** The value behind {@linkcode printable}. */
function unescaped(text: string): string {
  return text.replace(/\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|([nrt\\]))/g, (_, two, four, one) => {
    if (two !== undefined) return String.fromCharCode(parseInt(two, 16));
    if (four !== undefined) return String.fromCharCode(parseInt(four, 16));
    return ({ n: "\n", r: "\r", t: "\t", "\\": "\\" } as Record<string, string>)[one];
  });
}

/** All texts in an event. */
function* textsIn(value: unknown): Generator<string> {
  if (typeof value === "string") yield value;
  else if (typeof value === "object" && value !== null) {
    for (const item of Object.values(value)) {
      yield* textsIn(item);
    }
  }
}

const kinds = [
  "icid_open",
  "icid_group",
  "icid_certificate",
  "icid_auth",
  "icid_auth_failed",
  "icid_tls_failed",
  "mid_from",
  "mid_to",
  "mid_to_rejected",
  "mid_message_id",
  "mid_subject",
  "mid_ready",
  "mid_aborted",
  "dcid_tls_deferring",
  "dcid_tls_failed",
  "dcid_tls_unverified",
  "required_tls_failed",
  "connection_error",
  "rid_response",
  "bounced",
  "delayed",
  "bounce_dropped",
];

export const logTarget = target<Input>({
  name: "log",
  reaches: kinds,
  make: (chance) => ({ event: eventOf(chance) }),
  check({ event }) {
    let written = "";
    const sink = { write: (lines: string) => void (written += lines), flush: () => {} };
    const options: LogOptions<MailEvent> = {
      level: "trace",
      format: "text",
      render: eventText,
      now: () => Date.UTC(2025, 10, 22, 1, 20),
      sinks: [sink],
    };
    new LineLog(options).info(event);
    assert.equal(mailLines(written).length, 1, "one event, one line, of the grammar");
    const [{ level, text }] = linesOf(written);
    assert.equal(level, "Info");
    // What is shown is what was: no two values look alike, unless they were cut.
    for (const value of textsIn(event)) {
      const shown = printable(value);
      if (value.length <= 1_000) assert.equal(unescaped(shown), value);
      assert.ok(shown.length <= 6_100, "bounded");
    }
    written = "";
    new LineLog({ ...options, format: "json" }).info(event);
    assert.equal(written.indexOf("\n"), written.length - 1, "one line of JSON");
    const { time: _time, level: _level, text: shown, ...rest } = JSON.parse(written);
    assert.equal(rest.event, event.event);
    if (!("text" in event)) {
      assert.equal(shown, text);
      // A lone surrogate has no UTF-8: JSON writes it as an escape, and reads it again.
      assert.deepEqual(rest, JSON.parse(JSON.stringify(event)));
    }
    return [event.event];
  },
});
