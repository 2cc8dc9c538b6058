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
  /** A DNS list and the answers that count; none named: all of 127.0.0.0/8. */
  | { kind: "dnslist"; zone: string; codes: readonly CodeRange[] }
  /** A name of a client certificate that verified, in lower case; `subdomains`: it was written with a dot in front. */
  | { kind: "certificate"; name: string; subdomains: boolean };

/** Answers of a DNS list, IPv4 addresses as numbers: both ends count. */
export interface CodeRange {
  first: bigint;
  last: bigint;
}

/** Everything that {@linkcode parseSender} takes, in words. */
export const senderForms: string =
  "an IP address, a CIDR, a range a-b, part of an IPv4 address (10.0.), a host name, .domain, " +
  "dnslist[zone], dnslist[zone, 127.0.0.2, 127.0.0.4-127.0.0.8], certificate[name] or ALL";

/** The address in `text`, or `undefined`. Zone identifiers (`fe80::1%eth0`) are refused. */
export function parseAddress(text: string): Address | undefined {
  if (text.includes(":")) return parseIpv6(text);
  const octets = ipv4Octets(text);
  return octets?.length === 4 ? { bits: 32, value: valueOf(octets, 8) } : undefined;
}

/** An entry of `senders`; `undefined` where it is none. Host names are checked by their letters, not looked up. */
export function parseSender(text: string): SenderPattern | undefined {
  if (text.toUpperCase() === "ALL") return { kind: "all" };
  if (/^(?:dnslist|certificate)$/i.test(text)) return undefined;
  const bracketed = bracketForm.exec(text);
  if (bracketed !== null) {
    const within = bracketed[2].trim();
    return bracketed[1].toLowerCase() === "dnslist" ? parseList(within) : parseCertificate(within);
  }
  if (/^[\d.]+(?:[/-][\d.]+)?$/.test(text) || text.includes(":")) return parseNetwork(text);
  const host = /^(\.?)((?:(?!-)[a-z0-9_-]{1,63}(?<!-)\.)*(?!-)[a-z0-9_-]{1,63}(?<!-))$/i.exec(text);
  if (host === null || text.length > 254) return undefined;
  return { kind: "host", name: host[2].toLowerCase(), subdomains: host[1] !== "" };
}

/** Why {@linkcode parseSender} does not take `text`: words that finish a sentence which begins with it, and what would be right. */
export interface SenderFault {
  what: string;
  right: string;
}

/** See {@linkcode SenderFault}. */
export function senderFault(text: string): SenderFault {
  const kind = /^(dnslist|certificate)\b/i.exec(text)?.[1].toLowerCase();
  const within = bracketForm.exec(text)?.[2].trim();
  if (kind === "certificate") {
    const what = within === undefined ? "lacks its brackets" : "names no certificate";
    return { what, right: "as in certificate[mx.example.test]" };
  }
  if (kind === "dnslist") {
    const what = within === undefined ? "lacks its brackets" : listFault(within);
    return {
      what,
      right: "as in dnslist[bl.example.test] or dnslist[bl.example.test, 127.0.0.2, 127.0.0.4-127.0.0.8]",
    };
  }
  if (/^\*\.?[\w-]/.test(text)) {
    return { what: "is written with *", right: `${text.replace(/^\*\.?/, ".")} for all names below` };
  }
  const network = /^[\d.]+(?:[/-][\d.]*)?$/.test(text) || text.includes(":") ? networkFault(text) : undefined;
  return network ?? { what: "is no sender", right: `one of: ${senderForms}` };
}

const bracketForm = /^(dnslist|certificate)\s*\[([^[\]]*)\]$/i;

const domainForm = /^(?:(?!-)[a-z0-9_-]{1,63}(?<!-)\.)+(?!-)[a-z0-9_-]{1,63}(?<!-)$/i;

/** With the 64 characters of an IPv6 address in front the name is still one: RFC 1035 §2.3.4. */
const zoneCharactersMax = 188;

/** RFC 5782 §2.1: the answers of a list lie in 127.0.0.0/8. */
const firstCode = 127n << 24n;
const lastCode = firstCode | 0xffffffn;

function parseList(within: string): SenderPattern | undefined {
  const [zone, ...rest] = within.split(",").map((part) => part.trim());
  const bare = zone.toLowerCase().replace(/\.$/, "");
  if (!domainForm.test(bare) || bare.length > zoneCharactersMax) return undefined;
  const codes: CodeRange[] = [];
  for (const part of rest) {
    const code = parseCode(part);
    if (code === undefined) return undefined;
    codes.push(code);
  }
  return { kind: "dnslist", zone: bare, codes };
}

function parseCode(text: string): CodeRange | undefined {
  const code = /^[\d.]+(?:[/-][\d.]+)?$/.test(text) ? parseNetwork(text) : undefined;
  if (code?.kind !== "range" || code.first < firstCode || code.last > lastCode) return undefined;
  return { first: code.first, last: code.last };
}

function listFault(within: string): string {
  const [zone, ...codes] = within.split(",").map((part) => part.trim());
  if (!domainForm.test(zone.replace(/\.$/, ""))) return "names no zone of a DNS list";
  const wrong = codes.find((code) => parseCode(code) === undefined);
  return wrong === undefined
    ? "names a zone that is too long"
    : `has a code that no list answers with (${wrong || "none"}); codes lie in 127.0.0.0/8`;
}

/** The common name and the names of the SAN may have blanks, but no more than a certificate's fields have. */
function parseCertificate(within: string): SenderPattern | undefined {
  // deno-lint-ignore no-control-regex
  if (within === "" || within === "." || within.length > 255 || /[\x00-\x1f\x7f]/.test(within)) return undefined;
  const subdomains = within.startsWith(".");
  return { kind: "certificate", name: within.slice(subdomains ? 1 : 0).toLowerCase(), subdomains };
}

function networkFault(text: string): SenderFault | undefined {
  const [, head, mark, tail] = /^([^/-]*)([/-]?)(.*)$/.exec(text)!;
  const octet = text.includes(":")
    ? undefined
    : [...head.split("."), ...mark === "-" ? tail.split(".") : []].find(badOctet);
  if (octet !== undefined) {
    return octet.length > 1 && octet.startsWith("0")
      ? { what: "has a leading zero, which some readers take for octal", right: String(Number(octet)) }
      : { what: `has a number above 255 (${octet})`, right: "0 to 255" };
  }
  if (mark === "/") {
    const address = parseAddress(head) ?? padded(head);
    return address &&
      { what: "has a prefix that is too long", right: `a number from 0 to ${address.bits} behind the /` };
  }
  if (mark !== "-") return undefined;
  const [first, last] = [parseAddress(head), parseAddress(tail)];
  const right = "as in 10.0.0.1-10.0.0.20";
  if (first === undefined) return { what: "has no whole address before its -", right };
  if (last === undefined) return { what: "has no whole address behind its -", right };
  return first.bits === last.bits
    ? { what: "runs backwards", right: `${tail}-${head}` }
    : { what: "has an IPv4 and an IPv6 address", right: "two of one kind" };
}

function badOctet(part: string): boolean {
  return /^\d+$/.test(part) && ipv4Octets(part) === undefined;
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
