/**
 * From the bytes of a file to a private key: PKCS#8, PKCS#1 and SEC 1, in PEM and DER, encrypted or not.
 *
 * OpenSSL gets keys of known kinds only: of a DSA key it would derive the public half at once, which takes as long as a hostile file
 * likes. No text of an error holds a part of a key or of a password.
 *
 * @module
 */
import type { Octets } from "../base/octets.ts";
import type { KeyReading } from "../tls/certificates.ts";
import { TlsSetupError } from "../tls/engine.ts";
import { type Ber, BerError, items, itemsOf, octetString, oidText, readBer, tags } from "./ber.ts";
import { FormatError } from "./format_error.ts";
import { kindOfBytes, kindOfElement, kindOfLabel } from "./kinds.ts";
import { type PemBlock, readPem } from "./pem.ts";
import { checkEnd, checkSize, otherKind, type ReadWorld } from "./read.ts";
import type { CertificateRecord } from "./record.ts";
import { checkedPassword, openSealed, RoundsBudget } from "./sealed.ts";

/** A private key. Its `pem` is a secret. */
export interface KeyRecord extends KeyReading {
  /** It was encrypted in its file. */
  encrypted: boolean;
}

/** What a key is read with. */
export interface KeyWorld extends ReadWorld {
  /** Absent: none was given, so that an encrypted key is told as such. */
  password?: string;
}

/** An RSA key of 16,384 bits has 9,600 octets. */
const keyOctetsMax = 16_384;

/** The one private key of a file. Rejects with {@linkcode FormatError}. */
export async function readKey(bytes: Octets, world: KeyWorld): Promise<KeyRecord> {
  checkSize(bytes, world);
  checkedPassword(world.password, world.what);
  const pem = readPem(bytes);
  switch (pem.kind) {
    case "broken":
      throw new FormatError("format", `Cannot read ${world.what}: ${pem.cause}`);
    case "blocks":
      return await ofBlocks(pem.blocks, world);
    case "none": {
      const { kind, element } = kindOfBytes(bytes);
      if (element !== undefined && kind !== "unknown") checkEnd(bytes, element, world);
      if (kind === "key" && element !== undefined) return { ...ofDer(element.whole, world), encrypted: false };
      if (kind === "encrypted_key" && element !== undefined) return await ofSealed(element, world);
      if (kind !== "unknown") throw wrongKind(otherKind([kind], "a private key"), world);
      throw new FormatError("format", `Cannot read ${world.what}: it is neither PEM nor DER, or it is broken`);
    }
    default:
      return pem satisfies never;
  }
}

/** Whether a key and a certificate are two halves of one. */
export function fits(
  key: Pick<KeyReading, "publicKeySha256">,
  certificate: Pick<CertificateRecord, "publicKeySha256">,
): boolean {
  return key.publicKeySha256 === certificate.publicKeySha256;
}

/** A key of its DER, of a kind that can be used. Throws {@linkcode FormatError}. */
export function ofDer(der: Octets, { engine, what }: ReadWorld): KeyReading {
  if (der.length > keyOctetsMax) {
    throw new FormatError("too_large", `Cannot read ${what}: its key has more than ${keyOctetsMax} octets`);
  }
  const fault = unusable(der);
  if (fault !== undefined) throw new FormatError("unsupported", `Cannot use the key in ${what}: ${fault}`);
  try {
    return engine.key(der);
  } catch (thrown) {
    if (!(thrown instanceof TlsSetupError)) throw thrown;
    throw new FormatError("format", `Cannot read ${what}: its key is broken (${thrown.message})`);
  }
}

function wrongKind(words: string, { what }: ReadWorld): FormatError {
  return new FormatError("kind", `Cannot read ${what}: ${words}`);
}

async function ofBlocks(blocks: readonly PemBlock[], world: KeyWorld): Promise<KeyRecord> {
  const kinds = blocks.map(({ label }) => kindOfLabel(label));
  const keys = blocks.filter((_, index) => kinds[index] === "key" || kinds[index] === "encrypted_key");
  if (keys.length === 0) throw wrongKind(otherKind(kinds, "a private key"), world);
  if (keys.length > 1) {
    throw new FormatError(
      "count",
      `Cannot read ${world.what}: it holds ${keys.length} private keys, and one is wanted`,
    );
  }
  const [block] = keys;
  if (block.headers.get("Proc-Type")?.replaceAll(" ", "") === "4,ENCRYPTED") {
    return { ...ofDer(openOldPem(block, world), world), encrypted: true };
  }
  let element: Ber;
  try {
    element = readBer(block.der);
  } catch (thrown) {
    if (!(thrown instanceof BerError)) throw thrown;
    throw new FormatError("format", `Cannot read ${world.what}: its key is broken (${thrown.message})`);
  }
  // A label may be wrong, the DER is not.
  switch (kindOfElement(element)) {
    case "encrypted_key":
      return await ofSealed(element, world);
    case "key":
      return { ...ofDer(element.whole, world), encrypted: false };
    default:
      throw new FormatError("format", `Cannot read ${world.what}: its key is broken (it is made of other parts)`);
  }
}

