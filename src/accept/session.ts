/**
 * One connection, from its acceptance to its end: drives the protocol machine over the stream.
 *
 * A session that waits is watched by a sweep over all sessions (`acceptor.ts`) instead of a timer of its own; the sweep says 421 and closes, the
 * connection's deadline stands behind it, a little later. How long a wait is: `patience.ts`.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import { type Octets, octets } from "../base/octets.ts";
import { causeOf, printable } from "../base/text.ts";
import { type Conn, DeadlineError } from "../net/net.ts";
import type { ReceivedTls } from "../smtp/received.ts";
import { replyWire } from "../smtp/reply_text.ts";
import { ServerSession, type StoreStep } from "../smtp/server_session.ts";
import type { DropReason, EndReason } from "../smtp/server_state.ts";
import { commonReplies } from "../smtp/server_verbs.ts";
import { Admission } from "./admission.ts";
import type { Buffers } from "./buffers.ts";
import type { TurnedAway } from "./gate.ts";
import { MessageDesk } from "./message.ts";
import { Patience } from "./patience.ts";
import { lookedUp } from "./reverse.ts";
import type { AcceptWorld, ReverseName, Service } from "./service.ts";

/** What a session asks the listener that opened it. */
export interface SessionSurroundings {
  world: AcceptWorld;
  service: Service;
  buffers: Buffers;
  /** Why this connection is one too many; told before anything else. */
  turnedAway: TurnedAway | undefined;
  icid: number;
  /** Whose limits the client's address counts against. */
  client: string;
  /** Connections of the same client to all listeners when this one came, itself included. */
  siblings: number;
}

const endTexts: Record<Exclude<EndReason, "quit">, string> = {
  injected: "commands in clear behind STARTTLS",
  too_many_errors: "too many errors",
  too_many_commands: "too many commands without a message",
  too_many_messages: "too many messages in one connection",
  too_many_refused_recipients: "too many refused recipients",
  too_many_auth_failures: "too many failed authentications",
  closed: "the session was closed with 421",
  foreign_protocol: "the client does not speak SMTP",
  endless_line: "a line does not end",
  bare_line_end: "a message had line ends without CRLF",
  chunk_unknown: "BDAT without a size",
  text_too_long: "a refused message does not end",
};

/** The connection broke, or the client left without QUIT: its end, not ours. */
class ConnectionLost extends Error {
  override name = "ConnectionLost";
}

/** Replies that every message gets, encoded once. */
const encoded = new Map(commonReplies.map((wire) => [wire, octets(wire)]));

/** One inbound connection. */
export class InboundSession {
  readonly #around: SessionSurroundings;
  readonly #icid: number;
  #conn: Conn;
  #protocol: ServerSession | undefined;
  #desk: MessageDesk | undefined;
  /** In a read, with nothing to send. */
  #waiting = false;
  readonly #patience = new Patience();
  /** The session was ended by us; what the connection says afterwards does not matter. */
  #ended = false;
  #stopping = false;
  #ownBuffer: Octets | undefined;
  #lentBuffer: Octets | undefined;

  constructor(conn: Conn, around: SessionSurroundings) {
    this.#conn = conn;
    this.#around = around;
    this.#icid = around.icid;
  }

