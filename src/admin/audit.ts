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
import { type AuditFound, type AuditWanted, findAudit } from "./audit_search.ts";

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

  /** Searches the log, the newest lines first; `count` of them at the most. */
  async find(wanted: AuditWanted, count: number): Promise<AuditFound> {
    return await findAudit(this.#path, wanted, count);
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}
