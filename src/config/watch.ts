/**
 * Notices that a file changed: written in place, replaced by a rename, or reached through a symbolic link that now leads elsewhere.
 *
 * The folders of the files are watched, since a watched file that is replaced is watched no more; and twice a second device, inode,
 * size and times of what each path leads to are compared, since a link that is changed in another folder is seen by no watcher.
 * Then quiet is waited for, and only content counts: a file that is touched, or written anew as it was, changes nothing.
 *
 * @module
 */
import { dirname } from "node:path";
import type { Clock, Timer } from "../base/clock.ts";

/** What is watched, and who is told. */
export interface WatchOptions {
  /** Absolute paths. They need not exist. */
  files: Iterable<string>;
  clock: Clock;
  /** Called with the paths whose content changed, appeared or went. The next call comes after the promise has settled. */
  onChange: (files: string[]) => Promise<void> | void;
  /** Ends the watch, as `stop` does. */
  signal?: AbortSignal;
}

/** A watch that runs. */
export interface FileWatch {
  /**
   * Other files from now on. A file that is new here and was written after `since` (wall milliseconds, when its reader began to read) counts as
   * changed: it may have changed between that reading and now.
   */
  replace(files: Iterable<string>, since?: number): Promise<void>;
  /** Ends the watch; resolves when nothing is under way any more. */
  stop(): Promise<void>;
  /** Looks now, as SIGHUP wants it; resolves when everyone who had to be told was told. */
  check(): Promise<void>;
  /** Does work during which nobody is told; what it leaves different is told behind it. It must wait for neither `check` nor another `during`. */
  during<T>(work: () => Promise<T>): Promise<T>;
  /** What the files hold now is told no more: its reader begins to read. */
  seen(): Promise<void>;
}

/** A change has to be in force within 1 s of the last write: what is waited for adds up to less. */
const pollMs = 500;
/** Who writes a file in pieces pauses for less. */
export const quietMs = 120;
/** A file that is written to without end is looked at all the same. */
const quietMsMax = 3000;
/** A file that went is believed to be gone after this: editors remove before they rename. */
const goneMs = 1000;

/** Starts a watch. Resolves when the state of all files is known: what changes later is told. */
export async function watchFiles(options: WatchOptions): Promise<FileWatch> {
  const watch = new Watch(options);
  await watch.replace(options.files);
  watch.start();
  return watch;
}

/** What is known of one path. */
interface Known {
  /** Of what the path leads to; empty: nothing. */
  stamp: string;
  /** SHA-256 of the content in hexadecimal; empty: no readable file. */
  digest: string;
  goneSince: number | undefined;
}

