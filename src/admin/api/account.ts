/**
 * One's own account: password, second factor, sessions.
 *
 * What lets somebody in is changed with the password only, so that a screen that was left open is not enough; and not by a token.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import encodeQr from "qr";
import { sessionIdOf } from "../guard.ts";
import { Problem } from "../problem.ts";
import { base32, totpUri } from "../totp.ts";
import { type ApiApp, type Asked, serve } from "./operation.ts";
import { code, moment, password } from "./schemas.ts";

const tag = "account";

const factorSchema = z.strictObject({
  enabled: z.boolean(),
  since: moment.nullable(),
  recoveryCodes: z.int().openapi({ description: "Codes that are left" }),
}).openapi("SecondFactor");

const sessionSchema = z.strictObject({
  handle: z.string().openapi({ description: "Its name here, which is no secret" }),
  user: z.string(),
  via: z.enum(["session", "certificate"]),
  address: z.string().openapi({ description: "Where the login came from" }),
  began: moment,
  used: moment,
  current: z.boolean().openapi({ description: "It is the one that asks" }),
}).openapi("LiveSession");

type AnyAsked = Pick<Asked<unknown, unknown, unknown>, "world" | "identity" | "context">;

/** Adds the operations. */
export function mountAccount(app: ApiApp): void {
  serve(app, {
    method: "put",
    path: "/account/password",
    id: "changePassword",
    tag,
    summary: "Change one's password; other sessions end",
    role: "read-only",
    body: z.strictObject({ password: password.openapi({ description: "The present one" }), new: password }),
  }, async (asked) => {
    const { world, identity, body, context } = asked;
    await confirm(asked, body.password);
    const { user } = identity!;
    await world.users.update(user, { password: body.new }, user);
    // The session that did it goes on, under what he logs in with now.
    const id = sessionIdOf(context);
    const account = world.accounts.find(user);
    if (id !== undefined && account !== undefined) world.sessions.remark(id, account.mark);
  });
  serve(app, {
    method: "get",
    path: "/account/second-factor",
    id: "getSecondFactor",
    tag,
    summary: "Whether a second factor is on",
    role: "read-only",
    answer: factorSchema,
  }, async ({ world, identity }) => {
    const facts = await world.factors.of(identity!.user);
    return { enabled: facts !== undefined, since: facts?.since ?? null, recoveryCodes: facts?.recoveryCodes ?? 0 };
  });
  serve(app, {
    method: "post",
    path: "/account/second-factor",
    id: "beginSecondFactor",
    tag,
    summary: "Make a secret for an authenticator app; it counts when its first code has come",
    role: "read-only",
    body: z.strictObject({ password }),
    answer: z.strictObject({
      secret: z.string().openapi({ description: "Base32, to be typed" }),
      uri: z.string().openapi({ description: "otpauth://…" }),
      qr: z.string().openapi({ description: "The URI as a QR code, an SVG image" }),
    }).openapi("SecondFactorSecret"),
  }, async (asked) => {
    await confirm(asked, asked.body.password);
    const { world, identity } = asked;
    const secret = world.factors.begin(identity!.user);
    const uri = totpUri(secret, { issuer: `Postern ${world.config().hostname}`, account: identity!.user });
    return { secret: base32(secret), uri, qr: encodeQr(uri, "svg") };
  });
  serve(app, {
    method: "post",
    path: "/account/second-factor/confirm",
    id: "confirmSecondFactor",
    tag,
    summary: "Switch the second factor on by its first code: recovery codes, which are shown once",
    role: "read-only",
    body: z.strictObject({ code }),
    answer: z.strictObject({ recoveryCodes: z.array(z.string()) }).openapi("RecoveryCodes"),
  }, async (asked) => {
    const { world, body } = asked;
    const { user } = notByToken(asked);
    const recoveryCodes = await world.factors.confirm(user, body.code);
    if (recoveryCodes === undefined) {
      throw new Problem(422, { errors: [{ path: "code", detail: "is not the code of the app now; the next one" }] });
    }
    return { recoveryCodes };
  });
  serve(app, {
    method: "delete",
    path: "/account/second-factor",
    id: "removeSecondFactor",
    tag,
    summary: "Switch the second factor off",
    role: "read-only",
    body: z.strictObject({ password }),
  }, async (asked) => {
    await confirm(asked, asked.body.password);
    await asked.world.factors.forget(asked.identity!.user);
  });
  serve(app, {
    method: "get",
    path: "/sessions",
    id: "listSessions",
    tag,
    summary: "Sessions that live: one's own, an administrator's view of all",
    role: "read-only",
    answer: z.strictObject({ sessions: z.array(sessionSchema) }).openapi("Sessions"),
  }, ({ world, identity }) => ({
    sessions: world.sessions.list().filter(({ user }) => maySee(identity!, user)).map((session) => ({
      handle: session.handle,
      user: session.user,
      via: session.via,
      address: session.address,
      began: session.began,
      used: session.used,
      current: session.handle === identity!.handle,
    })),
  }));
  serve(app, {
    method: "delete",
    path: "/sessions/{handle}",
    id: "endSession",
    tag,
    summary: "End a session",
    role: "read-only",
    params: z.strictObject({ handle: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "is no session's handle") }),
  }, ({ world, identity, params }) => {
    const ended = world.sessions.endWhere(({ handle, user }) => handle === params.handle && maySee(identity!, user));
    if (ended === 0) throw new Problem(404, { detail: "There is no such session" });
  });
}

function maySee({ user, role }: NonNullable<AnyAsked["identity"]>, whose: string): boolean {
  return role === "administrator" || user === whose;
}

/** A program that lost its token must not lose the account with it. */
function notByToken({ identity }: AnyAsked): NonNullable<AnyAsked["identity"]> {
  if (identity!.via !== "token") return identity!;
  throw new Problem(403, { detail: "A token cannot change what its owner logs in with" });
}

/** Throws where the password is not the account's own. Who logs in by certificate and has none has shown enough. */
async function confirm(asked: AnyAsked, given: string): Promise<void> {
  const { world, context } = asked;
  const { user } = notByToken(asked);
  const account = world.accounts.find(user);
  const { address } = context.var.client;
  if (account?.password_hash === undefined && account !== undefined) return;
  if (account !== undefined && await world.login.confirms(account, { password: given, address })) return;
  throw new Problem(422, { errors: [{ path: "password", detail: "is not the present one" }] });
}
