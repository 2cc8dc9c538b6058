/**
 * From the bytes of a file to certificates: PEM, DER and PKCS#7, as authorities answer.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import type { Octets } from "../base/octets.ts";
import type { CertificateEngine } from "../tls/certificates.ts";
import { TlsSetupError } from "../tls/engine.ts";
import { type Ber, BerError, itemsOf, oidText, readBer, tags } from "./ber.ts";
import { FormatError } from "./format_error.ts";
import { type Kind, kindOfBytes, kindOfElement, kindOfLabel, kindWords } from "./kinds.ts";
import { type PemBlock, readPem } from "./pem.ts";
import { type CertificateRecord, certificateRecord } from "./record.ts";

/** What reading needs. */
export interface ReadWorld {
  engine: CertificateEngine;
  /** The file in words, for errors: `mx1.crt`. */
  what: string;
}

/** What was read. */
export interface ReadCertificates {
  /** At least one, in the file's order. */
  certificates: CertificateRecord[];
  /** What else was in the file and is left out, a sentence each. */
  notes: string[];
}

/** One certificate; longer ones are nobody's. */
const certificateOctetsMax = 262_144;
/** Certificates of one file; the system's list of authorities has about 140. */
const certificatesMax = 1_000;

/** Every certificate of a file. Throws {@linkcode FormatError}. */
export function readCertificates(bytes: Octets, world: ReadWorld): ReadCertificates {
  checkSize(bytes, world);
  const pem = readPem(bytes);
  switch (pem.kind) {
    case "broken":
      throw new FormatError("format", `Cannot read ${world.what}: ${pem.cause}`);
    case "blocks":
      return ofBlocks(pem.blocks, world);
    case "none":
      return ofDer(bytes, world);
    default:
      return pem satisfies never;
  }
}

/** Refuses what is empty or beyond all measure. Throws {@linkcode FormatError}. */
export function checkSize(bytes: Octets, { what }: Pick<ReadWorld, "what">): void {
  if (bytes.length > limits.certificateFileOctetsMax) {
    const state = `it is larger than ${limits.certificateFileOctetsMax} octets`;
    throw new FormatError("too_large", `Cannot read ${what}: ${state}`);
  }
  if (bytes.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d))) {
    throw new FormatError("empty", `Cannot read ${what}: it is empty`);
  }
}

/** What to say of a file that holds another kind than wanted: `it is a private key, not a certificate`. */
export function otherKind(kinds: readonly Kind[], wanted: string): string {
  const words = [...new Set(kinds)].map((kind) => kindWords[kind]);
  if (words.length === 1 && kinds.length === 1) return `it is ${words[0]}, not ${wanted}`;
  return `it holds ${words.join(", ")}, but not ${wanted}`;
}

function ofBlocks(blocks: readonly PemBlock[], world: ReadWorld): ReadCertificates {
  const found: ReadCertificates = { certificates: [], notes: [] };
  const others: Kind[] = [];
  for (const [index, block] of blocks.entries()) {
    const said = kindOfLabel(block.label);
    const place = blocks.length === 1 ? "" : `block ${index + 1} (${block.label}) `;
    const element = said === "certificate" || said === "pkcs7" ? outer(block.der) : undefined;
    // Some authorities put PKCS#7 under the label of a certificate.
    const kind = element === undefined ? said : kindOfElement(element);
    if (said === "certificate" && element === undefined) throw broken(world, place, "it is not DER");
    if (kind === "pkcs7" && element !== undefined) found.certificates.push(...ofPkcs7(element, world));
    else if (said === "certificate" && element !== undefined) {
      // A TRUSTED CERTIFICATE of OpenSSL has its own notes behind the certificate.
      found.certificates.push(one(element.whole, { ...world, place }));
    } else others.push(said);
    checkCount(found, world);
  }
  if (found.certificates.length === 0) {
    throw new FormatError("kind", `Cannot read ${world.what}: ${otherKind(others, "a certificate")}`);
  }
  for (const kind of new Set(others)) {
    if (kind !== "parameters") found.notes.push(`In ${world.what} there is ${kindWords[kind]} too: it is left out`);
  }
  return found;
}

