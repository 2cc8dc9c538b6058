/**
 * What went wrong with a request, as RFC 9457 has it: `application/problem+json`.
 *
 * Whatever throws a {@linkcode Problem} is answered with it; what else is thrown is our fault, is logged, and shows nothing of itself.
 *
 * @module
 */
import type { Context } from "hono";
import type { Told } from "../base/told.ts";
import { adminTexts } from "./texts.ts";

/** One field that is wrong. */
export interface FieldFault {
  /** `users.ann.role`; empty: the whole. */
  path: string;
  /** `is missing; one of …` */
  detail: string;
  /** The same, for readers of another language. */
  told?: Told;
}

/** What a problem says besides its status. */
export interface ProblemWords {
  detail?: string;
  /** The detail, or its first line, for readers of another language. */
  told?: Told;
  errors?: readonly FieldFault[];
  /** A word for programs, behind `/problems/`; absent: the status says all. */
  type?: string;
  headers?: Readonly<Record<string, string>>;
}

/** Statuses that problems have. */
export type ProblemStatus = keyof typeof adminTexts extends infer Key
  ? Key extends `problem.${infer Status extends number}` ? Status : never
  : never;

/** See the module. */
export class Problem extends Error {
  override name = "Problem";
  readonly status: ProblemStatus;
  readonly words: ProblemWords;

  constructor(status: ProblemStatus, words: ProblemWords = {}) {
    super(words.detail ?? titleOf(status));
    this.status = status;
    this.words = words;
  }

  get title(): string {
    return titleOf(this.status);
  }

  /** The document. */
  get document(): Record<string, unknown> {
    const { detail, told, errors, type } = this.words;
    return {
      type: type === undefined ? "about:blank" : `/problems/${type}`,
      title: this.title,
      status: this.status,
      ...(detail === undefined ? {} : { detail }),
      ...coded(told),
      ...(errors === undefined ? {} : { errors: errors.map(errorOf) }),
    };
  }
}

function titleOf(status: ProblemStatus): string {
  return adminTexts[`problem.${status}`];
}

/** What a problem says by a code. */
export function saying(told: Told): { detail: string; told: Told } {
  return { detail: told.text, told };
}

function errorOf({ path, detail, told }: FieldFault): Record<string, string> {
  return { path, detail, ...coded(told) };
}

/** The code alone: what it names stands in the detail. */
function coded(told: Told | undefined): { code?: string } {
  return told === undefined ? {} : { code: told.code };
}

/** The answer that a problem is. */
export function problemAnswer(context: Context, problem: Problem): Response {
  return context.body(JSON.stringify(problem.document), problem.status, {
    "Content-Type": "application/problem+json",
    ...problem.words.headers,
  });
}
