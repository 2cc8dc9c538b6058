/**
 * Logging in and out, and the set-up of the first administrator.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { giveSession, sessionIdOf, takeSession } from "../guard.ts";
import type { LoginEnd } from "../login.ts";
import { Problem, saying } from "../problem.ts";
import type { AdminEnv, AdminWorld } from "../world.ts";
import { type ApiApp, serve } from "./operation.ts";
import { code, moment, password, role, userName } from "./schemas.ts";
import { tell } from "../texts.ts";

const tag = "login";

const sessionSchema = z.strictObject({
  user: userName,
  role,
  via: z.enum(["session", "token", "certificate"]).openapi({ description: "How he logged in" }),
  csrf: z.string().openapi({ description: "For the header X-CSRF-Token of changes; empty for a token" }),
  expires: moment.nullable().openapi({ description: "When it ends if nobody uses it any more" }),
  recoveryCodeUsed: z.boolean().optional().openapi({ description: "A recovery code was used up" }),
}).openapi("Session");

/** Adds the operations. */
export function mountLogin(app: ApiApp): void {
  serve(app, {
    method: "post",
    path: "/login",
    id: "login",
    tag,
    summary: "Log in by name and password: a session cookie",
    description:
      "A second factor that is wanted is a problem of type `/problems/second-factor`: the same again with `code`.",
    role: null,
    body: z.strictObject({ user: z.string().min(1).max(255), password, code: code.optional() }),
    answer: sessionSchema,
  }, async ({ body, context, world }) => {
    const { address } = context.var.client;
    const end = await world.login.login({ ...body, address, before: sessionIdOf(context) });
    return sessionFrom(end, { context, world });
  });
  serve(app, {
    method: "post",
    path: "/login/certificate",
    id: "loginByCertificate",
    tag,
    summary: "Log in by the client certificate of this connection: a session cookie",
    role: null,
    answer: sessionSchema,
  }, ({ context, world }) => {
    const { address, certificate } = context.var.client;
    if (certificate === undefined) {
      throw new Problem(401, { type: "no-certificate", ...saying(tell("fault.login.certificate")) });
    }
    return sessionFrom(world.login.byCertificate(certificate, { address, before: sessionIdOf(context) }), {
      context,
      world,
    });
  });
  serve(app, {
    method: "post",
    path: "/logout",
    id: "logout",
    tag,
    summary: "End this session",
    role: "read-only",
  }, ({ context, world }) => {
    const id = sessionIdOf(context);
    if (id !== undefined) world.sessions.end(id);
    takeSession(context);
  });
  serve(app, {
    method: "get",
    path: "/session",
    id: "getSession",
    tag,
    summary: "Who is logged in",
    role: "read-only",
    answer: sessionSchema,
  }, ({ identity, world }) => {
    const { user, role, via, csrf, handle } = identity!;
    const session = world.sessions.list().find((each) => each.handle === handle);
    return { user, role, via, csrf, expires: session === undefined ? null : world.sessions.endOf(session) };
  });
  serve(app, {
    method: "get",
    path: "/setup",
    id: "getSetup",
    tag,
    summary: "Whether the first administrator has to be made",
    role: null,
    answer: z.strictObject({ needed: z.boolean() }).openapi("Setup"),
  }, ({ world }) => ({ needed: world.setup.needed }));
  serve(
    app,
    {
      method: "post",
      path: "/setup",
      id: "setUp",
      tag,
      summary: "Make the first administrator, by the token of the set-up link: a session cookie",
      role: null,
      status: 201,
      body: z.strictObject({ token: z.string().max(100), user: userName, password }),
      answer: sessionSchema,
    },
    async ({ body, context, world }) =>
      sessionFrom(await setUp(world, body, context.var.client.address), { context, world }),
  );
}

/** Makes the first administrator, who is logged in then. Throws a {@linkcode Problem} where the token opens nothing, or a field is wrong. */
export async function setUp(
  { setup, users, audit, accounts, login }: AdminWorld,
  { token, user, password }: { token: string; user: string; password: string },
  address: string,
): Promise<LoginEnd> {
  const used = await setup.use(token, () => users.create(user, { role: "administrator", password }, user));
  audit.note({
    action: "setUp",
    ok: used !== undefined,
    user,
    address,
    ...(used ? {} : { detail: "the link is not valid" }),
  });
  if (used === undefined) {
    throw new Problem(403, {
      type: "setup-link",
      ...saying(tell("fault.setup.link")),
    });
  }
  if (accounts.find(user) === undefined) {
    throw new Problem(503, saying(tell("fault.setup.soon")));
  }
  return await login.login({ user, password, address });
}

/** Gives the browser the session of a login, or throws the {@linkcode Problem} that it came to. */
export function admit(context: Context<AdminEnv>, end: LoginEnd): Extract<LoginEnd, { kind: "in" }> {
  switch (end.kind) {
    case "in":
      giveSession(context, end.id);
      return end;
    case "code":
      throw new Problem(401, { type: "second-factor", ...saying(tell("fault.login.code")) });
    case "refused":
      throw new Problem(401, { type: "login", ...saying(tell("fault.login.wrong")) });
    case "locked":
      throw new Problem(429, {
        type: "locked",
        ...saying(tell("fault.login.locked")),
        headers: { "Retry-After": `${end.seconds}` },
      });
    case "busy":
      throw new Problem(503, { ...saying(tell("fault.login.busy")), headers: { "Retry-After": "2" } });
    default:
      return end satisfies never;
  }
}

function sessionFrom(
  end: LoginEnd,
  { context, world }: { context: Context<AdminEnv>; world: AdminWorld },
): z.input<typeof sessionSchema> {
  const { session, account, recoveryCodeUsed } = admit(context, end);
  const { user, via, csrf } = session;
  return {
    user,
    role: account.role,
    via,
    csrf,
    expires: world.sessions.endOf(session),
    ...(recoveryCodeUsed ? { recoveryCodeUsed } : {}),
  };
}
