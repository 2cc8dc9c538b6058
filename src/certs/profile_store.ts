/**
 * What an administrator does with certificate profiles: make, have signed, import, export, renew, rename, delete.
 *
 * Each change is one: files and configuration become new together, or stay as they were (`swap.ts`). Whatever can be refused is refused
 * before anything is written. Only a key or a format that does not fit is refused; what is odd about a chain is told.
 *
 * Files are written to `certificates` of the storage, whatever place a profile had before: files that another program keeps (certbot) are
 * read and never changed.
 *
 * @module
 */
import { dirname } from "node:path";
import { type Octets, octets } from "../base/octets.ts";
import type { Random } from "../base/random.ts";
import type { Change } from "../config/edit.ts";
import type { CertificateEngine } from "../tls/certificates.ts";
import { chainPem, chooseLeaf } from "./chain.ts";
import type { ChainWarning } from "./chain_warnings.ts";
import { withFriendlyName } from "./friendly_name.ts";
import { certificatesIn, type HandedFile, type HeldPair, type ImportWish, leafFor, readHanded } from "./handed.ts";
import {
  type Claims,
  claimsIn,
  claimsOf,
  keyPem,
  makeCertificate,
  makeRequest,
  newSigner,
  type Signer,
  signerOf,
} from "./make.ts";
import { writePkcs12 } from "./pkcs12.ts";
import { changesTo, entryIn, renamedEntry, shownPath } from "./profile_entry.ts";
import { ProfileError, profileFiles, profileName } from "./profile_names.ts";
import {
  profileOf,
  type ProfileWorld,
  readHeldPair,
  readRequest,
  readSaid,
  reportOf,
  type Said,
  textIn,
} from "./profiles.ts";
import { readCertificates } from "./read.ts";
import { fits, type KeyRecord, readKey } from "./read_key.ts";
import { type CertificateRecord } from "./record.ts";
import { type KeyKind, kindLike, readSubject, type SubjectWords } from "./subject.ts";
import { type Apply, type Files, recoverSwap, type Swap, swapFiles, type SwapHands, swapHands } from "./swap.ts";
import { usesOf } from "./uses.ts";
import { tell } from "./texts.ts";

/** What changes are made with. */
export interface StoreWorld extends ProfileWorld {
  random: Random;
  /** Writes the configuration and puts it in force. Rejects with {@linkcode ProfileError} where it is refused, and then nothing is written. */
  commit(changes: readonly Change[], wish: { comment: string; apply: Apply }): Promise<void>;
  /** Does work during which nobody reads a configuration but by `apply`. */
  alone<T>(work: (apply: Apply) => Promise<T>): Promise<T>;
  apply: Apply;
  /** A line for the log. */
  note(text: string): void;
}

/** What cannot be done with a name. */
type Doing = `fault.cert.${"make" | "import" | "rename_to" | "renew" | "fill"}`;

/** What came of a change. */
export interface Changed {
  name: string;
  /** What was done: behind "the certificate NAME was". */
  done: string;
  /** What was done besides, a sentence each. */
  notes: string[];
  /** What a peer will not like. */
  warnings: ChainWarning[];
}

/** Of what the gateway makes itself: `self_signed.ts`. */
const selfSignedEnds = [".rsa.crt", ".rsa.key", ".ec.crt", ".ec.key"];

/** Who works on a folder now, by the folder: two at once would take each other's journal for that of a crash. */
const turns = new Map<string, Promise<void>>();

/** See the module. Its methods reject with {@linkcode ProfileError}, `CertificateFileError` or `TlsSetupError`, one clear line each. */
export class CertificateStore {
  readonly #world: StoreWorld;

  constructor(world: StoreWorld) {
    this.#world = world;
  }

  /** Makes a key, a self-signed certificate and a signing request under a new name. */
  async create(name: string, wish: { subject: SubjectWords; kind: KeyKind; days: number }): Promise<Changed> {
    profileName(name);
    const subject = readSubject(wish.subject);
    await this.#freeName(name, "fault.cert.make");
    const claims = await claimsOf(subject);
    const signer = await newSigner(wish.kind);
    const [key, certificate, request] = await Promise.all([
      keyPem(signer),
      makeCertificate(claims, { ...signer, ...this.#world, days: wish.days }),
      makeRequest(claims, signer),
    ]);
    return await this.#change(async (said) => {
      await this.#freeName(name, "fault.cert.make", said);
      const pair = await this.#pair({ key: octets(key), certificate: octets(certificate), what: name });
      const changed = await this.#install({ name, pair, request, doing: "made" }, said);
      // That it is self-signed is no news to whoever asked for it.
      const notes = ["Until an authority has signed it, peers that verify certificates refuse it"];
      return { ...changed, notes, warnings: changed.warnings.filter(({ kind }) => kind !== "self_signed") };
    });
  }

