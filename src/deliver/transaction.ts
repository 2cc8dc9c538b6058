/**
 * One message over one connection: MAIL, RCPT, and the text by BDAT or DATA.
 *
 * Where the next hop knows PIPELINING and CHUNKING, a small message is one write and one read. Recipients are answered one by
 * one: each has its own reply to RCPT, and the last reply counts for those that were accepted. What a connection's
 * end means depends on how far it was: nothing accepted on a connection that served before is no attempt at all
 * (`stale`), since servers close idle connections when they like.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import { type Octets, octets } from "../base/octets.ts";
import type { Recipient } from "../mail/envelope.ts";
import type { Failure, Outcome } from "../mail/outcome.ts";
import { isPositive, isTransient, type Reply } from "../mail/reply.ts";
import type { Lease } from "../queue/spool.ts";
import { DataEncoder } from "../smtp/data_encoder.ts";
import type { Channel, Lost, Received } from "./channel.ts";
import { isSafePath, mailCommand, obstacle, rcptCommand, unprotected } from "./commands.ts";

/** What became of a message on a connection. */
export type Transacted =
  /** `spent`: the connection must be closed. `broken`: it broke before anybody was answered for good. */
  | { kind: "done"; outcomes: Outcome[]; spent: boolean; broken: boolean }
  /** The connection had gone before: try on a new one, this is no attempt. */
  | { kind: "stale" };

/** A text up to here goes along with the commands, before it is known whether anybody takes it. */
const eagerOctetsMax = 65_536;
/** Commands in one write: their replies must fit what the two sockets hold, or both sides wait for each other to read (RFC 2920 §3.1). */
const batchMax = 100;
/** Transactions of one message on one connection, where the server takes only so many recipients in each. */
const transactionsMax = 200;

const rset = "RSET\r\n";
const dot: Octets = octets(".\r\n");
const data: Octets = octets("DATA\r\n");

const unreadable: Failure = { reason: "queue_read", enhanced: "4.3.0", text: "The text cannot be read from the queue" };

/** Offers the message to the next hop for these of its recipients. Never rejects. */
export async function transact(
  channel: Channel,
  { lease, recipients }: { lease: Lease; recipients: Recipient[] },
): Promise<Transacted> {
  channel.bound(limits.transactionMs);
  const transaction = new Transaction(channel, { lease, recipients });
  try {
    return await transaction.run();
  } catch {
    // Only reading the text can throw: the stream is cut in the middle, so the connection says nothing more.
    channel.close();
    return transaction.ended(unreadable);
  }
}

class Transaction {
  readonly #channel: Channel;
  readonly #lease: Lease;
  readonly #outcomes: Outcome[] = [];
  readonly #wasUsed: boolean;
  /** Recipients without an outcome. */
  #open: Recipient[];
  #spent = false;
  #accepted = false;

  constructor(channel: Channel, { lease, recipients }: { lease: Lease; recipients: Recipient[] }) {
    this.#channel = channel;
    this.#lease = lease;
    this.#open = recipients;
    this.#wasUsed = channel.served > 0;
    channel.served++;
  }

  async run(): Promise<Transacted> {
    const found = unprotected(this.#lease, this.#channel) ?? obstacle(this.#lease, this.#channel.capabilities);
    const blocking = found instanceof Promise ? await found : found;
    if (blocking !== undefined) {
      this.#failOpen("refused", blocking);
      return this.#done();
    }
    const unsafe = this.#open.filter(({ address }) => !isSafePath(address));
    for (const { rid } of unsafe) {
      const failure: Failure = { reason: "bad_address", enhanced: "5.1.3", text: "The address has control characters" };
      this.#end(rid, { kind: "refused", failure });
    }
    if (!isSafePath(this.#lease.envelope.sender)) {
      this.#failOpen("refused", {
        reason: "bad_address",
        enhanced: "5.1.7",
        text: "The sender has control characters",
      });
    }
    for (let count = 0; count < transactionsMax && this.#open.length > 0; count++) {
      const lost = await this.#once();
      if (lost !== undefined) return this.ended(lost.failure);
    }
    this.#failOpen("deferred", { reason: "too_many_recipients", enhanced: "4.5.3", text: "Too many recipients" });
    return this.#done();
  }

