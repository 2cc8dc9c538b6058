/**
 * What the server does on each command: one function for each verb. RFC 5321 §4.1.1, §4.3.2.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import { type Reply, reply } from "../mail/reply.ts";
import { isBeyondAscii } from "./address.ts";
import type { Command } from "./command.ts";
import type { Mechanism } from "./sasl.ts";
import type { ServerState } from "./server_state.ts";

/** What has to happen before the next command can be read. */
export type Next =
  /** Nothing. */
  | undefined
  | { kind: "start_tls" }
  | { kind: "data" }
  /** Somebody is asked about a recipient; {@linkcode takeRecipient} or {@linkcode refuseRecipient} goes on. */
  | { kind: "recipient"; command: RecipientCommand }
  /** An exchange begins. */
  | { kind: "auth"; mechanism: Mechanism; initial: string | undefined }
  /** Octets follow, taken or thrown away. */
  | { kind: "chunk"; octets: number; last: boolean; refusal: Reply | undefined };

type Of<V extends Command["verb"]> = Extract<Command, { verb: V }>;

const ok = "250 2.0.0 Ok\r\n";
const senderOk = "250 2.1.0 Sender ok\r\n";
const recipientOk = "250 2.1.5 Recipient ok\r\n";
const goAhead = "354 Go ahead, end with <CRLF>.<CRLF>\r\n";

/** Replies that nearly every message gets, whole: somebody who writes them may keep them encoded. */
export const commonReplies: readonly string[] = [ok, senderOk, recipientOk, goAhead, senderOk + recipientOk + goAhead];

const byReset = { reason: "reset", text: "Receiving aborted by sender" } as const;

const unknownCommand = reply(500, "5.5.1", "Command not recognized");
const outOfOrder = (text: string): Reply => reply(503, "5.5.1", text);
const mustStartTls = reply(530, "5.7.0", "Must issue a STARTTLS command first");
// RFC 4954 §6 has the code for it
const mustAuthenticate = reply(530, "5.7.0", "Authentication required");
const needsSmtputf8 = reply(553, "5.6.7", "Address needs SMTPUTF8");

/** Obeys or refuses one command; replies are added to the state. */
export function obey(state: ServerState, command: Command, behind: number): Next {
  const { refusal } = state.options;
  if (refusal !== undefined) return refused(state, command, refusal);
  const verb = command.verb === "malformed" ? command.of : command.verb;
  if (needsTls(state) && !allowedInClear(verb)) return refusedUntil(state, command, mustStartTls);
  if (needsUser(state) && !allowedInClear(verb) && verb !== "AUTH") {
    return refusedUntil(state, command, mustAuthenticate);
  }
  switch (command.verb) {
    case "EHLO":
    case "HELO":
      return hello(state, command);
    case "MAIL":
      return mail(state, command);
    case "RCPT":
      return rcpt(state, command);
    case "DATA":
      return data(state);
    case "BDAT":
      return bdat(state, command);
    case "RSET":
      state.drop(byReset);
      state.sayWire(ok);
      return state.idle();
    case "NOOP":
      state.sayWire(ok);
      return state.idle();
    case "QUIT":
      return quit(state);
    case "VRFY":
      // RFC 5321 §3.5.3: nothing is betrayed, mail is taken.
      state.sayWire("252 2.0.0 Cannot verify a user, but will take mail and try to deliver it\r\n");
      return state.idle();
    case "EXPN":
      return state.fault(reply(502, "5.5.1", "EXPN not implemented"));
    case "HELP":
      state.sayWire("214 2.0.0 See RFC 5321\r\n");
      return state.idle();
    case "STARTTLS":
      return startTls(state, behind);
    case "AUTH":
      return auth(state, command, behind);
    case "malformed":
      state.fault(command.reply);
      // How many octets follow is not known: they must not be read as commands.
      if (command.of === "BDAT") state.end ??= "chunk_unknown";
      return;
    case "unknown":
      return state.fault(unknownCommand);
    case "foreign":
      return foreign(state);
    default:
      return command satisfies never;
  }
}

/** RFC 5321 §3.1: after a refusing greeting everything but QUIT is out of order. A client that TLS got refused was greeted and hears why. */
function refused(state: ServerState, command: Command, refusal: Reply): undefined {
  if (command.verb === "QUIT") return quit(state);
  if (command.verb === "foreign") return foreign(state);
  state.fault(state.greeted ? refusal : outOfOrder("Access denied; only QUIT is taken"));
  if (command.verb === "BDAT") state.end ??= "chunk_unknown";
}

function needsTls(state: ServerState): boolean {
  return state.options.tls === "required" && state.tls === undefined;
}

function needsUser(state: ServerState): boolean {
  return state.options.auth?.required === true && state.user === undefined;
}

