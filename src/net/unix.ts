/**
 * Unix sockets: how programs on the same machine find each other by a file.
 *
 * The socket is bound under another name in a folder that nobody else may enter, gets its mode there, and only then takes its name by a
 * rename: it is never open to others for a moment, and what a dead process left under the name is replaced in one step.
 * A socket address holds 107 octets, so the shorter of the absolute path and the one from here is used.
 *
 * @module
 */
import { relative } from "node:path";
import type { Octets } from "../base/octets.ts";

/** A byte stream to another program on this machine. */
export interface LocalStream extends Disposable {
  /** Bytes into `into`: how many; `null` at the peer's end of the stream. Rejects when the stream breaks or is closed. */
  read(into: Octets): Promise<number | null>;
  /** Writes all of `bytes`. */
  write(bytes: Octets): Promise<void>;
  /** Ends it at once. Closing twice does nothing. */
  close(): void;
}

/** A socket file that takes connections. */
export interface LocalListener extends Disposable {
  /** The next connection; `null` after {@linkcode LocalListener.close}. */
  accept(): Promise<LocalStream | null>;
  /** Takes no more, and removes the file where it is still this one. */
  close(): void;
}

/**
 * Listens at `path`, mode 0600; `folder` is one of the same file system that only its owner may enter. Throws a clear line where something else than
 * a socket has the name, or the path is too long.
 */
export function listenLocal(path: string, folder: string): LocalListener {
  const there = lstatOrNothing(path);
  if (there !== undefined && !there.isSocket) throw new Error(`Cannot listen at ${path}: another file has this name`);
  const fresh = `${folder}/control.${Deno.pid}`;
  if (lstatOrNothing(fresh) !== undefined) Deno.removeSync(fresh);
  const listener = Deno.listen({ transport: "unix", path: socketAddress(fresh) });
  try {
    Deno.chmodSync(fresh, 0o600);
    Deno.renameSync(fresh, path);
    return new Door(listener, { path, inode: Deno.lstatSync(path).ino });
  } catch (error) {
    listener.close();
    throw error;
  }
}

/** Connects to the socket at `path`. Rejects with `Deno.errors.NotFound` or `ConnectionRefused` where nobody listens there. */
export async function dialLocal(path: string): Promise<LocalStream> {
  return new Stream(await Deno.connect({ transport: "unix", path: socketAddress(path) }));
}

/** What a socket address can hold, on Linux. */
const addressOctetsMax = 107;

/** The form of `path` that a socket address can hold. Throws where there is none. */
export function socketAddress(path: string): string {
  const near = relative(Deno.cwd(), path);
  const shorter = near !== "" && near.length < path.length ? near : path;
  if (new TextEncoder().encode(shorter).length <= addressOctetsMax) return shorter;
  throw new Error(
    `Cannot use the socket ${path}: its path has more than ${addressOctetsMax} octets; a shorter storage.directory`,
  );
}

function lstatOrNothing(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

class Door implements LocalListener {
  readonly #native: Deno.UnixListener;
  readonly #file: { path: string; inode: number | null };
  #closed = false;

  constructor(native: Deno.UnixListener, file: { path: string; inode: number | null }) {
    this.#native = native;
    this.#file = file;
  }

  async accept(): Promise<LocalStream | null> {
    try {
      return new Stream(await this.#native.accept());
    } catch (error) {
      if (this.#closed) return null;
      throw error;
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#native.close();
    const { path, inode } = this.#file;
    if (lstatOrNothing(path)?.ino === inode) Deno.removeSync(path);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

class Stream implements LocalStream {
  readonly #native: Deno.UnixConn;
  #closed = false;

  constructor(native: Deno.UnixConn) {
    this.#native = native;
  }

  read(into: Octets): Promise<number | null> {
    return this.#native.read(into);
  }

  async write(bytes: Octets): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#native.write(bytes.subarray(at));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