class Watch implements FileWatch {
  readonly #options: WatchOptions;
  readonly #known = new Map<string, Known>();
  readonly #folders = new Map<string, Deno.FsWatcher>();
  #poll: Timer | undefined;
  #quiet: Timer | undefined;
  #noticed: number | undefined;
  #pending: Promise<void> = Promise.resolve();
  #looking: Promise<void> = Promise.resolve();
  readonly #following = new Set<Promise<void>>();
  #ended = false;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, signal } = this.#options;
    if (signal?.aborted) return this.#end();
    signal?.addEventListener("abort", () => this.#end(), { once: true });
    this.#poll = clock.every(pollMs, () => {
      if (this.#quiet === undefined) this.#looking = this.#looking.then(() => this.#look());
    });
  }

  async stop(): Promise<void> {
    this.#end();
    await this.#looking;
    await this.#pending;
    await Promise.all(this.#following);
  }

  async replace(files: Iterable<string>, since = Infinity): Promise<void> {
    const wanted = new Set(files);
    for (const path of this.#known.keys()) if (!wanted.has(path)) this.#known.delete(path);
    for (const path of wanted) {
      if (this.#known.has(path)) continue;
      const { stamp, written } = await stampOf(path);
      const digest = await digestOf(path);
      // Replaced between the two: the old stamp with the new content would be taken for a change that changes nothing.
      const stale = written >= since || stamp !== (await stampOf(path)).stamp;
      this.#known.set(path, { stamp: stale ? "?" : stamp, digest: stale ? "?" : digest, goneSince: undefined });
    }
    if (!this.#ended) this.#watchFolders();
  }

  check(): Promise<void> {
    return this.#settle();
  }

  during<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#pending.then(work);
    this.#pending = done.then(() => {}, () => {});
    return done;
  }

  async seen(): Promise<void> {
    for (const [path, known] of [...this.#known]) {
      const { stamp } = await stampOf(path);
      if (stamp === known.stamp && known.goneSince === undefined) continue;
      known.digest = await digestOf(path);
      known.stamp = stamp;
      known.goneSince = undefined;
    }
  }

  /** Compares stamps: cheap enough to do twice a second. */
  async #look(): Promise<void> {
    for (const [path, known] of this.#known) {
      if (this.#ended) return;
      if ((await stampOf(path)).stamp !== known.stamp || known.goneSince !== undefined) return this.#notice();
    }
  }

  /** Something happened: waits until nothing happens any more. */
  #notice(): void {
    const { clock } = this.#options;
    if (this.#ended) return;
    const now = clock.monotonic();
    this.#noticed ??= now;
    if (this.#quiet !== undefined && now - this.#noticed > quietMsMax) return;
    this.#quiet?.cancel();
    this.#quiet = clock.after(quietMs, () => {
      this.#quiet = this.#noticed = undefined;
      this.#settle();
    });
  }

  /** One after the other, so that a reader is never told of a change while it works on the one before. */
  #settle(): Promise<void> {
    const run = this.#pending.then(() => this.#compare());
    this.#pending = run.catch(() => {});
    return run;
  }

  async #compare(): Promise<void> {
    const { clock, onChange } = this.#options;
    const changed: string[] = [];
    for (const [path, known] of [...this.#known]) {
      const { stamp } = await stampOf(path);
      if (stamp === known.stamp && known.goneSince === undefined) continue;
      const digest = await digestOf(path);
      if (digest === "" && known.digest !== "") {
        known.goneSince ??= clock.monotonic();
        known.stamp = stamp;
        if (clock.monotonic() - known.goneSince < goneMs) continue;
      }
      known.goneSince = undefined;
      known.stamp = stamp;
      if (digest !== known.digest) changed.push(path);
      known.digest = digest;
    }
    if (changed.length > 0 && !this.#ended) await onChange(changed);
  }

  /** One watcher for each folder; a folder that cannot be watched is left to the comparison. */
  #watchFolders(): void {
    const wanted = new Set([...this.#known.keys()].map((path) => dirname(path)));
    for (const [folder, watcher] of this.#folders) {
      if (wanted.has(folder)) continue;
      watcher.close();
      this.#folders.delete(folder);
    }
    for (const folder of wanted) {
      if (this.#folders.has(folder)) continue;
      try {
        const watcher = Deno.watchFs(folder, { recursive: false });
        this.#folders.set(folder, watcher);
        const following = this.#follow(folder, watcher).finally(() => this.#following.delete(following));
        this.#following.add(following);
      } catch {
        // No such folder yet, or no watch left in the kernel.
      }
    }
  }

  async #follow(folder: string, watcher: Deno.FsWatcher): Promise<void> {
    try {
      for await (const event of watcher) {
        // Our own reading is an "access" event.
        if (event.kind !== "access" && event.paths.some((path) => this.#known.has(path))) this.#notice();
      }
    } catch {
      // The watcher broke: the comparison goes on without it.
    }
    if (this.#folders.get(folder) === watcher) this.#folders.delete(folder);
  }

  #end(): void {
    this.#ended = true;
    this.#poll?.cancel();
    this.#quiet?.cancel();
    for (const watcher of this.#folders.values()) watcher.close();
    this.#folders.clear();
  }
}

/** Device, inode, size and times of what a path leads to. */
async function stampOf(path: string): Promise<{ stamp: string; written: number }> {
  try {
    const { dev, ino, size, mtime, ctime } = await Deno.stat(path);
    const written = Math.max(mtime?.getTime() ?? 0, ctime?.getTime() ?? 0);
    return { stamp: [dev, ino, size, mtime?.getTime(), ctime?.getTime()].join(" "), written };
  } catch {
    return { stamp: "", written: 0 };
  }
}

async function digestOf(path: string): Promise<string> {
  try {
    return new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(path))).toHex();
  } catch {
    return "";
  }
}
