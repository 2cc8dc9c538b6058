/**
 * Texts that are files, and drafts on their way to become either.
 *
 * A text up to `limits.bodyInMemoryOctetsMax` is gathered in memory and stored in the database. A longer one streams to
 * `bodies/<mid>`, one piece being written while the next one is gathered. Before the message is committed the file's
 * content and the directory are synced. A file counts only when the database names it; any other is what an interruption left,
 * and {@linkcode Bodies.sweep} removes it at the start. So no temporary name and no rename are needed: a MID is never
 * used twice.
 *
 * All drafts together hold at most {@linkcode heldOctetsMax} in memory; beyond that, drafts go to files whatever their size, so
 * that many slow clients cannot use up the memory.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import { joined, type Octets } from "../base/octets.ts";
import { causeOf } from "../base/text.ts";
import { type Draft, SpoolFullError } from "./spool.ts";

/** What all drafts together may hold in memory. */
export const heldOctetsMax = 128 * 1024 * 1024;
/** Smaller pieces are gathered to this before they are written. */
const pieceOctets = 65_536;

/** `error` as {@linkcode SpoolFullError} where it says that there is no room: ENOSPC, EDQUOT. */
export function roomError(error: unknown): unknown {
  const code = (error as { code?: unknown } | null)?.code;
  const full = code === "ENOSPC" || code === "EDQUOT" || /os error (28|122)\b/.test(causeOf(error));
  return full ? new SpoolFullError(`Cannot store a message: ${causeOf(error)}`, { cause: error }) : error;
}

/** How the files of one directory are used by one thread. */
export interface BodiesOptions {
  /** What all drafts together may hold in memory; {@linkcode heldOctetsMax} by default. */
  heldMax?: number;
  /** Told of each file: it is there, or it is thrown away. */
  told?: (mid: number, there: boolean) => void;
}

/** The files of long texts, in one directory. */
export class Bodies implements Disposable {
  readonly directory: string;
  readonly #handle: Deno.FsFile;
  readonly #removals = new Set<Promise<void>>();
  #syncing: Promise<void> | undefined;
  #syncNext: Promise<void> | undefined;
  readonly #told: BodiesOptions["told"];
  /** What drafts may hold in memory together, and what they hold. */
  readonly heldMax: number;
  held = 0;

  constructor(directory: string, { heldMax = heldOctetsMax, told }: BodiesOptions = {}) {
    this.heldMax = heldMax;
    this.#told = told;
    Deno.mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.directory = directory;
    this.#handle = Deno.openSync(directory);
  }

  /** Where the text of `mid` is. */
  path(mid: number): string {
    return `${this.directory}/${mid}`;
  }

  /** Waits until the names of all files made so far are on the disk. Whoever asks during one sync shares the next. */
  sync(): Promise<void> {
    if (this.#syncing !== undefined) {
      return this.#syncNext ??= this.#syncing.then(() => this.#syncNow(), () => this.#syncNow());
    }
    return this.#syncNow();
  }

  #syncNow(): Promise<void> {
    this.#syncNext = undefined;
    const syncing = this.#handle.sync().finally(() => {
      if (this.#syncing === syncing) this.#syncing = undefined;
    });
    return this.#syncing = syncing;
  }

  /** The text in chunks. All are views of one buffer, since fresh ones cost more than the reading. */
  async *read(mid: number): AsyncIterable<Octets> {
    using file = await Deno.open(this.path(mid));
    const buffer: Octets = new Uint8Array(limits.chunkOctets);
    while (true) {
      const count = await file.read(buffer);
      if (count === null) return;
      yield count === buffer.length ? buffer : buffer.subarray(0, count);
    }
  }

  /** The first octets of a text, `count` at most. */
  async head(mid: number, count: number): Promise<Octets> {
    const chunks: Octets[] = [];
    let octets = 0;
    for await (const chunk of this.read(mid)) {
      chunks.push(chunk.slice());
      octets += chunk.length;
      if (octets >= count) break;
    }
    return chunks.length === 0 ? new Uint8Array(0) : joined(chunks).subarray(0, count);
  }

  /** Makes a text's file. */
  async make(mid: number): Promise<Deno.FsFile> {
    const file = await Deno.open(this.path(mid), { createNew: true, write: true, mode: 0o600 });
    this.#told?.(mid, true);
    return file;
  }

  /** Removes a text's file in the background. One that cannot be removed is left to the next start's sweep. */
  remove(mid: number): void {
    this.#told?.(mid, false);
    const removal = Deno.remove(this.path(mid)).catch(() => {}).finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
  }

  /** Resolves when the removals begun so far are done. */
  async settled(): Promise<void> {
    await Promise.all(this.#removals);
  }

  /**
   * Takes away every file that no message names: removes it, or moves it to `aside` where the database was damaged and may have
   * lost the name. Returns how many, which could not be taken away and why, and which of the named files are missing. What stays
   * takes room and harms nobody: its number is never given out again.
   */
  sweep(named: Iterable<number>, aside?: string): { swept: number; stuck: string[]; missing: number[] } {
    const missing = new Set<number>(named);
    const known = new Set(missing);
    const stuck: string[] = [];
    let swept = 0;
    for (const { name } of Deno.readDirSync(this.directory)) {
      const mid = Number(name);
      if (missing.delete(mid) || known.has(mid)) continue;
      try {
        if (aside === undefined) {
          Deno.removeSync(`${this.directory}/${name}`, { recursive: true });
        } else {
          Deno.mkdirSync(aside, { recursive: true, mode: 0o700 });
          Deno.renameSync(`${this.directory}/${name}`, `${aside}/${name}`);
        }
        swept++;
      } catch (error) {
        stuck.push(causeOf(error));
      }
    }
    return { swept, stuck, missing: [...missing] };
  }

  [Symbol.dispose](): void {
    this.#handle.close();
  }
}

