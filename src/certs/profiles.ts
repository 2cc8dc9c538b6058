/**
 * Certificate profiles as an administrator sees them: what each holds, how long it lasts, where it is used, what a peer will make of it.
 *
 * Nothing is changed here. A profile that cannot be read is listed with the reason, since it is the one that somebody looks for.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { octets } from "../base/octets.ts";
import { causeOf } from "../base/text.ts";
import type { CertificateProfile, Config } from "../config/config.ts";
import { readDocument } from "../config/document.ts";
import { faultText } from "../config/faults.ts";
import { loadSource, readSource } from "../config/load.ts";
import type { TextWork } from "../config/text_work.ts";
import type { CertificateEngine } from "../tls/certificates.ts";
import type { Engine, KeyPair } from "../tls/engine.ts";
import { chainPem, type ChainReport, checkChain, chooseLeaf } from "./chain.ts";
import type { ChainWarning } from "./chain_warnings.ts";
import { CertificateFileError, readBounded } from "./files.ts";
import { friendlyNameIn } from "./friendly_name.ts";
import type { HeldPair } from "./handed.ts";
import { loadTrust, readOwnPair } from "./inventory.ts";
import { requestFacts } from "./make.ts";
import { ProfileError, profileFiles } from "./profile_names.ts";
import { readCertificates } from "./read.ts";
import { readKey } from "./read_key.ts";
import type { CertificateRecord } from "./record.ts";
import { type CertificateUse, certificateUses, usesOf } from "./uses.ts";
import { tell } from "./texts.ts";

/** What profiles are read with. */
export interface ProfileWorld {
  /** The configuration file. */
  file: string;
  /** `certificates` of the storage. */
  directory: string;
  clock: Pick<Clock, "now">;
  /** The machine's name. */
  hostname: string;
  engine(): Engine & { certificates: CertificateEngine };
  /** Works on a long file beside this thread; absent: here. */
  texts?: TextWork;
}

/** The configuration as the file has it now. */
export interface Said {
  config: Config;
  /** As it was read. */
  root: unknown;
  uses: CertificateUse[];
}

/**
 * How a certificate stands. `untrusted_chain`: it is in its time, and does not verify as it is sent: an intermediate is missing or expired, or the chain
 * ends in no trusted authority; `not_made`: the gateway makes it when it is used.
 */
export type ProfileStatus =
  | "valid"
  | "expiring"
  | "expired"
  | "not_yet_valid"
  | "untrusted_chain"
  | "unusable"
  | "not_made";

/** One line of the list. Plain data; times are wall milliseconds. */
export interface ProfileRow {
  name: string;
  /** `files`: an owner's; the others the gateway makes or has issued, and renews. */
  kind: "files" | "self_signed" | "acme";
  status: ProfileStatus;
  commonName: string | null;
  issuer: string | null;
  selfSigned: boolean;
  key: string | null;
  notAfter: number | null;
  daysLeft: number | null;
  /** A signing request is there: on the key in service, or on one that comes with its answer. */
  request: "same_key" | "new_key" | null;
  uses: string[];
  /** Why it cannot be used. */
  fault: string | null;
}

/** What there is to know of one profile. */
export interface ProfileFacts extends ProfileRow {
  /** Absolute; of `files` only. */
  files: { certificate: string; key: string; intermediates: string | null } | null;
  /** The leaf first, then what is sent behind it. */
  certificates: CertificateRecord[];
  notes: string[];
  /** What a peer will not like. */
  warnings: ChainWarning[];
  pendingRequest: { subject: string; names: string[] } | null;
}

const dayMs = 86_400_000;
/** As the first warning by mail. */
const expiringDays = 30;

