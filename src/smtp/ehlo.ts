/**
 * What a next hop can do, from its reply to EHLO. RFC 5321 §4.1.1.1.
 *
 * @module
 */
import type { Reply } from "../mail/reply.ts";

/** The service extensions that delivery knows; everything else in the reply is left out. */
export interface Capabilities {
  /** The name that the server gives itself. */
  domain: string;
  /** SIZE, RFC 1870 §3: `undefined`: not offered. 0: offered without a limit. */
  size: number | undefined;
  /** RFC 2920. */
  pipelining: boolean;
  /** 8BITMIME, RFC 6152. */
  eightBitMime: boolean;
  /** RFC 6531. */
  smtputf8: boolean;
  /** RFC 3030. */
  chunking: boolean;
  /** RFC 3461. */
  dsn: boolean;
  /** RFC 3207. */
  starttls: boolean;
  /** ENHANCEDSTATUSCODES, RFC 2034. */
  enhancedStatusCodes: boolean;
  /** REQUIRETLS, RFC 8689. */
  requireTls: boolean;
}

/** What is known of a server that greeted with HELO only, or before any EHLO. */
export const noCapabilities: Readonly<Capabilities> = Object.freeze({
  domain: "",
  size: undefined,
  pipelining: false,
  eightBitMime: false,
  smtputf8: false,
  chunking: false,
  dsn: false,
  starttls: false,
  enhancedStatusCodes: false,
  requireTls: false,
});

/** Reads a positive reply to EHLO. Keywords are taken in any case; the first line is the server's name, whatever it says. */
export function parseEhlo(reply: Reply): Capabilities {
  const found: Capabilities = { ...noCapabilities };
  found.domain = reply.lines[0].split(" ", 1)[0];
  for (const line of reply.lines.slice(1)) {
    const [keyword, parameter] = line.trim().split(/[ \t]+/, 2);
    switch (keyword.toUpperCase()) {
      case "SIZE":
        found.size = sizeOf(parameter);
        break;
      case "PIPELINING":
        found.pipelining = true;
        break;
      case "8BITMIME":
        found.eightBitMime = true;
        break;
      case "SMTPUTF8":
        found.smtputf8 = true;
        break;
      case "CHUNKING":
        found.chunking = true;
        break;
      case "DSN":
        found.dsn = true;
        break;
      case "STARTTLS":
        found.starttls = true;
        break;
      case "ENHANCEDSTATUSCODES":
        found.enhancedStatusCodes = true;
        break;
      case "REQUIRETLS":
        found.requireTls = true;
        break;
    }
  }
  return found;
}

/** RFC 1870 §3: up to 20 digits; 0, nothing, or what is no number: no fixed limit. */
function sizeOf(parameter: string | undefined): number {
  return parameter !== undefined && /^[0-9]{1,20}$/.test(parameter) ? Number(parameter) : 0;
}
