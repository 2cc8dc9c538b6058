/**
 * Writes `config.yaml` in one step: readers see the old text or the new one, and so does whoever starts after the power went.
 *
 * Owner, group and mode stay those of the file. A symbolic link stays a link: what it leads to is replaced.
 *
 * @module
 */
import { basename, dirname } from "node:path";
import { causeOf } from "../base/text.ts";

/** Puts `text` in the place of what is in `file`, where that is `before` still; else nothing is done. As {@linkcode writeConfig}. */
export function replaceConfig(file: string, { before, text }: { before: string; text: string }): boolean {
  if (Deno.readTextFileSync(file) !== before) return false;
  writeConfig(file, text);
  return true;
}

/** Puts `text` in the place of what is in `file`. Throws one clear line; then nothing has changed. */
export function writeConfig(file: string, text: string): void {
  let fresh: string | undefined;
  try {
    const target = Deno.realPathSync(file);
    const { mode, uid, gid } = Deno.statSync(target);
    const name = `${dirname(target)}/.${basename(target)}.${Deno.pid}.new`;
    {
      using open = Deno.openSync(name, { write: true, createNew: true, mode: 0o600 });
      fresh = name;
      const bytes = new TextEncoder().encode(text);
      for (let at = 0; at < bytes.length;) at += open.writeSync(bytes.subarray(at));
      const made = open.statSync();
      if (uid !== null && (made.uid !== uid || made.gid !== gid)) Deno.chownSync(name, uid, gid);
      if (mode !== null) Deno.chmodSync(name, mode & 0o7777);
      open.syncSync();
    }
    Deno.renameSync(name, target);
    fresh = undefined;
    using folder = Deno.openSync(dirname(target));
    folder.syncSync();
  } catch (error) {
    if (fresh !== undefined) Deno.removeSync(fresh);
    const denied = error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable;
    const why = denied ? "; this user must own the file and may write to its folder" : "";
    throw new Error(`Cannot write ${file}: ${causeOf(error)}${why}`);
  }
}
