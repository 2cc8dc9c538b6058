/**
 * The Received field that the server puts on top: RFC 5321 §4.4, with the protocol words of RFC 3848 and RFC 6531 §4.3.
 *
 * The name from EHLO has passed the domain grammar, other words are ours: nothing here can end the field. The recipient is
 * named only where there is one, since others would be betrayed to it.
 *
 * @module
 */

/** What TLS brought, for the field's comment. */
export interface ReceivedTls {
  protocol: string;
  cipher: string;
  bits: number;
}

/** What the field tells. */
export interface ReceivedFacts {
  /** The argument of EHLO or HELO. */
  helo: string;
  /** EHLO was said. */
  extended: boolean;
  /** The name that the client's address has in DNS, where it points back. */
  host: string | undefined;
  address: string;
  tls: ReceivedTls | undefined;
  /** The client has authenticated itself. */
  authenticated: boolean;
  /** Our name. */
  by: string;
  smtputf8: boolean;
  mid: number;
  /** The only recipient, or `undefined` where there are more. */
  recipient: string | undefined;
  /** Wall milliseconds. */
  at: number;
}

/** The field with its CRLF. */
export function receivedField(facts: ReceivedFacts): string {
  const { helo, host, address, tls, by, mid, recipient, at } = facts;
  const literal = address.includes(":") ? `[IPv6:${address}]` : `[${address}]`;
  const client = host === undefined ? literal : `${host} ${literal}`;
  const secured = tls === undefined
    ? ""
    : `\r\n\t(using ${tls.protocol} with cipher ${tls.cipher} (${tls.bits}/${tls.bits} bits))`;
  const only = recipient === undefined ? "" : `\r\n\tfor <${recipient}>`;
  return `Received: from ${helo} (${client})${secured}\r\n` +
    `\tby ${by} with ${protocolWord(facts)} id ${mid}${only};\r\n\t${mailDate(at)}\r\n`;
}

function protocolWord({ extended, tls, smtputf8, authenticated }: ReceivedFacts): string {
  // RFC 3848 knows no word for HELO over TLS.
  if (!extended) return "SMTP";
  return `${smtputf8 ? "UTF8SMTP" : "ESMTP"}${tls === undefined ? "" : "S"}${authenticated ? "A" : ""}`;
}

const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
let lastSecond = -1;
let lastDate = "";

/** `Sat, 22 Nov 2025 01:20:00 +0000`: RFC 5322 §3.3, in UTC. */
export function mailDate(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second === lastSecond) return lastDate;
  const at = new Date(ms);
  const two = (n: number) => (n < 10 ? `0${n}` : `${n}`);
  lastSecond = second;
  lastDate = `${days[at.getUTCDay()]}, ${at.getUTCDate()} ${months[at.getUTCMonth()]} ${at.getUTCFullYear()} ` +
    `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} +0000`;
  return lastDate;
}
