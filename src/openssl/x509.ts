/**
 * Certificates and keys: reading PEM, proving that the two fit, and telling what a certificate says.
 *
 * PEM reading always passes a password (an empty one by default): with NULL, OpenSSL would ask the terminal and block the
 * process.
 *
 * @module
 */
import { type Octets, octets, textOf } from "../base/octets.ts";
import { type CertificateFacts, type KeyPair, TlsSetupError } from "../tls/engine.ts";
import { certificateForm } from "./certificate_form.ts";
import { clearErrors, takeReasonText } from "./errors.ts";
import { Handle, type Pointer } from "./handle.ts";
import type { Native } from "./library.ts";
import { cString, memoryBio, printed, stackMembers, textAt, textUntilNul } from "./memory.ts";

/** A key pair, read: freed as one. */
export class LoadedPair implements Disposable {
  /** Leaf first. */
  readonly certificates: Handle[];
  readonly key: Handle;

  constructor(parts: { certificates: Handle[]; key: Handle }) {
    this.certificates = parts.certificates;
    this.key = parts.key;
  }

  /** Frees key and certificates. */
  [Symbol.dispose](): void {
    for (const certificate of this.certificates) certificate[Symbol.dispose]();
    this.key[Symbol.dispose]();
  }
}

/** Every certificate of a PEM text, in its order. Stops at what is no certificate; what is broken throws. */
export function readCertificates(native: Native, pem: string): Handle[] {
  const certificates: Handle[] = [];
  const password = cString("");
  using bio = memoryBio(native, octets(pem));
  clearErrors(native);
  while (true) {
    const pointer = native.PEM_read_bio_X509(bio.pointer, null, null, password);
    if (pointer === null) break;
    certificates.push(new Handle("a certificate", { pointer, free: native.X509_free }));
  }
  // The end of the text is an error too, "no start line": only another one is a fault.
  const code = native.ERR_peek_last_error();
  if (code === 0 || isNoStartLine(code)) {
    clearErrors(native);
    return certificates;
  }
  for (const certificate of certificates) certificate[Symbol.dispose]();
  throw new Error(`certificate ${certificates.length + 1} is broken (${takeReasonText(native)})`);
}

/** Whether an error code only says that no further PEM object follows: PEM_R_NO_START_LINE (108) of ERR_LIB_PEM (9). */
export function isNoStartLine(code: number): boolean {
  return (code >>> 23) === 9 && (code & 0x7fffff) === 108;
}

/** Reads a pair and proves that key and certificate fit. Throws {@linkcode TlsSetupError}. */
export function loadPair(native: Native, pair: KeyPair): LoadedPair {
  let certificates: Handle[];
  try {
    certificates = readCertificates(native, pair.certificatePem);
  } catch (thrown) {
    throw new TlsSetupError("certificate", `Cannot read the certificate of ${pair.name}: ${(thrown as Error).message}`);
  }
  if (certificates.length === 0) {
    throw new TlsSetupError("certificate", `Cannot read the certificate of ${pair.name}: the PEM text holds none`);
  }
  try {
    const loaded = new LoadedPair({ certificates, key: readKey(native, pair) });
    const fits = native.X509_check_private_key(certificates[0].pointer, loaded.key.pointer) === 1;
    if (fits) return loaded;
    native.ERR_clear_error();
    const ofKey = publicKeyFingerprint(native, loaded.key.pointer);
    loaded.key[Symbol.dispose]();
    const ofCertificate = publicKeyFingerprint(native, native.X509_get0_pubkey(certificates[0].pointer));
    throw new TlsSetupError(
      "key",
      `Cannot use the key of ${pair.name}: its public key has SHA-256 ${ofKey}, the certificate's has ${ofCertificate}`,
    );
  } catch (thrown) {
    for (const certificate of certificates) certificate[Symbol.dispose]();
    throw thrown;
  }
}

