/**
 * Certificate profiles as key pairs, and the authorities to trust.
 *
 * Files are read anew for each configuration: a change of a file is a new configuration. Private keys stay in memory
 * and in the owner's files; nothing is copied elsewhere.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Octets } from "../base/octets.ts";
import {
  type CertificateProfile,
  type Config,
  destinationCertificates,
  serviceCertificates,
} from "../config/config.ts";
import { configFiles } from "../config/files.ts";
import { isUrl } from "../config/sources.ts";
import type { KeyPair, TrustAnchors } from "../tls/engine.ts";
import type { RevocationEngine } from "../tls/revocation.ts";
import { CertificateFileError, readBounded } from "./files.ts";
import { issuedPair, readIssued } from "./issued.ts";
import { Kept } from "./kept.ts";
import { readUpdatedList } from "./updates.ts";
import { type CertificateWorld, readSelfSigned, selfSignedPairs } from "./self_signed.ts";

/**
 * The key pairs of one profile: one from files, two for `self_signed`; of `acme` the one that was issued, until then two that are self-signed.
 * Rejects with `CertificateFileError`.
 */
export async function loadKeyPairs(config: Config, name: string, world: CertificateWorld): Promise<KeyPair[]> {
  const profile = config.certificates.get(name);
  if (profile === undefined) {
    throw new CertificateFileError(`Cannot find the certificate ${name}: no profile has this name`);
  }
  if (!profile.self_signed) return [await readPair(profile)];
  const directory = `${config.storage.directory}/certificates`;
  if (profile.acme === undefined) {
    return await selfSignedPairs({ directory, name, hostnames: hostnamesOf(config, name) }, world);
  }
  const issued = await issuedPair({ directory, name }, world);
  return issued === undefined
    ? await selfSignedPairs({ directory, name, hostnames: profile.acme.names }, world)
    : [issued];
}

/** The key pairs of every profile that a listener, a destination or a client service uses, by profile name; `load` gives those of one. */
export async function loadInventory(
  config: Config,
  load: (config: Config, name: string) => Promise<KeyPair[]>,
): Promise<ReadonlyMap<string, KeyPair[]>> {
  const used = new Set(config.listeners.flatMap((listener) => listener.certificate));
  for (const name of destinationCertificates(config)) used.add(name);
  for (const name of serviceCertificates(config)) if (name !== null) used.add(name);
  return new Map(
    await Promise.all([...used].map(async (name) => [name, await load(config, name)] as const)),
  );
}

/** The pair of a profile that is shown to servers, as it lies there: nothing is made, so this needs no lock. Rejects with `CertificateFileError`. */
export async function readOwnPair(config: Config, name: string): Promise<KeyPair> {
  const profile = config.certificates.get(name);
  if (profile === undefined || profile.self_signed) {
    const directory = `${config.storage.directory}/certificates`;
    const issued = profile?.acme === undefined ? undefined : await readIssued({ directory, name });
    return issued ?? await readSelfSigned({ directory, name });
  }
  return await readPair(profile);
}

/** Reads a profile's files: leaf, what follows it in its file, then the intermediates. */
export async function readPair(profile: Extract<CertificateProfile, { self_signed: false }>): Promise<KeyPair> {
  const text = async (path: string) => new TextDecoder().decode(await readBounded(path));
  const [certificate, key, intermediates] = await Promise.all([
    text(profile.certificate),
    text(profile.key),
    profile.intermediates === undefined ? "" : text(profile.intermediates),
  ]);
  return { name: profile.name, certificatePem: `${certificate}\n${intermediates}`, keyPem: key };
}

/** The names that a self-signed certificate carries: the gateway's and those of the listeners that use it. */
function hostnamesOf(config: Config, name: string): string[] {
  const users = config.listeners.filter((listener) => listener.certificate.includes(name));
  return [...new Set([config.hostname, ...users.map((listener) => listener.hostname)])];
}

/** Where systems keep their list of authorities, the first that exists counts. */
export const systemLists = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
] as const;

/** Whom to trust, and where that was found. */
export interface LoadedTrust {
  anchors: TrustAnchors;
  /** The system's list that was read; `null` where it is wanted and none was found, which is worth a Critical line. */
  systemList: string | null | undefined;
}

/** What is known before authorities are read. */
export interface TrustWorld {
  /** Those in force. */
  previous?: TrustAnchors;
  /** Proves that lists which were fetched can be read still; without it they are left out. */
  engine?: Pick<RevocationEngine, "readCrls">;
}

