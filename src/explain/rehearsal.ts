/**
 * A session without a network: the gateway's own session code serves a client whose words are known beforehand.
 *
 * What the client hears is what it would hear from the running gateway, since nothing but the socket, the queue and the handshake is made
 * up. Counts of the running gateway (connections, limits by the hour, shortage) are not known here and begin at zero. No message is sent:
 * the client leaves behind its last recipient.
 *
 * @module
 */
import { Turnstile } from "../accept/gate.ts";
import { LocalIntake } from "../accept/intake.ts";
import { InboundSession } from "../accept/session.ts";
import { makeBuffers } from "../accept/buffers.ts";
import type { AcceptWorld, ListLookup, ReverseName, Service } from "../accept/service.ts";
import type { Clock } from "../base/clock.ts";
import { LineLog } from "../base/log.ts";
import { type Octets, octets, textOf } from "../base/octets.ts";
import { Pressure } from "../base/pressure.ts";
import { eventText, type MailEvent } from "../mail/events.ts";
import type { RecipientAnswer, RecipientCheck } from "../mail/recipient_check.ts";
import type { Conn } from "../net/net.ts";
import { clientKey } from "../policy/client_key.ts";
import { countsInMemory } from "../rates/rates.ts";
import type { SenderFacts } from "../policy/sender_table.ts";
import { isBeyondAscii } from "../smtp/address.ts";
import type { PeerFacts } from "../tls/engine.ts";
import type { Method } from "../tls/method.ts";

/** The client that is played. */
export interface PlayedClient {
  address: string;
  name: ReverseName;
  helo: string;
  /** The version it would negotiate; absent: it speaks no TLS. */
  tls?: Method;
  /** The certificate that it shows where it is asked for one: a name on it, and whether it verifies. */
  certificate?: { name: string; verified: boolean };
  /** The user that it authenticates itself as; a password is taken for right. */
  auth?: string;
  /** Envelope sender, `""` for `<>`; absent: it leaves behind EHLO. */
  from?: string;
  to: readonly string[];
  /** It says REQUIRETLS with MAIL. */
  requireTls?: boolean;
}

/** A word of the client and what the gateway answered. */
export interface Exchange {
  step: "greeting" | "ehlo" | "starttls" | "auth" | "mail" | "rcpt" | "quit";
  /** Without its line end; empty for the greeting, and for AUTH without what proves it. */
  command: string;
  /** Without line ends; empty: the connection was closed instead. */
  reply: string[];
}

/** How it went. */
export interface Rehearsal {
  dialogue: Exchange[];
  /** The lines of the mail log, without time and level. */
  log: string[];
  events: MailEvent[];
  /** The version in use at the end. */
  tls: Method | undefined;
  /** What was known of the client when it connected, and when TLS had proven more. */
  facts: { connected: SenderFacts; proven: SenderFacts };
  /** What was said of recipients that somebody was asked about, by address. */
  validated: ReadonlyMap<string, RecipientAnswer>;
}

/** What a rehearsal needs besides the client. `lists`: whom DNS lists list. */
export interface Stage {
  client: PlayedClient;
  clock: Clock;
  lists: ListLookup;
  /** Who knows recipients. */
  recipients: RecipientCheck;
}

/** The code of an answer; 0: none came. */
export function codeOf({ reply }: Exchange): number {
  return Number(reply.at(-1)?.slice(0, 3) ?? 0);
}

