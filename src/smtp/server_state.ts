/**
 * What one session of the server remembers: greeting, transaction, counters, replies that wait to be sent.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import type { Envelope, Recipient } from "../mail/envelope.ts";
import type { Reply } from "../mail/reply.ts";
import type { MailParameters } from "./parameters.ts";
import type { ReceivedTls } from "./received.ts";
import type { Mechanism } from "./sasl.ts";
import { replyWire } from "./reply_text.ts";

/** How a session behaves: all of it comes from the listener and the mail flow policy. */
export interface ServerOptions {
  hostname: string;
  address: string;
  /** The client's verified name. */
  host: string | undefined;
  /** The greeting's text behind the host name. */
  greeting: string;
  /** What the greeting refused, or what TLS brought to light: no command but QUIT is obeyed then. */
  refusal?: Reply;
  tls: "off" | "preferred" | "required";
  /** Whether there is anything to start TLS with. */
  tlsReady: boolean;
  /** Whether mail from a sender is not taken in clear. It is asked in clear only. */
  mustUseTls?: (sender: string) => boolean;
  messageOctetsMax: number;
  messagesMax: number;
  recipientsMax: number;
  /** Absent: AUTH is not offered. */
  auth?: AuthOptions;
  /** Lone CR and LF become CRLF; else such a message is refused. */
  fixBareLineEnds: boolean;
}

/** How clients authenticate themselves: RFC 4954. */
export interface AuthOptions {
  /** Mail is taken from those alone who did. */
  required: boolean;
  /** It is neither offered nor taken in clear. */
  requiresTls: boolean;
}

/** What became of an authentication. */
export type AuthOutcome = { kind: "done"; user: string } | { kind: "failed"; reply: Reply };

/** Why a transaction ended without a message: the reason word of the log, and the words for people. */
export interface DropReason {
  reason:
    | "reset"
    | "lost"
    | "timeout"
    | "too_large"
    | "bare_line_end"
    | "nul"
    | "line_too_long"
    | "loop"
    | "bad_header"
    | "full"
    | "failed";
  text: string;
}

/** What the session asks of its surroundings while it reads commands. All of it is answered at once. */
export interface ServerHost {
  /** Wall milliseconds. */
  now(): number;
  /** Mechanisms by which this client can authenticate itself, in the state that its connection is in. */
  mechanisms(): readonly Mechanism[];
  /** A transaction begins: its MID, or why no message is taken now. */
  mail(sender: string): number | Reply;
  /**
   * What is wrong with a recipient, where 421 ends the session; `undefined`: it is taken, as `rid` of the message; `ask`: somebody has to be
   * asked, which takes time.
   */
  recipient(address: string, rid: number): Reply | undefined | "ask";
  /** Whether this client may demand TLS by the header X-Postern-TLS; from others it is only taken out. */
  mayDemandTls?(): boolean;
  /** The transaction ended without a message. Text that was given out is void. */
  drop(mid: number, reason: DropReason): void;
}

/** A mail transaction: from MAIL to the end of the text. */
export interface Transaction {
  mid: number;
  sender: string;
  parameters: MailParameters;
  recipients: Recipient[];
  /** BDAT was used: no more recipients, no DATA (RFC 3030 §2). */
  chunked: boolean;
}

/** Why the server ends a session; `quit` is the client's wish. */
export type EndReason =
  | "quit"
  | "injected"
  | "too_many_errors"
  | "too_many_commands"
  | "too_many_messages"
  | "too_many_auth_failures"
  | "too_many_refused_recipients"
  | "closed"
  | "foreign_protocol"
  | "endless_line"
  | "bare_line_end"
  | "chunk_unknown"
  | "text_too_long";

