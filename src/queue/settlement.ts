/**
 * What the outcomes of one attempt mean for the message: a pure function of (recipients, outcomes, rule).
 *
 * Every recipient ends in exactly one place: delivered and gone, waiting, or given up. One without an outcome waits.
 *
 * @module
 */
import type { Random } from "../base/random.ts";
import type { Envelope, Recipient } from "../mail/envelope.ts";
import type { Outcome } from "../mail/outcome.ts";
import { replyText } from "../mail/reply.ts";
import { type ReportedRecipient, wantedReports } from "./bounce.ts";
import { nextPause } from "./retry.ts";
import type { RetryRule } from "./spool.ts";

/** What is known of the attempt. */
export interface Attempt {
  envelope: Omit<Envelope, "recipients">;
  recipients: readonly Recipient[];
  attempts: number;
  outcomes: readonly Outcome[];
  /** Milliseconds since the message came. */
  age: number;
}

/** What is to be done. */
export interface Plan {
  /** Recipients that wait. */
  remaining: Recipient[];
  /** How long they wait; `undefined` where none does. */
  pause: number | undefined;
  /** They were tried, or some of them were. */
  attempted: boolean;
  deferred: Outcome[];
  bounced: Outcome[];
  /** Why they wait, for people, and in a word. */
  reason: string;
  word: string;
  /** Recipients that go into a report to the sender. */
  reported: ReportedRecipient[];
  /** What was handed in. */
  outcomes: readonly Outcome[];
  /** There was something to report, but the sender is null: RFC 5321 §6.1. */
  dropped: boolean;
}

/** See the module. */
export function planSettlement(attempt: Attempt, rule: RetryRule & { held?: number }, random: Random): Plan {
  const { envelope, recipients, attempts, outcomes, age } = attempt;
  const plan: Plan = {
    remaining: [],
    pause: undefined,
    attempted: true,
    deferred: [],
    bounced: [],
    reason: "",
    word: "",
    outcomes,
    reported: [],
    dropped: false,
  };
  const byRid = outcomes.length < 4 ? undefined : new Map(outcomes.map((outcome) => [outcome.rid, outcome]));
  let pause: number | "give up" | undefined;
  const ended: ReportedRecipient[] = [];
  const warns = rule.send_delay_warning === true && rule.delay_warning_after !== undefined && envelope.sender !== "";
  /** Somebody's warning is still to come. */
  let unwarned = false;
  for (const recipient of recipients) {
    const outcome = byRid === undefined
      ? outcomes.find((each) => each.rid === recipient.rid)
      : byRid.get(recipient.rid);
    switch (outcome?.kind) {
      case "delivered":
        // A next hop that knows RFC 3461 took over the duty to report: §5.2.2.
        if (outcome.relayedWithoutDsn) ended.push({ recipient, outcome, action: "relayed", expired: false });
        break;
      case "refused":
        plan.bounced.push(outcome);
        ended.push({ recipient, outcome, action: "failed", expired: false });
        break;
      case "deferred":
        pause ??= nextPause({ attempts, age }, rule, random);
        if (pause === "give up") {
          plan.bounced.push(outcome);
          ended.push({ recipient, outcome, action: "failed", expired: true });
        } else {
          plan.remaining.push(recipient);
          plan.deferred.push(outcome);
          plan.reason ||= reasonOf(outcome);
          plan.word ||= wordOf(outcome);
          if (warns && recipient.warned === undefined && recipient.notify?.includes("DELAY") !== false) {
            if (age >= rule.delay_warning_after!) ended.push({ recipient, outcome, action: "delayed", expired: false });
            else unwarned = true;
          }
        }
        break;
      case undefined:
        plan.remaining.push(recipient);
        break;
      default:
        outcome satisfies never;
    }
  }
  if (plan.remaining.length > 0) {
    plan.attempted = plan.deferred.length > 0 || rule.held === undefined;
    plan.pause = typeof pause === "number" ? pause : rule.held ?? rule.initial_retry;
    // The attempt that finds the message late enough is not left to chance: long pauses would make warnings late.
    if (unwarned) plan.pause = Math.min(plan.pause, Math.max(rule.delay_warning_after! - age, 1));
    if (!plan.attempted) plan.reason = "held back by max_recipients of the destination";
  }
  if (envelope.sender === "") plan.dropped = plan.bounced.length > 0;
  else plan.reported = wantedReports(ended);
  return plan;
}

/** Why a recipient was not served, in one line. */
export function reasonOf(outcome: Outcome): string {
  if (outcome.reply !== undefined) return `${outcome.reply.code} ${replyText(outcome.reply)}`;
  if (outcome.kind === "delivered" || outcome.failure === undefined) return outcome.kind;
  return `${outcome.failure.enhanced} ${outcome.failure.text}`;
}

/** The same in a word: the reply's code, else our reason word. */
export function wordOf(outcome: Outcome): string {
  if (outcome.reply !== undefined) return String(outcome.reply.code);
  return outcome.kind === "delivered" ? outcome.kind : outcome.failure?.reason ?? outcome.kind;
}
