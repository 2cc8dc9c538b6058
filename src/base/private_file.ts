/**
 * Databases that are their owner's alone.
 *
 * @module
 */

/**
 * Makes the database `path` where it is missing, and sees that only its owner may read it even where the folder above is opened to others:
 * SQLite would make the file as the umask has it. The write-ahead log and the index of it take the mode of the database when they are
 * made; older ones are set right. To be called before the database is opened: SQLite's locks go when any descriptor of its file is closed.
 */
export function keepPrivate(path: string): void {
  Deno.openSync(path, { write: true, create: true, mode: 0o600 }).close();
  for (const suffix of ["", "-wal", "-shm"]) {
    try {
      const { mode } = Deno.statSync(path + suffix);
      if (((mode ?? 0) & 0o077) !== 0) Deno.chmodSync(path + suffix, 0o600);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
