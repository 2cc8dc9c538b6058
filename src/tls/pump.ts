/**
 * Runs a TLS session over a byte stream: the handshake, then a {@linkcode Conn} of clear text.
 *
 * Everything moves in pieces: a read hands the session what one read of the socket brought, a write makes a few records at a time
 * and waits until the socket has them. The caller's own buffer takes the cipher text before the clear text, and writes borrow their buffers
 * from a pool, so that a session that waits for its peer holds none.
 *
 * Reading and writing may go on at the same time. Records leave in the order in which the session made them, so there is one
 * writer at a time: what a read has to answer (an alert, a key update, a renegotiation) is taken along by a write under way.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import type { Octets } from "../base/octets.ts";
import { causeOf } from "../base/text.ts";
import { type Conn, DeadlineError, type Endpoint } from "../net/net.ts";
import { BufferPool } from "./buffers.ts";
import type { PeerFacts, Session, Step, TlsFailure, TlsReason } from "./engine.ts";

/** Limits of one handshake. */
export interface HandshakeLimits {
  /** Time; `limits.handshakeMs` by default. */
  handshakeMs?: number;
  /** Bytes from the peer; `limits.handshakeOctetsMax` by default. */
  octetsMax?: number;
}

/** What a handshake came to. */
export type TlsStart =
  | { kind: "done"; conn: TlsConn; facts: PeerFacts }
  /** The session is freed and an alert was sent where there was one; `conn` is still the caller's to close. */
  | { kind: "failed"; failure: TlsFailure };

/** What reading or writing a TLS stream rejects with once TLS has failed. */
export class TlsStreamError extends Error {
  override name = "TlsStreamError";
  readonly failure: TlsFailure;

  constructor(failure: TlsFailure) {
    super(failure.error);
    this.failure = failure;
  }
}

/** Clear text of one record: RFC 8446 §5.1. */
const recordOctets = 16_384;
/** What a record adds: header, IV, MAC, padding; twice for the empty fragment in front (TLS 1.0, CBC). */
const recordOverheadOctets = 512;
const recordRoomOctets = recordOctets + recordOverheadOctets;

const smallBuffers = new BufferPool({ octets: 4_096, keptMax: 64 });
const largeBuffers = new BufferPool({ octets: 2 * recordRoomOctets, keptMax: 32 });

/** A close_notify, and what the handshake may have left to say before it: a Finished, a ticket. */
const farewellOctets = 2_048;

/** Clear text that fits into a small buffer as records. */
const smallWriteOctets = 4_096 - recordOverheadOctets;

/**
 * Runs the handshake of `session` over `conn`, within its limits. The session is this function's from now on, and that of the
 * {@linkcode TlsConn} afterwards. The deadline of `conn` is set; the caller sets the next one.
 */
export async function startTls(conn: Conn, session: Session, options: HandshakeLimits = {}): Promise<TlsStart> {
  const { handshakeMs = limits.handshakeMs, octetsMax = limits.handshakeOctetsMax } = options;
  conn.deadline(handshakeMs);
  let outcome: PeerFacts | TlsFailure;
  try {
    outcome = await handshake(conn, session, octetsMax);
  } catch (thrown) {
    session[Symbol.dispose]();
    return { kind: "failed", failure: brokenBy(thrown) };
  }
  if ("reason" in outcome) {
    session[Symbol.dispose]();
    return { kind: "failed", failure: outcome };
  }
  return { kind: "done", conn: new TlsConn(conn, session, outcome), facts: outcome };
}

async function handshake(conn: Conn, session: Session, octetsMax: number): Promise<PeerFacts | TlsFailure> {
  const buffer = smallBuffers.take();
  let octets = 0;
  try {
    while (true) {
      const step = session.handshake();
      const sent = flushed(conn, session);
      // The alert is sent for what it is worth: a peer that is gone must not hide why the handshake failed.
      await (step.kind === "failed" ? sent.catch(() => {}) : sent);
      switch (step.kind) {
        case "done":
          return session.facts();
        case "failed":
          return step.failure;
        case "closed":
          return ended("closed", "the peer closed TLS during the handshake");
        case "want_read":
          break;
        default:
          step satisfies never;
      }
      const read = await conn.read(buffer);
      if (read === null) return ended("closed", "the peer closed the connection during the handshake");
      octets += read;
      if (octets > octetsMax) return ended("too_large", `the peer sent more than ${octetsMax} bytes of handshake`);
      session.feed(read === buffer.length ? buffer : buffer.subarray(0, read));
    }
  } finally {
    smallBuffers.give(buffer);
  }
}

