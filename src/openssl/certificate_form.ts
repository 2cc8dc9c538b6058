/**
 * How a certificate is made: version, signature, key, and the extensions that say what it may be used for.
 *
 * These are facts only. OpenSSL's own strict mode (`X509_V_FLAG_X509_STRICT`) is not used for them: it says yes or no to more than an owner
 * asks for, key identifiers included, and to authorities that are trusted as they are.
 *
 * @module
 */
import type { CertificateForm, KeyUsage } from "../tls/engine.ts";
import { Handle, type Pointer } from "./handle.ts";
import type { Native } from "./library.ts";
import { cString, pointerIn } from "./memory.ts";

// EXFLAG_… of x509v3.h.
const hasBasicConstraints = 0x1;
const hasKeyUsage = 0x2;
const hasExtendedKeyUsage = 0x4;
const isAuthority = 0x10;
const invalid = 0x80;
const basicConstraintsCritical = 0x10000;

// deno-fmt-ignore
/** KU_… of x509v3.h. */
const keyUsages: readonly (readonly [bit: number, name: KeyUsage])[] = [
  [0x80, "digitalSignature"],
  [0x40, "contentCommitment"],
  [0x20, "keyEncipherment"],
  [0x10, "dataEncipherment"],
  [0x08, "keyAgreement"],
  [0x04, "keyCertSign"],
  [0x02, "cRLSign"],
];

// deno-fmt-ignore
/** XKU_… of x509v3.h. */
const purposes = [
  [0x1,   "serverAuth"],
  [0x2,   "clientAuth"],
  [0x100, "anyExtendedKeyUsage"],
] as const;

/** Reads how a certificate is made. Leaves errors in the queue. */
export function certificateForm(native: Native, certificate: Pointer): CertificateForm {
  // First of all: it reads the extensions that the other functions answer from.
  const flags = native.X509_get_extension_flags(certificate);
  const signatureBits = new Int32Array(1);
  const known =
    native.X509_get_signature_info(certificate, null, null, new Uint8Array(signatureBits.buffer), null) === 1;
  const key = native.X509_get0_pubkey(certificate);
  const usage = native.X509_get_key_usage(certificate);
  const extended = native.X509_get_extended_key_usage(certificate);
  const named = purposes.filter(([bit]) => (extended & bit) !== 0).map(([, name]) => name);
  return {
    version: native.X509_get_version(certificate) + 1,
    signatureBits: known ? Math.max(0, signatureBits[0]) : 0,
    keyBits: key === null ? 0 : Math.max(0, native.EVP_PKEY_get_security_bits(key)),
    ...keyFault(native, key),
    brokenExtensions: (flags & invalid) !== 0,
    ...(flags & hasBasicConstraints) === 0 ? {} : {
      basicConstraints: {
        authority: (flags & isAuthority) !== 0,
        critical: (flags & basicConstraintsCritical) !== 0,
      },
    },
    ...(flags & hasKeyUsage) === 0
      ? {}
      : { keyUsage: keyUsages.filter(([bit]) => (usage & bit) !== 0).map(([, name]) => name) },
    ...(flags & hasExtendedKeyUsage) === 0 ? {} : { purposes: named.length === 0 ? ["other"] : named },
  };
}

const rsa = 6; // EVP_PKEY_RSA
const rsaPss = 912; // EVP_PKEY_RSA_PSS
const ec = 408; // EVP_PKEY_EC
const ed25519 = 1087; // EVP_PKEY_ED25519
const ed448 = 1088; // EVP_PKEY_ED448

function keyFault(native: Native, key: Deno.PointerValue): Pick<CertificateForm, "keyFault"> {
  if (key === null) return { keyFault: "its public key cannot be read" };
  switch (native.EVP_PKEY_get_base_id(key)) {
    case rsa:
    case rsaPss:
      return rsaFault(native, key);
    case ec:
      return intOf(native, key, "decoded-from-explicit") === 1
        // RFC 8422 §5.3 wants a named one.
        ? { keyFault: "its curve is written out and not named" }
        : {};
    case ed25519:
    case ed448:
      return {};
    default:
      return { keyFault: "its key is neither RSA, EC nor EdDSA" };
  }
}

/** The modulus is a product of odd primes, the exponent is odd and at least 3. With 1 a signature is its own text. */
function rsaFault(native: Native, key: Pointer): Pick<CertificateForm, "keyFault"> {
  using modulus = numberOf(native, key, "n");
  using exponent = numberOf(native, key, "e");
  if (modulus === undefined || exponent === undefined) return { keyFault: "its RSA numbers cannot be read" };
  if (native.BN_is_odd(modulus.pointer) !== 1) return { keyFault: "its RSA modulus is even" };
  if (native.BN_is_odd(exponent.pointer) !== 1) return { keyFault: "its RSA exponent is even" };
  return native.BN_num_bits(exponent.pointer) < 2 ? { keyFault: "its RSA exponent is 1" } : {};
}

function numberOf(native: Native, key: Pointer, name: string): Handle | undefined {
  const cell = new BigUint64Array(1);
  if (native.EVP_PKEY_get_bn_param(key, cString(name), new Uint8Array(cell.buffer)) !== 1) return undefined;
  return new Handle("a number", { pointer: pointerIn(cell), free: native.BN_free });
}

function intOf(native: Native, key: Pointer, name: string): number | undefined {
  const cell = new Int32Array(1);
  return native.EVP_PKEY_get_int_param(key, cString(name), new Uint8Array(cell.buffer)) === 1 ? cell[0] : undefined;
}
