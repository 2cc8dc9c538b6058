/**
 * What the front answers: routes, by Hono, which is loaded with the first request.
 *
 * @module
 */
import type { Context, Hono } from "hono";
import { createHash, timingSafeEqual } from "node:crypto";
import type { MetricsPage } from "../monitor/metrics.ts";
import type { Health } from "./health.ts";

/** Who asks. */
export interface Client {
  /** The peer's address. */
  address: string;
}

/** Answers a request whose URL is the one that the client asked for. */
export type App = (request: Request, client: Client) => Promise<Response>;

/** What the routes show. */
export interface AppSource {
  health(): Health;
  /** Loads what renders the metrics. */
  metrics(): Promise<MetricsPage>;
  /** The token that opens `/metrics`; `null`: everybody may read them. Rejects where it cannot be read. */
  token: (() => Promise<string>) | null;
  /** Something of ours failed. */
  fault(text: string, thrown: unknown): void;
}

/** `/healthz` and `/metrics`. */
export function makeApp(source: AppSource): App {
  let loading: Promise<Hono> | undefined;
  return async (request) => {
    // What could not be loaded once may be there the next time.
    const app = await (loading ??= build(source).catch((error) => {
      loading = undefined;
      throw error;
    }));
    return await app.fetch(request);
  };
}

async function build({ health, metrics, token, fault }: AppSource): Promise<Hono> {
  const { Hono } = await import("hono");
  const app = new Hono();
  let page: Promise<MetricsPage> | undefined;
  app.use(async (context, next) => {
    await next();
    context.header("Cache-Control", "no-store");
    context.header("X-Content-Type-Options", "nosniff");
  });
  app.get("/healthz", (context) => {
    const state = health();
    return context.json(state, state.healthy ? 200 : 503);
  });
  app.get("/metrics", async (context) => {
    if (token !== null) {
      const refusal = await refusalOf(context, token, fault);
      if (refusal !== undefined) return refusal;
    }
    page ??= metrics().catch((error) => {
      page = undefined;
      throw error;
    });
    const { contentType, render } = await page;
    return context.body(await render(), 200, { "Content-Type": contentType });
  });
  for (const path of ["/healthz", "/metrics"]) {
    app.all(
      path,
      (context) => context.json({ error: "Only GET and HEAD are answered here" }, 405, { Allow: "GET, HEAD" }),
    );
  }
  app.notFound((context) => context.json({ error: "There is nothing here" }, 404));
  app.onError((error, context) => {
    fault(`Cannot answer ${context.req.method} ${context.req.path}`, error);
    return context.json({ error: "The gateway failed to answer; its log says why" }, 500);
  });
  return app;
}

/** The answer to whoever does not show the token; `undefined`: he did. */
async function refusalOf(
  context: Context,
  token: () => Promise<string>,
  fault: AppSource["fault"],
): Promise<Response | undefined> {
  let wanted: string;
  try {
    wanted = await token();
  } catch (error) {
    fault("Cannot tell who may read /metrics", error);
    return context.json({ error: "The token cannot be read; the gateway's log says why" }, 503);
  }
  const given = /^Bearer +(\S+) *$/i.exec(context.req.header("Authorization") ?? "")?.[1] ?? "";
  if (sameText(given, wanted)) return undefined;
  return context.json({ error: "A bearer token is needed" }, 401, { "WWW-Authenticate": 'Bearer realm="Postern"' });
}

/** Compares in a time that says nothing about where the two differ. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
