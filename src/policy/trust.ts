/**
 * What a next hop's certificate means for the mail: pure judgement over facts.
 *
 * @module
 */
import type { DestinationControl, PeerCertificateRules } from "../config/config.ts";
import type { PeerFacts, TlsReason } from "../tls/engine.ts";
import type { LevelRow } from "../tls/level.ts";
import { peerCertificateFault } from "./peer_certificate.ts";
import { literalAddress, type Route } from "./route.ts";

/** How the connection's host was found. */
export interface HostNames {
  /** The destination domain. */
  domain: string;
  /** The MX host, where the way went by MX. `authentic`: its name is proven by DNSSEC. */
  mx?: { name: string; authentic: boolean };
  /** The name in `smtp_routes`; absent for an address. */
  route?: string;
}

/** The judgement. `reason` and `text` say why the certificate is not verified, also where nobody demands it. */
export type Trust =
  | { kind: "go_on"; verified: true; name: string }
  | { kind: "go_on"; verified: false; reason: TlsReason; text: string }
  /** The mail goes on, and the log says that the peer is unproven. */
  | { kind: "deliver_unverified"; reason: TlsReason; code: number; text: string }
  | { kind: "defer"; reason: TlsReason; code: number; text: string };

/** OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH, and its word for a certificate that is not there. */
const hostnameMismatch = 62;
const unspecified = 1;

/**
 * The names of which the certificate has to carry one, in the order of the rule: `domain` is the destination domain; `mx` adds the MX host,
 * however its name was learned; `hosted` adds the MX host, then the route's host. An MX name proven by DNSSEC always counts.
 */
export function acceptedNames(rule: DestinationControl["verify_names"], { domain, mx, route }: HostNames): string[] {
  const names = [literalAddress(domain) ?? domain];
  if (mx !== undefined && (rule !== "domain" || mx.authentic)) names.push(mx.name);
  if (rule === "hosted" && route !== undefined) names.push(route);
  return [...new Set(names)];
}

/**
 * The names that count for a host of a route. RFC 8689 §4.2.1: for REQUIRETLS an MX host's name has to be proven by DNSSEC, whatever
 * the rule; a certificate for the domain itself needs no proof of how the host was found.
 */
export function namesFor({ control, demand }: Pick<Route, "control" | "demand">, names: HostNames): string[] {
  const { mx, ...others } = names;
  const proven = demand === "requiretls" && mx?.authentic !== true ? others : names;
  return acceptedNames(control.verify_names, proven);
}

/** What is judged: what was proven, the names that count, and what a certificate has to be besides. */
export interface TrustQuestion {
  facts: PeerFacts;
  names: readonly string[];
  validation: PeerCertificateRules;
}

/** What becomes of a finished handshake. */
export function judgeTrust(level: LevelRow, question: TrustQuestion): Trust {
  const fault = faultOf(question);
  if (typeof fault === "string") return { kind: "go_on", verified: true, name: fault };
  if (!level.verifies) return { kind: "go_on", verified: false, reason: fault.reason, text: fault.text };
  return level.unverified === "defer" ? { kind: "defer", ...fault } : { kind: "deliver_unverified", ...fault };
}

/** The name that matched, or what is wrong. */
function faultOf(
  { facts, names, validation }: TrustQuestion,
): string | { reason: TlsReason; code: number; text: string } {
  if (!facts.certificate) {
    return { reason: "no_certificate", code: unspecified, text: "the server showed no certificate" };
  }
  if (!facts.chain.trusted) {
    const { reason, code, text } = facts.chain;
    return { reason, code, text };
  }
  const unsound = peerCertificateFault(facts, validation);
  if (unsound !== undefined) return unsound;
  const matched = names.find((name) => facts.matches(name));
  if (matched !== undefined) return matched;
  return { reason: "name_mismatch", code: hostnameMismatch, text: `the certificate is not for ${names.join(" or ")}` };
}
