/**
 * Revocation lists from URLs: fetched in the background, proven, kept on disk, put in force.
 *
 * Nobody waits for a list: verification goes by what is there. A list is fetched again halfway to its next update, between a minute and a day from now,
 * and after a failure in pauses that grow to an hour. What comes takes the place of what is there only where it is a list, is in its time, is not
 * older, and is not said to be an authority's of ours that did not sign it; else the old one goes on until its end. A list that ran out revokes
 * nobody any more, which is a Warning, whether it came from a URL or is the owner's file.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Clock, Timer } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import type { Octets } from "../base/octets.ts";
import type { Random } from "../base/random.ts";
import { causeOf, printable } from "../base/text.ts";
import { type FetchRecord, Kept } from "../certs/kept.ts";
import { day, firstEnd, listFault, listStatuses, type ListWorld, readLists } from "../certs/lists.ts";
import type { Config } from "../config/config.ts";
import { isUrl } from "../config/sources.ts";
import type { MailLog } from "../mail/events.ts";
import type { CrlFacts } from "../tls/revocation.ts";
import type { Fetch } from "./fetch_bounded.ts";
import { afterFailure, afterSuccess, isDue, type Pace } from "./schedule.ts";

/** What lists are fetched with. */
export interface RevocationListsOptions {
  clock: Clock;
  random: Random;
  log: MailLog;
  fetch: Fetch;
  engine: ListWorld["engine"];
  /** What is in force. */
  config: () => Config;
  trust: () => ListWorld["trust"];
  /** Puts in force what is kept now. */
  renew: () => Promise<void>;
}

/** How often is looked: a clock may jump and a machine may sleep. */
const lookMs = 15_000;
const pace: Pace = { minMs: 60_000, maxMs: 86_400_000, usualMs: 21_600_000 };
/** Lists that are fetched at a time. */
const atOnce = 4;

/** See the module. */
export class RevocationLists {
  readonly #options: RevocationListsOptions;
  readonly #timer: Timer;
  readonly #stopping = new AbortController();
  /** Source → what is in force of it. */
  #held = new Map<string, CrlFacts[]>();
  /** Sources whose fetching fails, or whose lists ran out, as far as the log knows. */
  readonly #failing = new Set<string>();
  readonly #expired = new Set<string>();
  #work: Promise<void> = Promise.resolve();
  #busy = false;

  constructor(options: RevocationListsOptions) {
    this.#options = options;
    this.#timer = options.clock.every(lookMs, () => this.#look());
  }

  /** There may be another configuration. */
  apply(): void {
    this.#then(async () => {
      const { config, engine, trust } = this.#options;
      const current = config();
      const statuses = await listStatuses(current, { engine, trust: trust() });
      const known = new Set(this.#held.keys());
      this.#held = new Map(statuses.map(({ source, lists }) => [source, lists]));
      for (const told of [this.#failing, this.#expired]) {
        for (const source of told) if (!this.#held.has(source)) told.delete(source);
      }
      // Of a file that is old when it is read the configuration's own warning tells.
      for (const { source, kind, lists } of statuses) {
        if (kind === "file" && !known.has(source) && this.#hasExpired(lists)) this.#expired.add(source);
      }
      await this.#kept().forgetOthers(current.certificate_authorities.crls.filter(isUrl));
      await this.#fetchDue();
      this.#tellExpired();
    });
  }

  /** Fetches now: one URL, or all. Resolves when that is done; how it went stands in the records. */
  async refresh(url?: string): Promise<void> {
    await this.#then(async () => {
      await this.#fetchAll(url === undefined ? this.#urls() : [url]);
      this.#tellExpired();
    });
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#timer.cancel();
    this.#stopping.abort();
    await this.#work;
  }

