/**
 * What the queue promises to the stages before and behind it.
 *
 * `put` resolves after the sync: only then may a 250 be sent. Everything is asynchronous and made of plain values, so that the
 * queue can live in another thread.
 *
 * @module
 */
import type { Octets } from "../base/octets.ts";
import type { Envelope, Recipient } from "../mail/envelope.ts";
import type { Outcome } from "../mail/outcome.ts";

/** Numbers that count up for the life of the installation. */
export interface Ids {
  next(kind: "icid" | "mid" | "dcid"): number;
}

/** The text of one message while it comes in. Small bodies stay in memory, large ones stream to a file. */
export interface Draft {
  /** Octets so far. */
  readonly octets: number;
  /**
   * Takes a piece of the text, already free of dot stuffing; the queue owns `chunk` from now on. Returns a promise where the caller has to wait (back-pressure),
   * else nothing. Rejects with {@linkcode SpoolFullError} on a full disk.
   */
  write(chunk: Octets): Promise<void> | void;
  /** Throws everything away. Nothing stays on disk. */
  abort(): Promise<void>;
}

/** How long and how often mail is tried: a bounce profile's part that the queue needs. */
export interface RetryRule {
  max_retries: number;
  max_queue_time: number;
  initial_retry: number;
  max_retry_interval: number;
  /** Whether, and how long after it came, the sender is told that a message waits; once for each recipient. */
  send_delay_warning?: boolean;
  delay_warning_after?: number;
}

/** The recipients of one message in one destination, lent to delivery. */
export interface Lease {
  /** Of this lease; no two are alike. */
  id: number;
  envelope: Omit<Envelope, "recipients">;
  /** Those that are still to be served. */
  recipients: Recipient[];
  destination: string;
  /** Attempts before this one. */
  attempts: number;
  /** Octets of the text. */
  octets: number;
  /** The text in chunks of at most 64 KiB. It may be read more than once, one after the other. A chunk is valid until the next is asked for. */
  text(): AsyncIterable<Octets>;
  /** The text where it is held in memory, else `undefined`. */
  readonly held: Octets | undefined;
  /** The text is a file of the queue, which other threads can read as well. Absent: it is not. */
  readonly filed?: boolean;
  /** Another thread could not read the file. */
  unread?(trouble: Unread): void;
}

/** Why a text could not be read. `lost`: it is not there. */
export interface Unread {
  lost: boolean;
  cause: string;
}

/** What `settle` did, for the log. */
export interface Settlement {
  /** Nothing of the message is left in the queue. */
  finished: boolean;
  /**
   * Recipients given up after this attempt, those refused and those whose time is up, with the outcome that ended them: `deferred` for
   * the latter, which are reported as 5.4.7.
   */
  bounced: Outcome[];
  /** Recipients that wait, and until when (wall milliseconds). */
  deferred: { outcomes: Outcome[]; until: number } | undefined;
  /** The MID of the report that was queued; `"dropped"` where the sender is null, or nobody wants one: `undefined`. */
  report:
    | { mid: number; recipient: string; about: "failed" | "delayed" | "relayed" | "delivered" }
    | "dropped"
    | undefined;
}

/** State of one destination. */
export interface DestinationState {
  destination: string;
  /** Messages that wait for it, leased ones left out. */
  waiting: number;
  /** When the first of them is due, wall milliseconds. */
  due: number;
}

/** The durable queue. */
export interface Spool {
  readonly ids: Ids;
  /** A place for the text of a message. */
  draft(mid: number): Draft;
  /** Stores. Resolves after the sync; rejects with {@linkcode SpoolFullError} or another error, and then nothing is left. */
  put(envelope: Envelope, draft: Draft): Promise<void>;
  /**
   * Up to `count` messages for `destination` that are due, oldest due first. They are not given out again before they are settled or
   * given back. Leases end with the process.
   */
  lease(destination: string, count: number): Promise<Lease[]>;
  /** Gives a lease back untouched, due at once or at `until`. */
  giveBack(lease: Lease, until?: number): void;
  /**
   * Writes down what became of a lease. Resolves when a report is written; without a report at once, and the rows follow within
   * 25 ms, since only the log waits for them. A crash before that means that the message is tried again.
   *
   * A recipient without an outcome was not tried. Where all that remain are such, this was no attempt: it counts as none, and they are
   * due after `held` milliseconds.
   */
  settle(lease: Lease, outcomes: Outcome[], rule: RetryRule & { held?: number }): Promise<Settlement>;
  /** Destinations with something that is due, or will be. */
  destinations(): Iterable<DestinationState>;
  /**
   * Called with a destination whenever something for it becomes due: for each message after a put or a give-back, once at a
   * retry time, however many it is for. One listener; what is due already is told in the next turn.
   */
  onDue(listener: (destination: string) => void): void;
  /** Messages in the queue for one destination, leased ones included. */
  count(destination: string): number;
  /** Those of them that nobody has leased. */
  waiting(destination: string): number;
  /** Messages in the queue. */
  readonly messages: number;
  /** Writes down what is pending and closes. */
  close(): Promise<void>;
}

/** No room: the disk is full, inodes or the configured limits are used up. It says 452 to clients. */
export class SpoolFullError extends Error {
  override name = "SpoolFullError";
}
