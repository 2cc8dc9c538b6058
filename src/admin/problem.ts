/**
 * What went wrong with a request, as RFC 9457 has it: `application/problem+json`.
 *
 * Whatever throws a {@linkcode Problem} is answered with it; what else is thrown is our fault, is logged, and shows nothing of itself.
 *
 * @module
 */
import type { Context } from "hono";

/** One field that is wrong. */
export interface FieldFault {
  /** `users.ann.role`; empty: the whole. */
  path: string;
  /** `is missing; one of …` */
  detail: string;
}

/** What a problem says besides its status. */
export interface ProblemWords {
  detail?: string;
  errors?: readonly FieldFault[];
  /** A word for programs, behind `/problems/`; absent: the status says all. */
  type?: string;
  headers?: Readonly<Record<string, string>>;
}

// deno-fmt-ignore
const titles = {
  400: "The request cannot be understood",
  401: "A login is needed",
  403: "This is not allowed",
  404: "There is nothing here",
  405: "This cannot be done here",
  409: "Something else was there first",
  412: "It has changed meanwhile",
  413: "The request is too large",
  415: "The request is of the wrong kind",
  422: "The request has faults",
  428: "The state that is to be changed has to be named",
  429: "Too many requests",
  500: "The gateway failed to answer",
  503: "This cannot be done now",
} as const;

/** Statuses that problems have. */
export type ProblemStatus = keyof typeof titles;

/** See the module. */
export class Problem extends Error {
  override name = "Problem";
  readonly status: ProblemStatus;
  readonly words: ProblemWords;

  constructor(status: ProblemStatus, words: ProblemWords = {}) {
    super(words.detail ?? titles[status]);
    this.status = status;
    this.words = words;
  }

  get title(): string {
    return titles[this.status];
  }

  /** The document. */
  get document(): Record<string, unknown> {
    const { detail, errors, type } = this.words;
    return {
      type: type === undefined ? "about:blank" : `/problems/${type}`,
      title: this.title,
      status: this.status,
      ...(detail === undefined ? {} : { detail }),
      ...(errors === undefined ? {} : { errors }),
    };
  }
}

/** The answer that a problem is. */
export function problemAnswer(context: Context, problem: Problem): Response {
  return context.body(JSON.stringify(problem.document), problem.status, {
    "Content-Type": "application/problem+json",
    ...problem.words.headers,
  });
}
