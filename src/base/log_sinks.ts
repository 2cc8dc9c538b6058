/**
 * Where log lines end up: standard output, and a file that is rotated by size.
 *
 * Lines wait in memory for at most {@linkcode gatherMs} or {@linkcode gatherCharactersMax}, then one system call writes them all.
 *
 * @module
 */
import type { Clock, Timer } from "./clock.ts";
import type { LogSink } from "./log.ts";
import { octets } from "./octets.ts";

const gatherMs = 20;
const gatherCharactersMax = 65_536;

/** A file descriptor's worth of writing. */
interface Writer {
  writeSync(bytes: Uint8Array): number;
}

/** Writes everything, however little a call takes. A disk that is full or a pipe that is gone loses the lines, never the gateway. */
function writeAll(to: Writer, bytes: Uint8Array): void {
  try {
    for (let at = 0; at < bytes.length;) at += to.writeSync(bytes.subarray(at));
  } catch {
    // Mail comes before its log: what cannot be written is dropped.
  }
}

/** Gathers lines and hands them on together. */
class Gatherer {
  readonly #clock: Clock;
  readonly #out: (bytes: Uint8Array) => void;
  #waiting = "";
  #timer: Timer | undefined;

  constructor(clock: Clock, out: (bytes: Uint8Array) => void) {
    this.#clock = clock;
    this.#out = out;
  }

  write(lines: string): void {
    this.#waiting += lines;
    if (this.#waiting.length >= gatherCharactersMax) this.flush();
    else this.#timer ??= this.#clock.after(gatherMs, () => this.flush());
  }

  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#waiting === "") return;
    const bytes = octets(this.#waiting);
    this.#waiting = "";
    this.#out(bytes);
  }
}

/** Standard output. */
export function standardOutput(clock: Clock): LogSink {
  return new Gatherer(clock, (bytes) => writeAll(Deno.stdout, bytes));
}

/** What a {@linkcode LateSink} holds for whoever comes. */
const heldCharactersMax = 262_144;

/** A sink for somebody who comes when the log has begun: the first lines are held for him, a bounded part of them. */
export class LateSink implements LogSink {
  readonly #now: () => number;
  #held: { lines: string; at: number }[] = [];
  #room = heldCharactersMax;
  #take: ((lines: string, at: number) => void) | undefined;

  /** `now`: wall milliseconds, which lines are given along with. */
  constructor(now: () => number) {
    this.#now = now;
  }

  write(lines: string): void {
    if (this.#take !== undefined) return this.#take(lines, this.#now());
    if (lines.length > this.#room) return;
    this.#room -= lines.length;
    this.#held.push({ lines, at: this.#now() });
  }

  /** Nothing is held back here. */
  flush(): void {}

  /** Gives `take` what is held, and all lines from now on. */
  attach(take: (lines: string, at: number) => void): void {
    for (const { lines, at } of this.#held) take(lines, at);
    this.#held = [];
    this.#take = take;
  }
}

/** A log file with older ones beside it: `mail.log`, `mail.log.1` (the youngest), up to `keep`. */
export class RotatingFile implements LogSink, Disposable {
  readonly #path: string;
  readonly #gatherer: Gatherer;
  #file: Deno.FsFile | undefined;
  #octets = 0;
  /** Octets at which a new file begins. */
  rotateSize: number;
  /** Old files kept. */
  keep: number;

  constructor(path: string, { clock, rotateSize, keep }: { clock: Clock; rotateSize: number; keep: number }) {
    this.#path = path;
    this.rotateSize = rotateSize;
    this.keep = keep;
    this.#gatherer = new Gatherer(clock, (bytes) => this.#append(bytes));
  }

  write(lines: string): void {
    this.#gatherer.write(lines);
  }

  flush(): void {
    this.#gatherer.flush();
  }

  /** Writes what waits and closes the file; the next line opens it again, under the name it then has. */
  [Symbol.dispose](): void {
    this.flush();
    this.#file?.close();
    this.#file = undefined;
  }

  #append(bytes: Uint8Array): void {
    try {
      if (this.#file !== undefined && this.#octets + bytes.length > this.rotateSize) this.#rotate();
      this.#file ??= this.#open();
    } catch {
      return; // No room for a log must not stop the mail; standard output still has the line.
    }
    writeAll(this.#file, bytes);
    this.#octets += bytes.length;
  }

  #open(): Deno.FsFile {
    const file = Deno.openSync(this.#path, { append: true, create: true, mode: 0o600 });
    this.#octets = file.statSync().size;
    return file;
  }

  #rotate(): void {
    this.#file?.close();
    this.#file = undefined;
    for (let age = this.keep - 1; age >= 0; age--) {
      const from = age === 0 ? this.#path : `${this.#path}.${age}`;
      try {
        Deno.renameSync(from, `${this.#path}.${age + 1}`);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    if (this.keep === 0) Deno.removeSync(this.#path);
  }
}
