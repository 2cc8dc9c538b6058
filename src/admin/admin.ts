/**
 * The front under one configuration after the other: certificate, doors, routes.
 *
 * It is made ready when mail is served already, and nothing that goes wrong here keeps a gateway from starting: a certificate that cannot be
 * had, or a token, is told and tried again.
 *
 * @module
 */
import { type Timer } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import { causeOf, printable } from "../base/text.ts";
import { loadKeyPairs } from "../certs/inventory.ts";
import type { Config } from "../config/config.ts";
import type { MetricsPage } from "../monitor/metrics.ts";
import type { Vitals } from "../monitor/vitals.ts";
import type { Conn } from "../net/net.ts";
import type { Engine, KeyPair, ServerContext } from "../tls/engine.ts";
import { startTls } from "../tls/pump.ts";
import { type App, makeApp } from "./app.ts";
import { Front, type FrontWorld } from "./front.ts";
import { healthOf } from "./health.ts";
import { ensureToken, readToken, type TokenPlace } from "./token.ts";

/** What the front is made of. */
export interface AdminOptions extends FrontWorld {
  engine: Engine;
  random: Random;
  vitals(): Vitals;
  /** Loads what renders the metrics. */
  metrics(): Promise<MetricsPage>;
}

/** See the module. */
export class Admin {
  readonly #options: AdminOptions;
  readonly #front: Front;
  #applying: Promise<void> = Promise.resolve();
  #context: ServerContext | undefined;
  #pairs: ReadonlyMap<string, KeyPair[]> = new Map();
  #token: TokenPlace;
  #retry: Timer | undefined;
  #closed = false;
  readonly #app: App;
  readonly #openApp: App;

  constructor(options: AdminOptions) {
    this.#options = options;
    this.#front = new Front(options);
    this.#token = { path: `${options.run}/metrics-token`, ours: true };
    const { vitals, metrics, log } = options;
    const source = {
      health: () => healthOf(vitals()),
      metrics,
      fault: (text: string, thrown: unknown) =>
        log.warning({ event: "note", reason: "front", text: `${text}: ${printable(causeOf(thrown))}` }),
    };
    this.#app = makeApp({ ...source, token: () => readToken(this.#token) });
    this.#openApp = makeApp({ ...source, token: null });
  }

  /** The pairs that the front shows, by profile. */
  get pairs(): ReadonlyMap<string, KeyPair[]> {
    return this.#pairs;
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
    const { metrics, admin } = config;
    await this.#front.apply({ name: "metrics", address: metrics.address, app: this.#openApp });
    if (admin.address !== null && !await this.#prepare(config)) {
      this.#retry = this.#options.clock.after(limits.httpListenRetryMs, () => void this.apply(config));
      // What is served already goes on with the certificate that it has.
      return;
    }
    const context = this.#context;
    await this.#front.apply({
      name: "the admin page",
      address: admin.address,
      app: this.#app,
      startTls: (conn: Conn) => startTls(conn, context!.session()),
    });
    if (admin.address !== null) return;
    context?.[Symbol.dispose]();
    this.#context = undefined;
    this.#pairs = new Map();
  }

  /** Token and TLS context. False: they cannot be had now; that was told. */
  async #prepare(config: Config): Promise<boolean> {
    const { engine, log, clock, random, run } = this.#options;
    const { metrics: { token_file }, admin, tls: { gui_https: profile }, generation } = config;
    try {
      this.#token = token_file === null
        ? { path: `${run}/metrics-token`, ours: true }
        : { path: token_file, ours: false };
      await ensureToken(this.#token, random);
      const note = (level: "warning" | "info", text: string) => log[level]({ event: "note", text });
      const world = { engine, clock, random, note };
      const pairs = await Promise.all(
        admin.certificate.map(async (name) => [name, await loadKeyPairs(config, name, world)] as const),
      );
      const context = engine.serverContext({
        profile,
        keyPairs: pairs.flatMap(([, list]) => list),
        askClientCertificate: false,
        alpn: ["http/1.1"],
        sessionIdContext: `admin/${generation}`,
      });
      // The old one goes with its last session.
      this.#context?.[Symbol.dispose]();
      this.#context = context;
      this.#pairs = new Map(pairs);
      return true;
    } catch (error) {
      const text = `Cannot serve the admin page: ${printable(causeOf(error))}`;
      log.critical({ event: "note", reason: "front", text });
      return false;
    }
  }
}
