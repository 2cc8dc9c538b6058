/**
 * Keys, requests and challenge certificates for ACME, made by `@peculiar/x509` over WebCrypto.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Octets } from "../base/octets.ts";
import type { Random } from "../base/random.ts";
import type { AcmeConfig } from "../config/config.ts";
import type { KeyPair } from "../tls/engine.ts";

/** A kind of key, as `acme.key` has it. */
export type AcmeKeyKind = AcmeConfig["key"];

const rsa = (modulusLength: number) => ({
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  modulusLength,
  publicExponent: Uint8Array.of(1, 0, 1),
});

const algorithms: Readonly<Record<AcmeKeyKind, EcKeyGenParams & { hash: string } | ReturnType<typeof rsa>>> = {
  "ec:p256": { name: "ECDSA", hash: "SHA-256", namedCurve: "P-256" },
  "ec:p384": { name: "ECDSA", hash: "SHA-384", namedCurve: "P-384" },
  "rsa:2048": rsa(2048),
  "rsa:3072": rsa(3072),
  "rsa:4096": rsa(4096),
};

/** What the engine calls a key of this kind: `EC P-256`, `RSA 2048`. */
export function keyText(kind: AcmeKeyKind): string {
  return kind.replace("ec:p", "EC P-").replace("rsa:", "RSA ");
}

async function library(): Promise<typeof import("@peculiar/x509")> {
  await import("reflect-metadata");
  return await import("@peculiar/x509");
}

/** A new key, PKCS#8 in PEM. */
export async function newKey(kind: AcmeKeyKind): Promise<string> {
  const { PemConverter } = await library();
  const { privateKey } = await crypto.subtle.generateKey(algorithms[kind], true, ["sign", "verify"]) as CryptoKeyPair;
  return `${PemConverter.encode(await crypto.subtle.exportKey("pkcs8", privateKey), "PRIVATE KEY")}\n`;
}

/** A key and the public one that belongs to it. Rejects where the text holds no key of this kind. */
async function keysOf(kind: AcmeKeyKind, keyPem: string): Promise<CryptoKeyPair> {
  const { PemConverter } = await library();
  const { subtle } = crypto;
  const algorithm = algorithms[kind];
  const privateKey = await subtle.importKey("pkcs8", PemConverter.decodeFirst(keyPem), algorithm, true, ["sign"]);
  const { kty, crv, x, y, n, e } = await subtle.exportKey("jwk", privateKey);
  const half = kty === "EC" ? { kty, crv, x, y } : { kty, n, e };
  return { privateKey, publicKey: await subtle.importKey("jwk", half, algorithm, true, ["verify"]) };
}

/** Whether a text holds a key of this kind. */
export async function isKey(kind: AcmeKeyKind, keyPem: string): Promise<boolean> {
  const bits = /^rsa:(\d+)$/.exec(kind)?.[1];
  try {
    const { publicKey: { algorithm } } = await keysOf(kind, keyPem);
    return bits === undefined || (algorithm as RsaHashedKeyAlgorithm).modulusLength === Number(bits);
  } catch {
    return false;
  }
}

/** The request for a certificate with these names, the first as common name where it is short enough; PKCS#10, DER. */
export async function certificateRequest(
  { kind, keyPem, names }: { kind: AcmeKeyKind; keyPem: string; names: readonly string[] },
): Promise<Octets> {
  const x509 = await library();
  // RFC 5280 appendix A: a common name has at most 64 characters.
  const commonName = names.find((name) => name.length <= 64);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: commonName === undefined ? [] : [{ CN: [commonName] }],
    keys: await keysOf(kind, keyPem),
    signingAlgorithm: algorithms[kind],
    extensions: [new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: "dns" as const, value })))],
  });
  return new Uint8Array(request.rawData);
}

const hourMs = 3_600_000;
/** id-pe-acmeIdentifier: RFC 8737 §6.1. */
const acmeIdentifier = "1.3.6.1.5.5.7.1.31";

/** The certificate that answers tls-alpn-01: RFC 8737 §3. `digest`: SHA-256 of the key authorization. */
export async function challengeCertificate(
  { name, digest }: { name: string; digest: Octets },
  { clock, random }: { clock: Pick<Clock, "now">; random: Random },
): Promise<KeyPair> {
  const x509 = await library();
  const algorithm = algorithms["ec:p256"];
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as CryptoKeyPair;
  const serial = random.bytes(16);
  serial[0] = serial[0] & 0x7f | 0x40;
  // An OCTET STRING inside the extension's own.
  const value = Uint8Array.of(4, digest.length, ...digest);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial.toHex(),
    name: [{ CN: ["ACME challenge"] }],
    notBefore: new Date(clock.now() - hourMs),
    notAfter: new Date(clock.now() + 24 * hourMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.SubjectAlternativeNameExtension([{ type: "dns", value: name }]),
      new x509.Extension(acmeIdentifier, true, value),
    ],
  });
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    name: `the challenge of ${name}`,
    certificatePem: `${certificate.toString("pem")}\n`,
    keyPem: `${x509.PemConverter.encode(pkcs8, "PRIVATE KEY")}\n`,
  };
}
