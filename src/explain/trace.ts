/**
 * Every decision about a client and its mail, in order, with the line of the file that decided it.
 *
 * The session is rehearsed with the gateway's own session code (`rehearsal.ts`), routes are looked up with the code of delivery, so that what
 * is told here is what happens. What only a running gateway knows (counts, shortage, hosts that are down) is not known here.
 *
 * @module
 */
import { type ListLookup, makeService, type ReverseName } from "../accept/service.ts";
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { Config } from "../config/config.ts";
import type { Resolver } from "../dns/records.ts";
import type { TlsDemand } from "../mail/destination.ts";
import { domainOf } from "../mail/envelope.ts";
import type { RecipientCheck } from "../mail/recipient_check.ts";
import { type Decision, inboundDecisions, type InboundQuestion, recipientDecision } from "./inbound.ts";
import { outboundDecisions } from "./outbound.ts";
import { codeOf, type Exchange, type PlayedClient, type Rehearsal, rehearse } from "./rehearsal.ts";
import type { Source } from "./source.ts";

/** What is traced. */
export interface TraceQuestion {
  config: Config;
  /** What the file says, for its lines. */
  source: Source;
  /** The name of a listener of `config`. */
  listener: string;
  client: Omit<PlayedClient, "name" | "helo"> & { name: ReverseName; helo?: string };
  /** How the client's name is known, in words. */
  nameFrom: string;
  /** Whom DNS lists list. */
  lists: ListLookup;
  /** Who knows recipients. */
  recipients: RecipientCheck;
  clock: Clock;
  random: Random;
  /** The message has the header X-Postern-TLS: required. */
  tlsHeader?: boolean;
  /** Absent: the DNS is not asked where mail goes. */
  resolver?: Resolver;
  /** The addresses of this machine. */
  machine?: readonly string[];
}

/** The end of it. */
export interface Verdict {
  /** Everything that was asked about is taken. */
  accepted: boolean;
  /** In one line. */
  text: string;
}

/** The whole trace. */
export interface Trace {
  decisions: Decision[];
  verdict: Verdict;
  /** The rehearsed dialogue. */
  dialogue: Exchange[];
  /** What the mail log would say of it. */
  log: string[];
}

/** Traces. Throws where the configuration has no such listener. */
export async function trace(question: TraceQuestion): Promise<Trace> {
  const { config, source, clock, nameFrom } = question;
  const listener = config.listeners.find(({ name }) => name === question.listener);
  if (listener === undefined) throw new Error(`Cannot trace through listener ${question.listener}: there is none`);
  const client: PlayedClient = { ...question.client, helo: question.client.helo ?? heloOf(question.client) };
  const service = makeService(config, { listener });
  const rehearsal = await rehearse(service, { client, clock, lists: question.lists, recipients: question.recipients });
  const inbound: InboundQuestion = { service, client, nameFrom, rehearsal, source };
  const decisions = inboundDecisions(inbound);
  const ends: RecipientEnd[] = [];
  const demand = demandOf(question, rehearsal);
  for (const exchange of rehearsal.dialogue.filter(({ step }) => step === "rcpt")) {
    const address = exchange.command.slice("RCPT TO:<".length, -1);
    decisions.push(recipientDecision(inbound, { exchange, address }));
    if (!isTaken(exchange)) {
      ends.push({ address, refusal: answerOf(exchange) });
      continue;
    }
    if (listener.type === "blackhole") {
      ends.push({ address, way: "is thrown away: the listener is a blackhole" });
      continue;
    }
    const domain = address.includes("@") ? domainOf(address) : listener.hostname;
    const way = await outboundDecisions({ ...question, domain, demand });
    decisions.push(...way.decisions);
    ends.push({ address, way: way.end });
  }
  return { decisions, verdict: verdictOf(rehearsal, ends), dialogue: rehearsal.dialogue, log: rehearsal.log };
}

/** What the message demands of TLS, as the session would note it. */
function demandOf({ client, tlsHeader }: TraceQuestion, { events }: Rehearsal): TlsDemand | undefined {
  if (client.requireTls) return "requiretls";
  // The header counts where a relay sets it; from others it is only taken out.
  const group = events.findLast((event) => event.event === "icid_group");
  return tlsHeader && group?.action === "RELAY" ? "required" : undefined;
}

interface RecipientEnd {
  address: string;
  /** What becomes of the mail. */
  way?: string;
  refusal?: string;
}

function verdictOf({ dialogue, events }: Rehearsal, ends: readonly RecipientEnd[]): Verdict {
  const failed = events.find((event) => event.event === "icid_tls_failed");
  const refusedAt = dialogue.find((exchange) =>
    exchange.step !== "rcpt" && exchange.step !== "quit" && !isTaken(exchange)
  );
  if (refusedAt !== undefined) {
    const at = {
      greeting: "at the greeting",
      ehlo: "at EHLO",
      starttls: "at STARTTLS",
      auth: "at AUTH",
      mail: "at MAIL",
    };
    const where = at[refusedAt.step as keyof typeof at];
    const why = failed === undefined ? answerOf(refusedAt) : `TLS failed, ${failed.error}`;
    return { accepted: false, text: `refused ${where}: ${why}` };
  }
  if (failed !== undefined) return { accepted: false, text: `refused: TLS failed, ${failed.error}` };
  const refused = ends.filter(({ refusal }) => refusal !== undefined);
  const told = ends.map(({ address, way, refusal }) => `${address} ${way ?? `is refused: ${refusal}`}`).join("; ");
  if (refused.length > 0) return { accepted: false, text: `refused: ${told}` };
  return { accepted: true, text: `accepted${told === "" ? ": the client may send" : `: ${told}`}` };
}

function isTaken(exchange: Exchange): boolean {
  const code = codeOf(exchange);
  return code >= 200 && code < 300;
}

function answerOf({ reply }: Exchange): string {
  return reply.length === 0 ? "the connection is closed" : reply.join(" / ");
}

/** What a client says that has nothing better: RFC 5321 §4.1.4. */
function heloOf({ name, address }: { name: ReverseName; address: string }): string {
  return name.host ?? (address.includes(":") ? `[IPv6:${address}]` : `[${address}]`);
}