/** RFC 3207 §4, with HELO and RSET besides; RFC 4954 §6 has the same ones. */
function allowedInClear(verb: string): boolean {
  return verb === "EHLO" || verb === "HELO" || verb === "NOOP" || verb === "RSET" || verb === "STARTTLS" ||
    verb === "QUIT" || verb === "foreign";
}

/** Refuses what comes before TLS or AUTH. */
function refusedUntil(state: ServerState, command: Command, refusal: Reply): Next {
  if (command.verb === "BDAT") return { kind: "chunk", octets: command.octets, last: command.last, refusal };
  state.say(refusal);
  state.idle();
  if (command.verb === "malformed" && command.of === "BDAT") state.end ??= "chunk_unknown";
  return undefined;
}

function hello(state: ServerState, { verb, domain }: Of<"EHLO" | "HELO">): undefined {
  // RFC 5321 §4.1.4: EHLO in a session clears as RSET does.
  state.drop(byReset);
  if (state.helo !== undefined) state.idle();
  if (state.end !== undefined) return;
  state.helo = domain;
  state.extended = verb === "EHLO";
  const { hostname, tls, tlsReady, messageOctetsMax } = state.options;
  if (verb === "HELO") return state.sayWire(`250 ${hostname}\r\n`);
  const mechanisms = usableMechanisms(state);
  const auth = mechanisms.length === 0 || state.user !== undefined ? "" : `250-AUTH ${mechanisms.join(" ")}\r\n`;
  // RFC 8689 §2: REQUIRETLS is offered inside TLS only.
  const about = state.tls !== undefined ? "250-REQUIRETLS\r\n" : tls !== "off" && tlsReady ? "250-STARTTLS\r\n" : "";
  state.sayWire(
    `250-${hostname}\r\n250-PIPELINING\r\n250-SIZE ${messageOctetsMax}\r\n${about}${auth}250-ENHANCEDSTATUSCODES\r\n` +
      `250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250 CHUNKING\r\n`,
  );
}

function sequence(state: ServerState, text: string): undefined {
  state.say(outOfOrder(text));
  state.idle();
}

function mail(state: ServerState, { sender, parameters }: Of<"MAIL">): undefined {
  if (state.helo === undefined) return sequence(state, "Send EHLO first");
  if (state.transaction !== undefined) return sequence(state, "Sender already given");
  if (state.messages >= state.options.messagesMax) {
    return state.hangUp("too_many_messages", "421 4.7.0 Too many messages in this connection\r\n");
  }
  if (parameters.auth !== undefined && state.options.auth === undefined) {
    return state.fault(reply(555, "5.5.4", "Parameter AUTH not recognized"));
  }
  if (isBeyondAscii(sender) && parameters.smtputf8 !== true) {
    state.say(needsSmtputf8);
    return state.idle();
  }
  if (state.tls === undefined && state.options.mustUseTls?.(sender) === true) {
    state.say(mustStartTls);
    return state.idle();
  }
  if (parameters.requireTls && state.tls === undefined) {
    // RFC 5321 §4.1.1.11: a parameter that was not offered.
    state.say(reply(555, "5.5.4", "Parameter REQUIRETLS needs TLS first"));
    return state.idle();
  }
  if ((parameters.size ?? 0) > state.options.messageOctetsMax) {
    state.say(tooLarge);
    return state.idle();
  }
  const mid = state.host.mail(sender);
  if (typeof mid !== "number") {
    state.say(mid);
    return state.idle();
  }
  state.transaction = { mid, sender, parameters, recipients: [], chunked: false };
  state.sayWire(senderOk);
}

/** RFC 1870 §6.2. */
export const tooLarge: Reply = reply(552, "5.3.4", "Message exceeds the size limit");

/** A command that names a recipient. */
export type RecipientCommand = Extract<Command, { verb: "RCPT" }>;

function rcpt(state: ServerState, command: RecipientCommand): Next {
  const { transaction, options } = state;
  if (transaction === undefined) return sequence(state, "Send MAIL first");
  if (transaction.chunked) return sequence(state, "The message has begun");
  const { recipients } = transaction;
  if (recipients.length >= options.recipientsMax) {
    // RFC 5321 §4.5.3.1.10.
    state.say(reply(452, "4.5.3", "Too many recipients"));
    return state.recipientRefused();
  }
  const { recipient, parameters: { orcpt } } = command;
  const utf8 = isBeyondAscii(recipient) || (orcpt !== undefined && isBeyondAscii(orcpt));
  if (utf8 && transaction.parameters.smtputf8 !== true) {
    state.say(needsSmtputf8);
    return state.recipientRefused();
  }
  const wrong = state.host.recipient(recipient, recipients.length);
  if (wrong === "ask") return { kind: "recipient", command };
  return wrong === undefined ? takeRecipient(state, command) : refuseRecipient(state, wrong);
}

