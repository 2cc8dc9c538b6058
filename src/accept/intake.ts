/**
 * The queue as sessions see it: numbers, room for texts, and one answer for each message.
 *
 * What an answer means for the log and for the gateway's health is told here, where the queue is; a thread of its own reaches it from
 * afar (`src/workers`).
 *
 * @module
 */
import type { Pressure, Shortage } from "../base/pressure.ts";
import { causeOf, printable } from "../base/text.ts";
import type { Envelope } from "../mail/envelope.ts";
import type { MailLog } from "../mail/events.ts";
import { type Draft, type Ids, type Spool, SpoolFullError } from "../queue/spool.ts";

/** Why a message is not in the queue: no room, or something that did not work. The cause is for the log. */
export interface Unstored {
  kind: "full" | "failed";
  cause: string;
}

/** What became of a message. */
export type Stored = { kind: "stored" } | Unstored;

/** See the module. */
export interface Intake {
  readonly ids: Ids;
  /** Why no message is taken now. */
  readonly shortage: Shortage | undefined;
  /** Counts a message that was turned away for it. */
  refused(shortage: Shortage): void;
  /** A place for the text of a message. */
  draft(mid: number): Draft;
  /** Stores. `stored` comes after the sync, and the log has its line then. Never rejects. */
  put(envelope: Envelope, draft: Draft): Promise<Stored>;
  /** A draft did not take its text. */
  failed(mid: number, thrown: unknown): Unstored;
}

/** What a local intake stands on. */
export interface IntakeParts {
  spool: Pick<Spool, "ids" | "draft" | "put">;
  pressure: Pick<Pressure, "mailShortage" | "refused" | "storeFailed" | "storage">;
  log: MailLog;
}

/** The queue in the same thread. */
export class LocalIntake implements Intake {
  readonly ids: Ids;
  readonly #parts: IntakeParts;

  constructor(parts: IntakeParts) {
    this.ids = parts.spool.ids;
    this.#parts = parts;
  }

  get shortage(): Shortage | undefined {
    return this.#parts.pressure.mailShortage;
  }

  refused(shortage: Shortage): void {
    this.#parts.pressure.refused(shortage);
  }

  draft(mid: number): Draft {
    return this.#parts.spool.draft(mid);
  }

  put(envelope: Envelope, draft: Draft): Promise<Stored> {
    return this.settle(envelope.mid, this.#parts.spool.put(envelope, draft));
  }

  /** Tells what became of a message that is being stored. */
  async settle(mid: number, storing: Promise<void>): Promise<Stored> {
    try {
      await storing;
    } catch (thrown) {
      return this.failed(mid, thrown);
    }
    const { pressure, log } = this.#parts;
    pressure.storage.worked();
    log.info({ event: "mid_queued", mid });
    return { kind: "stored" };
  }

  failed(mid: number, thrown: unknown): Unstored {
    const unstored = unstoredBy(thrown);
    this.tell(mid, unstored);
    return unstored;
  }

  /** A message is lost to its sender: the gateway's health may be the reason. */
  tell(mid: number, { kind, cause }: Unstored): void {
    const { pressure } = this.#parts;
    const text = `Cannot store MID ${mid}: ${cause}`;
    if (kind === "full") pressure.storeFailed(text, "full");
    else pressure.storage.failed(text, "failed");
  }
}

/** What the queue said, in plain values. */
export function unstoredBy(thrown: unknown): Unstored {
  return { kind: thrown instanceof SpoolFullError ? "full" : "failed", cause: printable(causeOf(thrown)) };
}
