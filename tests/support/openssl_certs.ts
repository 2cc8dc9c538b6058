/**
 * Certificates made by OpenSSL's command: an authority and what it signs.
 *
 * @module
 */
import { runCommand } from "./peers.ts";

/** A certificate and its key, in PEM. */
export interface Pem {
  certificatePem: string;
  keyPem: string;
}

/** What a certificate says. */
export interface CertificateWish {
  /** `DNS:mx.example.test`, `IP:127.0.0.1`. */
  names: readonly string[];
  key?: "ec" | "rsa";
  /** Who signs. Absent: itself. */
  issuer?: Pem;
  authority?: boolean;
  days?: number;
}

/** Makes a pair. */
export async function makeCertificate(
  { names, key = "ec", issuer, authority = false, days = 30 }: CertificateWish,
): Promise<Pem> {
  const folder = await Deno.makeTempDir();
  const at = (name: string) => `${folder}/${name}`;
  try {
    if (issuer) {
      await Deno.writeTextFile(at("ca.pem"), issuer.certificatePem);
      await Deno.writeTextFile(at("ca.key"), issuer.keyPem);
    }
    const { code, stderr } = await runCommand("openssl", [
      ...["req", "-x509", "-nodes", "-days", String(days), "-keyout", at("key.pem"), "-out", at("cert.pem")],
      ...(key === "ec" ? ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"] : ["-newkey", "rsa:2048"]),
      ...["-subj", `/CN=${names[0]?.replace(/^\w+:/, "") ?? "Test Authority"}`],
      ...(names.length > 0 ? ["-addext", `subjectAltName=${names.join(",")}`] : []),
      ...["-addext", `basicConstraints=critical,CA:${authority ? "TRUE" : "FALSE"}`],
      ...(issuer ? ["-CA", at("ca.pem"), "-CAkey", at("ca.key")] : []),
    ]);
    if (code !== 0) throw new Error(`Cannot make a certificate: ${stderr}`);
    return {
      certificatePem: await Deno.readTextFile(at("cert.pem")),
      keyPem: await Deno.readTextFile(at("key.pem")),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
