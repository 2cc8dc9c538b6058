/**
 * Answers that are remembered for a while, bounded: the oldest goes first.
 *
 * Recipients and others are kept apart, so that a harvest of addresses, which makes as many of the others as it likes, pushes no recipient out.
 *
 * @module
 */
import { limits } from "../base/limits.ts";

/** See the module. */
export class Answers {
  readonly #now: () => number;
  readonly #ms: number;
  readonly #known = new Map<string, number>();
  readonly #unknown = new Map<string, number>();

  /** `now`: monotonic milliseconds; `ms`: how long an answer counts. */
  constructor({ now, ms }: { now: () => number; ms: number }) {
    this.#now = now;
    this.#ms = ms;
  }

  /** Answers that are remembered. */
  get size(): number {
    return this.#known.size + this.#unknown.size;
  }

  /** What was answered; `undefined`: nothing that still counts. */
  find(question: string): "known" | "unknown" | undefined {
    return this.#counts(this.#known, question)
      ? "known"
      : this.#counts(this.#unknown, question)
      ? "unknown"
      : undefined;
  }

  /** Remembers an answer in place of the one before. */
  keep(question: string, answer: "known" | "unknown"): void {
    this.#known.delete(question);
    this.#unknown.delete(question);
    if (this.#ms === 0) return;
    const among = answer === "known" ? this.#known : this.#unknown;
    if (among.size >= limits.directoryAnswersMax) among.delete(among.keys().next().value!);
    among.set(question, this.#now() + this.#ms);
  }

  #counts(among: Map<string, number>, question: string): boolean {
    const until = among.get(question);
    if (until === undefined) return false;
    if (this.#now() < until) return true;
    among.delete(question);
    return false;
  }
}
