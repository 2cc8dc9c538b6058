/**
 * Logging in: by name, password and, where the user has one, the code of his second factor; or by a client's certificate.
 *
 * Every attempt is bounded, counted and written to the audit log. Whatever is wrong with a name or a password gets the same answer after the
 * same work and the same delay, so that nobody learns which names there are; that a second factor is wanted learns who has the right password.
 *
 * @module
 */
import { passwordFault } from "../auth/passwords.ts";
import { type Clock, sleep } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import type { Account, Accounts } from "./accounts.ts";
import type { Audit } from "./audit.ts";
import type { SecondFactors } from "./second_factors.ts";
import type { Session, Sessions } from "./sessions.ts";
import type { Throttle } from "./throttle.ts";

/** What somebody typed, and where from. */
export interface LoginClaim {
  user: string;
  password: string;
  /** Of the app, or for recovery. */
  code?: string;
  address: string;
  /** The id of the session that his browser has now, which ends. */
  before?: string;
}

/** What came of it. `id` is for the browser alone. */
export type LoginEnd =
  | { kind: "in"; id: string; session: Session; account: Account; recoveryCodeUsed: boolean }
  /** The password is right, and a code is wanted. */
  | { kind: "code" }
  | { kind: "refused" }
  /** Too many failures: the next try is taken after so many seconds. */
  | { kind: "locked"; seconds: number }
  /** Too many log in at this moment. */
  | { kind: "busy" };

/** What the desk works with. */
export interface LoginParts {
  clock: Clock;
  accounts: Accounts;
  factors: SecondFactors;
  sessions: Sessions;
  throttle: Throttle;
  audit: Audit;
}

/** See the module. */
export class LoginDesk {
  readonly #parts: LoginParts;
  #running = 0;

  constructor(parts: LoginParts) {
    this.#parts = parts;
  }

  /** Rejects where second factors cannot be read: then nobody gets in by a password. */
  async login(claim: LoginClaim): Promise<LoginEnd> {
    if (this.#running >= limits.loginsMax) return { kind: "busy" };
    this.#running++;
    try {
      return await this.#login(claim);
    } finally {
      this.#running--;
    }
  }

  /** Logs in whoever's certificate, which was verified in the handshake, is an account's. */
  byCertificate(names: readonly string[], { address, before }: Pick<LoginClaim, "address" | "before">): LoginEnd {
    const { accounts, audit } = this.#parts;
    const account = accounts.byCertificate(names);
    if (account === undefined) {
      audit.note({
        action: "login",
        ok: false,
        via: "certificate",
        address,
        detail: `no user has ${names.join(", ")}`,
      });
      return { kind: "refused" };
    }
    return this.#begin(account, { via: "certificate", address, before, recovery: false });
  }

  /** Whether a password is the account's own: asked before he changes what he logs in with. It counts as an attempt. */
  async confirms(account: Account, { password, address }: Pick<LoginClaim, "password" | "address">): Promise<boolean> {
    const { accounts, throttle, clock } = this.#parts;
    const attempt = { user: account.name, address };
    if (throttle.begin(attempt) > 0) return false;
    const { kind } = await accounts.byPassword(account.name, password);
    if (kind === "account") throttle.succeeded(attempt);
    else await sleep(clock, throttle.delay(attempt));
    return kind === "account";
  }

  async #login({ user, password, code, address, before }: LoginClaim): Promise<LoginEnd> {
    const { accounts, factors, throttle, audit } = this.#parts;
    const attempt = { user, address };
    const wait = throttle.begin(attempt);
    if (wait > 0) {
      audit.note({ action: "login", ok: false, user, address, detail: "too many failures" });
      return { kind: "locked", seconds: Math.ceil(wait / 1000) };
    }
    // A password that nobody can have is not worth the work, whoever is asked for.
    const found = passwordFault(password) === undefined
      ? await accounts.byPassword(user, password)
      : { kind: "refused" } as const;
    switch (found.kind) {
      case "busy":
        throttle.takeBack(attempt);
        return { kind: "busy" };
      case "refused":
        return await this.#refuse(attempt, "wrong name or password");
      case "account": {
        const { account } = found;
        const check = code === undefined || code === ""
          ? await this.#wants(account.name)
          : await factors.check(account.name, code);
        if (check === "wanted") {
          // Not forgiven: else the password would win as many guesses at the code as anybody likes.
          throttle.takeBack(attempt);
          return { kind: "code" };
        }
        if (check === "wrong") return await this.#refuse(attempt, "wrong code");
        throttle.succeeded(attempt);
        return this.#begin(account, { via: "session", address, before, recovery: check === "recovery" });
      }
      default:
        return found satisfies never;
    }
  }

  async #wants(user: string): Promise<"wanted" | "none"> {
    return await this.#parts.factors.of(user) === undefined ? "none" : "wanted";
  }

  async #refuse(attempt: { user: string; address: string }, detail: string): Promise<LoginEnd> {
    const { audit, throttle, clock } = this.#parts;
    audit.note({ action: "login", ok: false, ...attempt, detail });
    await sleep(clock, throttle.delay(attempt));
    return { kind: "refused" };
  }

  #begin(
    account: Account,
    { via, address, before, recovery }: { via: Session["via"]; address: string; before?: string; recovery: boolean },
  ): LoginEnd {
    const { sessions, audit } = this.#parts;
    if (before !== undefined) sessions.end(before);
    const { id, session } = sessions.begin({ account, via, address });
    const detail = recovery ? "with a recovery code" : undefined;
    audit.note({ action: "login", ok: true, user: account.name, via, address, detail });
    return { kind: "in", id, session, account, recoveryCodeUsed: recovery };
  }
}
