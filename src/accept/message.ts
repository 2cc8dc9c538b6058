/**
 * One message on its way into the queue: what the protocol asks about it, its log lines, its draft.
 *
 * A blackhole listener takes messages and throws them away; they are counted and logged and never reach the queue.
 *
 * @module
 */
import type { Octets } from "../base/octets.ts";
import type { PressureKind, Shortage } from "../base/pressure.ts";
import { causeOf, printable } from "../base/text.ts";
import { type Reply, reply } from "../mail/reply.ts";
import type { Verdict } from "../policy/judge.ts";
import { judgeRecipient } from "../policy/recipient_table.ts";
import type { Draft } from "../queue/spool.ts";
import type { StoreStep } from "../smtp/server_session.ts";
import type { Mechanism } from "../smtp/sasl.ts";
import type { DropReason, ServerHost } from "../smtp/server_state.ts";
import { Allowance } from "./allowance.ts";
import { Authenticator } from "./authenticator.ts";
import type { Unstored } from "./intake.ts";
import type { AcceptWorld, Service } from "./service.ts";

/** Whose messages a desk takes. */
export interface DeskOptions {
  service: Service;
  icid: number;
  /** Under which its hourly counts are kept: see `policy/client_key.ts`. */
  client: string;
}

/** The answers of one session to its protocol machine, and the message it is receiving. */
export class MessageDesk implements ServerHost {
  readonly #world: AcceptWorld;
  readonly #service: Service;
  readonly #icid: number;
  readonly #client: string;
  /** Who the client proves to be. */
  readonly authenticator: Authenticator;
  #relay = false;
  /** Who is to be refused at each recipient. */
  #refusal: Reply | undefined;
  #allowance: Allowance | undefined;
  #mid = 0;
  #sender = "";
  #draft: Draft | undefined;
  /** The shortage that this session's log has a line about. */
  #noted: PressureKind | undefined;

  constructor(world: AcceptWorld, options: DeskOptions) {
    this.#world = world;
    this.#service = options.service;
    this.#icid = options.icid;
    this.#client = options.client;
    this.authenticator = new Authenticator(world, { ...options, users: options.service.users });
  }

