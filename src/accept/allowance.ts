/**
 * What one client may still do in this hour, by its mail flow policy and by what it has done at all listeners.
 *
 * A limit that is reached is told once a session, with its name and the count.
 *
 * @module
 */
import type { MailFlowPolicy } from "../config/config.ts";
import type { MailLog } from "../mail/events.ts";
import { type Reply, reply } from "../mail/reply.ts";
import type { ClientCounts } from "../rates/rates.ts";

/** Whose allowance it is. */
export interface AllowanceOptions {
  icid: number;
  /** See `policy/client_key.ts`. */
  client: string;
  policy: MailFlowPolicy;
  /** Whoever relays has no invalid recipients, and is not made to pay for another listener's clients behind the same address. */
  relays: () => boolean;
}

/** A key of a policy that limits what an hour may bring. */
export type LimitKey =
  | "max_recipients_per_hour"
  | "max_recipients_per_hour_per_sender"
  | "max_invalid_recipients_per_hour";

/** Why a recipient is not taken, and the key that says so. */
export interface Exhausted {
  key: LimitKey;
  reply: Reply;
}

// The words of appliances; 4.7.1: RFC 3463 §3.8, the policy says no, and may say yes in an hour.
const tooMany = reply(452, "4.7.1", "Too many recipients received this hour");
const tooManyOfSender = reply(452, "4.7.1", "Too many recipients received from this sender this hour");
const tooManyInvalid = reply(421, "4.7.1", "Too many invalid recipients, try again later");

/** See the module. */
export class Allowance {
  readonly #log: MailLog;
  readonly #rates: ClientCounts;
  readonly #options: AllowanceOptions;
  readonly #told = new Set<LimitKey>();

  constructor({ log, rates }: { log: MailLog; rates: ClientCounts }, options: AllowanceOptions) {
    this.#log = log;
    this.#rates = rates;
    this.#options = options;
  }

  /** Why the client gets nothing: it has tried addresses out. */
  get harvesting(): Reply | undefined {
    const { client, policy: { max_invalid_recipients_per_hour: most }, relays } = this.#options;
    if (relays()) return undefined;
    const count = most === 0 ? 0 : this.#rates.invalid.count(client);
    if (most === 0 || count <= most) return undefined;
    this.#tell("max_invalid_recipients_per_hour", { what: `invalid recipients from ${client}`, count, most });
    return tooManyInvalid;
  }

  /** Why no recipient more is taken from `sender`. Nothing is counted yet. */
  exhausted(sender: string): Exhausted | undefined {
    const { harvesting } = this;
    if (harvesting !== undefined) return { key: "max_invalid_recipients_per_hour", reply: harvesting };
    const { client, policy } = this.#options;
    const { max_recipients_per_hour: most, max_recipients_per_hour_per_sender: mostOfSender } = policy;
    if (most > 0) {
      const count = this.#rates.recipients.count(client);
      if (count >= most) {
        this.#tell("max_recipients_per_hour", { what: `recipients from ${client}`, count, most });
        return { key: "max_recipients_per_hour", reply: tooMany };
      }
    }
    if (mostOfSender > 0 && sender !== "") {
      const count = this.#rates.senders.count(senderKey(sender));
      if (count >= mostOfSender) {
        const what = `recipients from <${sender}>`;
        this.#tell("max_recipients_per_hour_per_sender", { what, count, most: mostOfSender });
        return { key: "max_recipients_per_hour_per_sender", reply: tooManyOfSender };
      }
    }
    return undefined;
  }

  /** A recipient was taken. */
  taken(sender: string): void {
    const { client, policy } = this.#options;
    if (policy.max_recipients_per_hour > 0) this.#rates.recipients.add(client);
    // The null sender is everybody's: reports of all the world would share one count.
    if (policy.max_recipients_per_hour_per_sender > 0 && sender !== "") this.#rates.senders.add(senderKey(sender));
  }

  /** The recipient table refused a recipient: what ends the session, where it was one too many. */
  invalid(): Reply | undefined {
    const { client, policy: { max_invalid_recipients_per_hour: most } } = this.#options;
    if (most === 0) return undefined;
    const count = this.#rates.invalid.add(client);
    if (count <= most) return undefined;
    this.#tell("max_invalid_recipients_per_hour", { what: `invalid recipients from ${client}`, count, most });
    return tooManyInvalid;
  }

  #tell(key: LimitKey, { what, count, most }: { what: string; count: number; most: number }): void {
    if (this.#told.has(key)) return;
    this.#told.add(key);
    const { icid, policy } = this.#options;
    const text = `too many ${what} in this hour: ${count}, ${key} of policy ${policy.name} is ${most}`;
    this.#log.info({ event: "icid_note", icid, reason: key, text });
  }
}

/** Servers that tell `A@b` from `a@b` are rarer than senders who try it. */
function senderKey(sender: string): string {
  return sender.toLowerCase();
}
