/**
 * Self-signed pairs: an RSA-2048 and a P-256 one for each profile, made when they are first wanted and kept under storage.
 *
 * They let a fresh gateway speak TLS with every client; nobody can verify them. They live 825 days, the most that all clients take
 * for a certificate that was trusted by hand, and are made anew before their end, when they are damaged, or when a host name is
 * not in them. A new name keeps the key: another RSA key may take seconds, and a change of the configuration has to be in force within one.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { causeOf } from "../base/text.ts";
import type { CertificateFacts, Engine, KeyPair } from "../tls/engine.ts";
import { CertificateFileError, readBounded, writeAtomic } from "./files.ts";

/** What the inventory takes from outside. */
export interface CertificateWorld {
  engine: Pick<Engine, "inspect">;
  clock: Pick<Clock, "now">;
  random: Random;
  /** A line for the log. */
  note: (level: "warning" | "info", text: string) => void;
}

/** Which pairs are wanted. */
export interface SelfSignedWish {
  /** Where they are kept: `certificates` of the storage. */
  directory: string;
  /** The profile's name. */
  name: string;
  /** DNS names, at least one. */
  hostnames: readonly string[];
}

const kinds = ["rsa", "ec"] as const;
type Kind = typeof kinds[number];

const dayMs = 86_400_000;
const validDays = 825;
/** Made anew when less is left. */
const renewDays = 60;
/** A peer whose clock is slow takes it all the same. */
const backdatedMs = dayMs;

const beingMade = new Map<string, Promise<KeyPair[]>>();

/** The pairs of a profile, RSA first. Made where they are missing, damaged, near their end, or without one of the names. */
export function selfSignedPairs(wish: SelfSignedWish, world: CertificateWorld): Promise<KeyPair[]> {
  // Two listeners that ask at once must not each make a pair and mix the halves on disk.
  const key = `${wish.directory}/${wish.name}`;
  const before = beingMade.get(key) ?? Promise.resolve([]);
  const pairs = before.catch(() => []).then(() => ensurePairs(wish, world));
  beingMade.set(key, pairs);
  const forget = () => {
    if (beingMade.get(key) === pairs) beingMade.delete(key);
  };
  pairs.then(forget, forget);
  return pairs;
}

async function ensurePairs(wish: SelfSignedWish, world: CertificateWorld): Promise<KeyPair[]> {
  const ended = await Promise.allSettled(
    kinds.map(async (kind) => {
      const kept = await keptPair(kind, wish, world);
      return kept?.serves ? kept.pair : await newPair(kind, { ...wish, nameless: kept?.pair }, world);
    }),
  );
  return ended.map((end) => {
    if (end.status === "rejected") throw end.reason;
    return end.value;
  });
}

function paths(
  kind: Kind,
  { directory, name }: Pick<SelfSignedWish, "directory" | "name">,
): { certificate: string; key: string } {
  return { certificate: `${directory}/${name}.${kind}.crt`, key: `${directory}/${name}.${kind}.key` };
}

/** The pair that was made for a profile, as it is; RSA. Nothing is made or judged. Rejects with `CertificateFileError`. */
export async function readSelfSigned(wish: Pick<SelfSignedWish, "directory" | "name">): Promise<KeyPair> {
  const { certificate, key } = paths("rsa", wish);
  const text = async (path: string) => new TextDecoder().decode(await readBounded(path));
  return { name: wish.name, certificatePem: await text(certificate), keyPem: await text(key) };
}

/** The pair on disk, if any that is sound; one that does not serve lacks a name only. */
async function keptPair(
  kind: Kind,
  wish: SelfSignedWish,
  { engine, clock, note }: CertificateWorld,
): Promise<{ pair: KeyPair; serves: boolean } | undefined> {
  const { certificate, key } = paths(kind, wish);
  const text = async (path: string) => new TextDecoder().decode(await readBounded(path));
  let pair: KeyPair;
  try {
    const parts = await Promise.allSettled([text(certificate), text(key)]);
    const missing = parts.filter((part) => part.status === "rejected" && /no such file$/.test(causeOf(part.reason)));
    if (missing.length === parts.length) return undefined;
    const [certificatePem, keyPem] = parts.map((part) => {
      if (part.status === "rejected") throw part.reason;
      return part.value;
    });
    pair = { name: wish.name, certificatePem, keyPem };
    const facts = engine.inspect(pair)[0];
    const unnamed = wish.hostnames.find((name) => !facts.names.includes(name));
    const late = whyNot(facts, clock.now());
    if (late === undefined && unnamed === undefined) return { pair, serves: true };
    note("info", `Certificate ${wish.name} (${kind}) is made anew: ${late ?? `it does not name ${unnamed}`}`);
    if (late === undefined) return { pair, serves: false };
  } catch (thrown) {
    note("warning", `Certificate ${wish.name} (${kind}) is made anew: ${causeOf(thrown)}`);
  }
  return undefined;
}