function ofDer(bytes: Octets, world: ReadWorld): ReadCertificates {
  const { kind, element } = kindOfBytes(bytes);
  if (element === undefined || kind === "unknown") {
    const words = kind === "unknown"
      ? "it is neither PEM nor DER, or it is broken"
      : otherKind([kind], "a certificate");
    throw new FormatError(kind === "unknown" ? "format" : "kind", `Cannot read ${world.what}: ${words}`);
  }
  checkEnd(bytes, element, world);
  if (kind === "certificate") {
    return { certificates: [one(element.whole, { ...world, place: "" })], notes: [] };
  }
  if (kind === "pkcs7") return checkCount({ certificates: ofPkcs7(element, world), notes: [] }, world);
  throw new FormatError("kind", `Cannot read ${world.what}: ${otherKind([kind], "a certificate")}`);
}

/** Nothing may follow DER but the line end or the zeros that some transfer added. Throws {@linkcode FormatError}. */
export function checkEnd(bytes: Octets, element: Ber, { what }: Pick<ReadWorld, "what">): void {
  const rest = bytes.subarray(element.whole.length);
  if (rest.every((byte) => byte === 0 || byte === 0x0a || byte === 0x0d)) return;
  throw new FormatError("format", `Cannot read ${what}: ${rest.length} octets follow behind the end of its DER`);
}

/** RFC 5652 §5.1: SignedData without signatures, a bag of certificates. Throws {@linkcode FormatError}. */
function ofPkcs7(element: Ber, world: ReadWorld): CertificateRecord[] {
  let within: Ber[];
  try {
    const [type, content] = itemsOf(element, tags.sequence);
    if (oidText(type) !== "1.2.840.113549.1.7.2") {
      throw new FormatError(
        "kind",
        `Cannot read ${world.what}: it is PKCS#7, but not the kind that holds certificates`,
      );
    }
    const signed = itemsOf(itemsOf(content, 0xa0)[0], tags.sequence);
    const bag = signed.find(({ tag }) => tag === 0xa0);
    // Other kinds of certificates have context tags: RFC 5652 §10.2.2.
    within = bag === undefined ? [] : itemsOf(bag, 0xa0).filter(({ tag }) => tag === tags.sequence);
  } catch (thrown) {
    if (!(thrown instanceof BerError)) throw thrown;
    throw new FormatError("format", `Cannot read ${world.what}: it is a broken PKCS#7 file (${thrown.message})`);
  }
  if (within.length === 0) {
    throw new FormatError("count", `Cannot read ${world.what}: it is a PKCS#7 file without a certificate`);
  }
  return within.slice(0, certificatesMax + 1).map(({ whole }, index) =>
    one(whole, { ...world, place: `certificate ${index + 1} ` })
  );
}

function checkCount(found: ReadCertificates, { what }: ReadWorld): ReadCertificates {
  if (found.certificates.length <= certificatesMax) return found;
  throw new FormatError("count", `Cannot read ${what}: it holds more than ${certificatesMax} certificates`);
}

function outer(der: Octets): Ber | undefined {
  try {
    return readBer(der);
  } catch (thrown) {
    if (thrown instanceof BerError) return undefined;
    throw thrown;
  }
}

function one(der: Octets, world: ReadWorld & { place: string }): CertificateRecord {
  if (der.length > certificateOctetsMax) {
    throw new FormatError(
      "too_large",
      `Cannot read ${world.what}: ${world.place}has more than ${certificateOctetsMax} octets`,
    );
  }
  try {
    return certificateRecord(der, world.engine);
  } catch (thrown) {
    if (thrown instanceof TlsSetupError) throw broken(world, world.place, thrown.message);
    throw thrown;
  }
}

function broken({ what }: ReadWorld, place: string, cause: string): FormatError {
  return new FormatError("format", `Cannot read ${what}: ${place === "" ? "it " : place}is broken (${cause})`);
}
