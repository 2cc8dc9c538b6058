/**
 * The envelope: who sends, who receives, and what was asked for on the way.
 *
 * Plain values, so that they can cross to a worker or into the queue as they are.
 *
 * @module
 */

import type { TlsDemand } from "./destination.ts";

/** When the sender wants a report: RFC 3461 §4.1. Absent means FAILURE and DELAY. */
export type Notify = "NEVER" | "SUCCESS" | "FAILURE" | "DELAY";

/** One recipient of a message. */
export interface Recipient {
  /** The RID of the log: counts from 0 in its message. */
  rid: number;
  /** `local@domain` as it was given, without brackets and source route. */
  address: string;
  notify?: Notify[];
  /** The ORCPT parameter as given, `type;xtext`: RFC 3461 §4.2. */
  orcpt?: string;
  /** The sender was told that this one waits; once is enough. */
  warned?: true;
}

/** What a message carries besides its text. */
export interface Envelope {
  mid: number;
  /** `local@domain`, or empty for the null sender `<>` of reports. */
  sender: string;
  recipients: Recipient[];
  /** BODY=8BITMIME was said, or the text has octets above 127. */
  eightBit: boolean;
  /** SMTPUTF8 was said: RFC 6531 §3.4. */
  smtputf8: boolean;
  /** How much of the message a report returns: RFC 3461 §4.3. */
  ret?: "FULL" | "HDRS";
  /** The ENVID parameter as given, in xtext: RFC 3461 §4.4. */
  envid?: string;
  /** What it demands of TLS on its way. */
  tls?: TlsDemand;
  /** When it was received, wall milliseconds. */
  receivedAt: number;
}

/** The part behind the last `@` in lower case; empty where there is none. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1 || address.length).toLowerCase();
}

/** The part before the last `@`. */
export function localPartOf(address: string): string {
  const at = address.lastIndexOf("@");
  return at < 0 ? address : address.slice(0, at);
}
