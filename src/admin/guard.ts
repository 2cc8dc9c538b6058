/**
 * The way in: whom a request is from, whether it may change something, and how often.
 *
 * Everything under `/api/` needs a login unless it stands in {@linkcode open}; what role it takes is said by each operation and each page with
 * {@linkcode requireRole}. A request that shows a token is judged by the token alone.
 *
 * @module
 */
import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { limits } from "../base/limits.ts";
import { clientKey } from "../policy/client_key.ts";
import { csrfField, csrfHeader, foreignOrigin, isOwnWord, isSafe } from "./csrf.ts";
import { formOf } from "./form.ts";
import { type Identity, mayAct, type Role } from "./identity.ts";
import { Problem, saying } from "./problem.ts";
import { RequestRate } from "./rate.ts";
import type { AdminEnv, AdminWorld } from "./world.ts";
import { tell } from "./texts.ts";

/** `__Host-postern`: the browser takes it over HTTPS from this very host only. */
const cookieName = "postern";

/** Says that a page asks by itself, and nobody has touched it since it asked last: a desk that was left does not stay open. */
export const liveHeader = "X-Postern-Live";

/** Paths below `/api/` that need no login. */
const open = /^\/api\/v1\/(openapi\.json|login(\/.*)?|setup(\/.*)?)$/;
/** Paths whose token is judged where they are. */
const ownTokens: readonly string[] = ["/metrics"];

/** Paths to which a whole configuration is sent, or a whole table. */
const takeFiles: readonly string[] = [
  "/api/v1/config/candidate",
  "/api/v1/backup/restore",
  "/configuration/upload",
  "/hat/edit", // a group with all its senders
  "/backups/upload",
];

/** Puts `identity` into the context, or refuses who asks too often or with a bad token. */
export function guard({ clock }: AdminWorld): MiddlewareHandler<AdminEnv> {
  const known = new RequestRate(clock, limits.apiRequestsPerSecondMax);
  const anonymous = new RequestRate(clock, limits.anonymousRequestsPerSecondMax);
  return async (context, next) => {
    const { req, req: { path } } = context;
    const identity = await identify(context);
    context.set("identity", identity);
    const wait = identity === undefined
      ? anonymous.take(clientKey(context.get("client").address))
      : known.take(`${identity.via} ${identity.handle}`);
    if (wait > 0) throw new Problem(429, { headers: { "Retry-After": `${wait}` } });
    if (identity === undefined && req.header("Authorization") !== undefined && !ownTokens.includes(path)) {
      throw unauthorized("The token is unknown or has expired");
    }
    await next();
  };
}

/** Bounds the body: what an administrator may send where a whole file is sent, and everybody else. Behind {@linkcode guard}. */
export function boundBody(): MiddlewareHandler<AdminEnv> {
  const bounded = (maxSize: number) =>
    bodyLimit({
      maxSize,
      onError: () => {
        throw new Problem(413, { detail: `A body has at most ${maxSize} octets` });
      },
    });
  const [usual, file] = [bounded(limits.apiBodyOctetsMax), bounded(limits.apiFileOctetsMax)];
  return (context, next) => {
    const identity = context.get("identity");
    const long = identity !== undefined && mayAct(identity.role, "administrator") &&
      takeFiles.includes(context.req.path);
    return context.req.raw.body === null ? next() : (long ? file : usual)(context, next);
  };
}

/** Refuses what another site makes a browser do, and the API to who is not logged in. Behind {@linkcode boundBody}: a form is read for its word. */
export function refuse(): MiddlewareHandler<AdminEnv> {
  return async (context, next) => {
    const { path, method } = context.req;
    const identity = context.get("identity");
    if (!isSafe(method) && identity?.via !== "token") await refuseForeign(context, identity);
    if (identity === undefined && path.startsWith("/api/") && !open.test(path)) throw unauthorized();
    await next();
  };
}

/** Lets through who may do what takes `role`; nobody else. */
export function requireRole(role: Role): MiddlewareHandler<AdminEnv> {
  return (context, next) => {
    identityOf(context, role);
    return next();
  };
}

/** Who is logged in and may do what takes `role`. Throws a {@linkcode Problem} where nobody is, or may. */
export function identityOf(context: Context<AdminEnv>, role: Role = "read-only"): Identity {
  const identity = context.get("identity");
  if (identity === undefined) throw unauthorized();
  if (!mayAct(identity.role, role)) throw new Problem(403, saying(tell("fault.role.needed", { role })));
  return identity;
}

/** The id of the session that the browser says it has. */
export function sessionIdOf(context: Context): string | undefined {
  return getCookie(context, cookieName, "host");
}

/** Gives the browser a session. */
export function giveSession(context: Context, id: string): void {
  // No Max-Age: it goes with the browser, and our own limits end it before.
  setCookie(context, cookieName, id, { prefix: "host", secure: true, path: "/", httpOnly: true, sameSite: "Strict" });
}

/** Takes the session from the browser. */
export function takeSession(context: Context): void {
  deleteCookie(context, cookieName, { prefix: "host", secure: true, path: "/" });
}

/** The problem of somebody who has to log in. */
export function unauthorized(detail?: string): Problem {
  return new Problem(401, {
    ...(detail === undefined ? {} : { detail }),
    headers: { "WWW-Authenticate": 'Bearer realm="Postern"' },
  });
}

async function identify(context: Context<AdminEnv>): Promise<Identity | undefined> {
  const { tokens, sessions, accounts } = context.get("world");
  const authorization = context.req.header("Authorization");
  if (authorization !== undefined) {
    const sent = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
    const found = sent === undefined ? undefined : await tokens.use(sent);
    return found && { user: found.token.user, role: found.role, via: "token", csrf: "", handle: found.token.id };
  }
  const id = sessionIdOf(context);
  const byItself = context.req.header(liveHeader) !== undefined;
  const found = id === undefined ? undefined : sessions.use(id, { byItself });
  if (found === undefined) return undefined;
  const { session: { via, csrf, handle }, account: { name, role } } = found;
  // A certificate that was revoked or taken away proves nothing on a new connection, and neither does a cookie that was stolen from its owner.
  if (via === "certificate" && accounts.byCertificate(context.get("client").certificate ?? [])?.name !== name) {
    return undefined;
  }
  return { user: name, role, via, csrf, handle };
}

/** Refuses what another site makes a browser do. */
async function refuseForeign(context: Context<AdminEnv>, identity: Identity | undefined): Promise<void> {
  const foreign = foreignOrigin(context.req.raw);
  if (foreign !== undefined) {
    throw new Problem(403, { type: "foreign-request", detail: `The request comes from another site: ${foreign}` });
  }
  // Who is not logged in has no word yet: the login itself, which is judged by its origin.
  if (identity === undefined) return;
  const given = context.req.header(csrfHeader) ?? await formWord(context);
  if (isOwnWord(given, identity.csrf)) return;
  throw new Problem(403, { type: "csrf", detail: `${csrfHeader} is missing or not that of the session` });
}

async function formWord(context: Context<AdminEnv>): Promise<string | undefined> {
  const type = context.req.header("Content-Type") ?? "";
  if (!/^(application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(type)) return undefined;
  const word = (await formOf(context))[csrfField];
  return typeof word === "string" ? word : undefined;
}
