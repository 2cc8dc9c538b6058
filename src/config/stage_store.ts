/**
 * Candidates on the disk: what each editor has changed and not committed. `staged/` under storage, a file for each editor, their owner's alone, since
 * passwords' hashes are in them.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { dirname } from "node:path";
import type { Candidate } from "./candidate_file.ts";
import { writePrivate } from "./history.ts";
import type { FilesBefore } from "./restore.ts";
import { giveToOwnerOf } from "./storage.ts";
import type { TextWork } from "./text_work.ts";

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

const unconfirmedName = "unconfirmed.json";
const candidateName = /^candidate-[0-9a-f]{24}\.json$/;

/** Candidates that are held in memory too. */
const heldMax = 4;

/** See the module. */
export class StageStore {
  readonly #directory: string;
  readonly #texts: TextWork;
  /** Each page asks for one: a long one is read again only where another process has put it there. */
  readonly #held = new Map<string, { stamp: string; candidate: Candidate | undefined }>();
  #unconfirmed: { stamp: string; value: Unconfirmed | undefined } | undefined;

  /** `directory`: `staged` under storage. */
  constructor(directory: string, texts: TextWork) {
    this.#directory = directory;
    this.#texts = texts;
  }

  /** All, the oldest first. A file that is no candidate is left out. */
  async all(): Promise<Candidate[]> {
    const all: Candidate[] = [];
    for (const name of this.#names()) {
      const candidate = await this.#candidate(name);
      if (candidate !== undefined) all.push(candidate);
    }
    return all.sort((a, b) => a.since - b.since);
  }

  get(editor: string): Promise<Candidate | undefined> {
    return this.#candidate(nameOf(editor));
  }

  async put(candidate: Candidate): Promise<void> {
    const name = nameOf(candidate.editor);
    const names = this.#names();
    if (!names.includes(name) && names.length >= candidatesMax) {
      throw new Error(`Cannot keep the change: ${candidatesMax} editors have changes pending`);
    }
    this.#held.delete(name);
    this.#folder();
    await this.#texts.run("keep", { path: `${this.#directory}/${name}`, ...candidate });
    const stamp = this.#stamp(name);
    if (stamp !== undefined) this.#hold(name, { stamp: stamp.text, candidate });
  }

  /** False where there was none. */
  remove(editor: string): boolean {
    this.#held.delete(nameOf(editor));
    return this.#remove(nameOf(editor));
  }

  get unconfirmed(): Unconfirmed | undefined {
    const stamp = this.#stamp(unconfirmedName)?.text;
    if (stamp === undefined) return undefined;
    if (this.#unconfirmed?.stamp !== stamp) this.#unconfirmed = { stamp, value: this.#read() };
    return this.#unconfirmed.value;
  }

  set unconfirmed(value: Unconfirmed | undefined) {
    this.#unconfirmed = undefined;
    if (value === undefined) this.#remove(unconfirmedName);
    else {
      this.#folder();
      writePrivate(`${this.#directory}/${unconfirmedName}`, JSON.stringify(value, null, 1) + "\n");
    }
  }

  async #candidate(name: string): Promise<Candidate | undefined> {
    const stamp = this.#stamp(name);
    if (stamp === undefined) return undefined;
    const held = this.#held.get(name);
    if (held?.stamp === stamp.text) return held.candidate;
    const candidate = await this.#texts.run("kept", { path: `${this.#directory}/${name}`, octets: stamp.octets });
    this.#hold(name, { stamp: stamp.text, candidate });
    return candidate;
  }

  #hold(name: string, held: { stamp: string; candidate: Candidate | undefined }): void {
    this.#held.delete(name);
    this.#held.set(name, held);
    if (this.#held.size > heldMax) this.#held.delete(this.#held.keys().next().value!);
  }

  /** What tells one writing of a file from another; each is a file of its own. */
  #stamp(name: string): { text: string; octets: number } | undefined {
    try {
      const { ino, size, mtime } = Deno.statSync(`${this.#directory}/${name}`);
      return { text: `${ino} ${size} ${mtime?.getTime()}`, octets: size };
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

  #read(): Unconfirmed | undefined {
    try {
      return JSON.parse(Deno.readTextFileSync(`${this.#directory}/${unconfirmedName}`));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  #folder(): void {
    Deno.mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    giveToOwnerOf(dirname(this.#directory), this.#directory);
  }

  #remove(name: string): boolean {
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
