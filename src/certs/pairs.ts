/**
 * The pairs of certificate profiles, each as good as can be had.
 *
 * Whoever renews a certificate writes two files or three, one after the other, and a hook that failed leaves halves for days. Mail must not stop for that: a
 * profile whose files do not fit goes on with the pair that it had; at a start, when there is none, a self-signed one stands in, which encrypts as
 * well and which no verifying client takes for the real one. Either is one Critical line, told once for each new cause, and one line when it is over.
 *
 * What is kept is kept in memory alone: private keys stay in their owner's files.
 *
 * @module
 */
import { dirname } from "node:path";
import { causeOf } from "../base/text.ts";
import type { CertificateProfile, Config } from "../config/config.ts";
import type { Finding } from "../config/faults.ts";
import { giveToOwnerOf } from "../config/storage.ts";
import type { KeyPair } from "../tls/engine.ts";
import { loadKeyPairs } from "./inventory.ts";
import { type CertificateWorld, selfSignedPairs } from "./self_signed.ts";

/** What is needed besides what reads pairs. */
export interface PairsWorld extends CertificateWorld {
  /** A line for the log: files that cannot be used, or fit again. */
  tell: (level: "critical" | "info", text: string) => void;
}

/** See the module. */
export class Pairs {
  readonly #world: PairsWorld;
  /** What serves, by profile: the last that fitted or a stand-in, with the profile that said where the files are. */
  readonly #good = new Map<string, { profile: string; pairs: KeyPair[]; standIn: boolean }>();
  /** What was told of a profile. */
  readonly #told = new Map<string, string>();

  constructor(world: PairsWorld) {
    this.#world = world;
  }

  /** What is wrong with profiles now, in lines. */
  get unfit(): string[] {
    return [...this.#told.values()];
  }

  /** The pairs of a profile; of one whose files cannot be used, those from before or a stand-in. */
  async load(config: Config, name: string): Promise<KeyPair[]> {
    const profile = config.certificates.get(name);
    if (profile === undefined || profile.self_signed) return await loadKeyPairs(config, name, this.#world);
    try {
      const pairs = await loadKeyPairs(config, name, this.#world);
      for (const pair of pairs) this.#world.engine.inspect(pair);
      this.#good.set(name, { profile: JSON.stringify(profile), pairs, standIn: false });
      return pairs;
    } catch (thrown) {
      const kept = this.#goodOf(profile)?.pairs;
      // The check of the file comes first as a rule, and has the better words.
      if (!this.#told.has(name)) this.#unfit(profile, causeOf(thrown));
      if (kept !== undefined) return kept;
      const pairs = await this.#standIn(config, name);
      this.#good.set(name, { profile: JSON.stringify(profile), pairs, standIn: true });
      return pairs;
    }
  }

  /**
   * Takes out what a check of the configuration found against files and what need not keep it from being applied: `current` is the configuration in
   * force, absent at a start. A profile that is new, leads elsewhere, or is used for the first time, has to be right.
   */
  spare(errors: readonly Finding[], { config, current }: { config: Config; current: Config | undefined }): Finding[] {
    const unfit = new Map<string, string>();
    const left = errors.filter(({ path: [top, name], text }) => {
      const profile = top === "certificates" && typeof name === "string" ? config.certificates.get(name) : undefined;
      if (profile === undefined || profile.self_signed) return true;
      const same = current === undefined ||
        JSON.stringify(current.certificates.get(profile.name)) === JSON.stringify(profile);
      const served = current === undefined || this.#goodOf(profile) !== undefined || !isUsed(config, profile.name);
      if (!same || !served) return true;
      if (!unfit.has(profile.name)) unfit.set(profile.name, text);
      return false;
    });
    for (const profile of config.certificates.values()) {
      const text = unfit.get(profile.name);
      if (text !== undefined) this.#unfit(profile, text);
      else if (left.every(({ path }) => path[1] !== profile.name)) this.#fits(profile.name);
    }
    for (const map of [this.#good, this.#told]) {
      for (const name of map.keys()) if (!config.certificates.has(name)) map.delete(name);
    }
    return left;
  }

  #goodOf(profile: CertificateProfile): { pairs: KeyPair[]; standIn: boolean } | undefined {
    const good = this.#good.get(profile.name);
    return good?.profile === JSON.stringify(profile) ? good : undefined;
  }

  #unfit(profile: CertificateProfile, cause: string): void {
    const instead = this.#goodOf(profile)?.standIn ?? true
      ? "a self-signed one stands in"
      : "the one from before serves";
    const text = `Cannot use the certificate ${profile.name}: ${cause}; until its files fit ${instead}`;
    if (this.#told.get(profile.name) === text) return;
    this.#told.set(profile.name, text);
    this.#world.tell("critical", text);
  }

  #fits(name: string): void {
    if (this.#told.delete(name)) this.#world.tell("info", `The files of the certificate ${name} fit again`);
  }

  async #standIn(config: Config, name: string): Promise<KeyPair[]> {
    const directory = `${config.storage.directory}/certificates/stand-in`;
    await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
    giveToOwnerOf(dirname(directory), directory);
    const listeners = config.listeners.filter((listener) => listener.certificate.includes(name));
    const hostnames = [...new Set([config.hostname, ...listeners.map(({ hostname }) => hostname)])];
    return await selfSignedPairs({ directory, name, hostnames }, this.#world);
  }
}

/** Whether anything shows the profile to anybody. */
function isUsed(
  { listeners, destination_controls: { default: fallback, domains }, admin }: Config,
  name: string,
): boolean {
  return listeners.some(({ certificate }) => certificate.includes(name)) || admin.certificate.includes(name) ||
    [fallback, ...domains.values()].some(({ certificate }) => certificate === name);
}
