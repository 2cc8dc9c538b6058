/**
 * Certificates, keys and PKCS#12 by OpenSSL: the few steps that `src/certs` asks for.
 *
 * The formats are taken apart in TypeScript; C gets single certificates, keys and cipher texts, each bounded. What a password protects is opened in a
 * library context of its own, which alone knows the outdated algorithms (RC2, single DES) of old PKCS#12 files: TLS never sees them.
 *
 * @module
 */
import { type Octets, octets, textOf } from "../base/octets.ts";
import type {
  CertificateEngine,
  CertificateReading,
  ChainAnswer,
  ChainCheck,
  KeyReading,
  MacKeyWish,
} from "../tls/certificates.ts";
import { TlsSetupError } from "../tls/engine.ts";
import { clearErrors, takeReasonText } from "./errors.ts";
import { Handle, type Pointer } from "./handle.ts";
import { type Native, openLegacy } from "./library.ts";
import { cString, memoryBio, pointerIn, printed, settled } from "./memory.ts";
import { writePkcs12 } from "./pkcs12.ts";
import { type EngineState, trustFor } from "./state.ts";
import { certificateFacts, colonHex, keyText, publicKeyFingerprint } from "./x509.ts";

/** The steps, on an engine. */
export function certificateEngine(state: EngineState): CertificateEngine {
  const { native } = state;
  return {
    certificate(der: Octets): CertificateReading {
      using certificate = readCertificate(native, der);
      return readingOf(native, certificate.pointer);
    },
    key(der: Octets): KeyReading {
      using key = readKey(native, der);
      if (!proven(native, key.pointer)) {
        throw new TlsSetupError("key", "its private and its public half do not belong together");
      }
      return {
        pem: textOf(
          printed(native, (bio) => native.PEM_write_bio_PKCS8PrivateKey(bio, key.pointer, null, null, 0, null, null)),
        ),
        key: keyText(native, key.pointer),
        publicKeySha256: publicKeyFingerprint(native, key.pointer),
      };
    },
    issued(certificate: Octets, issuer: Octets): boolean {
      try {
        using subject = readCertificate(native, certificate);
        using above = readCertificate(native, issuer);
        return isIssued(native, subject.pointer, above.pointer);
      } catch (thrown) {
        if (thrown instanceof TlsSetupError) return false;
        throw thrown;
      }
    },
    verify: (question: ChainCheck): ChainAnswer => verifyChain(state, question),
    decrypt: (algorithm, options) => decrypt(native, algorithm, options),
    macKey: (wish) => macKey(native, wish),
    decryptPem: (pem, options) => decryptPem(native, pem, options),
    writePkcs12: (wish) => writePkcs12(native, wish),
  };
}

/** A certificate of DER. Throws `TlsSetupError`. */
export function readCertificate(native: Native, der: Octets): Handle {
  using bio = memoryBio(native, der);
  clearErrors(native);
  const pointer = native.d2i_X509_bio(bio.pointer, null);
  if (pointer === null) throw new TlsSetupError("certificate", takeReasonText(native));
  return new Handle("a certificate", { pointer, free: native.X509_free });
}

/** A key of DER, which says itself which of three forms it has. Throws `TlsSetupError`. */
export function readKey(native: Native, der: Octets): Handle {
  using bio = memoryBio(native, der);
  clearErrors(native);
  const pointer = native.d2i_PrivateKey_bio(bio.pointer, null);
  if (pointer === null) throw new TlsSetupError("key", takeReasonText(native));
  clearErrors(native);
  return new Handle("a key", { pointer, free: native.EVP_PKEY_free });
}

/**
 * Whether a key can do what it is for: what it signs is verified by its own public half. A file says both halves, and a damaged one would serve
 * handshakes that fail, or give its secret away by what it signs.
 */
function proven(native: Native, key: Pointer): boolean {
  const text = settled(octets("Postern"));
  const signature = new Uint8Array(2_048); // RSA with 16,384 bits
  const length = BigUint64Array.of(BigInt(signature.length));
  const id = native.EVP_PKEY_get_base_id(key);
  const digest = id === ed25519 || id === ed448 ? null : native.EVP_sha256();
  const context = () => new Handle("a signature", { pointer: native.EVP_MD_CTX_new(), free: native.EVP_MD_CTX_free });
  using signing = context();
  using verifying = context();
  const size = BigInt(text.length);
  const sound = native.EVP_DigestSignInit(signing.pointer, null, digest, null, key) === 1 &&
    native.EVP_DigestSign(signing.pointer, signature, new Uint8Array(length.buffer), text, size) === 1 &&
    native.EVP_DigestVerifyInit(verifying.pointer, null, digest, null, key) === 1 &&
    native.EVP_DigestVerify(verifying.pointer, signature, length[0], text, size) === 1;
  clearErrors(native);
  return sound;
}

const ed25519 = 1087; // EVP_PKEY_ED25519
const ed448 = 1088; // EVP_PKEY_ED448

function readingOf(native: Native, certificate: Pointer): CertificateReading {
  const digest = new Uint8Array(20);
  native.X509_digest(certificate, native.EVP_sha1(), digest, null);
  const facts = certificateFacts(native, certificate);
  const key = native.X509_get0_pubkey(certificate);
  // Not X509_check_issued: a host's own certificate may not sign others, and signed itself all the same.
  const selfSigned = facts.subject === facts.issuer && key !== null && native.X509_verify(certificate, key) === 1;
  clearErrors(native);
  return {
    ...facts,
    fingerprintSha1: colonHex(digest),
    publicKeySha256: publicKeyFingerprint(native, key),
    selfSigned,
  };
}

