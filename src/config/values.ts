/**
 * The small languages inside the configuration: sizes, times, addresses with a port, domains.
 *
 * Each parser gives the value, or what is wrong in words that finish the sentence `"10 apples" …`. None of them guesses:
 * a time without a unit and a host without a port are refused, since the one who wrote it meant one thing and
 * the next reader takes it for another.
 *
 * @module
 */
import { parseAddress } from "./addresses.ts";

/** A value, or a fault: `what` finishes a sentence that begins with the text, `right` says what would do. */
export type Parsed<T> = { ok: true; value: T } | { ok: false; what: string; right: string };

/** A fault of {@linkcode Parsed}. */
export function fault(what: string, right: string): Parsed<never> {
  return { ok: false, what, right };
}

const sizeUnits: Record<string, number> = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };
const timeUnits: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const sizeRight = "a whole number of octets, or one with K, M or G, as in 10M";
const timeRight = "a whole number with s, m, h or d, as in 5m";

/** Octets from `512`, `10M`; 1K is 1024. */
export function parseSize(text: string): Parsed<number> {
  const found = /^(\d{1,15})([KMG]?)$/.exec(text);
  if (found !== null) {
    const octets = Number(found[1]) * sizeUnits[found[2]];
    return Number.isSafeInteger(octets) ? { ok: true, value: octets } : fault("is too large", sizeRight);
  }
  const loose = /^(\d+)\s*([kmg])(?:i?b)?$/i.exec(text);
  return fault("is no size", loose === null ? sizeRight : `${loose[1]}${loose[2].toUpperCase()}`);
}

/** Milliseconds from `5s`, `30m`, `72h`, `4d`. */
export function parseDuration(text: string): Parsed<number> {
  const found = /^(\d{1,12})([smhd])$/.exec(text);
  if (found !== null) {
    const ms = Number(found[1]) * timeUnits[found[2]];
    return Number.isSafeInteger(ms) ? { ok: true, value: ms } : fault("is too long", timeRight);
  }
  if (/^\d+$/.test(text)) return fault("has no unit", `${text}s for seconds; s, m, h and d are known`);
  return fault("is no time", timeRight);
}

/** A host or address and a port. */
export interface HostPort {
  host: string;
  port: number;
  /** The host is an IP address, without brackets. */
  address: boolean;
}

/** `mail.example.test:25`, `127.0.0.1:25`, `[2001:db8::1]:25`. The host comes out in lower case, without brackets. */
export function parseHostPort(text: string, usualPort = 25): Parsed<HostPort> {
  const right = `host:port or [IPv6 address]:port, as in 127.0.0.1:${usualPort}`;
  const found = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  if (found === null) {
    const loose = /^([^[\]]*):(\d{1,5})$/.exec(text);
    if (loose !== null && parseAddress(loose[1])?.bits === 128) {
      return fault("has no brackets", `[${loose[1]}]:${loose[2]}`);
    }
    if (/^\d{1,5}$/.test(text)) return fault("is a port without an address", `127.0.0.1:${text}`);
    if (parseAddress(text)?.bits === 128) return fault("has no brackets and no port", `[${text}]:${usualPort}`);
    if (/^\[.*\]$/.test(text) || (text !== "" && !/[:\s]/.test(text))) {
      return fault("has no port", `${text}:${usualPort}`);
    }
    return fault("is no host with a port", right);
  }
  const port = Number(found[3]);
  if (port > 65535) return fault("has a port above 65535", right);
  if (found[1] !== undefined) {
    return parseAddress(found[1])?.bits === 128
      ? { ok: true, value: { host: found[1].toLowerCase(), port, address: true } }
      : fault("has no IPv6 address in its brackets", `[2001:db8::1]:${usualPort}`);
  }
  if (/^[\d.]*$/.test(found[2])) {
    return parseAddress(found[2])?.bits === 32
      ? { ok: true, value: { host: found[2], port, address: true } }
      : fault("has no full IPv4 address before its port", right);
  }
  const domain = parseDomain(found[2]);
  return domain.ok ? { ok: true, value: { host: domain.value, port, address: false } } : fault(domain.what, right);
}

