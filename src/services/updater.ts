/**
 * The updater: the list of authorities, fetched in the background, proven, kept on disk, put in force.
 *
 * It stands in for the system's list wherever that is trusted, from the moment at which it was fetched. What comes takes the place of what is there only where the
 * server was verified, and where it is certificates in PEM, each an authority's, one of them at least in its time, and not older than what is there by
 * its Last-Modified; and where its own server, verified under it, would be believed the next time: a list without that authority would be the last.
 * Else what is there goes on. (To verify the updater's server by the system's list as well was rejected: an authority that a list drops on purpose could
 * go on making lists.) After a failure it is asked again in pauses that grow to an hour; a failure is told once, by a Warning
 * that is an alert, and so is its end.
 *
 * @module
 */
import type { Clock, Timer } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import { type Octets, octets } from "../base/octets.ts";
import type { Random } from "../base/random.ts";
import { causeOf, printable } from "../base/text.ts";
import { type AuthoritiesFacts, newBundle } from "../certs/authorities.ts";
import type { FetchRecord } from "../certs/kept.ts";
import { day } from "../certs/lists.ts";
import { digestOf, keptUpdates, readUpdatedList, updateUrl } from "../certs/updates.ts";
import type { Config } from "../config/config.ts";
import type { MailLog } from "../mail/events.ts";
import type { CertificateEngine } from "../tls/certificates.ts";
import type { HttpsFetched, HttpsWish } from "./https_fetch.ts";
import { afterFailure, afterSuccess, isDue, type Pace } from "./schedule.ts";
import type { ProvenServer } from "./still_proven.ts";

/** What the updater needs. */
export interface UpdaterOptions {
  clock: Clock;
  random: Random;
  log: MailLog;
  version: string;
  engine: CertificateEngine;
  fetch: (wish: HttpsWish) => Promise<HttpsFetched>;
  /** Why a server would not be proven, were this list in force; `undefined`: all would be. */
  doubt: (wish: DoubtWish) => Promise<string | undefined>;
  /** What is in force. */
  config: () => Config;
  /** Puts in force what is kept now. */
  renew: () => Promise<void>;
}

/** What is asked about a list before it is in force. */
export interface DoubtWish {
  /** PEM. */
  list: string;
  servers: readonly ProvenServer[];
  ms: number;
  signal: AbortSignal;
}

/** How often is looked: a clock may jump and a machine may sleep. */
const lookMs = 15_000;
/** What the server is told the next time: a header that is longer is a peer's mischief. */
const validatorMax = 500;

/** See the module. */
export class Updater {
  readonly #options: UpdaterOptions;
  readonly #timer: Timer;
  readonly #stopping = new AbortController();
  /** The URL whose fetching fails, as far as the log knows. */
  #failing: string | undefined;
  #work: Promise<void> = Promise.resolve();
  #busy = false;