/** What the file says. Throws {@linkcode ProfileError} for a faulty one. */
export async function readSaid(
  { file, hostname, texts }: Pick<ProfileWorld, "file" | "hostname" | "texts">,
): Promise<Said> {
  const source = await readSource(file);
  if (typeof source !== "string") throw new ProfileError(`Cannot use ${file}: it ${source.cause}`);
  const loaded = await loadSource(source, { file, hostname, generation: 1, texts });
  if (!loaded.ok) {
    const [first, ...more] = loaded.errors;
    const rest = more.length === 0 ? "" : `, and ${more.length} more; postern check shows them`;
    throw new ProfileError(`Cannot use the configuration: ${faultText(first)}${rest}`);
  }
  const { config } = loaded;
  const root = texts === undefined ? readDocument(source).value : await texts.run("plain", { text: source });
  return { config, root, uses: certificateUses(config, root) };
}

/** The profile of a name. Throws {@linkcode ProfileError}. */
export function profileOf({ config }: Pick<Said, "config">, name: string): CertificateProfile {
  const profile = config.certificates.get(name);
  if (profile !== undefined) return profile;
  const known = [...config.certificates.keys()].join(", ");
  throw new ProfileError(tell("fault.cert.unknown", { name: JSON.stringify(name).slice(1, -1), known }));
}

/** Every profile, in the order of the file. `warn` hears why a chain could not be judged. */
export async function listProfiles(
  said: Said,
  { warn, ...world }: ProfileWorld & { warn: (text: string) => void },
): Promise<ProfileRow[]> {
  let judge: Judge | undefined;
  try {
    judge = await judgeOf(said, world);
  } catch (thrown) {
    warn(`Cannot judge chains: ${causeOf(thrown)}`);
  }
  const rows: ProfileRow[] = [];
  for (const name of said.config.certificates.keys()) {
    const { row, pair } = await lookAt(name, said, world);
    try {
      const report = pair === undefined || pair.leaf.selfSigned ? undefined : judge?.(pair);
      rows.push(withChain(row, report));
    } catch (thrown) {
      warn(`Cannot judge the chain of ${name}: ${causeOf(thrown)}`);
      rows.push(row);
    }
  }
  return rows;
}

/** One profile with its chain judged. */
export async function showProfile(name: string, said: Said, world: ProfileWorld): Promise<ProfileFacts> {
  const profile = profileOf(said, name);
  const { row, pair } = await lookAt(name, said, world);
  const report = pair === undefined ? undefined : await reportOf(pair, said, world);
  const request = await readRequest(name, world);
  const pending = request === undefined ? undefined : await requestFacts(request);
  return {
    ...withChain(row, report),
    files: filesOf(profile),
    certificates: report === undefined ? [] : [report.leaf, ...report.chain],
    notes: report?.notes ?? [],
    warnings: report?.warnings ?? [],
    pendingRequest: pending === undefined ? null : { subject: pending.subject, names: pending.names },
  };
}

/** The chain of a pair, ordered and judged with the authorities that the configuration trusts. */
export async function reportOf(
  pair: SentPair,
  said: Pick<Said, "config">,
  world: Pick<ProfileWorld, "engine" | "clock">,
): Promise<ChainReport> {
  return (await judgeOf(said, world))(pair);
}

/** A certificate with what is sent behind it. */
export type SentPair = Pick<HeldPair, "leaf" | "others">;

type Judge = (pair: SentPair) => ChainReport;

/** The authorities are read once for as many chains as there are. */
async function judgeOf(
  { config }: Pick<Said, "config">,
  { engine, clock }: Pick<ProfileWorld, "engine" | "clock">,
): Promise<Judge> {
  const { anchors } = await loadTrust(config);
  const trust = { ...anchors, late: false };
  return ({ leaf, others }) => checkChain({ leaf, others, trust, now: clock.now() }, engine().certificates);
}

/** The row with what verification says of the chain: time comes first, since it is the certificate's own. */
function withChain(row: ProfileRow, report: ChainReport | undefined): ProfileRow {
  const inTime = row.status === "valid" || row.status === "expiring";
  return inTime && report !== undefined && isBroken(report) ? { ...row, status: "untrusted_chain" } : row;
}

/** Verify codes of x509_vfy.h that speak of the leaf alone: it is self-signed, for another purpose, or its key is too weak. */
const ofLeafAlone: readonly number[] = [18, 26, 66];

function isBroken({ trust }: ChainReport): boolean {
  return !trust.trusted && !ofLeafAlone.includes(trust.code);
}