/** A text that is complete: whole in memory, or a file whose content and name are synced. */
export type SealedText = { octets: number; text: Octets | null };

/** See {@linkcode Draft}. */
export class BodyDraft implements Draft {
  readonly mid: number;
  octets = 0;
  readonly #bodies: Bodies;
  #chunks: Octets[] = [];
  #held = 0;
  #opening: Promise<void> | undefined;
  #file: Deno.FsFile | undefined;
  #closed = false;
  #writing: Promise<void> | undefined;
  #error: unknown;
  #state: "open" | "sealed" | "aborted" = "open";

  constructor(mid: number, bodies: Bodies) {
    this.mid = mid;
    this.#bodies = bodies;
  }

  write(chunk: Octets): Promise<void> | void {
    if (this.#state !== "open") throw new Error(`Cannot write to the text of MID ${this.mid}: it is ${this.#state}`);
    if (this.#error !== undefined) return Promise.reject(this.#error);
    this.octets += chunk.length;
    // A view must not keep a socket's much larger buffer alive.
    this.#hold(chunk.buffer.byteLength > 2 * chunk.length + 1024 ? chunk.slice() : chunk);
    if (this.#file === undefined) {
      if (this.octets <= limits.bodyInMemoryOctetsMax && this.#bodies.held <= this.#bodies.heldMax) return;
      return this.#opening = this.#spill();
    }
    if (this.#held < pieceOctets) return;
    if (this.#writing === undefined) {
      this.#flush();
      return;
    }
    return this.#writing.then(() => {
      if (this.#error !== undefined) throw this.#error;
      this.#flush();
    });
  }

  /** Ends the text. A file's content and name are on the disk when this resolves; a text in memory is returned at once. */
  seal(): SealedText | Promise<SealedText> {
    if (this.#state !== "open") throw new Error(`Cannot store MID ${this.mid}: its text is ${this.#state}`);
    if (this.#error !== undefined) throw this.#error;
    this.#state = "sealed";
    if (this.#file !== undefined) return this.#sealFile(this.#file);
    return { octets: this.octets, text: this.#take() };
  }

  async abort(): Promise<void> {
    if (this.#state === "aborted") return;
    this.#state = "aborted";
    this.#take();
    await this.#opening?.catch(() => {});
    await this.#writing;
    if (this.#file === undefined) return;
    this.#close();
    this.#bodies.remove(this.mid);
    await this.#bodies.settled();
  }

  async #spill(): Promise<void> {
    try {
      this.#file = await this.#bodies.make(this.mid);
    } catch (error) {
      throw this.#error = roomError(error);
    }
    if (this.#state === "open") this.#flush();
  }

  /** Writes what is held, in the background. A failure ends the file at once and is kept for the next call. */
  #flush(): void {
    const block = this.#take();
    this.#writing = this.#writeAll(block).catch((error) => {
      this.#error = roomError(error);
      this.#close();
      this.#bodies.remove(this.mid);
    }).finally(() => this.#writing = undefined);
  }

  async #writeAll(block: Octets): Promise<void> {
    for (let at = 0; at < block.length;) at += await this.#file!.write(block.subarray(at));
  }

  async #sealFile(file: Deno.FsFile): Promise<SealedText> {
    try {
      await this.#writing;
      if (this.#error !== undefined) throw this.#error;
      await this.#writeAll(this.#take());
      await file.syncData();
      await this.#bodies.sync();
      return { octets: this.octets, text: null };
    } catch (error) {
      throw roomError(error);
    } finally {
      this.#close();
    }
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#file?.close();
  }

  #hold(chunk: Octets): void {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    this.#bodies.held += chunk.length;
  }

  #take(): Octets {
    const block = this.#chunks.length === 0 ? new Uint8Array(0) : joined(this.#chunks);
    this.#bodies.held -= this.#held;
    this.#held = 0;
    this.#chunks = [];
    return block;
  }
}
