/**
 * Writes PKCS#12 (RFC 7292).
 *
 * `legacy` is triple DES for key and certificates and SHA-1 for the checksum. The older RC2-40 for certificates, which `openssl pkcs12 -legacy` still
 * writes, is left out: whatever reads it reads triple DES too, and nobody needs 40 bits.
 *
 * @module
 */
import { type Octets, octets } from "../base/octets.ts";
import type { Pkcs12Wish } from "../tls/certificates.ts";
import { TlsSetupError } from "../tls/engine.ts";
import { readCertificate } from "./certificates.ts";
import { clearErrors, takeReasonText } from "./errors.ts";
import { Handle } from "./handle.ts";
import type { Native } from "./library.ts";
import { cString, memoryBio, printed, settled } from "./memory.ts";

// NIDs of obj_mac.h; the rounds that slow a guess down. Old Windows takes its time with more than a few thousand.
const protections = {
  modern: { key: 427, certificates: 427, rounds: 100_000 }, // NID_aes_256_cbc, by PBKDF2 with HMAC-SHA-256
  legacy: { key: 146, certificates: 146, rounds: 2_048 }, // NID_pbe_WithSHA1And3_Key_TripleDES_CBC
} as const;

/** See `CertificateEngine.writePkcs12`. Certificates come in order; key and leaf carry the same localKeyID. */
export async function writePkcs12(native: Native, wish: Pkcs12Wish): Promise<Octets> {
  const owned: Disposable[] = [];
  const own = <T extends Disposable>(one: T): T => {
    owned.push(one);
    return one;
  };
  try {
    const bio = own(memoryBio(native, octets(wish.key)));
    clearErrors(native);
    const key = own(
      new Handle("a key", {
        pointer: native.PEM_read_bio_PrivateKey(bio.pointer, null, null, cString("")),
        free: native.EVP_PKEY_free,
      }),
    );
    const certificate = own(readCertificate(native, wish.certificate));
    const chain = own(new Handle("a stack", { pointer: native.OPENSSL_sk_new_null(), free: native.OPENSSL_sk_free }));
    for (const der of wish.chain) {
      native.OPENSSL_sk_push(chain.pointer, own(readCertificate(native, der)).pointer);
    }
    if (native.X509_check_private_key(certificate.pointer, key.pointer) !== 1) {
      clearErrors(native);
      throw new TlsSetupError("key", "Cannot write a PKCS#12 file: the key is another certificate's");
    }
    const { key: keyMethod, certificates, rounds } = protections[wish.protection];
    const legacy = wish.protection === "legacy";
    const password = settled(cString(wish.password));
    const name = settled(cString(wish.friendlyName));
    const made = await native.PKCS12_create_ex(
      ...[password, name, key.pointer, certificate.pointer, chain.pointer] as const,
      ...[keyMethod, certificates, rounds, legacy ? -1 : rounds, 0, null, null] as const,
    );
    if (made === null) throw new TlsSetupError("certificate", "Cannot write a PKCS#12 file: OpenSSL made none");
    const file = own(new Handle("a PKCS#12 file", { pointer: made, free: native.PKCS12_free }));
    if (legacy) {
      const set = await native.PKCS12_set_mac(file.pointer, password, -1, null, 0, rounds, native.EVP_sha1());
      if (set !== 1) throw new TlsSetupError("certificate", "Cannot write a PKCS#12 file: OpenSSL made no checksum");
    }
    password.fill(0);
    const bytes = printed(native, (out) => native.i2d_PKCS12_bio(out, file.pointer));
    if (bytes.length === 0) throw new TlsSetupError("certificate", takeReasonText(native));
    return bytes;
  } finally {
    for (const one of owned.reverse()) one[Symbol.dispose]();
  }
}
