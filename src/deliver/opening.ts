/**
 * From a fresh connection to one that mail may go over: greeting, EHLO, STARTTLS under the destination's level, EHLO again.
 *
 * The level's table (`tls/level.ts`) decides what follows from a missing or failed STARTTLS, `policy/trust.ts` what follows from a certificate;
 * nothing is decided here. Once the 220 to STARTTLS has come there is no way back to clear text: going on in clear would hand the choice to
 * whoever broke the handshake.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import { octets } from "../base/octets.ts";
import { causeOf } from "../base/text.ts";
import type { Towards } from "../mail/events.ts";
import type { Failure } from "../mail/outcome.ts";
import { isPositive, type Reply } from "../mail/reply.ts";
import { type HostNames, judgeTrust, namesFor } from "../policy/trust.ts";
import type { Route } from "../policy/route.ts";
import { noCapabilities, parseEhlo } from "../smtp/ehlo.ts";
import type { Channel, Received } from "./channel.ts";
import { type AttemptEnd, deferredFor } from "./ends.ts";
import type { DeliveryWorld, TlsStart } from "./world.ts";

/** How the opening ended. */
export type Opened =
  | { kind: "ready" }
  /** `details` and `text` are the words of the Connection Error line. */
  | {
    kind: "failed";
    end: AttemptEnd;
    details: string;
    text: string;
    reason: string;
    /** It is no fault of the host's: one of our own threads has ended. */
    ours?: true;
  };

/** What is known before the first octet. */
export interface OpeningOptions {
  route: Route;
  names: HostNames;
  /** The name in EHLO, ours. */
  hostname: string;
  /** The host was found by MX: should it call itself by our name, mail would go round. */
  byMx: boolean;
  /** Messages in the queue that the connection would serve. */
  waiting: () => number;
}

/** What an opening needs of the world. */
export type OpeningWorld = Pick<DeliveryWorld, "tls" | "startTls" | "log">;

const starttls = octets("STARTTLS\r\n");

/** Opens the dialogue on a channel. Never rejects. On failure the channel is closed. */
export async function openDialogue(
  channel: Channel,
  { world, options }: { world: OpeningWorld; options: OpeningOptions },
): Promise<Opened> {
  const opened = await new Opening(channel, { world, options }).run();
  if (opened.kind === "failed") channel.close();
  return opened;
}

class Opening {
  readonly #channel: Channel;
  readonly #world: OpeningWorld;
  readonly #options: OpeningOptions;

  constructor(channel: Channel, { world, options }: { world: OpeningWorld; options: OpeningOptions }) {
    this.#channel = channel;
    this.#world = world;
    this.#options = options;
  }

  async run(): Promise<Opened> {
    const channel = this.#channel;
    channel.bound(limits.connectTotalMs);
    const greeting = await channel.receive(limits.greetingMs);
    if (greeting.kind === "lost") return this.#lost(greeting);
    if (greeting.reply.code !== 220) return this.#unexpected(greeting.reply);
    const { level } = this.#options.route;
    const met = await this.#ehlo();
    if (met.kind === "failed") return met;
    if (!level.tries) return { kind: "ready" };
    if (met.kind === "helo") return this.#withoutTls("EHLO refused", "ehlo_refused") ?? { kind: "ready" };
    if (!channel.capabilities.starttls) {
      return this.#withoutTls("STARTTLS not offered", "no_starttls") ?? { kind: "ready" };
    }
    return await this.#startTls();
  }