  /** From now on recipients are answered under this verdict. */
  admit(verdict: Verdict): void {
    this.#relay = verdict.kind === "take" && verdict.relay;
    this.#refusal = verdict.kind === "answer" ? verdict.reply : undefined;
    const options = { icid: this.#icid, client: this.#client, policy: verdict.policy, relays: () => this.#relays };
    this.#allowance = new Allowance(this.#world, options);
    this.authenticator.admit(verdict.policy);
  }

  /** Why a client that its group takes gets nothing in this hour. */
  get harvesting(): Reply | undefined {
    return this.#refusal === undefined ? this.#allowance?.harvesting : undefined;
  }

  /** The number of the last message that began; 0: none did. */
  get mid(): number {
    return this.#mid;
  }

  mechanisms(): readonly Mechanism[] {
    return this.authenticator.mechanisms();
  }

  now(): number {
    return this.#world.clock.now();
  }

  mail(sender: string): number | Reply {
    const { intake, log } = this.#world;
    const { shortage } = intake;
    if (shortage !== undefined && this.#service.listener.type !== "blackhole") {
      intake.refused(shortage);
      this.#noteShortage(shortage);
      // RFC 3463 §3.4: X.3.1, mail system full.
      return reply(452, "4.3.1", shortage.peer);
    }
    const refusal = this.authenticator.refusal(sender);
    if (refusal !== undefined) {
      const text = `MAIL refused: the user may not send as <${sender}>`;
      log.info({ event: "icid_note", icid: this.#icid, reason: "sender_not_allowed", text });
      return refusal;
    }
    const mid = intake.ids.next("mid");
    this.#mid = mid;
    this.#sender = sender;
    log.info({ event: "mid_start", mid, icid: this.#icid });
    log.info({ event: "mid_from", mid, icid: this.#icid, from: sender });
    return mid;
  }

  recipient(address: string, rid: number): Reply | undefined | "ask" {
    if (this.#refusal !== undefined) return this.#reject(address, "HAT", this.#refusal);
    const allowance = this.#allowance!;
    // Before the table is asked: who has used his hour up learns nothing about addresses.
    const exhausted = allowance.exhausted(this.#sender);
    if (exhausted !== undefined) return this.#reject(address, exhausted.key, exhausted.reply);
    const verdict = judgeRecipient(this.#service.tables, { address, relay: this.#relays });
    if (verdict.kind === "refuse") return this.#reject(address, "RAT", allowance.invalid() ?? verdict.reply);
    if (verdict.validate && this.#service.listener.recipient_validation !== null) return "ask";
    return this.#take(address, rid);
  }

  /** Asks about a recipient that the table takes. What is wrong with it, as {@linkcode MessageDesk.recipient} says it. */
  async validate({ address, rid }: { address: string; rid: number }): Promise<Reply | undefined> {
    const { listener: { recipient_validation }, config: { services } } = this.#service;
    const service = recipient_validation!;
    const answer = await this.#world.recipients.check({ service, address });
    const { by } = answer;
    switch (answer.kind) {
      case "known":
        return this.#take(address, rid);
      case "unknown":
        return this.#reject(address, by, this.#allowance!.invalid() ?? unknownRecipient(address));
      case "temporary": {
        const accepts = services.ldap.get(service)?.on_temporary_failure === "accept";
        if (!accepts) return this.#reject(address, `${by}, which has no answer`, cannotVerify);
        const text = `RCPT taken unchecked: <${address}>, ${by} has no answer`;
        this.#world.log.info({ event: "icid_note", icid: this.#icid, reason: "recipient_unchecked", text });
        return this.#take(address, rid);
      }
      default:
        return answer satisfies never;
    }
  }

  mayDemandTls(): boolean {
    return this.#relay;
  }

  drop(mid: number, { reason, text }: DropReason): void {
    this.#discard();
    this.#world.log.info({ event: "mid_aborted", mid, icid: this.#icid, reason, text });
  }

  /** Takes a piece of text; waits only where the queue does. */
  write(chunk: Octets): Promise<void> | void {
    if (this.#service.listener.type === "blackhole") return;
    this.#draft ??= this.#world.intake.draft(this.#mid);
    return this.#draft.write(chunk);
  }

  /** Stores the message: the reply to its text. 250 comes after the sync only. */
  store({ envelope, octets, messageId, subject }: StoreStep): Reply | Promise<Reply> {
    const { log } = this.#world;
    const { mid } = envelope;
    if (messageId !== "") log.info({ event: "mid_message_id", mid, messageId });
    log.info({ event: "mid_subject", mid, subject });
    if (envelope.tls !== undefined) {
      log.info({ event: "mid_tls_demand", mid, icid: this.#icid, demand: envelope.tls });
    }
    log.info({ event: "mid_ready", mid, bytes: octets, from: envelope.sender });
    const draft = this.#draft;
    this.#draft = undefined;
    if (draft !== undefined) return this.#put(envelope, draft);
    log.info({ event: "message_finished", mid });
    return reply(250, "2.0.0", `Ok: ${mid} thrown away`);
  }

  /** The answer to text that the queue does not take, with its log line. */
  failure(thrown: unknown): Refusal {
    return refusalBy(this.#world.intake.failed(this.#mid, thrown));
  }

  async #put(envelope: StoreStep["envelope"], draft: Draft): Promise<Reply> {
    const { mid } = envelope;
    const stored = await this.#world.intake.put(envelope, draft);
    if (stored.kind === "stored") return reply(250, "2.0.0", `Ok: queued as ${mid}`);
    const { answer, reason } = refusalBy(stored);
    this.#world.log.info({ event: "mid_aborted", mid, icid: this.#icid, ...reason });
    return answer;
  }

  /** Any recipient is taken. */
  get #relays(): boolean {
    return this.#relay || this.authenticator.relays;
  }

  #take(to: string, rid: number): undefined {
    this.#allowance!.taken(this.#sender);
    this.#world.log.info({ event: "mid_to", mid: this.#mid, icid: this.#icid, rid, to });
  }

  #reject(to: string, by: string, answer: Reply): Reply {
    this.#world.log.info({ event: "mid_to_rejected", mid: this.#mid, icid: this.#icid, to, by });
    return answer;
  }

  /** A line for each session, not for each MAIL: a client that tries on and on must not fill with words the disk that is full. */
  #noteShortage({ kind, text }: Shortage): void {
    if (this.#noted === kind) return;
    this.#noted = kind;
    const { log } = this.#world;
    log.info({ event: "icid_note", icid: this.#icid, reason: `pressure_${kind}`, text: `MAIL refused: ${text}` });
  }

  #discard(): void {
    const draft = this.#draft;
    this.#draft = undefined;
    draft?.abort().catch((thrown) => {
      const text = `Cannot throw the text of MID ${this.#mid} away: ${printable(causeOf(thrown))}`;
      this.#world.log.warning({ event: "note", text });
    });
  }
}

// RFC 3463 §3.5: X.4.3, directory server failure.
const cannotVerify = reply(451, "4.4.3", "Cannot verify the recipient now, try again later");

/** RFC 3463 §3.2: X.1.1, bad destination mailbox address. */
function unknownRecipient(address: string): Reply {
  return reply(550, "5.1.1", `<${address}> User unknown`);
}

/** A message that is not taken: the answer, and the reason for the log. */
export interface Refusal {
  answer: Reply;
  reason: DropReason;
}

function refusalBy({ kind, cause }: Unstored): Refusal {
  const answer = kind === "full"
    ? reply(452, "4.3.1", "No room to store the message")
    : reply(451, "4.3.0", "Cannot store the message now");
  return { answer, reason: { reason: kind, text: cause } };
}
