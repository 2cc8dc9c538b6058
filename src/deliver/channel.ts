/**
 * One connection to a next hop: commands out, replies in, all of it bounded.
 *
 * A reply that has come already is given without a promise, so a batch of pipelined replies costs one read and one wait. A connection
 * that breaks is a value, {@linkcode Lost}, since every caller has to decide what it means for the mail.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { type Octets, octets } from "../base/octets.ts";
import type { Failure, RemoteHost } from "../mail/outcome.ts";
import type { Reply } from "../mail/reply.ts";
import type { Conn } from "../net/net.ts";
import { type Capabilities, noCapabilities } from "../smtp/ehlo.ts";
import { type ReplyFault, ReplyReader } from "../smtp/reply_reader.ts";
import { closedEarly, networkFailure } from "./ends.ts";
import type { Job, Link } from "./link.ts";
import { transact, type Transacted } from "./transaction.ts";

/** The connection is of no more use. */
export interface Lost {
  kind: "lost";
  failure: Failure;
}

/** What came: a reply, or the end. */
export type Received = { kind: "reply"; reply: Reply } | Lost;

/** Replies are short; a longer one takes more reads. */
const bufferOctets = 4096;

/** The goodbye is waited for so long; the next hop counts the connection until then, and so do we. */
const quitPatienceMs = 2_000;

const quit = octets("QUIT\r\n");

const outOfStep: Failure = {
  reason: "protocol",
  enhanced: "4.5.0",
  text: "The server sent a reply to nothing that it was asked",
};

/** What a channel is made of. */
export interface ChannelOptions {
  conn: Conn;
  dcid: number;
  host: RemoteHost;
  clock: Clock;
}

/** A connection in use. */
export class Channel implements Link {
  readonly dcid: number;
  readonly host: RemoteHost;
  /** What the last EHLO said. */
  capabilities: Readonly<Capabilities> = noCapabilities;
  encrypted = false;
  trustGeneration = 0;
  served = 0;
  /** A transaction was left open: RSET goes first. */
  dirty = false;
  readonly #clock: Clock;
  #conn: Conn;
  #reader = new ReplyReader();
  #buffer: Octets = new Uint8Array(bufferOctets);
  #lost: Lost | undefined;
  #endsAt = Infinity;

  constructor({ conn, dcid, host, clock }: ChannelOptions) {
    this.#conn = conn;
    this.dcid = dcid;
    this.host = host;
    this.#clock = clock;
  }

  /** The stream below; TLS takes it over by {@linkcode Channel.upgrade}. */
  get conn(): Conn {
    return this.#conn;
  }

  /** Something came that nobody asked for yet. */
  get pending(): boolean {
    return this.#reader.pending;
  }

  get lost(): boolean {
    return this.#lost !== undefined;
  }

  /** Goes on over `conn`; what is known of the server is forgotten: RFC 3207 §4.2. */
  upgrade(conn: Conn): void {
    this.#conn = conn;
    this.#reader = new ReplyReader();
    this.capabilities = noCapabilities;
    this.encrypted = true;
  }

  /** Bounds everything until the next call: a peer that is slow with each step is slow no longer than this. */
  bound(ms: number): void {
    this.#endsAt = this.#clock.monotonic() + ms;
  }

  /**
   * Sends all of `bytes`; an end is given back. What was said before it was asked for would be taken for the answer to it, and a message
   * for delivered that nobody took: then the connection ends.
   */
  async send(bytes: Octets, ms: number): Promise<Lost | undefined> {
    if (this.#lost !== undefined) return this.#lost;
    if (this.#reader.pending) return this.#end(outOfStep);
    this.#deadline(ms);
    try {
      await this.#conn.write(bytes);
    } catch (error) {
      return { kind: "lost", failure: networkFailure(error) };
    }
  }

  /** The next reply, which has come already or comes within `ms`. */
  receive(ms: number): Received | Promise<Received> {
    return this.#next() ?? this.#read(ms);
  }

  /** Sends a command and waits for its reply. A reply that was sent before the write failed is taken: it says why. */
  async command(bytes: Octets, ms: number): Promise<Received> {
    const unsent = await this.send(bytes, ms);
    const received = await this.receive(ms);
    return received.kind === "lost" && unsent !== undefined ? unsent : received;
  }

  offer(job: Job): Promise<Transacted> {
    return transact(this, job);
  }

  async quit(ms: number = quitPatienceMs): Promise<void> {
    if (!this.lost) {
      this.bound(ms);
      await this.command(quit, ms);
    }
    this.close();
  }

  close(): void {
    this.#lost ??= { kind: "lost", failure: closedEarly };
    this.#conn.close();
  }

  #next(): Received | undefined {
    if (this.#lost !== undefined) return this.#lost;
    const event = this.#reader.next();
    if (event === undefined || event.kind === "reply") return event;
    return this.#end({ reason: "protocol", enhanced: "4.5.0", text: faultText(event) });
  }

  async #read(ms: number): Promise<Received> {
    // One deadline for the whole reply: a peer that sends an octet a minute is not served longer for it.
    this.#deadline(ms);
    for (;;) {
      let count: number | null;
      try {
        count = await this.#conn.read(this.#buffer);
      } catch (error) {
        return this.#end(networkFailure(error));
      }
      if (count === null) return this.#end(closedEarly);
      this.#reader.push(this.#buffer.subarray(0, count));
      const received = this.#next();
      if (received !== undefined) return received;
    }
  }

  #deadline(ms: number): void {
    this.#conn.deadline(Math.max(Math.min(ms, this.#endsAt - this.#clock.monotonic()), 0));
  }

  #end(failure: Failure): Lost {
    this.#lost = { kind: "lost", failure };
    this.#conn.close();
    return this.#lost;
  }
}

function faultText({ fault, line }: ReplyFault): string {
  switch (fault) {
    case "line_too_long":
      return `The server sent an over-long line: ${line}`;
    case "too_many_lines":
      return "The server sent a reply that does not end";
    case "codes_differ":
      return `The server sent a reply with two codes: ${line}`;
    case "not_a_reply":
      return `The server sent no SMTP reply: ${line}`;
    default:
      return fault satisfies never;
  }
}
