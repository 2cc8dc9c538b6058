/**
 * What is odd about a chain, and what a peer will see of it.
 *
 * @module
 */
import type { PeerFacts } from "../tls/engine.ts";
import type { CertificateRecord } from "./record.ts";

/** One oddity. */
export interface ChainWarning {
  kind:
    | "expired"
    | "not_yet_valid"
    | "self_signed"
    | "missing_issuer"
    | "untrusted_root"
    | "untrusted"
    | "root_included"
    | "weak_key"
    | "weak_signature"
    | "no_names"
    | "not_for_servers"
    | "key_usage"
    | "leaf_is_authority"
    | "issuer_is_no_authority"
    | "rare_key";
  /** One sentence that names the certificate and says what a peer will see. */
  text: string;
}

/** What is judged. */
export interface ChainQuestion {
  leaf: CertificateRecord;
  /** As it is sent. */
  chain: readonly CertificateRecord[];
  /** The last one of the line that begins with the leaf. */
  top: CertificateRecord;
  /** The engine's word. */
  trust: PeerFacts["chain"];
  now: number;
}

const rsaBitsMin = 2_048;

/** Every oddity: the leaf's first, then those of its issuers, then the line as a whole. */
export function chainWarnings(question: ChainQuestion): ChainWarning[] {
  const { leaf, chain } = question;
  return [
    ...ofTime(leaf, question.now),
    ...ofStrength(leaf),
    ...ofLeaf(leaf),
    ...chain.flatMap((one) => [...ofTime(one, question.now), ...ofStrength(one), ...ofIssuer(one)]),
    ...ofTrust(question),
  ];
}

function sees(text: string): string {
  return `a peer that verifies will see "${text}"`;
}

function ofTime({ subject, notBefore, notAfter }: CertificateRecord, now: number): ChainWarning[] {
  const day = (ms: number) => Number.isNaN(ms) ? "an unreadable date" : new Date(ms).toISOString().slice(0, 10);
  if (!(notAfter > now)) {
    return [{ kind: "expired", text: `${subject} expired on ${day(notAfter)}: ${sees("certificate has expired")}` }];
  }
  if (!(notBefore <= now)) {
    const text = `${subject} is not valid before ${day(notBefore)}: ${sees("certificate is not yet valid")}`;
    return [{ kind: "not_yet_valid", text }];
  }
  return [];
}

function ofStrength({ subject, key, signature, selfSigned }: CertificateRecord): ChainWarning[] {
  const warnings: ChainWarning[] = [];
  const bits = /^(?:RSA|RSA-PSS|DSA) (\d+)$/.exec(key)?.[1];
  if (bits !== undefined && Number(bits) < rsaBitsMin) {
    const text = `${subject} has a weak key (${key}): ${
      sees("EE certificate key too weak")
    }, or goes on as if it were none`;
    warnings.push({ kind: "weak_key", text });
  }
  // Nobody verifies the signature of a root.
  if (/md[245]|sha1(?!\d)|sha-1$/i.test(signature) && !selfSigned) {
    const text = `${subject} is signed in a weak way (${signature}): ${sees("CA signature digest algorithm too weak")}`;
    warnings.push({ kind: "weak_signature", text });
  }
  return warnings;
}

const commonKeys = /^(RSA \d+|EC P-(256|384|521))$/;

