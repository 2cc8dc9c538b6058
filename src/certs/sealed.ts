/**
 * What a password protects: PKCS#5 (RFC 8018) and PKCS#12 (RFC 7292 §C) encryption, of keys and of parts of PKCS#12 files.
 *
 * A file says itself how many rounds slow a guess down. A hostile one says 2³¹ of them, many times over, so all rounds of one file come
 * out of one {@linkcode RoundsBudget} and are counted before anything is derived.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import { type Octets, octets } from "../base/octets.ts";
import type { CertificateEngine } from "../tls/certificates.ts";
import { type Ber, items, itemsOf, octetString, oidText, tagged, tags, wholeNumber } from "./ber.ts";
import { FormatError } from "./format_error.ts";

/** Rounds that reading one file may take. */
export class RoundsBudget {
  readonly #what: string;
  #left: number = limits.passwordRoundsMax;

  /** `what`: the file, in words. */
  constructor(what: string) {
    this.#what = what;
  }

  /** Takes so many. Throws {@linkcode FormatError}. */
  take(rounds: number): void {
    this.#left -= rounds;
    if (this.#left >= 0) return;
    const state = `its password takes more than ${limits.passwordRoundsMax} rounds to check`;
    throw new FormatError("unsupported", `Cannot read ${this.#what}: ${state}`);
  }
}

/** What is opened, and with what. */
export interface Sealed {
  /** An AlgorithmIdentifier. */
  algorithm: Ber;
  data: Octets;
  /** In the order in which they are tried; `null`: none at all. */
  passwords: readonly (string | null)[];
}

/** What opening needs. */
export interface SealedWorld {
  engine: CertificateEngine;
  budget: RoundsBudget;
  /** The file, in words. */
  what: string;
}

/** The data, and the password that opened it; `undefined`: none of them does. Rejects with {@linkcode FormatError} or `BerError`. */
export async function openSealed(
  { algorithm, data, passwords }: Sealed,
  { engine, budget, what }: SealedWorld,
): Promise<{ data: Octets; password: string | null } | undefined> {
  const [oid, parameters] = itemsOf(algorithm, tags.sequence);
  const rounds = roundsOf(oidText(oid), parameters);
  if (rounds === undefined) {
    throw new FormatError("unsupported", `Cannot read ${what}: it is encrypted by ${methodOf(oidText(oid))}`);
  }
  for (const password of passwords) {
    budget.take(rounds);
    const opened = await engine.decrypt(algorithm.whole, { data, password });
    // A wrong password that happens to end in sound padding leaves noise: whoever reads on finds that.
    if (opened !== undefined && opened.length > 0) return { data: opened, password };
  }
  return undefined;
}

/**
 * The passwords that a PKCS#12 file may mean: Windows writes none at all as an empty one or as none, and OpenSSL before 1.1 took each octet of
 * UTF-8 for a character (passphrase-encoding(7)).
 */
export function passwordsOf(password: string | undefined): (string | null)[] {
  if (password === undefined || password === "") return ["", null];
  const bytes = octets(password);
  return bytes.length === password.length ? [password] : [password, String.fromCharCode(...bytes)];
}

/** A password that C can take. Throws {@linkcode FormatError}. */
export function checkedPassword(password: string | undefined, what: string): string | undefined {
  if (password === undefined) return undefined;
  // PEM_BUFSIZE of pem.h: more would be cut in silence.
  if (!password.includes("\0") && octets(password).length <= passwordOctetsMax) return password;
  const state = `the password has a NUL or more than ${passwordOctetsMax} octets in it`;
  throw new FormatError("password_wrong", `Cannot read ${what}: ${state}`);
}

const passwordOctetsMax = 1_024;

const pbes2 = "1.2.840.113549.1.5.13";
const pbkdf2 = "1.2.840.113549.1.5.12";
const scrypt = "1.3.6.1.4.1.11591.4.11";

/** PBES1 (RFC 8018 §A.3) and PKCS#12 (RFC 7292 §C): parameters are a salt and a number. */
const simple: ReadonlySet<string> = new Set([
  ...[1, 3, 4, 6, 10, 11].map((last) => `1.2.840.113549.1.5.${last}`),
  ...[1, 2, 3, 4, 5, 6].map((last) => `1.2.840.113549.1.12.1.${last}`),
]);

/** Ciphers of PBES2 that OpenSSL has: AES, triple DES, RC2, DES, Camellia, ARIA, all with CBC. */
const ciphers: ReadonlySet<string> = new Set([
  ...[2, 22, 42].map((last) => `2.16.840.1.101.3.4.1.${last}`),
  "1.2.840.113549.3.7",
  "1.2.840.113549.3.2",
  "1.3.14.3.2.7",
  ...[2, 3, 4].map((last) => `1.2.392.200011.61.1.1.1.${last}`),
  ...[2, 7, 12].map((last) => `1.2.410.200046.1.1.${last}`),
]);

/** How many rounds a method takes; `undefined` for one that is not known. */
function roundsOf(oid: string, parameters: Ber | undefined): number | undefined {
  if (simple.has(oid)) return wholeNumber(itemsOf(parameters, tags.sequence)[1]);
  if (oid !== pbes2) return undefined;
  const [derivation, cipher] = itemsOf(parameters, tags.sequence);
  if (!ciphers.has(oidText(itemsOf(cipher, tags.sequence)[0]))) return undefined;
  const [method, details] = itemsOf(derivation, tags.sequence);
  const numbers = items(tagged(details, tags.sequence)).filter(({ tag }) => tag === tags.integer).map(wholeNumber);
  switch (oidText(method)) {
    case pbkdf2:
      // RFC 8018 §A.2: the salt may be named instead of given, which nobody does.
      octetString(itemsOf(details, tags.sequence)[0]);
      return numbers[0];
    case scrypt: {
      // RFC 7914 §7: N, r and p; each of N·r·p mixes costs about four rounds.
      const [n, r, p] = numbers;
      return n * r * p * 4;
    }
    default:
      return undefined;
  }
}

/** A method by its identifier, where it has no name here. */
function methodOf(oid: string): string {
  return `a method that is not known (${oid})`;
}
