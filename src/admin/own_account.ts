/**
 * What users do with their own accounts: password and second factor; for the API and the page alike.
 *
 * Whoever changes what he logs in with shows his present password first, so that a session left open on somebody's desk is not worth the account.
 *
 * @module
 */
import type { Context } from "hono";
import { sessionIdOf } from "./guard.ts";
import type { Identity } from "./identity.ts";
import { Problem, saying } from "./problem.ts";
import { base32, totpUri } from "./totp.ts";
import type { AdminEnv, AdminWorld } from "./world.ts";
import { tell } from "./texts.ts";

/** Who asks, and by which request. */
export interface OwnCall {
  world: AdminWorld;
  identity: Identity;
  context: Context<AdminEnv>;
}

/** A program that lost its token must not lose the account with it. */
export function notByToken(identity: Identity): Identity {
  if (identity.via !== "token") return identity;
  throw new Problem(403, saying(tell("fault.token.owner")));
}

/** Throws where the password is not the account's own. Who logs in by certificate and has none has shown enough. */
export async function confirmOwn({ world, identity, context }: OwnCall, password: string): Promise<void> {
  const account = world.accounts.find(notByToken(identity).user);
  const { address } = context.var.client;
  if (account?.password_hash === undefined && account !== undefined) return;
  if (account !== undefined && await world.login.confirms(account, { password, address })) return;
  throw new Problem(422, { errors: [{ path: "password", ...saying(tell("fault.password.present")) }] });
}

/** Changes one's password; the session that did it goes on, the others end. */
export async function changeOwnPassword(
  call: OwnCall,
  { password, fresh }: { password: string; fresh: string },
): Promise<void> {
  await confirmOwn(call, password);
  const { world, identity: { user }, context } = call;
  await world.users.update(user, { password: fresh }, user);
  const id = sessionIdOf(context);
  const account = world.accounts.find(user);
  if (id !== undefined && account !== undefined) world.sessions.remark(id, account.mark);
}

/** Makes a secret for an app: what is typed, and what is scanned. It counts when its first code has come. */
export async function beginOwnFactor(call: OwnCall, password: string): Promise<{ secret: string; uri: string }> {
  await confirmOwn(call, password);
  const { world, identity: { user } } = call;
  const secret = world.factors.begin(user);
  const uri = totpUri(secret, { issuer: `Postern ${world.config().hostname}`, account: user });
  return { secret: base32(secret), uri };
}

/** Switches the second factor on by its first code: the recovery codes. */
export async function confirmOwnFactor({ world, identity }: OwnCall, code: string): Promise<string[]> {
  const codes = await world.factors.confirm(notByToken(identity).user, code);
  if (codes !== undefined) return codes;
  throw new Problem(422, { errors: [{ path: "code", ...saying(tell("fault.factor.code")) }] });
}

/** Whether somebody may see, and end, another's sessions. */
export function maySeeSessions({ user, role }: Identity, whose: string): boolean {
  return role === "administrator" || user === whose;
}
