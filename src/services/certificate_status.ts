/**
 * What responders say of the certificates that our servers show (OCSP), fetched in the background and stapled.
 *
 * A certificate that names a responder is asked about when it comes into use, and again halfway to the end of the last answer. An answer that says
 * "good", and that the issuer is proven to stand for, is kept on disk and shown to clients until its end; no other is ever shown. A revoked certificate is a
 * Critical line, one that the responder does not know a Warning, and so is one that promises a stapled answer while there is none: clients may refuse it.
 *
 * @module
 */
import type { Clock, Timer } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import type { Octets } from "../base/octets.ts";
import type { Random } from "../base/random.ts";
import { causeOf, printable } from "../base/text.ts";
import { type FetchRecord, Kept } from "../certs/kept.ts";
import { day } from "../certs/lists.ts";
import type { StatusFacts } from "../certs/status.ts";
import type { MailLog } from "../mail/events.ts";
import type { KeyPair, TrustAnchors } from "../tls/engine.ts";
import type { RevocationEngine, StatusAnswer, StatusQuestion } from "../tls/revocation.ts";
import type { Fetch } from "./fetch_bounded.ts";
import { afterFailure, afterSuccess, isDue, type Pace } from "./schedule.ts";

/** What is asked with. */
export interface CertificateStatusOptions {
  clock: Clock;
  random: Random;
  log: MailLog;
  fetch: Fetch;
  engine: Pick<RevocationEngine, "statusQuestion" | "readStatus" | "staple">;
  /** The folder of the storage. */
  directory: string;
  trust: () => TrustAnchors;
  /** The pairs that servers show, by profile. */
  pairs: () => ReadonlyMap<string, readonly KeyPair[]>;
}

/** What came of asking. */
interface Asked {
  answer: StatusAnswer;
  /** The answer as it came; empty for one that cannot be used. */
  response: Octets;
  url: string;
}

const nothing: Octets = new Uint8Array(0);

/** Of one certificate. */
interface Watched {
  pair: KeyPair;
  profiles: string[];
  question: StatusQuestion;
  record: FetchRecord;
  answer: StatusAnswer | undefined;
  /** What the log was told last. */
  told: "nothing" | "failing" | "good" | "revoked" | "unknown";
  toldBare: boolean;
}

const lookMs = 15_000;
const pace: Pace = { minMs: 60_000, maxMs: 43_200_000, usualMs: 3_600_000 };

/** See the module. */
export class CertificateStatus {
  readonly #options: CertificateStatusOptions;
  readonly #kept: Kept;
  readonly #timer: Timer;
  readonly #stopping = new AbortController();
  /** By fingerprint. */
  readonly #watched = new Map<string, Watched>();
  #work: Promise<void> = Promise.resolve();
  #busy = false;

