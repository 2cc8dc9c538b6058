/**
 * The answer to tls-alpn-01: a certificate of its own for whoever offers the protocol `acme-tls/1`, RFC 8737.
 *
 * It is shown on an address of its own, or on the HTTPS front: there a client that offers the protocol gets the challenge's
 * certificate, and everybody else what he came for. Nothing is said over such a session (RFC 8737 §3), so it ends with its handshake.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import { octets } from "../base/octets.ts";
import type { Random } from "../base/random.ts";
import { challengeCertificate } from "../certs/acme_keys.ts";
import type { Conn, Endpoint, Listen, Listener } from "../net/net.ts";
import type { Engine, KeyPair, ServerContext, Session } from "../tls/engine.ts";
import { peekHello } from "../tls/peek.ts";
import { startTls, type TlsStart } from "../tls/pump.ts";
import type { ChallengeAnswer, ChallengeDoor } from "./door.ts";

const protocol = "acme-tls/1";

/** What certificates are made with. */
export interface TlsDoorWorld {
  engine: Pick<Engine, "serverContext">;
  clock: Clock;
  random: Random;
  listen: Listen;
}

/** The challenges' certificates that are shown now: those of one order. */
export class TlsChallenges {
  readonly #world: TlsDoorWorld;
  #pairs: KeyPair[] = [];
  #context: ServerContext | undefined;

  constructor(world: TlsDoorWorld) {
    this.#world = world;
  }

  /** Shows one more. */
  async add({ name, authorization }: ChallengeAnswer): Promise<void> {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", octets(authorization)));
    this.#pairs = [...this.#pairs, await challengeCertificate({ name, digest }, this.#world)];
    const old = this.#context;
    this.#context = this.#world.engine.serverContext({
      profile: { methods: ["TLSv1.2", "TLSv1.3"], ciphers: "HIGH:!aNULL", renegotiation: false },
      keyPairs: this.#pairs,
      askClientCertificate: false,
      alpn: [protocol],
      sessionIdContext: "acme",
    });
    old?.[Symbol.dispose]();
  }

  /** Shows none. */
  clear(): void {
    this.#pairs = [];
    this.#context?.[Symbol.dispose]();
    this.#context = undefined;
  }

  /** A session that shows them; `undefined` while there are none. */
  session(): Session | undefined {
    return this.#context?.session();
  }

  /**
   * Runs a handshake of the HTTPS front: with `session`, unless the client comes for a challenge. Then it is over afterwards, which the front
   * takes for a handshake that failed.
   */
  async startTls(conn: Conn, session: () => Session): Promise<TlsStart> {
    // Made before anything is waited for: its context may be given up meanwhile.
    const usual = session();
    if (this.#context === undefined) return await startTls(conn, usual);
    const peeked = await peekHello(conn).catch(() => undefined);
    const ours = peeked?.protocols.includes(protocol) ? this.session() : undefined;
    if (ours === undefined) return await startTls(peeked?.conn ?? conn, usual);
    usual[Symbol.dispose]();
    const start = await startTls(peeked!.conn, ours);
    if (start.kind === "failed") return start;
    start.conn.close();
    return {
      kind: "failed",
      failure: { code: 0, error: "it came for an ACME challenge, and has it", reason: "closed" },
    };
  }
}

/** Answers on the front, or on an address of its own. Throws where that cannot be had. */
export function openTlsDoor(
  challenges: TlsChallenges,
  { listen, at }: { listen: Listen; at: Endpoint | null },
): ChallengeDoor {
  return new TlsDoor(challenges, at === null ? undefined : listen(at));
}

class TlsDoor implements ChallengeDoor {
  readonly #challenges: TlsChallenges;
  readonly #listener: Listener | undefined;
  readonly #conns = new Set<Conn>();
  readonly #serving = new Set<Promise<void>>();
  readonly #accepting: Promise<void>;

  constructor(challenges: TlsChallenges, listener: Listener | undefined) {
    this.#challenges = challenges;
    this.#listener = listener;
    this.#accepting = listener === undefined ? Promise.resolve() : this.#accept(listener);
  }

  add(answer: ChallengeAnswer): Promise<void> {
    return this.#challenges.add(answer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#challenges.clear();
    await this.#listener?.close();
    for (const conn of this.#conns) conn.close();
    await Promise.all([this.#accepting, ...this.#serving]);
  }

  async #accept(listener: Listener): Promise<void> {
    for (let conn = await listener.accept(); conn !== null; conn = await listener.accept()) {
      const session = this.#conns.size < limits.acmeAnswersMax ? this.#challenges.session() : undefined;
      if (session === undefined) {
        conn.close();
        continue;
      }
      this.#conns.add(conn);
      const accepted = conn;
      const serving = this.#show(accepted, session).finally(() => {
        accepted.close();
        this.#conns.delete(accepted);
        this.#serving.delete(serving);
      });
      this.#serving.add(serving);
    }
  }

  async #show(conn: Conn, session: Session): Promise<void> {
    const start = await startTls(conn, session, { handshakeMs: limits.acmeAnswerMs });
    if (start.kind === "done") start.conn.close();
  }
}
