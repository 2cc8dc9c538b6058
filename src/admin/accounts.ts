/**
 * The accounts of the admin page: `admin.users` of the configuration in force, and nothing else.
 *
 * They are compiled once for each configuration. A name that nobody has costs as much time as a wrong password.
 *
 * @module
 */
import type { CheckResult, PasswordCheck } from "../auth/passwords.ts";
import { prepared } from "../auth/passwords.ts";
import { parseScryptHash, type ScryptHash, usualCosts } from "../base/scrypt_hash.ts";
import type { AdminUser, Config } from "../config/config.ts";
import { hashOf } from "./secrets.ts";

/** One account. */
export interface Account extends AdminUser {
  /** Changes when what he logs in with does: sessions that began before are over then. */
  mark: string;
}

/** Who it is, or why it is nobody. `busy`: too many passwords are being checked. */
export type PasswordLogin = { kind: "account"; account: Account } | { kind: "refused" | "busy" };

/** See the module. */
export class Accounts {
  readonly #config: () => Config;
  readonly #passwords: PasswordCheck;
  #compiled: { users: Config["admin"]["users"]; accounts: Compiled } | undefined;

  constructor({ config, passwords }: { config: () => Config; passwords: PasswordCheck }) {
    this.#config = config;
    this.#passwords = passwords;
  }

  /** Somebody can log in. */
  get some(): boolean {
    return this.#config().admin.users.size > 0;
  }

  /** All, by name. */
  list(): Account[] {
    return [...this.#current.byName.values()];
  }

  /** An account by the name that its owner typed. */
  find(name: string): Account | undefined {
    return this.#current.byName.get(prepared(name));
  }

  /** An account that may be used: {@linkcode Accounts.find}, unless it is disabled. */
  active(name: string): Account | undefined {
    const account = this.find(name);
    return account?.disabled ? undefined : account;
  }

  /** The account that one of a certificate's names, which the caller has verified, stands for: its `certificate` key, else its name. */
  byCertificate(names: readonly string[]): Account | undefined {
    const { byName, byCertificate } = this.#current;
    const own = names.flatMap((name) => byCertificate.get(name.toLowerCase()) ?? []);
    // A user with a certificate of his own has no other one.
    const named = names.flatMap((name) => byName.get(prepared(name)) ?? []).filter(({ certificate }) =>
      certificate === undefined
    );
    // A certificate of two users is the first one's, also where he is shut out: it must not be worth another's account.
    const [account] = [...own, ...named];
    return account?.disabled ? undefined : account;
  }

  /** Checks a password. */
  async byPassword(name: string, password: string): Promise<PasswordLogin> {
    const { byName, hashes, decoy } = this.#current;
    const account = byName.get(prepared(name));
    const hash = account && hashes.get(account);
    const result: CheckResult = await this.#passwords.check(password, hash ?? decoy);
    if (result === "busy") return { kind: "busy" };
    if (account === undefined || hash === undefined || result === "wrong") return { kind: "refused" };
    return { kind: "account", account };
  }

  get #current(): Compiled {
    const { users } = this.#config().admin;
    if (this.#compiled?.users !== users) this.#compiled = { users, accounts: compile(users.values()) };
    return this.#compiled.accounts;
  }
}

interface Compiled {
  byName: Map<string, Account>;
  byCertificate: Map<string, Account>;
  hashes: Map<Account, ScryptHash>;
  /** Names that nobody has are checked against this. */
  decoy: ScryptHash;
}

function compile(users: Iterable<AdminUser>): Compiled {
  const byName = new Map<string, Account>();
  const byCertificate = new Map<string, Account>();
  const hashes = new Map<Account, ScryptHash>();
  for (const user of users) {
    const { name, password_hash = "", certificate = "" } = user;
    const account = { ...user, mark: hashOf(`${password_hash} ${certificate}`) };
    byName.set(prepared(name), account);
    if (certificate !== "") byCertificate.set(certificate, account);
    const hash = parseScryptHash(password_hash);
    if (hash !== undefined && !user.disabled) hashes.set(account, hash);
  }
  const [first] = hashes.values();
  const decoy = first ?? { ...usualCosts, salt: new Uint8Array(16), hash: new Uint8Array(32) };
  return { byName, byCertificate, hashes, decoy };
}
