/**
 * Several files put in place as one, with the configuration that belongs to them: all of it or nothing, also where the power goes in between.
 *
 * What was there is written down first, in `restore.json` under storage. Whoever opens the storage next and finds it puts everything back, unless
 * `config.yaml` says already what it was to say, since that is written last.
 *
 * @module
 */
import { dirname } from "node:path";
import type { Octets } from "../base/octets.ts";
import { giveToOwnerOf } from "./owner.ts";

/** A file as it is to be. */
export interface PlacedFile {
  /** Absolute. */
  path: string;
  content: Octets;
  /** Of a new file; one that is there keeps its own. */
  mode: number;
}

/** What was there before files were put in place. Keys may be among it. */
export interface FilesBefore {
  /** In base64; `null`: there was none. */
  back: { path: string; content: string | null; mode: number }[];
  /** Folders that were missing, the outer ones first. */
  folders: string[];
}

/** What was put in place. */
export interface Placed {
  before: FilesBefore;
  /** Puts back what was there. */
  undo(): void;
  /** The configuration is written: there is no way back. */
  done(): void;
}

interface Journal extends FilesBefore {
  /** The configuration, and the text that it has when all is done. */
  file: string;
  after: string;
}

const journalName = "restore.json";
const draftEnd = ".restored";

/** Puts files in place. Throws what the disk said, and then nothing has changed. `after`: what the configuration `file` is going to say. */
export function placeFiles(
  directory: string,
  { files, file, after }: { files: readonly PlacedFile[]; file: string; after: string },
): Placed {
  const back = files.map(({ path, mode }) => {
    const old = contentOf(path);
    return { path, content: old?.content.toBase64() ?? null, mode: old?.mode ?? mode };
  });
  const journal = `${directory}/${journalName}`;
  const folders = [...new Set(files.flatMap(({ path }) => missingAbove(path)))].sort();
  const undo = () => {
    putBack({ back, folders });
    Deno.removeSync(journal);
  };
  const written: Journal = { file, after, back, folders };
  put(journal, { content: new TextEncoder().encode(JSON.stringify(written)), mode: 0o600 });
  try {
    for (const { path, content, mode } of files) put(path, { content, mode: contentOf(path)?.mode ?? mode });
  } catch (error) {
    undo();
    throw error;
  }
  return { before: { back, folders }, undo, done: () => Deno.removeSync(journal) };
}

/** Ends what was interrupted. To be called by whoever holds the storage. Throws one clear line. */
export function recoverFiles(directory: string): void {
  const journal = `${directory}/${journalName}`;
  const text = contentOf(journal);
  if (text === undefined) return;
  try {
    const { file, after, back, folders }: Journal = JSON.parse(new TextDecoder().decode(text.content));
    const now = contentOf(file);
    if (now === undefined || new TextDecoder().decode(now.content) !== after) putBack({ back, folders });
    Deno.removeSync(journal);
  } catch (error) {
    throw new Error(`Cannot end what ${journal} began: ${error instanceof Error ? error.message : error}`);
  }
}

/** Puts back what was there. Throws what the disk said. */
export function putBack({ back, folders }: FilesBefore): void {
  for (const { path, content, mode } of back) {
    if (content !== null) put(path, { content: Uint8Array.fromBase64(content), mode });
    else removeIfThere(path);
    try {
      removeIfThere(path + draftEnd);
    } catch {
      // What stands in its place is not ours.
    }
  }
  for (const folder of folders.toReversed()) {
    try {
      Deno.removeSync(folder);
    } catch {
      // Somebody has put something into it.
    }
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** The folders on the way to a path that are not there. */
function missingAbove(path: string): string[] {
  const folder = dirname(path);
  try {
    Deno.statSync(folder);
    return [];
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return [...missingAbove(folder), folder];
  }
}

function contentOf(path: string): { content: Octets; mode: number } | undefined {
  try {
    return { content: Deno.readFileSync(path), mode: (Deno.statSync(path).mode ?? 0o600) & 0o777 };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Replaces a file at once and for good. Folders that are missing are its owner's alone. */
function put(path: string, { content, mode }: { content: Octets; mode: number }): void {
  const folder = dirname(path);
  for (const missing of missingAbove(path)) {
    Deno.mkdirSync(missing, { mode: 0o700 });
    giveToOwnerOf(dirname(missing), missing);
  }
  const draft = path + draftEnd;
  removeIfThere(draft);
  {
    using file = Deno.openSync(draft, { write: true, createNew: true, mode: 0o600 });
    for (let at = 0; at < content.length;) at += file.writeSync(content.subarray(at));
    keepOwner(draft, path);
    Deno.chmodSync(draft, mode);
    file.syncSync();
  }
  Deno.renameSync(draft, path);
  using open = Deno.openSync(folder);
  open.syncSync();
}

function keepOwner(draft: string, path: string): void {
  try {
    giveToOwnerOf(path, draft);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    giveToOwnerOf(dirname(path), draft);
  }
}