/** Adds a recipient to the transaction. */
export function takeRecipient(state: ServerState, { recipient, parameters }: RecipientCommand): undefined {
  const { recipients } = state.transaction!;
  // RFC 5321 §4.1.1.3: postmaster without a domain is ours.
  const address = recipient.includes("@") ? recipient : `${recipient}@${state.options.hostname}`;
  recipients.push({ rid: recipients.length, address, ...parameters });
  state.sayWire(recipientOk);
}

/** Refuses a recipient. */
export function refuseRecipient(state: ServerState, wrong: Reply): undefined {
  state.say(wrong);
  // RFC 5321 §3.8: 421 is the last word.
  if (wrong.code === 421) state.end = "closed";
  else state.recipientRefused();
}

/** Why there can be no text now. */
function textRefusal(state: ServerState): Reply | undefined {
  if (state.transaction === undefined) return outOfOrder("Send MAIL first");
  if (state.transaction.recipients.length === 0) return reply(554, "5.5.1", "No valid recipients");
  return undefined;
}

function data(state: ServerState): Next {
  const refusal = state.transaction?.chunked ? outOfOrder("The message came by BDAT so far") : textRefusal(state);
  if (refusal !== undefined) {
    state.say(refusal);
    return state.idle();
  }
  state.sayWire(goAhead);
  return { kind: "data" };
}

/** RFC 3030 §2: octets follow the command, whatever becomes of it. */
function bdat(state: ServerState, { octets, last }: Of<"BDAT">): Next {
  if (octets === 0 && !last) state.idle();
  return { kind: "chunk", octets, last, refusal: textRefusal(state) };
}

function startTls(state: ServerState, behind: number): Next {
  const { tls, tlsReady } = state.options;
  if (tls === "off") return state.fault(reply(502, "5.5.1", "STARTTLS not offered"));
  if (state.tls !== undefined) return sequence(state, "TLS is active already");
  if (!tlsReady) {
    // RFC 3207 §4.
    state.say(reply(454, "4.7.0", "TLS not available"));
    return state.idle();
  }
  // RFC 3207 §5 and CVE-2011-0411: what stands behind STARTTLS in clear may be an attacker's, who wants it run inside TLS.
  if (behind > 0) return state.hangUp("injected", "554 5.7.0 Commands behind STARTTLS are not taken\r\n");
  state.drop(byReset);
  state.sayWire("220 2.0.0 Ready to start TLS\r\n");
  return { kind: "start_tls" };
}

/** What AUTH can be used with now: RFC 4954 §3. */
function usableMechanisms(state: ServerState): readonly Mechanism[] {
  const { auth } = state.options;
  return auth === undefined || auth.requiresTls && state.tls === undefined ? [] : state.host.mechanisms();
}

function auth(state: ServerState, { mechanism, initial }: Of<"AUTH">, behind: number): Next {
  const { auth } = state.options;
  if (auth === undefined) return state.fault(reply(502, "5.5.1", "AUTH not offered"));
  if (!state.extended) return sequence(state, "Send EHLO first");
  // RFC 4954 §4: once in a session, and not within a transaction.
  if (state.user !== undefined) return sequence(state, "Already authenticated");
  if (state.transaction !== undefined) return sequence(state, "AUTH is not taken within a transaction");
  if (auth.requiresTls && state.tls === undefined) {
    state.say(reply(538, "5.7.11", "Encryption required: issue STARTTLS first"));
    return state.idle();
  }
  const known = usableMechanisms(state).find((name) => name === mechanism);
  if (known === undefined) {
    state.say(reply(504, "5.5.4", "Unrecognized authentication type"));
    return state.idle();
  }
  // Its reply decides what the client says next: whoever does not wait for it is no client, or somebody speaks through it.
  if (behind > 0) return sequence(state, "Wait for the reply to AUTH");
  return { kind: "auth", mechanism: known, initial };
}

function quit(state: ServerState): undefined {
  state.drop(byReset);
  state.hangUp("quit", "221 2.0.0 Bye\r\n");
}

function foreign(state: ServerState): undefined {
  state.hangUp("foreign_protocol", "500 5.5.1 This is a mail server\r\n");
}

/** A line that is none: the reply, or the end of the session. */
export function lineFault(state: ServerState, fault: "bare_line_end" | "too_long" | "endless"): void {
  switch (fault) {
    case "bare_line_end":
      return state.fault(reply(500, "5.5.2", "Syntax error: a line ends with CRLF"));
    case "too_long":
      // RFC 5321 §4.5.3.1.9.
      return state.fault(reply(500, "5.5.2", `Line too long, ${limits.commandOctetsMax} octets at most`));
    case "endless":
      return state.hangUp("endless_line", "421 4.7.0 Line does not end\r\n");
    default:
      return fault satisfies never;
  }
}
