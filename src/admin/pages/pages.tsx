/**
 * The pages, and their files.
 *
 * @module
 */
import type { Context } from "hono";
import type { ApiApp } from "../api/operation.ts";
import { assetAnswer } from "../assets.ts";
import { Problem } from "../problem.ts";
import { mountEntrance } from "./entrance.tsx";
import { Layout } from "./layout.tsx";
import type { AdminEnv, AdminWorld } from "../world.ts";

/** Adds the pages. */
export function mountPages(app: ApiApp, world: AdminWorld): void {
  app.get("/assets/:name", (context) => {
    const answer = assetAnswer(context, context.req.param("name"));
    if (answer === undefined) throw new Problem(404);
    return answer;
  });
  mountEntrance(app, world);
}

/** Answers a browser with a page that says what went wrong; programs get the document. */
export function problemPage(context: Context<AdminEnv>, problem: Problem): Response | Promise<Response> | undefined {
  if (!(context.req.header("Accept") ?? "").includes("text/html")) return undefined;
  const { title, status, words: { detail, headers } } = problem;
  if (status === 401 && context.req.method === "GET") return context.redirect("/login", 303);
  return context.html(
    <Layout title={title}>
      <h1>{title}</h1>
      {detail !== undefined && <p>{detail}</p>}
      <p>
        <a href="/">To the first page</a>
      </p>
    </Layout>,
    status,
    headers,
  );
}
