/**
 * The figures on an address of their own: `metrics.address`, on loopback, without TLS and without a login.
 *
 * @module
 */
import { Hono } from "hono";
import type { App } from "./app.ts";
import { type FigureSource, mountFigures } from "./figures.ts";
import { answerMisses } from "./misses.ts";

/** See the module. */
export function makeFigures(source: Omit<FigureSource, "token">): App {
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    context.header("Cache-Control", "no-store");
    context.header("X-Content-Type-Options", "nosniff");
  });
  mountFigures(app, { ...source, token: null });
  answerMisses(app, { fault: source.fault });
  return async (request) => await app.fetch(request);
}