const noCertificateSigning = 32; // X509_V_ERR_KEYUSAGE_NO_CERTSIGN

function isIssued(native: Native, certificate: Pointer, issuer: Pointer): boolean {
  const key = native.X509_get0_pubkey(issuer);
  const named = native.X509_check_issued(issuer, certificate);
  // Whether the key usage allowed it is another question: self-signed leaves have one that does not.
  const issued = key !== null && (named === 0 || named === noCertificateSigning) &&
    native.X509_verify(certificate, key) === 1;
  clearErrors(native);
  return issued;
}

function verifyChain(state: EngineState, { leaf, others, trust: anchors, now }: ChainCheck): ChainAnswer {
  const { native } = state;
  const trust = trustFor(state, anchors);
  const sent: Handle[] = [];
  using stack = new Handle("a stack", { pointer: native.OPENSSL_sk_new_null(), free: native.OPENSSL_sk_free });
  try {
    trust.read();
    using own = readCertificate(native, leaf);
    for (const other of others) {
      const certificate = readCertificate(native, other);
      sent.push(certificate);
      native.OPENSSL_sk_push(stack.pointer, certificate.pointer);
    }
    const question = { leaf: own.pointer, sent: stack.pointer, peer: "server", now } as const;
    return { chain: trust.verify(question), built: trust.build(question) };
  } finally {
    for (const certificate of sent) certificate[Symbol.dispose]();
    trust.drop();
  }
}

let outdated: Pointer | undefined;

/** The library context that knows outdated algorithms too; made at the first use, kept for the process. */
function outdatedContext(native: Native): Pointer {
  if (outdated !== undefined) return outdated;
  const context = new Handle("a library context", { pointer: native.OSSL_LIB_CTX_new(), free: () => {} }).release();
  native.OSSL_PROVIDER_load(context, cString("default"));
  const init = openLegacy(native);
  if (init !== null && native.OSSL_PROVIDER_add_builtin(context, cString("legacy"), init) === 1) {
    native.OSSL_PROVIDER_load(context, cString("legacy"));
  }
  clearErrors(native);
  return outdated = context;
}

/** A password as C takes it: NULL is none. */
function passwordOf(password: string | null): { text: Octets | null; length: number } {
  if (password === null) return { text: null, length: 0 };
  const text = settled(cString(password));
  return { text, length: octets(password).length };
}

async function decrypt(
  native: Native,
  algorithm: Octets,
  { data, password }: { data: Octets; password: string | null },
): Promise<Octets | undefined> {
  const input = settled(algorithm);
  const cell = BigUint64Array.of(Deno.UnsafePointer.value(Deno.UnsafePointer.of(input)));
  const identifier = native.d2i_X509_ALGOR(null, new Uint8Array(cell.buffer), BigInt(algorithm.length));
  clearErrors(native);
  if (identifier === null) return undefined;
  using owned = new Handle("an algorithm", { pointer: identifier, free: native.X509_ALGOR_free });
  const { text, length } = passwordOf(password);
  const out = new BigUint64Array(1);
  const outLength = new Int32Array(2);
  const sealed = settled(data);
  const opened = await native.PKCS12_pbe_crypt_ex(
    owned.pointer,
    text,
    length,
    sealed,
    data.length,
    new Uint8Array(out.buffer),
    new Uint8Array(outLength.buffer),
    0,
    outdatedContext(native),
    null,
  );
  text?.fill(0);
  return opened === null ? undefined : taken(native, opened, outLength[0]);
}

/** Copies what C allocated, wipes it and frees it. */
function taken(native: Native, pointer: Pointer, length: number): Octets {
  try {
    return printed(native, (bio) => native.BIO_write_pointer(bio, pointer, length));
  } finally {
    native.CRYPTO_clear_free(pointer, BigInt(length), null, 0);
  }
}

const digestOctets: Record<MacKeyWish["digest"], number> = { SHA1: 20, SHA256: 32, SHA384: 48, SHA512: 64 };
const macKeyId = 3; // PKCS12_MAC_ID

async function macKey(
  native: Native,
  { digest, password, salt, rounds }: MacKeyWish,
): Promise<Octets | undefined> {
  const { text, length } = passwordOf(password);
  const size = digestOctets[digest];
  const out = new Uint8Array(new ArrayBuffer(size));
  const made = await native.PKCS12_key_gen_utf8_ex(
    text,
    length,
    settled(salt),
    salt.length,
    macKeyId,
    rounds,
    size,
    out,
    native.EVP_get_digestbyname(cString(digest)),
    outdatedContext(native),
    null,
  );
  text?.fill(0);
  return made === 1 ? out : undefined;
}

function decryptPem(
  native: Native,
  pem: string,
  { label, password }: { label: string; password: string },
): Octets | undefined {
  using bio = memoryBio(native, octets(pem));
  const data = new BigUint64Array(1);
  const length = new BigInt64Array(1);
  clearErrors(native);
  const read = native.PEM_bytes_read_bio(
    new Uint8Array(data.buffer),
    new Uint8Array(length.buffer),
    null,
    cString(label),
    bio.pointer,
    null,
    cString(password),
  );
  clearErrors(native);
  const pointer = pointerIn(data);
  return read !== 1 || pointer === null ? undefined : taken(native, pointer, Number(length[0]));
}
