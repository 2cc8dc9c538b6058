/**
 * The server's half of SMTP as a machine without I/O: bytes in, {@linkcode ServerStep}s out. RFC 5321 §4.3.
 *
 * Its driver pushes what it read, asks for steps until one says `read`, and sends {@linkcode ServerSession.takeReplies} in one
 * write: the replies to commands that came together leave together (RFC 2920 §3.2). Bytes are lent from `push` until the
 * step `read`; nothing is kept beyond.
 *
 * @module
 */
import type { Octets } from "../base/octets.ts";
import type { Envelope } from "../mail/envelope.ts";
import { type Reply, reply } from "../mail/reply.ts";
import { type Command, parseCommand } from "./command.ts";
import { LineReader } from "./lines.ts";
import type { ReceivedTls } from "./received.ts";
import { type Claim, SaslExchange } from "./sasl.ts";
import {
  type AuthOutcome,
  type DropReason,
  type EndReason,
  type ServerHost,
  type ServerOptions,
  ServerState,
} from "./server_state.ts";
import { IncomingText } from "./server_text.ts";
import { lineFault, obey, type RecipientCommand, refuseRecipient, takeRecipient, tooLarge } from "./server_verbs.ts";
import { limits } from "../base/limits.ts";

/** A message that is whole and sound, with what the log tells of it. */
export interface StoreStep {
  kind: "store";
  envelope: Envelope;
  /** Octets of the text as it came, our Received field left out. */
  octets: number;
  messageId: string;
  subject: string;
}

/** What the driver has to do next. */
export type ServerStep =
  /** Send the replies, read, push. */
  | { kind: "read" }
  /** Text of the current transaction, in memory of its own. */
  | { kind: "text"; chunk: Octets }
  /** Store the message and call {@linkcode ServerSession.stored}. */
  | StoreStep
  /** Send the replies, do the handshake, call {@linkcode ServerSession.secured}, or end. */
  | { kind: "start_tls" }
  /** Find out whether this is a recipient, `rid` of the message, and call {@linkcode ServerSession.validated}. */
  | { kind: "validate"; address: string; rid: number }
  /** Find out whether it is true, and call {@linkcode ServerSession.authenticated}. */
  | { kind: "authenticate"; claim: Claim }
  /** Send the replies and close. */
  | { kind: "end"; reason: EndReason };

/** RFC 5321 §4.5.3.1.5: 512 for a line of a reply, of which 4 are the code and 2 the line's end. */
const greetingOctetsMax = 506;

const noOctets = new Uint8Array(0);
const read: ServerStep = { kind: "read" };
// RFC 4954 §4 has the code for it
const responseTooLong = reply(500, "5.5.6", "Authentication exchange line is too long");
const startTls: ServerStep = { kind: "start_tls" };

/** One connection's protocol state, until it is closed; it goes on behind TLS. */
export class ServerSession {
  readonly #state: ServerState;
  #lines = new LineReader();
  #bytes: Octets = noOctets;
  #at = 0;
  #text: IncomingText | undefined;
  /** The chunk of BDAT that is being read. */
  #chunk: { octets: number; left: number; last: boolean; refusal: Reply | undefined } | undefined;
  /** A recipient that somebody is asked about. */
  #asked: RecipientCommand | undefined;
  /** An exchange of AUTH whose next line is awaited. */
  #auth: SaslExchange | undefined;
  /** Commands and chunks that were read whole: progress, to somebody who measures stalls. */
  progress = 0;

  constructor(options: ServerOptions, host: ServerHost) {
    this.#state = new ServerState(options, host);
    const { refusal, hostname, greeting } = options;
    // RFC 5321 §4.2: no enhanced code in the greeting; the owner's text of a refusal may carry one.
    this.#state.say(refusal ?? reply(220, undefined, `${hostname} ${greeting}`.slice(0, greetingOctetsMax)));
  }

  /** Replies that wait to be sent, empty where there are none. They are handed over. */
  takeReplies(): string {
    return this.#state.takeReplies();
  }

