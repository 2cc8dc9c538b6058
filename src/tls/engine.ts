/**
 * TLS in our words: what a session is asked for, and what it proves.
 *
 * An {@linkcode Engine} makes contexts, a context makes sessions, a session turns cipher text into facts and clear
 * text. Sessions do no I/O (see `pump.ts`) and decide nothing: an untrusted certificate is a fact in {@linkcode PeerFacts};
 * whether mail may go on is policy's word. OpenSSL implements this in `src/openssl`; tests may bring another engine.
 *
 * @module
 */
import type { Octets } from "../base/octets.ts";
import type { Method } from "./method.ts";

/** Methods, ciphers and renegotiation of one service, as `tls:` in the configuration has them. */
export interface TlsProfile {
  methods: readonly Method[];
  /** OpenSSL cipher string for TLS 1.2 and below. */
  ciphers: string;
  /** Renegotiation started by the client, TLS 1.2 and below; servers only. */
  renegotiation: boolean;
}

/** A key and its certificate with intermediates, in PEM. `name` is the profile's name, for messages. */
export interface KeyPair {
  name: string;
  /** The leaf first, then intermediates. */
  certificatePem: string;
  keyPem: string;
  passphrase?: string;
}

/** Whom to trust. */
export interface TrustAnchors {
  /** PEM bundles. */
  bundles: readonly string[];
  /** Certificate revocation lists in PEM or DER. */
  crls: readonly Octets[];
  /** Counts up whenever the set changes: part of the key of cached sessions. */
  generation: number;
  /** They are read for the first chain that is verified, not before. Where they cannot be read then, no chain is trusted. */
  late?: boolean;
}

/** What a server context is made of. */
export interface ServerOptions {
  profile: TlsProfile;
  /** At least one; chosen by SNI (first match of a name in the certificate, else the first), and by key type. */
  keyPairs: readonly KeyPair[];
  /** Ask clients for a certificate; none is demanded, and a bad one is a fact, not a failure. */
  askClientCertificate: boolean;
  trust?: TrustAnchors;
  /** ALPN protocols, best first; none: the extension is ignored. */
  alpn?: readonly string[];
  /** What a session ticket is bound to: listener, policy, configuration generation. Tickets never cross it. */
  sessionIdContext: string;
}

/** What a client context is made of. */
export interface ClientOptions {
  profile: TlsProfile;
  /** Shown to servers that ask. */
  keyPair?: KeyPair;
  trust: TrustAnchors;
}

/** What one client session is asked for. */
export interface ClientSessionOptions {
  /** SNI; absent for an address. */
  serverName?: string;
  /** Key of the cache of sessions to resume; absent: neither looked up nor kept. */
  cacheKey?: string;
  alpn?: readonly string[];
}

/** Makes contexts. */
export interface Engine {
  /** `OpenSSL 3.0.19 27 Jan 2026`. */
  readonly version: string;
  /** Throws {@linkcode TlsSetupError}. */
  serverContext(options: ServerOptions): ServerContext;
  /** Throws {@linkcode TlsSetupError}. */
  clientContext(options: ClientOptions): ClientContext;
  /** The suites a string selects for these methods (TLS 1.3's three where enabled), best first. Throws {@linkcode TlsSetupError} for a string that selects nothing. */
  suites(profile: Pick<TlsProfile, "methods" | "ciphers">): CipherSuite[];
  /** Reads a pair and proves that key and certificate fit. Throws {@linkcode TlsSetupError}, with both fingerprints where they do not. */
  inspect(pair: KeyPair): CertificateFacts[];
  /** Native contexts and sessions alive: a leak test's measure. */
  readonly alive: { contexts: number; sessions: number };
}

/** One suite of a selection. */
export interface CipherSuite {
  /** OpenSSL's name. */
  name: string;
  /** `TLSv1.0` (also serves 1.1), `TLSv1.2` or `TLSv1.3`: the oldest version that can use it. */
  oldest: Method;
  /** `RSA`, `ECDSA`, `DSS`, `PSK`, `any` (TLS 1.3), `none` (anonymous). */
  authentication: string;
  /** `ECDHE`, `DHE`, `RSA`, `any`, … */
  keyExchange: string;
  /** OpenSSL's words: `AESGCM(256)`, `CHACHA20/POLY1305(256)`, `None`. */
  encryption: string;
  /** `AEAD`, `SHA1`, `SHA256`. */
  mac: string;
  bits: number;
}

/** Native contexts are counted: `dispose` gives the owner's hold up, the object goes with its last session. */
export interface ServerContext extends Disposable {
  session(): Session;
}

/** See {@linkcode ServerContext}. */
export interface ClientContext extends Disposable {
  session(options: ClientSessionOptions): Session;
}

/** What a step of a session came to. */
export type Step =
  /** It went on: `octets` of clear text read or written; for a handshake 0. */
  | { kind: "done"; octets: number }
  /** The peer has to send more. Cipher text to send may be waiting all the same. */
  | { kind: "want_read" }
  /** The peer closed the TLS stream in order (close_notify). */
  | { kind: "closed" }
  /** It is over; an alert may be waiting to be sent. */
  | { kind: "failed"; failure: TlsFailure };