  /** The connection ended, with `failure`. */
  ended(failure: Failure): Transacted {
    if (this.#wasUsed && !this.#accepted && this.#outcomes.length === 0) return { kind: "stale" };
    const broken = this.#outcomes.length === 0;
    this.#failOpen("deferred", failure);
    return { kind: "done", outcomes: this.#outcomes, spent: true, broken };
  }

  #done(): Transacted {
    return { kind: "done", outcomes: this.#outcomes, spent: this.#spent, broken: false };
  }

  /** One transaction for all open recipients. Those that remain open afterwards were one too many for it. */
  #once(): Promise<Lost | undefined> {
    const { pipelining, chunking } = this.#channel.capabilities;
    if (!pipelining) return this.#stepByStep();
    if (this.#open.length > batchMax) return this.#inBatches();
    return chunking && this.#lease.held !== undefined && this.#lease.octets <= eagerOctetsMax
      ? this.#allAtOnce(this.#lease.held)
      : chunking
      ? this.#inBatches()
      : this.#withData();
  }

  /** The least round trips: everything in one write. RFC 3030 §2 has a server that refuses BDAT read the text all the same. */
  async #allAtOnce(held: Octets): Promise<Lost | undefined> {
    const recipients = this.#open;
    const head = this.#head(recipients) + `BDAT ${held.length} LAST\r\n`;
    const unsent = await this.#channel.send(withText(head, held), limits.dataBlockMs);
    const round = await this.#answers(recipients);
    if (round.kind === "lost") return unsent ?? round;
    if (this.#spent) return;
    const last = await this.#channel.receive(limits.dataTerminationMs);
    if (last.kind === "lost") return last;
    this.#finish(round.accepted, last.reply);
  }

  async #withData(): Promise<Lost | undefined> {
    const recipients = this.#open;
    const unsent = await this.#channel.send(octets(this.#head(recipients) + "DATA\r\n"), limits.mailMs);
    const round = await this.#answers(recipients);
    if (round.kind === "lost") return unsent ?? round;
    if (this.#spent) return;
    const go = await this.#channel.receive(limits.dataInitMs);
    return go.kind === "lost" ? go : await this.#dataText(go.reply, round.accepted);
  }

  /** Many recipients or a large text: the text goes only where somebody takes it. */
  async #inBatches(): Promise<Lost | undefined> {
    const recipients = this.#open;
    const accepted: Recipient[] = [];
    for (let from = 0; from < recipients.length && !this.#spent; from += batchMax) {
      const batch = recipients.slice(from, from + batchMax);
      const unsent = await this.#channel.send(octets(this.#head(batch, { first: from === 0 })), limits.mailMs);
      const round = await this.#answers(batch, { first: from === 0, before: accepted.length });
      if (round.kind === "lost") return unsent ?? round;
      if (round.refused) return;
      accepted.push(...round.accepted);
    }
    return await this.#text(accepted);
  }

  async #stepByStep(): Promise<Lost | undefined> {
    const recipients = this.#open;
    if (this.#channel.dirty) {
      const cleared = await this.#channel.command(octets(rset), limits.mailMs);
      if (cleared.kind === "lost") return cleared;
      this.#channel.dirty = false;
    }
    const { capabilities } = this.#channel;
    const mail = await this.#channel.command(octets(mailCommand(this.#lease, capabilities)), limits.mailMs);
    if (mail.kind === "lost") return mail;
    if (!this.#mailAnswered(mail.reply)) return;
    const accepted: Recipient[] = [];
    for (const recipient of recipients) {
      const rcpt = await this.#channel.command(octets(rcptCommand(recipient, capabilities)), limits.rcptMs);
      if (rcpt.kind === "lost") return rcpt;
      if (this.#rcptAnswered(recipient, { reply: rcpt.reply, others: accepted.length })) accepted.push(recipient);
      if (this.#spent) return;
    }
    return await this.#text(accepted);
  }

  /** The commands of these recipients, the transaction's beginning first. */
  #head(recipients: readonly Recipient[], { first }: { first: boolean } = { first: true }): string {
    const { capabilities, dirty } = this.#channel;
    let head = first ? (dirty ? rset : "") + mailCommand(this.#lease, capabilities) : "";
    for (const recipient of recipients) head += rcptCommand(recipient, capabilities);
    return head;
  }

  /** Takes the replies to {@linkcode Transaction.#head}. `refused`: MAIL was, and everybody has an outcome. */
  async #answers(
    recipients: readonly Recipient[],
    { first, before }: { first: boolean; before: number } = { first: true, before: 0 },
  ): Promise<{ kind: "answered"; accepted: Recipient[]; refused: boolean } | Lost> {
    const accepted: Recipient[] = [];
    let refused = false;
    if (first) {
      if (this.#channel.dirty) {
        const cleared = await this.#channel.receive(limits.mailMs);
        if (cleared.kind === "lost") return cleared;
        this.#channel.dirty = false;
      }
      const mail = await this.#channel.receive(limits.mailMs);
      if (mail.kind === "lost") return mail;
      refused = !this.#mailAnswered(mail.reply);
    }
    for (const recipient of recipients) {
      if (this.#spent) break;
      const waiting: Received | Promise<Received> = this.#channel.receive(limits.rcptMs);
      const rcpt = waiting instanceof Promise ? await waiting : waiting;
      if (rcpt.kind === "lost") return rcpt;
      if (refused) continue;
      if (this.#rcptAnswered(recipient, { reply: rcpt.reply, others: before + accepted.length })) {
        accepted.push(recipient);
      }
    }
    return { kind: "answered", accepted, refused };
  }

  /** Whether the transaction goes on. */
  #mailAnswered(reply: Reply): boolean {
    this.#channel.dirty = true;
    if (isPositive(reply)) return true;
    this.#answerAll(this.#open, reply);
    return false;
  }

  /** Whether the recipient was accepted. `others`: how many were before it. */
  #rcptAnswered(recipient: Recipient, { reply, others }: { reply: Reply; others: number }): boolean {
    if (isPositive(reply)) {
      this.#accepted = true;
      return true;
    }
    // RFC 5321 §4.5.3.1.10: too many for one transaction; 552 is an old spelling. The next transaction takes them.
    if ((reply.code === 452 || reply.code === 552) && others > 0) return false;
    this.#answerAll([recipient], reply);
    return false;
  }

  async #text(accepted: readonly Recipient[]): Promise<Lost | undefined> {
    if (this.#spent || accepted.length === 0) return;
    if (this.#channel.capabilities.chunking) return await this.#bdatText(accepted);
    const go = await this.#channel.command(data, limits.dataInitMs);
    return go.kind === "lost" ? go : await this.#dataText(go.reply, accepted);
  }

  async #bdatText(accepted: readonly Recipient[]): Promise<Lost | undefined> {
    const { octets: length } = this.#lease;
    let unsent = await this.#channel.send(octets(`BDAT ${length} LAST\r\n`), limits.dataBlockMs);
    let sent = 0;
    for await (const chunk of this.#lease.text()) {
      if (unsent !== undefined) break;
      sent += chunk.length;
      if (sent > length) break;
      unsent = await this.#channel.send(chunk, limits.dataBlockMs);
    }
    if (unsent === undefined && sent !== length) throw new Error("Cannot send the text: its length differs");
    const last = await this.#channel.receive(limits.dataTerminationMs);
    if (last.kind === "lost") return unsent ?? last;
    if (unsent !== undefined) this.#spent = true;
    this.#finish(accepted, last.reply);
  }

  /** `reply` is the one to DATA. */
  async #dataText(reply: Reply, accepted: readonly Recipient[]): Promise<Lost | undefined> {
    // A 250 here is no receipt: the text has not been sent.
    if (isPositive(reply)) return noReceipt(reply);
    if (reply.code !== 354) return this.#finish(accepted, reply);
    let unsent: Lost | undefined;
    if (accepted.length === 0) {
      // RFC 2920 §3.1: nobody was accepted, yet the server wants a text: it gets an empty one, which it refuses.
      unsent = await this.#channel.send(dot, limits.dataBlockMs);
    } else {
      const encoder = new DataEncoder();
      const { held } = this.#lease;
      if (held !== undefined && held.length <= eagerOctetsMax) {
        const encoded = encoder.encode(held);
        unsent = await this.#channel.send(both(encoded, encoder.end()), limits.dataBlockMs);
      } else {
        for await (const chunk of this.#lease.text()) {
          unsent = await this.#channel.send(encoder.encode(chunk), limits.dataBlockMs);
          if (unsent !== undefined) break;
        }
        unsent ??= await this.#channel.send(encoder.end(), limits.dataBlockMs);
      }
    }
    const last = await this.#channel.receive(limits.dataTerminationMs);
    if (last.kind === "lost") return unsent ?? last;
    if (unsent !== undefined) this.#spent = true;
    this.#finish(accepted, last.reply);
  }