  constructor(options: UpdaterOptions) {
    this.#options = options;
    this.#timer = options.clock.every(lookMs, () => {
      if (!this.#busy) void this.#then((config) => this.#fetchDue(config));
    });
  }

  /** There may be another configuration. */
  apply(): void {
    void this.#then(async (config) => {
      const url = updateUrl(config);
      const kept = keptUpdates(config);
      await kept.forgetOthers(url === undefined ? [] : [url]);
      // Who changed something wants to know whether it helped, and is told anew.
      const failed = url !== undefined && (await kept.record(url))?.failure !== undefined;
      if (failed || this.#failing !== url) this.#failing = undefined;
      await (failed ? this.#fetch(config) : this.#fetchDue(config));
    });
  }

  /** Fetches now. Resolves when that is done; how it went stands in the record. */
  async refresh(): Promise<void> {
    await this.#then((config) => this.#fetch(config));
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#timer.cancel();
    this.#stopping.abort();
    await this.#work;
  }

  /** One after the other. */
  #then(work: (config: Config) => Promise<void>): Promise<void> {
    return this.#work = this.#work.then(async () => {
      if (this.#stopping.signal.aborted) return;
      this.#busy = true;
      await work(this.#options.config()).catch((thrown: unknown) => {
        const text = `Cannot look after updates: ${printable(causeOf(thrown))}`;
        this.#options.log.warning({ event: "note", reason: "update_state", text });
      });
      this.#busy = false;
    });
  }

  async #fetchDue(config: Config): Promise<void> {
    const url = updateUrl(config);
    if (url === undefined) return;
    const record = await keptUpdates(config).record(url);
    const now = this.#options.clock.now();
    const pace = paceOf(config);
    // A shorter interval counts from the last time on.
    const late = record?.fetched !== undefined && record.failures === 0 && record.fetched + pace.maxMs * 1.1 < now;
    const spoiled = record?.failures === 0 && await readUpdatedList(config) === undefined;
    if (record === undefined || late || spoiled || isDue(record, { now, pace })) await this.#fetch(config);
  }

  async #fetch(config: Config): Promise<void> {
    const url = updateUrl(config);
    if (url === undefined) return;
    const { clock, random, log, renew } = this.#options;
    const kept = keptUpdates(config);
    const record = await kept.record(url) ?? { url, next: 0, failures: 0 };
    const outcome = await this.#ask(url, { record, config }).catch((thrown: unknown) => ({ why: causeOf(thrown) }));
    const now = clock.now();
    if (this.#stopping.signal.aborted) return;
    if ("why" in outcome) {
      await kept.writeRecord(url, afterFailure(record, { now, why: outcome.why, random }));
      await this.#tellFailure(url, { why: outcome.why, config });
      return;
    }
    const { fresh, etag, lastModified, digest } = outcome;
    if (fresh !== undefined) await kept.write(url, fresh.pem);
    const validated: FetchRecord = { ...record, etag, lastModified, digest };
    await kept.writeRecord(url, afterSuccess(validated, { now, until: undefined, pace: paceOf(config), random }));
    if (fresh !== undefined) {
      await renew();
      const text = `${fresh.count} authorities were fetched from ${printable(url)}` +
        (config.certificate_authorities.system ? " and stand in for the system's list" : "; the system's list is off");
      log.info({ event: "note", reason: "update_fetched", text });
    }
    if (record.failure !== undefined) {
      this.#failing = undefined;
      log.warning({
        event: "note",
        reason: "update_failed_over",
        text: `Updates are fetched from ${printable(url)} again`,
      });
    }
  }

  /** What the server has: authorities, where these are others than those that are held. */
  async #ask(
    url: string,
    { record, config }: { record: FetchRecord; config: Config },
  ): Promise<
    { fresh?: { pem: Octets; count: number } } & Pick<FetchRecord, "etag" | "lastModified" | "digest"> | { why: string }
  > {
    const { fetch, engine, clock, version } = this.#options;
    const held = await readUpdatedList(config);
    const { etag, lastModified, digest } = record;
    // Without a list of its own a "not modified" would be no answer.
    const headers: Record<string, string> = held === undefined ? {} : {
      ...etag === undefined ? {} : { "if-none-match": etag },
      ...lastModified === undefined ? {} : { "if-modified-since": lastModified },
    };
    const came = await fetch({
      url,
      headers,
      octetsMax: limits.updateOctetsMax,
      ms: limits.updateFetchMs,
      certificate: config.services.updater.certificate,
      version,
      signal: this.#stopping.signal,
    });
    if (came.status === 304) {
      if (held === undefined) return { why: "the server answers 304 to a request without conditions" };
      return { etag, lastModified, digest };
    }
    const modified = came.headers.get("last-modified")?.slice(0, validatorMax);
    const validators = { etag: came.headers.get("etag")?.slice(0, validatorMax), lastModified: modified };
    if (held !== undefined && modified !== undefined && lastModified !== undefined) {
      const [before, now] = [Date.parse(lastModified), Date.parse(modified)];
      if (now < before) return { why: `it is of ${day(now)}, older than the one of ${day(before)}` };
    }
    const read = authoritiesIn(came.body, { engine, now: clock.now() });
    if ("why" in read) return read;
    const pem = octets(read.pem);
    const digestNow = digestOf(pem);
    const same = held !== undefined && digestNow === digest;
    // Where the system's list is off, the owner's authorities verified the server, and will.
    if (!same && config.certificate_authorities.system) {
      const { doubt } = this.#options;
      const ms = limits.updateFetchMs;
      const why = await doubt({ list: read.pem, servers: came.servers, ms, signal: this.#stopping.signal });
      if (why !== undefined) return { why: `under it nothing more could be fetched: ${why}` };
    }
    return { ...validators, digest: digestNow, ...(same ? {} : { fresh: { pem, count: read.count } }) };
  }

  async #tellFailure(url: string, { why, config }: { why: string; config: Config }): Promise<void> {
    if (this.#failing === url) return;
    this.#failing = url;
    const left = await readUpdatedList(config) === undefined
      ? "the system's list goes on"
      : "the list that was fetched before goes on";
    const text = `Cannot fetch authorities from ${printable(url)}: ${printable(why)}; ${left}`;
    this.#options.log.warning({ event: "note", reason: "update_failed", text });
  }
}

function paceOf({ services: { updater: { interval } } }: Config): Pace {
  return { minMs: interval, maxMs: interval, usualMs: interval };
}

/** Nothing is in force beside it, so nothing is told about doubles. */
const nothingHeld: AuthoritiesFacts = {
  system: { trusted: false, file: null, certificates: 0 },
  bundles: [],
  crls: 0,
};

/** The authorities in what came, each once, or why they are not taken. */
export function authoritiesIn(
  content: Octets,
  { engine, now }: { engine: CertificateEngine; now: number },
): { pem: string; count: number } | { why: string } {
  if (!new TextDecoder("latin1").decode(content).includes("-----BEGIN CERTIFICATE-----")) {
    return { why: "it holds no certificate in PEM" };
  }
  try {
    const { pem, certificates } = newBundle(content, { engine, what: "what came", now, held: nothingHeld });
    const stranger = certificates.find(({ authority }) => !authority);
    if (stranger !== undefined) return { why: `${printable(stranger.subject, 200)} in it is no authority` };
    if (!certificates.some(({ notBefore, notAfter }) => notBefore <= now && now < notAfter)) {
      return { why: "no authority in it is in its time" };
    }
    return { pem, count: certificates.length };
  } catch (thrown) {
    return { why: causeOf(thrown) };
  }
}
