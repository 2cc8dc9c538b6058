/**
 * What programs ask without a page: `/healthz`, `/readyz`, `/metrics`.
 *
 * @module
 */
import type { Context, Env, Hono } from "hono";
import type { MetricsPage } from "../monitor/metrics.ts";
import type { Vitals } from "../monitor/vitals.ts";
import { healthOf, readinessOf } from "./health.ts";
import { Problem } from "./problem.ts";
import { sameText } from "./secrets.ts";

/** What the figures are made of. */
export interface FigureSource {
  vitals(): Vitals;
  /** Loads what renders the metrics. */
  metrics(): Promise<MetricsPage>;
  /** The token that opens `/metrics`; `null`: everybody may read them. Rejects where it cannot be read. */
  token: (() => Promise<string>) | null;
  /** Something of ours failed. */
  fault(text: string, thrown: unknown): void;
}

/** Adds the routes. Whoever `identity` knows may read `/metrics` too. */
export function mountFigures<E extends Env>(
  app: Hono<E>,
  { vitals, metrics, token, fault }: FigureSource,
  identity: (context: Context<E>) => boolean = () => false,
): void {
  let page: Promise<MetricsPage> | undefined;
  app.get("/healthz", (context) => {
    const state = healthOf(vitals());
    return context.json(state, state.healthy ? 200 : 503);
  });
  app.get("/readyz", (context) => {
    const state = readinessOf(vitals());
    return context.json(state, state.ready ? 200 : 503);
  });
  app.get("/metrics", async (context) => {
    if (token !== null && !identity(context)) {
      await refuseStranger(context.req.header("Authorization"), token, fault);
    }
    page ??= metrics().catch((error) => {
      page = undefined;
      throw error;
    });
    const { contentType, render } = await page;
    return context.body(await render(), 200, { "Content-Type": contentType });
  });
}

/** Throws for whoever does not show the token. */
async function refuseStranger(
  authorization: string | undefined,
  token: () => Promise<string>,
  fault: FigureSource["fault"],
): Promise<void> {
  let wanted: string;
  try {
    wanted = await token();
  } catch (error) {
    fault("Cannot tell who may read /metrics", error);
    throw new Problem(503, { detail: "The token cannot be read; the gateway's log says why" });
  }
  const given = /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1] ?? "";
  if (sameText(given, wanted)) return;
  throw new Problem(401, {
    detail: "A bearer token is needed",
    headers: { "WWW-Authenticate": 'Bearer realm="Postern"' },
  });
}
