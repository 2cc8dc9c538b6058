/**
 * What the queue's own parts share.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { MailLog } from "../mail/events.ts";
import type { Agenda } from "./agenda.ts";
import type { Bodies } from "./bodies.ts";
import type { MessageCache } from "./cache.ts";
import type { Committer } from "./committer.ts";
import type { Counters } from "./ids.ts";
import type { QueueClock } from "./queue_clock.ts";
import type { Store } from "./store.ts";

/** What the configuration says; read each time, so that a reload counts at once. */
export interface SpoolSettings {
  /** The gateway's name, in reports. */
  hostname: string;
  max_queue_messages: number;
  /** Octets. */
  min_free_disk: number;
}

/** What a queue works with. */
export interface SpoolOptions {
  /** `queue/` under `storage.directory`; made with mode 0700. One process at a time: the caller holds the lock. */
  directory: string;
  clock: Clock;
  random: Random;
  log: MailLog;
  settings: () => SpoolSettings;
}

/** The parts of one open queue. */
export interface Parts {
  options: SpoolOptions;
  /** A function, since a damaged database is replaced. */
  store: () => Store;
  bodies: Bodies;
  cache: MessageCache;
  agenda: Agenda;
  /** Messages that are being written: their rows may be seen already, and count when they are synced. */
  arriving: Set<number>;
  committer: Committer;
  counters: Counters;
  time: QueueClock;
}

/** Logs a trouble of the queue's own. */
export function note(log: MailLog, level: "critical" | "warning" | "info", text: string): void {
  log[level]({ event: "note", text, reason: "queue" });
}
