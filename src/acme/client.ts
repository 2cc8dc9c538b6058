/**
 * The requests of RFC 8555: directory, nonces, account, orders. No timing and no files: whoever calls owns both.
 *
 * Why not `acme-client`, the library of this name: it has one HTTP client for the whole process with pauses inside that nothing can end, drops
 * the type of the authority's problem and its Retry-After, cannot be bounded in octets, and brings thirty packages (axios, node-forge, a second
 * `@peculiar/x509`). What is left without those is this file, over `npm:jose` and the runtime's client.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Octets } from "../base/octets.ts";
import { printable } from "../base/text.ts";
import type { AccountKey } from "./account_key.ts";
import type { Exchange, HttpAnswer } from "./http.ts";
import { AcmeError, problemText, recordOf, retryAfterOf } from "./problem.ts";

/** RFC 8555 §7.1.1, as far as it is needed. */
export interface Directory {
  newNonce: string;
  newAccount: string;
  newOrder: string;
  externalAccountRequired: boolean;
}

/** RFC 8555 §7.1.3. */
export interface Order {
  url: string;
  status: "pending" | "ready" | "processing" | "valid" | "invalid";
  authorizations: readonly string[];
  finalize: string;
  certificate?: string;
  /** What went wrong, as a line. */
  problem?: { type?: string; text: string };
  /** How long to wait before it is asked again, as the authority wants it. */
  retryAfterMs?: number;
}

/** RFC 8555 §7.1.4. */
export interface Authorization {
  url: string;
  name: string;
  status: "pending" | "valid" | "invalid" | "deactivated" | "expired" | "revoked";
  challenges: readonly Challenge[];
  retryAfterMs?: number;
}

/** RFC 8555 §8. */
export interface Challenge {
  type: string;
  url: string;
  token: string;
  status: string;
  problem?: { type?: string; text: string };
}

/** Who asks for an account. */
export interface AccountWish {
  email?: string;
  external?: { keyId: string; secret: Uint8Array };
}

/** What a client is made of. */
export interface ClientOptions {
  directory: string;
  key: AccountKey;
  exchange: Exchange;
  clock: Pick<Clock, "now">;
  signal: AbortSignal;
}

/** A nonce may be refused for no fault of ours, RFC 8555 §6.5: how often a request is signed anew. */
const nonceTriesMax = 10;
const noncesKept = 10;
const listMax = 100;
const urlLengthMax = 2_000;

/** See the module. */
export class AcmeClient {
  readonly #options: ClientOptions;
  #directory: Directory | undefined;
  readonly #nonces: string[] = [];
  /** The account's URL. */
  #account: string | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** What the key says for a challenge. */
  get key(): AccountKey {
    return this.#options.key;
  }

  /** The account's URL is known already. */
  useAccount(url: string): void {
    this.#account = url;
  }

  /** RFC 8555 §7.1.1. */
  async directory(): Promise<Directory> {
    if (this.#directory !== undefined) return this.#directory;
    const { directory: url } = this.#options;
    const answer = await this.#send({ url, method: "GET" });
    if (answer.status !== 200) throw this.#fault(answer, `read the directory ${url}`);
    const found = jsonOf(answer);
    const { newNonce, newAccount, newOrder, meta } = found;
    return this.#directory = {
      newNonce: urlOf(newNonce, "newNonce"),
      newAccount: urlOf(newAccount, "newAccount"),
      newOrder: urlOf(newOrder, "newOrder"),
      externalAccountRequired: recordOf(meta).externalAccountRequired === true,
    };
  }

