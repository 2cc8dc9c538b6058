/**
 * A monitor on a clock of its own, and the events of whole connections as the log tells them.
 *
 * @module
 */
import { LineLog } from "../../src/base/log.ts";
import { eventText, type MailEvent } from "../../src/mail/events.ts";
import { Monitor } from "../../src/monitor/monitor.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** A monitor, its clock, and the log that it hears. */
export class MonitorRig implements AsyncDisposable {
  clock: FakeClock;
  readonly directory: string;
  readonly log: LineLog<MailEvent>;
  /** Lines of the log, Warning and above. */
  readonly lines: string[] = [];
  monitor: Monitor;

  private constructor(directory: string, clock: FakeClock) {
    this.directory = directory;
    this.clock = clock;
    const sink = { write: (text: string) => void this.lines.push(text), flush: () => {} };
    this.log = new LineLog<MailEvent>({
      level: "warning",
      format: "text",
      render: eventText,
      now: () => this.clock.now(),
      sinks: [sink],
    });
    this.monitor = this.#start();
  }

  static async open(clock: FakeClock = new FakeClock()): Promise<MonitorRig> {
    return new MonitorRig(await Deno.makeTempDir({ prefix: "postern-monitor-" }), clock);
  }

  get path(): string {
    return `${this.directory}/monitor.db`;
  }

  /** Lets the monitor hear events. */
  hear(...events: MailEvent[]): void {
    for (const event of events) this.log.info(event);
  }

  /** Another process on the same files: the one before is left as `kill -9` leaves it, or ends in order. */
  restart(how: "killed" | "stopped"): void {
    if (how === "stopped") this.monitor.close();
    // With its clock the timers of a killed one stand still.
    else this.clock = new FakeClock(this.clock.now());
    this.monitor = this.#start();
  }

  #start(): Monitor {
    const { directory, clock, log } = this;
    const monitor = new Monitor({ directory, clock, log });
    // Observers cannot be taken away: one that was killed hears nothing any more.
    log.observe((event, level) => {
      if (this.monitor === monitor) monitor.observer(event, level);
    });
    return monitor;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.monitor.close();
    await Deno.remove(this.directory, { recursive: true });
  }
}

let number = 0;

/** What is special about an inbound connection. */
export interface InboundShape {
  from?: string;
  tls?: "TLSv1.2" | "TLSv1.3";
  failed?: string;
  demand?: "off" | "preferred" | "required";
  host?: string;
  recipients?: number;
  refused?: number;
  bytes?: number;
  messages?: number;
  end?: "queued" | "aborted" | "blackhole";
}

/** A connection with messages, or whose handshake fails. */
export function inbound(shape: InboundShape = {}): MailEvent[] {
  const { from = "a@sender.example", tls, failed, demand = "preferred", host, recipients = 1, refused = 0 } = shape;
  const { bytes = 1000, messages = 1, end = "queued" } = shape;
  const icid = ++number;
  const events: MailEvent[] = [
    {
      event: "icid_open",
      icid,
      interface: "inbound",
      local: "127.0.0.1",
      address: "192.0.2.1",
      host: host ?? "unknown",
      verified: host !== undefined,
    },
    { event: "icid_group", icid, action: "ACCEPT", group: "ALL", match: "ALL", tls: demand },
  ];
  if (failed !== undefined) {
    events.push({ event: "icid_tls_failed", icid, code: 1, error: "error:0A000102", reason: failed });
    return [...events, { event: "icid_lost", icid }];
  }
  if (tls !== undefined) events.push({ event: "icid_tls", icid, protocol: tls, cipher: "C", resumed: false });
  for (let count = 0; count < messages; count++) {
    const mid = ++number;
    events.push({ event: "mid_start", mid, icid }, { event: "mid_from", mid, icid, from });
    for (let rid = 0; rid < recipients; rid++) {
      events.push({ event: "mid_to", mid, icid, rid, to: `r${rid}@example.test` });
    }
    for (let at = 0; at < refused; at++) events.push({ event: "mid_to_rejected", mid, icid, to: "x@y", by: "RAT" });
    if (end === "aborted") {
      events.push({ event: "mid_aborted", mid, icid, reason: "lost", text: "lost" });
      continue;
    }
    events.push({ event: "mid_ready", mid, bytes, from });
    events.push(end === "queued" ? { event: "mid_queued", mid } : { event: "message_finished", mid });
  }
  return [...events, { event: "icid_close", icid }];
}

/** How TLS goes on an outbound connection. */
export type OutboundTls =
  | { kind: "success"; protocol: string; verified?: boolean; reason?: string }
  | { kind: "deferring"; reason: string }
  | { kind: "failed"; reason: string }
  | { kind: "none" };

/** What is special about an outbound connection. */
export interface OutboundShape {
  domain?: string;
  tlsLevel?: string;
  tls?: OutboundTls;
  /** Destinations whose mail it carries, one message each. */
  carries?: string[];
  port?: number;
  /** The last of its life is left out. */
  open?: boolean;
}

/** An outbound connection from its opening to its end. */
export function outbound(shape: OutboundShape = {}): MailEvent[] {
  const { domain = "dest.example", tlsLevel = "preferred", tls = { kind: "none" }, port = 25, open = false } = shape;
  const dcid = ++number;
  const towards = { domain, host: `mx.${domain}`, tlsLevel };
  const events: MailEvent[] = [
    { event: "dcid_open", dcid, interface: "127.0.0.1", address: "192.0.2.9", port, ...towards },
  ];
  let lost: string | undefined;
  switch (tls.kind) {
    case "success": {
      const { protocol, verified = true, reason } = tls;
      const event = { event: "dcid_tls", dcid, protocol, cipher: "C", resumed: false, verified, ...towards } as const;
      events.push(reason === undefined ? event : { ...event, reason });
      break;
    }
    case "deferring":
      events.push({ event: "dcid_tls_deferring", dcid, code: 1, error: "error:1", reason: tls.reason, ...towards });
      lost = tls.reason;
      break;
    case "failed":
      events.push({ event: "dcid_tls_failed", dcid, text: "STARTTLS", reason: tls.reason, ...towards });
      if (tlsLevel.startsWith("required") || tls.reason === "injected") lost = tls.reason;
      break;
    case "none":
      break;
    default:
      tls satisfies never;
  }
  if (lost !== undefined) events.push(connectionError({ domain, port, reason: lost, dcid }));
  for (const carried of lost === undefined ? shape.carries ?? [domain] : []) {
    const mid = ++number;
    events.push(
      { event: "delivery_start", dcid, mid, rids: [0, 1], domain: carried },
      { event: "message_done", dcid, mid, rids: [0, 1], domain: carried, bytes: 500, tlsLevel, encrypted: false },
      { event: "message_finished", mid },
    );
  }
  return open ? events : [...events, { event: "dcid_close", dcid }];
}

/** A host that could not be used. */
export function connectionError(
  { domain = "dest.example", port = 25, reason = "refused", dcid = ++number }: {
    domain?: string;
    port?: number;
    reason?: string;
    dcid?: number;
  },
): MailEvent {
  const about = { domain, address: "192.0.2.9", port, details: "Connection refused", interface: "auto" };
  return { event: "connection_error", dcid, ...about, reason, text: "network error" };
}

/** A recipient that waits, or is given up. */
export function ended(event: "bounced" | "delayed", code = 550, domain = "dest.example"): MailEvent {
  const mid = ++number;
  const words = { enhanced: "5.1.1", meaning: "Bad destination mailbox address", lines: ["no such user"] };
  return { event, dcid: 0, mid, rid: 0, domain, code, ...words };
}