/** Sends what the session has to send. */
async function flushed(conn: Conn, session: Session): Promise<void> {
  const buffer = smallBuffers.take();
  try {
    for (let octets = session.drain(buffer); octets > 0; octets = session.drain(buffer)) {
      await conn.write(buffer.subarray(0, octets));
    }
  } finally {
    smallBuffers.give(buffer);
  }
}

function ended(reason: TlsReason, error: string): TlsFailure {
  return { code: 0, error, reason };
}

function failureOf(step: Exclude<Step, { kind: "done" | "want_read" }>): TlsFailure {
  return step.kind === "failed" ? step.failure : ended("closed", "the peer closed TLS");
}

function brokenBy(thrown: unknown): TlsFailure {
  if (thrown instanceof DeadlineError) return ended("timeout", "the handshake took too long");
  return ended("closed", causeOf(thrown));
}

/** A stream of clear text inside TLS. Closing it frees the session. */
export class TlsConn implements Conn {
  /** What the handshake proved. Its chain, certificates and names can be read until the connection is closed. */
  readonly facts: PeerFacts;
  readonly #conn: Conn;
  readonly #session: Session;
  /** The session may hold clear text, or records not looked at. */
  #unread = true;
  #ended = false;
  #truncated = false;
  #closed = false;
  #failure: TlsFailure | undefined;
  /** Somebody writes to the socket now; the others wait. */
  #writing = false;
  readonly #waiting: (() => void)[] = [];
  /** The session has output that the writer under way is to take along. */
  #moreOutput = false;
  #reading = false;
  /** Wakes a write that waits for the peer's part of a renegotiation. */
  #progress: (() => void) | undefined;

  /** Takes over `session`, whose handshake over `conn` is done, and `conn`. */
  constructor(conn: Conn, session: Session, facts: PeerFacts) {
    this.#conn = conn;
    this.#session = session;
    this.facts = facts;
  }

  /** See {@linkcode Conn}. */
  get local(): Endpoint {
    return this.#conn.local;
  }

  /** See {@linkcode Conn}. */
  get remote(): Endpoint {
    return this.#conn.remote;
  }

  /** Whether the stream ended without the peer's close_notify: somebody on the way may have cut it (RFC 8446 §6.1). */
  get truncated(): boolean {
    return this.#truncated;
  }

  /** See {@linkcode Conn}. Rejects with {@linkcode TlsStreamError} when TLS fails. */
  read(into: Octets): Promise<number | null> {
    if (this.#closed) return Promise.reject(new Error("Cannot read from a TLS connection: it is closed"));
    if (this.#ended) return Promise.resolve(null);
    if (this.#unread && this.#failure === undefined) {
      const step = this.#session.read(into);
      if (step.kind === "done") return Promise.resolve(step.octets);
      if (step.kind === "want_read") this.#unread = false;
      else return this.#finish(step);
    }
    return this.#readMore(into);
  }

  /** See {@linkcode Conn}. Rejects with {@linkcode TlsStreamError} when TLS fails. */
  write(bytes: Octets): Promise<void> {
    if (this.#writing || this.#closed || this.#failure !== undefined || bytes.length > smallWriteOctets) {
      return this.#writeLong(bytes);
    }
    const step = this.#session.write(bytes);
    if (step.kind !== "done") return this.#writeLong(bytes); // which meets the same step again
    return this.#send() ?? Promise.resolve();
  }

  /** See {@linkcode Conn}. */
  deadline(ms: number): void {
    this.#conn.deadline(ms);
  }

  /** Ends the connection at once. A close_notify is handed to the socket, but nobody waits for it or for the peer's. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#writing && this.#failure === undefined) {
      this.#session.shutdown();
      const buffer = new Uint8Array(farewellOctets);
      const octets = this.#session.drain(buffer);
      if (octets > 0) this.#conn.write(buffer.subarray(0, octets)).catch(() => {});
    }
    this.#conn.close();
    this.#session[Symbol.dispose]();
    this.#progress?.();
  }

  /** The same as {@linkcode TlsConn.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  async #readMore(into: Octets): Promise<number | null> {
    this.#reading = true;
    try {
      while (true) {
        this.#usable();
        const answered = this.#answer();
        if (answered !== undefined) await answered;
        const octets = await this.#conn.read(into);
        this.#usable();
        if (octets === null) {
          this.#ended = this.#truncated = true;
          return null;
        }
        this.#session.feed(octets === into.length ? into : into.subarray(0, octets));
        const step = this.#session.read(into);
        this.#progress?.();
        if (step.kind === "done") {
          this.#unread = true;
          return step.octets;
        }
        if (step.kind !== "want_read") return await this.#finish(step);
      }
    } finally {
      this.#reading = false;
      this.#progress?.();
    }
  }

  /** The end of the stream, in order or not. */
  async #finish(step: Step): Promise<null> {
    if (step.kind === "closed") {
      this.#ended = true;
      return null;
    }
    if (step.kind === "failed") this.#failure ??= step.failure;
    await this.#answer()?.catch(() => {}); // the alert; what matters is why it is sent
    this.#usable();
    return null;
  }

  /** Sends what a read made the session say: mostly nothing. */
  #answer(): Promise<void> | undefined {
    if (this.#closed) return undefined;
    if (this.#writing) {
      this.#moreOutput = true;
      return undefined;
    }
    return this.#send();
  }

  /** Writes what the session has, as the one writer; `undefined` where it has nothing. */
  #send(): Promise<void> | undefined {
    const buffer = smallBuffers.take();
    const octets = this.#session.drain(buffer);
    if (octets > 0) return this.#sendBuffer(buffer, octets);
    smallBuffers.give(buffer);
    return undefined;
  }

