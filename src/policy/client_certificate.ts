/**
 * What a client's certificate proves, and what a policy makes of it.
 *
 * Only a certificate that verifies proves a name: chain, time, purpose and revocation lists. A name is one of the DNS names or the common
 * name; both are what an authority that the owner trusts has signed.
 *
 * @module
 */
import type { MailFlowPolicy } from "../config/config.ts";
import { type Reply, reply } from "../mail/reply.ts";
import type { PeerFacts } from "../tls/engine.ts";

/** What a client showed when it was asked. */
export type ShownCertificate =
  | { kind: "none" }
  /** `names` are in lower case. */
  | { kind: "verified"; subject: string; names: readonly string[] }
  /** `reason` is the word of the log, `text` says it in OpenSSL's words. */
  | { kind: "unverified"; subject: string; reason: string; text: string };

/** Reads it from what the handshake proved. */
export function shownCertificate(facts: Pick<PeerFacts, "certificate" | "chain" | "certificates">): ShownCertificate {
  if (!facts.certificate) return { kind: "none" };
  const [leaf] = facts.certificates();
  const { chain } = facts;
  if (!chain.trusted) return { kind: "unverified", subject: leaf.subject, reason: chain.reason, text: chain.text };
  const names = [...new Set([...leaf.names, ...leaf.commonNames].map((name) => name.toLowerCase()))];
  return { kind: "verified", subject: leaf.subject, names };
}

/** Why a policy refuses a client over its certificate: the reply, which tells a stranger no more than he needs, and words for the log. */
export interface CertificateRefusal {
  reply: Reply;
  text: string;
}

// RFC 3463 §3.8: X.7.0, other or undefined security status.
const none = reply(554, "5.7.0", "A client certificate is required");
const bad = reply(554, "5.7.0", "Client certificate not verified");

/** What a policy says about what was shown; `undefined`: nothing against it. */
export function judgeCertificate(
  { name, verify_client_certificate: wanted }: Pick<MailFlowPolicy, "name" | "verify_client_certificate">,
  shown: ShownCertificate,
): CertificateRefusal | undefined {
  if (wanted === false || shown.kind === "verified") return undefined;
  if (shown.kind === "unverified") {
    return { reply: bad, text: `${name} takes no client certificate that does not verify (${shown.reason})` };
  }
  return wanted === "required"
    ? { reply: none, text: `${name} requires a client certificate and none was shown` }
    : undefined;
}
