/**
 * The text of a password's hash: `scrypt$N$r$p$salt$hash`, salt and hash in base64 (RFC 7914 names N, r and p).
 *
 * The costs are the text's own, so that old hashes stay good when new ones cost more; they are bounded, since each check pays them.
 *
 * @module
 */
import type { Octets } from "./octets.ts";

/** A hash, read. */
export interface ScryptHash {
  /** N: how often memory is gone through, a power of two. */
  cost: number;
  /** r. */
  blockSize: number;
  /** p. */
  parallelization: number;
  salt: Octets;
  hash: Octets;
}

/** What new hashes cost: 16 MiB and a quarter of a second of one core; OWASP asks for no less. */
export const usualCosts = { cost: 16_384, blockSize: 8, parallelization: 5 } as const;

/** The memory that one check may take. */
export const scryptOctetsMax = 67_108_864;

const form = /^scrypt\$(\d{1,7})\$(\d{1,2})\$(\d{1,2})\$([A-Za-z0-9+/]{11,88}={0,2})\$([A-Za-z0-9+/]{22,88}={0,2})$/;

/** The hash in `text`, or `undefined` where it is none or costs too little or too much. */
export function parseScryptHash(text: string): ScryptHash | undefined {
  const found = form.exec(text);
  if (found === null) return undefined;
  const [cost, blockSize, parallelization] = found.slice(1, 4).map(Number);
  const sound = cost >= 1_024 && (cost & (cost - 1)) === 0 && blockSize >= 1 && parallelization >= 1 &&
    128 * blockSize * (cost + parallelization) <= scryptOctetsMax && parallelization <= 16;
  if (!sound) return undefined;
  try {
    const [salt, hash] = found.slice(4).map((part) => Uint8Array.fromBase64(part));
    return { cost, blockSize, parallelization, salt, hash };
  } catch {
    return undefined;
  }
}

/** The text of a hash. */
export function scryptHashText({ cost, blockSize, parallelization, salt, hash }: ScryptHash): string {
  return `scrypt$${cost}$${blockSize}$${parallelization}$${salt.toBase64()}$${hash.toBase64()}`;
}
