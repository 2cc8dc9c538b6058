/**
 * All directories of the configuration in force, as sessions ask them: made when they are asked for the first time, made anew when their settings change.
 *
 * @module
 */
import type { Timer } from "../base/clock.ts";
import type { Config, LdapConfig } from "../config/config.ts";
import { acceptQuery } from "../config/directory_findings.ts";
import type { RecipientAnswer, RecipientCheck, RecipientQuestion } from "../mail/recipient_check.ts";
import { Directory, type DirectoryFacts, type DirectoryWorld } from "./directory.ts";

/** How often they are looked at. */
const lookMs = 1_000;

/** See the module. */
export class Directories implements RecipientCheck, Disposable {
  readonly #world: DirectoryWorld;
  readonly #config: () => Config;
  readonly #directories = new Map<string, Directory>();
  #timer: Timer | undefined;
  #ended = false;

  constructor(world: DirectoryWorld, config: () => Config) {
    this.#world = world;
    this.#config = config;
  }

  async check({ service, address }: RecipientQuestion): Promise<RecipientAnswer> {
    for (;;) {
      const directory = this.#directory(service);
      if (directory === undefined) {
        const text = "the configuration in force has no such directory";
        return { kind: "temporary", by: `LDAP query ${service}.${acceptQuery}`, text };
      }
      const { filter, server, ...answer } = await directory.check(address, acceptQuery);
      // Other settings came meanwhile: those are to answer.
      if (answer.kind !== "temporary" || !directory.closed || this.#ended) {
        return { ...answer, detail: server === undefined ? filter : `${filter} at ${server}` };
      }
    }
  }

  /** How those that were asked do. */
  get facts(): DirectoryFacts[] {
    return [...this.#directories.values()].map(({ facts }) => facts);
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    this.#timer?.cancel();
    for (const directory of this.#directories.values()) directory.close();
    this.#directories.clear();
  }

  #directory(name: string): Directory | undefined {
    const settings = this.#config().services.ldap.get(name);
    const known = this.#directories.get(name);
    if (known !== undefined && (known.settings === settings || isSame(known.settings, settings))) return known;
    known?.close();
    this.#directories.delete(name);
    if (settings === undefined) return undefined;
    const made = new Directory(this.#world, { settings, counts: known?.counts });
    this.#directories.set(name, made);
    this.#timer ??= this.#world.clock.every(lookMs, () => this.#look());
    return made;
  }

  #look(): void {
    for (const name of [...this.#directories.keys()]) this.#directory(name)?.look();
  }
}

function isSame(settings: LdapConfig, other: LdapConfig | undefined): boolean {
  const text = ({ queries, ...rest }: LdapConfig) => JSON.stringify([rest, [...queries]]);
  return other !== undefined && text(settings) === text(other);
}
