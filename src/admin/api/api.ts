/**
 * The REST API: all operations under `/api/v1`, and their OpenAPI document.
 *
 * @module
 */
import { isSafe } from "../csrf.ts";
import { Problem } from "../problem.ts";
import type { AdminWorld } from "../world.ts";
import { mountAccount } from "./account.ts";
import { mountCommands } from "./commands.ts";
import { mountConfig } from "./config.ts";
import { mountDestinations } from "./destinations.ts";
import { mountExplain } from "./explain.ts";
import { mountLogin } from "./login.ts";
import { mountQueue } from "./queue.ts";
import type { ApiApp } from "./operation.ts";
import { mountRecords } from "./records.ts";
import { mountStatus } from "./status.ts";
import { mountTokens } from "./tokens.ts";
import { mountUsers } from "./users.ts";

/** Where the document is. */
const documentPath = "/api/v1/openapi.json";

/** Adds the operations. */
export function mountApi(app: ApiApp, world: AdminWorld): void {
  app.use("/api/*", async (context, next) => {
    const { raw } = context.req;
    if (
      !isSafe(context.req.method) && raw.body !== null &&
      !/^application\/json *(;|$)/i.test(raw.headers.get("Content-Type") ?? "")
    ) {
      throw new Problem(415, { detail: "A body is application/json here" });
    }
    await next();
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
  mountCommands(app);

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
  ["commands", "Certificates, TLS settings and backup, by the words of the command line"],
] as const;
