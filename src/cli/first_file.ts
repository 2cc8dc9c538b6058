/**
 * A configuration file for a command that may be the first on its machine, such as `loadconfig` after the old machine was lost.
 *
 * What such a command works on has to be there: the folder of the file, what it says now, whose it is. So it works on an empty one under another name
 * beside it, which gets its own name where it was filled, and goes where nothing came of it. A gateway whose file was deleted while it runs never
 * sees the empty one, which would close its listeners. The folder is never made: a path that is mistyped must not become a gateway.
 *
 * @module
 */
import { basename, dirname, resolve } from "node:path";
import { causeOf } from "../base/text.ts";
import { giveToOwnerOf } from "../config/owner.ts";

// Unlike any file that somebody wrote: an archive may hold the least one.
const emptyText = "version: 1   # empty\n";

/** A file that is begun. */
export interface BegunFile extends Disposable {
  /** What stands in for it. */
  path: string;
  /** Gives it its own name, if it was filled. Throws one clear line, also where there is such a file by now. */
  keep(): void;
}

/** Begins `file`; `undefined` where it is there. Throws one clear line. */
export function beginFile(file: string): BegunFile | undefined {
  const folder = dirname(resolve(file));
  const path = `${folder}/.${basename(file)}.${Deno.pid}.begun`;
  try {
    Deno.lstatSync(file);
    return undefined;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  try {
    // It may come to hold the hashes of passwords.
    using made = Deno.openSync(path, { write: true, create: true, truncate: true, mode: 0o600 });
    made.writeSync(new TextEncoder().encode(emptyText));
  } catch (error) {
    const missing = error instanceof Deno.errors.NotFound;
    throw new Error(`Cannot make ${file}: ${missing ? "there is no such folder" : causeOf(error)}`);
  }
  giveToOwnerOf(folder, path);
  return {
    path,
    keep() {
      if (Deno.readTextFileSync(path) === emptyText) return;
      try {
        Deno.linkSync(path, file);
      } catch (error) {
        throw new Error(`Cannot make ${file}: ${causeOf(error)}`);
      }
      using held = Deno.openSync(folder);
      held.syncSync();
    },
    [Symbol.dispose]: () => Deno.removeSync(path),
  };
}