/** EncryptedPrivateKeyInfo: RFC 5958 §3. */
async function ofSealed(element: Ber, world: KeyWorld): Promise<KeyRecord> {
  const { what, password } = world;
  if (password === undefined) throw passwordMissing(what);
  try {
    const [algorithm, data] = itemsOf(element, tags.sequence);
    const opened = await openSealed(
      { algorithm, data: octetString(data), passwords: [password] },
      { ...world, budget: new RoundsBudget(what) },
    );
    if (opened === undefined || !isKey(opened.data)) throw passwordWrong(what);
    return { ...ofDer(opened.data, world), encrypted: true };
  } catch (thrown) {
    if (!(thrown instanceof BerError)) throw thrown;
    throw new FormatError("format", `Cannot read ${what}: its encryption is broken (${thrown.message})`);
  }
}

/** OpenSSL's old way: RFC 1421 headers, a key of MD5 over the password. */
function openOldPem(block: PemBlock, { engine, what, password }: KeyWorld): Octets {
  if (password === undefined) throw passwordMissing(what);
  const cipher = /^[A-Z0-9-]{1,32}/.exec(block.headers.get("DEK-Info") ?? "")?.[0];
  if (cipher === undefined) throw new FormatError("format", `Cannot read ${what}: it does not say how it is encrypted`);
  if (!/^(AES-(128|192|256)|DES-EDE3|CAMELLIA-(128|192|256))-CBC$/.test(cipher)) {
    throw new FormatError("unsupported", `Cannot read ${what}: it is encrypted by ${cipher}, which is not supported`);
  }
  if (block.der.length > keyOctetsMax) throw new FormatError("too_large", `Cannot read ${what}: its key is too large`);
  const der = engine.decryptPem(block.text, { label: block.label, password });
  if (der === undefined || !isKey(der)) throw passwordWrong(what);
  return der;
}

/** Whether decryption gave a key: a wrong password leaves noise, and by chance noise with sound padding. */
export function isKey(der: Octets): boolean {
  const { kind, element } = kindOfBytes(der);
  return kind === "key" && element?.whole.length === der.length;
}

function passwordMissing(what: string): FormatError {
  return new FormatError("password_missing", `Cannot read ${what}: it is encrypted, and no password was given`);
}

function passwordWrong(what: string): FormatError {
  return new FormatError("password_wrong", `Cannot read ${what}: the password does not open it`);
}

const usable: ReadonlySet<string> = new Set([
  "1.2.840.113549.1.1.1", // RSA
  "1.2.840.113549.1.1.10", // RSA-PSS
  "1.2.840.10045.2.1", // EC
  "1.3.101.112", // Ed25519
  "1.3.101.113", // Ed448
]);

const named: Readonly<Record<string, string>> = {
  "1.2.840.10040.4.1": "DSA",
  "1.2.840.113549.1.3.1": "Diffie-Hellman",
  "1.3.101.110": "X25519",
  "1.3.101.111": "X448",
};

/** Why a key of this DER cannot be used for TLS; `undefined`: nothing is known against it. */
function unusable(der: Octets): string | undefined {
  try {
    const parts = items(readBer(der));
    if (parts[1]?.tag === tags.sequence) {
      const oid = oidText(items(parts[1])[0]);
      return usable.has(oid) ? undefined : `it is for ${named[oid] ?? `another purpose (${oid})`}; RSA, EC or Ed25519`;
    }
    // PKCS#1 has nine numbers, or a list of further primes behind them; DSA's old form has six.
    if (parts[2]?.tag === tags.integer) return parts.length >= 9 ? undefined : "it is for DSA; RSA, EC or Ed25519";
    return undefined;
  } catch (thrown) {
    if (thrown instanceof BerError) return "it is broken";
    throw thrown;
  }
}
