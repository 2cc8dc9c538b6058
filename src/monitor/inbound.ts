/**
 * Inbound mail, as the log's events tell it: what each sender domain sent, and how TLS went on its connections.
 *
 * A connection belongs to each sender domain that it names in MAIL, once to each. One that ends before (its handshake failed)
 * belongs to its client's proven name without the first label: `mx.example.test` is `example.test`'s.
 *
 * @module
 */
import type { MailEvent } from "../mail/events.ts";
import type { Buckets } from "./buckets.ts";
import type { TlsResult } from "./counts.ts";
import { DomainSet } from "./domain_set.ts";
import { domainOf, domainOfHost } from "./domains.ts";
import type { HandshakeCounts, Totals } from "./totals.ts";

/** What all sides count into. */
export interface Ledger {
  readonly buckets: Buckets;
  readonly totals: Totals;
  readonly handshakes: HandshakeCounts;
  /** Wall milliseconds. */
  now(): number;
}

/** What the log says of inbound connections and messages. */
export type InboundEvent = Extract<MailEvent, { event: `icid_${string}` | `mid_${string}` | "message_finished" }>;

interface Connection {
  address: string;
  /** The proven name, else empty. */
  host: string;
  /** What the policy asks: `off`, `preferred`, `required`. */
  demand: string;
  /** Absent: none yet. */
  tls?: { protocol: string; cipher: string };
  domains: DomainSet;
}

interface Message {
  domain: string;
  recipients: number;
  octets: number;
}

/** Messages and connections that are followed at a time: more than may be open. Who is lost sight of is not counted. */
const followedMax = 200_000;

/** See the module. */
export class InboundSide {
  readonly #ledger: Ledger;
  readonly #connections = new Map<number, Connection>();
  readonly #messages = new Map<number, Message>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Hears one event. */
  hear(e: InboundEvent): void {
    const { totals, buckets } = this.#ledger;
    switch (e.event) {
      case "icid_open":
        totals.connectionsIn++;
        follow(this.#connections, e.icid, {
          address: e.address,
          host: e.verified ? e.host : "",
          demand: "preferred",
          domains: new DomainSet(),
        });
        return;
      case "icid_group": {
        const connection = this.#connections.get(e.icid);
        if (connection !== undefined && e.tls !== undefined) connection.demand = e.tls;
        return;
      }
      case "icid_tls":
        return this.#secured(e);
      case "icid_tls_failed":
        return this.#failed(e);
      case "icid_close":
      case "icid_lost":
        this.#connections.delete(e.icid);
        return;
      case "mid_from":
        return this.#from(e);
      case "mid_to": {
        const message = this.#messages.get(e.mid);
        if (message !== undefined) message.recipients++;
        return;
      }
      case "mid_to_rejected": {
        totals.recipientsRefused++;
        const message = this.#messages.get(e.mid);
        if (message !== undefined) buckets.of("inbound", message.domain, this.#ledger.now()).refused++;
        return;
      }
      case "mid_ready": {
        const message = this.#messages.get(e.mid);
        if (message !== undefined) message.octets = e.bytes;
        return;
      }
      case "mid_queued":
        return this.#taken(e.mid);
      case "message_finished":
        totals.messagesFinished++;
        // A blackhole's messages end without having been queued; of all others nothing is left here.
        return this.#taken(e.mid);
      case "mid_aborted":
        if (this.#messages.delete(e.mid)) totals.messagesAborted++;
        return;
      case "mid_generated":
        totals.messagesGenerated++;
        return;
      case "icid_note":
        return this.#noted(e);
      case "mid_start":
      case "mid_message_id":
      case "mid_subject":
        return;
      default:
        // Lines that other parts add to the log say nothing about these counts.
        return;
    }
  }

  #secured({ icid, protocol, cipher }: Extract<InboundEvent, { event: "icid_tls" }>): void {
    this.#ledger.handshakes.add({ service: "inbound", version: protocol, result: "success", reason: "" });
    const connection = this.#connections.get(icid);
    if (connection !== undefined) connection.tls = { protocol, cipher };
  }

  #failed({ icid, error, reason }: Extract<InboundEvent, { event: "icid_tls_failed" }>): void {
    const { handshakes, buckets, now } = this.#ledger;
    handshakes.add({ service: "inbound", version: "", result: "failed", reason });
    const connection = this.#connections.get(icid);
    if (connection === undefined) return;
    const at = now();
    const domain = domainOfHost(connection.host);
    const counts = buckets.of("inbound", domain, at);
    counts.connections++;
    if (connection.demand === "required") counts.tls_required_failed++;
    else counts.tls_preferred_failed++;
    buckets.noteTls("inbound", domain, {
      ...resultOf(connection, at),
      result: "failed",
      reason,
      text: error,
    });
  }

  /** A sender that has to use TLS did not. */
  #noted({ icid, reason, sender }: Extract<InboundEvent, { event: "icid_note" }>): void {
    const connection = this.#connections.get(icid);
    if (reason !== "tls_required" || sender === undefined || connection === undefined) return;
    const domain = domainOf(sender);
    if (!connection.domains.add(domain)) return;
    const { buckets, now } = this.#ledger;
    const at = now();
    const counts = buckets.of("inbound", domain, at);
    counts.connections++;
    counts.tls_required_failed++;
    const text = "MAIL in clear text was refused";
    const result = { ...resultOf(connection, at), demand: "required", result: "failed", reason, text } as const;
    buckets.noteTls("inbound", domain, result);
  }

  #from({ icid, mid, from }: Extract<InboundEvent, { event: "mid_from" }>): void {
    if (icid === undefined) return;
    const domain = domainOf(from);
    follow(this.#messages, mid, { domain, recipients: 0, octets: 0 });
    const connection = this.#connections.get(icid);
    if (connection === undefined || !connection.domains.add(domain)) return;
    const { buckets, now } = this.#ledger;
    const at = now();
    const counts = buckets.of("inbound", domain, at);
    counts.connections++;
    if (connection.tls === undefined) counts.clear++;
    else if (connection.demand === "required") counts.tls_required_success++;
    else counts.tls_preferred_success++;
    buckets.noteTls("inbound", domain, resultOf(connection, at));
  }

  #taken(mid: number): void {
    const message = this.#messages.get(mid);
    if (message === undefined) return;
    this.#messages.delete(mid);
    const { domain, recipients, octets } = message;
    const { buckets, totals, now } = this.#ledger;
    totals.messagesIn++;
    totals.recipientsIn += recipients;
    totals.octetsIn += octets;
    const counts = buckets.of("inbound", domain, now());
    counts.messages++;
    counts.recipients += recipients;
    counts.octets += octets;
  }
}

function resultOf({ tls, demand, address }: Connection, at: number): TlsResult {
  return {
    at,
    result: tls === undefined ? "clear" : "success",
    demand,
    protocol: tls?.protocol ?? "",
    cipher: tls?.cipher ?? "",
    verified: false,
    reason: "",
    text: "",
    peer: address,
  };
}

/** Adds to a map that stays bounded. */
export function follow<V>(map: Map<number, V>, key: number, value: V): void {
  if (map.size >= followedMax) map.delete(map.keys().next().value!);
  map.set(key, value);
}