  /** EHLO, and HELO where EHLO is refused: RFC 5321 §3.2. */
  async #ehlo(): Promise<Opened | { kind: "helo" }> {
    const channel = this.#channel;
    const { hostname, byMx } = this.#options;
    const ehlo = await channel.command(octets(`EHLO ${hostname}\r\n`), limits.ehloMs);
    if (ehlo.kind === "lost") return this.#lost(ehlo);
    if (isPositive(ehlo.reply)) {
      channel.capabilities = parseEhlo(ehlo.reply);
      if (byMx && channel.capabilities.domain.toLowerCase() === hostname.toLowerCase()) return this.#loop();
      return { kind: "ready" };
    }
    channel.capabilities = noCapabilities;
    if (ehlo.reply.code < 500) return this.#unexpected(ehlo.reply);
    // Inside TLS the server has just said EHLO is known to it.
    if (channel.encrypted) return this.#unexpected(ehlo.reply);
    const { level } = this.#options.route;
    if (level.tries && level.withoutStarttls === "defer") return { kind: "helo" };
    const helo = await channel.command(octets(`HELO ${hostname}\r\n`), limits.ehloMs);
    if (helo.kind === "lost") return this.#lost(helo);
    return isPositive(helo.reply) ? { kind: "helo" } : this.#unexpected(helo.reply);
  }

  async #startTls(): Promise<Opened> {
    const channel = this.#channel;
    const answer = await channel.command(starttls, limits.mailMs);
    if (answer.kind === "lost") {
      const { reason, text } = answer.failure;
      this.#tellRequired({ code: 0, error: text, reason });
      return this.#lost(answer);
    }
    if (answer.reply.code !== 220) {
      const refused = this.#withoutTls("STARTTLS unexpected response", "starttls_refused", answer.reply);
      // 421 means that the server closes: RFC 5321 §3.8.
      return refused ?? (answer.reply.code === 421 ? this.#unexpected(answer.reply) : { kind: "ready" });
    }
    // RFC 3207 §5: what was sent in clear behind the 220 was put there by somebody else.
    if (channel.pending) return this.#injected();
    const { route, names } = this.#options;
    const accepted = namesFor(route, names);
    const started = await this.#handshake(accepted);
    if (started.kind === "failed") return this.#tlsDeferred(started.failure);
    const trust = judgeTrust(route.level, {
      facts: started.facts,
      names: accepted,
      validation: route.validation,
    });
    channel.upgrade(started.conn);
    if (trust.kind === "defer") {
      return this.#tlsDeferred({ code: trust.code, error: trust.text, reason: trust.reason });
    }
    const { protocol, cipher, resumed } = started.facts;
    const verified = trust.kind === "go_on" && trust.verified;
    const facts = { protocol, cipher, resumed, verified };
    const success = { event: "dcid_tls", dcid: channel.dcid, ...facts, ...this.#towards } as const;
    this.#world.log.info("reason" in trust ? { ...success, reason: trust.reason } : success);
    if (trust.kind === "deliver_unverified") {
      const { reason, text } = trust;
      this.#world.log.info({ event: "dcid_tls_unverified", dcid: channel.dcid, reason, text, ...this.#towards });
    }
    const met = await this.#ehlo();
    if (met.kind === "ready" && route.demand === "requiretls" && !channel.capabilities.requireTls) {
      return this.#noRequireTls();
    }
    return met.kind === "helo" ? { kind: "ready" } : met;
  }

  async #handshake(accepted: readonly string[]): Promise<TlsStart> {
    const { route, hostname } = this.#options;
    const { name, address, port } = this.#channel.host;
    try {
      const { context: usual, byCertificate, trustGeneration } = this.#world.tls();
      const context = route.certificate === null ? usual : byCertificate?.get(route.certificate) ?? usual;
      const bound = [address, port, route.destination, route.level.name, accepted, trustGeneration, route.certificate];
      const cacheKey = JSON.stringify([...bound, hostname]);
      // SNI carries names only, RFC 6066 §3: the MX or route's name, by which the server knows its certificates.
      const session = context.session(name === address ? { cacheKey } : { serverName: name, cacheKey });
      return await this.#world.startTls(this.#channel.conn, session);
    } catch (error) {
      // No session could be made: that is our side's trouble, and no reason for clear text.
      return { kind: "failed", failure: { code: 0, error: causeOf(error), reason: "other" } };
    }
  }

  /** RFC 8689 §4.2.1: TLS is there, and the host would not pass the demand on. */
  #noRequireTls(): Opened {
    const error = "REQUIRETLS not offered";
    this.#tellRequired({ code: 0, error, reason: "no_requiretls" });
    const failure: Failure = { reason: "no_requiretls", enhanced: "5.7.30", text: "REQUIRETLS support required" };
    const end: AttemptEnd = { ...deferredFor(failure, this.#channel.host), unmet: true };
    return { kind: "failed", end, details: error, text: "REQUIRETLS required", reason: "no_requiretls" };
  }

  /**
   * The end where TLS is not as the mail has to have it: a configured level waits for better days; RFC 8689 §4.2.1 wants the sender told
   * when no host is left.
   */
  #unmet(failure: Failure): AttemptEnd {
    const { demand } = this.#options.route;
    if (demand !== "requiretls") return deferredFor(failure, this.#channel.host);
    // RFC 8689 §4.2.1: no session with TLS is 5.7.10.
    return { ...deferredFor({ ...failure, enhanced: "5.7.10" }, this.#channel.host), unmet: true };
  }

  get #towards(): Towards {
    const { route: { destination: domain, level: { name: tlsLevel } } } = this.#options;
    return { domain, host: this.#channel.host.name, tlsLevel };
  }

  /** Says that a demand was not met, where there is one. */
  #tellRequired(what: { code: number; error: string; reason: string }): void {
    const { route: { level }, waiting } = this.#options;
    if (level.withoutStarttls === "clear") return;
    const { dcid, host: { address, port } } = this.#channel;
    const failed = { dcid, address, port, ...what, messages: waiting(), ...this.#towards };
    this.#world.log.warning({ event: "required_tls_failed", ...failed });
  }

  /** What the level makes of a host without STARTTLS: an end, or nothing where clear text may do. */
  #withoutTls(text: string, reason: string, reply?: Reply): Opened | undefined {
    this.#world.log.info({ event: "dcid_tls_failed", dcid: this.#channel.dcid, text, reason, ...this.#towards });
    const { level } = this.#options.route;
    if (level.withoutStarttls === "clear") return undefined;
    const answer = reply === undefined ? text : `${text}: ${replyDetails(reply)}`;
    this.#tellRequired({ code: 0, error: answer, reason });
    const failure: Failure = {
      reason,
      enhanced: "4.7.4",
      text: `TLS is required (${level.name}) and cannot be had: ${text}`,
    };
    return {
      kind: "failed",
      // The peer's words belong to STARTTLS, not to the recipient: they stand in the log.
      end: this.#unmet(failure),
      details: reply === undefined ? text : replyDetails(reply),
      text: reply === undefined ? "TLS required" : "unexpected SMTP response",
      reason,
    };
  }

  #tlsDeferred({ code, error, reason }: { code: number; error: string; reason: string }): Opened {
    const { dcid } = this.#channel;
    this.#world.log.info({ event: "dcid_tls_deferring", dcid, code, error, reason, ...this.#towards });
    this.#tellRequired({ code, error, reason });
    const failure: Failure = { reason, enhanced: "4.7.5", text: `TLS failed: ${error}` };
    return {
      kind: "failed",
      end: this.#unmet(failure),
      details: error,
      text: "TLS failed",
      reason,
    };
  }

  #injected(): Opened {
    const text = "octets in clear text behind the reply to STARTTLS";
    const reason = "injected";
    this.#world.log.info({ event: "dcid_tls_failed", dcid: this.#channel.dcid, text, reason, ...this.#towards });
    this.#tellRequired({ code: 0, error: text, reason });
    const failure: Failure = { reason: "injected", enhanced: "4.7.5", text: `TLS failed: ${text}` };
    return {
      kind: "failed",
      end: this.#unmet(failure),
      details: text,
      text: "TLS failed",
      reason: "injected",
    };
  }

  #loop(): Opened {
    const text = `Mail for ${this.#options.names.domain} loops back to myself`;
    const failure: Failure = { reason: "loop", enhanced: "5.4.6", text };
    return {
      kind: "failed",
      end: { kind: "refused", host: this.#channel.host, failure },
      details: text,
      text: "mail loop",
      reason: "loop",
    };
  }

  /** A 5xx here says nothing about a recipient, so the mail waits. */
  #unexpected(reply: Reply): Opened {
    return {
      kind: "failed",
      end: { kind: "deferred", host: this.#channel.host, reply },
      details: replyDetails(reply),
      text: "unexpected SMTP response",
      reason: "unexpected_reply",
    };
  }

  #lost({ failure }: Extract<Received, { kind: "lost" }>): Opened {
    return {
      kind: "failed",
      end: deferredFor(failure, this.#channel.host),
      details: failure.text,
      text: "network error",
      reason: failure.reason,
    };
  }
}

/** `454-'TLS not available'`, as the classic log has it. */
function replyDetails({ code, enhanced, lines }: Reply): string {
  return `${code}-'${enhanced === undefined ? "" : enhanced + " "}${lines.join(" ")}'`;
}
