/**
 * What goes wrong with an authority, in its own words and with a stable one of ours.
 *
 * Everything that the authority said is escaped here, once, so that no later line has to think of it.
 *
 * @module
 */
import { causeOf, printable } from "../base/text.ts";

/** The prefix of RFC 8555's error types, §6.7. */
const acmePrefix = "urn:ietf:params:acme:error:";

/** A step of an order that failed. The message is one clear line, safe to print. */
export class AcmeError extends Error {
  override name = "AcmeError";
  /** The type of the authority's problem without its prefix, as `rateLimited`; absent: it was no problem of the authority's. */
  readonly type: string | undefined;
  /** How long the authority wants us to wait, in ms. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, facts: { type?: string; retryAfterMs?: number } = {}) {
    super(message);
    this.type = facts.type;
    this.retryAfterMs = facts.retryAfterMs;
  }
}

/** A problem document (RFC 9457) as a line: `unauthorized: Invalid response from http://…; mx1.example.com: dns: no such name`. */
export function problemText(problem: unknown): { type: string | undefined; text: string } {
  const { type, detail, subproblems } = recordOf(problem);
  const short = typeof type === "string" ? shortType(type) : undefined;
  const words = [short ?? "no type", typeof detail === "string" ? printable(detail, detailLengthMax) : "no detail"];
  const parts = Array.isArray(subproblems) ? subproblems.slice(0, subproblemsMax) : [];
  const more = parts.map((part) => {
    const { identifier } = recordOf(part);
    const { value } = recordOf(identifier);
    return `${typeof value === "string" ? printable(value, nameLengthMax) : "?"}: ${problemText(part).text}`;
  });
  return { type: short, text: [words.join(": "), ...more].join("; ") };
}

const detailLengthMax = 500;
const nameLengthMax = 100;
const subproblemsMax = 10;

function shortType(type: string): string {
  return printable(type.startsWith(acmePrefix) ? type.slice(acmePrefix.length) : type, nameLengthMax);
}

/** A value as a record of unknown things; no record is an empty one. */
export function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}

/** Anything that was thrown, as an {@linkcode AcmeError}. */
export function asAcmeError(thrown: unknown): AcmeError {
  return thrown instanceof AcmeError ? thrown : new AcmeError(printable(causeOf(thrown), detailLengthMax));
}

/** Seconds or a date (RFC 9110 §10.2.3) as ms from `now`; `undefined` for none or nonsense. */
export function retryAfterOf(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  // Date.parse takes much more for a date than HTTP does: "-1", for one.
  const date = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} [\d:]{8} GMT$/.test(header) ? Date.parse(header) : NaN;
  return Number.isNaN(date) ? undefined : Math.max(date - now, 0);
}
