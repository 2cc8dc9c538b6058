/**
 * What is answered where no route is, or where one failed.
 *
 * @module
 */
import type { Context, Env, Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { methodsOf } from "./methods.ts";
import { Problem, problemAnswer } from "./problem.ts";

/** How misses are told. */
export interface MissesOptions<E extends Env> {
  /** Something of ours failed. */
  fault(text: string, thrown: unknown): void;
  /** Answers with a page instead of a document, or not. */
  page?(context: Context<E>, problem: Problem): Response | Promise<Response | undefined> | undefined;
}

/** Adds the answers, behind all routes: 404, 405, OPTIONS, and whatever a handler throws. */
export function answerMisses<E extends Env>(app: Hono<E>, { fault, page }: MissesOptions<E>): void {
  const methods = methodsOf(app.routes);
  app.notFound((context) => {
    const { method, path } = context.req;
    const allowed = methods(path);
    if (allowed.length === 0) throw new Problem(404);
    const headers = { Allow: allowed.join(", ") };
    if (method === "OPTIONS") return context.body(null, 204, headers);
    throw new Problem(405, { detail: `Only ${headers.Allow} are answered here`, headers });
  });
  app.onError(async (error, context) => {
    const problem = problemOf(error);
    if (problem.status === 500) fault(`Cannot answer ${context.req.method} ${context.req.path}`, error);
    return await page?.(context, problem) ?? problemAnswer(context, problem);
  });
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  // What the library says of a body that is none.
  if (error instanceof HTTPException && error.status === 400) return new Problem(400, { detail: error.message });
  return new Problem(500, { detail: "The gateway's log says why" });
}
