/**
 * What sessions stand on, as a thread beside the main one sees it: gate, queue, counts, passwords and log, each at the other end of a wire.
 *
 * @module
 */
import type { Crowd, Entry, Gate, Knock } from "../accept/gate.ts";
import { type Intake, type Stored, type Unstored, unstoredBy } from "../accept/intake.ts";
import type { CheckResult, PasswordCheck } from "../auth/passwords.ts";
import type { LogLevel, LogSink } from "../base/log.ts";
import type { Shortage } from "../base/pressure.ts";
import type { ScryptHash } from "../base/scrypt_hash.ts";
import type { Envelope } from "../mail/envelope.ts";
import type { MailEvent } from "../mail/events.ts";
import type { RecipientCheck } from "../mail/recipient_check.ts";
import { type Bodies, BodyDraft, type SealedText } from "../queue/bodies.ts";
import { SharedIds } from "../queue/ids.ts";
import type { Draft, Ids } from "../queue/spool.ts";
import type { Attempt } from "../rates/hourly_counts.ts";
import { type ClientCounts, type Counter, countsInMemory } from "../rates/rates.ts";
import type { Wire } from "./wire.ts";
import { type Counted, type CountedKind, countedKinds, type LogTail, type ToMain, type WorkerStart } from "./words.ts";

/** A thread's wire to the main one. */
export type MainWire = Pick<Wire<ToMain, never>, "tell" | "lazily" | "ask" | "last" | "flush">;

/** The gate in the main thread. */
export class FarGate implements Gate {
  readonly #wire: MainWire;

  constructor(wire: MainWire) {
    this.#wire = wire;
  }

  enter(knock: Knock): Promise<Entry> {
    return this.#wire.ask("enter", knock);
  }

  leave({ icid }: Knock): void {
    this.#wire.tell("leave", icid);
  }

  crowd(): Promise<Crowd> {
    return this.#wire.ask("crowd", undefined);
  }
}

/** The queue in the main thread. Texts are gathered here; long ones are written, and synced, here too. */
export class FarIntake implements Intake {
  readonly ids: Ids;
  shortage: Shortage | undefined;
  readonly #wire: MainWire;
  readonly #bodies: Bodies;

  constructor(wire: MainWire, { ids, shortage, bodies }: Pick<WorkerStart, "ids" | "shortage"> & { bodies: Bodies }) {
    this.#wire = wire;
    this.ids = new SharedIds(ids);
    this.shortage = shortage;
    this.#bodies = bodies;
  }

  refused(shortage: Shortage): void {
    this.#wire.lazily("refused", shortage);
  }

  draft(mid: number): Draft {
    return new BodyDraft(mid, this.#bodies);
  }

  async put(envelope: Envelope, draft: Draft): Promise<Stored> {
    const { mid } = envelope;
    let sealed: SealedText;
    try {
      sealed = await (draft as BodyDraft).seal();
    } catch (thrown) {
      await draft.abort().catch(() => {}); // what stays is swept away at the next start
      return this.failed(mid, thrown);
    }
    const { octets } = sealed;
    const text = sealed.text === null || sealed.text.byteLength === sealed.text.buffer.byteLength
      ? sealed.text
      : sealed.text.slice();
    try {
      return await this.#wire.ask("put", { envelope, octets, text }, text === null ? [] : [text.buffer]);
    } catch (thrown) {
      return unstoredBy(thrown);
    }
  }

  failed(mid: number, thrown: unknown): Unstored {
    const unstored = unstoredBy(thrown);
    this.#wire.tell("unstored", { mid, unstored });
    return unstored;
  }
}

/**
 * Counts of the hour, a copy in each thread. What is counted here is told to the main thread, which keeps it and tells the others, so a
 * limit holds for all threads together a moment later. Failed authentications alone are counted in the main thread, before the
 * password is looked at.
 */
export class FarCounts implements ClientCounts {
  readonly recipients: Counter;
  readonly senders: Counter;
  readonly invalid: Counter;
  readonly auth: ClientCounts["auth"];
  readonly #copies: ReturnType<typeof countsInMemory>;

  constructor(wire: MainWire, { now, counts }: { now: () => number; counts: WorkerStart["counts"] }) {
    const copies = this.#copies = countsInMemory(now);
    const relayed = (kind: CountedKind): Counter => ({
      count: (key) => copies[kind].count(key),
      add(key, by = 1) {
        wire.tell("count", { kind, key, by });
        return copies[kind].add(key, by);
      },
    });
    this.recipients = relayed("recipients");
    this.senders = relayed("senders");
    this.invalid = relayed("invalid");
    this.auth = {
      attempt: (client, most): Promise<Attempt> => wire.ask("attempt", { client, most }),
      add: (client, by) => wire.tell("attemptBack", { client, by }),
    };
    for (const kind of countedKinds) {
      for (const { key, count, ms } of counts.get(kind) ?? []) copies[kind].restore({ key, count, until: now() + ms });
    }
  }

  /** Another thread has counted. */
  counted({ kind, key, by }: Counted): void {
    this.#copies[kind].add(key, by);
  }

  /** Forgets what is over. */
  purge(): void {
    for (const kind of countedKinds) this.#copies[kind].purge();
  }
}

/** The main thread's check, which bounds how many run at a time. */
export function farPasswords(wire: MainWire): PasswordCheck {
  return {
    check: (password: string, hash: ScryptHash): Promise<CheckResult> => wire.ask("check", { password, hash }),
  };
}

/** The main thread's connections to directories. */
export function farRecipients(wire: MainWire): RecipientCheck {
  return { check: (question) => wire.ask("validate", question) };
}

/** Sends lines and events to the main thread's log, in their order and as few messages. */
export function farLog(wire: MainWire): { sink: LogSink; observer: (event: MailEvent, level: LogLevel) => void } {
  let tail: LogTail = { lines: "", events: [] };
  const open = (): LogTail => {
    if (wire.last !== tail) wire.lazily("log", tail = { lines: "", events: [] });
    return tail;
  };
  return {
    sink: { write: (line) => void (open().lines += line), flush: () => wire.flush() },
    observer: (event, level) => void open().events.push([level, event]),
  };
}
