/**
 * The front under one configuration after the other: certificate, doors, routes.
 *
 * It is made ready when mail is served already, and nothing that goes wrong here keeps a gateway from starting: a certificate that cannot be
 * had, or a token, is told and tried again.
 *
 * @module
 */
import type { Timer } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import { causeOf, printable } from "../base/text.ts";
import { readBounded } from "../certs/files.ts";
import type { Config } from "../config/config.ts";
import type { MetricsPage } from "../monitor/metrics.ts";
import type { Vitals } from "../monitor/vitals.ts";
import { endpointText } from "../net/net.ts";
import type { Conn } from "../net/net.ts";
import type { Engine, KeyPair, ServerContext, Session, TrustAnchors } from "../tls/engine.ts";
import { startTls, type TlsStart } from "../tls/pump.ts";
import { type App, figuresApp, webApp } from "./app.ts";
import { Front, type FrontWorld } from "./front.ts";
import { ensureToken, readToken, type TokenPlace } from "./token.ts";
import type { AdminWorld } from "./world.ts";

/** What the front is made of. */
export interface AdminOptions extends FrontWorld {
  engine: Engine;
  random: Random;
  vitals(): Vitals;
  /** The pairs of a certificate profile. */
  loadPairs(config: Config, name: string): Promise<KeyPair[]>;
  /** The revocation lists in force: what is taken back is asked of clients' certificates too. */
  crls(): TrustAnchors["crls"];
  /** Loads what renders the metrics. */
  metrics(): Promise<MetricsPage>;
  /** What API and pages work with besides. */
  world: Omit<AdminWorld, "metricsToken" | "fault">;
  /** Runs a handshake with a session of ours, unless the client is somebody else's; absent: every client is ours. */
  handshakeWith?: (conn: Conn, session: () => Session) => Promise<TlsStart>;
}

/** The name of the door in the log. */
const doorName = "the admin page";

/** See the module. */
export class Admin {
  readonly #options: AdminOptions;
  readonly #front: Front;
  #applying: Promise<void> = Promise.resolve();
  #context: ServerContext | undefined;
  #pairs: ReadonlyMap<string, KeyPair[]> = new Map();
  #token: TokenPlace;
  #retry: Timer | undefined;
  /** The last trouble, which is told once. */
  #told: string | undefined;
  #closed = false;
  readonly #app: App;
  readonly #openApp: App;

  constructor(options: AdminOptions) {
    const { run, vitals, metrics, world } = options;
    this.#options = options;
    this.#front = new Front(options);
    this.#token = { path: `${run}/metrics-token`, ours: true };
    const fault = (text: string, thrown: unknown) => this.#front.fault(text, thrown);
    this.#app = webApp({ ...world, fault, metricsToken: () => this.#readToken() });
    this.#openApp = figuresApp({ vitals, metrics, fault });
  }

  /** The pairs that the front shows, by profile. */
  get pairs(): ReadonlyMap<string, KeyPair[]> {
    return this.#pairs;
  }

  /** Where the page is to be found: `https://127.0.0.1:8443`. */
  base({ admin: { address }, hostname }: Config): string {
    const at = this.#front.at(doorName) ?? address;
    if (at === null) return `https://${hostname}`;
    // Of all addresses of the machine the one that others know is its name.
    const everywhere = at.address === "0.0.0.0" || at.address === "::";
    return `https://${everywhere ? `${hostname}:${at.port}` : endpointText(at)}`;
  }

  /** Puts a configuration in force, after the one before. Never rejects. */
  apply(config: Config): Promise<void> {
    return this.#applying = this.#applying.then(() => this.#apply(config));
  }

  /** Takes no more connections and ends those that run. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#retry?.cancel();
    await this.#applying;
    await this.#front.close();
    this.#context?.[Symbol.dispose]();
  }

  async #apply(config: Config): Promise<void> {
    if (this.#closed) return;
    this.#retry?.cancel();
    const { metrics: { address, token_file }, admin } = config;
    await this.#front.apply({ name: "metrics", address, app: this.#openApp });
    this.#token = token_file === null
      ? { path: `${this.#options.run}/metrics-token`, ours: true }
      : { path: token_file, ours: false };
    const made = admin.address === null ? undefined : await this.#prepare(config);
    // What is served already goes on with the certificate that it has.
    if (admin.address !== null && made === undefined) return;
    const { handshakeWith = (conn, session) => startTls(conn, session()) } = this.#options;
    const old = this.#context;
    this.#context = made?.context;
    this.#pairs = made?.pairs ?? new Map();
    await this.#front.apply({
      name: doorName,
      address: admin.address,
      app: this.#app,
      startTls: (conn: Conn) => handshakeWith(conn, () => made!.context.session()),
    });
    // Nobody begins with it any more; it goes with its last session.
    old?.[Symbol.dispose]();
  }

  /** Token and TLS context. Nothing: they cannot be had now, which was told and is tried again. */
  async #prepare(config: Config): Promise<{ context: ServerContext; pairs: Map<string, KeyPair[]> } | undefined> {
    const { engine, log, clock, random, loadPairs, crls } = this.#options;
    const { admin, tls: { gui_https: profile }, generation } = config;
    // An owner looks for it before the first scrape. A disk that is full keeps nobody from asking for our health.
    await ensureToken(this.#token, random).catch((error) =>
      this.#front.fault("Cannot make the token for /metrics", error)
    );
    try {
      const pairs = new Map<string, KeyPair[]>();
      for (const name of admin.certificate) pairs.set(name, await loadPairs(config, name));
      const trust = await clientTrust(config, crls());
      const context = engine.serverContext({
        profile,
        keyPairs: [...pairs.values()].flat(),
        askClientCertificate: trust !== undefined,
        ...(trust === undefined ? {} : { trust }),
        alpn: ["http/1.1"],
        sessionIdContext: `admin/${generation}`,
      });
      this.#told = undefined;
      return { context, pairs };
    } catch (error) {
      const text = `Cannot serve ${doorName}: ${printable(causeOf(error))}`;
      if (this.#told !== text) log.critical({ event: "note", reason: "front", text });
      this.#told = text;
      this.#retry = clock.after(limits.httpListenRetryMs, () => void this.apply(config));
      return undefined;
    }
  }

  async #readToken(): Promise<string> {
    await ensureToken(this.#token, this.#options.random);
    return await readToken(this.#token);
  }
}

/** The authorities of client certificates: those of `admin.client_ca` and no others. */
async function clientTrust(
  { admin: { client_ca }, generation }: Config,
  crls: TrustAnchors["crls"],
): Promise<TrustAnchors | undefined> {
  if (client_ca === null) return undefined;
  return { bundles: [new TextDecoder().decode(await readBounded(client_ca))], crls, generation };
}
