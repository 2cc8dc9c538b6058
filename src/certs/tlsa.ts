/**
 * TLSA records of our own certificates: `3 1 1`, the SHA-256 of the public key of the certificate itself (RFC 6698 §2.1; RFC 7672 §3.1.1 asks
 * for this one), and of the key that comes next, since its record has to be in the DNS before it is used (RFC 7671 §8.1).
 *
 * @module
 */
import { createHash, createPublicKey, X509Certificate } from "node:crypto";
import type { Config } from "../config/config.ts";
import type { KeyPair } from "../tls/engine.ts";
import { CertificateFileError, readBounded } from "./files.ts";

/** One record that is to be in the DNS. */
export interface TlsaRecord {
  /** SHA-256 of the public key's DER, hexadecimal. */
  digest: string;
  /** Whose key it is: that of a certificate in service, or of the request that waits. */
  of: "service" | "next";
}

/** The digest of a certificate's key, of the first certificate of a PEM text. */
export function certificateDigest(certificatePem: string): string {
  return digestOf(new X509Certificate(certificatePem).publicKey.export({ type: "spki", format: "der" }));
}

/** The digest of the public half of a key in PEM. */
export function keyDigest(keyPem: string): string {
  return digestOf(createPublicKey(keyPem).export({ type: "spki", format: "der" }));
}

function digestOf(der: Uint8Array): string {
  return createHash("sha256").update(der).digest("hex");
}

/** The records of a profile: of its pairs in service, then of the key that comes next, where there is one. */
export function tlsaRecords(pairs: readonly KeyPair[], nextKeyPem: string | undefined): TlsaRecord[] {
  const records: TlsaRecord[] = pairs.map(({ certificatePem }) => ({
    digest: certificateDigest(certificatePem),
    of: "service",
  }));
  if (nextKeyPem !== undefined) records.push({ digest: keyDigest(nextKeyPem), of: "next" });
  return records.filter(({ digest }, at) => records.findIndex((one) => one.digest === digest) === at);
}

/** The key of the request that waits: of a profile with ACME, or of one that is being renewed with a new key. */
export async function nextKey(config: Config, name: string): Promise<string | undefined> {
  const profile = config.certificates.get(name);
  const acme = profile?.self_signed ? profile.acme : undefined;
  if (acme?.keep_key) return undefined;
  const certificates = `${config.storage.directory}/certificates`;
  const path = acme === undefined ? `${certificates}/${name}.key.next` : `${certificates}/acme/${name}.next.key`;
  try {
    return new TextDecoder().decode(await readBounded(path));
  } catch (thrown) {
    if (thrown instanceof CertificateFileError && /no such file$/.test(thrown.message)) return undefined;
    throw thrown;
  }
}

/** `_25._tcp.mx1.example.com`: RFC 6698 §3. */
export function tlsaOwner({ host, port }: { host: string; port: number }): string {
  return `_${port}._tcp.${host}`;
}
