/**
 * Passwords: made into hashes, and compared with them.
 *
 * scrypt (RFC 7914) is slow and takes memory by intent, so it runs beside the event loop, so many at a time, and who waits is bounded: a flood of
 * logins slows logins, not mail. A password that was right is remembered for a while under a key of this process, as a
 * device that logs in for each message would pay for it each time; a wrong one always pays.
 *
 * @module
 */
import { createHmac, scrypt, timingSafeEqual } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import { type Octets, octets } from "../base/octets.ts";
import type { Random } from "../base/random.ts";
import { type ScryptHash, scryptHashText, scryptOctetsMax, usualCosts } from "../base/scrypt_hash.ts";
import { tellerOf, type Told } from "../base/told.ts";

/** What a check came to; `busy`: too many wait already. */
export type CheckResult = "right" | "wrong" | "busy";

/** One spelling for each password, as for a name that a human types in two ways: NFKC, the heart of RFC 4013 §2.2. */
export function prepared(text: string): string {
  return text.normalize("NFKC");
}

/** Why a text is no password, by code. */
export const passwordTexts = {
  "fault.password.empty": "it is empty",
  "fault.password.controls": "it has control characters",
  "fault.password.long": "it is longer than 255 octets",
} as const;

const tell = tellerOf(passwordTexts);

/** Why nobody could log in with a password: RFC 4616 §2 has up to 255 octets for it, and no NUL; nobody types control characters. */
export function passwordFault(password: string): Told | undefined {
  if (password === "") return tell("fault.password.empty");
  if (octets(prepared(password)).length > 255) return tell("fault.password.long");
  // deno-lint-ignore no-control-regex
  return /[\x00-\x1f\x7f]/.test(password) ? tell("fault.password.controls") : undefined;
}

/** The hash text of a password, with a salt of its own. */
export async function hashPassword(password: string, random: Random): Promise<string> {
  const salt = random.bytes(16);
  const hash = await derive(password, { ...usualCosts, salt, hash: new Uint8Array(32) });
  return scryptHashText({ ...usualCosts, salt, hash });
}

/** What a login needs of {@linkcode Passwords}. */
export type PasswordCheck = Pick<Passwords, "check">;

/** See the module. One for the process. */
export class Passwords {
  readonly #clock: Clock;
  /** Of this process alone: what is remembered is worth nothing to anybody else. */
  readonly #secret: Octets;
  /** When right passwords are forgotten, monotonic ms, by what they and their hash come to under the secret. */
  readonly #right = new Map<string, number>();
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor({ clock, random }: { clock: Clock; random: Random }) {
    this.#clock = clock;
    this.#secret = random.bytes(32);
  }

  /** Compares, in a time that does not depend on where the two differ. */
  async check(password: string, hash: ScryptHash): Promise<CheckResult> {
    const mark = this.#markOf(password, hash);
    const until = this.#right.get(mark);
    if (until !== undefined && until > this.#clock.monotonic()) return "right";
    if (this.#running >= limits.passwordChecksMax) {
      if (this.#waiting.length >= limits.passwordChecksWaitingMax) return "busy";
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      await promise;
    } else this.#running++;
    try {
      const right = timingSafeEqual(await derive(password, hash), hash.hash);
      if (right) this.#remember(mark);
      return right ? "right" : "wrong";
    } finally {
      // The place is handed on, so that nobody who comes now is before those who wait.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  #markOf(password: string, { salt, hash }: ScryptHash): string {
    return createHmac("sha256", this.#secret).update(salt).update(hash).update(prepared(password)).digest("base64");
  }

  #remember(mark: string): void {
    this.#right.delete(mark);
    for (const oldest of this.#right.keys()) {
      if (this.#right.size < limits.passwordsRememberedMax) break;
      this.#right.delete(oldest);
    }
    this.#right.set(mark, this.#clock.monotonic() + limits.passwordRememberedMs);
  }
}

function derive(password: string, { cost, blockSize, parallelization, salt, hash }: ScryptHash): Promise<Octets> {
  const { promise, resolve, reject } = Promise.withResolvers<Octets>();
  // The library's own bound is by another formula: ours was kept when the hash was read.
  const options = { cost, blockSize, parallelization, maxmem: 2 * scryptOctetsMax };
  scrypt(prepared(password), salt, hash.length, options, (error, key) => {
    if (error === null || error === undefined) resolve(new Uint8Array(key));
    else reject(error);
  });
  return promise;
}
