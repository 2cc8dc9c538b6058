/**
 * Second factors of users: the secrets of their authenticator apps, and recovery codes.
 *
 * They are kept in `state/second-factors.json` (0600), not in `config.yaml`: a file that is copied, shown and kept in a history is no place for a
 * secret that logs in, and a recovery code that was used has to be struck out at once. Where the file cannot be read nobody logs in with a
 * password, since nobody knows any more of whom a second factor is wanted; `postern admin forget-second-factor` takes one away.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Octets } from "../base/octets.ts";
import type { Random } from "../base/random.ts";
import { hashOf } from "./secrets.ts";
import { StateFile } from "./state_file.ts";
import { base32, matchingStep } from "./totp.ts";

/** Of one user. */
interface Factor {
  /** Base64. */
  secret: string;
  /** When it was switched on, wall milliseconds. */
  since: number;
  /** The last step whose code was taken. */
  step: number;
  /** SHA-256 of each recovery code that is left. */
  recovery: string[];
}

type Factors = Readonly<Record<string, Factor>>;

/** A secret that waits for its first code. */
interface Begun {
  secret: Octets;
  /** Monotonic. */
  at: number;
}

/** What users see of one. */
export interface FactorFacts {
  /** Wall milliseconds. */
  since: number;
  recoveryCodes: number;
}

/** What came of a code. */
export type FactorCheck = "none" | "right" | "recovery" | "wrong";

const secretOctets = 20;
const recoveryCodes = 10;
/** 80 bits. */
const recoveryOctets = 10;
const begunMs = 600_000;
const begunMax = 100;

/** See the module. */
export class SecondFactors {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #file: StateFile<Factors>;
  readonly #begun = new Map<string, Begun>();

  constructor({ clock, random, directory }: { clock: Clock; random: Random; directory: string }) {
    this.#clock = clock;
    this.#random = random;
    this.#file = new StateFile(`${directory}/second-factors.json`, readFactors);
  }

  /** What a user has; `undefined`: none. Rejects where the file cannot be read. */
  async of(user: string): Promise<FactorFacts | undefined> {
    const factor = factorOf(await this.#file.get(), user);
    return factor && { since: factor.since, recoveryCodes: factor.recovery.length };
  }

  /** Checks a code of the app or for recovery; each counts once. Rejects where the file cannot be read or written. */
  async check(user: string, code: string): Promise<FactorCheck> {
    let result: FactorCheck = "none";
    const judge = (factors: Factors): Factors => {
      const factor = factorOf(factors, user);
      if (factor === undefined) return factors;
      const step = matchingStep(code, {
        secret: Uint8Array.fromBase64(factor.secret),
        now: this.#clock.now(),
        last: factor.step,
      });
      const hash = hashOf(plainCode(code));
      result = step !== undefined ? "right" : factor.recovery.includes(hash) ? "recovery" : "wrong";
      if (result === "wrong") return factors;
      const recovery = factor.recovery.filter((each) => each !== hash);
      return { ...factors, [user]: { ...factor, step: step ?? factor.step, recovery } };
    };
    if (factorOf(await this.#file.get(), user) === undefined) return "none";
    // What was taken is written before it counts: a crash gives nobody a second try.
    await this.#file.change(judge);
    return result;
  }

  /** Makes a secret, which counts when its first code has come. */
  begin(user: string): Octets {
    const secret = this.#random.bytes(secretOctets);
    this.#begun.delete(user);
    this.#begun.set(user, { secret, at: this.#clock.monotonic() });
    for (const oldest of this.#begun.keys()) {
      if (this.#begun.size <= begunMax) break;
      this.#begun.delete(oldest);
    }
    return secret;
  }

  /** Switches it on by its first code: the recovery codes, which are shown once; `undefined`: nothing was begun, or the code is wrong. */
  async confirm(user: string, code: string): Promise<string[] | undefined> {
    const begun = this.#begun.get(user);
    if (begun === undefined || this.#clock.monotonic() - begun.at > begunMs) return undefined;
    const now = this.#clock.now();
    const step = matchingStep(code, { secret: begun.secret, now, last: -1 });
    if (step === undefined) return undefined;
    const codes = Array.from({ length: recoveryCodes }, () => newRecoveryCode(this.#random));
    const factor: Factor = {
      secret: begun.secret.toBase64(),
      since: now,
      step,
      recovery: codes.map((each) => hashOf(plainCode(each))),
    };
    await this.#file.change((factors) => ({ ...factors, [user]: factor }));
    this.#begun.delete(user);
    return codes;
  }

  /** Switches it off; whether it was on. */
  async forget(user: string): Promise<boolean> {
    this.#begun.delete(user);
    if (factorOf(await this.#file.get(), user) === undefined) return false;
    await this.#file.change((factors) => {
      const { [user]: _gone, ...others } = factors;
      return others;
    });
    return true;
  }
}

/** `7K2MQ-X3F4A-…`. */
function newRecoveryCode(random: Random): string {
  const word = base32(random.bytes(recoveryOctets));
  return word.match(/.{1,4}/g)!.join("-");
}

/** A code as people type it, in one spelling. */
function plainCode(code: string): string {
  return code.replaceAll(/[\s-]/g, "").toUpperCase();
}

function factorOf(factors: Factors, user: string): Factor | undefined {
  return Object.hasOwn(factors, user) ? factors[user] : undefined;
}

function readFactors(value: unknown): Factors {
  if (value === undefined) return {};
  const sound = (factor: unknown): factor is Factor => {
    const { secret, since, step, recovery } = (factor ?? {}) as Record<string, unknown>;
    return typeof secret === "string" && typeof since === "number" && typeof step === "number" &&
      Array.isArray(recovery) && recovery.every((each) => typeof each === "string");
  };
  if (typeof value === "object" && value !== null && Object.values(value).every(sound)) return value as Factors;
  throw new Error("it does not hold second factors");
}
