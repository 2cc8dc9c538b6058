/**
 * Authorities that are trusted: the system's list, and the owner's bundles.
 *
 * A bundle that a command took in is kept in `certificates/authorities` of the storage, as PEM and nothing else; its file's name is the bundle's. A
 * bundle that the owner put elsewhere has the name of its file too and is never changed. What is odd about a certificate is told, and it is taken all the same: a
 * server's own certificate is a sound anchor, for that server.
 *
 * @module
 */
import { basename, dirname } from "node:path";
import { printable } from "../base/text.ts";
import type { Config } from "../config/config.ts";
import type { CertificateEngine } from "../tls/certificates.ts";
import { chainPem } from "./chain.ts";
import { readBounded } from "./files.ts";
import { readTrustedList } from "./inventory.ts";
import { day } from "./lists.ts";
import { readCertificates } from "./read.ts";
import type { CertificateRecord } from "./record.ts";
import { type UpdateStatus, updateStatus } from "./updates.ts";
import type { Octets } from "../base/octets.ts";
import { causeOf } from "../base/text.ts";

/** One certificate of a bundle, as plain data. Times are wall milliseconds. */
export interface AuthorityFacts {
  subject: string;
  issuer: string;
  notBefore: number;
  notAfter: number;
  fingerprint: string;
  key: string;
  /** It may sign others. */
  authority: boolean;
}

/** One bundle of the owner's. */
export interface BundleFacts {
  name: string;
  file: string;
  /** A command made it, and a command may remove it. */
  ours: boolean;
  certificates: AuthorityFacts[];
  /** Why it cannot be read. */
  fault?: string;
}

/** Whom a configuration trusts. */
export interface AuthoritiesFacts {
  system: {
    trusted: boolean;
    /** `null`: there is none. */
    file: string | null;
    certificates: number;
    /** The updater's list, which stands in for the system's once it was fetched. */
    updates?: UpdateStatus;
  };
  bundles: BundleFacts[];
  /** Sources of revocation lists. */
  crls: number;
}

/** What bundles are read with. */
export interface BundleWorld {
  engine: CertificateEngine;
}

/** A bundle to take in. */
export interface NewBundle {
  /** What is kept. */
  pem: string;
  certificates: AuthorityFacts[];
  /** What is odd about it, a sentence each. */
  warnings: string[];
}

/** The folder of bundles that commands took in. */
export function bundleFolder(directory: string): string {
  return `${directory}/certificates/authorities`;
}

/** `partner` of `/etc/ssl/partner.pem`. */
export function bundleNameOf(file: string): string {
  return basename(file).replace(/\.(pem|crt|cer|der|p7b|txt)$/i, "");
}

/** The name for a new bundle, or nothing where it cannot be one: it becomes a file's name. */
export function cleanBundleName(name: string): string | undefined {
  return /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(name) && name !== "system" ? name : undefined;
}

/** See {@linkcode AuthoritiesFacts}. */
export async function authoritiesOf(config: Config, world: BundleWorld): Promise<AuthoritiesFacts> {
  const { system, custom, crls } = config.certificate_authorities;
  const [list, updates] = await Promise.all([readTrustedList(config), updateStatus(config)]);
  const facts = { trusted: system, file: list?.path ?? null, certificates: countIn(list?.text ?? "") };
  return {
    system: updates === undefined ? facts : { ...facts, updates },
    bundles: await Promise.all(custom.map((file) => bundleOf(file, { config, ...world }))),
    crls: crls.length,
  };
}

async function bundleOf(file: string, { config, engine }: BundleWorld & { config: Config }): Promise<BundleFacts> {
  const ours = dirname(file) === bundleFolder(config.storage.directory);
  const facts = { name: bundleNameOf(file), file, ours };
  try {
    const { certificates } = readCertificates(await readBounded(file), { engine, what: printable(file) });
    return { ...facts, certificates: certificates.map(factsOf) };
  } catch (thrown) {
    return { ...facts, certificates: [], fault: causeOf(thrown) };
  }
}

/** Every certificate of the owner's bundles and of the system's list where that is trusted, in PEM. Rejects with `CertificateFileError`. */
export async function bundlePem(file: string, { engine }: BundleWorld): Promise<string> {
  const { certificates } = readCertificates(await readBounded(file), { engine, what: printable(file) });
  return chainPem(certificates);
}

/** Reads a bundle to take in, held against those that are there. Throws `FormatError`. */
export function newBundle(
  content: Octets,
  { engine, what, now, held }: BundleWorld & { what: string; now: number; held: AuthoritiesFacts },
): NewBundle {
  const { certificates: read, notes } = readCertificates(content, { engine, what });
  const warnings = [...notes];
  const certificates: CertificateRecord[] = [];
  const known = new Map(
    held.bundles.toReversed().flatMap(({ name, certificates }) =>
      certificates.map(({ fingerprint }) => [fingerprint, name] as const)
    ),
  );
  for (const certificate of read) {
    const { fingerprint, subject, notAfter, notBefore } = certificate;
    const who = printable(subject) || `the certificate ${fingerprint.slice(0, 11)}…`;
    if (certificates.some((other) => other.fingerprint === fingerprint)) {
      warnings.push(`${who} is in it twice: it is kept once`);
      continue;
    }
    certificates.push(certificate);
    const elsewhere = known.get(fingerprint);
    if (elsewhere !== undefined) warnings.push(`${who} is in the bundle ${elsewhere} already`);
    if (!isAuthority(certificate)) warnings.push(`${who} is no authority: it vouches for itself alone`);
    if (notAfter <= now) warnings.push(`${who} expired on ${day(notAfter)}: nothing that it signed verifies`);
    else if (notBefore > now) warnings.push(`${who} is not valid before ${day(notBefore)}`);
  }
  return { pem: chainPem(certificates), certificates: certificates.map(factsOf), warnings };
}

function factsOf(certificate: CertificateRecord): AuthorityFacts {
  const { subject, issuer, notBefore, notAfter, fingerprint, key } = certificate;
  return { subject, issuer, notBefore, notAfter, fingerprint, key, authority: isAuthority(certificate) };
}

/** RFC 5280 §4.2.1.9; roots of version 1 have no extensions, and their own signature. */
function isAuthority({ authority, selfSigned, keyUsage, dnsNames }: CertificateRecord): boolean {
  if (authority !== undefined) return authority && (keyUsage === undefined || keyUsage.includes("keyCertSign"));
  return selfSigned && keyUsage === undefined && dnsNames.length === 0;
}

function countIn(pem: string): number {
  return pem.split("-----BEGIN CERTIFICATE-----").length - 1;
}