function readKey(native: Native, pair: KeyPair): Handle {
  using bio = memoryBio(native, octets(pair.keyPem));
  clearErrors(native);
  const pointer = native.PEM_read_bio_PrivateKey(bio.pointer, null, null, cString(pair.passphrase ?? ""));
  if (pointer !== null) {
    clearErrors(native);
    return new Handle("a key", { pointer, free: native.EVP_PKEY_free });
  }
  const cause = takeReasonText(native);
  const state = !pair.keyPem.includes("PRIVATE KEY-----")
    ? "the PEM text holds none"
    : pair.keyPem.includes("ENCRYPTED")
    ? `it is encrypted and the passphrase ${pair.passphrase === undefined ? "is missing" : "does not open it"}`
    : `it is broken (${cause})`;
  throw new TlsSetupError("key", `Cannot read the key of ${pair.name}: ${state}`);
}

/** SHA-256 over the public key's DER (SubjectPublicKeyInfo): the same for a key and each of its certificates. */
export function publicKeyFingerprint(native: Native, key: Deno.PointerValue): string {
  if (key === null) return "(unreadable)";
  const der = printed(native, (bio) => native.i2d_PUBKEY_bio(bio, key));
  const digest = new Uint8Array(32);
  native.EVP_Digest(der, BigInt(der.length), digest, null, native.EVP_sha256(), null);
  return colonHex(digest);
}

/** SHA-256 over a certificate's DER. */
export function certificateFingerprint(native: Native, certificate: Pointer): string {
  const digest = new Uint8Array(32);
  native.X509_digest(certificate, native.EVP_sha256(), digest, null);
  return colonHex(digest);
}

/** `AB:CD:…`. */
export function colonHex(bytes: Octets): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join(":");
}

/** What a certificate says. */
export function certificateFacts(native: Native, certificate: Pointer): CertificateFacts {
  const facts: CertificateFacts = {
    subject: nameText(native, native.X509_get_subject_name(certificate)),
    issuer: nameText(native, native.X509_get_issuer_name(certificate)),
    serial: textOf(printed(native, (bio) => native.i2a_ASN1_INTEGER(bio, native.X509_get0_serialNumber(certificate)))),
    notBefore: timeOf(native, native.X509_get0_notBefore(certificate)) ?? NaN,
    notAfter: timeOf(native, native.X509_get0_notAfter(certificate)) ?? NaN,
    ...certificateNames(native, certificate),
    fingerprint: certificateFingerprint(native, certificate),
    key: keyText(native, native.X509_get0_pubkey(certificate)),
    signature: textAt(native, native.OBJ_nid2ln(native.X509_get_signature_nid(certificate))),
    form: certificateForm(native, certificate),
  };
  clearErrors(native);
  return facts;
}

/** XN_FLAG_RFC2253 of x509.h without ASN1_STRFLGS_ESC_MSB: control characters of ASCII are escaped, letters of every script stay readable. */
const nameFlags = 0x1110313n;

/** What turns the direction of a line round, ends it or is not seen: a name made of these would read as another one. */
const deceiving = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A distinguished name as text of RFC 4514, which has letters of every script as they are (§2.4). */
export function nameText(native: Native, name: Deno.PointerValue): string {
  const text = textOf(printed(native, (bio) => native.X509_NAME_print_ex(bio, name, 0, nameFlags)));
  return text.replaceAll(deceiving, escapedOctets);
}

/** A character as RFC 4514 §2.4 escapes it: each octet of its UTF-8 as two digits. */
function escapedOctets(character: string): string {
  return Array.from(
    new TextEncoder().encode(character),
    (octet) => `\\${octet.toString(16).toUpperCase().padStart(2, "0")}`,
  )
    .join("");
}

/** An ASN1_TIME as wall milliseconds; `undefined` for none or a broken one. */
export function timeOf(native: Native, time: Deno.PointerValue): number | undefined {
  if (time === null) return undefined;
  // struct tm begins with six ints: seconds, minutes, hours, day, month from 0, years since 1900.
  const tm = new Int32Array(16);
  if (native.ASN1_TIME_to_tm(time, new Uint8Array(tm.buffer)) !== 1) return undefined;
  return Date.UTC(tm[5] + 1900, tm[4], tm[3], tm[2], tm[1], tm[0]);
}

