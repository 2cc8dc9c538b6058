/**
 * Keeps the certificates of all ACME profiles: orders what is missing, renews at two thirds of life, tries again with growing pauses.
 *
 * One order runs at a time, since two would fight for the address that answers challenges. A certificate that was issued is in its
 * place on the disk before it is told; then the configuration is read again, which puts it in service as any other file that changed: sessions go on
 * with what they began with. Each failure is one line with the authority's own words, and an alert.
 *
 * @module
 */
import type { Timer } from "../base/clock.ts";
import { printable } from "../base/text.ts";
import { readIssued } from "../certs/issued.ts";
import type { AcmeConfig, Config } from "../config/config.ts";
import type { MailLog } from "../mail/events.ts";
import type { CertificateFacts } from "../tls/engine.ts";
import { attempt, type AttemptWorld } from "./attempt.ts";
import { AcmeError, asAcmeError } from "./problem.ts";
import { dueOf, isCritical, pauseAfter } from "./schedule.ts";
import { type AcmeStatus, statusOf } from "./status.ts";
import { type AcmeState, AcmeStore } from "./store.ts";
import { TlsChallenges } from "./tls_door.ts";

/** What the keeper needs. */
export interface KeeperWorld extends Omit<AttemptWorld, "store" | "challenges"> {
  log: MailLog;
  /** A certificate lies in its place and wants to be put in service. */
  issued(name: string): Promise<unknown>;
}

interface Entry {
  name: string;
  acme: AcmeConfig;
  timer?: Timer;
  leaf?: CertificateFacts;
  state: AcmeState;
  /** The order that waits or runs, whoever asked for it. */
  running?: Promise<AcmeStatus>;
  given: AbortController;
}

/** A timer is set for no longer: a clock that jumps, or a machine that slept, is noticed. */
const lookMsMax = 3_600_000;

