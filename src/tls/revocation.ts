/**
 * Revocation in our words: what a revocation list says, and what a responder (OCSP, RFC 6960) says about a certificate of our own.
 *
 * @module
 */
import type { Octets } from "../base/octets.ts";
import type { KeyPair, TrustAnchors } from "./engine.ts";

/** One revocation list (RFC 5280 §5). Times are wall milliseconds. */
export interface CrlFacts {
  /** RFC 4514 text of its issuer. */
  issuer: string;
  from: number;
  /** Absent: the list names no next update. */
  until?: number;
  /** Certificates that it names. */
  entries: number;
  /**
   * Whether an authority of ours signed it. `unproven`: its issuer is none of them, as an intermediate one; it counts for the chains that hold an issuer of
   * this name whose signature it bears, and for no others.
   */
  signature: "proven" | "unproven" | "wrong";
}

/** What to ask about a certificate of our own. */
export interface StatusQuestion {
  /** Of the certificate. */
  fingerprint: string;
  subject: string;
  /** Addresses of responders that the certificate names; none: nobody can be asked. */
  responders: string[];
  /** The certificate promises that its status is stapled (RFC 7633): clients may refuse it without. */
  mustStaple: boolean;
  /** An OCSPRequest in DER; absent: the issuer's certificate is not known, so no question can be made. */
  request?: Octets;
}

/** What a responder's answer is worth. Times are wall milliseconds. */
export type StatusAnswer =
  | { kind: "good"; from: number; until: number }
  | { kind: "revoked"; at: number; why: string }
  /** The responder does not know the certificate. */
  | { kind: "unknown" }
  /** Nothing that could be shown to anybody. */
  | { kind: "unusable"; why: string };

/** An answer to show to clients until it is out of date. */
export interface Staple {
  /** An OCSPResponse in DER. */
  response: Octets;
  until: number;
}

/** What an engine does for revocation. */
export interface RevocationEngine {
  /** The lists in PEM or DER. Throws `TlsSetupError`. */
  readCrls(list: Octets, trust: TrustAnchors): CrlFacts[];
  /** What to ask about the pair's certificate; the issuer comes from the pair's chain, else from `trust`. Throws `TlsSetupError`. */
  statusQuestion(pair: KeyPair, trust: TrustAnchors): StatusQuestion;
  /** Reads a responder's answer: signature, certificate and time are proven against the issuer. Throws `TlsSetupError` for a broken pair only. */
  readStatus(pair: KeyPair, answer: { response: Octets; trust: TrustAnchors }): StatusAnswer;
  /** From now on all servers show this for the certificate of this fingerprint, to clients that ask; `undefined`: nothing. */
  staple(fingerprint: string, staple: Staple | undefined): void;
}
