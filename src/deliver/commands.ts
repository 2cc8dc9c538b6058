/**
 * The commands of a transaction, with what the next hop understands of the extensions.
 *
 * @module
 */
import type { Recipient } from "../mail/envelope.ts";
import type { Failure } from "../mail/outcome.ts";
import type { Lease } from "../queue/spool.ts";
import type { Capabilities } from "../smtp/ehlo.ts";

/** A path that would end the command early; the parser lets none in, and nothing else may either. */
// deno-lint-ignore no-control-regex
const unsafePath = /[\x00-\x1f\x7f]/;
// deno-lint-ignore no-control-regex
const nonAscii = /[^\x00-\x7f]/;
/** RFC 3461 §4: xtext, and the type before it. */
const parameterText = /^[\x21-\x7e]+$/;

/** Whether an address can stand in a command. */
export function isSafePath(address: string): boolean {
  return !unsafePath.test(address);
}

/** `MAIL FROM`. RFC 5321 §4.1.1.2, RFC 1870 §6, RFC 6152 §2, RFC 6531 §3.4, RFC 3461 §4.3, RFC 8689 §2. */
export function mailCommand({ envelope, octets }: Lease, offered: Readonly<Capabilities>): string {
  let line = `MAIL FROM:<${envelope.sender}>`;
  if (offered.size !== undefined) line += ` SIZE=${octets}`;
  if (envelope.eightBit && offered.eightBitMime) line += " BODY=8BITMIME";
  if (envelope.smtputf8 && offered.smtputf8) line += " SMTPUTF8";
  // RFC 8689 §4.2.1.
  if (envelope.tls === "requiretls") line += " REQUIRETLS";
  if (offered.dsn) {
    if (envelope.ret !== undefined) line += ` RET=${envelope.ret}`;
    if (envelope.envid !== undefined && parameterText.test(envelope.envid)) line += ` ENVID=${envelope.envid}`;
  }
  return line + "\r\n";
}

/** `RCPT TO`. RFC 5321 §4.1.1.3, RFC 3461 §4.1, §4.2. */
export function rcptCommand({ address, notify, orcpt }: Recipient, offered: Readonly<Capabilities>): string {
  let line = `RCPT TO:<${address}>`;
  if (offered.dsn) {
    if (notify !== undefined && notify.length > 0) line += ` NOTIFY=${notify.join(",")}`;
    if (orcpt !== undefined && parameterText.test(orcpt)) line += ` ORCPT=${orcpt}`;
  }
  return line + "\r\n";
}

/**
 * Why this connection cannot have a message that demands TLS. Its lane opens no such connection; should one come from elsewhere, nothing is
 * sent.
 */
export function unprotected(
  { envelope: { tls } }: Lease,
  { encrypted, capabilities }: { encrypted: boolean; capabilities: Readonly<Capabilities> },
): Failure | undefined {
  if (tls === undefined) return undefined;
  if (!encrypted) return { reason: "no_starttls", enhanced: "5.7.10", text: "Encryption needed" };
  if (tls === "required" || capabilities.requireTls) return undefined;
  return { reason: "no_requiretls", enhanced: "5.7.30", text: "REQUIRETLS support required" };
}

/**
 * Why this next hop cannot have the message at all, before a word is said.
 *
 * 8-bit text goes as it is to a host without 8BITMIME: RFC 6152 §3 would have it converted, which breaks signatures, or returned,
 * which helps nobody; every host of today takes it.
 */
export function obstacle(
  lease: Lease,
  offered: Readonly<Capabilities>,
): Failure | Promise<Failure | undefined> | undefined {
  if (offered.size !== undefined && offered.size > 0 && lease.octets > offered.size) {
    const text = `The message has ${lease.octets} octets, the server takes ${offered.size}`;
    return { reason: "too_large", enhanced: "5.3.4", text };
  }
  if (lease.envelope.smtputf8 && !offered.smtputf8) return internationalObstacle(lease);
  return undefined;
}

/** RFC 6531 §3.2: addresses that need SMTPUTF8, or a header that does. A message that only might have needed it goes on. */
async function internationalObstacle(lease: Lease): Promise<Failure | undefined> {
  const addresses = [lease.envelope.sender, ...lease.recipients.map(({ address }) => address)];
  if (addresses.some((address) => nonAscii.test(address))) {
    return {
      reason: "no_smtputf8",
      enhanced: "5.6.7",
      text: "The server does not take non-ASCII addresses (SMTPUTF8)",
    };
  }
  if (await hasEightBitHeader(lease)) {
    return { reason: "no_smtputf8", enhanced: "5.6.7", text: "The server does not take non-ASCII headers (SMTPUTF8)" };
  }
}

async function hasEightBitHeader(lease: Lease): Promise<boolean> {
  let matched = 0;
  for await (const chunk of lease.text()) {
    for (const octet of chunk) {
      if (octet > 127) return true;
      // CR LF CR LF ends the header.
      matched = octet === (matched % 2 === 0 ? 13 : 10) ? matched + 1 : octet === 13 ? 1 : 0;
      if (matched === 4) return false;
    }
  }
  return false;
}
