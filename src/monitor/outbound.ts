/**
 * Outbound mail, as the log's events tell it: what each destination took, and how TLS went on connections to it.
 *
 * A connection belongs to the destination that it was opened for, and to each other one whose mail it carries, once to each.
 *
 * @module
 */
import type { MailEvent } from "../mail/events.ts";
import { levelRow, levelTable } from "../tls/level.ts";
import type { TlsResult } from "./counts.ts";
import { DomainSet } from "./domain_set.ts";
import type { Hosts } from "./hosts.ts";
import { follow, type Ledger } from "./inbound.ts";

/** What the log says of outbound connections and deliveries. */
export type OutboundEvent = Extract<MailEvent, {
  event: `dcid_${string}` | "connection_error" | "delivery_start" | "message_done" | "bounced" | "delayed";
}>;

interface Connection {
  domain: string;
  level: string;
  host: string;
  address: string;
  port: number;
  /** How TLS went; it stands when mail goes over the connection. */
  tls: TlsResult;
  domains: DomainSet;
}

/** Reasons for going on in clear text, where the level allows it. */
const notOffered = new Set(["no_starttls", "ehlo_refused", "starttls_refused"]);

/** See the module. */
export class OutboundSide {
  readonly #ledger: Ledger;
  readonly #hosts: Hosts;
  readonly #connections = new Map<number, Connection>();
  /** Connections that are open, by the destination that they were opened for. */
  readonly #open = new Map<string, number>();

  constructor(ledger: Ledger, hosts: Hosts) {
    this.#ledger = ledger;
    this.#hosts = hosts;
  }

  /** Connections that are open, by destination. */
  get open(): ReadonlyMap<string, number> {
    return this.#open;
  }

  /** Hears one event. */
  hear(e: OutboundEvent): void {
    const { totals } = this.#ledger;
    switch (e.event) {
      case "dcid_open":
        return this.#opened(e);
      case "dcid_tls":
        return this.#secured(e);
      case "dcid_tls_deferring":
        return this.#failed(e, e.error);
      case "dcid_tls_failed":
        if (notOffered.has(e.reason)) return this.#without(e);
        return this.#failed(e, e.text);
      case "connection_error":
        return this.#unusable(e);
      case "delivery_start":
        return this.#carries(e);
      case "message_done": {
        const { domain, rids, bytes } = e;
        totals.messagesOut++;
        totals.recipientsOut += rids.length;
        totals.octetsOut += bytes;
        const counts = this.#counts(domain);
        counts.messages++;
        counts.recipients += rids.length;
        counts.octets += bytes;
        return;
      }
      case "bounced": {
        const { domain, code, lines } = e;
        totals.hardBounced++;
        this.#counts(domain).bounced++;
        if (code < 500) return;
        const text = [e.enhanced, ...lines].join(" ");
        return this.#ledger.buckets.noteRefusal(domain, { at: this.#ledger.now(), code, text });
      }
      case "delayed":
        totals.softBounced++;
        this.#counts(e.domain).deferred++;
        return;
      case "dcid_close":
        return this.#closed(e.dcid);
      case "dcid_tls_unverified":
        return;
      default:
        // Lines that other parts add to the log say nothing about these counts.
        return;
    }
  }

