/**
 * An address of an envelope as a directory has it.
 *
 * @module
 */
import type { LdapPlaces } from "../config/ldap_filter.ts";

// RFC 5321 §4.1.2, RFC 6531 §3.3: what needs no quotes.
// deno-lint-ignore no-control-regex
const dotString = /^[^\x00-\x20\x7f"(),:;<>@[\\\].]+(?:\.[^\x00-\x20\x7f"(),:;<>@[\\\].]+)*$/;

/**
 * The parts of an address. `"bert"@example.test` is `bert@example.test` (RFC 5321 §4.1.2): quotes stay where they are needed, and are never part of
 * what a person is called.
 */
export function placesOf(address: string): LdapPlaces {
  const at = address.lastIndexOf("@");
  const local = at < 0 ? address : address.slice(0, at);
  const d = at < 0 ? "" : address.slice(at + 1).toLowerCase();
  const u = /^".*"$/s.test(local) ? local.slice(1, -1).replace(/\\(.)/gs, "$1") : local;
  const whole = dotString.test(u) ? u : local;
  return { a: at < 0 ? whole : `${whole}@${d}`, u, d };
}