/** The pair of a profile. Rejects with `CertificateFileError` for what cannot be read or does not fit. */
export async function readHeldPair(
  name: string,
  { config }: Pick<Said, "config">,
  world: ProfileWorld,
): Promise<HeldPair> {
  return await heldPair(await readOwnPair(config, name), world);
}

/** The certificate, and with `whole` what is sent behind it, in PEM. */
export function pemOf(certificates: readonly CertificateRecord[], { whole }: { whole: boolean }): string {
  return chainPem(whole ? certificates : certificates.slice(0, 1));
}

/** The signing request of a profile, in PEM. */
export async function readRequest(
  name: string,
  { directory }: Pick<ProfileWorld, "directory">,
): Promise<string | undefined> {
  return await textIn(`${directory}/${profileFiles(name).request}`);
}

/** The text of a file that may not be there. */
export async function textIn(path: string): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await readBounded(path));
  } catch (thrown) {
    if (thrown instanceof CertificateFileError && /no such file$/.test(thrown.message)) return undefined;
    throw thrown;
  }
}

async function heldPair({ name, certificatePem, keyPem }: KeyPair, { engine }: ProfileWorld): Promise<HeldPair> {
  const world = { engine: engine().certificates, what: `the certificate of ${name}` };
  const { certificates } = readCertificates(octets(certificatePem), world);
  const key = await readKey(octets(keyPem), { ...world, what: `the key of ${name}` });
  return { key, ...chooseLeaf(certificates, { key, what: world.what }), friendlyName: friendlyNameIn(certificatePem) };
}

function filesOf(profile: CertificateProfile): ProfileFacts["files"] {
  if (profile.self_signed) return null;
  const { certificate, key, intermediates = null } = profile;
  return { certificate, key, intermediates };
}

async function lookAt(name: string, said: Said, world: ProfileWorld): Promise<{ row: ProfileRow; pair?: HeldPair }> {
  const profile = profileOf(said, name);
  const kind: ProfileRow["kind"] = !profile.self_signed ? "files" : profile.acme === undefined ? "self_signed" : "acme";
  const uses = usesOf(said.uses, name);
  const request = await pendingKind(name, world);
  const blank = { name, kind, commonName: null, issuer: null, selfSigned: false, key: null, notAfter: null };
  let pair: HeldPair;
  try {
    pair = await readHeldPair(name, said, world);
  } catch (thrown) {
    const unmade = kind !== "files" && /no such file$/.test(causeOf(thrown));
    const [status, fault] = unmade ? ["not_made" as const, null] : ["unusable" as const, causeOf(thrown)];
    return { row: { ...blank, status, daysLeft: null, request, uses, fault } };
  }
  const { commonNames, names, issuer, selfSigned, key, notAfter } = pair.leaf;
  const now = world.clock.now();
  const row: ProfileRow = {
    ...blank,
    status: statusOf(pair.leaf, now),
    commonName: commonNames[0] ?? names[0] ?? null,
    issuer,
    selfSigned,
    key,
    notAfter,
    daysLeft: daysBetween(now, notAfter),
    request,
    uses,
    fault: null,
  };
  return { row, pair };
}

/** Whole days, begun ones counted: a day before the end there is one, a moment after it there is -1. */
function daysBetween(now: number, then: number): number {
  const days = (then - now) / dayMs;
  return days < 0 ? Math.floor(days) : Math.ceil(days);
}

function statusOf({ notBefore, notAfter }: CertificateRecord, now: number): ProfileStatus {
  if (!(notAfter > now)) return "expired";
  if (!(notBefore <= now)) return "not_yet_valid";
  return notAfter - now < expiringDays * dayMs ? "expiring" : "valid";
}

async function pendingKind(name: string, { directory }: ProfileWorld): Promise<ProfileRow["request"]> {
  const { request, nextKey } = profileFiles(name);
  const exists = (file: string) => Deno.stat(`${directory}/${file}`).then(() => true, () => false);
  if (!await exists(request)) return null;
  return await exists(nextKey) ? "new_key" : "same_key";
}
