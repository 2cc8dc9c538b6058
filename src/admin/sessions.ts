/**
 * Sessions of browsers: who is logged in, for how long still.
 *
 * A session's id goes to the browser in a cookie that no script sees and no other host sets; we keep its hash. An id is made at the login and
 * never taken from a browser, so nobody can be lured into a session whose id somebody else knows. Sessions live in memory: a restart ends
 * them. They end after `admin.session_timeout` without a request of a person, after {@linkcode limits.adminSessionMs} in any case, with the account, and when
 * what he logs in with changes. The oldest go where there are too many.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import type { Account } from "./accounts.ts";
import { hashOf, newSecret } from "./secrets.ts";

/** One session. Times are wall milliseconds, for people. */
export interface Session {
  user: string;
  via: "session" | "certificate";
  /** The account's mark when it began. */
  mark: string;
  /** Where the login came from. */
  address: string;
  began: number;
  used: number;
  csrf: string;
  /** A name for it that is no secret. */
  handle: string;
}

/** How a session begins. */
export interface SessionStart {
  account: Account;
  via: Session["via"];
  address: string;
}

interface Kept extends Session {
  /** Monotonic. */
  beganAt: number;
  usedAt: number;
}

/** What sessions need. */
export interface SessionsOptions {
  clock: Clock;
  random: Random;
  /** `admin.session_timeout`, milliseconds. */
  idleMs(): number;
  /** The account of a name now; none: its sessions are over. */
  account(name: string): Account | undefined;
}

/** See the module. */
export class Sessions {
  readonly #options: SessionsOptions;
  /** By the hash of the id, the oldest first. */
  readonly #sessions = new Map<string, Kept>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** Begins a session; the id is for the browser alone. */
  begin({ account, via, address }: SessionStart): { id: string; session: Session } {
    const { clock, random } = this.#options;
    this.#makeRoom(account.name);
    const id = newSecret(random);
    const at = clock.now();
    const monotonic = clock.monotonic();
    const session: Kept = {
      user: account.name,
      via,
      mark: account.mark,
      address,
      began: at,
      used: at,
      csrf: newSecret(random),
      handle: newSecret(random).slice(0, 16),
      beganAt: monotonic,
      usedAt: monotonic,
    };
    this.#sessions.set(hashOf(id), session);
    return { id, session };
  }

  /** The session of an id that a browser sent, which is used now, and its account. `byItself`: by a page that keeps itself fresh, not by a person. */
  use(
    id: string,
    { byItself = false }: { byItself?: boolean } = {},
  ): { session: Session; account: Account } | undefined {
    const key = hashOf(id);
    const session = this.#sessions.get(key);
    if (session === undefined) return undefined;
    const account = this.#accountOf(session);
    if (account === undefined) {
      this.#sessions.delete(key);
      return undefined;
    }
    if (byItself) return { session, account };
    session.used = this.#options.clock.now();
    session.usedAt = this.#options.clock.monotonic();
    return { session, account };
  }

  /** Lets a session go on though what its user logs in with has changed: it is the one that changed it. */
  remark(id: string, mark: string): void {
    const session = this.#sessions.get(hashOf(id));
    if (session !== undefined) session.mark = mark;
  }

  /** When a session ends if nobody uses it any more, wall milliseconds. */
  endOf({ began, used }: Session): number {
    return Math.min(used + this.#options.idleMs(), began + limits.adminSessionMs);
  }

  /** Those that live, the oldest first. */
  list(): Session[] {
    this.#prune();
    return [...this.#sessions.values()];
  }

  /** Ends the session of an id. */
  end(id: string): void {
    this.#sessions.delete(hashOf(id));
  }

  /** Ends sessions that match; how many. */
  endWhere(match: (session: Session) => boolean): number {
    let ended = 0;
    for (const [key, session] of this.#sessions) {
      if (!match(session)) continue;
      this.#sessions.delete(key);
      ended++;
    }
    return ended;
  }

  /** The account of a session that is not over. */
  #accountOf(session: Kept): Account | undefined {
    const { clock, idleMs, account } = this.#options;
    const now = clock.monotonic();
    if (now - session.usedAt >= idleMs() || now - session.beganAt >= limits.adminSessionMs) return undefined;
    const found = account(session.user);
    return found?.mark === session.mark ? found : undefined;
  }

  #prune(): void {
    for (const [key, session] of this.#sessions) if (this.#accountOf(session) === undefined) this.#sessions.delete(key);
  }

  /** Makes room for one more of a user: somebody who logs in without end pushes himself out. */
  #makeRoom(user: string): void {
    this.#prune();
    const own = [...this.#sessions].filter(([, session]) => session.user === user);
    if (own.length >= limits.adminSessionsPerUserMax) this.#sessions.delete(own[0][0]);
    for (const oldest of this.#sessions.keys()) {
      if (this.#sessions.size < limits.adminSessionsMax) break;
      this.#sessions.delete(oldest);
    }
  }
}
