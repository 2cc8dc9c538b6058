/**
 * Whose files are: what a command of root's makes for the gateway must not stay root's.
 *
 * @module
 */

/** What root makes in a folder of the gateway's user belongs to that user, else the gateway could not use it later. */
export function giveToOwnerOf(folder: string, path: string): void {
  if (Deno.uid() !== 0) return;
  const { uid, gid } = Deno.statSync(folder);
  if (uid !== null && uid !== 0) Deno.chownSync(path, uid, gid);
}
