/**
 * A folder of our own for what the binary unpacks.
 *
 * The binary unpacks its libraries to TMPDIR, under names that can be foretold: a command that runs beside the gateway, or without it, gets a
 * folder of its own for its while, mode 0700 and with a name that nobody can foretell; beside the state where that can be written, so
 * that no shared folder is used.
 *
 * @module
 */
import { dirname } from "node:path";

/** The folder, once it is made; it goes with all that is in it. */
export interface PrivateFolder extends AsyncDisposable {
  /** Makes it, the first time, and has TMPDIR point to it. To be called before the first library is opened. */
  make(storage: string): Promise<void>;
}

/** See the module. */
export function privateFolder(): PrivateFolder {
  let folder: string | undefined;
  const before = Deno.env.get("TMPDIR");
  return {
    async make(storage: string): Promise<void> {
      folder ??= await makeIn([`${storage}/run`, dirname(storage), undefined]);
    },
    async [Symbol.asyncDispose](): Promise<void> {
      if (folder === undefined) return;
      if (before === undefined) Deno.env.delete("TMPDIR");
      else Deno.env.set("TMPDIR", before);
      // A gateway that starts meanwhile tidies up.
      await Deno.remove(folder, { recursive: true }).catch((error) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      });
    },
  };
}

async function makeIn(places: readonly (string | undefined)[]): Promise<string> {
  for (const dir of places) {
    try {
      const folder = await Deno.makeTempDir({ prefix: ".postern-check-", ...(dir === undefined ? {} : { dir }) });
      Deno.env.set("TMPDIR", folder);
      return folder;
    } catch (error) {
      if (dir === undefined) throw error;
    }
  }
  throw new Error("Cannot make a folder for the libraries: no place was left to try");
}
