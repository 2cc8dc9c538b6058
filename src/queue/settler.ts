/**
 * Carries out what became of a lease: rows, counters, and the report to the sender.
 *
 * `settle` resolves at once where only the log waits for it (recipients delivered or deferred: the rows follow within 25 ms, and a
 * crash before means a second delivery), and after the sync where a report was made. A report is made first and then written
 * in the transaction that ends what it reports: a crash leaves both or neither.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import { type Octets } from "../base/octets.ts";
import { causeOf } from "../base/text.ts";
import type { Envelope, Recipient } from "../mail/envelope.ts";
import type { Outcome } from "../mail/outcome.ts";
import { returnsWhole } from "./bounce.ts";
import type { Loaded } from "./cache.ts";
import { byDestination, type NewMessage, SettleChange } from "./changes.ts";
import type { Out } from "./lender.ts";
import { note, type Parts } from "./parts.ts";
import { buildReport, headerOf, mainAction } from "./report.ts";
import { type Plan, planSettlement } from "./settlement.ts";
import type { RetryRule, Settlement } from "./spool.ts";
import { trailEntry } from "./trail.ts";

const going = { finished: false, written: (): void => {} };

/** See the module. */
export class Settler {
  readonly #parts: Parts;
  readonly #stored: (message: NewMessage) => void;
  readonly #reporting = new Set<Promise<unknown>>();
  /** Messages whose end was decided. */
  ended = 0;
  /** Those of them whose end is not written yet. */
  unwritten = 0;

  /** `stored` is told of each report that was committed. */
  constructor(parts: Parts, stored: (message: NewMessage) => void) {
    this.#parts = parts;
    this.#stored = stored;
  }

