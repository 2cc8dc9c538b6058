/**
 * A file system of a few megabytes, to be filled: a tmpfs, which needs root.
 *
 * @module
 */

/** A file system of its own, mounted on a folder. */
export interface TinyDisk extends AsyncDisposable {
  directory: string;
}

/** Its size. Inodes are unlimited unless said. */
export interface TinyDiskWish {
  megabytes: number;
  inodes?: number;
}

/** Mounts one; nothing where it cannot be made on a laptop. In CI that is a failure. */
export async function tinyDisk({ megabytes, inodes = 0 }: TinyDiskWish): Promise<TinyDisk | undefined> {
  const directory = await Deno.makeTempDir({ prefix: "postern-disk-" });
  const run = async (command: string, ...args: string[]) =>
    (await new Deno.Command(command, { args, stderr: "null" }).output()).success;
  const options = `size=${megabytes}m,nr_inodes=${inodes},mode=0700`;
  const mounted = Deno.uid() === 0 && await run("mount", "-t", "tmpfs", "-o", options, "tmpfs", directory);
  if (!mounted) {
    await Deno.remove(directory);
    if (Deno.env.get("CI")) throw new Error("Cannot mount a tmpfs: tests of a full disk need root");
    console.error("skipped: mounting a tmpfs needs root");
    return undefined;
  }
  return {
    directory,
    async [Symbol.asyncDispose]() {
      // Lazily, so that a failed test's open files do not hide its failure.
      await run("umount", "--lazy", directory);
      await Deno.remove(directory);
    },
  };
}

/** Fills what is left of a file system, to the last octet, by one file. */
export async function fillDisk(path: string): Promise<void> {
  using file = await Deno.open(path, { create: true, append: true });
  for (let size = 65_536; size >= 1; size >>= 1) {
    try {
      while (true) file.writeSync(new Uint8Array(size));
    } catch {
      // Smaller pieces may still fit.
    }
  }
}
