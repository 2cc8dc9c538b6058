/**
 * Whose limits an address counts against.
 *
 * @module
 */
import { parseAddress } from "../config/addresses.ts";

/**
 * An IPv4 address is its own key. Of an IPv6 address the first 64 bits count, since whoever has one address of such a network has them
 * all (RFC 4291 §2.5.4). An IPv4 address inside an IPv6 one is the IPv4 address.
 */
export function clientKey(address: string): string {
  if (!address.includes(":")) return address;
  const parsed = parseAddress(address);
  if (parsed === undefined) return address;
  if (parsed.value >> 32n === 0xffffn) {
    return [24n, 16n, 8n, 0n].map((shift) => parsed.value >> shift & 0xffn).join(".");
  }
  return `${[112n, 96n, 80n, 64n].map((shift) => (parsed.value >> shift & 0xffffn).toString(16)).join(":")}::/64`;
}
