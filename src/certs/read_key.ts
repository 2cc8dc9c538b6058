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
import { checkEnd, checkSize, otherKind, type ReadWorld, unreadable } from "./read.ts";
import type { CertificateRecord } from "./record.ts";
import { checkedPassword, openSealed, RoundsBudget } from "./sealed.ts";
import { tell } from "./texts.ts";
import type { Told } from "../base/told.ts";

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
      throw unreadable("format", { what: world.what, why: pem.cause });
    case "blocks":
      return await ofBlocks(pem.blocks, world);
    case "none": {
      const { kind, element } = kindOfBytes(bytes);
      if (element !== undefined && kind !== "unknown") checkEnd(bytes, element, world);
      if (kind === "key" && element !== undefined) return { ...ofDer(element.whole, world), encrypted: false };
      if (kind === "encrypted_key" && element !== undefined) return await ofSealed(element, world);
      if (kind !== "unknown") throw unreadable("kind", { what: world.what, why: otherKind([kind], "key") });
      throw unreadable("format", { what: world.what, why: tell("fault.file.unreadable") });
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
    throw keyTooLarge(what);
  }
  const fault = unusable(der);
  if (fault !== undefined) throw new FormatError("unsupported", tell("fault.key.use", { what, why: fault }));
  try {
    return engine.key(der);
  } catch (thrown) {
    if (!(thrown instanceof TlsSetupError)) throw thrown;
    throw keyBroken(what, thrown.message);
  }
}

async function ofBlocks(blocks: readonly PemBlock[], world: KeyWorld): Promise<KeyRecord> {
  const kinds = blocks.map(({ label }) => kindOfLabel(label));
  const keys = blocks.filter((_, index) => kinds[index] === "key" || kinds[index] === "encrypted_key");
  if (keys.length === 0) throw unreadable("kind", { what: world.what, why: otherKind(kinds, "key") });
  if (keys.length > 1) {
    throw unreadable("count", { what: world.what, why: tell("fault.key.many", { count: keys.length }) });
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
    throw keyBroken(world.what, thrown.message);
  }
  // A label may be wrong, the DER is not.
  switch (kindOfElement(element)) {
    case "encrypted_key":
      return await ofSealed(element, world);
    case "key":
      return { ...ofDer(element.whole, world), encrypted: false };
    default:
      throw keyBroken(world.what, "it is made of other parts");
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
    throw unreadable("format", { what, why: tell("fault.key.seal_broken", { cause: thrown.message }) });
  }
}

/** OpenSSL's old way: RFC 1421 headers, a key of MD5 over the password. */
function openOldPem(block: PemBlock, { engine, what, password }: KeyWorld): Octets {
  if (password === undefined) throw passwordMissing(what);
  const cipher = /^[A-Z0-9-]{1,32}/.exec(block.headers.get("DEK-Info") ?? "")?.[0];
  if (cipher === undefined) throw unreadable("format", { what, why: tell("fault.key.no_cipher") });
  if (!/^(AES-(128|192|256)|DES-EDE3|CAMELLIA-(128|192|256))-CBC$/.test(cipher)) {
    throw unreadable("unsupported", { what, why: tell("fault.key.cipher", { cipher }) });
  }
  if (block.der.length > keyOctetsMax) throw keyTooLarge(what);
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
  return unreadable("password_missing", { what, why: tell("fault.file.password_missing") });
}

function passwordWrong(what: string): FormatError {
  return unreadable("password_wrong", { what, why: tell("fault.file.password_wrong") });
}

function keyTooLarge(what: string): FormatError {
  return unreadable("too_large", { what, why: tell("fault.key.too_large", { max: keyOctetsMax }) });
}

function keyBroken(what: string, cause: string): FormatError {
  return unreadable("format", { what, why: tell("fault.key.broken", { cause }) });
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
function unusable(der: Octets): Told | undefined {
  try {
    const parts = items(readBer(der));
    if (parts[1]?.tag === tags.sequence) {
      const oid = oidText(items(parts[1])[0]);
      return usable.has(oid)
        ? undefined
        : tell("fault.key.purpose", { purpose: named[oid] ?? `another purpose (${oid})` });
    }
    // PKCS#1 has nine numbers, or a list of further primes behind them; DSA's old form has six.
    if (parts[2]?.tag === tags.integer) {
      return parts.length >= 9 ? undefined : tell("fault.key.purpose", { purpose: "DSA" });
    }
    return undefined;
  } catch (thrown) {
    if (thrown instanceof BerError) return tell("fault.key.use_broken");
    throw thrown;
  }
}