/** See the module. */
export class AcmeKeeper {
  readonly #world: KeeperWorld;
  /** Made with the first profile: a gateway without ACME has no folder for it. */
  #store: AcmeStore | undefined;
  /** What the HTTPS front has to answer besides. */
  readonly challenges: TlsChallenges;
  #entries = new Map<string, Entry>();
  #config: Config | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #applying: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(world: KeeperWorld) {
    this.#world = world;
    this.challenges = new TlsChallenges(world);
  }

  /** Takes the profiles of a configuration over. Never rejects. */
  apply(config: Config): Promise<void> {
    return this.#applying = this.#applying.then(() => this.#apply(config)).catch((thrown: unknown) => {
      const text = `Cannot keep the certificates of ACME: ${asAcmeError(thrown).message}`;
      this.#world.log.critical({ event: "note", reason: "acme_failed", text });
    });
  }

  /** How it goes with a profile; `undefined`: it is none of ACME. */
  status(name: string): AcmeStatus | undefined {
    const entry = this.#entries.get(name);
    return entry && this.#statusOf(entry);
  }

  /** Orders now, whatever is due; an order that runs already is waited for. Rejects with {@linkcode AcmeError}. */
  order(name: string): Promise<AcmeStatus> {
    const entry = this.#entries.get(name);
    if (entry === undefined) return Promise.reject(new AcmeError(`Cannot order ${name}: it is no profile with acme`));
    return this.#order(entry, "the operator asked for it");
  }

  /** Gives up what runs. Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#applying;
    for (const entry of this.#entries.values()) drop(entry);
    await this.#turn;
  }

  async #apply(config: Config): Promise<void> {
    if (this.#stopped) return;
    this.#config = config;
    const before = this.#entries;
    this.#entries = new Map();
    for (const { name, ...profile } of config.certificates.values()) {
      const acme = profile.self_signed ? profile.acme : undefined;
      if (acme === undefined) continue;
      const old = before.get(name);
      before.delete(name);
      const same = old !== undefined && JSON.stringify(old.acme) === JSON.stringify(acme);
      if (old !== undefined && !same) drop(old);
      const entry = same ? old : { name, acme, state: { failures: 0 }, given: new AbortController() };
      this.#entries.set(name, entry);
      if (same) continue;
      await this.#read(entry);
      // Another directory, key or address: what failed before says nothing about it.
      if (old !== undefined) entry.state = await this.#storeOf().change(name, { retryAt: undefined, failures: 0 });
      this.#schedule(entry);
    }
    for (const gone of before.values()) drop(gone);
  }

  #storeOf(): AcmeStore {
    return this.#store ??= new AcmeStore(this.#world.certificates);
  }

  async #read(entry: Entry): Promise<void> {
    const { engine, certificates: directory } = this.#world;
    entry.state = await this.#storeOf().state(entry.name);
    try {
      const pair = await readIssued({ directory, name: entry.name });
      entry.leaf = pair === undefined ? undefined : engine.inspect(pair)[0];
    } catch {
      // Told by whoever serves it; a new one is ordered.
      entry.leaf = undefined;
    }
  }

  #schedule(entry: Entry): void {
    entry.timer?.cancel();
    if (this.#stopped || this.#entries.get(entry.name) !== entry) return;
    const { clock } = this.#world;
    const { at, why } = this.#due(entry);
    const wait = at - clock.now();
    entry.timer = clock.after(Math.min(Math.max(wait, 0), lookMsMax), () => {
      if (wait > lookMsMax) this.#schedule(entry);
      else void this.#order(entry, why).catch(() => {});
    });
  }

  #due({ acme, state, leaf }: Entry): { at: number; why: string } {
    return dueOf({ acme, state, leaf, now: this.#world.clock.now() });
  }

  #order(entry: Entry, why: string): Promise<AcmeStatus> {
    if (entry.running !== undefined) return entry.running;
    entry.timer?.cancel();
    const running = this.#turn.then(() => this.#run(entry, why)).finally(() => {
      entry.running = undefined;
      this.#schedule(entry);
    });
    entry.running = running;
    this.#turn = running.catch(() => {});
    return running.then(() => this.#statusOf(entry));
  }

  async #run(entry: Entry, why: string): Promise<AcmeStatus> {
    const { name, acme, given: { signal } } = entry;
    const { log, clock } = this.#world;
    if (signal.aborted) throw new AcmeError(`Cannot order ${name}: the profile has changed, or the gateway stops`);
    log.info({ event: "note", reason: "acme_order", text: `Certificate ${name} is ordered: ${why}` });
    const store = this.#storeOf();
    try {
      const wish = { name, acme, config: this.#config!, signal };
      const leaf = await attempt(wish, { ...this.#world, store, challenges: this.challenges });
      const text = `issued for ${acme.names.join(", ")} until ${dateText(leaf.notAfter)} by ${
        printable(leaf.issuer, 200)
      }`;
      entry.leaf = leaf;
      const last = { at: clock.now(), ok: true, text };
      entry.state = await store.change(name, { failures: 0, retryAt: undefined, last });
      log.info({ event: "note", reason: "acme_issued", text: `Certificate ${name}: ${text}` });
    } catch (thrown) {
      const error = asAcmeError(thrown);
      // Nobody's failure: what was begun goes on with the next start.
      if (!signal.aborted) await this.#failed(entry, error);
      throw error;
    }
    await this.#world.issued(name);
    return this.#statusOf(entry);
  }

  async #failed(entry: Entry, error: AcmeError): Promise<void> {
    const { log, clock, random } = this.#world;
    const failures = entry.state.failures + 1;
    const limited = error.type === "rateLimited";
    const pause = pauseAfter(failures, { asked: error.retryAfterMs, limited, chance: random.fraction() });
    const now = clock.now();
    const last = { at: now, ok: false, text: error.message };
    const changes = { failures, retryAt: now + pause, last };
    // A disk that is full keeps nothing, and must not hide why the order failed.
    entry.state = await this.#storeOf().change(entry.name, changes)
      .catch(() => ({ ...entry.state, ...changes }));
    const level = isCritical(entry.leaf, { failures, now }) ? "critical" : "warning";
    const text = `Certificate ${entry.name}: ${error.message}; tried again at ${dateText(now + pause)}`;
    log[level]({ event: "note", reason: "acme_failed", text });
  }

  #statusOf({ running, ...entry }: Entry): AcmeStatus {
    const { name, acme, leaf, state } = entry;
    return statusOf({ name, acme, leaf, state, ordering: running !== undefined, now: this.#world.clock.now() });
  }
}

function drop({ timer, given }: Entry): void {
  timer?.cancel();
  given.abort();
}

/** `2026-11-22 08:15 UTC`. */
function dateText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
