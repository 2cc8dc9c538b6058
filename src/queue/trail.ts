/**
 * The trail of a message: what became of its last attempts, for `queue show`.
 *
 * It is written with the attempt, into the message's row, and only where something of the message is left; so mail that goes through
 * at once costs nothing, and the trail ends with the message. The log has all of it for as long as logs are kept.
 *
 * @module
 */
import type { Outcome } from "../mail/outcome.ts";
import { reasonOf } from "./settlement.ts";

/** Attempts that are kept for a message; and answers of one attempt, each of so many characters. */
export const trailMax = 30;
const answersMax = 10;
const textMax = 300;

/** What some recipients got in one attempt. */
export interface TrailAnswer {
  kind: Outcome["kind"];
  rids: number[];
  /** `mx1.example.test [192.0.2.1]:25`; absent: no host was reached. */
  host?: string;
  /** The reply, or our words. */
  text: string;
}

/** One attempt. */
export interface TrailEntry {
  /** Wall milliseconds. */
  at: number;
  /** As the queue names it. */
  destination: string;
  answers: TrailAnswer[];
}

/** An attempt as JSON; recipients with the same answer stand together. */
export function trailEntry(
  destination: string,
  { at, outcomes }: { at: number; outcomes: readonly Outcome[] },
): string | undefined {
  if (outcomes.length === 0) return undefined;
  const answers = new Map<string, TrailAnswer>();
  for (const outcome of outcomes) {
    const { kind, rid, host } = outcome;
    const text = reasonOf(outcome).slice(0, textMax);
    const key = `${kind} ${host?.address} ${host?.port} ${text}`;
    const known = answers.get(key);
    if (known !== undefined) known.rids.push(rid);
    else if (answers.size < answersMax) {
      const where = host === undefined ? {} : { host: `${host.name} [${host.address}]:${host.port}` };
      answers.set(key, { kind, rids: [rid], ...where, text });
    }
  }
  return JSON.stringify({ at, destination, answers: [...answers.values()] } satisfies TrailEntry);
}
