/**
 * Paths and mailboxes: RFC 5321 §4.1.2, with RFC 6531 §3.3 for what is beyond ASCII.
 *
 * The grammar is kept to the letter with three exceptions. Underscores in domains are taken, since such hosts exist and harm
 * nobody; a domain that is no host is found out by DNS. Source routes are parsed and dropped (RFC 5321 §C). Of UTF-8, characters that end lines, turn
 * directions around or replace undecodable octets are refused: addresses are quoted in headers, reports and logs.
 *
 * @module
 */
import { octets } from "../base/octets.ts";
import { limits } from "../base/limits.ts";

/** A path that was found at the beginning of a text. */
export interface Path {
  /** `local@domain`, `local` where there is no domain (`<postmaster>`), empty for `<>`. */
  address: string;
  /** The offset behind `>`. */
  end: number;
}

const utf8 =
  "\\u00a1-\\u061b\\u061d-\\u1fff\\u2010-\\u2027\\u2030-\\u205f\\u2070-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffc\\u{10000}-\\u{10ffff}";
const atom = `[A-Za-z0-9!#$%&'*+\\/=?^_\`{|}~\\-${utf8}]+`;
const dotString = `${atom}(?:\\.${atom})*`;
const quotedString = `"(?:[ !#-\\[\\]-~${utf8}]|\\\\[ -~])*"`;
const labelEnd = `[A-Za-z0-9_${utf8}]`;
const label = `${labelEnd}(?:[A-Za-z0-9_\\-${utf8}]*${labelEnd})?`;
const domain = `${label}(?:\\.${label})*`;
const literal = "\\[[0-9A-Za-z.:]+\\]";

const pathPattern = new RegExp(
  `<(?:@${domain}(?:,@${domain})*:)?(${dotString}|${quotedString})@(${domain}|${literal})>`,
  "uy",
);
const postmasterPattern = /<postmaster>/iy;
const domainPattern = new RegExp(`^(?:${domain}|${literal})$`, "u");
const ipv4Pattern = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}$/;
// deno-lint-ignore no-control-regex
const beyondAscii = /[^\x00-\x7f]/;

/** Whether a text has characters beyond ASCII, which need SMTPUTF8. */
export function isBeyondAscii(text: string): boolean {
  return beyondAscii.test(text);
}

/** The reverse path at offset `from`: a mailbox or `<>`. */
export function reversePath(text: string, from: number): Path | undefined {
  if (text.startsWith("<>", from)) return { address: "", end: from + 2 };
  return mailboxPath(text, from);
}

/** The forward path at offset `from`: a mailbox, or `<postmaster>` without a domain (RFC 5321 §4.1.1.3). */
export function forwardPath(text: string, from: number): Path | undefined {
  postmasterPattern.lastIndex = from;
  const bare = postmasterPattern.exec(text);
  if (bare !== null) return { address: bare[0].slice(1, -1), end: postmasterPattern.lastIndex };
  return mailboxPath(text, from);
}

function mailboxPath(text: string, from: number): Path | undefined {
  pathPattern.lastIndex = from;
  const found = pathPattern.exec(text);
  if (found === null) return undefined;
  const [, local, host] = found;
  // RFC 5321 §4.5.3.1.1: octets, not characters.
  if ((isBeyondAscii(local) ? octets(local).length : local.length) > limits.localPartOctetsMax) return undefined;
  if (!isDomain(host)) return undefined;
  return { address: `${local}@${host}`, end: pathPattern.lastIndex };
}

/** Whether a text is a domain or an address literal, as in EHLO and behind `@`. */
export function isDomain(text: string): boolean {
  if ((isBeyondAscii(text) ? octets(text).length : text.length) > limits.domainOctetsMax) return false;
  if (!domainPattern.test(text)) return false;
  if (text[0] === "[") return isAddressLiteral(text);
  // RFC 1035 §2.3.4: a label has up to 63 octets.
  return text.length <= 63 || text.split(".").every((part) => part.length <= 63);
}

/** RFC 5321 §4.1.3: `[10.0.0.1]`, `[IPv6:2001:db8::1]`; no other kind is registered. */
function isAddressLiteral(text: string): boolean {
  const inner = text.slice(1, -1);
  if (ipv4Pattern.test(inner)) return true;
  return /^ipv6:/i.test(inner) && isIpv6(inner.slice(5));
}

function isIpv6(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2) return false;
  let groups = 0;
  for (const [which, half] of halves.entries()) {
    if (half === "") {
      if (halves.length === 1) return false;
      continue;
    }
    const parts = half.split(":");
    for (const [at, part] of parts.entries()) {
      const last = which === halves.length - 1 && at === parts.length - 1;
      if (last && ipv4Pattern.test(part)) groups += 2;
      else if (/^[0-9A-Fa-f]{1,4}$/.test(part)) groups += 1;
      else return false;
    }
  }
  return halves.length === 2 ? groups <= 7 : groups === 8;
}
