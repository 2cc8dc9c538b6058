/**
 * An authority of certificates for tests, run by OpenSSL's `ca` command: any dates, keys, names, and revocation lists.
 *
 * @module
 */
import { runCommand } from "./peers.ts";

/** What a key may be. */
export type KeyKind = "rsa:768" | "rsa:2048" | "ec:p256" | "ec:p384" | "ed25519";

/** A certificate with its key, as text and as files. */
export interface MadeCertificate {
  certificatePem: string;
  keyPem: string;
  certificatePath: string;
  keyPath: string;
}

/** An authority. Its files lie in `dir`. */
export interface Authority extends MadeCertificate {
  dir: string;
}

/** What an authority may be told. */
export interface AuthorityWish {
  name?: string;
  key?: KeyKind;
  /** Signs the new authority; absent: it signs itself. */
  parent?: Authority;
  notBefore?: Date;
  notAfter?: Date;
}

/** What a leaf may be told. */
export interface LeafWish {
  /** Absent: the leaf signs itself. */
  ca?: Authority;
  /** DNS names, or addresses, of the subject alternative name; empty: none. */
  names: readonly string[];
  /** The subject's common name; the first name by default. */
  commonName?: string;
  key?: KeyKind;
  days?: number;
  notBefore?: Date;
  notAfter?: Date;
  /** Encrypts the key file. */
  passphrase?: string;
  purpose?: "serverAuth" | "clientAuth" | "both";
  /** `sha256` by default. */
  digest?: "sha256" | "sha1" | "md5";
  /** More lines of extensions, as in OpenSSL's configuration. */
  extensions?: readonly string[];
}

const dayMs = 86_400_000;

/** Makes an authority in a folder of its own below `dir`. */
export async function makeAuthority(dir: string, wish: AuthorityWish = {}): Promise<Authority> {
  const { name = "Test Authority", key = "ec:p256", parent } = wish;
  const own = await Deno.makeTempDir({ dir, prefix: "ca-" });
  await Promise.all([
    Deno.writeTextFile(`${own}/index.txt`, ""),
    Deno.writeTextFile(`${own}/index.txt.attr`, "unique_subject = no\n"),
    Deno.writeTextFile(`${own}/serial`, "1000\n"),
    Deno.writeTextFile(`${own}/crlnumber`, "01\n"),
    Deno.writeTextFile(`${own}/ca.cnf`, caConfig),
  ]);
  const made = await issue({
    dir: own,
    signer: parent,
    subject: name,
    key,
    extensions: "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n" +
      "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n",
    dates: datesOf({ days: 3650, ...wish }),
  });
  return { dir: own, ...made };
}

/** Makes a leaf. Its files lie beside its authority's, or in a folder below the system's for a self-signed one. */
export async function makeLeaf(wish: LeafWish, dir?: string): Promise<MadeCertificate> {
  const { ca, names, commonName = names[0] ?? "leaf", key = "ec:p256", purpose = "both" } = wish;
  const parent = dir ?? ca?.dir;
  if (parent === undefined) throw new Error("Cannot make a leaf: it has neither an authority nor a folder");
  const own = await Deno.makeTempDir({ dir: parent, prefix: "leaf-" });
  const san = names.map((name) => `${/^[\d.]+$|:/.test(name) ? "IP" : "DNS"}:${name}`).join(",");
  const usage = purpose === "both" ? "serverAuth,clientAuth" : purpose;
  return await issue({
    dir: own,
    signer: ca,
    subject: commonName,
    key,
    extensions: `basicConstraints=CA:FALSE\nextendedKeyUsage=${usage}\nsubjectKeyIdentifier=hash\n` +
      (ca === undefined ? "" : "authorityKeyIdentifier=keyid\n") +
      (san === "" ? "" : `subjectAltName=${san}\n`) + (wish.extensions ?? []).map((line) => `${line}\n`).join(""),
    dates: datesOf(wish),
    passphrase: wish.passphrase,
    digest: wish.digest,
  });
}

/** A revocation list of `ca` that names the `revoked`, in PEM. */
export async function makeRevocationList(
  ca: Authority,
  { revoked, from, until }: { revoked: readonly MadeCertificate[]; from?: Date; until?: Date },
): Promise<string> {
  for (const { certificatePath } of revoked) {
    await openssl([...signedBy(ca), "-revoke", certificatePath]);
  }
  const out = await Deno.makeTempFile({ dir: ca.dir, suffix: ".crl" });
  const dates = from === undefined && until === undefined ? ["-crldays", "30"] : [
    ...["-crl_lastupdate", stamp(from ?? new Date(Date.now() - dayMs))],
    ...["-crl_nextupdate", stamp(until ?? new Date(Date.now() + 30 * dayMs))],
  ];
  await openssl([...signedBy(ca), "-gencrl", "-out", out, ...dates]);
  return await Deno.readTextFile(out);
}

