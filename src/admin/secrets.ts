/**
 * Secrets that we hand out: unforeseeable words, of which we keep a hash only.
 *
 * Each has 256 bits, so a fast hash is enough, unlike for passwords. Comparisons take a time that says nothing about where two differ.
 *
 * @module
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { octets } from "../base/octets.ts";
import type { Random } from "../base/random.ts";

/** A new secret, 43 characters that may stand in a URL, a cookie and a header. */
export function newSecret(random: Random): string {
  return random.bytes(32).toBase64({ alphabet: "base64url", omitPadding: true });
}

/** What is kept of a secret: its SHA-256 in hexadecimal digits. */
export function hashOf(secret: string): string {
  return createHash("sha256").update(octets(secret)).digest("hex");
}

/** Whether two texts are the same. */
export function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(octets(text)).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** Whether two hashes of {@linkcode hashOf} are the same: their length is no secret. */
export function sameHash(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(octets(a), octets(b));
}