/** The mutable record that verbs and text share. */
export class ServerState {
  #options: ServerOptions;
  readonly host: ServerHost;
  /** The greeting was one that welcomes. */
  readonly greeted: boolean;
  /** The name from EHLO or HELO; `undefined`: not said, or said before TLS. */
  helo: string | undefined;
  /** EHLO was said. */
  extended = false;
  tls: ReceivedTls | undefined;
  /** Who the client has proved to be. */
  user: string | undefined;
  transaction: Transaction | undefined;
  /** Messages that came to their end, taken or not. */
  messages = 0;
  /** The session ends when replies are sent. */
  end: EndReason | undefined;
  #errors = 0;
  #idle = 0;
  #refusedRecipients = 0;
  #authFailures = 0;
  #out = "";

  constructor(options: ServerOptions, host: ServerHost) {
    this.#options = options;
    this.host = host;
    this.greeted = options.refusal === undefined;
  }

  /** How the session behaves from here on. */
  get options(): ServerOptions {
    return this.#options;
  }

  /** Adds a reply. */
  say(reply: Reply): undefined {
    this.#out += replyWire(reply);
  }

  /** Adds a reply that is wire text already. */
  sayWire(wire: string): undefined {
    this.#out += wire;
  }

  /** The replies that wait; they are gone from here. */
  takeReplies(): string {
    const out = this.#out;
    this.#out = "";
    return out;
  }

  /** Refuses a command that is malformed or unknown. Ten of them end the session. */
  fault(reply: Reply): undefined {
    this.say(reply);
    if (++this.#errors < limits.commandErrorsMax) return;
    this.hangUp("too_many_errors", "421 4.7.0 Too many errors\r\n");
  }

  /** Counts a command that no message needs, or that came out of order. */
  idle(): undefined {
    if (++this.#idle <= limits.idleCommandsMax) return;
    this.hangUp("too_many_commands", "421 4.7.0 Too many commands without a message\r\n");
  }

  /** Counts a recipient that was refused: a harvest of addresses is cut short. */
  recipientRefused(): undefined {
    if (++this.#refusedRecipients <= limits.refusedRecipientsMax) return;
    this.hangUp("too_many_refused_recipients", "421 4.7.0 Too many refused recipients\r\n");
  }

  /** What became of an authentication: its reply, and after some failures the end of the session. */
  authenticated(outcome: AuthOutcome): undefined {
    if (outcome.kind === "done") {
      this.user = outcome.user;
      return this.sayWire("235 2.7.0 Authentication successful\r\n");
    }
    this.say(outcome.reply);
    if (++this.#authFailures < limits.authFailuresMax) return;
    this.hangUp("too_many_auth_failures", "421 4.7.0 Too many failed authentications\r\n");
  }

  /** A message was taken: what came before it was not idle. */
  taken(): void {
    this.#idle = 0;
  }

  /** Ends the session behind a last reply. */
  hangUp(reason: EndReason, wire: string): undefined {
    this.#out += wire;
    this.end = reason;
  }

  /** Ends the transaction, where there is one, without a message. */
  drop(reason: DropReason): void {
    const dropped = this.transaction;
    if (dropped === undefined) return;
    this.transaction = undefined;
    this.host.drop(dropped.mid, reason);
  }

  /** TLS is up: RFC 3207 §4.2 lets nothing from before count, and what was proven may change how the client is treated. */
  secured(tls: ReceivedTls, options: ServerOptions): void {
    this.tls = tls;
    this.#options = options;
    this.user = undefined;
    this.helo = undefined;
    this.extended = false;
  }

  /** The envelope of the transaction. */
  envelope(transaction: Transaction, { eightBit, tlsRequired }: { eightBit: boolean; tlsRequired: boolean }): Envelope {
    const { mid, sender, parameters, recipients } = transaction;
    const envelope: Envelope = {
      mid,
      sender,
      recipients,
      eightBit: eightBit || parameters.body === "8BITMIME",
      smtputf8: parameters.smtputf8 === true,
      receivedAt: this.host.now(),
    };
    if (parameters.ret !== undefined) envelope.ret = parameters.ret;
    if (parameters.envid !== undefined) envelope.envid = parameters.envid;
    if (parameters.requireTls) envelope.tls = "requiretls";
    else if (tlsRequired) envelope.tls = "required";
    return envelope;
  }
}
