/**
 * The audit log: who logged in, and who changed what, from where. `storage/logs/audit.log`, mode 0600, one JSON object a line.
 *
 * JSON escapes line ends and control characters, so nobody can forge a line; secrets are never given to it. A line is written before the
 * answer to a request goes out. It is rotated as the mail log is.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { RotatingFile } from "../base/log_sinks.ts";
import { printable } from "../base/text.ts";

/** One line. */
export interface AuditEvent {
  /** What was done: `login`, `user.create`, `queue.delete`. */
  action: string;
  /** It was done; else it was refused or failed. */
  ok: boolean;
  /** Who: a user, or what he called himself; none: nobody yet. */
  user?: string;
  /** How he showed who he is. */
  via?: "session" | "token" | "certificate" | "control";
  address?: string;
  /** What it was done to. */
  target?: string;
  /** In words, without secrets. */
  detail?: string;
}

/** A line as it is read back. */
export interface AuditLine extends AuditEvent {
  /** ISO 8601, UTC. */
  time: string;
}

/** What the log needs. */
export interface AuditOptions {
  /** The folder: `storage.logs`. */
  directory: string;
  clock: Clock;
  settings(): { rotate_size: number; keep: number };
}

/** Octets from the end of the file that are read back. */
const tailOctets = 1_048_576;
/** Characters of one text in a line. */
const textMax = 500;

/** See the module. */
export class Audit implements Disposable {
  readonly #options: AuditOptions;
  readonly #path: string;
  readonly #file: RotatingFile;

  constructor(options: AuditOptions) {
    const { directory, clock, settings } = options;
    const { rotate_size: rotateSize, keep } = settings();
    this.#options = options;
    this.#path = `${directory}/audit.log`;
    this.#file = new RotatingFile(this.#path, { clock, rotateSize, keep });
  }

  /** Writes a line. */
  note({ action, ok, ...rest }: AuditEvent): void {
    const { clock, settings } = this.#options;
    const { rotate_size, keep } = settings();
    this.#file.rotateSize = rotate_size;
    this.#file.keep = keep;
    const line: Record<string, unknown> = { time: new Date(clock.now()).toISOString(), action, ok };
    for (const [name, text] of Object.entries(rest)) if (text !== undefined) line[name] = printable(text, textMax);
    this.#file.write(`${JSON.stringify(line)}\n`);
    this.#file.flush();
  }

  /** The last lines, the newest first, `count` at the most. */
  async last(count: number): Promise<AuditLine[]> {
    let text: string;
    try {
      using file = await Deno.open(this.#path);
      const { size } = await file.stat();
      const from = Math.max(size - tailOctets, 0);
      await file.seek(from, Deno.SeekMode.Start);
      const bytes = new Uint8Array(size - from);
      let length = 0;
      for (let read; length < bytes.length && (read = await file.read(bytes.subarray(length))) !== null;) {
        length += read;
      }
      text = new TextDecoder().decode(bytes.subarray(0, length));
      // What was cut off is no line.
      if (from > 0) text = text.slice(text.indexOf("\n") + 1);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
    const lines = text.split("\n").filter((line) => line !== "").slice(-count).reverse();
    return lines.flatMap(readLine);
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}

/** A line that a crash cut off, or that somebody wrote, is left out. */
function readLine(line: string): AuditLine[] {
  try {
    const read = JSON.parse(line);
    return typeof read?.time === "string" && typeof read.action === "string" ? [read] : [];
  } catch {
    return [];
  }
}