  #look(): void {
    if (this.#busy) return;
    this.#then(async () => {
      await this.#fetchDue();
      this.#tellExpired();
    });
  }

  /** One after the other. */
  #then(work: () => Promise<void>): Promise<void> {
    return this.#work = this.#work.then(async () => {
      if (this.#stopping.signal.aborted) return;
      this.#busy = true;
      await work().catch((thrown: unknown) => {
        const text = `Cannot look after revocation lists: ${printable(causeOf(thrown))}`;
        this.#options.log.warning({ event: "note", reason: "crl_state", text });
      });
      this.#busy = false;
    });
  }

  async #fetchDue(): Promise<void> {
    const kept = this.#kept();
    const now = this.#options.clock.now();
    const due: string[] = [];
    for (const url of this.#urls()) {
      const record = await kept.record(url);
      // What is not there is fetched, whatever was written down about it.
      if (
        record === undefined || record.failures === 0 && this.#heldOf(url).length === 0 || isDue(record, { now, pace })
      ) {
        due.push(url);
      }
    }
    await this.#fetchAll(due);
  }

  async #fetchAll(urls: readonly string[]): Promise<void> {
    const queue = [...urls];
    let changed = false;
    const runner = async () => {
      for (let url = queue.shift(); url !== undefined; url = queue.shift()) {
        if (await this.#fetchOne(url)) changed = true;
      }
    };
    await Promise.all(Array.from({ length: atOnce }, runner));
    if (changed) await this.#options.renew();
  }

  /** Whether there is another list now. */
  async #fetchOne(url: string): Promise<boolean> {
    const { clock, random } = this.#options;
    const kept = this.#kept();
    const record = await kept.record(url) ?? { url, next: 0, failures: 0 };
    const held = await kept.read(url);
    const outcome = await this.#ask(url, { record, held }).catch((thrown: unknown) => ({ why: causeOf(thrown) }));
    const now = clock.now();
    if (this.#stopping.signal.aborted) return false;
    if ("why" in outcome) {
      await kept.writeRecord(url, afterFailure(record, { now, why: outcome.why, random }));
      this.#tellFailure(url, outcome.why);
      return false;
    }
    const { lists, fresh, validators } = outcome;
    if (fresh !== undefined) await kept.write(url, fresh);
    const after = afterSuccess({ ...withoutValidators(record), ...validators }, {
      now,
      until: firstEnd(lists),
      pace,
      random,
    });
    await kept.writeRecord(url, after);
    this.#held.set(url, lists);
    this.#tellSuccess(url, { lists, changed: fresh !== undefined });
    return fresh !== undefined;
  }

  /** What the server has: lists, with their octets where these are others than those that are held. */
  async #ask(
    url: string,
    { record, held }: { record: FetchRecord; held: Octets | undefined },
  ): Promise<{ lists: CrlFacts[]; fresh?: Octets; validators: Validators } | { why: string }> {
    const { fetch, engine, trust, clock } = this.#options;
    const world = { engine, trust: trust() };
    const read = held === undefined ? [] : readLists(held, world);
    const heldLists = "why" in read ? [] : read;
    const { etag, lastModified } = record;
    // Without a list of its own a "not modified" would be no answer.
    const headers: Record<string, string> = heldLists.length === 0 ? {} : {
      ...etag === undefined ? {} : { "if-none-match": etag },
      ...lastModified === undefined ? {} : { "if-modified-since": lastModified },
    };
    const wish = { url, headers, octetsMax: limits.crlOctetsMax, ms: limits.crlFetchMs, signal: this.#stopping.signal };
    const came = await fetch(wish);
    if (came.status === 304) {
      if (heldLists.length === 0) return { why: "the server answers 304 to a request without conditions" };
      return { lists: heldLists, validators: { etag, lastModified } };
    }
    const lists = readLists(came.body, world);
    if ("why" in lists) return lists;
    const fault = listFault(lists, { held: heldLists, now: clock.now(), skewMs: limits.ocspSkewMs });
    if (fault !== undefined) return { why: fault };
    const validators = {
      etag: came.headers.get("etag")?.slice(0, validatorMax),
      lastModified: came.headers.get("last-modified")?.slice(0, validatorMax),
    };
    const same = held !== undefined && Buffer.compare(held, came.body) === 0;
    return { lists, validators, ...(same ? {} : { fresh: came.body }) };
  }

  #tellFailure(url: string, why: string): void {
    if (this.#failing.has(url)) return;
    this.#failing.add(url);
    const end = firstEnd(this.#heldOf(url));
    const left = this.#heldOf(url).length === 0
      ? "there is none yet"
      : end === undefined
      ? "the one that is there goes on"
      : end > this.#options.clock.now()
      ? `the one that is there counts until ${day(end)}`
      : `the one that is there is out of date since ${day(end)}`;
    const text = `Cannot fetch the revocation list ${printable(url)}: ${printable(why)}; ${left}`;
    this.#options.log.warning({ event: "note", reason: "crl_fetch", text });
  }

  #tellSuccess(url: string, { lists, changed }: { lists: readonly CrlFacts[]; changed: boolean }): void {
    if (!this.#failing.delete(url) && !changed) return;
    const said = lists.map(({ issuer, entries, until }) =>
      `${printable(issuer)}, ${entries} revoked${until === undefined ? "" : `, until ${day(until)}`}`
    );
    const unproven = lists.some(({ signature }) => signature === "unproven")
      ? "; its issuer is no authority of ours, so it counts where a chain shows who signed it"
      : "";
    const text = `Revocation list ${printable(url)}: ${said.join("; ")}${unproven}`;
    this.#options.log.info({ event: "note", reason: "crl_fetched", text });
  }

  #tellExpired(): void {
    for (const [source, lists] of this.#held) {
      const late = this.#hasExpired(lists);
      if (late === this.#expired.has(source)) continue;
      if (late) this.#expired.add(source);
      else this.#expired.delete(source);
      const who = `The revocation list ${printable(source)} (${
        lists.map(({ issuer }) => printable(issuer)).join("; ")
      })`;
      const text = late
        ? `${who} is out of date since ${day(firstEnd(lists)!)}: nobody is refused by it any more`
        : `${who} is current again`;
      this.#options.log[late ? "warning" : "info"]({
        event: "note",
        reason: late ? "crl_expired" : "crl_current",
        text,
      });
    }
  }

  #hasExpired(lists: readonly CrlFacts[]): boolean {
    const end = firstEnd(lists);
    return end !== undefined && end <= this.#options.clock.now();
  }

  #heldOf(url: string): readonly CrlFacts[] {
    return this.#held.get(url) ?? [];
  }

  #urls(): string[] {
    return [...new Set(this.#options.config().certificate_authorities.crls.filter(isUrl))];
  }

  #kept(): Kept {
    return new Kept(this.#options.config().storage.directory, "crls");
  }
}

/** What the server is told the next time: a header that is longer is a peer's mischief. */
const validatorMax = 500;
type Validators = Pick<FetchRecord, "etag" | "lastModified">;

function withoutValidators({ etag: _etag, lastModified: _lastModified, ...record }: FetchRecord): FetchRecord {
  return record;
}