  /** The last reply: it counts for those that were accepted. */
  #finish(accepted: readonly Recipient[], reply: Reply): undefined {
    this.#channel.dirty = !isPositive(reply);
    this.#answerAll(accepted, reply);
    // Where nobody was accepted, this was the reply to a command that made no sense any more.
    if (reply.code === 421) this.#spent = true;
  }

  #answerAll(recipients: readonly Recipient[], reply: Reply): void {
    const { host, capabilities } = this.#channel;
    // RFC 5321 §3.8: the server closes, whatever it was asked; nobody without an outcome will get one.
    const closing = reply.code === 421;
    if (closing) this.#spent = true;
    for (const { rid } of closing ? this.#open : recipients) {
      if (isPositive(reply)) {
        this.#outcomes.push({ kind: "delivered", rid, host, reply, relayedWithoutDsn: !capabilities.dsn });
      } else if (isTransient(reply) || reply.code < 400) {
        this.#outcomes.push({ kind: "deferred", rid, host, reply });
      } else {
        this.#outcomes.push({ kind: "refused", rid, host, reply });
      }
    }
    const answered = new Set((closing ? this.#open : recipients).map(({ rid }) => rid));
    this.#open = this.#open.filter(({ rid }) => !answered.has(rid));
  }

  #failOpen(kind: "deferred" | "refused", failure: Failure): void {
    for (const { rid } of this.#open) this.#outcomes.push({ kind, rid, host: this.#channel.host, failure });
    this.#open = [];
  }

  #end(rid: number, end: { kind: "refused"; failure: Failure }): void {
    this.#outcomes.push({ ...end, rid, host: this.#channel.host });
    this.#open = this.#open.filter((recipient) => recipient.rid !== rid);
  }
}

const encoder = new TextEncoder();

function noReceipt({ code }: Reply): Lost {
  const text = `The server answered DATA with ${code}, before it had the text`;
  return { kind: "lost", failure: { reason: "protocol", enhanced: "4.5.0", text } };
}

/** Commands and text in one buffer: one write, and one TLS record where it fits. */
function withText(head: string, text: Octets): Octets {
  // Three octets for a UTF-16 unit are the most that UTF-8 takes.
  const bytes = new Uint8Array(head.length * 3 + text.length);
  const { written } = encoder.encodeInto(head, bytes);
  bytes.set(text, written);
  return bytes.subarray(0, written + text.length);
}

function both(one: Octets, other: Octets): Octets {
  const bytes = new Uint8Array(one.length + other.length);
  bytes.set(one);
  bytes.set(other, one.length);
  return bytes;
}