const domainRight = "a domain name, as in mail.example.test";

/**
 * A domain in lower case, without a final dot: RFC 1035 §2.3.1 with digits in front (RFC 1123 §2.1), and with
 * underscores, which real zones have.
 */
export function parseDomain(text: string): Parsed<string> {
  // deno-lint-ignore no-control-regex
  if (/[^\x00-\x7f]/.test(text)) {
    const ascii = asciiForm(text);
    return fault("has letters outside ASCII", ascii === undefined ? domainRight : `its A-label form ${ascii}`);
  }
  const name = (text.endsWith(".") ? text.slice(0, -1) : text).toLowerCase();
  if (name === "" || name.length > 253) return fault("is no domain name", domainRight);
  for (const label of name.split(".")) {
    if (!/^(?!-)[a-z0-9_-]{1,63}(?<!-)$/.test(label)) return fault("is no domain name", domainRight);
  }
  if (/^[\d.]+$/.test(name)) return fault("is no domain name", domainRight);
  return { ok: true, value: name };
}

/** `example.test`, or `.example.test` for its subdomains; in lower case. */
export function parseDomainPattern(text: string): Parsed<string> {
  const dotted = text.startsWith(".");
  const domain = parseDomain(dotted ? text.slice(1) : text);
  if (!domain.ok) {
    const named = /^\*\./.test(text) ? `${text.slice(1)}, which means every subdomain` : undefined;
    return fault(
      domain.what,
      named ?? (domain.right === domainRight ? "a domain, or .domain for its subdomains" : domain.right),
    );
  }
  return { ok: true, value: dotted ? `.${domain.value}` : domain.value };
}

/**
 * A row of a recipient table: `domain`, `.domain`, `user@`, `user@domain`, `[address]`, `ALL`; the domain in lower case. A domain may be an
 * address in brackets (RFC 5321 §4.1.3).
 */
export function parseRecipientPattern(text: string): Parsed<string> {
  const right = 'domain, .domain, user@, user@domain, "[IP address]" or ALL';
  if (text.toUpperCase() === "ALL") return { ok: true, value: "ALL" };
  const at = text.lastIndexOf("@");
  const local = text.slice(0, Math.max(at, 0));
  const domain = text.slice(at + 1);
  if (at === 0) return fault("has nothing before its @", right);
  if (at > 0 && !validLocalPart(local)) return fault("has no sound local part", right);
  if (at > 0 && domain === "") return { ok: true, value: text };
  const literal = /^\[(?:IPv6:)?([^\]]+)\]$/i.exec(domain);
  if (literal !== null && parseAddress(literal[1]) !== undefined) return { ok: true, value: text };
  const parsed = at > 0 ? parseDomain(domain) : parseDomainPattern(domain);
  if (!parsed.ok) return fault("is no recipient", parsed.right.includes("xn--") ? parsed.right : right);
  return { ok: true, value: at > 0 ? `${local}@${parsed.value}` : parsed.value };
}

/** `local@domain`; the domain in lower case. */
export function parseMailAddress(text: string): Parsed<string> {
  const parsed = text.includes("@") && !text.endsWith("@") ? parseRecipientPattern(text) : undefined;
  return parsed?.ok ? parsed : fault("is no mail address", "local@domain, as in ops@example.test");
}

/** RFC 5321 §4.1.2, with UTF-8 (RFC 6531 §3.3). */
function validLocalPart(local: string): boolean {
  // deno-lint-ignore no-control-regex
  const dotString = /^[^\x00-\x20\x7f"(),:;<>@[\\\].]+(?:\.[^\x00-\x20\x7f"(),:;<>@[\\\].]+)*$/;
  // deno-lint-ignore no-control-regex
  const quoted = /^"(?:[^\x00-\x1f\x7f"\\]|\\[\x20-\x7e])*"$/;
  return new TextEncoder().encode(local).length <= 64 && (dotString.test(local) || quoted.test(local));
}

function asciiForm(text: string): string | undefined {
  const dot = text.startsWith(".") ? "." : "";
  const url = URL.parse(`http://${text.slice(dot.length)}/`);
  return url === null || url.hostname.includes("%") ? undefined : dot + url.hostname;
}