  /** Takes the certificate that an authority made for the request, with its intermediates. */
  async upload(name: string, { certificate, intermediates }: {
    certificate: HandedFile;
    intermediates?: HandedFile;
  }): Promise<Changed> {
    return await this.#change(async (said) => {
      const held = await this.#ownProfile(name, "fault.cert.fill", said);
      const given = certificatesIn(certificate, this.#engine);
      const next = await this.#nextKey(name);
      const key = next !== undefined && given.some((one) => fits(next, one)) ? next : held.key;
      const pair = { ...held, key, ...leafFor(key, { given, file: certificate }) };
      const notes = next === undefined ? [] : [
        key === next
          ? "The new key is in service"
          : "The certificate is for the key in service; the new key still waits for its own",
      ];
      if (intermediates !== undefined) pair.others.push(...certificatesIn(intermediates, this.#engine));
      // An authority that answers again sends the same intermediates, or leaves them out.
      else if (pair.others.length === 0) pair.others.push(...this.#stillFitting(pair.leaf, held));
      const changed = await this.#install({ name, pair, dropNext: key === next, doing: "uploaded" }, said);
      return { ...changed, notes: [...notes, ...changed.notes] };
    });
  }

  /** Takes a key with its certificate; under a name that is taken only with `replace`. */
  async import(name: string, wish: ImportWish, { replace }: { replace: boolean }): Promise<Changed> {
    profileName(name);
    const { pair, notes } = await readHanded(wish, this.#engine);
    return await this.#change(async (said) => {
      if (!replace || !said.config.certificates.has(name)) await this.#freeName(name, "fault.cert.import", said);
      const wanted = { name, pair, request: null, dropNext: true, doing: "imported" };
      const changed = await this.#install(wanted, said);
      return { ...changed, notes: [...notes, ...changed.notes] };
    });
  }

  /** Key, certificate and chain as a PKCS#12 file. */
  async export(
    name: string,
    { password, legacy }: { password: string; legacy: boolean },
  ): Promise<{ content: Octets; certificates: CertificateRecord[] }> {
    const said = await this.said();
    profileOf(said, name);
    const { key, leaf, others, friendlyName = name } = await readHeldPair(name, said, this.#world);
    const { chain } = await reportOf({ leaf, others }, said, this.#world);
    const protection = legacy ? "legacy" : "modern";
    const wish = { key, certificate: leaf, chain, friendlyName, password, protection } as const;
    return { content: await writePkcs12(wish, this.#engine), certificates: [leaf, ...chain] };
  }

  /** A new request: on the same key, on a new one of this kind, or on a new one like it. What is in service stays so until the answer is uploaded. */
  async renew(name: string, { kind, newKey = false }: { kind?: KeyKind; newKey?: boolean }): Promise<Changed> {
    const like = newKey && kind === undefined
      ? kindLike((await this.#ownProfile(name, "fault.cert.renew", await this.said())).key.key)
      : kind;
    const signer = like === undefined ? undefined : await newSigner(like);
    return await this.#change(async (said) => {
      const held = await this.#ownProfile(name, "fault.cert.renew", said);
      const files = profileFiles(profileName(name));
      const waiting = await this.#nextKey(name);
      // What was asked for the last time counts: an authority may have left words out of the certificate.
      const claims: Claims = await claimsIn(await readRequest(name, this.#world) ?? held.leaf.pem);
      const by = signer ?? await this.#signerOf(held.key);
      const request = await makeRequest(claims, by);
      const nextKey = signer === undefined ? null : await keyPem(signer);
      await this.#swap({ first: { [files.nextKey]: nextKey, [files.request]: request } });
      const notes = [`The certificate in service stays until the answer is uploaded`];
      if (waiting !== undefined) notes.push("The request before it, on a new key, is void, and that key is gone");
      return { name, done: "asked for again", notes, warnings: [] };
    });
  }

  /** Gives a profile another name, everywhere. */
  async rename(from: string, to: string): Promise<Changed> {
    profileName(to);
    return await this.#change(async (said) => {
      const profile = profileOf(said, from);
      if (profile.self_signed && profile.acme !== undefined) {
        throw new ProfileError(tell("fault.cert.rename_acme", { name: from }));
      }
      const entry = entryIn(said.root, from);
      if (entry === undefined) throw new ProfileError(tell("fault.cert.rename_self_made", { name: from }));
      await this.#freeName(to, "fault.cert.rename_to", said);
      const moved = await this.#moved(from, to);
      const first = Object.fromEntries(moved.map(({ to, content }) => [to, content]));
      const last = Object.fromEntries(moved.map(({ from }) => [from, null]));
      const renamed = renamedEntry(profile, { entry, to, place: this.#world });
      const uses = said.uses.filter(({ profile, path }) => profile === from && path !== undefined);
      const changes: Change[] = [
        { path: ["certificates", to], value: renamed },
        ...uses.map(({ path }) => ({ path: path!, value: to })),
        { path: ["certificates", from] },
      ];
      const comment = `Certificate ${from} renamed to ${to}`;
      const commit = (apply: Apply) => this.#world.commit(changes, { comment, apply });
      await this.#swap({ first, settle: { profile: to, value: renamed, last, commit } });
      const where = usesOf(said.uses, from).join(", ");
      const notes = where === "" ? [] : [`Used under its new name by ${where}`];
      return { name: from, done: `renamed to ${to}`, notes, warnings: [] };
    });
  }

  /** Removes a profile that nothing uses. */
  async delete(name: string): Promise<Changed> {
    return await this.#change(async (said) => {
      const profile = profileOf(said, name);
      const uses = usesOf(said.uses, name);
      if (entryIn(said.root, name) === undefined) {
        throw new ProfileError(tell("fault.cert.delete_self_made", { name }));
      }
      if (uses.length > 0) throw new ProfileError(tell("fault.cert.used", { name, uses: uses.join(", ") }));
      const names = (await this.#moved(name, name)).map(({ from }) => from);
      if (profile.self_signed && profile.acme !== undefined) names.push(`acme/${name}.pem`);
      const last = Object.fromEntries(names.map((each) => [each, null]));
      const gone: Change = { path: ["certificates", name] };
      const commit = (apply: Apply) => this.#world.commit([gone], { comment: `Certificate ${name} deleted`, apply });
      await this.#swap({ first: {}, settle: { profile: name, last, commit } });
      const apart = profile.self_signed || dirname(profile.certificate) === this.#world.directory
        ? []
        : [`Its files stay: ${profile.certificate}, ${profile.key}`];
      return { name, done: "deleted", notes: apart, warnings: [] };
    });
  }

  /** The configuration as the file has it; what a crash left half done is ended first. */
  async said(): Promise<Said> {
    return await this.#inTurn(() => this.#read());
  }

  get #engine(): CertificateEngine {
    return this.#world.engine().certificates;
  }

  async #read(): Promise<Said> {
    await recoverSwap(this.#world.directory, { file: this.#world.file, hands: this.#hands });
    return await readSaid(this.#world);
  }

  /** One after the other, whoever asks. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const { directory } = this.#world;
    const turn = (turns.get(directory) ?? Promise.resolve()).then(work);
    const over = turn.then(() => {}, () => {});
    turns.set(directory, over);
    try {
      return await turn;
    } finally {
      if (turns.get(directory) === over) turns.delete(directory);
    }
  }

  get #hands(): SwapHands {
    return { ...swapHands, alone: this.#world.alone };
  }

  async #swap(swap: Swap): Promise<void> {
    await swapFiles(this.#world.directory, { swap, hands: this.#hands });
  }

  /** One change, and in force when it resolves. */
  async #change(work: (said: Said) => Promise<Changed>): Promise<Changed> {
    const changed = await this.#inTurn(async () => await work(await this.#read()));
    this.#world.note(`Certificate ${changed.name} was ${changed.done}`);
    const faults = await this.#world.apply();
    if (faults.length === 0) return changed;
    throw new ProfileError(tell("fault.cert.not_in_force", { cause: faults[0] }));
  }

  /** Refuses a name that is taken, by a profile or by files that no profile names. */
  async #freeName(name: string, to: Doing, said?: Said): Promise<void> {
    const doing = tell(to);
    const { config } = said ?? await this.said();
    const profile = config.certificates.get(name);
    if (profile?.self_signed) {
      throw new ProfileError(tell("fault.cert.made_here", { doing, name }));
    }
    if (profile !== undefined) {
      const then = to === "fault.cert.import"
        ? tell("fault.cert.then_replace")
        : tell("fault.cert.then_renew", { name });
      throw new ProfileError(tell("fault.cert.taken", { doing, name, then }));
    }
    for (const file of Object.values(profileFiles(name))) {
      const path = `${this.#world.directory}/${file}`;
      if (await exists(path)) {
        throw new ProfileError(tell("fault.cert.file_there", { doing, name, path }));
      }
    }
  }

  /** The pair of a profile whose files an administrator has a say in. */
  async #ownProfile(name: string, to: Doing, said: Said): Promise<HeldPair> {
    const doing = tell(to);
    const profile = profileOf(said, name);
    if (profile.self_signed) {
      const code = profile.acme === undefined ? "fault.cert.self_made" : "fault.cert.acme";
      throw new ProfileError(tell(code, { doing, name }));
    }
    return await readHeldPair(name, said, this.#world);
  }

  /** Writes a pair in its place, and names it in the configuration where that does not yet. */
  async #install(
    { name, pair, request, dropNext = false, doing }: {
      name: string;
      pair: HeldPair;
      /** `undefined`: what there is stays. */
      request?: string | null;
      dropNext?: boolean;
      /** What is done: `uploaded`. */
      doing: string;
    },
    said: Said,
  ): Promise<Changed> {
    const { directory, commit } = this.#world;
    const { leaf, chain, notes, warnings } = await reportOf(pair, said, this.#world);
    const files = profileFiles(profileName(name));
    const first: Files = {
      ...await textIn(`${directory}/${files.key}`) === pair.key.pem ? {} : { [files.key]: pair.key.pem },
      [files.certificate]: withFriendlyName(leaf.pem, pair.friendlyName),
      [files.chain]: chain.length === 0 ? null : chainPem(chain),
      ...request === undefined ? {} : { [files.request]: request },
      ...dropNext ? { [files.nextKey]: null } : {},
    };
    const value = {
      certificate: shownPath(files.certificate, this.#world),
      key: shownPath(files.key, this.#world),
      ...chain.length === 0 ? {} : { intermediates: shownPath(files.chain, this.#world) },
    };
    const changes = changesTo(said.root, { name, value });
    const comment = `Certificate ${name} ${doing}`;
    const settle = { profile: name, value, last: {}, commit: (apply: Apply) => commit(changes, { comment, apply }) };
    await this.#swap(changes.length === 0 ? { first } : { first, settle });
    const until = new Date(leaf.notAfter).toISOString().slice(0, 10);
    const done = `${doing}: ${leaf.subject}, issued by ${leaf.selfSigned ? "itself" : leaf.issuer}, until ${until}`;
    return { name, done, notes, warnings };
  }

  async #pair({ key, certificate, what }: { key: Octets; certificate: Octets; what: string }): Promise<HeldPair> {
    const world = { engine: this.#engine, what };
    const read = await readKey(key, world);
    return { key: read, ...chooseLeaf(readCertificates(certificate, world).certificates, { key: read, what }) };
  }

  #stillFitting(leaf: CertificateRecord, { others }: HeldPair): CertificateRecord[] {
    return others.some(({ subject }) => subject === leaf.issuer) ? others : [];
  }

  async #nextKey(name: string): Promise<KeyRecord | undefined> {
    const text = await textIn(`${this.#world.directory}/${profileFiles(name).nextKey}`);
    if (text === undefined) return undefined;
    return await readKey(octets(text), { engine: this.#engine, what: `the new key of ${name}` });
  }

  async #signerOf({ pem, key }: KeyRecord): Promise<Signer> {
    return await signerOf(Uint8Array.fromBase64(pem.replaceAll(/-----[^-]*-----/g, "")), key);
  }

  /** The files of a profile below the storage, with the names that they would have under another one. */
  async #moved(from: string, to: string): Promise<{ from: string; to: string; content: string }[]> {
    const names = Object.values(profileFiles("")).concat(selfSignedEnds);
    const found = await Promise.all(names.map(async (end) => {
      const content = await textIn(`${this.#world.directory}/${from}${end}`);
      return content === undefined ? [] : [{ from: from + end, to: to + end, content }];
    }));
    return found.flat();
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw thrown;
  }
}
