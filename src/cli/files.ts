/**
 * Files that a command is given, and files that it makes for whoever called it.
 *
 * The gateway runs as another user and in another folder, so the command line reads and writes them: with the caller's rights, relative to
 * his folder. `-` is standard input or output. What is read is bounded before anything is sent; a password is the first line of its file.
 * What is written has mode 0600, is there whole or not at all, and replaces a file only where `--force` says so.
 *
 * @module
 */
import { dirname } from "node:path";
import { limits } from "../base/limits.ts";
import { joined, type Octets, octets } from "../base/octets.ts";
import { causeOf, printable } from "../base/text.ts";
import type { CommandArgs, SentFile, SentFiles } from "../control/protocol.ts";
import type { HereWorld } from "./command.ts";
import { ended, firstLine } from "./secret.ts";

/** What a file is for: it is sent along; its first line is, as a password; it is made. */
export type FileUse = "read" | "secret" | "save";

/** The files of one call. */
export interface CallFiles {
  sent: SentFiles;
  /** Something goes to standard output that is no text: results go to standard error then. */
  piped: boolean;
  /** Writes what the command made. Rejects with one clear line. */
  save(option: string, content: Octets): Promise<void>;
}

/** Standard input and output, and chance for names. */
export type FilesWorld = Pick<HereWorld, "secret" | "input" | "output" | "random">;

/** Reads what a call names and sees whether what it makes can be written. Rejects with one clear line. */
export async function callFiles(
  uses: Readonly<Record<string, FileUse>>,
  { args, world }: { args: CommandArgs; world: FilesWorld },
): Promise<CallFiles> {
  const named = Object.entries(uses).flatMap(([option, use]) =>
    wordsOf(args, option).map((word) => ({ option, use, word }))
  );
  const reading = named.filter(({ use }) => use !== "save");
  if (reading.filter(({ word }) => word === "-").length > 1) {
    throw new Error("Cannot read two files from standard input: - can stand once");
  }
  const force = args.force === true;
  for (const { use, word } of named) if (use === "save") await mayBeWritten(word, force);
  const sent: Record<string, SentFile[]> = {};
  let left: number = limits.controlFilesOctetsMax;
  for (const { option, use, word } of reading) {
    const content = use === "secret" ? await password(word, world) : await contentOf(word, { world, left });
    left -= content.length;
    (sent[option] ??= []).push({ name: word === "-" ? "standard input" : word, content: content.toBase64() });
  }
  return {
    sent,
    piped: named.some(({ use, word }) => use === "save" && word === "-"),
    async save(option, content) {
      const target = named.find((each) => each.use === "save" && each.option === option);
      if (target === undefined) throw new Error(`Cannot write the file of ${option}: nobody named one`);
      if (target.word === "-") return world.output!(content);
      await writeFile(target.word, { content, force, draft: world.random.bytes(8).toHex() });
    },
  };
}

function wordsOf(args: CommandArgs, option: string): readonly string[] {
  const value = Object.hasOwn(args, option) ? args[option] : [];
  return value === true ? [] : typeof value === "string" ? [value] : value;
}

async function contentOf(word: string, { world, left }: { world: FilesWorld; left: number }): Promise<Octets> {
  return await reading(word, { what: "", world, use: (read) => bounded(read, left) });
}

async function password(word: string, world: FilesWorld): Promise<Octets> {
  const secret = await reading(word, {
    what: "the password in ",
    world,
    use: (read) => word === "-" ? (world.secret ?? noInput)() : firstLine({ read }),
  });
  if (secret.kind === "text") return octets(secret.text);
  if (word === "-") throw new Error(`Cannot read the password: ${secret.why}`);
  throw new Error(`Cannot read the password in ${printable(word)}: ${secret === ended ? "it is empty" : secret.why}`);
}

type Read = (into: Uint8Array) => Promise<number | null>;

async function reading<T>(
  word: string,
  { what, world, use }: { what: string; world: FilesWorld; use: (read: Read) => Promise<T> },
): Promise<T> {
  try {
    if (word === "-") return await use(world.input ?? noInput);
    using file = await Deno.open(word);
    if ((await file.stat()).isDirectory) throw new Error("it is a folder");
    return await use((into) => file.read(into));
  } catch (thrown) {
    throw new Error(`Cannot read ${what}${word === "-" ? "standard input" : printable(word)}: ${stateOf(thrown)}`);
  }
}

function noInput(): never {
  throw new Error("this shell reads it");
}

async function bounded(read: Read, octetsMax: number): Promise<Octets> {
  const pieces: Octets[] = [];
  let length = 0;
  for (;;) {
    const piece = new Uint8Array(limits.chunkOctets);
    const count = await read(piece);
    if (count === null) break;
    pieces.push(piece.subarray(0, count));
    length += count;
    if (length <= octetsMax) continue;
    const all = limits.controlFilesOctetsMax;
    throw new Error(`it is larger than ${all} octets${octetsMax < all ? " with what is read before it" : ""}`);
  }
  return joined(pieces);
}

/** Sees beforehand what would only come out when all the work is done. */
async function mayBeWritten(word: string, force: boolean): Promise<void> {
  if (word === "-") return;
  try {
    const { isFile, isSymlink, isDirectory } = await Deno.lstat(word);
    if (!isFile && !isSymlink) throw new Error(isDirectory ? "it is a folder" : "it is no file");
    if (!force) throw new Error("it exists; --force replaces it");
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) {
      throw new Error(`Cannot write ${printable(word)}: ${stateOf(thrown)}`);
    }
    const folder = await Deno.stat(dirname(word)).catch(() => undefined);
    if (folder?.isDirectory !== true) throw new Error(`Cannot write ${printable(word)}: there is no such folder`);
  }
}

async function writeFile(
  path: string,
  { content, force, draft }: { content: Octets; force: boolean; draft: string },
): Promise<void> {
  const fresh = `${path}.${draft}.new`;
  const made: string[] = [];
  const create = async (name: string) => {
    const file = await Deno.open(name, { write: true, createNew: true, mode: 0o600 });
    made.push(name);
    return file;
  };
  try {
    // Takes the name, where it must be free, before the content is there: nobody else's file is ever written over.
    if (!force) (await create(path)).close();
    {
      using file = await create(fresh);
      for (let at = 0; at < content.length;) at += await file.write(content.subarray(at));
      await file.sync();
    }
    await Deno.rename(fresh, path);
  } catch (thrown) {
    for (const name of made) await Deno.remove(name).catch(() => {}); // it may have been renamed
    throw new Error(`Cannot write ${printable(path)}: ${stateOf(thrown)}`);
  }
}

function stateOf(thrown: unknown): string {
  if (thrown instanceof Deno.errors.NotFound) return "no such file";
  if (thrown instanceof Deno.errors.PermissionDenied) return "this user may not";
  if (thrown instanceof Deno.errors.AlreadyExists) return "it exists; --force replaces it";
  return causeOf(thrown);
}