const caConfig = `
[ca]
default_ca = own
[own]
dir = .
database = $dir/index.txt
serial = $dir/serial
crlnumber = $dir/crlnumber
new_certs_dir = $dir
default_md = sha256
default_days = 30
default_crl_days = 30
policy = any
email_in_dn = no
copy_extensions = none
[any]
commonName = optional
[req]
distinguished_name = dn
[dn]
`;

interface Issue {
  dir: string;
  signer: Authority | undefined;
  subject: string;
  key: KeyKind;
  extensions: string;
  dates: { from: Date; until: Date };
  passphrase?: string;
  digest?: string;
}

async function issue(wish: Issue): Promise<MadeCertificate> {
  const { dir, signer, subject, extensions, dates, passphrase } = wish;
  const keyPath = `${dir}/key.pem`;
  const certificatePath = `${dir}/cert.pem`;
  await openssl([
    ...["genpkey", "-out", keyPath, ...keyArguments[wish.key]],
    ...(passphrase === undefined ? [] : ["-aes-256-cbc", "-pass", `pass:${passphrase}`]),
  ]);
  const config = `${signer?.dir ?? dir}/ca.cnf`;
  if (signer === undefined) {
    await Deno.writeTextFile(`${dir}/ca.cnf`, caConfig);
    await Deno.writeTextFile(`${dir}/index.txt`, "");
    await Deno.writeTextFile(`${dir}/serial`, "01\n");
  }
  await Deno.writeTextFile(`${dir}/extensions`, extensions);
  await openssl([
    ...[
      "req",
      "-new",
      "-utf8",
      "-config",
      config,
      "-key",
      keyPath,
      "-out",
      `${dir}/request.pem`,
      "-subj",
      `/CN=${subject}`,
    ],
    ...(passphrase === undefined ? [] : ["-passin", `pass:${passphrase}`]),
  ]);
  const selfSigned = { dir, certificatePath: "", keyPath };
  await openssl([
    ...signedBy(signer ?? selfSigned),
    ...(signer === undefined ? ["-selfsign"] : []),
    ...["-batch", "-notext", "-in", `${dir}/request.pem`, "-out", certificatePath, "-extfile", `${dir}/extensions`],
    ...["-startdate", stamp(dates.from), "-enddate", stamp(dates.until)],
    ...(passphrase === undefined || signer !== undefined ? [] : ["-passin", `pass:${passphrase}`]),
    ...(wish.digest === undefined ? [] : ["-md", wish.digest]),
  ]);
  const [certificatePem, keyPem] = await Promise.all([certificatePath, keyPath].map((path) => Deno.readTextFile(path)));
  return { certificatePem, keyPem, certificatePath, keyPath };
}

const keyArguments: Record<KeyKind, string[]> = {
  "rsa:768": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:768"],
  "rsa:2048": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
  "ec:p256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
  "ec:p384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
  "ed25519": ["-algorithm", "ED25519"],
};

function signedBy(ca: Pick<Authority, "dir" | "certificatePath" | "keyPath">): string[] {
  return [
    ...["ca", "-config", `${ca.dir}/ca.cnf`, "-keyfile", ca.keyPath],
    ...(ca.certificatePath === "" ? [] : ["-cert", ca.certificatePath]),
  ];
}

function datesOf(wish: { days?: number; notBefore?: Date; notAfter?: Date }): { from: Date; until: Date } {
  const from = wish.notBefore ?? new Date(Date.now() - dayMs);
  return { from, until: wish.notAfter ?? new Date(Date.now() + (wish.days ?? 30) * dayMs) };
}

/** `YYYYMMDDHHMMSSZ`. */
function stamp(at: Date): string {
  return at.toISOString().replace(/\.\d+Z$/, "Z").replace(/[-:T]/g, "");
}

/** Runs in the authority's folder, which the configuration calls `.`. */
async function openssl(args: readonly string[]): Promise<void> {
  const config = args.indexOf("-config");
  const base = config < 0 ? undefined : args[config + 1].replace(/\/ca\.cnf$/, "");
  const { code, stderr } = await runCommand("sh", [
    "-c",
    'cd "$1" && shift && exec "$@"',
    "sh",
    base ?? ".",
    "openssl",
    ...args,
  ]);
  if (code !== 0) throw new Error(`Cannot run openssl ${args.join(" ")}: ${stderr}`);
}
