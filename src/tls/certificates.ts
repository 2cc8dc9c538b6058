/**
 * What an engine does with certificates and keys as things of their own: reads them, proves who signed whom, opens what a password
 * protects, and writes PKCS#12. The module `src/certs` knows the formats and asks for these few steps alone.
 *
 * Everything here takes DER and gives plain data. A `null` password is none at all, which PKCS#12 tells from an empty one.
 *
 * @module
 */
import type { Octets } from "../base/octets.ts";
import type { BuiltChain, CertificateFacts, PeerFacts, TrustAnchors } from "./engine.ts";

/** One certificate, read. */
export interface CertificateReading extends CertificateFacts {
  /** SHA-1 over the DER, hexadecimal with colons: what old tools show. */
  fingerprintSha1: string;
  /** SHA-256 over the public key (SubjectPublicKeyInfo), likewise: the same for a key and each of its certificates. */
  publicKeySha256: string;
  /** Its own key signed it. */
  selfSigned: boolean;
}

/** One private key, read. */
export interface KeyReading {
  /** PKCS#8 in PEM, not encrypted: for files with mode 0600 and for the engine, never for a log. */
  pem: string;
  /** `RSA 2048`, `EC P-256`, `ED25519`. */
  key: string;
  /** See {@linkcode CertificateReading}. */
  publicKeySha256: string;
}

/** What a chain is verified with. */
export interface ChainCheck {
  /** DER. */
  leaf: Octets;
  /** What is sent with it, DER. */
  others: readonly Octets[];
  trust: TrustAnchors;
  /** Wall milliseconds. */
  now: number;
}

/** What verification says, and the chain that it built. */
export interface ChainAnswer {
  chain: PeerFacts["chain"];
  built: BuiltChain;
}

/** What PKCS#12's own derivation makes a key for a checksum of: RFC 7292 §B. */
export interface MacKeyWish {
  digest: "SHA1" | "SHA256" | "SHA384" | "SHA512";
  password: string | null;
  salt: Octets;
  rounds: number;
}

/** What is written into a PKCS#12 file. */
export interface Pkcs12Wish {
  /** PEM. */
  key: string;
  /** DER. */
  certificate: Octets;
  /** DER, in order. */
  chain: readonly Octets[];
  friendlyName: string;
  password: string;
  /** `modern`: AES-256 and SHA-256; `legacy`: triple DES and SHA-1, for Windows before Server 2019 and Java before 8u301. */
  protection: "modern" | "legacy";
}

/** See the module. Methods that take long work on another thread and give a promise. */
export interface CertificateEngine {
  /** Throws `TlsSetupError`, whose message is the cause alone. */
  certificate(der: Octets): CertificateReading;
  /** PKCS#8, PKCS#1 or SEC 1. Throws `TlsSetupError`, whose message is the cause alone. */
  key(der: Octets): KeyReading;
  /** Whether `issuer` signed `certificate`: by name, key identifier and signature. What cannot be read is not signed. */
  issued(certificate: Octets, issuer: Octets): boolean;
  /** The one verification that peers of a gateway's own connections go through too. Throws `TlsSetupError`. */
  verify(question: ChainCheck): ChainAnswer;
  /**
   * Opens what an AlgorithmIdentifier of PKCS#5 or PKCS#12 protects. `undefined`: the password or the method does not. The caller bounds the rounds
   * that the identifier asks for: there is no way to end a thread that counts to 2³¹.
   */
  decrypt(algorithm: Octets, options: { data: Octets; password: string | null }): Promise<Octets | undefined>;
  /** A key for a checksum, as long as the digest. */
  macKey(wish: MacKeyWish): Promise<Octets | undefined>;
  /** The DER within a PEM block that OpenSSL's old way encrypts (`Proc-Type: 4,ENCRYPTED`), by its label. `undefined`: the password or the method does not open it. */
  decryptPem(pem: string, options: { label: string; password: string }): Octets | undefined;
  /** A PKCS#12 file. Rejects with `TlsSetupError`. */
  writePkcs12(wish: Pkcs12Wish): Promise<Octets>;
}
