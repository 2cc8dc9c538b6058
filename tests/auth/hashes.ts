/**
 * Cheap hashes, so that tests do not pay what a login pays.
 *
 * @module
 */
import { scryptSync } from "node:crypto";
import { scryptHashText } from "../../src/base/scrypt_hash.ts";

/** The hash text of a password at the least cost that is taken. */
export function cheapHash(password: string): string {
  const costs = { cost: 1_024, blockSize: 1, parallelization: 1 };
  const salt = new TextEncoder().encode("sixteen octets!!");
  const hash = new Uint8Array(scryptSync(password.normalize("NFKC"), salt, 32, costs));
  return scryptHashText({ ...costs, salt, hash });
}
