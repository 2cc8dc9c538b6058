/**
 * The folder that holds all state: queue, certificates, logs.
 *
 * Folders have mode 0700 and belong to who runs the gateway; one that others may write to is refused, since whoever can replace a
 * queue file or a key owns the mail. One process holds the folder by a lock that ends with it, however it ends. Who gets the lock tidies `run`:
 * the binary unpacks its libraries there under a name made of its own, so each name that it ever had would leave 5 MB behind.
 *
 * @module
 */
import { dirname } from "node:path";
import { causeOf } from "../base/text.ts";
import { giveToOwnerOf } from "./owner.ts";
import { recoverFiles } from "./restore.ts";

export { giveToOwnerOf } from "./owner.ts";

/** The folder cannot be used; the message is one clear line. */
export class StorageError extends Error {
  override name = "StorageError";
}

/** The folder, held until it is disposed of. */
export interface Storage extends Disposable {
  readonly directory: string;
  readonly queue: string;
  readonly certificates: string;
  readonly logs: string;
  /** What is counted: databases that mail can do without. */
  readonly state: string;
  /** Sockets, and TMPDIR of the binary. */
  readonly run: string;
}

const parts = ["queue", "certificates", "logs", "state", "run"] as const;

/** An unpacked library: the executable's name, a hash, the library's last extension; with `.tmp` it was cut off while it was written. */
const unpackedLibrary = /\d{20,}(\.[^.]+)?\.(3|so|tmp)$/;
/** The folder of a check that was killed. */
const checkFolder = /^\.postern-check-/;
/** A command that runs beside the gateway may have unpacked its own a moment ago, and not opened it yet. */
const unpackedAgeMs = 60_000;

/** Makes what is missing and takes the lock. Throws {@linkcode StorageError}, naming the process that has the lock. */
export function openStorage(directory: string): Storage {
  try {
    ownFolder(directory);
  } catch (thrown) {
    throw asStorageError(directory, thrown);
  }
  const lock = takeLock(directory);
  try {
    const path = (name: typeof parts[number]) => `${directory}/${name}`;
    for (const name of parts) ownFolder(path(name));
    recoverFiles(directory);
    tidyRun(path("run"), lock.statSync().mtime?.getTime() ?? 0);
    return {
      directory,
      queue: path("queue"),
      certificates: path("certificates"),
      logs: path("logs"),
      state: path("state"),
      run: path("run"),
      [Symbol.dispose]: () => {
        // The file stays: a process that waits for a file that is removed would hold a lock that nobody sees.
        lock.truncateSync();
        lock.close();
      },
    };
  } catch (thrown) {
    lock.close();
    throw asStorageError(directory, thrown);
  }
}

function asStorageError(directory: string, thrown: unknown): StorageError {
  return thrown instanceof StorageError ? thrown : new StorageError(`Cannot use ${directory}: ${causeOf(thrown)}`);
}

/** Makes a folder, or sees that it is ours alone. */
function ownFolder(path: string): void {
  const found = statOrNothing(path);
  if (found === undefined) {
    Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
    giveToOwnerOf(dirname(path), path);
    return;
  }
  if (!found.isDirectory) throw new StorageError(`Cannot use ${path}: it is no folder`);
  const user = Deno.uid();
  if (found.uid !== null && found.uid !== user && user !== 0) {
    throw new StorageError(`Cannot use ${path}: it belongs to user ${found.uid}, and this is user ${user}`);
  }
  const mode = (found.mode ?? 0o700) & 0o777;
  if ((mode & 0o022) !== 0) {
    throw new StorageError(`Cannot use ${path}: others may write to it (mode ${mode.toString(8)}); chmod 700`);
  }
  // A folder with other things in it is left readable as it was: it may be somebody's home.
  if ((mode & 0o077) !== 0 && isOurs(path)) Deno.chmodSync(path, 0o700);
}

/** Removes what earlier starts unpacked. `now` is the file system's. What cannot be removed takes room and harms nobody. */
function tidyRun(run: string, now: number): void {
  for (const { name, isFile, isDirectory } of Deno.readDirSync(run)) {
    if (!(isFile && unpackedLibrary.test(name)) && !(isDirectory && checkFolder.test(name))) continue;
    try {
      const { mtime } = Deno.lstatSync(`${run}/${name}`);
      if (mtime !== null && now - mtime.getTime() < unpackedAgeMs) continue;
      Deno.removeSync(`${run}/${name}`, { recursive: true });
    } catch {
      // Another command may have been quicker.
    }
  }
}

function isOurs(path: string): boolean {
  const names = [...Deno.readDirSync(path)].map((entry) => entry.name);
  return names.length === 0 || names.includes("lock") || parts.some((part) => path.endsWith(`/${part}`));
}

function takeLock(directory: string): Deno.FsFile {
  const path = `${directory}/lock`;
  let file: Deno.FsFile | undefined;
  try {
    file = Deno.openSync(path, { read: true, write: true, create: true, mode: 0o600 });
    if (!file.tryLockSync(true)) {
      const holder = new TextDecoder().decode(read(file)).trim();
      const whose = /^\d+$/.test(holder) ? `process ${holder} has it` : "another process has it";
      throw new StorageError(`Cannot use ${directory}: ${whose}`);
    }
    giveToOwnerOf(directory, path);
    file.truncateSync();
    file.seekSync(0, Deno.SeekMode.Start);
    file.writeSync(new TextEncoder().encode(`${Deno.pid}\n`));
    return file;
  } catch (thrown) {
    file?.close();
    throw asStorageError(directory, thrown);
  }
}

function read(file: Deno.FsFile): Uint8Array {
  const bytes = new Uint8Array(32);
  return bytes.subarray(0, file.readSync(bytes) ?? 0);
}

function statOrNothing(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  }
}
