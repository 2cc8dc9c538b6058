/**
 * What is counted for a domain, and the names under which it is kept.
 *
 * One table of names makes the record, the columns of the database and the sums, so that a count cannot be kept and not be shown.
 *
 * @module
 */

/** Sender domains and destinations are counted apart: the same name may be both. */
export type Direction = "inbound" | "outbound";

// deno-fmt-ignore
/** Each count, and what it counts. Inbound: by the envelope sender's domain. Outbound: by destination. */
export const countTable = [
  { name: "connections",           meaning: "connections that carried this domain's mail, or were opened for it" },
  { name: "connection_failures",   meaning: "outbound: hosts that could not be used, for whatever reason" },
  { name: "tls_required_success",  meaning: "connections on which TLS was required and had" },
  { name: "tls_required_failed",   meaning: "connections on which TLS was required and could not be had" },
  { name: "tls_preferred_success", meaning: "connections on which TLS was preferred and had" },
  { name: "tls_preferred_failed",  meaning: "connections on which TLS was preferred, tried and failed" },
  { name: "clear",                 meaning: "connections in clear text" },
  { name: "messages",              meaning: "messages taken, or handed to a next hop" },
  { name: "recipients",            meaning: "recipients of these messages" },
  { name: "octets",                meaning: "octets of these messages" },
  { name: "refused",               meaning: "inbound: recipients refused" },
  { name: "bounced",               meaning: "outbound: recipients given up" },
  { name: "deferred",              meaning: "outbound: recipients that wait after an attempt" },
] as const;

/** The name of a count. */
export type CountName = (typeof countTable)[number]["name"];

/** All counts of one domain in one span of time. */
export type Counts = Record<CountName, number>;

/** Their names, in the order of the table. */
export const countNames: readonly CountName[] = countTable.map(({ name }) => name);

/** Nothing counted yet. */
export function noCounts(): Counts {
  return {
    connections: 0,
    connection_failures: 0,
    tls_required_success: 0,
    tls_required_failed: 0,
    tls_preferred_success: 0,
    tls_preferred_failed: 0,
    clear: 0,
    messages: 0,
    recipients: 0,
    octets: 0,
    refused: 0,
    bounced: 0,
    deferred: 0,
  };
}

/** What became of TLS on one connection. */
export interface TlsResult {
  /** Wall milliseconds. */
  at: number;
  result: "success" | "failed" | "clear";
  /** What was asked for: `off`, `preferred` or `required` inbound, the level of the destination outbound. */
  demand: string;
  /** Empty where there was no handshake. */
  protocol: string;
  cipher: string;
  /** Whether a certificate was proven; outbound only. */
  verified: boolean;
  /** The reason word of a failure, or why the connection went on in clear. */
  reason: string;
  /** OpenSSL's words, or ours. Raw: it may quote a peer. */
  text: string;
  /** The peer's address, with its port outbound. */
  peer: string;
}

/** What a next hop said when it refused for good. */
export interface LastRefusal {
  /** Wall milliseconds. */
  at: number;
  code: number;
  /** Raw: a peer's words. */
  text: string;
}

/** Milliseconds of one bucket. */
export const hourMs = 3_600_000;

/** All domains beyond the bound, together. No domain is called so. */
export const otherDomains = "*";
/** The null sender, RFC 5321 §4.5.5. */
export const nullSender = "<>";
/** Connections that ended before a sender was named, of clients whose name is not known. */
export const unknownSender = "?";