/** Plays `client` against a listener's service. */
export async function rehearse(
  service: Service,
  { client, clock, lists, recipients }: Stage,
): Promise<Rehearsal> {
  const events: MailEvent[] = [];
  const log = new LineLog<MailEvent>({ level: "trace", format: "text", render: eventText, now: clock.now, sinks: [] });
  log.observe((event) => events.push(event));
  const { listener, config } = service;
  using pressure = new Pressure({
    clock,
    log,
    limits: () => config.limits,
    sessions: () => 0,
    messages: () => 0,
    space: () => ({ octets: Infinity, inodes: Infinity }),
    memory: () => 0,
  });
  const listed = new Map<string, readonly string[]>();
  const validated = new Map<string, RecipientAnswer>();
  let last = 0;
  const unused = () => {
    throw new Error("Cannot store a message: this is a rehearsal");
  };
  const world: AcceptWorld = {
    clock,
    log,
    intake: new LocalIntake({ spool: { ids: { next: () => ++last }, draft: unused, put: unused }, pressure, log }),
    gate: new Turnstile({ pressure }),
    reverse: () => client.name,
    async lists(address, zones) {
      const answers = await lists(address, zones);
      for (const [zone, answer] of answers) listed.set(zone, answer);
      return answers;
    },
    rates: countsInMemory(clock.monotonic),
    // Nobody knows the password here; what is asked is what a user may do.
    passwords: { check: () => Promise.resolve("right") },
    recipients: {
      async check(question) {
        const answer = await recipients.check(question);
        validated.set(question.address, answer);
        return answer;
      },
    },
  };
  const dialogue: Exchange[] = [];
  let secured: Method | undefined;
  let shown: PlayedClient["certificate"];
  const conn = new PlayedConn(speak(client, { dialogue, smtps: listener.transport === "smtps" }), {
    local: listener.address,
    remote: { address: client.address, port: 25_000 },
  });
  const rehearsed: Service = {
    ...service,
    hold: undefined,
    startTls: (over, { askCertificate }) => {
      const { tls } = client;
      const failed = tls === undefined
        ? { code: 0, error: "the client speaks no TLS", reason: "not_tls" as const }
        : config.tls.inbound_smtp.methods.includes(tls)
        ? undefined
        : { code: 0, error: `${tls} is not among tls.inbound_smtp.methods`, reason: "version_mismatch" as const };
      if (failed !== undefined) return Promise.resolve({ kind: "failed", failure: failed });
      secured = tls;
      shown = askCertificate ? client.certificate : undefined;
      return Promise.resolve({ kind: "done", conn: over, facts: playedFacts(tls!, shown) });
    },
  };
  const session = new InboundSession(conn, {
    world,
    service: rehearsed,
    buffers: makeBuffers(),
    turnedAway: undefined,
    icid: ++last,
    client: clientKey(client.address),
    siblings: 1,
  });
  await session.run();
  // What it said last is an answer too; a word that nobody waited for was never said.
  if (conn.end() === "unsaid") dialogue.pop();
  const connected: SenderFacts = { address: client.address, ...client.name, lists: listed };
  const proven = shown?.verified ? { ...connected, names: [shown.name.toLowerCase()] } : connected;
  return { dialogue, events, log: events.map(eventText), tls: secured, facts: { connected, proven }, validated };
}

/** The client's part, word for word: each `yield` hears the replies to the word before. */
function* speak(
  client: PlayedClient,
  { dialogue, smtps }: { dialogue: Exchange[]; smtps: boolean },
): Generator<string, void, string> {
  function* say(
    step: Exchange["step"],
    words: string | { command: string; proof: string },
  ): Generator<string, Exchange, string> {
    const { command, proof } = typeof words === "string" ? { command: words, proof: "" } : words;
    const exchange: Exchange = { step, command, reply: [] };
    dialogue.push(exchange);
    const heard = yield command === "" ? "" : `${command}${proof}\r\n`;
    exchange.reply = heard.split("\r\n").filter((line) => line !== "");
    return exchange;
  }
  function* authenticate(user: string, offers: readonly string[]): Generator<string, Exchange, string> {
    const offered = offers.find((line) => /^250[- ]AUTH /.test(line))?.split(" ") ?? [];
    // A certificate proves more than a password that is taken for right.
    const external = offered.includes("EXTERNAL");
    const [mechanism, proof] = external ? ["EXTERNAL", user] : ["PLAIN", `\0${user}\0password`];
    return yield* say("auth", { command: `AUTH ${mechanism}`, proof: ` ${octets(proof).toBase64()}` });
  }
  function* converse(): Generator<string, void, string> {
    let met = yield* say("ehlo", `EHLO ${client.helo}`);
    const offered = met.reply.some((line) => /^250[- ]STARTTLS$/.test(line));
    if (client.tls !== undefined && !smtps && offered) {
      const ready = yield* say("starttls", "STARTTLS");
      if (codeOf(ready) === 220) met = yield* say("ehlo", `EHLO ${client.helo}`);
    }
    if (codeOf(met) !== 250) return;
    if (client.auth !== undefined && codeOf(yield* authenticate(client.auth, met.reply)) !== 235) return;
    if (client.from === undefined) return;
    const international = [client.from, ...client.to].some(isBeyondAscii) ? " SMTPUTF8" : "";
    const required = client.requireTls ? " REQUIRETLS" : "";
    const mail = yield* say("mail", `MAIL FROM:<${client.from}>${international}${required}`);
    if (codeOf(mail) !== 250) return;
    for (const to of client.to) yield* say("rcpt", `RCPT TO:<${to}>`);
  }
  const greeting = yield* say("greeting", "");
  if (codeOf(greeting) === 220) yield* converse();
  yield* say("quit", "QUIT");
}

