/**
 * Who a client is and what it gets for it: the sender table read when it connects, and once more with what TLS proved.
 *
 * The facts come from outside (DNS, lists, handshake), the verdict from `policy/judge.ts`; here they meet, and the log hears of both.
 *
 * @module
 */
import type { Users } from "../auth/users.ts";
import type { MailFlowPolicy } from "../config/config.ts";
import { isDomain } from "../smtp/address.ts";
import type { ServerOptions } from "../smtp/server_state.ts";
import { type CertificateRefusal, judgeCertificate, shownCertificate } from "../policy/client_certificate.ts";
import { judgeConnection, listsToAsk, mustUseTls, type Verdict } from "../policy/judge.ts";
import type { SenderFacts } from "../policy/sender_table.ts";
import type { PeerFacts } from "../tls/engine.ts";
import type { AcceptWorld, Service } from "./service.ts";

/** Whose admission it is. */
export interface Applicant {
  icid: number;
  facts: SenderFacts;
}

/** See the module. */
export class Admission {
  readonly #world: AcceptWorld;
  readonly #service: Service;
  readonly #icid: number;
  #facts: SenderFacts;
  #verdict: Verdict | undefined;
  #refusal: CertificateRefusal | undefined;
  #names: readonly string[] = [];

  constructor({ world, service }: { world: AcceptWorld; service: Service }, { icid, facts }: Applicant) {
    this.#world = world;
    this.#service = service;
    this.#icid = icid;
    this.#facts = facts;
  }

  /** The verdict in force. */
  get verdict(): Verdict {
    return this.#verdict!;
  }

  /** What the client's certificate proves, in lower case. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** Reads the table; waits only where it comes to a DNS list. */
  read(): void | Promise<void> {
    const { tables } = this.#service;
    const zones = listsToAsk(tables, this.#facts);
    if (zones.length === 0) return this.#judge();
    return this.#world.lists(this.#facts.address, zones).then((lists) => {
      this.#facts = { ...this.#facts, lists };
      this.#judge();
    });
  }

  /** Whether the client is to be asked for a certificate: by its policy, or because a group above or a user of AUTH may know it. */
  get askCertificate(): boolean {
    const { tables, users } = this.#service;
    return tables.senders.needsCertificates || asksCertificate(this.verdict.policy, users);
  }

  /** Takes in what the handshake proved: the table is read again, and the policy has its say about the certificate. */
  prove(peer: PeerFacts): void {
    if (!this.askCertificate) return;
    const { log } = this.#world;
    const icid = this.#icid;
    const shown = shownCertificate(peer);
    if (shown.kind !== "none") {
      const { subject } = shown;
      const proof = shown.kind === "verified"
        ? { verified: true, names: shown.names }
        : { verified: false, names: [], reason: shown.reason, text: shown.text };
      log.info({ event: "icid_certificate", icid, subject, ...proof });
    }
    if (shown.kind === "verified") this.#names = shown.names;
    if (shown.kind === "verified" && this.#service.tables.senders.needsCertificates) {
      this.#facts = { ...this.#facts, names: shown.names };
      this.#judge();
    }
    if (this.verdict.kind === "hang_up") return;
    this.#refusal = judgeCertificate(this.verdict.policy, shown);
    if (this.#refusal !== undefined) {
      log.info({ event: "icid_note", icid, reason: "client_certificate", text: `refused: ${this.#refusal.text}` });
    }
  }

  /** How the protocol treats the client under the verdict in force. */
  options(): ServerOptions {
    const { listener, startTls, tables } = this.#service;
    const { address, host, verified } = this.#facts;
    const { verdict } = this;
    const { policy } = verdict;
    const refused = verdict.kind === "answer" && !verdict.delayed;
    return {
      hostname: listener.hostname,
      address,
      host: verified && host !== undefined && isDomain(host) ? host : undefined,
      greeting: verdict.kind === "hang_up" ? "" : verdict.greeting,
      refusal: refused ? verdict.reply : this.#refusal?.reply,
      // A certificate that must be shown cannot be shown in clear.
      tls: policy.verify_client_certificate === "required" ? "required" : policy.tls,
      tlsReady: startTls !== undefined,
      mustUseTls: tables.tlsSenders.has(policy.name) ? (sender) => this.#mustUseTls(sender) : undefined,
      messageOctetsMax: policy.max_message_size,
      messagesMax: policy.max_messages_per_connection,
      recipientsMax: policy.max_recipients_per_message,
      auth: policy.auth === "off" ? undefined : {
        required: policy.auth === "required",
        requiresTls: policy.auth_requires_tls,
      },
      fixBareLineEnds: policy.bare_line_feed === "fix",
    };
  }

  #judge(): void {
    const before = this.#verdict?.match;
    const verdict = this.#verdict = judgeConnection(this.#service.tables, this.#facts);
    const { group, pattern } = verdict.match;
    if (before !== undefined && before.group === group && before.pattern === pattern) return;
    const action = actionOf(verdict);
    const tls = verdict.kind === "hang_up" ? undefined : verdict.policy.tls;
    this.#world.log.info({ event: "icid_group", icid: this.#icid, action, group, match: pattern, tls });
  }

  #mustUseTls(sender: string): boolean {
    const must = mustUseTls(this.#service.tables, { policy: this.verdict.policy.name, sender });
    if (must) {
      const text = `MAIL refused: <${sender}> must use TLS`;
      this.#world.log.info({ event: "icid_note", icid: this.#icid, reason: "tls_required", text, sender });
    }
    return must;
  }
}

/** Whether clients under a policy are asked for a certificate, whatever group they came by. */
export function asksCertificate(policy: MailFlowPolicy, users: Users): boolean {
  return policy.verify_client_certificate !== false || policy.auth !== "off" && users.haveCertificates;
}

function actionOf(verdict: Verdict): "ACCEPT" | "RELAY" | "REJECT" | "TCPREFUSE" {
  switch (verdict.kind) {
    case "take":
      return verdict.relay ? "RELAY" : "ACCEPT";
    case "answer":
      return "REJECT";
    case "hang_up":
      return "TCPREFUSE";
    default:
      return verdict satisfies never;
  }
}
