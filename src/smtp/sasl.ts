/**
 * SASL exchanges from the server's side, as SMTP carries them: RFC 4954 §4.
 *
 * What a client claims comes out of here; whether it is true is somebody else's question. What was decoded is neither logged nor repeated:
 * it may be a password, in the wrong place or in the right one.
 *
 * @module
 */
import type { Octets } from "../base/octets.ts";
import { type Reply, reply } from "../mail/reply.ts";

/** Mechanisms that the server knows, in the order in which they are offered. */
export const mechanisms = ["EXTERNAL", "PLAIN", "LOGIN"] as const;

/** One of {@linkcode mechanisms}. */
export type Mechanism = typeof mechanisms[number];

/** Who the client says it is. `authorization`: whom it wants to act as; empty: itself. */
export type Claim =
  | { mechanism: "PLAIN" | "LOGIN"; user: string; password: string; authorization: string }
  /** Its certificate says it: RFC 4422 §A. */
  | { mechanism: "EXTERNAL"; authorization: string };

/** What comes next in an exchange. */
export type SaslStep =
  /** The client has to answer; base64. */
  | { kind: "challenge"; text: string }
  | { kind: "claim"; claim: Claim }
  | { kind: "failed"; reply: Reply };

const notBase64 = reply(501, "5.5.2", "Cannot decode the response");
const cancelled = reply(501, "5.7.0", "Authentication cancelled");
const malformed = reply(501, "5.5.2", "The response is not what the mechanism asks for");

/** RFC 4616 §2: names and passwords have up to 255 octets; a character has one at least. */
const charactersMax = 255;
/** Base64 of two names and a password that long, of four octets a character at the most. */
const base64CharactersMax = 4_100;

// "User Name" and "Password" are what clients of LOGIN expect, whatever its draft says.
const userChallenge = "VXNlcm5hbWU6";
const passwordChallenge = "UGFzc3dvcmQ6";

/** One exchange, from AUTH to a claim. */
export class SaslExchange {
  readonly #mechanism: Mechanism;
  #begun = false;
  #user: string | undefined;

  constructor(mechanism: Mechanism) {
    this.#mechanism = mechanism;
  }

  /** Takes the initial response, `undefined` where AUTH had none, and then one line after the other. */
  next(line: string | undefined): SaslStep {
    const begins = !this.#begun;
    this.#begun = true;
    if (line === undefined) return challenge(this.#mechanism === "LOGIN" ? userChallenge : "");
    if (line === "*") return { kind: "failed", reply: cancelled };
    const text = line === "=" && begins ? "" : decoded(line);
    if (text === undefined) return { kind: "failed", reply: notBase64 };
    switch (this.#mechanism) {
      case "PLAIN":
        return plain(text);
      case "LOGIN":
        return this.#login(text);
      case "EXTERNAL":
        return external(text);
      default:
        return this.#mechanism satisfies never;
    }
  }

  #login(text: string): SaslStep {
    if (text === "" || text.includes("\0") || text.length > charactersMax) return { kind: "failed", reply: malformed };
    if (this.#user === undefined) {
      this.#user = text;
      return challenge(passwordChallenge);
    }
    return { kind: "claim", claim: { mechanism: "LOGIN", user: this.#user, password: text, authorization: "" } };
  }
}

function challenge(text: string): SaslStep {
  return { kind: "challenge", text };
}

/** RFC 4616 §2: `[authzid] NUL authcid NUL passwd`. */
function plain(text: string): SaslStep {
  const [authorization, user, password, ...more] = text.split("\0");
  const sound = more.length === 0 && user && password &&
    [authorization, user, password].every((part) => part.length <= charactersMax);
  if (!sound) return { kind: "failed", reply: malformed };
  return { kind: "claim", claim: { mechanism: "PLAIN", user, password, authorization } };
}

/** RFC 4422 §A: the response is an identity, or empty. */
function external(text: string): SaslStep {
  if (text.includes("\0") || text.length > charactersMax) return { kind: "failed", reply: malformed };
  return { kind: "claim", claim: { mechanism: "EXTERNAL", authorization: text } };
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Base64 to the letter, and UTF-8 within. */
function decoded(line: string): string | undefined {
  if (line.length > base64CharactersMax || line.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(line)) {
    return undefined;
  }
  try {
    const bytes: Octets = Uint8Array.fromBase64(line);
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}
