/**
 * One's own account: password, second factor, sessions.
 *
 * What lets somebody in is changed with the password only, so that a screen that was left open is not enough; and not by a token.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import encodeQr from "qr";
import {
  beginOwnFactor,
  changeOwnPassword,
  confirmOwn,
  confirmOwnFactor,
  maySeeSessions,
  type OwnCall,
} from "../own_account.ts";
import { Problem } from "../problem.ts";
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

function ownCall({ world, identity, context }: AnyAsked): OwnCall {
  return { world, identity: identity!, context };
}

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
    await changeOwnPassword(ownCall(asked), { password: asked.body.password, fresh: asked.body.new });
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
    const begun = await beginOwnFactor(ownCall(asked), asked.body.password);
    return { ...begun, qr: encodeQr(begun.uri, "svg") };
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
  }, async (asked) => ({ recoveryCodes: await confirmOwnFactor(ownCall(asked), asked.body.code) }));
  serve(app, {
    method: "delete",
    path: "/account/second-factor",
    id: "removeSecondFactor",
    tag,
    summary: "Switch the second factor off",
    role: "read-only",
    body: z.strictObject({ password }),
  }, async (asked) => {
    await confirmOwn(ownCall(asked), asked.body.password);
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
    sessions: world.sessions.list().filter(({ user }) => maySeeSessions(identity!, user)).map((session) => ({
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
    const ended = world.sessions.endWhere(({ handle, user }) =>
      handle === params.handle && maySeeSessions(identity!, user)
    );
    if (ended === 0) throw new Problem(404, { detail: "There is no such session" });
  });
}