  /** What the client is expected to send. */
  get awaits(): "command" | "text" {
    return this.#text === undefined && this.#chunk === undefined ? "command" : "text";
  }

  /** The client was refused: only QUIT is waited for. */
  get refused(): boolean {
    return this.#state.options.refusal !== undefined;
  }

  /** A transaction is open. */
  get inTransaction(): boolean {
    return this.#state.transaction !== undefined || this.awaits === "text";
  }

  /** Lends bytes, up to the step `read`. */
  push(bytes: Octets): void {
    this.#bytes = bytes;
    this.#at = 0;
  }

  /** Goes on as far as possible. */
  next(): ServerStep {
    for (;;) {
      if (this.#state.end !== undefined) return { kind: "end", reason: this.#state.end };
      const step = this.#chunk !== undefined
        ? this.#nextOfChunk()
        : this.#text?.dots
        ? this.#nextOfData()
        : this.#nextCommand();
      if (step !== undefined) return step;
    }
  }

  /** What became of the message of the step `store`. */
  stored(answer: Reply): void {
    this.#text = undefined;
    this.#state.transaction = undefined;
    this.#state.messages++;
    if (answer.code === 250) this.#state.taken();
    this.#state.say(answer);
  }

  /** The text cannot be kept: it is read to its end and then answered so. */
  refuseText(answer: Reply, reason: DropReason): void {
    this.#text?.refuse(answer, reason);
  }

  /** TLS is up. The state is as after the greeting; `options` are those of a client of which more is known now. */
  secured(tls: ReceivedTls, options: ServerOptions = this.#state.options): void {
    this.#lines = new LineReader();
    this.#state.secured(tls, options);
  }

  /** What became of the claim of the step `authenticate`. */
  authenticated(outcome: AuthOutcome): void {
    this.#state.authenticated(outcome);
  }

  /** What is wrong with the recipient of the step `validate`, where 421 ends the session; `undefined`: it is taken. */
  validated(wrong: Reply | undefined): void {
    const asked = this.#asked;
    this.#asked = undefined;
    // The transaction may have ended meanwhile, with the connection.
    if (asked === undefined || this.#state.transaction === undefined) return;
    if (wrong === undefined) takeRecipient(this.#state, asked);
    else refuseRecipient(this.#state, wrong);
  }

  /** The connection is gone: the open transaction ends. */
  lost(reason: DropReason): void {
    this.#state.drop(reason);
  }

  #nextCommand(): ServerStep | undefined {
    const found = this.#lines.next(this.#bytes, this.#at);
    this.#at = this.#lines.used;
    if (found === undefined) return this.#usedUp();
    this.progress++;
    if ("fault" in found) {
      if (this.#auth !== undefined && found.fault === "too_long") this.#state.fault(responseTooLong);
      else lineFault(this.#state, found.fault);
      this.#auth = undefined;
      return undefined;
    }
    if (this.#auth !== undefined) return this.#exchange(this.#auth, found.line);
    return this.#obey(parseCommand(found.line));
  }

  #obey(command: Command): ServerStep | undefined {
    const next = obey(this.#state, command, this.#bytes.length - this.#at);
    // RSET and EHLO end a message between its chunks.
    if (this.#text !== undefined && this.#text.transaction !== this.#state.transaction) this.#text = undefined;
    if (next === undefined) return undefined;
    switch (next.kind) {
      case "start_tls":
        return startTls;
      case "recipient":
        this.#asked = next.command;
        return { kind: "validate", address: next.command.recipient, rid: this.#state.transaction!.recipients.length };
      case "auth":
        this.#auth = new SaslExchange(next.mechanism);
        return this.#exchange(this.#auth, next.initial);
      case "data":
        this.#text = new IncomingText(this.#state, { transaction: this.#state.transaction!, dots: true });
        return undefined;
      case "chunk":
        this.#startChunk(next);
        return undefined;
      default:
        return next satisfies never;
    }
  }

  #exchange(exchange: SaslExchange, response: string | undefined): ServerStep | undefined {
    const step = exchange.next(response);
    if (step.kind === "challenge") return this.#state.sayWire(`334 ${step.text}\r\n`);
    this.#auth = undefined;
    return step.kind === "claim" ? { kind: "authenticate", claim: step.claim } : this.#state.fault(step.reply);
  }

  #nextOfData(): ServerStep | undefined {
    const text = this.#text!;
    if (text.reader.ended) return this.#ended(text);
    if (this.#at === this.#bytes.length) return this.#usedUp();
    this.#at = text.push(this.#bytes, this.#at, this.#bytes.length);
    const chunk = text.take();
    if (chunk !== undefined) return { kind: "text", chunk };
    return text.reader.ended ? this.#ended(text) : this.#checkDrained(text);
  }

  #startChunk({ octets, last, refusal }: { octets: number; last: boolean; refusal: Reply | undefined }): void {
    this.#chunk = { octets, left: octets, last, refusal };
    if (refusal === undefined) {
      const { transaction, options } = this.#state;
      transaction!.chunked = true;
      this.#text ??= new IncomingText(this.#state, { transaction: transaction!, dots: false });
      if (this.#text.reader.octets + octets > options.messageOctetsMax) {
        this.#text.refuse(tooLarge, { reason: "too_large", text: `more than ${options.messageOctetsMax} octets` });
      }
    }
    if (octets > limits.drainedOctetsMax && (refusal ?? this.#text?.refusal) !== undefined) {
      this.#state.say((refusal ?? this.#text?.refusal)!);
      this.#state.end ??= "text_too_long";
    }
  }

  #nextOfChunk(): ServerStep | undefined {
    const chunk = this.#chunk!;
    if (chunk.left === 0) return this.#endChunk(chunk);
    const available = Math.min(chunk.left, this.#bytes.length - this.#at);
    if (available === 0) return this.#usedUp();
    const from = this.#at;
    this.#at += available;
    chunk.left -= available;
    if (chunk.refusal !== undefined) return undefined;
    this.#text!.push(this.#bytes, from, this.#at);
    const taken = this.#text!.take();
    return taken === undefined ? undefined : { kind: "text", chunk: taken };
  }

  /** RFC 3030 §2: each chunk has its reply. */
  #endChunk(
    { octets, last, refusal }: { octets: number; last: boolean; refusal: Reply | undefined },
  ): ServerStep | undefined {
    this.progress++;
    if (refusal !== undefined) {
      this.#chunk = undefined;
      this.#state.say(refusal);
      this.#state.idle();
      return undefined;
    }
    const text = this.#text!;
    const rest = last ? text.finish() : undefined;
    if (rest !== undefined) return { kind: "text", chunk: rest };
    this.#chunk = undefined;
    if (last || text.refusal !== undefined) return this.#ended(text);
    this.#state.sayWire(`250 2.0.0 ${octets} octets received\r\n`);
    return undefined;
  }

  /** The end of the text was read. */
  #ended(text: IncomingText): ServerStep | undefined {
    const rest = text.finish();
    if (rest !== undefined) return { kind: "text", chunk: rest };
    this.progress++;
    if (text.refusal !== undefined) {
      this.#text = undefined;
      this.#state.messages++;
      this.#state.say(text.refusal);
      if (text.reader.bareLineEnd) this.#state.end ??= "bare_line_end";
      return undefined;
    }
    const { reader, header, transaction } = text;
    return {
      kind: "store",
      envelope: this.#state.envelope(transaction, { eightBit: reader.eightBit, tlsRequired: text.tlsRequired }),
      octets: reader.octets,
      messageId: header.messageId,
      subject: header.subject,
    };
  }

  #checkDrained(text: IncomingText): undefined {
    if (!text.exhausted) return;
    this.#state.say(text.refusal!);
    this.#state.end ??= "text_too_long";
  }

  #usedUp(): ServerStep {
    this.#bytes = noOctets;
    this.#at = 0;
    return read;
  }
}