/** A connection whose other end is a script. */
class PlayedConn implements Conn {
  readonly local: Conn["local"];
  readonly remote: Conn["remote"];
  readonly #script: Generator<string, void, string>;
  #heard = "";
  #unread: Octets = new Uint8Array(0);
  #begun = false;
  #over = false;

  constructor(script: Generator<string, void, string>, ends: Pick<Conn, "local" | "remote">) {
    this.#script = script;
    this.local = ends.local;
    this.remote = ends.remote;
  }

  read(into: Octets): Promise<number | null> {
    if (this.#unread.length === 0) {
      const word = this.#next();
      if (word === undefined) return Promise.resolve(null);
      this.#unread = octets(word);
    }
    const count = Math.min(into.length, this.#unread.length);
    into.set(this.#unread.subarray(0, count));
    this.#unread = this.#unread.subarray(count);
    return Promise.resolve(count);
  }

  write(bytes: Octets): Promise<void> {
    this.#heard += textOf(bytes);
    return Promise.resolve();
  }

  deadline(): void {}

  close(): void {}

  [Symbol.dispose](): void {}

  /** The gateway is done. Whether the script has another word. */
  end(): "unsaid" | "done" {
    return this.#over || this.#next() === undefined ? "done" : "unsaid";
  }

  #next(): string | undefined {
    if (this.#over) return undefined;
    if (!this.#begun) {
      this.#begun = true;
      this.#script.next();
    }
    const heard = this.#heard;
    this.#heard = "";
    const { done, value } = this.#script.next(heard);
    this.#over = done === true;
    return this.#over ? undefined : value as string;
  }
}

function playedFacts(protocol: Method, certificate: PlayedClient["certificate"]): PeerFacts {
  const form = { version: 3, signatureBits: 128, keyBits: 128, brokenExtensions: false };
  const bare = { serial: "", fingerprint: "", key: "", signature: "", notBefore: 0, notAfter: Infinity, form };
  const unproven = certificate === undefined
    ? { reason: "no_certificate", code: 0, text: "no certificate was shown" } as const
    : certificate.verified
    ? undefined
    : { reason: "untrusted", code: 0, text: "it does not verify" } as const;
  const names = certificate === undefined ? [] : [certificate.name];
  return {
    protocol,
    cipher: "of the client's choice",
    bits: 0,
    resumed: false,
    certificate: certificate !== undefined,
    chain: unproven === undefined ? { trusted: true } : { trusted: false, ...unproven },
    certificates: () =>
      names.map((name) => ({ ...bare, subject: `CN=${name}`, issuer: "", names, commonNames: names })),
    builtChain: () => ({ certificates: [] }),
    matches: (wanted) => names.some((name) => name.toLowerCase() === wanted.toLowerCase()),
  };
}
