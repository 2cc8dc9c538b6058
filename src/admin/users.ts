/**
 * Changes of users: of `admin.users` in the configuration file, and of what hangs on them (sessions, tokens, second factors).
 *
 * The file stays the only truth; it is changed as every other change of it is. There is always an administrator left who can log in.
 *
 * @module
 */
import { hashPassword, passwordFault } from "../auth/passwords.ts";
import { limits } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import type { AdminUser, Config } from "../config/config.ts";
import type { Change } from "../config/edit.ts";
import type { Role } from "./identity.ts";
import { type FieldFault, Problem, saying } from "./problem.ts";
import type { SecondFactors } from "./second_factors.ts";
import type { Sessions } from "./sessions.ts";
import type { Tokens } from "./tokens.ts";
import { tell } from "./texts.ts";
import type { Told } from "../base/told.ts";

/** What came of a change of the file; `applied`: it is in force. */
export type ChangeEnd = { ok: true } | { ok: false; errors: FieldFault[] };

/** What the editor works with. */
export interface UserEditorParts {
  config(): Config;
  random: Random;
  /** Writes the file and puts it in force, or changes nothing. */
  change(changes: readonly Change[], note: { who: string; comment: string }): Promise<ChangeEnd>;
  sessions: Sessions;
  tokens: Tokens;
  factors: SecondFactors;
}

/** What is to be known of a user. `certificate`: a name on a client's certificate. */
export interface UserWish {
  role?: Role;
  /** `null`: he has none any more. */
  password?: string | null;
  certificate?: string | null;
  /** Shut out, with his sessions and tokens, until he is let in again. */
  disabled?: boolean;
}

/** See the module. */
export class UserEditor {
  readonly #parts: UserEditorParts;
  /** One change after the other: each looks at what is there first. */
  #turn: Promise<void> = Promise.resolve();

  constructor(parts: UserEditorParts) {
    this.#parts = parts;
  }

  /** Rejects with a {@linkcode Problem} where there is such a user, or the file refuses him. */
  async create(name: string, wish: UserWish & { role: Role }, who: string): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#users.has(name)) throw new Problem(409, saying(tell("fault.user.taken", { name })));
      // What was left by somebody of the same name is not his.
      await this.#forget(name);
      await this.#write(name, { name, role: wish.role }, { wish, who, comment: `user ${name} created` });
    });
  }

  async update(name: string, wish: UserWish, who: string): Promise<void> {
    await this.#inTurn(async () => {
      const user = this.#needed(name);
      const lowered = wish.role !== undefined && wish.role !== "administrator";
      if (lowered || wish.disabled) this.#keepAdministrator(name);
      await this.#write(name, user, { wish, who, comment: `user ${name} changed` });
      if (wish.disabled) this.#parts.sessions.endWhere((session) => session.user === name);
    });
  }

  async remove(name: string, who: string): Promise<void> {
    await this.#inTurn(async () => {
      this.#needed(name);
      this.#keepAdministrator(name);
      await this.#change([{ path: ["admin", "users", name] }], { who, comment: `user ${name} removed` });
      await this.#forget(name);
    });
  }

  get #users(): Config["admin"]["users"] {
    return this.#parts.config().admin.users;
  }

  async #inTurn(act: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(act);
    this.#turn = turn.catch(() => {});
    await turn;
  }

  #needed(name: string): AdminUser {
    const user = this.#users.get(name);
    if (user === undefined) throw new Problem(404, saying(tell("fault.user.unknown", { name })));
    return user;
  }

  /** Refuses what would leave nobody who can do everything. */
  #keepAdministrator(name: string): void {
    const others = this.#users.values().some((user) =>
      user.name !== name && user.role === "administrator" && !user.disabled
    );
    if (others || this.#users.get(name)?.role !== "administrator") return;
    throw new Problem(409, saying(tell("fault.user.last", { name })));
  }

  async #write(
    name: string,
    user: AdminUser,
    { wish, who, comment }: { wish: UserWish; who: string; comment: string },
  ): Promise<void> {
    const { password } = wish;
    const hash = password === undefined
      ? user.password_hash
      : password === null
      ? undefined
      : await this.#hash(name, password);
    const certificate = wish.certificate === undefined ? user.certificate : wish.certificate ?? undefined;
    const value: Record<string, string | boolean> = { role: wish.role ?? user.role };
    if (hash !== undefined) value.password_hash = hash;
    if (certificate !== undefined) value.certificate = certificate;
    if (wish.disabled ?? user.disabled) value.disabled = true;
    await this.#change([{ path: ["admin", "users", name], value }], { who, comment });
  }

  async #hash(name: string, password: string): Promise<string> {
    const fault = newPasswordFault(password, name);
    if (fault !== undefined) throw new Problem(422, { errors: [{ path: "password", ...saying(fault) }] });
    return await hashPassword(password, this.#parts.random);
  }

  async #change(changes: readonly Change[], note: { who: string; comment: string }): Promise<void> {
    const end = await this.#parts.change(changes, note);
    if (!end.ok) {
      throw new Problem(422, { ...saying(tell("fault.user.refused")), errors: end.errors });
    }
  }

  /** Everything that hangs on a name. */
  async #forget(name: string): Promise<void> {
    const { sessions, tokens, factors } = this.#parts;
    sessions.endWhere(({ user }) => user === name);
    await tokens.revoke(({ user }) => user === name);
    await factors.forget(name);
  }
}

/** Why a password is none for a user of the admin page; `undefined`: it is one. */
export function newPasswordFault(password: string, name: string): Told | undefined {
  const fault = passwordFault(password);
  if (fault !== undefined) return fault;
  const length = [...password].length;
  if (length < limits.adminPasswordCharactersMin) {
    return tell("fault.password.short", { count: length, min: limits.adminPasswordCharactersMin });
  }
  if (new Set(password).size < 5) return tell("fault.password.plain");
  return password.toLowerCase().includes(name.toLowerCase()) && name.length > 3
    ? tell("fault.password.name")
    : undefined;
}
