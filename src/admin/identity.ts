/**
 * Who asks, and what he may do.
 *
 * Roles are ordered: each may do what those before it may. `read-only` sees everything but secrets; `operator` also acts on mail: the queue,
 * suspension, tests; `administrator` also changes the configuration, users and tokens.
 *
 * @module
 */

/** From the least to the most. */
export const roles = ["read-only", "operator", "administrator"] as const;

/** One of {@linkcode roles}. */
export type Role = (typeof roles)[number];

/** Who asks. */
export interface Identity {
  /** The user's name under `admin.users`; of a token, its owner's. */
  user: string;
  role: Role;
  /** How he showed that he is the one: `certificate` is a session that began with a client's certificate. */
  via: "session" | "token" | "certificate";
  /** What a form or script of this session sends along with a change; empty for a token, which no browser sends by itself. */
  csrf: string;
  /** The session or the token: a name for it that is no secret. */
  handle: string;
}

/** Whether a role may do what takes `needed`. */
export function mayAct(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}

/** The lesser of two. */
export function lesserRole(a: Role, b: Role): Role {
  return mayAct(a, b) ? b : a;
}
