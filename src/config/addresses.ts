/**
 * IP addresses, and the sender patterns of a host access table.
 *
 * A pattern is parsed once, here, for the check of the file and for the policy that matches with it. A set of addresses is
 * always a range from `first` to `last`, whether it was written as a CIDR, a range or an address with parts left out.
 *
 * @module
 */

/** An address as a number of 32 or 128 bits. */
export interface Address {
  bits: 32 | 128;
  value: bigint;
}

/** What an entry of `senders` means. */
export type SenderPattern =
  | { kind: "all" }
  /** `canonical` is false where a CIDR's address has bits behind its prefix. */
  | { kind: "range"; bits: 32 | 128; first: bigint; last: bigint; canonical: boolean }
  /** The sender's verified host name, in lower case; `subdomains`: it was written with a dot in front. */
  | { kind: "host"; name: string; subdomains: boolean }
  | { kind: "dnslist"; zone: string }
  | { kind: "certificate"; name: string };

/** Everything that {@linkcode parseSender} takes, in words. */
export const senderForms =
  "an IP address, a CIDR, a range a-b, part of an IPv4 address (10.0.), a host name, .domain or ALL";

/** The address in `text`, or `undefined`. Zone identifiers (`fe80::1%eth0`) are refused. */
export function parseAddress(text: string): Address | undefined {
  if (text.includes(":")) return parseIpv6(text);
  const octets = ipv4Octets(text);
  return octets?.length === 4 ? { bits: 32, value: valueOf(octets, 8) } : undefined;
}

/** An entry of `senders`; `undefined` where it is none. Host names are checked by their letters, not looked up. */
export function parseSender(text: string): SenderPattern | undefined {
  if (text.toUpperCase() === "ALL") return { kind: "all" };
  const bracketed = /^(dnslist|certificate)\[([^[\]\s]+)\]$/i.exec(text);
  if (bracketed !== null) {
    return bracketed[1].toLowerCase() === "dnslist"
      ? { kind: "dnslist", zone: bracketed[2].toLowerCase() }
      : { kind: "certificate", name: bracketed[2].toLowerCase() };
  }
  if (/^[\d.]+(?:[/-][\d.]+)?$/.test(text) || text.includes(":")) return parseNetwork(text);
  const host = /^(\.?)((?:(?!-)[a-z0-9_-]{1,63}(?<!-)\.)*(?!-)[a-z0-9_-]{1,63}(?<!-))$/i.exec(text);
  if (host === null || text.length > 254) return undefined;
  return { kind: "host", name: host[2].toLowerCase(), subdomains: host[1] !== "" };
}

function parseNetwork(text: string): SenderPattern | undefined {
  const dash = text.indexOf("-");
  if (dash > 0) return parseRange(text.slice(0, dash), text.slice(dash + 1));
  const slash = text.indexOf("/");
  if (slash < 0) {
    const address = parseAddress(text);
    return address === undefined ? parsePartial(text) : block(address, address.bits);
  }
  const address = parseAddress(text.slice(0, slash)) ?? padded(text.slice(0, slash));
  const length = /^\d{1,3}$/.test(text.slice(slash + 1)) ? Number(text.slice(slash + 1)) : Infinity;
  return address === undefined || length > address.bits ? undefined : block(address, length);
}

/** `10.0.`, `10.0`, `10`: everything below. */
function parsePartial(text: string): SenderPattern | undefined {
  const octets = ipv4Octets(text.endsWith(".") ? text.slice(0, -1) : text);
  if (octets === undefined || octets.length > 3) return undefined;
  return block(padded(octets.join("."))!, octets.length * 8);
}

/** `10.0.0.1-10.0.0.9`, and `10.0.0.1-9` where only the last octet runs. */
function parseRange(from: string, to: string): SenderPattern | undefined {
  const first = parseAddress(from);
  const short = first?.bits === 32 && /^\d{1,3}$/.test(to) ? from.slice(0, from.lastIndexOf(".") + 1) + to : to;
  const last = parseAddress(short);
  if (first === undefined || last === undefined || first.bits !== last.bits || first.value > last.value) {
    return undefined;
  }
  return { kind: "range", bits: first.bits, first: first.value, last: last.value, canonical: true };
}

function block({ bits, value }: Address, length: number): SenderPattern {
  const rest = (1n << BigInt(bits - length)) - 1n;
  const first = value & ~rest;
  return { kind: "range", bits, first, last: first | rest, canonical: first === value };
}

/** An IPv4 address whose last octets were left out: `10.0` as `10.0.0.0`. */
function padded(text: string): Address | undefined {
  const octets = ipv4Octets(text.endsWith(".") ? text.slice(0, -1) : text);
  return octets === undefined ? undefined : { bits: 32, value: valueOf([...octets, 0, 0, 0].slice(0, 4), 8) };
}

/** One to four octets. A leading zero is refused: some readers take it for octal. */
function ipv4Octets(text: string): number[] | undefined {
  const parts = text.split(".");
  if (parts.length > 4 || parts.some((part) => !/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255)) {
    return undefined;
  }
  return parts.map(Number);
}

function parseIpv6(text: string): Address | undefined {
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (tail !== null) {
    const octets = ipv4Octets(tail[2]);
    if (octets === undefined) return undefined;
    const [a, b, c, d] = octets;
    return parseIpv6(`${tail[1]}${(a << 8 | b).toString(16)}:${(c << 8 | d).toString(16)}`);
  }
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, rest] = halves.map((half) => half === "" ? [] : half.split(":"));
  const zeros = rest === undefined ? 0 : 8 - head.length - rest.length;
  if (rest !== undefined && zeros < 1) return undefined;
  const groups = [...head, ...Array(zeros).fill("0"), ...rest ?? []];
  return groups.length === 8 && groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))
    ? { bits: 128, value: valueOf(groups.map((group) => parseInt(group, 16)), 16) }
    : undefined;
}

function valueOf(parts: number[], width: number): bigint {
  return parts.reduce((sum, part) => sum << BigInt(width) | BigInt(part), 0n);
}