/**
 * The authorities of a configuration. With the `previous` ones the generation stays as it was while nothing changed, so that sessions
 * can go on being resumed; without them nobody waits for the engine to read 140 authorities: the owner's files are checked one by one before.
 * Rejects with `CertificateFileError`.
 */
export async function loadTrust(config: Config, { previous, engine }: TrustWorld = {}): Promise<LoadedTrust> {
  const { system, custom } = config.certificate_authorities;
  const list = system ? await readTrustedList(config) : undefined;
  const text = async (path: string) => new TextDecoder().decode(await readBounded(path));
  const bundles = [...list === undefined || list === null ? [] : [list.text], ...await Promise.all(custom.map(text))];
  const crls = await loadLists(config, engine);
  const systemList = list === null ? null : list?.path;
  if (previous !== undefined && sameItems(previous.bundles, bundles) && sameLists(previous.crls, crls)) {
    return { anchors: previous, systemList };
  }
  const generation = (previous?.generation ?? 0) + 1;
  return { anchors: { bundles, crls, generation, late: previous === undefined }, systemList };
}

/**
 * The same authorities with what was fetched meanwhile: revocation lists, and the list that stands in for the system's; `previous` itself where
 * nothing is new. Rejects with `CertificateFileError`.
 */
export async function withNewLists(
  config: Config,
  { previous, engine }: Required<TrustWorld>,
): Promise<TrustAnchors> {
  const { system } = config.certificate_authorities;
  const crls = await loadLists(config, engine);
  const fetched = system ? await readUpdatedList(config) : undefined;
  const bundles = fetched === undefined ? previous.bundles : withList(fetched.text, { config, previous });
  if (sameLists(previous.crls, crls) && sameItems(previous.bundles, bundles)) return previous;
  return { bundles, crls, generation: previous.generation + 1 };
}

/** The authorities as they would be with a list in the place of the system's. */
export function trustWith(list: string, place: { config: Config; previous: TrustAnchors }): TrustAnchors {
  const { crls, generation } = place.previous;
  return { bundles: withList(list, place), crls, generation: generation + 1 };
}

/** The owner's bundles stand behind the list. */
function withList(
  list: string,
  { config: { certificate_authorities: { custom } }, previous }: { config: Config; previous: TrustAnchors },
): string[] {
  return [list, ...(custom.length === 0 ? [] : previous.bundles.slice(-custom.length))];
}

/** The revocation lists: the owner's files, and what was fetched. */
async function loadLists(config: Config, engine: TrustWorld["engine"]): Promise<Octets[]> {
  const kept = new Kept(config.storage.directory, "crls");
  const lists = config.certificate_authorities.crls.map(async (source) => {
    if (!isUrl(source)) return [await readBounded(source)];
    const list = engine === undefined ? undefined : await kept.read(source);
    return list === undefined || !isReadable(list, engine!) ? [] : [list];
  });
  return (await Promise.all(lists)).flat();
}

/** A list of ours that the disk has spoiled must not keep the whole set from being read. */
function isReadable(list: Octets, engine: Pick<RevocationEngine, "readCrls">): boolean {
  try {
    engine.readCrls(list, { bundles: [], crls: [], generation: 0 });
    return true;
  } catch {
    return false;
  }
}

/** Every file that a configuration is made of, itself and the places of the system's list included. */
export function filesOf(config: Config): string[] {
  const lists = config.certificate_authorities.system
    ? [Deno.env.get("SSL_CERT_FILE") || [], ...systemLists].flat()
    : [];
  return [...configFiles(config), ...lists];
}

/** What is trusted where `certificate_authorities.system` is on: the list that the updater fetched, else the system's; `null` where there is neither. */
export async function readTrustedList(config: Config): Promise<{ path: string; text: string } | null> {
  return await readUpdatedList(config) ?? await readSystemList();
}

/** The system's list; `null` where there is none. */
export async function readSystemList(): Promise<{ path: string; text: string } | null> {
  const named = Deno.env.get("SSL_CERT_FILE");
  for (const path of [...named ? [named] : [], ...systemLists]) {
    try {
      return { path, text: new TextDecoder().decode(await readBounded(path)) };
    } catch (thrown) {
      if (!(thrown instanceof CertificateFileError)) throw thrown;
    }
  }
  return null;
}

function sameLists(a: readonly Octets[], b: readonly Octets[]): boolean {
  return a.length === b.length && a.every((list, index) => Buffer.compare(list, b[index]) === 0);
}

function sameItems(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