  #counts(domain: string) {
    const { buckets, now } = this.#ledger;
    return buckets.of("outbound", domain, now());
  }

  #opened(e: Extract<OutboundEvent, { event: "dcid_open" }>): void {
    const { dcid, domain, host, address, port, tlsLevel: level } = e;
    const { totals, now } = this.#ledger;
    totals.connectionsOut++;
    const at = now();
    const connection: Connection = {
      domain,
      level,
      host,
      address,
      port,
      tls: clearText({ at, level, peer: peerText(e) }),
      domains: new DomainSet(),
    };
    connection.domains.add(domain);
    follow(this.#connections, dcid, connection);
    this.#open.set(domain, (this.#open.get(domain) ?? 0) + 1);
    this.#hosts.opened({ domain, host, address, port, at });
    this.#counts(domain).connections++;
    if (!triesTls(level)) this.#judge(domain, connection.tls);
  }

  #secured(e: Extract<OutboundEvent, { event: "dcid_tls" }>): void {
    const { dcid, protocol, cipher, verified, reason = "" } = e;
    this.#ledger.handshakes.add({ service: "outbound", version: protocol, result: "success", reason });
    this.#settled(dcid, { result: "success", protocol, cipher, verified, reason });
  }

  #failed({ dcid, reason }: { dcid: number; reason: string }, text: string): void {
    this.#ledger.handshakes.add({ service: "outbound", version: "", result: "failed", reason });
    this.#settled(dcid, { result: "failed", reason, text });
  }

  /** STARTTLS could not be had: the level says whether that is a failure or clear text. */
  #without({ dcid, reason, text, tlsLevel }: Extract<OutboundEvent, { event: "dcid_tls_failed" }>): void {
    if (isRequired(tlsLevel)) return this.#settled(dcid, { result: "failed", reason, text });
    this.#settled(dcid, { result: "clear", reason, text });
  }

  #settled(dcid: number, what: Partial<TlsResult>): void {
    const connection = this.#connections.get(dcid);
    if (connection === undefined) return;
    connection.tls = { ...connection.tls, at: this.#ledger.now(), ...what };
    this.#judge(connection.domain, connection.tls);
  }

  /** Counts how TLS went for a destination. */
  #judge(domain: string, tls: TlsResult): void {
    const counts = this.#counts(domain);
    const required = isRequired(tls.demand);
    switch (tls.result) {
      case "success":
        if (required) counts.tls_required_success++;
        else counts.tls_preferred_success++;
        break;
      case "failed":
        if (required) counts.tls_required_failed++;
        else counts.tls_preferred_failed++;
        break;
      case "clear":
        counts.clear++;
        // It was offered, and then refused.
        if (tls.reason === "starttls_refused") counts.tls_preferred_failed++;
        break;
      default:
        tls.result satisfies never;
    }
    this.#ledger.buckets.noteTls("outbound", domain, tls);
  }

  #carries({ dcid, domain }: Extract<OutboundEvent, { event: "delivery_start" }>): void {
    const connection = this.#connections.get(dcid);
    if (connection === undefined) return;
    const at = this.#ledger.now();
    const { host, address, port } = connection;
    this.#hosts.worked({ domain, host, address, port, at });
    if (!connection.domains.add(domain)) return;
    this.#counts(domain).connections++;
    this.#judge(domain, { ...connection.tls, at });
  }

  #unusable({ domain, address, port, details, reason }: Extract<OutboundEvent, { event: "connection_error" }>): void {
    const { totals, now } = this.#ledger;
    totals.connectionFailures++;
    this.#counts(domain).connection_failures++;
    this.#hosts.failed({ domain, address, port, at: now() }, { reason, text: details });
  }

  #closed(dcid: number): void {
    const connection = this.#connections.get(dcid);
    if (connection === undefined) return;
    this.#connections.delete(dcid);
    const left = (this.#open.get(connection.domain) ?? 0) - 1;
    if (left > 0) this.#open.set(connection.domain, left);
    else this.#open.delete(connection.domain);
  }
}

function peerText({ host, address, port }: { host: string; address: string; port: number }): string {
  const at = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  return host === address ? at : `${host} (${at})`;
}

function clearText({ at, level, peer }: { at: number; level: string; peer: string }): TlsResult {
  return { at, result: "clear", demand: level, protocol: "", cipher: "", verified: false, reason: "", text: "", peer };
}

const levels = new Map<string, { tries: boolean; required: boolean }>(
  levelTable.map((
    { name },
  ) => [name, { tries: levelRow(name).tries, required: levelRow(name).withoutStarttls === "defer" }]),
);

function triesTls(level: string): boolean {
  return levels.get(level)?.tries ?? true;
}

function isRequired(level: string): boolean {
  return levels.get(level)?.required ?? false;
}
