/**
 * When a message is tried again, and when it is given up.
 *
 * Pauses double from `initial_retry` up to `max_retry_interval`, each drawn up to a fifth shorter or longer, so that messages
 * that failed together do not come back together. The last try falls on the end of `max_queue_time`. RFC 5321 §4.5.4.1.
 *
 * @module
 */
import type { Random } from "../base/random.ts";
import type { RetryRule } from "./spool.ts";

/** How far a pause may differ from its even length. */
const jitter = 0.2;

/** What is known when an attempt has failed. */
export interface FailedAttempt {
  /** Attempts before this one. */
  attempts: number;
  /** Milliseconds since the message came. */
  age: number;
}

/** The pause before the next attempt, without regard to `max_queue_time`: milliseconds. */
export function pauseMs(attempts: number, rule: RetryRule, random: Random): number {
  // 2 ** 40 times any pause is beyond any interval, and far from the end of the numbers.
  const even = Math.min(rule.initial_retry * 2 ** Math.min(attempts, 40), rule.max_retry_interval);
  return Math.round(even * (1 - jitter + 2 * jitter * random.fraction()));
}

/** How long to wait before the next attempt, or `"give up"`. */
export function nextPause(attempt: FailedAttempt, rule: RetryRule, random: Random): number | "give up" {
  const { attempts, age } = attempt;
  if (attempts >= rule.max_retries || age >= rule.max_queue_time) return "give up";
  const left = rule.max_queue_time - age;
  return Math.max(1, Math.min(pauseMs(attempts, rule, random), left));
}