function ofLeaf(leaf: CertificateRecord): ChainWarning[] {
  const { subject, key, dnsNames, addresses, purposes, keyUsage, authority } = leaf;
  const warnings: ChainWarning[] = [];
  const warn = (kind: ChainWarning["kind"], text: string) => warnings.push({ kind, text });
  if (dnsNames.length === 0 && addresses.length === 0) {
    warn(
      "no_names",
      `${subject} has no subject alternative name: a peer that looks there alone will see no name that matches`,
    );
  }
  if (purposes !== undefined && !purposes.includes("serverAuth") && !purposes.includes("any")) {
    const what = `${subject} is not made for servers (it has ${purposes.join(", ") || "no purpose"})`;
    warn("not_for_servers", `${what}: ${sees("unsuitable certificate purpose")} when it connects to a listener`);
  }
  if (keyUsage !== undefined && !keyUsage.includes("digitalSignature")) {
    const rest = key.startsWith("RSA") && keyUsage.includes("keyEncipherment")
      ? "it can serve suites with RSA key exchange only, and no TLS 1.3"
      : "a strict peer will refuse every handshake";
    warn(
      "key_usage",
      `${subject} is not made for signatures (its key usage is ${keyUsage.join(", ") || "empty"}): ${rest}`,
    );
  }
  // A self-signed one is its own authority in any case.
  if (authority === true && !leaf.selfSigned) {
    warn("leaf_is_authority", `${subject} is a certificate of an authority: strict peers refuse it as a server's own`);
  }
  if (!commonKeys.test(key)) {
    warn(
      "rare_key",
      `${subject} has a key that not every peer knows (${key}): such a peer will see no suite in common`,
    );
  }
  return warnings;
}

function ofIssuer({ subject, authority, keyUsage }: CertificateRecord): ChainWarning[] {
  if (authority !== true) {
    const text = `${subject} issues certificates and is no authority: ${sees("invalid CA certificate")}`;
    return [{ kind: "issuer_is_no_authority", text }];
  }
  if (keyUsage !== undefined && !keyUsage.includes("keyCertSign")) {
    const text = `${subject} may not sign certificates by its key usage: ${sees("invalid CA certificate")}`;
    return [{ kind: "issuer_is_no_authority", text }];
  }
  return [];
}

/** Verify codes of x509_vfy.h that the checks above tell in their own words. */
const toldBefore: Readonly<Record<number, ChainWarning["kind"][]>> = {
  9: ["not_yet_valid"],
  10: ["expired"],
  24: ["issuer_is_no_authority"],
  26: ["not_for_servers", "issuer_is_no_authority"],
  32: ["issuer_is_no_authority", "key_usage"],
  66: ["weak_key"],
  67: ["weak_key"],
  68: ["weak_signature"],
  79: ["issuer_is_no_authority"],
};

function ofTrust(question: ChainQuestion): ChainWarning[] {
  const { leaf, chain, top, trust, now } = question;
  const root = chain.find(({ selfSigned }) => selfSigned);
  const included: ChainWarning[] = root === undefined ? [] : [{
    kind: "root_included",
    text: `${root.subject} is a root and is sent along: a peer has it already or does not trust it, ` +
      "so only a TLSA record that names it needs it there",
  }];
  if (trust.trusted) return included;
  const { code, text } = trust;
  const peers = sees(text);
  const warn = (kind: ChainWarning["kind"], said: string): ChainWarning[] => [...included, { kind, text: said }];
  switch (code) {
    case 18: // DEPTH_ZERO_SELF_SIGNED_CERT
      return warn("self_signed", `${leaf.subject} is self-signed: ${peers}`);
    case 19: // SELF_SIGNED_CERT_IN_CHAIN
      return warn("untrusted_root", `The chain ends in ${top.subject}, which is no trusted authority here: ${peers}`);
    case 2: // UNABLE_TO_GET_ISSUER_CERT
    case 20: // UNABLE_TO_GET_ISSUER_CERT_LOCALLY
    case 21: { // UNABLE_TO_VERIFY_LEAF_SIGNATURE
      const where = top.issuerUrls.length === 0 ? "" : ` (it is at ${top.issuerUrls[0]})`;
      const what = top === leaf ? "An intermediate is missing" : "An intermediate or the root is missing";
      const state = `${top.issuer}, which issued ${top.subject}, is neither in the chain nor a trusted authority here`;
      return warn("missing_issuer", `${what}: ${state}${where}; ${peers}`);
    }
    default: {
      const told = chainWarnings({ ...question, trust: { trusted: true }, now }).map(({ kind }) => kind);
      if (toldBefore[code]?.some((kind) => told.includes(kind))) return included;
      return warn("untrusted", `${leaf.subject} does not verify: ${peers}`);
    }
  }
}
