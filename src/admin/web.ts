/**
 * Everything that is served on the admin address: guard, API, pages, figures. Loaded with the first request.
 *
 * @module
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import { mountApi } from "./api/api.ts";
import { refuseFaults } from "./api/operation.ts";
import type { App } from "./app.ts";
import { mountFigures } from "./figures.ts";
import { boundBody, guard, refuse } from "./guard.ts";
import { answerMisses } from "./misses.ts";
import { mountPages } from "./pages/pages.tsx";
import { securityHeaders } from "./security_headers.ts";
import type { AdminEnv, AdminWorld } from "./world.ts";

/** See the module. */
export function makeWeb(world: AdminWorld): App {
  const app = makeRouter(world);
  return async (request, client) => await app.fetch(request, { client });
}

/** All routes. */
export function makeRouter(world: AdminWorld): OpenAPIHono<AdminEnv> {
  const app = new OpenAPIHono<AdminEnv>({ defaultHook: refuseFaults });
  app.use(async (context, next) => {
    context.set("world", world);
    context.set("client", context.env.client);
    await next();
    // `context.header` would make the answer anew each time, with its body as a stream.
    const { headers } = context.res;
    for (const [name, value] of Object.entries(securityHeaders)) headers.set(name, value);
    if (headers.has("Cache-Control")) return;
    // The runtime would compress it: whoever has words of his in an answer beside a secret reads the secret from its length (BREACH), a tag becomes weak, which
    // no If-Match takes (RFC 9110 §13.1.1), and a short answer costs an eighth more CPU.
    headers.set("Cache-Control", "no-store, no-transform");
  });
  app.use(guard(world), boundBody(), refuse());
  mountFigures(app, { ...world, token: world.metricsToken }, ({ var: { identity } }) => identity !== undefined);
  mountApi(app, world);
  const problemPage = mountPages(app, world);
  answerMisses(app, {
    fault: world.fault,
    page: (context, problem) => context.req.path.startsWith("/api/") ? undefined : problemPage(context, problem),
  });
  return app;
}