  /** Makes the account, or finds the one that the key has: RFC 8555 §7.3. Its URL. */
  async newAccount({ email, external }: AccountWish): Promise<string> {
    const { newAccount: url, externalAccountRequired } = await this.directory();
    if (externalAccountRequired && external === undefined) {
      throw new AcmeError("Cannot make an account: the authority wants an external account; acme.external_account");
    }
    this.#account = undefined;
    const answer = await this.#post(url, {
      termsOfServiceAgreed: true,
      contact: contactOf(email),
      ...(external === undefined ? {} : { externalAccountBinding: await this.key.bind({ ...external, url }) }),
    }, "make an account");
    return this.#account = urlOf(answer.headers.get("location"), "account");
  }

  /** Tells the authority another address: RFC 8555 §7.3.2. */
  async updateContact(email: string | undefined): Promise<void> {
    await this.#post(this.#account!, { contact: contactOf(email) }, "change the account");
  }

  /** RFC 8555 §7.4. */
  async newOrder(names: readonly string[]): Promise<Order> {
    const { newOrder } = await this.directory();
    const identifiers = names.map((value) => ({ type: "dns", value }));
    const answer = await this.#post(newOrder, { identifiers }, "order a certificate");
    return this.#order(answer, urlOf(answer.headers.get("location"), "order"));
  }

  /** An order as it is now. */
  async order(url: string): Promise<Order> {
    return this.#order(await this.#post(url, undefined, "look at the order"), url);
  }

  /** Hands the request in: RFC 8555 §7.4. `csr`: DER. */
  async finalize({ finalize, url }: Order, csr: Octets): Promise<Order> {
    const body = { csr: csr.toBase64({ alphabet: "base64url", omitPadding: true }) };
    return this.#order(await this.#post(finalize, body, "hand the request in"), url);
  }

  /** RFC 8555 §7.5. */
  async authorization(url: string): Promise<Authorization> {
    const answer = await this.#post(url, undefined, "look at an authorization");
    const { identifier, status, challenges } = jsonOf(answer);
    return {
      url,
      name: textOf(recordOf(identifier).value, "an authorization's name"),
      status: wordOf(status, ["pending", "valid", "invalid", "deactivated", "expired", "revoked"]),
      challenges: listOf(challenges).map(challengeOf),
      retryAfterMs: this.#retryAfter(answer),
    };
  }

  /** Says that a challenge can be tried: RFC 8555 §7.5.1. */
  async ready(challenge: Challenge): Promise<void> {
    await this.#post(challenge.url, {}, "begin a challenge");
  }

  /** The chain in PEM: RFC 8555 §7.4.2. */
  async certificate(url: string): Promise<string> {
    return (await this.#post(url, undefined, "fetch the certificate")).text;
  }

  #order(answer: HttpAnswer, url: string): Order {
    const { status, authorizations, finalize, certificate, error } = jsonOf(answer);
    return {
      url,
      status: wordOf(status, ["pending", "ready", "processing", "valid", "invalid"]),
      authorizations: listOf(authorizations).map((one) => urlOf(one, "authorization")),
      finalize: urlOf(finalize, "finalize"),
      ...(certificate === undefined ? {} : { certificate: urlOf(certificate, "certificate") }),
      ...(error === undefined ? {} : { problem: problemText(error) }),
      retryAfterMs: this.#retryAfter(answer),
    };
  }

  /** `payload` absent: POST-as-GET. `what` finishes the sentence `Cannot …`. */
  async #post(url: string, payload: unknown, what: string): Promise<HttpAnswer> {
    for (let tries = 1;; tries++) {
      const nonce = this.#nonces.pop() ?? await this.#newNonce();
      const body = JSON.stringify(await this.key.sign(payload, { url, nonce, account: this.#account }));
      const answer = await this.#send({ url, method: "POST", body });
      if (answer.status >= 200 && answer.status < 300) return answer;
      const fault = this.#fault(answer, what);
      if (fault.type !== "badNonce" || tries >= nonceTriesMax) throw fault;
    }
  }

  async #newNonce(): Promise<string> {
    const answer = await this.#send({ url: (await this.directory()).newNonce, method: "HEAD" });
    const nonce = this.#nonces.pop();
    if (nonce === undefined) throw this.#fault(answer, "get a nonce");
    return nonce;
  }

  async #send(request: Parameters<Exchange>[0]): Promise<HttpAnswer> {
    const { exchange, signal } = this.#options;
    const answer = await exchange(request, signal);
    const nonce = answer.headers.get("replay-nonce");
    // RFC 8555 §6.5.1: base64url.
    if (nonce !== null && /^[A-Za-z0-9_-]{1,500}$/.test(nonce) && this.#nonces.length < noncesKept) {
      this.#nonces.push(nonce);
    }
    return answer;
  }

  #retryAfter({ headers }: HttpAnswer): number | undefined {
    return retryAfterOf(headers.get("retry-after"), this.#options.clock.now());
  }

  #fault(answer: HttpAnswer, what: string): AcmeError {
    const retryAfterMs = this.#retryAfter(answer);
    let problem: unknown;
    try {
      problem = JSON.parse(answer.text);
    } catch {
      problem = undefined;
    }
    if (typeof recordOf(problem).type !== "string") {
      return new AcmeError(`Cannot ${what}: the authority answers with HTTP status ${answer.status}`, { retryAfterMs });
    }
    const { type, text } = problemText(problem);
    return new AcmeError(`Cannot ${what}: ${text}`, { type, retryAfterMs });
  }
}

function contactOf(email: string | undefined): string[] {
  return email === undefined ? [] : [`mailto:${email}`];
}

function challengeOf(value: unknown): Challenge {
  const { type, url, token, status, error } = recordOf(value);
  return {
    type: typeof type === "string" ? printable(type, 100) : "",
    url: urlOf(url, "challenge"),
    // A type that has no token is none that we answer.
    token: typeof token === "string" ? token : "",
    status: typeof status === "string" ? printable(status, 100) : "",
    ...(error === undefined ? {} : { problem: problemText(error) }),
  };
}

function jsonOf({ text }: HttpAnswer): Record<string, unknown> {
  try {
    return recordOf(JSON.parse(text));
  } catch {
    throw new AcmeError("Cannot read the authority's answer: it is no JSON");
  }
}

function urlOf(value: unknown, what: string): string {
  if (
    typeof value === "string" && value.length <= urlLengthMax && value.startsWith("https://") && URL.canParse(value)
  ) {
    return value;
  }
  throw new AcmeError(`Cannot read the authority's answer: its ${what} URL is missing or none`);
}

function textOf(value: unknown, what: string): string {
  if (typeof value === "string" && value.length <= urlLengthMax) return value;
  throw new AcmeError(`Cannot read the authority's answer: ${what} is missing`);
}

function listOf(value: unknown): unknown[] {
  if (Array.isArray(value) && value.length <= listMax) return value;
  throw new AcmeError("Cannot read the authority's answer: a list is missing or too long");
}

function wordOf<const W extends string>(value: unknown, words: readonly W[]): W {
  const found = words.find((word) => word === value);
  if (found === undefined) throw new AcmeError("Cannot read the authority's answer: its status is unknown");
  return found;
}
