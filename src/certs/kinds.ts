/**
 * What a piece of DER or a block of PEM is: people hand in the wrong file more often than a broken one, so it is told by name.
 *
 * @module
 */
import type { Told } from "../base/told.ts";
import { type Octets, textOf } from "../base/octets.ts";
import { type Ber, BerError, items, oidText, readBer, tags, wholeNumber } from "./ber.ts";
import { tell } from "./texts.ts";

/** What there is in certificate files. */
export type Kind =
  | "certificate"
  | "pkcs7"
  | "pkcs12"
  | "key"
  | "encrypted_key"
  | "request"
  | "crl"
  | "public_key"
  | "parameters"
  | "openssh_key"
  | "putty_key"
  | "jks"
  | "unknown";

/** A kind in words: "it is …". */
export function kindTold(kind: Kind): Told {
  return tell(`fault.kind.${kind}`);
}

const labels: ReadonlyMap<string, Kind> = new Map([
  ["CERTIFICATE", "certificate"],
  ["X509 CERTIFICATE", "certificate"],
  ["TRUSTED CERTIFICATE", "certificate"],
  ["PKCS7", "pkcs7"],
  ["PKCS #7 SIGNED DATA", "pkcs7"],
  ["CMS", "pkcs7"],
  ["PKCS12", "pkcs12"],
  ["PRIVATE KEY", "key"],
  ["RSA PRIVATE KEY", "key"],
  ["EC PRIVATE KEY", "key"],
  ["DSA PRIVATE KEY", "key"],
  ["ENCRYPTED PRIVATE KEY", "encrypted_key"],
  ["CERTIFICATE REQUEST", "request"],
  ["NEW CERTIFICATE REQUEST", "request"],
  ["X509 CRL", "crl"],
  ["PUBLIC KEY", "public_key"],
  ["RSA PUBLIC KEY", "public_key"],
  ["OPENSSH PRIVATE KEY", "openssh_key"],
]);

/** What a block's label says. */
export function kindOfLabel(label: string): Kind {
  return labels.get(label) ?? (label.endsWith(" PARAMETERS") ? "parameters" : "unknown");
}

/** What bytes that are not PEM are, and where the element ends that they begin with. */
export function kindOfBytes(bytes: Octets): { kind: Kind; element?: Ber } {
  if (bytes.length >= 4) {
    const magic = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    if (magic === 0xfeedfeed || magic === 0xcececece) return { kind: "jks" };
  }
  if (textOf(bytes.subarray(0, 64)).trimStart().startsWith("PuTTY-User-Key-File-")) return { kind: "putty_key" };
  try {
    const element = readBer(bytes);
    return { kind: kindOfElement(element), element };
  } catch (thrown) {
    if (thrown instanceof BerError) return { kind: "unknown" };
    throw thrown;
  }
}

/** What an element is, by its parts. Nothing is proven by it. */
export function kindOfElement(element: Ber): Kind {
  if (element.tag !== tags.sequence) return "unknown";
  try {
    const parts = items(element);
    // BER may cut an octet string into pieces.
    const shape = parts.slice(0, 3).map(({ tag }) => tag === 0x24 ? tags.octetString : tag);
    const is = (...wanted: number[]) => wanted.every((tag, index) => shape[index] === tag);
    const { sequence, integer, bitString, octetString, oid } = tags;
    if (is(sequence, sequence, bitString) && parts.length === 3) return kindOfSigned(parts[0]);
    if (is(oid)) return oidText(parts[0]).startsWith("1.2.840.113549.1.7.") ? "pkcs7" : "parameters";
    if (is(integer, sequence, octetString)) return "key";
    if (is(integer, sequence) && wholeNumber(parts[0]) === 3) return "pkcs12";
    if (is(integer, octetString)) return "key";
    if (is(integer, integer, integer)) return parts.length >= 6 ? "key" : "parameters";
    if (is(sequence, octetString) && parts.length === 2) return "encrypted_key";
    if (is(sequence, bitString) && parts.length === 2) return "public_key";
    return "unknown";
  } catch (thrown) {
    if (thrown instanceof BerError) return "unknown";
    throw thrown;
  }
}

/** Certificates, requests and revocation lists are signed in the same way: RFC 5280 §4.1, §5.1. */
function kindOfSigned(signed: Ber): Kind {
  const parts = items(signed).map(({ tag }) => tag);
  const { sequence, integer } = tags;
  const certificate = parts[0] === 0xa0 ? parts.slice(1) : parts;
  // Serial number, algorithm, issuer, validity, subject, key.
  if (certificate[0] === integer && certificate.slice(1, 6).filter((tag) => tag === sequence).length === 5) {
    return "certificate";
  }
  if (parts[0] === integer && parts[1] === sequence && parts[2] === sequence && parts[3] === 0xa0) return "request";
  const list = parts[0] === integer ? parts.slice(1) : parts;
  return list[0] === sequence && list[1] === sequence && times.has(list[2]) ? "crl" : "unknown";
}

/** UTCTime and GeneralizedTime. */
const times: ReadonlySet<number> = new Set([0x17, 0x18]);
