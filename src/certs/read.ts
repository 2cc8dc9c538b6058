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
import { FormatError, type FormatFault } from "./format_error.ts";
import { type Kind, kindOfBytes, kindOfElement, kindOfLabel, kindTold } from "./kinds.ts";
import { type PemBlock, readPem } from "./pem.ts";
import { type CertificateRecord, certificateRecord } from "./record.ts";
import { tell } from "./texts.ts";
import type { Told } from "../base/told.ts";

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
      throw unreadable("format", { what: world.what, why: pem.cause });
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
    throw unreadable("too_large", {
      what,
      why: tell("fault.file.too_large", { max: limits.certificateFileOctetsMax }),
    });
  }
  if (bytes.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d))) {
    throw unreadable("empty", { what, why: tell("fault.empty") });
  }
}

/** What to say of a file that holds another kind than wanted: `it is a private key, not a certificate`. */
export function otherKind(kinds: readonly Kind[], kind: "certificate" | "key" | "pkcs12_wanted"): Told {
  const wanted = tell(`fault.kind.${kind}`);
  const told = [...new Set(kinds)].map(kindTold);
  if (told.length === 1 && kinds.length === 1) return tell("fault.file.other_kind", { kind: told[0], wanted });
  return tell("fault.file.other_kinds", { kinds: told, wanted });
}

/** Why a file cannot be read. */
export function unreadable(fault: FormatFault, { what, why }: { what: string; why: string | Told }): FormatError {
  return new FormatError(fault, tell("fault.file.read", { what, why }));
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
    throw unreadable("kind", { what: world.what, why: otherKind(others, "certificate") });
  }
  for (const kind of new Set(others)) {
    if (kind !== "parameters") found.notes.push(`In ${world.what} there is ${kindTold(kind).text} too: it is left out`);
  }
  return found;
}

function ofDer(bytes: Octets, world: ReadWorld): ReadCertificates {
  const { kind, element } = kindOfBytes(bytes);
  if (element === undefined || kind === "unknown") {
    const why = kind === "unknown" ? tell("fault.file.unreadable") : otherKind([kind], "certificate");
    throw unreadable(kind === "unknown" ? "format" : "kind", { what: world.what, why });
  }
  checkEnd(bytes, element, world);
  if (kind === "certificate") {
    return { certificates: [one(element.whole, { ...world, place: "" })], notes: [] };
  }
  if (kind === "pkcs7") return checkCount({ certificates: ofPkcs7(element, world), notes: [] }, world);
  throw unreadable("kind", { what: world.what, why: otherKind([kind], "certificate") });
}

/** Nothing may follow DER but the line end or the zeros that some transfer added. Throws {@linkcode FormatError}. */
export function checkEnd(bytes: Octets, element: Ber, { what }: Pick<ReadWorld, "what">): void {
  const rest = bytes.subarray(element.whole.length);
  if (rest.every((byte) => byte === 0 || byte === 0x0a || byte === 0x0d)) return;
  throw unreadable("format", { what, why: tell("fault.file.tail", { count: rest.length }) });
}

/** RFC 5652 §5.1: SignedData without signatures, a bag of certificates. Throws {@linkcode FormatError}. */
function ofPkcs7(element: Ber, world: ReadWorld): CertificateRecord[] {
  let within: Ber[];
  try {
    const [type, content] = itemsOf(element, tags.sequence);
    if (oidText(type) !== "1.2.840.113549.1.7.2") {
      throw unreadable("kind", { what: world.what, why: tell("fault.file.pkcs7_kind") });
    }
    const signed = itemsOf(itemsOf(content, 0xa0)[0], tags.sequence);
    const bag = signed.find(({ tag }) => tag === 0xa0);
    // Other kinds of certificates have context tags: RFC 5652 §10.2.2.
    within = bag === undefined ? [] : itemsOf(bag, 0xa0).filter(({ tag }) => tag === tags.sequence);
  } catch (thrown) {
    if (!(thrown instanceof BerError)) throw thrown;
    throw unreadable("format", {
      what: world.what,
      why: tell("fault.file.pkcs7_broken", { cause: thrown.message }),
    });
  }
  if (within.length === 0) {
    throw unreadable("count", { what: world.what, why: tell("fault.file.pkcs7_empty") });
  }
  return within.slice(0, certificatesMax + 1).map(({ whole }, index) =>
    one(whole, { ...world, place: `certificate ${index + 1} ` })
  );
}

function checkCount(found: ReadCertificates, { what }: ReadWorld): ReadCertificates {
  if (found.certificates.length <= certificatesMax) return found;
  throw unreadable("count", { what, why: tell("fault.file.many", { max: certificatesMax }) });
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
  const why = place === "" ? tell("fault.file.broken", { cause }) : `${place}is broken (${cause})`;
  return unreadable("format", { what, why });
}