  constructor(options: CertificateStatusOptions) {
    this.#options = options;
    this.#kept = new Kept(options.directory, "ocsp");
    this.#timer = options.clock.every(lookMs, () => {
      if (!this.#busy) this.#then(() => this.#askDue());
    });
  }

  /** Those in use, as they stand. */
  get facts(): StatusFacts[] {
    const now = this.#options.clock.now();
    return [...this.#watched.values()].map(({ profiles, question, record, answer }) => {
      const { subject, fingerprint, responders, mustStaple } = question;
      const good = answer?.kind === "good" && answer.until > now ? answer : undefined;
      return {
        ...{ profiles: [...profiles], subject, fingerprint, responders: [...responders], mustStaple },
        status: good !== undefined
          ? "good"
          : answer?.kind === "revoked" || answer?.kind === "unknown"
          ? answer.kind
          : "none",
        stapled: good !== undefined,
        ...(good === undefined ? {} : { from: good.from, until: good.until }),
        ...(record.tried === undefined ? {} : { fetching: { ...record } }),
      };
    });
  }

  /** Other certificates may be in use. */
  apply(): void {
    this.#then(async () => {
      await this.#takeIn();
      await this.#askDue();
    });
  }

  /** Asks about all of them now. */
  async refresh(): Promise<void> {
    await this.#then(async () => {
      for (const watched of this.#watched.values()) watched.record.next = 0;
      await this.#askDue();
    });
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#timer.cancel();
    this.#stopping.abort();
    await this.#work;
  }

  #then(work: () => Promise<void>): Promise<void> {
    return this.#work = this.#work.then(async () => {
      if (this.#stopping.signal.aborted) return;
      this.#busy = true;
      await work().catch((thrown: unknown) => {
        const text = `Cannot look after the status of certificates: ${printable(causeOf(thrown))}`;
        this.#options.log.warning({ event: "note", reason: "ocsp_state", text });
      });
      this.#busy = false;
    });
  }

  async #takeIn(): Promise<void> {
    const { engine, pairs, trust } = this.#options;
    const found = new Set<string>();
    for (const [profile, list] of pairs()) {
      for (const pair of list) {
        const question = engine.statusQuestion(pair, trust());
        const { fingerprint, responders, mustStaple } = question;
        if (responders.length === 0 && !mustStaple) continue;
        const known = this.#watched.get(fingerprint);
        if (known !== undefined && found.has(fingerprint)) {
          if (!known.profiles.includes(profile)) known.profiles.push(profile);
          continue;
        }
        found.add(fingerprint);
        // An authority that came since may have brought the issuer.
        if (known === undefined) this.#watched.set(fingerprint, await this.#begin({ pair, profile, question }));
        else Object.assign(known, { pair, question, profiles: [profile] });
      }
    }
    for (const fingerprint of this.#watched.keys()) {
      if (found.has(fingerprint)) continue;
      this.#watched.delete(fingerprint);
      engine.staple(fingerprint, undefined);
    }
    await this.#kept.forgetOthers(found);
  }

  /** Goes on with what is kept of an earlier life. */
  async #begin(
    { pair, profile, question }: { pair: KeyPair; profile: string; question: StatusQuestion },
  ): Promise<Watched> {
    const { engine, trust } = this.#options;
    const { fingerprint, responders: [url = ""] } = question;
    const record = await this.#kept.record(fingerprint) ?? { url, next: 0, failures: 0 };
    const watched: Watched = {
      ...{ pair, question, record, profiles: [profile], answer: undefined },
      ...{ told: "nothing", toldBare: false },
    };
    const response = await this.#kept.read(fingerprint);
    const answer = response === undefined ? undefined : engine.readStatus(pair, { response, trust: trust() });
    if (response !== undefined && answer?.kind === "good") {
      watched.answer = answer;
      watched.told = "good";
      engine.staple(fingerprint, { response, until: answer.until });
    } else record.next = 0;
    return watched;
  }

  async #askDue(): Promise<void> {
    const now = this.#options.clock.now();
    const due = [...this.#watched.values()].filter(({ question: { responders }, record }) =>
      responders.length > 0 && isDue(record, { now, pace })
    );
    await Promise.all(due.map((watched) => this.#ask(watched)));
    for (const watched of this.#watched.values()) this.#tellBare(watched);
  }

  async #ask(watched: Watched): Promise<void> {
    const { clock, random, engine } = this.#options;
    const { fingerprint } = watched.question;
    const { answer, response, url } = await this.#fetch(watched);
    const now = clock.now();
    if (this.#stopping.signal.aborted || this.#watched.get(fingerprint) !== watched) return;
    watched.record.url = url;
    switch (answer.kind) {
      case "good":
        watched.answer = answer;
        engine.staple(fingerprint, { response: response, until: answer.until });
        watched.record = afterSuccess(watched.record, { now, until: answer.until, pace, random });
        await this.#kept.write(fingerprint, response);
        break;
      case "revoked":
      case "unknown": {
        watched.answer = answer;
        engine.staple(fingerprint, undefined);
        // A certificate that was issued just now is known in a few minutes.
        const until = answer.kind === "unknown" ? now + unknownMs : undefined;
        watched.record = afterSuccess(watched.record, { now, until, pace, random });
        await this.#kept.remove(fingerprint);
        break;
      }
      case "unusable":
        watched.record = afterFailure(watched.record, { now, why: answer.why, random });
        break;
      default:
        answer satisfies never;
    }
    await this.#kept.writeRecord(fingerprint, watched.record);
    this.#tell(watched, answer);
  }

  /** The first answer of a responder that counts; else why there is none. */
  async #fetch({ pair, question: { request, responders } }: Watched): Promise<Asked> {
    const { fetch, engine, trust } = this.#options;
    let why = "its issuer's certificate is not known; the issuer belongs into intermediates";
    let url = responders[0];
    for (url of request === undefined ? [] : responders.slice(0, respondersMax)) {
      try {
        const { body: response } = await fetch({
          url,
          body: request,
          headers: { "content-type": "application/ocsp-request", accept: "application/ocsp-response" },
          octetsMax: limits.ocspResponseOctetsMax,
          ms: limits.ocspFetchMs,
          signal: this.#stopping.signal,
        });
        const answer = engine.readStatus(pair, { response, trust: trust() });
        if (answer.kind !== "unusable") return { answer, response, url };
        why = answer.why;
      } catch (thrown) {
        why = causeOf(thrown);
      }
    }
    return { answer: { kind: "unusable", why }, response: nothing, url };
  }

  #tell(watched: Watched, answer: StatusAnswer): void {
    const { log } = this.#options;
    const { record: { url }, answer: held } = watched;
    const state = answer.kind === "unusable" ? "failing" : answer.kind;
    if (watched.told === state) return;
    // That it is good goes without saying, unless something else was said before or nothing at all.
    watched.told = state;
    const who = nameOf(watched);
    const responder = printable(url);
    switch (answer.kind) {
      case "good": {
        const text = `${who} is good, says ${responder}; the answer is stapled until ${day(answer.until)}`;
        return log.info({ event: "note", reason: "certificate_good", text });
      }
      case "revoked": {
        const text = `${who} was revoked on ${
          day(answer.at)
        } (${answer.why}), says ${responder}: clients that check it refuse it`;
        return log.critical({ event: "note", reason: "certificate_revoked", text });
      }
      case "unknown": {
        const text = `${who} is unknown to its responder ${responder}: nothing is stapled`;
        return log.warning({ event: "note", reason: "certificate_unknown", text });
      }
      case "unusable": {
        const left = held?.kind === "good" && held.until > this.#options.clock.now()
          ? `the last answer is stapled until ${day(held.until)}`
          : "nothing is stapled";
        const text = `Cannot ask ${responder} about ${who.replace(/^The/, "the")}: ${printable(answer.why)}; ${left}`;
        return log.warning({ event: "note", reason: "ocsp_fetch", text });
      }
      default:
        answer satisfies never;
    }
  }

  /** Told once, until there is an answer. */
  #tellBare(watched: Watched): void {
    const { question: { mustStaple, responders }, answer } = watched;
    const bare = mustStaple && !(answer?.kind === "good" && answer.until > this.#options.clock.now());
    if (bare === watched.toldBare) return;
    watched.toldBare = bare;
    if (!bare) return;
    const why = responders.length === 0 ? "and names no responder" : "and there is no answer to staple";
    const text = `${
      nameOf(watched)
    } promises that its status is stapled (must-staple), ${why}: clients that mind refuse it`;
    this.#options.log.warning({ event: "note", reason: "must_staple", text });
  }
}

/** How long it counts that a responder does not know a certificate. */
const unknownMs = 600_000;
/** Of those that a certificate names, so many are asked. */
const respondersMax = 3;

function nameOf({ profiles, question }: Watched): string {
  return `The certificate ${profiles.join(", ")} (${printable(question.subject)})`;
}
