/**
 * Domain names and addresses as the DNS writes them.
 *
 * @module
 */
import { domainToASCII } from "node:url";
import { isIP } from "node:net";

/** Octets of a name in text, RFC 1035 §2.3.4, and of one label. */
const nameOctetsMax = 253;
const labelOctetsMax = 63;

// deno-lint-ignore no-control-regex
const unsafe = /[\x00-\x20\x7f\\"()<>@,;:\[\]]/;

/**
 * The name that is asked for: lower case, IDNA applied (RFC 5891), without a last dot; `undefined` where no such name can exist.
 * Underscores and other service labels pass.
 */
export function asciiName(name: string): string | undefined {
  const bare = name.endsWith(".") ? name.slice(0, -1) : name;
  // deno-lint-ignore no-control-regex
  const ascii = /^[\x00-\x7f]*$/.test(bare) ? bare.toLowerCase() : domainToASCII(bare);
  if (ascii === "" || ascii.length > nameOctetsMax || unsafe.test(ascii)) return undefined;
  for (const label of ascii.split(".")) if (label === "" || label.length > labelOctetsMax) return undefined;
  return ascii;
}

/** 4, 6, or 0 for what is no address. */
export function addressFamily(text: string): 4 | 6 | 0 {
  return isIP(text) as 4 | 6 | 0;
}

/** The name whose PTR record tells the name of `address`: RFC 1035 §3.5, RFC 3596 §2.5. `undefined` for what is no address. */
export function reverseNameOf(address: string): string | undefined {
  const labels = reversedAddress(address);
  // The nibbles of an IPv6 address make 63 characters, an IPv4 address never more than 15.
  return labels === undefined ? undefined : labels + (labels.length > 15 ? ".ip6.arpa" : ".in-addr.arpa");
}

/** The labels of an address, last part first, as reverse zones and DNS lists (RFC 5782 §2.1, §2.4) have them. */
export function reversedAddress(address: string): string | undefined {
  const bare = address.split("%")[0];
  if (addressFamily(bare) === 4) return bare.split(".").reverse().join(".");
  const groups = addressFamily(bare) === 6 ? ipv6Groups(bare) : undefined;
  if (groups === undefined) return undefined;
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (mapped) {
    return [groups[7] & 255, groups[7] >> 8, groups[6] & 255, groups[6] >> 8].join(".");
  }
  const digits = groups.map((group) => group.toString(16).padStart(4, "0")).join("");
  return [...digits].reverse().join(".");
}

/** One text for each address, so that two spellings compare equal. What is no IPv6 address stays as it is. */
export function canonicalAddress(address: string): string {
  const groups = addressFamily(address) === 6 ? ipv6Groups(address) : undefined;
  return groups === undefined ? address : groups.map((group) => group.toString(16)).join(":");
}

function ipv6Groups(address: string): number[] | undefined {
  let text = address.split("%")[0];
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  if (dotted !== null) {
    const [a, b, c, d] = dotted.slice(2).map(Number);
    text = `${dotted[1]}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }
  const [head, tail] = text.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array(Math.max(zeros, 0)).fill("0"), ...right].map((part) => parseInt(part, 16));
  return groups.length === 8 ? groups : undefined;
}
