/**
 * Archives of the configuration that the page keeps: `backups` under the storage, mode 0600. Each is sealed by a password that is kept nowhere.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import type { Octets } from "../base/octets.ts";
import { writeAtomic } from "../certs/files.ts";
import { giveToOwnerOf } from "../config/owner.ts";
import { Problem, saying } from "./problem.ts";
import { tell } from "./texts.ts";

/** How an archive came. */
export type BackupOrigin = "made" | "uploaded";

/** What is known of an archive without its password. */
export interface KeptBackup {
  name: string;
  origin: BackupOrigin;
  /** Wall milliseconds. */
  at: number;
  octets: number;
}

const form = /^(made|uploaded)-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z(-\d{1,2})?\.backup$/;

/** See the module. */
export class Backups {
  readonly #directory: string;
  readonly #clock: Pick<Clock, "now">;

  /** `directory`: the storage. */
  constructor({ directory, clock }: { directory: string; clock: Pick<Clock, "now"> }) {
    this.#directory = `${directory}/backups`;
    this.#clock = clock;
  }

  /** The newest first. */
  async list(): Promise<KeptBackup[]> {
    const all: KeptBackup[] = [];
    try {
      for await (const { name, isFile } of Deno.readDir(this.#directory)) {
        const kept = isFile ? await this.find(name) : undefined;
        if (kept !== undefined) all.push(kept);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return all.sort((a, b) => b.at - a.at || (a.name < b.name ? 1 : -1));
  }

  /** What is known of one; `undefined`: there is none of this name. */
  async find(name: string): Promise<KeptBackup | undefined> {
    const [, origin, ...parts] = form.exec(name) ?? [];
    if (origin === undefined) return undefined;
    try {
      const { isFile, size } = await Deno.lstat(`${this.#directory}/${name}`);
      const [year, month, day, hour, minute, second] = parts.map(Number);
      const at = Date.UTC(year, month - 1, day, hour, minute, second);
      return isFile ? { name, origin: origin as BackupOrigin, at, octets: size } : undefined;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  /** Whether there is room for one more. */
  async hasRoom(): Promise<boolean> {
    return (await this.list()).length < limits.backupsMax;
  }

  /** Keeps an archive; its name. Rejects with a {@linkcode Problem} where there are too many. */
  async keep(origin: BackupOrigin, content: Octets): Promise<string> {
    const names = new Set((await this.list()).map(({ name }) => name));
    if (names.size >= limits.backupsMax) {
      throw new Problem(409, saying(tell("fault.backup.kept", { max: limits.backupsMax })));
    }
    const stamp = `${new Date(this.#clock.now()).toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
    let name = `${origin}-${stamp}.backup`;
    for (let more = 1; names.has(name); more++) name = `${origin}-${stamp}-${more}.backup`;
    Deno.mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    giveToOwnerOf(`${this.#directory}/..`, this.#directory);
    await writeAtomic(`${this.#directory}/${name}`, content);
    return name;
  }

  /** An archive as it is kept; `undefined`: there is none of this name. */
  async read(name: string): Promise<Octets | undefined> {
    const kept = await this.find(name);
    if (kept === undefined || kept.octets > limits.controlFilesOctetsMax) return undefined;
    return await Deno.readFile(`${this.#directory}/${name}`);
  }

  /** False where there was none of this name. */
  async remove(name: string): Promise<boolean> {
    if (await this.find(name) === undefined) return false;
    await Deno.remove(`${this.#directory}/${name}`);
    return true;
  }
}
