/**
 * The users of SMTP AUTH, compiled from one configuration.
 *
 * @module
 */
import { parseScryptHash, type ScryptHash, usualCosts } from "../base/scrypt_hash.ts";
import type { SmtpUser } from "../config/config.ts";
import { AddressPatterns } from "../policy/address_patterns.ts";
import { type CheckResult, type PasswordCheck, prepared } from "./passwords.ts";

/** Why a login failed: the reason word of the log, and words for people. */
export type LoginFault =
  | { reason: "no_such_user" | "no_password" | "wrong_password" | "busy"; text: string }
  | { reason: "other_identity" | "no_such_certificate"; text: string };

/** A user, compiled. */
export class AuthUser {
  readonly name: string;
  /** Its password, where it has one. */
  readonly hash: ScryptHash | undefined;
  readonly #senders: AddressPatterns | undefined;

  /** Throws where the hash cannot be read, which the check of the file rules out. */
  constructor({ name, password_hash: text, senders }: SmtpUser) {
    this.name = name;
    this.hash = text === undefined ? undefined : parseScryptHash(text);
    if (text !== undefined && this.hash === undefined) {
      throw new Error(`Cannot use the password hash of ${name}: it is no scrypt hash`);
    }
    this.#senders = senders && new AddressPatterns(senders);
  }

  /** Whether mail from an envelope sender is this user's to send. */
  maySendAs(sender: string): boolean {
    return this.#senders === undefined || this.#senders.placeOf(sender) !== Infinity;
  }
}

/** Who it is, or why it is nobody; `user` where at least the name was right. */
export type Login =
  | { kind: "user"; user: AuthUser }
  | { kind: "failed"; user?: AuthUser; fault: LoginFault };

/** A name and a password; `authorization`: whom it wants to act as, empty for itself. */
export interface PasswordClaim {
  user: string;
  password: string;
  authorization: string;
}

const faults = {
  no_such_user: "no such user",
  no_password: "the user has no password",
  wrong_password: "wrong password",
  busy: "too many passwords are being checked",
  other_identity: "a user may not act as another one",
  no_such_certificate: "no user has this certificate",
} as const;

/** See the module. */
export class Users {
  readonly #users = new Map<string, AuthUser>();
  /** Certificates' names in lower case → users, in the order of the file. */
  readonly #certificates = new Map<string, AuthUser[]>();
  /** Names that nobody has are checked against this, so that time does not tell them from others. */
  readonly #decoy: ScryptHash;

  /** Throws where a user cannot be compiled. */
  constructor(users: Iterable<SmtpUser>) {
    let first: ScryptHash | undefined;
    for (const entry of users) {
      const user = new AuthUser(entry);
      first ??= user.hash;
      this.#users.set(prepared(user.name), user);
      if (entry.certificate === undefined) continue;
      const name = entry.certificate.toLowerCase();
      this.#certificates.set(name, [...this.#certificates.get(name) ?? [], user]);
    }
    this.#decoy = first ?? { ...usualCosts, salt: new Uint8Array(16), hash: new Uint8Array(32) };
  }

  /** Somebody has a password. */
  get havePasswords(): boolean {
    return this.#users.values().some(({ hash }) => hash !== undefined);
  }

  /** Somebody has a certificate. */
  get haveCertificates(): boolean {
    return this.#certificates.size > 0;
  }

  /** The names on a verified certificate are somebody's. */
  knowCertificate(names: readonly string[]): boolean {
    return names.some((name) => this.#certificates.has(name.toLowerCase()));
  }

  /** Checks a password. Names that are wrong cost the same time. */
  async byPassword({ user: name, password, authorization }: PasswordClaim, passwords: PasswordCheck): Promise<Login> {
    const found = this.#users.get(prepared(name));
    const result: CheckResult = await passwords.check(password, found?.hash ?? this.#decoy);
    if (result === "busy") return failed("busy", found);
    if (found === undefined) return failed("no_such_user");
    if (found.hash === undefined) return failed("no_password", found);
    if (result === "wrong") return failed("wrong_password", found);
    // RFC 4616 §2: whoever wants to act as somebody else needs a right that no user has.
    if (authorization !== "" && prepared(authorization) !== prepared(name)) {
      return failed("other_identity", found);
    }
    return { kind: "user", user: found };
  }

  /** Finds the user whose certificate has one of these names, which the caller has verified; `authorization`: which of several. */
  byCertificate(names: readonly string[], authorization: string): Login {
    const owners = names.flatMap((name) => this.#certificates.get(name.toLowerCase()) ?? []);
    if (owners.length === 0) return failed("no_such_certificate");
    const wanted = prepared(authorization);
    const user = wanted === "" ? owners[0] : owners.find(({ name }) => prepared(name) === wanted);
    return user === undefined ? failed("other_identity", owners[0]) : { kind: "user", user };
  }
}

function failed(reason: keyof typeof faults, user?: AuthUser): Login {
  const fault = { reason, text: faults[reason] } as LoginFault;
  return user === undefined ? { kind: "failed", fault } : { kind: "failed", user, fault };
}
