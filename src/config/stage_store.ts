/**
 * Candidates on the disk: what each editor has changed and not committed. `staged/` under storage, a file for each editor, their owner's alone, since
 * passwords' hashes are in them.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { writePrivate } from "./history.ts";
import type { FilesBefore } from "./restore.ts";
import { giveToOwnerOf } from "./storage.ts";

/** What one editor has pending. */
export interface Candidate {
  /** Who: a user of the page, `root (shell)`. */
  editor: string;
  /** Wall milliseconds of the first change and of the last. */
  since: number;
  changed: number;
  /** The file as it was at the first change. */
  base: string;
  /** The file as the editor wants it. */
  text: string;
}

/** A commit that nobody has confirmed yet. */
export interface Unconfirmed {
  /** The history's entry. */
  id: number;
  who: string;
  /** Wall milliseconds: when it was committed, and when it is taken back. */
  at: number;
  until: number;
  /** The keys that change how the page is reached. */
  keys: string[];
  before: string;
  after: string;
  /** What was in files that changed with it. */
  files?: FilesBefore;
}

/** Editors who have something pending. */
const candidatesMax = 100;

const candidateName = /^candidate-[0-9a-f]{24}\.json$/;

/** See the module. */
export class StageStore {
  readonly #directory: string;
  #known: { name: string; stamp: string; candidate: Candidate } | undefined;

  /** `directory`: `staged` under storage. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** All, the oldest first. A file that is no candidate is left out. */
  all(): Candidate[] {
    return this.#names().flatMap((name) => this.#read<Candidate>(name) ?? [])
      .filter(({ editor, base, text }) => [editor, base, text].every((each) => typeof each === "string"))
      .sort((a, b) => a.since - b.since);
  }

  get(editor: string): Candidate | undefined {
    const name = nameOf(editor);
    const stamp = this.#stamp(name);
    // Each page asks for it: a long one is read again only where another process or change has put it there.
    if (stamp !== undefined && this.#known?.name === name && this.#known.stamp === stamp) return this.#known.candidate;
    const candidate = this.#read<Candidate>(name);
    this.#known = stamp === undefined || candidate === undefined ? undefined : { name, stamp, candidate };
    return candidate;
  }

  put(candidate: Candidate): void {
    const name = nameOf(candidate.editor);
    const names = this.#names();
    if (!names.includes(name) && names.length >= candidatesMax) {
      throw new Error(`Cannot keep the change: ${candidatesMax} editors have changes pending`);
    }
    this.#known = undefined;
    this.#write(name, candidate);
  }

  /** False where there was none. */
  remove(editor: string): boolean {
    return this.#remove(nameOf(editor));
  }

  get unconfirmed(): Unconfirmed | undefined {
    return this.#read<Unconfirmed>("unconfirmed.json");
  }

  set unconfirmed(value: Unconfirmed | undefined) {
    if (value === undefined) this.#remove("unconfirmed.json");
    else this.#write("unconfirmed.json", value);
  }

  /** What tells one writing of a file from another; each is a file of its own. */
  #stamp(name: string): string | undefined {
    try {
      const { ino, size, mtime } = Deno.statSync(`${this.#directory}/${name}`);
      return `${ino} ${size} ${mtime?.getTime()}`;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  #names(): string[] {
    try {
      return [...Deno.readDirSync(this.#directory)].map(({ name }) => name).filter((name) => candidateName.test(name));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }

  #read<T>(name: string): T | undefined {
    try {
      return JSON.parse(Deno.readTextFileSync(`${this.#directory}/${name}`));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  #write(name: string, value: unknown): void {
    Deno.mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    giveToOwnerOf(dirname(this.#directory), this.#directory);
    writePrivate(`${this.#directory}/${name}`, JSON.stringify(value, null, 1) + "\n");
  }

  #remove(name: string): boolean {
    this.#known = undefined;
    try {
      Deno.removeSync(`${this.#directory}/${name}`);
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  }
}

/** An editor's name is any text, and no file name. */
function nameOf(editor: string): string {
  return `candidate-${createHash("sha256").update(editor).digest("hex").slice(0, 24)}.json`;
}