  /** Serves the connection to its end. Never rejects. */
  async run(): Promise<void> {
    const { log } = this.#around.world;
    const icid = this.#icid;
    try {
      await this.#serve();
      log.info({ event: "icid_close", icid });
    } catch (thrown) {
      if (this.#ended) log.info({ event: "icid_close", icid });
      else this.#broke(thrown);
    } finally {
      this.#conn.close();
      this.#releaseText();
      if (this.#ownBuffer !== undefined) this.#around.buffers.commands.give(this.#ownBuffer);
    }
  }

  /** Called every second or so: ends a wait that is over. */
  sweep(state: { now: number; crowded: boolean }): void {
    if (!this.#waiting || !this.#patience.isOver(state)) return;
    this.#note("timeout", "timed out");
    this.#protocol?.lost({ reason: "timeout", text: "the client stalled" });
    this.#hangUp(`421 4.4.2 ${this.#around.service.listener.hostname} Timed out\r\n`);
  }

  /** The gateway stops: an idle session ends now, another one behind its transaction. */
  stop(): void {
    this.#stopping = true;
    if (this.#waiting && this.#protocol?.inTransaction === false) this.#hangUp(this.#shutdownText());
  }

  /** Ends the session at once. */
  kill(): void {
    this.#conn.close();
  }

  async #serve(): Promise<void> {
    const { service, turnedAway } = this.#around;
    const icid = this.#icid;
    if (turnedAway !== undefined) return await this.#turnAway(turnedAway);
    const name = lookedUp(this.#around, this.#conn.remote.address);
    const client = name instanceof Promise ? await name : name;
    this.#opened(client);
    const facts = { address: this.#conn.remote.address, ...client };
    const admission = new Admission(this.#around, { icid, facts });
    const reading = admission.read();
    if (reading !== undefined) await reading;
    const { kind, policy } = admission.verdict;
    if (kind === "hang_up") return;
    if (this.#around.siblings > policy.max_connections_per_ip) {
      this.#note("too_many_connections", "too many connections from this address");
      return await this.#refuse(`421 4.7.0 ${service.listener.hostname} Too many connections from your address\r\n`);
    }
    const desk = this.#desk = new MessageDesk(this.#around.world, { service, icid, client: this.#around.client });
    desk.admit(admission.verdict);
    if (desk.harvesting !== undefined) return await this.#refuse(replyWire(desk.harvesting));
    if (service.listener.transport === "smtps") {
      const secured = await this.#secure(admission);
      if (secured === undefined) return;
      this.#protocol = new ServerSession(admission.options(), desk);
      this.#protocol.secured(secured);
    } else this.#protocol = new ServerSession(admission.options(), desk);
    await this.#converse(this.#protocol, admission);
  }

  async #converse(protocol: ServerSession, admission: Admission): Promise<void> {
    for (;;) {
      const step = protocol.next();
      switch (step.kind) {
        case "read":
          await this.#send(protocol.takeReplies());
          if (this.#ended) return;
          if (this.#stopping && !protocol.inTransaction) return await this.#send(this.#shutdownText());
          if (!await this.#read(protocol)) return;
          break;
        case "text": {
          const written = this.#write(protocol, step.chunk);
          if (written !== undefined) await written;
          break;
        }
        case "store":
          await this.#store(protocol, step);
          break;
        case "start_tls":
          await this.#send(protocol.takeReplies());
          {
            const secured = await this.#secure(admission);
            if (secured === undefined) return;
            protocol.secured(secured, admission.options());
          }
          break;
        case "validate":
          // Whoever is asked has a time of his own.
          this.#conn.deadline(limits.serverWriteMs);
          protocol.validated(await this.#desk!.validate(step));
          break;
        case "authenticate":
          // A password that is wrong takes its time.
          this.#conn.deadline(limits.serverWriteMs);
          protocol.authenticated(await this.#desk!.authenticator.authenticate(step.claim));
          break;
        case "end":
          return await this.#end(step.reason);
        default:
          return step satisfies never;
      }
    }
  }

  async #send(replies: string): Promise<void> {
    if (replies === "") return;
    try {
      this.#conn.deadline(limits.serverWriteMs);
      await this.#conn.write(encoded.get(replies) ?? octets(replies));
    } catch (cause) {
      throw new ConnectionLost(causeOf(cause), { cause });
    }
  }

  /** Reads and pushes. False: the session is over. */
  async #read(protocol: ServerSession): Promise<boolean> {
    const buffer = this.#arm(protocol);
    this.#waiting = true;
    let count: number | null;
    try {
      count = await this.#conn.read(buffer);
    } catch (cause) {
      throw new ConnectionLost(causeOf(cause), { cause });
    } finally {
      this.#waiting = false;
    }
    if (this.#ended) return false;
    if (count === null) throw new ConnectionLost("the client closed the connection");
    this.#patience.received(count);
    protocol.push(buffer.subarray(0, count));
    return true;
  }

  /** Sets the time until which to wait, and chooses the buffer. */
  #arm(protocol: ServerSession): Octets {
    const now = this.#around.world.clock.monotonic();
    const patience = this.#patience;
    const text = protocol.awaits === "text";
    if (text) patience.awaitText(now);
    else {
      this.#releaseText();
      patience.awaitCommand({ now, refused: protocol.refused, progress: protocol.progress });
    }
    if (protocol.inTransaction) patience.inTransaction(this.#desk!.mid, now);
    this.#conn.deadline(patience.left(now));
    if (text) return this.#lentBuffer ??= this.#around.buffers.text.take();
    return this.#ownBuffer ??= this.#around.buffers.commands.take();
  }

  #releaseText(): void {
    this.#patience.forgetText();
    if (this.#lentBuffer !== undefined) this.#around.buffers.text.give(this.#lentBuffer);
    this.#lentBuffer = undefined;
  }

  /** Hands text to the queue. The connection's deadline must not pass while the disk is slow. */
  #write(protocol: ServerSession, chunk: Octets): Promise<void> | undefined {
    try {
      const written = this.#desk!.write(chunk);
      if (written === undefined) return;
      this.#conn.deadline(limits.serverWriteMs);
      return written.catch((thrown) => this.#cannotWrite(protocol, thrown));
    } catch (thrown) {
      this.#cannotWrite(protocol, thrown);
    }
  }

  #cannotWrite(protocol: ServerSession, thrown: unknown): void {
    const { answer, reason } = this.#desk!.failure(thrown);
    protocol.refuseText(answer, reason);
  }

  async #store(protocol: ServerSession, step: StoreStep): Promise<void> {
    this.#conn.deadline(limits.serverWriteMs);
    protocol.stored(await this.#desk!.store(step));
  }

  /** Does the handshake and takes in what it proved. `undefined`: the session is over. */
  async #secure(admission: Admission): Promise<ReceivedTls | undefined> {
    const { service: { startTls }, world: { log } } = this.#around;
    const icid = this.#icid;
    if (startTls === undefined) {
      this.#note("tls_not_ready", "TLS is not ready");
      return undefined;
    }
    this.#conn.deadline(limits.handshakeMs);
    const { askCertificate } = admission;
    const result = await startTls(this.#conn, { askCertificate }).catch((cause) => {
      throw new ConnectionLost(causeOf(cause), { cause });
    });
    if (result.kind === "failed") {
      const { code, error, reason } = result.failure;
      log.info({ event: "icid_tls_failed", icid, code, error, reason });
      return undefined;
    }
    this.#conn = result.conn;
    const { protocol, cipher, bits, resumed } = result.facts;
    log.info({ event: "icid_tls", icid, protocol, cipher, resumed });
    admission.prove(result.facts);
    if (admission.verdict.kind === "hang_up") return undefined;
    this.#desk!.admit(admission.verdict);
    this.#desk!.authenticator.secured(admission.names);
    return { protocol, cipher, bits };
  }

  async #end(reason: EndReason): Promise<void> {
    if (reason !== "quit") this.#protocol!.lost({ reason: "lost", text: endTexts[reason] });
    if (reason === "injected") {
      const error = endTexts.injected;
      this.#around.world.log.info({ event: "icid_tls_failed", icid: this.#icid, code: 0, error, reason });
    } else if (reason !== "quit") this.#note(reason, endTexts[reason]);
    this.#ended = true;
    await this.#send(this.#protocol!.takeReplies());
  }

  /** One connection too many: no look-ups, a line, and out. */
  async #turnAway({ reason, text, peer }: TurnedAway): Promise<void> {
    this.#opened({ host: undefined, verified: false });
    this.#note(reason, text);
    await this.#refuse(`421 4.3.2 ${this.#around.service.listener.hostname} ${peer}\r\n`);
  }

  /** Says a last word in clear; under `smtps` nothing can be said before TLS. */
  async #refuse(wire: string): Promise<void> {
    this.#ended = true;
    if (this.#around.service.listener.transport === "smtps") return;
    this.#conn.deadline(limits.farewellMs);
    await this.#conn.write(octets(wire));
  }

  /** Ends a session that waits: its read ends when the connection closes. */
  #hangUp(wire: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#waiting = false;
    const conn = this.#conn;
    conn.deadline(limits.farewellMs);
    conn.write(octets(wire)).catch(() => {}).finally(() => conn.close());
  }

  #shutdownText(): string {
    return `421 4.3.2 ${this.#around.service.listener.hostname} Service shutting down\r\n`;
  }

  #opened({ host, verified }: ReverseName): void {
    const { service: { listener }, world: { log } } = this.#around;
    log.info({
      event: "icid_open",
      icid: this.#icid,
      interface: listener.name,
      local: this.#conn.local.address,
      address: this.#conn.remote.address,
      host: host ?? "unknown",
      verified,
    });
  }

  #note(reason: string, text: string): void {
    this.#around.world.log.info({ event: "icid_note", icid: this.#icid, reason, text });
  }

  /** The session ended by an error: the connection's, or one of ours, which an operator has to see. */
  #broke(thrown: unknown): void {
    const { log } = this.#around.world;
    const icid = this.#icid;
    if (!(thrown instanceof ConnectionLost)) {
      log.critical({
        event: "note",
        text: `Cannot serve ICID ${icid}: ${printable(causeOf(thrown))}`,
        reason: "failed",
      });
    }
    const late = thrown instanceof ConnectionLost && thrown.cause instanceof DeadlineError;
    const reason: DropReason = late
      ? { reason: "timeout", text: "the client stalled" }
      : { reason: "lost", text: causeOf(thrown) };
    this.#protocol?.lost(reason);
    log.info({ event: "icid_lost", icid });
  }
}