function whyNot({ notAfter, notBefore }: CertificateFacts, now: number): string | undefined {
  if (notAfter - now < renewDays * dayMs) return "it is near its end";
  return notBefore > now ? "it is not valid yet" : undefined;
}

/** A wish for a new certificate; `nameless` is the sound pair whose key it is to have. */
interface Making extends SelfSignedWish {
  nameless?: KeyPair;
}

async function newPair(kind: Kind, wish: Making, world: CertificateWorld): Promise<KeyPair> {
  const made = await makePair(kind, wish, world);
  const { certificate, key } = paths(kind, wish);
  try {
    // The key first: a crash in between leaves a pair that does not fit, which the next start makes anew.
    await writeAtomic(key, made.keyPem);
    await writeAtomic(certificate, made.certificatePem);
  } catch (thrown) {
    throw new CertificateFileError(`Cannot write ${certificate}: ${causeOf(thrown)}`);
  }
  world.note("info", `Certificate ${wish.name} (${kind}) was made: self-signed, for ${wish.hostnames.join(", ")}`);
  return made;
}

const algorithms = {
  rsa: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) },
  ec: { name: "ECDSA", hash: "SHA-256", namedCurve: "P-256" },
} as const;

async function makePair(
  kind: Kind,
  { name, hostnames, nameless }: Making,
  { clock, random }: CertificateWorld,
): Promise<KeyPair> {
  // The library is loaded for this alone: a start that finds its pairs does without it.
  const [keys, x509] = await Promise.all([
    (nameless && await keysOf(kind, nameless)) ?? newKeys(kind),
    library(),
  ]);
  const serial = random.bytes(16);
  serial[0] = serial[0] & 0x7f | 0x40; // positive and of full length: RFC 5280 §4.1.2.2
  // RFC 5280 appendix A: a common name has at most 64 characters.
  const commonName = hostnames.find((hostname) => hostname.length <= 64) ?? "Postern";
  const usages = x509.KeyUsageFlags;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial.toHex(),
    name: [{ CN: [commonName] }],
    notBefore: new Date(clock.now() - backdatedMs),
    notAfter: new Date(clock.now() - backdatedMs + validDays * dayMs),
    signingAlgorithm: algorithms[kind],
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(
        kind === "rsa" ? usages.digitalSignature | usages.keyEncipherment : usages.digitalSignature,
        true,
      ),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension(hostnames.map((value) => ({ type: "dns" as const, value }))),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    name,
    certificatePem: certificate.toString("pem") + "\n",
    keyPem: x509.PemConverter.encode(pkcs8, "PRIVATE KEY") + "\n",
  };
}

async function library(): Promise<typeof import("@peculiar/x509")> {
  await import("reflect-metadata");
  return await import("@peculiar/x509");
}

function newKeys(kind: Kind): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithms[kind], true, ["sign", "verify"]) as Promise<CryptoKeyPair>;
}

/** The keys of a pair; nothing where an owner put another kind of key in its place. */
async function keysOf(kind: Kind, { certificatePem, keyPem }: KeyPair): Promise<CryptoKeyPair | undefined> {
  const { PemConverter, X509Certificate } = await library();
  const { subtle } = crypto;
  try {
    const [privateKey, publicKey] = await Promise.all([
      subtle.importKey("pkcs8", PemConverter.decodeFirst(keyPem), algorithms[kind], true, ["sign"]),
      subtle.importKey("spki", new X509Certificate(certificatePem).publicKey.rawData, algorithms[kind], true, [
        "verify",
      ]),
    ]);
    return { privateKey, publicKey };
  } catch {
    return undefined;
  }
}
