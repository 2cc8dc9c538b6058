/**
 * Keys, self-signed certificates and signing requests (PKCS#10, RFC 2986).
 *
 * `@peculiar/x509` writes the structures and WebCrypto signs them. It is loaded when something is made, not before: a start of the gateway
 * does without it.
 *
 * @module
 */
import type { Name, Pkcs10CertificateRequest, X509Certificate } from "@peculiar/x509";
import type { Clock } from "../base/clock.ts";
import type { Octets } from "../base/octets.ts";
import type { Random } from "../base/random.ts";
import { ProfileError } from "./profile_names.ts";
import type { AlternativeName, KeyKind, Subject } from "./subject.ts";
import { tell } from "./texts.ts";

/** A key pair with the way it signs. */
export interface Signer {
  keys: CryptoKeyPair;
  algorithm: SigningAlgorithm;
}

/** What a certificate or a request says, as the library has it: read from words, or from another certificate or request. */
export interface Claims {
  subject: Name;
  /** DER of the subject alternative name's value; absent: none. */
  names?: Octets;
}

/** As WebCrypto takes it. */
export type SigningAlgorithm = { name: string; hash?: string; namedCurve?: string };

const publicExponent = Uint8Array.of(1, 0, 1);
const rsa = (modulusLength: number) => ({ ...signing.rsa, modulusLength, publicExponent });
const signing = {
  rsa: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  p256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  p384: { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" },
  p521: { name: "ECDSA", namedCurve: "P-521", hash: "SHA-512" },
  ed25519: { name: "Ed25519" },
} as const satisfies Record<string, SigningAlgorithm>;

const generated: Readonly<Record<KeyKind, () => SigningAlgorithm>> = {
  "rsa:2048": () => rsa(2048),
  "rsa:3072": () => rsa(3072),
  "rsa:4096": () => rsa(4096),
  "ec:p256": () => signing.p256,
  "ec:p384": () => signing.p384,
  "ed25519": () => signing.ed25519,
};

const dayMs = 86_400_000;
/** A peer whose clock is slow takes it all the same. */
const backdatedMs = 3_600_000;

/** A new pair; RSA may take seconds, on another thread. */
export async function newSigner(kind: KeyKind): Promise<Signer> {
  const algorithm = generated[kind]();
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as CryptoKeyPair;
  return { keys, algorithm };
}

/** The pair of a private key (PKCS#8, DER). Throws {@linkcode ProfileError} for a kind that cannot sign requests here. */
export async function signerOf(pkcs8: Octets, kind: string): Promise<Signer> {
  const { subtle } = crypto;
  for (const algorithm of Object.values(signing)) {
    try {
      const privateKey = await subtle.importKey("pkcs8", pkcs8, algorithm, true, ["sign"]);
      const { kty, n, e, crv, x, y } = await subtle.exportKey("jwk", privateKey);
      const publicKey = await subtle.importKey("jwk", { kty, n, e, crv, x, y }, algorithm, true, ["verify"]);
      return { keys: { privateKey, publicKey }, algorithm };
    } catch {
      // Another kind of key.
    }
  }
  throw new ProfileError(tell("fault.cert.signer", { kind }));
}

/** The private key, PKCS#8 in PEM. */
export async function keyPem({ keys }: Signer): Promise<string> {
  const { PemConverter } = await library();
  return PemConverter.encode(await crypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY") + "\n";
}

/** What the words of an administrator ask for. */
export async function claimsOf({ parts, names }: Subject): Promise<Claims> {
  const { Name } = await library();
  // RFC 5280 §4.1.2.4: UTF8String, and PrintableString for countries. A plain string would be taken apart where it has quotes.
  const subject = new Name(
    parts.map(({ type, value }) => ({ [type]: [type === "C" ? { printableString: value } : { utf8String: value }] })),
  );
  return { subject, ...names.length > 0 ? { names: await namesValue(names) } : {} };
}

async function namesValue(names: readonly AlternativeName[]): Promise<Octets> {
  const { SubjectAlternativeNameExtension } = await library();
  return new Uint8Array(new SubjectAlternativeNameExtension(names.map((name) => ({ ...name }))).value);
}

const namesOid = "2.5.29.17";

/** What a certificate or a request says. `pem` is either; the first block counts. */
export async function claimsIn(pem: string): Promise<Claims> {
  const read = await readSigned(pem);
  const names = read.getExtension(namesOid)?.value;
  return { subject: read.subjectName, ...names === undefined ? {} : { names: new Uint8Array(names) } };
}

/** What a request says, for people. */
export interface RequestFacts {
  subject: string;
  names: string[];
  /** SHA-256 over the public key (SubjectPublicKeyInfo), hexadecimal with colons. */
  publicKeySha256: string;
}

/** Reads a request that was made here. */
export async function requestFacts(pem: string): Promise<RequestFacts> {
  const { SubjectAlternativeNameExtension } = await library();
  const request = await readSigned(pem);
  const names = request.getExtension(namesOid);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", request.publicKey.rawData));
  return {
    subject: request.subject,
    names: names === null
      ? []
      : new SubjectAlternativeNameExtension(names.rawData).names.toJSON().map(({ value }) => value),
    publicKeySha256: digest.toHex().toUpperCase().replaceAll(/..(?=.)/g, "$&:"),
  };
}

async function readSigned(pem: string): Promise<X509Certificate | Pkcs10CertificateRequest> {
  const { Pkcs10CertificateRequest, X509Certificate } = await library();
  return pem.includes("REQUEST-----") ? new Pkcs10CertificateRequest(pem) : new X509Certificate(pem);
}

/** A signing request in PEM. */
export async function makeRequest(claims: Claims, { keys, algorithm }: Signer): Promise<string> {
  const { Pkcs10CertificateRequestGenerator } = await library();
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: claims.subject,
    keys,
    signingAlgorithm: algorithm,
    extensions: await extensionsOf(claims, algorithm),
  });
  return request.toString("pem") + "\n";
}

/** A self-signed certificate in PEM. */
export async function makeCertificate(
  claims: Claims,
  { keys, algorithm, days, clock, random }: Signer & { days: number; clock: Pick<Clock, "now">; random: Random },
): Promise<string> {
  const { SubjectKeyIdentifierExtension, X509CertificateGenerator } = await library();
  const serial = random.bytes(16);
  serial[0] = serial[0] & 0x7f | 0x40; // positive and of full length: RFC 5280 §4.1.2.2
  const now = clock.now();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial.toHex(),
    name: claims.subject,
    notBefore: new Date(now - backdatedMs),
    notAfter: new Date(now + days * dayMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      ...await extensionsOf(claims, algorithm),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return certificate.toString("pem") + "\n";
}

/** A gateway is server and client. RFC 5280 §4.2.1.3: only RSA keys encipher others, for TLS 1.2's key transport. */
async function extensionsOf({ names }: Claims, { name }: SigningAlgorithm) {
  const x509 = await library();
  const { KeyUsageFlags: usages, ExtendedKeyUsage: purposes } = x509;
  const encipher = name === signing.rsa.name ? usages.keyEncipherment : 0;
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(usages.digitalSignature | encipher, true),
    new x509.ExtendedKeyUsageExtension([purposes.serverAuth, purposes.clientAuth]),
    ...names === undefined ? [] : [new x509.Extension(namesOid, false, names)],
  ];
}

async function library(): Promise<typeof import("@peculiar/x509")> {
  await import("reflect-metadata");
  return await import("@peculiar/x509");
}
