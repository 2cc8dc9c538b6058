/**
 * The words between the main thread and one that serves sessions and connections to next hops. Everything is plain data, which is copied or handed over.
 *
 * What is one for the whole gateway stays in the main thread: the queue, the counts of sessions and of the hour, what runs short,
 * passwords under check, connections to directories, the lanes of destinations with their limits and pauses, statistics and the log's files. The other thread has its
 * own TLS engine, tables and resolver, made of the same configuration.
 *
 * @module
 */
import type { Crowd, Entry, Knock } from "../accept/gate.ts";
import type { Stored, Unstored } from "../accept/intake.ts";
import type { CheckResult } from "../auth/passwords.ts";
import type { LogLevel } from "../base/log.ts";
import type { Octets } from "../base/octets.ts";
import type { Piece } from "../base/parcel.ts";
import type { Shortage } from "../base/pressure.ts";
import type { ScryptHash } from "../base/scrypt_hash.ts";
import type { Config } from "../config/config.ts";
import type { Call, Called, Reached } from "../deliver/link.ts";
import type { Opened, OpeningOptions } from "../deliver/opening.ts";
import type { Transacted } from "../deliver/transaction.ts";
import type { Answer, RecordType, RecordTypes } from "../dns/records.ts";
import type { Envelope, Recipient } from "../mail/envelope.ts";
import type { MailEvent } from "../mail/events.ts";
import type { RecipientAnswer, RecipientQuestion } from "../mail/recipient_check.ts";
import type { Endpoint } from "../net/net.ts";
import type { Lease, Unread } from "../queue/spool.ts";
import type { Attempt, CountLeft } from "../rates/hourly_counts.ts";
import type { KeyPair, TrustAnchors } from "../tls/engine.ts";
import type { Staple } from "../tls/revocation.ts";

/** What a configuration's edition is made of. */
export interface Recipe {
  config: Config;
  keyPairs: ReadonlyMap<string, KeyPair[]>;
  trust: TrustAnchors;
}

/** An answer of a responder, for the certificate that has this fingerprint; none: there is none any more. */
export interface StapleWords {
  fingerprint: string;
  staple: Staple | undefined;
}

/** What is counted in every thread, and told to the others. */
export const countedKinds = ["recipients", "senders", "invalid"] as const;

/** One of {@linkcode countedKinds}. */
export type CountedKind = typeof countedKinds[number];

/** What a thread needs before it can make anything. */
export interface WorkerHello {
  /** Of TLS tickets: a session that began in one thread goes on in another. */
  ticketKeys: Octets;
  logs: Config["logs"];
}

/** What a thread needs before it can serve anybody. */
export interface WorkerStart {
  /** `bodies/` of the queue: long texts are written by the thread that receives them. */
  bodies: string;
  /** Octets of texts that it may hold in memory. */
  heldMax: number;
  /** The next numbers: `queue/ids.ts`. */
  ids: SharedArrayBuffer;
  shortage: Shortage | undefined;
  counts: ReadonlyMap<CountedKind, CountLeft[]>;
}

/** A count that another thread made. */
export interface Counted {
  kind: CountedKind;
  key: string;
  by: number;
}

/** Lines of the log as they are written, and the events for those who hear them. */
export interface LogTail {
  lines: string;
  events: [LogLevel, MailEvent][];
}

/** A connection to be made. */
export type CallWords = Call;

/** What a call came to. Nothing was said on the connection yet. */
export type CallEnd = Pick<Reached, "kind" | "local" | "remote"> | Extract<Called, { kind: "unreached" }>;

/** What the dialogue begins with; `waiting`: messages that wait for the connection as it begins. */
export type ConverseWords = Omit<OpeningOptions, "waiting"> & { dcid: number; waiting: number };

/** What the dialogue's beginning came to. */
export type ConverseEnd = { kind: "ready"; encrypted: boolean } | Extract<Opened, { kind: "failed" }>;

/** A message to be offered to some of its recipients. */
export interface OfferWords extends Pick<Lease, "envelope" | "destination" | "attempts" | "octets"> {
  dcid: number;
  /** Of the lease. */
  all: Recipient[];
  recipients: Recipient[];
  /** Nothing: it is a file. */
  text: Octets | null;
}

/** What became of an offer. */
export interface OfferEnd {
  transacted: Transacted;
  /** The connection has ended. */
  lost: boolean;
  /** The file could not be read. */
  unread: Unread | undefined;
}

/** What the main thread says. */
export type ToWorker = {
  hello: (hello: WorkerHello) => void;
  start: (start: WorkerStart) => void;
  /** A part of what an edition is made of, which may be long. */
  piece: (piece: { id: number; piece: Piece }) => void;
  /** Makes an edition of the {@linkcode Recipe} that has come; it serves nobody yet. */
  build: (id: number) => Promise<void>;
  /** An edition is not needed any more: it goes with its last session. */
  retire: (id: number) => void;
  /** Opens a door, which takes nobody in yet; the address that it got. */
  open: (door: { id: number; at: Endpoint }) => Endpoint;
  /** What new sessions at a door begin with. */
  serve: (door: { id: number; edition: number; listener: string }) => void;
  /** Closes a door. Sessions go on. */
  shut: (id: number) => Promise<void>;
  /** Which edition is in force, for the log and for DNS. */
  inForce: (id: number) => void;
  staple: (staple: StapleWords) => void;
  shortage: (shortage: Shortage | undefined) => void;
  counted: (counted: Counted) => void;
  /** Connects to a next hop: `Lines` has what follows. */
  call: (call: CallWords) => Promise<CallEnd>;
  converse: (words: ConverseWords) => Promise<ConverseEnd>;
  offer: (words: OfferWords) => Promise<OfferEnd>;
  quit: (words: { dcid: number; ms: number | undefined }) => Promise<void>;
  hangUp: (dcid: number) => void;
  /** As `Resolver.resolve`. */
  resolve: (question: { name: string; type: RecordType }) => Promise<Answer<RecordTypes[RecordType]>>;
  /** Ends as `Acceptor.shutdown` does; connections out stay. */
  shutdown: (nothing: undefined) => Promise<void>;
};

/** What the other thread says. */
export type ToMain = {
  log: (tail: LogTail) => void;
  enter: (knock: Knock) => Entry;
  leave: (icid: number) => void;
  crowd: (nothing: undefined) => Crowd;
  put: (message: { envelope: Envelope; octets: number; text: Octets | null }) => Promise<Stored>;
  /** A text is a file from now on; or it was, and is thrown away. */
  spilled: (mid: number) => void;
  dropped: (mid: number) => void;
  refused: (shortage: Shortage) => void;
  unstored: (message: { mid: number; unstored: Unstored }) => void;
  count: (counted: Counted) => void;
  attempt: (attempt: { client: string; most: number }) => Attempt;
  attemptBack: (attempt: { client: string; by: number }) => void;
  check: (login: { password: string; hash: ScryptHash }) => Promise<CheckResult>;
  /** As `RecipientCheck.check`. */
  validate: (question: RecipientQuestion) => Promise<RecipientAnswer>;
  /** Each second: it lives. */
  beat: (nothing: undefined) => void;
};
