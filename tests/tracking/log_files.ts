/**
 * Mail logs for tests, written by the gateway's own log.
 *
 * @module
 */
import type { Clock } from "../../src/base/clock.ts";
import { LineLog } from "../../src/base/log.ts";
import { RotatingFile } from "../../src/base/log_sinks.ts";
import { eventText, type MailEvent } from "../../src/mail/events.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** An event and the wall milliseconds at which it was logged. */
export type Entry = readonly [at: number, event: MailEvent];

/** Writes a log into a folder. */
export function writeLog(
  directory: string,
  entries: Iterable<Entry>,
  { format = "text", rotateSize = 1 << 30, keep = 50 }: {
    format?: "text" | "json";
    rotateSize?: number;
    keep?: number;
  } = {},
): void {
  const clock: Clock = new FakeClock();
  using file = new RotatingFile(`${directory}/mail.log`, { clock, rotateSize, keep });
  let now = 0;
  const log = new LineLog<MailEvent>({ level: "info", format, render: eventText, now: () => now, sinks: [file] });
  for (const [at, event] of entries) {
    now = at;
    log.info(event);
    file.flush();
  }
}

const towards = { domain: "example.test", host: "mx.example.test", tlsLevel: "preferred" };

/** What the log says of one message that comes by ICID `icid` and goes by DCID `dcid`. */
export function wayOf(
  {
    mid,
    at,
    icid = mid,
    dcid = mid,
    from = `s${mid}@example.com`,
    to = [`r${mid}@example.test`],
    subject = `Number ${mid}`,
  }: {
    mid: number;
    at: number;
    icid?: number;
    dcid?: number;
    from?: string;
    to?: string[];
    subject?: string;
  },
): { came: Entry[]; went: Entry[] } {
  const rids = to.map((_, rid) => rid);
  return {
    came: [
      [at, {
        event: "icid_open",
        icid,
        interface: "inbound",
        local: "127.0.0.1",
        address: "10.0.0.1",
        host: "h.test",
        verified: true,
      }],
      [at, { event: "icid_group", icid, action: "ACCEPT", group: "ALL", match: "ALL" }],
      [at, { event: "icid_tls", icid, protocol: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", resumed: false }],
      [at, { event: "mid_start", mid, icid }],
      [at, { event: "mid_from", mid, icid, from }],
      ...to.map((each, rid): Entry => [at, { event: "mid_to", mid, icid, rid, to: each }]),
      [at, { event: "mid_message_id", mid, messageId: `<${mid}@example.com>` }],
      [at, { event: "mid_subject", mid, subject }],
      [at, { event: "mid_ready", mid, bytes: 5000 + mid, from }],
      [at, { event: "mid_queued", mid }],
      [at, { event: "icid_close", icid }],
    ],
    went: [
      [at, { event: "dcid_open", dcid, interface: "10.0.0.5", address: "10.0.0.9", port: 25, ...towards }],
      [at, { event: "dcid_tls", dcid, protocol: "TLSv1.2", cipher: "X", resumed: false, verified: false, ...towards }],
      [at, { event: "delivery_start", dcid, mid, rids, domain: "example.test" }],
      [at, {
        event: "message_done",
        dcid,
        mid,
        rids,
        domain: "example.test",
        bytes: 1,
        tlsLevel: "preferred",
        encrypted: true,
      }],
      [at, { event: "rid_response", mid, rids, response: "2.0.0 Ok: queued as 3jjs" }],
      [at, { event: "message_finished", mid }],
      [at, { event: "dcid_close", dcid }],
    ],
  };
}
