/**
 * Everything that is served on the admin address: guard, API, pages, figures. Loaded with the first request.
 *
 * @module
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import { bodyLimit } from "hono/body-limit";
import { limits } from "../base/limits.ts";
import { mountApi } from "./api/api.ts";
import { refuseFaults } from "./api/operation.ts";
import type { App } from "./app.ts";
import { mountFigures } from "./figures.ts";
import { guard } from "./guard.ts";
import { answerMisses } from "./misses.ts";
import { mountPages } from "./pages/pages.tsx";
import { Problem } from "./problem.ts";
import type { AdminEnv, AdminWorld } from "./world.ts";

/**
 * What every answer says to browsers: nothing from elsewhere, no inline scripts or styles, no frames, nothing told to others (with `no-referrer` a
 * browser would send `Origin: null` with our own forms). HSTS (RFC 6797)
 * counts for whoever came with a certificate that his browser trusts.
 */
const securityHeaders = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "Strict-Transport-Security": "max-age=31536000",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
} as const;

/** See the module. */
export function makeWeb(world: AdminWorld): App {
  const app = new OpenAPIHono<AdminEnv>({ defaultHook: refuseFaults });
  app.use(async (context, next) => {
    context.set("world", world);
    context.set("client", context.env.client);
    await next();
    for (const [name, value] of Object.entries(securityHeaders)) context.header(name, value);
    if (!context.res.headers.has("Cache-Control")) context.header("Cache-Control", "no-store");
  });
  app.use(bodyLimit({
    maxSize: limits.apiBodyOctetsMax,
    onError: () => {
      throw new Problem(413, { detail: `A body has at most ${limits.apiBodyOctetsMax} octets` });
    },
  }));
  app.use(guard(world));
  mountFigures(app, { ...world, token: world.metricsToken }, ({ var: { identity } }) => identity !== undefined);
  mountApi(app, world);
  const problemPage = mountPages(app, world);
  answerMisses(app, {
    fault: world.fault,
    page: (context, problem) => context.req.path.startsWith("/api/") ? undefined : problemPage(context, problem),
  });
  return async (request, client) => await app.fetch(request, { client });
}