const subjectAltName = 85; // NID_subject_alt_name
const commonName = 13; // NID_commonName
const dnsName = 2; // GEN_DNS
const asUtf8 = 0x12n; // ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_UTF8_CONVERT

/** The DNS names of the SAN, else the common names (RFC 6125 §6.4.4); and the common names in any case. */
function certificateNames(native: Native, certificate: Pointer): Pick<CertificateFacts, "names" | "commonNames"> {
  const names: string[] = [];
  const commonNames: string[] = [];
  const nameOf = (text: Deno.PointerValue) =>
    textOf(printed(native, (bio) => native.ASN1_STRING_print_ex(bio, text, asUtf8)));
  const sans = native.X509_get_ext_d2i(certificate, subjectAltName, null, null);
  if (sans !== null) {
    using owned = new Handle("names", { pointer: sans, free: native.GENERAL_NAMES_free });
    const type = new Int32Array(1);
    for (const san of stackMembers(native, owned.pointer)) {
      const value = native.GENERAL_NAME_get0_value(san, new Uint8Array(type.buffer));
      if (type[0] === dnsName) names.push(nameOf(value));
    }
  }
  const subject = native.X509_get_subject_name(certificate);
  let at = native.X509_NAME_get_index_by_NID(subject, commonName, -1);
  while (at >= 0) {
    commonNames.push(nameOf(native.X509_NAME_ENTRY_get_data(native.X509_NAME_get_entry(subject, at))));
    at = native.X509_NAME_get_index_by_NID(subject, commonName, at);
  }
  return { names: names.length > 0 ? names : commonNames, commonNames };
}

const curveNames: Record<string, string> = { prime256v1: "P-256", secp384r1: "P-384", secp521r1: "P-521" };

/** `RSA 2048`, `EC P-256`, `ED25519`. */
export function keyText(native: Native, key: Deno.PointerValue): string {
  if (key === null) return "unknown";
  const id = native.EVP_PKEY_get_base_id(key);
  switch (id) {
    case 6: // EVP_PKEY_RSA
      return `RSA ${native.EVP_PKEY_get_bits(key)}`;
    case 912: // EVP_PKEY_RSA_PSS
      return `RSA-PSS ${native.EVP_PKEY_get_bits(key)}`;
    case 116: // EVP_PKEY_DSA
      return `DSA ${native.EVP_PKEY_get_bits(key)}`;
    case 408: { // EVP_PKEY_EC
      const buffer = new Uint8Array(80);
      if (native.EVP_PKEY_get_group_name(key, buffer, 80n, new Uint8Array(8)) !== 1) return "EC";
      const group = textUntilNul(buffer);
      return `EC ${curveNames[group] ?? group}`;
    }
    case 1087: // EVP_PKEY_ED25519
      return "ED25519";
    case 1088: // EVP_PKEY_ED448
      return "ED448";
    default:
      return `type ${id}`;
  }
}

const noPartialWildcards = 0x4; // X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS

/** Whether a certificate carries a DNS name or an address: the common name counts only where there is no DNS SAN. */
export function certificateMatches(native: Native, certificate: Pointer, name: string): boolean {
  const wanted = name.endsWith(".") ? name.slice(0, -1) : name;
  // To X509_check_host a leading dot means "any subdomain", which no caller may mean by accident.
  if (wanted === "" || wanted.startsWith(".") || wanted.includes("\0")) return false;
  const text = cString(wanted);
  const matched = isAddress(wanted)
    ? native.X509_check_ip_asc(certificate, text, 0)
    : native.X509_check_host(certificate, text, BigInt(text.length - 1), noPartialWildcards, null);
  clearErrors(native);
  return matched === 1;
}

function isAddress(name: string): boolean {
  return name.includes(":") || /^\d+\.\d+\.\d+\.\d+$/.test(name);
}
