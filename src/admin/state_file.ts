/**
 * A small file of ours under `storage/state`: read when it is needed, replaced in one step, mode 0600.
 *
 * A file that is there and cannot be read is never taken for an empty one: what it kept from happening must not happen because it is damaged.
 *
 * @module
 */
import { dirname } from "node:path";
import { causeOf } from "../base/text.ts";
import { readBounded, writeAtomic } from "../certs/files.ts";

/** See the module. `T` is plain data. */
export class StateFile<T> {
  readonly #path: string;
  readonly #read: (value: unknown) => T;
  #value: Promise<T> | undefined;
  /** Changes come one after the other. */
  #writing: Promise<void> = Promise.resolve();

  /** `read` judges what the file holds, `undefined` where there is none, and throws for what it cannot be. */
  constructor(path: string, read: (value: unknown) => T) {
    this.#path = path;
    this.#read = read;
  }

  /** What is there. Rejects where the file cannot be read. */
  async get(): Promise<T> {
    this.#value ??= this.#load();
    try {
      return await this.#value;
    } catch (error) {
      this.#value = undefined;
      throw error;
    }
  }

  /** Replaces it by what `change` makes of it. Rejects where it cannot be written; nothing has changed then. */
  async change(change: (value: T) => T): Promise<void> {
    const turn = this.#writing.then(async () => {
      const next = change(await this.get());
      await writeAtomic(this.#path, `${JSON.stringify(next)}\n`);
      this.#value = Promise.resolve(next);
    });
    this.#writing = turn.catch(() => {});
    await turn;
  }

  async #load(): Promise<T> {
    if (!await exists(this.#path)) return this.#read(undefined);
    try {
      return this.#read(JSON.parse(new TextDecoder().decode(await readBounded(this.#path))));
    } catch (error) {
      throw new Error(`Cannot use ${this.#path}: ${causeOf(error)}`);
    }
  }
}

/** Whether there is something under that name. A folder that is missing is a fault. */
async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    await Deno.lstat(dirname(path));
    return false;
  }
}
