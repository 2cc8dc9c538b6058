/**
 * The server's machine with a scripted world: pushes bytes, keeps what comes out.
 *
 * @module
 */
import { joined, type Octets, octets, textOf } from "../../src/base/octets.ts";
import type { Envelope } from "../../src/mail/envelope.ts";
import { type Reply, reply } from "../../src/mail/reply.ts";
import type { Claim, Mechanism } from "../../src/smtp/sasl.ts";
import { ServerSession, type StoreStep } from "../../src/smtp/server_session.ts";
import type { DropReason, EndReason, ServerHost, ServerOptions } from "../../src/smtp/server_state.ts";

/** Options of a plain session. */
export const plainOptions: ServerOptions = {
  hostname: "gw.example.test",
  address: "192.0.2.7",
  host: "client.example.com",
  greeting: "ESMTP",
  tls: "preferred",
  tlsReady: true,
  messageOctetsMax: 1_000,
  messagesMax: 5,
  recipientsMax: 3,
  fixBareLineEnds: false,
};

/** One message that was stored. */
export interface RigMessage {
  envelope: Envelope;
  /** Without our Received field. */
  text: string;
  received: string;
  step: StoreStep;
}

/** A session and its traces. */
export class Rig {
  readonly session: ServerSession;
  /** What the session asks; a test may change it. */
  readonly host: ServerHost;
  readonly messages: RigMessage[] = [];
  readonly drops: string[] = [];
  /** What was said first. */
  readonly greeting: string;
  ended: EndReason | undefined;
  tlsAsked = 0;
  /** What the client may authenticate itself by. */
  mechanisms: Mechanism[] = ["PLAIN", "LOGIN"];
  /** What it has claimed; the password `right` is right. */
  readonly claims: Claim[] = [];
  /** About whom somebody was asked, and what was said. */
  readonly asked: string[] = [];
  judged: (address: string) => Reply | undefined = () => undefined;
  /** What `store` is answered with. */
  storeReply: Reply = reply(250, "2.0.0", "Ok: queued");
  #mid = 0;
  #text: Octets[] = [];

  constructor(options: Partial<ServerOptions> = {}) {
    this.host = {
      now: () => Date.UTC(2025, 10, 22, 1, 20),
      mechanisms: () => this.mechanisms,
      mail: () => {
        this.#text = [];
        return ++this.#mid;
      },
      recipient: (address) =>
        address.endsWith("@refused.test") ? reply(550, "5.1.0", `<${address}> Address rejected`) : undefined,
      drop: (_mid: number, { reason }: DropReason) => {
        this.drops.push(reason);
        this.#text = [];
      },
    };
    this.session = new ServerSession({ ...plainOptions, ...options }, this.host);
    this.greeting = this.run();
  }

  /** Pushes one read's bytes and gives the replies to it. */
  push(bytes: Octets | string): string {
    if (this.ended !== undefined) return "";
    const lent = typeof bytes === "string" ? octets(bytes) : bytes.slice();
    this.session.push(lent);
    const replies = this.run();
    // What was lent must not be used any more.
    lent.fill(0x58);
    return replies;
  }

  /** Takes steps to the next read. */
  run(): string {
    for (;;) {
      const step = this.session.next();
      switch (step.kind) {
        case "read":
          return this.session.takeReplies();
        case "text":
          this.#text.push(step.chunk);
          break;
        case "store": {
          const whole = textOf(joined(this.#text));
          const end = whole.search(/\r\n(?![\t ])/) + 2;
          this.messages.push({ envelope: step.envelope, text: whole.slice(end), received: whole.slice(0, end), step });
          this.session.stored(this.storeReply);
          break;
        }
        case "validate":
          this.asked.push(`${step.rid} ${step.address}`);
          this.session.validated(this.judged(step.address));
          break;
        case "authenticate": {
          const { claim } = step;
          this.claims.push(claim);
          const right = claim.mechanism === "EXTERNAL" || claim.password === "right";
          this.session.authenticated(
            right
              ? { kind: "done", user: claim.mechanism === "EXTERNAL" ? claim.authorization : claim.user }
              : { kind: "failed", reply: reply(535, "5.7.8", "Authentication credentials invalid") },
          );
          break;
        }
        case "start_tls":
          this.tlsAsked++;
          return this.session.takeReplies();
        case "end":
          this.ended = step.reason;
          return this.session.takeReplies();
      }
    }
  }
}

/** A session that has said EHLO. */
export function greeted(options: Partial<ServerOptions> = {}): Rig {
  const rig = new Rig(options);
  rig.push("EHLO client.example.com\r\n");
  return rig;
}

/** A session that waits for text. */
export function inData(options: Partial<ServerOptions> = {}): Rig {
  const rig = greeted(options);
  rig.push("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.test>\r\nDATA\r\n");
  return rig;
}
