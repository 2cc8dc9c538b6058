/**
 * API tokens.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { limits } from "../../base/limits.ts";
import { Problem, saying } from "../problem.ts";
import { type ApiApp, serve } from "./operation.ts";
import { moment, role } from "./schemas.ts";
import { tell } from "../texts.ts";

const tag = "tokens";
const dayMs = 86_400_000;

const tokenSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  role,
  user: z.string().openapi({
    description: "Whose it is: it is worth nothing without him, and no more than his own role",
  }),
  created: moment,
  expires: moment,
  used: moment.nullable().openapi({ description: "Last, since the gateway's start" }),
}).openapi("Token");

const tokenName = z.string().min(1).max(100).regex(/^[^\p{C}]+$/u, "has control characters");

/** Adds the operations. */
export function mountTokens(app: ApiApp): void {
  serve(app, {
    method: "get",
    path: "/tokens",
    id: "listTokens",
    tag,
    summary: "All tokens, without their secrets",
    role: "administrator",
    answer: z.strictObject({ tokens: z.array(tokenSchema) }).openapi("Tokens"),
  }, async ({ world }) => ({ tokens: await world.tokens.list() }));
  serve(app, {
    method: "post",
    path: "/tokens",
    id: "createToken",
    tag,
    summary: "Make a token; its secret is shown this once",
    role: "administrator",
    status: 201,
    body: z.strictObject({
      name: tokenName,
      role,
      days: z.int().min(1).max(limits.apiTokenDaysMax).openapi({ description: "How long it lives" }),
    }),
    answer: z.strictObject({ secret: z.string(), token: tokenSchema }).openapi("NewToken"),
  }, async ({ world, body: { name, role, days }, identity, note }) => {
    // Else a token that was stolen would outlive its end.
    if (identity!.via === "token") throw new Problem(403, saying(tell("fault.token.tokens")));
    const made = await world.tokens.make({ name, role, user: identity!.user, life: days * dayMs });
    if (made === undefined) throw new Problem(409, saying(tell("fault.token.many", { max: limits.apiTokensMax })));
    note(`token ${made.token.id}, ${name}, role ${role}, ${days} days`);
    return made;
  });
  serve(app, {
    method: "delete",
    path: "/tokens/{id}",
    id: "revokeToken",
    tag,
    summary: "Take a token away",
    role: "administrator",
    params: z.strictObject({ id: z.string().regex(/^[0-9a-f]{16}$/, "is no token's id") }),
  }, async ({ world, params }) => {
    const gone = await world.tokens.revoke(({ id }) => id === params.id);
    if (gone.length === 0) throw new Problem(404, { detail: "There is no such token" });
  });
}
