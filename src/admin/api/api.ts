/**
 * The REST API: all operations under `/api/v1`, and their OpenAPI document.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { isSafe } from "../csrf.ts";
import { Problem } from "../problem.ts";
import type { AdminWorld } from "../world.ts";
import { mountAccount } from "./account.ts";
import { mountBackups } from "./backups.ts";
import { mountCertificateChanges } from "./certificate_changes.ts";
import { mountCertificates } from "./certificates.ts";
import { mountConfig } from "./config.ts";
import { mountDestinations } from "./destinations.ts";
import { mountExplain } from "./explain.ts";
import { mountLogin } from "./login.ts";
import { mountQueue } from "./queue.ts";
import { type ApiApp, problemContent } from "./operation.ts";
import { mountRecords } from "./records.ts";
import { mountServices } from "./services.ts";
import { mountSettings } from "./settings.ts";
import { mountStatus } from "./status.ts";
import { mountTokens } from "./tokens.ts";
import { mountTrust } from "./trust.ts";
import { mountUsers } from "./users.ts";

/** Where the document is. */
const documentPath = "/api/v1/openapi.json";

/** Adds the operations. */
export function mountApi(app: ApiApp, world: AdminWorld): void {
  app.use("/api/*", (context, next) => {
    const { raw } = context.req;
    if (!isSafe(context.req.method) && raw.body !== null && !isJson(raw.headers)) {
      throw new Problem(415, { detail: "A body is application/json here" });
    }
    return next();
  });
  mountLogin(app);
  mountAccount(app);
  mountUsers(app);
  mountTokens(app);
  mountStatus(app);
  mountQueue(app);
  mountDestinations(app);
  mountExplain(app);
  mountRecords(app);
  mountConfig(app);
  mountCertificates(app);
  mountCertificateChanges(app);
  mountTrust(app);
  mountSettings(app);
  mountBackups(app);
  mountServices(app);
  describeFigures(app);

  app.openAPIRegistry.registerComponent("securitySchemes", "token", {
    type: "http",
    scheme: "bearer",
    description: "An API token, made on the page or by `createToken`",
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "session", {
    type: "apiKey",
    in: "cookie",
    name: "__Host-postern",
    description: "A browser's session",
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "csrf", {
    type: "apiKey",
    in: "header",
    name: "X-CSRF-Token",
    description: "Beside a session, where something is changed: the word that `getSession` gives",
  });
  let document: unknown;
  app.get(documentPath, (context) => {
    document ??= app.getOpenAPI31Document({
      openapi: "3.1.0",
      info: {
        title: "Postern",
        version: world.vitals().version,
        description:
          "The gateway's API. Every refusal is a problem document (RFC 9457). Times are milliseconds since 1970.",
      },
      servers: [{ url: "/" }],
      tags: tags.map(([name, description]) => ({ name, description })),
    });
    return context.json(document as object);
  });
}

/** The runtime's server shows a stream for a body of nothing too, which has neither a type nor a length. */
function isJson(headers: Headers): boolean {
  const type = headers.get("Content-Type");
  if (type !== null) return /^application\/json *(;|$)/i.test(type);
  return Number(headers.get("Content-Length") ?? 0) === 0 && !headers.has("Transfer-Encoding");
}

/** What is served beside the API, under paths of its own. */
function describeFigures(app: ApiApp): void {
  const json = (schema: z.ZodType) => ({ "application/json": { schema } });
  const troubles = z.array(z.string()).openapi({ description: "What keeps it from being so, one line each" });
  const health = z.strictObject({
    healthy: z.boolean(),
    troubles,
    listeners: z.array(z.strictObject({ name: z.string(), address: z.string(), listening: z.boolean() })),
    delivery: z.strictObject({ connections: z.int(), failingHosts: z.int() }),
    queue: z.strictObject({ messages: z.int() }),
  }).openapi("Health");
  const readiness = z.strictObject({ ready: z.boolean(), troubles }).openapi("Readiness");
  for (
    const [path, id, summary, schema] of [
      ["/healthz", "getHealth", "Mail can come in at every listener, be stored, and go out", health],
      ["/readyz", "getReadiness", "New mail is taken now", readiness],
    ] as const
  ) {
    app.openAPIRegistry.registerPath({
      method: "get",
      path,
      operationId: id,
      summary,
      tags: ["figures"],
      security: [],
      responses: {
        200: { description: "It is so", content: json(schema) },
        503: { description: "It is not", content: json(schema) },
        "4XX": { description: "It was not done", content: problemContent },
      },
    });
  }
  app.openAPIRegistry.registerPath({
    method: "get",
    path: "/metrics",
    operationId: "getMetrics",
    summary: "Metrics in the text form of Prometheus",
    description: "By the token of `metrics.token_file`, an API token or a session.",
    tags: ["figures"],
    security: [{ token: [] }, { session: [] }],
    responses: {
      200: { description: "The metrics", content: { "text/plain": { schema: z.string() } } },
      "4XX": { description: "It was not done", content: problemContent },
      "5XX": { description: "It could not be done", content: problemContent },
    },
  });
}

/** What the operations are about. */
const tags = [
  ["login", "Logging in and out, and the set-up of the first administrator"],
  ["account", "One's own account"],
  ["users", "Users of page and API"],
  ["tokens", "API tokens"],
  ["status", "How the gateway does, and its suspension"],
  ["queue", "Mail that waits"],
  ["destinations", "Destinations and sender domains, and how TLS went"],
  ["explain", "What the gateway would do"],
  ["alerts", "What went wrong"],
  ["tracking", "Messages in the mail log"],
  ["config", "The configuration, staged changes, history"],
  ["certificates", "Certificates, their keys and signing requests"],
  ["trust", "Authorities, revocation lists, and the status of our own certificates"],
  ["backup", "Everything in one archive"],
  ["figures", "For watchmen and Prometheus"],
] as const;