/** Why TLS ended, in OpenSSL's words and with our reason word. */
export interface TlsFailure {
  /** OpenSSL's packed error code, or 0 where the end was ours. */
  code: number;
  /** `error:0A000102:SSL routines::unsupported protocol`. */
  error: string;
  reason: TlsReason;
}

/** The stable reason words of the JSON log. */
export type TlsReason =
  | "version_mismatch"
  | "no_shared_cipher"
  | "untrusted"
  | "self_signed"
  | "name_mismatch"
  | "expired"
  | "not_yet_valid"
  | "revoked"
  | "weak_certificate"
  | "fqdn_invalid"
  | "x509_invalid"
  | "bad_certificate"
  | "no_certificate"
  | "certificate_refused"
  | "handshake_failure"
  | "not_tls"
  | "timeout"
  | "closed"
  | "too_large"
  | "renegotiation"
  | "no_starttls"
  | "starttls_refused"
  | "ehlo_refused"
  | "injected"
  | "other";

/**
 * One TLS session over memory: cipher text goes in by `feed` and out by `drain`, clear text by `read` and `write`.
 * Freed by `dispose`, exactly once; nothing may be called afterwards.
 */
export interface Session extends Disposable {
  /** Takes cipher text from the peer, all of it. */
  feed(cipherText: Octets): void;
  /** Cipher text for the peer into `into`; how many bytes, 0 when there is none. */
  drain(into: Octets): number;
  handshake(): Step;
  read(into: Octets): Step;
  /** All of `clearText` or none. */
  write(clearText: Octets): Step;
  /** Prepares a close_notify for `drain`. */
  shutdown(): void;
  /** What the handshake proved. Valid once it is done. */
  facts(): PeerFacts;
}

/** One certificate, read. Times are wall milliseconds. */
export interface CertificateFacts {
  /** RFC 4514 text. */
  subject: string;
  issuer: string;
  /** Hexadecimal, as OpenSSL prints it. */
  serial: string;
  notBefore: number;
  notAfter: number;
  /** DNS names of the subject alternative name; the common name where there is none. */
  names: string[];
  /** The common names of the subject, one as a rule. */
  commonNames: string[];
  /** SHA-256 over the DER, hexadecimal with colons. */
  fingerprint: string;
  /** `RSA 2048`, `EC P-256`, `ED25519`. */
  key: string;
  /** How its issuer signed it, as OpenSSL calls it: `sha256WithRSAEncryption`. */
  signature: string;
  form: CertificateForm;
}

/** What a certificate may be used for by its key usage, RFC 5280 §4.2.1.3. */
export type KeyUsage =
  | "digitalSignature"
  | "contentCommitment"
  | "keyEncipherment"
  | "dataEncipherment"
  | "keyAgreement"
  | "keyCertSign"
  | "cRLSign";

/** How a certificate is made, besides whose it is. Strengths are security bits: 112 are those of RSA 2048, 0 is unknown. */
export interface CertificateForm {
  /** X.509's 1, 2 or 3. */
  version: number;
  /** Of the issuer's signature, its hash included: SHA-1 has 63. */
  signatureBits: number;
  keyBits: number;
  /** What is wrong with the public key itself, as `its RSA exponent is 1`. */
  keyFault?: string;
  /** An extension cannot be read, or stands there twice. */
  brokenExtensions: boolean;
  /** Absent where there is no such extension. */
  basicConstraints?: { authority: boolean; critical: boolean };
  /** Absent where there is no such extension: then it is for everything. */
  keyUsage?: KeyUsage[];
  /** Extended key usage, RFC 5280 §4.2.1.12, of what concerns TLS; absent where there is no such extension. */
  purposes?: ("serverAuth" | "clientAuth" | "anyExtendedKeyUsage" | "other")[];
}

/** A chain as far as it could be built: leaf first, an authority of ours last where one was found. */
export interface BuiltChain {
  certificates: CertificateFacts[];
  /** Which of them is at fault, where the chain is not trusted. */
  faultAt?: number;
}

/** What a finished handshake proved; nothing here is a judgement. */
export interface PeerFacts {
  protocol: Method;
  /** OpenSSL's name of the suite. */
  cipher: string;
  bits: number;
  resumed: boolean;
  /** SNI that the client sent (server side). */
  serverName?: string;
  alpn?: string;
  /** Whether the peer showed a certificate. */
  certificate: boolean;
  /** Chain and time: true, or why not, with OpenSSL's verify code and words. */
  chain: { trusted: true } | { trusted: false; reason: TlsReason; code: number; text: string };
  /** The peer's chain as sent, leaf first. Read on demand, since it costs. */
  certificates(): CertificateFacts[];
  /** The chain that verification built of it and of our authorities. On demand too: it is built anew. */
  builtChain(): BuiltChain;
  /** Whether the leaf carries `name` (a DNS name or an address): SAN, the CN only where there is no DNS SAN, no partial wildcards. */
  matches(name: string): boolean;
}

/** A context or key pair that cannot be made; the message is one clear line. */
export class TlsSetupError extends Error {
  override name = "TlsSetupError";
  /** Which part of the options is at fault: so that the configuration can name the key. */
  readonly part: "methods" | "ciphers" | "certificate" | "key" | "trust" | "crl" | "library";

  constructor(part: TlsSetupError["part"], message: string) {
    super(message);
    this.part = part;
  }
}