  async #sendBuffer(buffer: Octets, octets: number): Promise<void> {
    this.#moreOutput = octets === buffer.length;
    this.#writing = true;
    try {
      await this.#conn.write(octets === buffer.length ? buffer : buffer.subarray(0, octets));
      if (this.#moreOutput) await this.#sendMore();
    } finally {
      smallBuffers.give(buffer);
      this.#handOver();
    }
  }

  /** What came up while the writer was busy. */
  async #sendMore(): Promise<void> {
    while (this.#moreOutput && !this.#closed) {
      this.#moreOutput = false;
      await flushed(this.#conn, this.#session);
    }
  }

  #handOver(): void {
    this.#writing = false;
    this.#waiting.shift()?.();
  }

  async #writeLong(bytes: Octets): Promise<void> {
    while (this.#writing) await new Promise<void>((go) => this.#waiting.push(go));
    this.#writing = true;
    const buffer = largeBuffers.take();
    try {
      this.#usable();
      await this.#writeRecords(bytes, buffer);
      if (this.#moreOutput) await this.#sendMore();
    } finally {
      largeBuffers.give(buffer);
      this.#handOver();
    }
  }

  async #writeRecords(bytes: Octets, buffer: Octets): Promise<void> {
    let filled = 0;
    for (let at = 0; at < bytes.length;) {
      const chunk = bytes.length <= recordOctets ? bytes : bytes.subarray(at, at + recordOctets);
      const step = this.#session.write(chunk);
      if (step.kind === "done") at += chunk.length;
      filled += this.#session.drain(filled === 0 ? buffer : buffer.subarray(filled));
      // Two records go out together. A buffer filled to the brim may have left something behind.
      if (step.kind === "done" && at < bytes.length && buffer.length - filled >= recordRoomOctets) continue;
      if (filled > 0) await this.#conn.write(buffer.subarray(0, filled));
      if (filled === buffer.length) await flushed(this.#conn, this.#session);
      filled = 0;
      this.#usable();
      if (step.kind === "want_read") await this.#untilProgress();
      else if (step.kind !== "done") throw new TlsStreamError(this.#failure ??= failureOf(step));
    }
  }

  /** A renegotiation is under way and the peer has to speak: lets a read under way hear it, else hears it. */
  async #untilProgress(): Promise<void> {
    if (this.#reading) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#progress = resolve;
      await promise;
      this.#progress = undefined;
      this.#usable();
      return;
    }
    const buffer = smallBuffers.take();
    try {
      const octets = await this.#conn.read(buffer);
      this.#usable();
      if (octets === null) {
        this.#ended = this.#truncated = true;
        throw new TlsStreamError(ended("closed", "the peer closed the connection"));
      }
      this.#session.feed(buffer.subarray(0, octets));
      this.#unread = true;
    } finally {
      smallBuffers.give(buffer);
    }
  }

  #usable(): void {
    if (this.#failure !== undefined) throw new TlsStreamError(this.#failure);
    if (this.#closed) throw new Error("Cannot use a TLS connection: it is closed");
  }
}
