/**
 * The checksum of a PKCS#12 file: RFC 7292 §4 with PKCS#12's own derivation, and PBMAC1 (RFC 9579), which newer writers use.
 *
 * @module
 */
import { type Octets, octets } from "../base/octets.ts";
import type { MacKeyWish } from "../tls/certificates.ts";
import { type Ber, BerError, itemsOf, octetString, oidText, tags, wholeNumber } from "./ber.ts";
import { FormatError } from "./format_error.ts";
import type { SealedWorld } from "./sealed.ts";

/** What is checked. */
export interface MacQuestion {
  /** MacData. */
  mac: Ber;
  /** What it is over: the content of the authenticated safe. */
  data: Octets;
  /** In the order in which they are tried. */
  passwords: readonly (string | null)[];
}

type Hash = "SHA-1" | "SHA-256" | "SHA-384" | "SHA-512";

const digests: Readonly<Record<string, { hash: Hash; digest: MacKeyWish["digest"] }>> = {
  "1.3.14.3.2.26": { hash: "SHA-1", digest: "SHA1" },
  "2.16.840.1.101.3.4.2.1": { hash: "SHA-256", digest: "SHA256" },
  "2.16.840.1.101.3.4.2.2": { hash: "SHA-384", digest: "SHA384" },
  "2.16.840.1.101.3.4.2.3": { hash: "SHA-512", digest: "SHA512" },
};

const hmacs: Readonly<Record<string, Hash>> = {
  "1.2.840.113549.2.7": "SHA-1",
  "1.2.840.113549.2.9": "SHA-256",
  "1.2.840.113549.2.10": "SHA-384",
  "1.2.840.113549.2.11": "SHA-512",
};

const pbmac1 = "1.2.840.113549.1.5.14";
const pbkdf2 = "1.2.840.113549.1.5.12";

/** The password that the checksum is right for; `undefined`: none of them. Rejects with `FormatError` or `BerError`. */
export async function macPassword(question: MacQuestion, world: SealedWorld): Promise<string | null | undefined> {
  const [info, salt, iterations] = itemsOf(question.mac, tags.sequence);
  const [algorithm, value] = itemsOf(info, tags.sequence);
  const [oid, parameters] = itemsOf(algorithm, tags.sequence);
  const wanted = octetString(value);
  const check = oidText(oid) === pbmac1
    ? newer(parameters, world)
    : older(oidText(oid), { salt: octetString(salt), iterations, world });
  for (const password of question.passwords) {
    world.budget.take(check.rounds);
    const { key, hash } = await check.key(password) ?? {};
    if (key === undefined || hash === undefined) continue;
    const hmac = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash }, false, ["verify"]);
    if (await crypto.subtle.verify("HMAC", hmac, wanted, question.data)) return password;
  }
  return undefined;
}

interface Check {
  rounds: number;
  key: (password: string | null) => Promise<{ key: Octets; hash: Hash } | undefined>;
}

function older(
  oid: string,
  { salt, iterations, world }: { salt: Octets; iterations: Ber | undefined; world: SealedWorld },
): Check {
  const method = digests[oid];
  if (method === undefined) throw unknown(oid, world);
  // RFC 7292 §4: one round where none are named.
  const rounds = iterations === undefined ? 1 : wholeNumber(iterations);
  if (rounds === 0) throw new BerError("its checksum has no rounds");
  return {
    rounds,
    key: async (password) => {
      const key = await world.engine.macKey({ digest: method.digest, password, salt, rounds });
      return key && { key, hash: method.hash };
    },
  };
}

function newer(parameters: Ber | undefined, world: SealedWorld): Check {
  const [derivation, scheme] = itemsOf(parameters, tags.sequence);
  const hash = hmacs[oidText(itemsOf(scheme, tags.sequence)[0])];
  const [method, details] = itemsOf(derivation, tags.sequence);
  if (hash === undefined || oidText(method) !== pbkdf2) throw unknown(pbmac1, world);
  const [salt, iterations, ...rest] = itemsOf(details, tags.sequence);
  // RFC 9579 §4: the length has to be there; the pseudo-random function is HMAC-SHA-1 where none is named.
  const length = wholeNumber(rest.find(({ tag }) => tag === tags.integer));
  const named = rest.find(({ tag }) => tag === tags.sequence);
  const prf = named === undefined ? "SHA-1" : hmacs[oidText(itemsOf(named, tags.sequence)[0])];
  if (prf === undefined || length < 16 || length > 128) throw unknown(pbmac1, world);
  const rounds = wholeNumber(iterations);
  if (rounds === 0) throw new BerError("its checksum has no rounds");
  return {
    rounds: rounds * Math.ceil(length / 32),
    key: async (password) => {
      const secret = await crypto.subtle.importKey("raw", octets(password ?? ""), "PBKDF2", false, ["deriveBits"]);
      const from = { name: "PBKDF2", hash: prf, salt: octetString(salt), iterations: rounds };
      return { key: new Uint8Array(await crypto.subtle.deriveBits(from, secret, length * 8)), hash };
    },
  };
}

function unknown(oid: string, { what }: SealedWorld): FormatError {
  return new FormatError(
    "unsupported",
    `Cannot read ${what}: its checksum is made in a way that is not known (${oid})`,
  );
}
