/**
 * A certificate as plain data: what the commands print, the pages show and the chain is judged by.
 *
 * What OpenSSL reads is OpenSSL's word; extensions are read here, from the DER. An extension that cannot be read counts as absent and
 * is named, since the peer's library will judge it in its own way.
 *
 * @module
 */
import { type Octets, textOf } from "../base/octets.ts";
import { printable } from "../base/text.ts";
import type { CertificateEngine, CertificateReading } from "../tls/certificates.ts";
import { type Ber, BerError, items, itemsOf, oidText, readBer, tagged, tags, wholeNumber } from "./ber.ts";
import { writePem } from "./pem.ts";

/** One certificate. Times are wall milliseconds; fingerprints are hexadecimal with colons. */
export interface CertificateRecord extends CertificateReading {
  /** This certificate alone. */
  pem: string;
  /** Of the subject alternative name. `names` falls back to the common name; this does not. */
  dnsNames: string[];
  addresses: string[];
  /** Basic constraints say CA. `undefined`: there are none. */
  authority: boolean | undefined;
  pathLengthMax: number | undefined;
  /** `digitalSignature`, `keyCertSign` … `undefined`: no such extension, so any use. */
  keyUsage: string[] | undefined;
  /** `serverAuth`, `clientAuth` …, or an object identifier. `undefined`: any purpose. */
  purposes: string[] | undefined;
  subjectKeyId: string | undefined;
  authorityKeyId: string | undefined;
  /** Where its issuer's certificate, its status and its revocation list can be had. */
  issuerUrls: string[];
  ocspUrls: string[];
  crlUrls: string[];
  /** RFC 7633: it may be shown only with a stapled OCSP answer. */
  mustStaple: boolean;
  /** Object identifiers of extensions that could not be read. */
  unreadable: string[];
}

/** The record of one certificate's DER. Throws `TlsSetupError` with the cause alone. */
export function certificateRecord(der: Octets, engine: CertificateEngine): CertificateRecord {
  const record: CertificateRecord = {
    ...engine.certificate(der),
    pem: writePem("CERTIFICATE", der),
    dnsNames: [],
    addresses: [],
    authority: undefined,
    pathLengthMax: undefined,
    keyUsage: undefined,
    purposes: undefined,
    subjectKeyId: undefined,
    authorityKeyId: undefined,
    issuerUrls: [],
    ocspUrls: [],
    crlUrls: [],
    mustStaple: false,
    unreadable: [],
  };
  for (const { oid, value } of extensions(der)) {
    try {
      readers[oid]?.(readBer(value), record);
    } catch (thrown) {
      if (!(thrown instanceof BerError)) throw thrown;
      record.unreadable.push(oid);
    }
  }
  return record;
}

/** The DER within a record. */
export function derOf({ pem }: Pick<CertificateRecord, "pem">): Octets {
  return Uint8Array.fromBase64(pem.replaceAll(/-----[^-]*-----/g, ""));
}

/** RFC 5280 §4.1: the last part of the signed one. */
function extensions(der: Octets): { oid: string; value: Octets }[] {
  try {
    const [signed] = itemsOf(readBer(der), tags.sequence);
    const last = items(signed).find(({ tag }) => tag === 0xa3);
    if (last === undefined) return [];
    return itemsOf(items(last)[0], tags.sequence).map((extension) => {
      const parts = items(extension);
      return { oid: oidText(parts[0]), value: tagged(parts.at(-1), tags.octetString).content };
    });
  } catch (thrown) {
    if (thrown instanceof BerError) return [];
    throw thrown;
  }
}

const usageBits = [
  "digitalSignature",
  "nonRepudiation",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
];

const purposeNames: Readonly<Record<string, string>> = {
  "1.3.6.1.5.5.7.3.1": "serverAuth",
  "1.3.6.1.5.5.7.3.2": "clientAuth",
  "1.3.6.1.5.5.7.3.3": "codeSigning",
  "1.3.6.1.5.5.7.3.4": "emailProtection",
  "1.3.6.1.5.5.7.3.8": "timeStamping",
  "1.3.6.1.5.5.7.3.9": "ocspSigning",
  "2.5.29.37.0": "any",
};

const statusRequest = 5; // RFC 7633 §4: the TLS extension that is promised

type Reader = (value: Ber, record: CertificateRecord) => void;

/** RFC 5280 §4.2. */
const readers: Readonly<Record<string, Reader>> = {
  "2.5.29.14": (value, record) => record.subjectKeyId = colons(tagged(value, tags.octetString).content),
  "2.5.29.15": (value, record) => {
    const [, ...octets] = tagged(value, tags.bitString).content;
    record.keyUsage = usageBits.filter((_, bit) => ((octets[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0);
  },
  "2.5.29.17": (value, record) => {
    for (const { tag, content } of itemsOf(value, tags.sequence)) {
      if (tag === 0x82) record.dnsNames.push(shown(content));
      if (tag === 0x87) record.addresses.push(addressText(content));
    }
  },
  "2.5.29.19": (value, record) => {
    const parts = itemsOf(value, tags.sequence);
    record.authority = parts.some(({ tag, content }) => tag === tags.boolean && content[0] !== 0);
    const length = parts.find(({ tag }) => tag === tags.integer);
    if (length !== undefined) record.pathLengthMax = wholeNumber(length);
  },
  "2.5.29.31": (value, record) => {
    // distributionPoint [0] { fullName [0] { uniformResourceIdentifier [6] } }
    for (const point of itemsOf(value, tags.sequence)) {
      const name = items(point).find(({ tag }) => tag === 0xa0);
      const full = name === undefined ? undefined : items(name).find(({ tag }) => tag === 0xa0);
      if (full !== undefined) record.crlUrls.push(...items(full).flatMap(urlOf));
    }
  },
  "2.5.29.35": (value, record) => {
    const id = itemsOf(value, tags.sequence).find(({ tag }) => tag === 0x80);
    if (id !== undefined) record.authorityKeyId = colons(id.content);
  },
  "2.5.29.37": (value, record) => {
    record.purposes = itemsOf(value, tags.sequence).map(oidText).map((oid) => purposeNames[oid] ?? oid);
  },
  "1.3.6.1.5.5.7.1.1": (value, record) => {
    for (const access of itemsOf(value, tags.sequence)) {
      const [method, location] = items(access);
      const oid = oidText(method);
      if (oid === "1.3.6.1.5.5.7.48.1") record.ocspUrls.push(...urlOf(location));
      if (oid === "1.3.6.1.5.5.7.48.2") record.issuerUrls.push(...urlOf(location));
    }
  },
  "1.3.6.1.5.5.7.1.24": (value, record) => {
    record.mustStaple = itemsOf(value, tags.sequence).some((feature) => wholeNumber(feature) === statusRequest);
  },
};

function urlOf(name: Ber | undefined): string[] {
  return name?.tag === 0x86 ? [shown(name.content)] : [];
}

/** Text that a stranger wrote, safe to print. */
function shown(bytes: Octets): string {
  return printable(textOf(bytes), 300);
}

function colons(bytes: Octets): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join(":");
}

function addressText(bytes: Octets): string {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) throw new BerError("an address is broken");
  const groups = Array.from({ length: 8 }, (_, at) => ((bytes[2 * at] << 8) | bytes[2 * at + 1]).toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}
