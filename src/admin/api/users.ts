/**
 * Users of page and API: `admin.users` of the configuration.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Account } from "../accounts.ts";
import { Problem, saying } from "../problem.ts";
import type { AdminWorld } from "../world.ts";
import { type ApiApp, serve } from "./operation.ts";
import { password, role, userName } from "./schemas.ts";
import { tell } from "../texts.ts";

const tag = "users";

const userSchema = z.strictObject({
  name: userName,
  role,
  password: z.boolean().openapi({ description: "He has one" }),
  certificate: z.string().nullable().openapi({
    description: "The name on his client certificate, where it is another than his own",
  }),
  secondFactor: z.boolean(),
  disabled: z.boolean().openapi({ description: "He and his tokens are shut out" }),
}).openapi("User");

const certificate = z.string().min(1).max(255).openapi({ example: "ann@example.test" });
const params = z.strictObject({ name: userName });

/** Adds the operations. */
export function mountUsers(app: ApiApp): void {
  serve(
    app,
    {
      method: "get",
      path: "/users",
      id: "listUsers",
      tag,
      summary: "All users",
      role: "administrator",
      answer: z.strictObject({ users: z.array(userSchema) }).openapi("Users"),
    },
    async ({ world }) => ({ users: await Promise.all(world.accounts.list().map((account) => shown(world, account))) }),
  );
  serve(app, {
    method: "post",
    path: "/users",
    id: "createUser",
    tag,
    summary: "Make a user",
    role: "administrator",
    status: 201,
    body: z.strictObject({ name: userName, role, password: password.optional(), certificate: certificate.optional() }),
    answer: userSchema,
  }, async ({ world, body: { name, ...wish }, identity, note }) => {
    note(`user ${name}, role ${wish.role}`);
    await world.users.create(name, wish, identity!.user);
    return await shown(world, found(world, name));
  });
  serve(app, {
    method: "get",
    path: "/users/{name}",
    id: "getUser",
    tag,
    summary: "One user",
    role: "administrator",
    params,
    answer: userSchema,
  }, async ({ world, params: { name } }) => await shown(world, found(world, name)));
  serve(app, {
    method: "patch",
    path: "/users/{name}",
    id: "changeUser",
    tag,
    summary: "Change a user; his sessions end where what he logs in with changes",
    role: "administrator",
    params,
    body: z.strictObject({
      role: role.optional(),
      password: password.nullable().optional().openapi({ description: "null: he has none any more" }),
      certificate: certificate.nullable().optional(),
      disabled: z.boolean().optional().openapi({ description: "Shuts him out, with his tokens; his sessions end" }),
    }),
    answer: userSchema,
  }, async ({ world, params: { name }, body, identity, note }) => {
    note(Object.entries(body).map(([key, value]) => key === "password" ? key : `${key} ${value}`).join(", "));
    await world.users.update(name, body, identity!.user);
    return await shown(world, found(world, name));
  });
  serve(app, {
    method: "delete",
    path: "/users/{name}",
    id: "removeUser",
    tag,
    summary: "Remove a user, with his sessions, tokens and second factor",
    role: "administrator",
    params,
  }, async ({ world, params: { name }, identity }) => await world.users.remove(name, identity!.user));
  serve(app, {
    method: "delete",
    path: "/users/{name}/second-factor",
    id: "removeUsersSecondFactor",
    tag,
    summary: "Take a user's second factor away, as when he has lost his telephone",
    role: "administrator",
    params,
  }, async ({ world, params: { name } }) => {
    found(world, name);
    if (!await world.factors.forget(name)) throw new Problem(404, { detail: `${name} has no second factor` });
  });
}

function found({ accounts }: AdminWorld, name: string): Account {
  const account = accounts.find(name);
  if (account === undefined) throw new Problem(404, saying(tell("fault.user.unknown", { name })));
  return account;
}

async function shown(
  { factors }: AdminWorld,
  { name, role, password_hash, certificate, disabled = false }: Account,
): Promise<z.input<typeof userSchema>> {
  const secondFactor = await factors.of(name) !== undefined;
  return {
    name,
    role,
    password: password_hash !== undefined,
    certificate: certificate ?? null,
    secondFactor,
    disabled,
  };
}
