/**
 * Codes of six digits that an authenticator app shows: RFC 6238 with its usual values, SHA-1, 30 seconds, over RFC 4226.
 *
 * SHA-1 is what every app understands; as HMAC it is not weakened by what is known against SHA-1.
 *
 * @module
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { type Octets, octets } from "../base/octets.ts";

const stepMs = 30_000;
const digits = 6;
/** Steps on either side that count too: RFC 6238 §5.2 has one for clocks that differ and people who type. */
const windowSteps = 1;
/** RFC 4648 §6. */
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** The step that a moment belongs to. */
export function stepAt(ms: number): number {
  return Math.floor(ms / stepMs);
}

/** The code of a step: RFC 4226 §5.3. */
export function codeAt(secret: Octets, step: number): string {
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(step));
  const mac = new Uint8Array(createHmac("sha1", secret).update(new Uint8Array(counter.buffer)).digest());
  const offset = mac[19] & 0xf;
  const number = new DataView(mac.buffer, mac.byteOffset).getUint32(offset) & 0x7fffffff;
  return String(number % 10 ** digits).padStart(digits, "0");
}

/**
 * The step whose code was typed, around now, after `last`: a code counts once (RFC 6238 §5.2), and so do those before it. `undefined`: none.
 */
export function matchingStep(
  code: string,
  { secret, now, last }: { secret: Octets; now: number; last: number },
): number | undefined {
  const typed = code.replaceAll(" ", "");
  if (!/^\d{6}$/.test(typed)) return undefined;
  let found: number | undefined;
  // All are compared, so that time does not tell which one it was.
  for (let step = stepAt(now) - windowSteps; step <= stepAt(now) + windowSteps; step++) {
    const same = timingSafeEqual(octets(codeAt(secret, step)), octets(typed));
    if (same && step > last) found ??= step;
  }
  return found;
}

/** Octets as apps want a secret typed: base32 without padding, RFC 4648 §6. */
export function base32(bytes: Octets): string {
  let text = "";
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = (held << 8 | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet[held >> bits - 5 & 31];
  }
  return bits === 0 ? text : text + alphabet[held << 5 - bits & 31];
}

/** The URI that a QR code for an app holds; `issuer` names the gateway, `account` the user. */
export function totpUri(secret: Octets, { issuer, account }: { issuer: string; account: string }): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`;
  return `otpauth://totp/${label}?secret=${base32(secret)}&issuer=${encodeURIComponent(issuer)}`;
}
