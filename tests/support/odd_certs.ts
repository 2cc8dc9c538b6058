/**
 * Certificates as no sound authority signs them: odd names, usages, versions and keys. Made in this process where OpenSSL's command would refuse.
 *
 * @module
 */
import "reflect-metadata";
import * as x509 from "@peculiar/x509";

export { x509 };

const ec = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const rsa = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  modulusLength: 2048,
  publicExponent: Uint8Array.of(1, 0, 1),
} as const;

/** A certificate with its key. */
export interface OddCertificate {
  certificatePem: string;
  keyPem: string;
  certificate: x509.X509Certificate;
  keys: CryptoKeyPair;
}

/** What is odd about it. */
export interface OddWish {
  /** Absent: it signs itself. */
  issuer?: OddCertificate;
  commonNames?: readonly string[];
  /** DNS names of the subject alternative name. */
  names?: readonly string[];
  extensions?: readonly x509.Extension[];
  /** A key of an earlier certificate; absent: a new one on P-256. */
  keys?: CryptoKeyPair;
  from?: Date;
  until?: Date;
}

/** A key pair of RSA. */
export function rsaKeys(bits = 2048): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey({ ...rsa, modulusLength: bits }, true, ["sign", "verify"]);
}

/** A key pair on P-256. */
export function ecKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ec, true, ["sign", "verify"]);
}

let serial = 1;

/** Makes a certificate. */
export async function makeOdd(wish: OddWish): Promise<OddCertificate> {
  const { issuer, commonNames = [], names = [], extensions = [] } = wish;
  const keys = wish.keys ?? await ecKeys();
  const signer = issuer ?? { keys, certificate: undefined };
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: (serial++).toString(16).padStart(4, "0"),
    subject: commonNames.map((name) => ({ CN: [name] })),
    issuer: issuer?.certificate.subject ?? commonNames.map((name) => ({ CN: [name] })),
    notBefore: wish.from ?? new Date(Date.now() - 86_400_000),
    notAfter: wish.until ?? new Date(Date.now() + 30 * 86_400_000),
    publicKey: keys.publicKey,
    signingKey: signer.keys.privateKey,
    signingAlgorithm: signer.keys.privateKey.algorithm.name === "ECDSA" ? ec : rsa,
    extensions: [
      ...names.length === 0
        ? []
        : [new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: "dns" as const, value })))],
      ...extensions,
    ],
  });
  return {
    certificatePem: certificate.toString("pem") + "\n",
    keyPem: x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY") + "\n",
    certificate,
    keys,
  };
}

const { keyCertSign, cRLSign } = x509.KeyUsageFlags;

/** What a sound authority carries. */
export const authorityExtensions: readonly x509.Extension[] = [
  new x509.BasicConstraintsExtension(true, undefined, true),
  new x509.KeyUsagesExtension(keyCertSign | cRLSign, true),
];