  /** Where it throws nothing was decided, and the lease is as it was. */
  settle(out: Out, outcomes: readonly Outcome[], rule: RetryRule & { held?: number }): Promise<Settlement> {
    const { agenda, time, options: { clock, random, log } } = this.#parts;
    const { item, lease: { envelope, recipients, attempts } } = out;
    const now = clock.now();
    const age = time.age(envelope.receivedAt);
    const plan = planSettlement({ envelope, recipients, attempts, outcomes, age }, rule, random);
    agenda.settling(item);
    if (plan.reported.length === 0) return Promise.resolve(this.#decide(out, plan));
    const settled = this.#report(out, plan, { now, rule }).then(
      (report) =>
        new Promise<Settlement>((resolve) => {
          const settlement = this.#decide(out, plan, { message: report, written: () => resolve(settlement) });
        }),
      (error) => {
        note(log, "critical", `Cannot make a report on MID ${item.mid}: ${causeOf(error)}; it is tried again later`);
        return this.#decide(out, withoutReport(plan, rule));
      },
    );
    this.#reporting.add(settled);
    void settled.finally(() => this.#reporting.delete(settled));
    return settled;
  }

  /** Resolves when no report is being made; what they add waits to be written. */
  async idle(flush: () => void): Promise<void> {
    while (this.#reporting.size > 0) {
      const turn = Promise.withResolvers<void>();
      const timer = this.#parts.options.clock.after(1, turn.resolve);
      await Promise.race([turn.promise, Promise.allSettled(this.#reporting)]);
      timer.cancel();
      flush();
      if (this.#parts.committer.failing) return;
    }
  }

  /** The lease's rows are written; those that wait are due at `due`. */
  written({ item }: Out, due: number | undefined): void {
    this.#parts.agenda.settled(item, due);
    this.#parts.cache.release(item.mid);
  }

  /** A destination of a message has come to its end, and the message with its last one. `written` belongs behind the commit. */
  end({ item: { mid }, loaded }: Out): { finished: boolean; written: () => void } {
    if (--loaded.open > 0) return going;
    this.ended++;
    this.unwritten++;
    const written = () => {
      this.unwritten--;
      if (loaded.place === "file") this.#parts.bodies.remove(mid);
    };
    return { finished: true, written };
  }

  #arrived(report: NewMessage): void {
    this.#parts.arriving.delete(report.envelope.mid);
    this.#stored(report);
  }

  #decide(out: Out, plan: Plan, report?: { message: NewMessage; written: () => void }): Settlement {
    const { time, committer, arriving, options: { clock } } = this.#parts;
    const { item, loaded, lease } = out;
    const now = time.now();
    const due = plan.pause === undefined ? undefined : now + plan.pause;
    loaded.untried?.delete(item.destination.name);
    const { finished, written } = due === undefined ? this.end(out) : going;
    if (report !== undefined) arriving.add(report.message.envelope.mid);
    const done = () => {
      if (report !== undefined) this.#arrived(report.message);
      written();
      this.written(out, due);
      report?.written();
    };
    const recipients = report === undefined ? plan.remaining : withWarnings(plan);
    const attempts = lease.attempts + (plan.attempted ? 1 : 0);
    const { reason, word, outcomes } = plan;
    const next = due === undefined
      ? undefined
      : { due, attempts, tried: now, reason: reason.slice(0, 1000), word, recipients };
    // A message that has come to its end needs no trail, and most have at once.
    const trail = finished ? undefined : trailEntry(item.destination.name, { at: clock.now(), outcomes });
    committer.add(new SettleChange(item, { next, report: report?.message, trail, done }), report ? "now" : "soon");
    return {
      finished,
      bounced: plan.bounced,
      deferred: due === undefined ? undefined : { outcomes: plan.deferred, until: time.wall(due) },
      report: report === undefined ? plan.dropped ? "dropped" : undefined : {
        mid: report.message.envelope.mid,
        recipient: report.message.envelope.recipients[0].address,
        about: mainAction(plan.reported),
      },
    };
  }

  async #report(
    { item, loaded, lease: { envelope } }: Out,
    plan: Plan,
    { now, rule }: { now: number; rule: RetryRule },
  ): Promise<NewMessage> {
    const { counters, time, options: { settings, random } } = this.#parts;
    const mid = counters.next("mid");
    const returned = await this.#returned(item.mid, loaded, plan);
    const facts = { hostname: settings().hostname, mid, envelope, recipients: plan.reported, returned, now, random };
    const retryUntil = now + Math.max(rule.max_queue_time - time.age(envelope.receivedAt), 0);
    const { text, eightBit, smtputf8 } = await buildReport({ ...facts, retryUntil });
    // RFC 3461 §5.2.6: from the null sender, and with no report on the report.
    const recipients = [{ rid: 0, address: envelope.sender, notify: ["NEVER" as const] }];
    const report: Envelope = { mid, sender: "", recipients, eightBit, smtputf8, receivedAt: now };
    // RFC 8689 §5: what a report tells of a message is protected as the message was.
    if (envelope.tls !== undefined) report.tls = envelope.tls;
    return { envelope: report, octets: text.length, text, due: time.now(), destinations: byDestination(report) };
  }

  /** What a report returns of the message. A text that cannot be read does not hold the report up. */
  async #returned(mid: number, loaded: Loaded, plan: Plan): Promise<{ whole: boolean; text: Octets } | undefined> {
    const { store, bodies, options: { log } } = this.#parts;
    const { octets, place, envelope: { ret, tls } } = loaded;
    // RFC 8689 §5: as if RET=HDRS had been said, whatever was.
    const wanted = tls === "requiretls" ? "HDRS" : ret;
    const whole = returnsWhole({ ret: wanted, octets }, plan.reported.map(({ action }) => action));
    try {
      const text = loaded.text ??
        (place === "row" ? store().body(mid) : await bodies.head(mid, limits.headerOctetsMax));
      if (text === undefined) return undefined;
      return { whole, text: whole ? text : headerOf(text) };
    } catch (error) {
      note(log, "critical", `Cannot read the text of MID ${mid} for a report: ${causeOf(error)}`);
      return undefined;
    }
  }
}

/** Those who wait, with a mark on whom this report tells of. */
function withWarnings({ remaining, reported }: Plan): Recipient[] {
  const told = new Set(reported.filter(({ action }) => action === "delayed").map(({ recipient: { rid } }) => rid));
  return remaining.map((recipient) => told.has(recipient.rid) ? { ...recipient, warned: true } : recipient);
}

/** Whoever was to be reported waits for another attempt instead. */
function withoutReport(plan: Plan, rule: RetryRule): Plan {
  const again = plan.reported.filter(({ action }) => action === "failed").map(({ recipient }) => recipient);
  if (again.length === 0) return { ...plan, reported: [] };
  const rids = new Set(again.map(({ rid }) => rid));
  return {
    ...plan,
    remaining: [...plan.remaining, ...again],
    pause: plan.pause ?? rule.initial_retry,
    bounced: plan.bounced.filter(({ rid }) => !rids.has(rid)),
    deferred: [...plan.deferred, ...plan.bounced.filter(({ rid }) => rids.has(rid))],
    reason: plan.reason || "no report could be made",
    reported: [],
  };
}
