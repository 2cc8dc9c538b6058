/**
 * API tokens: what programs log in with. `state/api-tokens.json` (0600) holds their hashes; the token itself is shown once.
 *
 * A token has a role and an end, and belongs to the user who made it: it is worth nothing when he is gone, and never more than his own role.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import type { Account } from "./accounts.ts";
import { lesserRole, type Role, roles } from "./identity.ts";
import { hashOf, newSecret, sameHash } from "./secrets.ts";
import { StateFile } from "./state_file.ts";

/** A token as it is kept. Times are wall milliseconds. */
export interface ApiToken {
  id: string;
  /** For people. */
  name: string;
  role: Role;
  /** Whose it is. */
  user: string;
  created: number;
  expires: number;
  /** SHA-256 of the secret. */
  hash: string;
}

/** What is shown of one. */
export interface TokenFacts extends Omit<ApiToken, "hash"> {
  /** When it was used last, since the start of the gateway. */
  used: number | null;
}

/** How one is made. */
export interface TokenWish {
  name: string;
  role: Role;
  user: string;
  /** Milliseconds. */
  life: number;
}

/** What tokens need. */
export interface TokensOptions {
  clock: Clock;
  random: Random;
  /** The folder: `storage.state`. */
  directory: string;
  account(name: string): Account | undefined;
}

const prefix = "postern";
const form = /^postern_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

/** See the module. */
export class Tokens {
  readonly #options: TokensOptions;
  readonly #file: StateFile<readonly ApiToken[]>;
  /** By id, wall milliseconds. */
  readonly #used = new Map<string, number>();

  constructor(options: TokensOptions) {
    this.#options = options;
    this.#file = new StateFile(`${options.directory}/api-tokens.json`, readTokens);
  }

  /** The token that was sent, its role no higher than its owner's. Rejects where the file cannot be read. */
  async use(sent: string): Promise<{ token: ApiToken; role: Role } | undefined> {
    const found = form.exec(sent);
    if (found === null) return undefined;
    const [, id, secret] = found;
    const { clock, account } = this.#options;
    const token = (await this.#file.get()).find((each) => each.id === id);
    if (token === undefined || !sameHash(hashOf(secret), token.hash)) return undefined;
    const now = clock.now();
    const owner = account(token.user);
    if (owner === undefined || token.expires <= now) return undefined;
    this.#used.set(id, now);
    return { token, role: lesserRole(token.role, owner.role) };
  }

  /** All, the oldest first. */
  async list(): Promise<TokenFacts[]> {
    return (await this.#file.get()).map((token) => this.#facts(token));
  }

  /** Makes one; `secret` is shown once. `undefined`: there are too many. */
  async make({ name, role, user, life }: TokenWish): Promise<{ secret: string; token: TokenFacts } | undefined> {
    const { clock, random } = this.#options;
    const now = clock.now();
    const id = random.bytes(8).toHex();
    const secret = newSecret(random);
    const token: ApiToken = {
      id,
      name,
      role,
      user,
      created: now,
      expires: now + life,
      hash: hashOf(secret),
    };
    let full = false;
    await this.#file.change((tokens) => {
      full = tokens.length >= limits.apiTokensMax;
      return full ? tokens : [...tokens, token];
    });
    return full ? undefined : { secret: `${prefix}_${id}_${secret}`, token: this.#facts(token) };
  }

  /** Takes tokens away; those that were. */
  async revoke(match: (token: ApiToken) => boolean): Promise<ApiToken[]> {
    const gone = (await this.#file.get()).filter(match);
    if (gone.length === 0) return [];
    const ids = new Set(gone.map(({ id }) => id));
    await this.#file.change((tokens) => tokens.filter(({ id }) => !ids.has(id)));
    for (const id of ids) this.#used.delete(id);
    return gone;
  }

  #facts({ hash: _secret, ...token }: ApiToken): TokenFacts {
    return { ...token, used: this.#used.get(token.id) ?? null };
  }
}

function readTokens(value: unknown): readonly ApiToken[] {
  if (value === undefined) return [];
  const texts = ["id", "name", "user", "hash"];
  const numbers = ["created", "expires"];
  const sound = (token: unknown): token is ApiToken => {
    const facts = (token ?? {}) as Record<string, unknown>;
    return texts.every((key) => typeof facts[key] === "string") &&
      numbers.every((key) => typeof facts[key] === "number") && roles.some((role) => role === facts.role);
  };
  if (Array.isArray(value) && value.every(sound)) return value;
  throw new Error("it does not hold API tokens");
}
