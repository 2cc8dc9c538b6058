/**
 * Files that an administrator hands in for a profile: an authority's answer, a PKCS#12 file, a certificate with its key.
 *
 * @module
 */
import type { Octets } from "../base/octets.ts";
import type { CertificateEngine } from "../tls/certificates.ts";
import { chooseLeaf } from "./chain.ts";
import { FormatError } from "./format_error.ts";
import { friendlyNameIn } from "./friendly_name.ts";
import { chosenEntry, readPkcs12 } from "./pkcs12.ts";
import { readCertificates } from "./read.ts";
import { type KeyRecord, readKey } from "./read_key.ts";
import type { CertificateRecord } from "./record.ts";
import { tell } from "./texts.ts";

/** A file that somebody handed in. */
export interface HandedFile {
  /** As he named it. */
  name: string;
  content: Octets;
}

/** What is imported: a PKCS#12 file, or a certificate with its key. */
export type ImportWish =
  | { kind: "pkcs12"; file: HandedFile; password?: string; friendlyName?: string }
  | { kind: "pem"; certificate: HandedFile; key: HandedFile; intermediates?: HandedFile; password?: string };

/** A key with its certificate and those that came along, in any order. The key's `pem` is a secret. */
export interface HeldPair {
  key: KeyRecord;
  leaf: CertificateRecord;
  others: CertificateRecord[];
  /** What Windows and Java call it. */
  friendlyName?: string;
}

/** A pair, and what is worth a word about its file. */
export interface Handed {
  pair: HeldPair;
  notes: string[];
}

/** Reads what is imported. Rejects with `FormatError`. */
export async function readHanded(wish: ImportWish, engine: CertificateEngine): Promise<Handed> {
  return wish.kind === "pkcs12" ? await fromPkcs12(wish, engine) : await fromPem(wish, engine);
}

/** Every certificate of a file. Throws `FormatError`. */
export function certificatesIn({ name, content }: HandedFile, engine: CertificateEngine): CertificateRecord[] {
  return readCertificates(content, { engine, what: name }).certificates;
}

/** The leaf of a file in which its issuers may follow, as authorities send it; anything else is a mistake. Throws `FormatError`. */
export function leafFor(
  key: KeyRecord,
  { given, file }: { given: readonly CertificateRecord[]; file: HandedFile },
): Pick<HeldPair, "leaf" | "others"> {
  const { leaf, others } = chooseLeaf(given, { key, what: file.name });
  const above = [leaf];
  for (const member of above) {
    above.push(...others.filter((other) => other.subject === member.issuer && !above.includes(other)));
  }
  const stranger = others.find((other) => !above.includes(other));
  if (stranger === undefined) return { leaf, others };
  const why = tell("fault.file.stranger", { count: given.length, leaf: leaf.subject, stranger: stranger.subject });
  throw new FormatError("count", tell("fault.file.use", { what: file.name, why }));
}

async function fromPem(
  { certificate, key, intermediates, password }: Extract<ImportWish, { kind: "pem" }>,
  engine: CertificateEngine,
): Promise<Handed> {
  const { certificates: given, notes } = readCertificates(certificate.content, { engine, what: certificate.name });
  const friendlyName = friendlyNameIn(new TextDecoder().decode(certificate.content));
  const read = await readKey(key.content, { engine, what: key.name, password });
  const { leaf, others } = leafFor(read, { given, file: certificate });
  const more = intermediates === undefined ? [] : certificatesIn(intermediates, engine);
  return { pair: { key: read, leaf, others: [...others, ...more], friendlyName }, notes };
}

async function fromPkcs12(
  { file, password, friendlyName }: Extract<ImportWish, { kind: "pkcs12" }>,
  engine: CertificateEngine,
): Promise<Handed> {
  const reading = await readPkcs12(file.content, { engine, what: file.name, password });
  const { key, certificate, ...entry } = chosenEntry(reading, { what: file.name, name: friendlyName });
  if (certificate === undefined) {
    const why = tell("fault.pkcs12.no_certificate");
    throw new FormatError("count", tell("fault.file.import", { what: file.name, why }));
  }
  const pair = { key, leaf: certificate, others: reading.certificates, friendlyName: entry.friendlyName };
  return { pair, notes: reading.notes };
}
