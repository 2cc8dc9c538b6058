/**
 * What is odd about a chain, and what a peer will see of it.
 *
 * @module
 */
import type { PeerFacts } from "../tls/engine.ts";
import type { Told } from "../base/told.ts";
import type { CertificateRecord } from "./record.ts";
import { tell } from "./texts.ts";

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
  /** The same, for readers of every language. */
  told: Told;
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

function warning(kind: ChainWarning["kind"], told: Told): ChainWarning {
  return { kind, text: told.text, told };
}

function ofTime({ subject, notBefore, notAfter }: CertificateRecord, now: number): ChainWarning[] {
  const day = (ms: number) => Number.isNaN(ms) ? tell("chain.no_day") : new Date(ms).toISOString().slice(0, 10);
  if (!(notAfter > now)) return [warning("expired", tell("chain.expired", { subject, day: day(notAfter) }))];
  if (!(notBefore <= now)) {
    return [warning("not_yet_valid", tell("chain.not_yet_valid", { subject, day: day(notBefore) }))];
  }
  return [];
}

function ofStrength({ subject, key, signature, selfSigned }: CertificateRecord): ChainWarning[] {
  const warnings: ChainWarning[] = [];
  const bits = /^(?:RSA|RSA-PSS|DSA) (\d+)$/.exec(key)?.[1];
  if (bits !== undefined && Number(bits) < rsaBitsMin) {
    warnings.push(warning("weak_key", tell("chain.weak_key", { subject, key })));
  }
  // Nobody verifies the signature of a root.
  if (/md[245]|sha1(?!\d)|sha-1$/i.test(signature) && !selfSigned) {
    warnings.push(warning("weak_signature", tell("chain.weak_signature", { subject, signature })));
  }
  return warnings;
}

const commonKeys = /^(RSA \d+|EC P-(256|384|521))$/;

function ofLeaf(leaf: CertificateRecord): ChainWarning[] {
  const { subject, key, dnsNames, addresses, purposes, keyUsage, authority } = leaf;
  const warnings: ChainWarning[] = [];
  const warn = (kind: ChainWarning["kind"], told: Told) => warnings.push(warning(kind, told));
  if (dnsNames.length === 0 && addresses.length === 0) warn("no_names", tell("chain.no_names", { subject }));
  if (purposes !== undefined && !purposes.includes("serverAuth") && !purposes.includes("any")) {
    const has = purposes.join(", ") || tell("chain.no_purpose");
    warn("not_for_servers", tell("chain.not_for_servers", { subject, has }));
  }
  if (keyUsage !== undefined && !keyUsage.includes("digitalSignature")) {
    const then = key.startsWith("RSA") && keyUsage.includes("keyEncipherment")
      ? tell("chain.rsa_only")
      : tell("chain.no_handshake");
    const usage = keyUsage.join(", ") || tell("chain.no_usage");
    warn("key_usage", tell("chain.key_usage", { subject, usage, then }));
  }
  // A self-signed one is its own authority in any case.
  if (authority === true && !leaf.selfSigned) warn("leaf_is_authority", tell("chain.leaf_is_authority", { subject }));
  if (!commonKeys.test(key)) warn("rare_key", tell("chain.rare_key", { subject, key }));
  return warnings;
}

function ofIssuer({ subject, authority, keyUsage }: CertificateRecord): ChainWarning[] {
  if (authority !== true) return [warning("issuer_is_no_authority", tell("chain.issuer_is_no_authority", { subject }))];
  if (keyUsage !== undefined && !keyUsage.includes("keyCertSign")) {
    return [warning("issuer_is_no_authority", tell("chain.issuer_may_not", { subject }))];
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
  const included: ChainWarning[] = root === undefined
    ? []
    : [warning("root_included", tell("chain.root_included", { subject: root.subject }))];
  if (trust.trusted) return included;
  const { code, text: seen } = trust;
  const warn = (kind: ChainWarning["kind"], told: Told): ChainWarning[] => [...included, warning(kind, told)];
  const { subject } = leaf;
  switch (code) {
    case 18: // DEPTH_ZERO_SELF_SIGNED_CERT
      return warn("self_signed", tell("chain.self_signed", { subject, seen }));
    case 19: // SELF_SIGNED_CERT_IN_CHAIN
      return warn("untrusted_root", tell("chain.untrusted_root", { subject: top.subject, seen }));
    case 2: // UNABLE_TO_GET_ISSUER_CERT
    case 20: // UNABLE_TO_GET_ISSUER_CERT_LOCALLY
    case 21: { // UNABLE_TO_VERIFY_LEAF_SIGNATURE
      const [url] = top.issuerUrls;
      const what = tell(top === leaf ? "chain.no_intermediate" : "chain.no_intermediate_or_root");
      const facts = { what, issuer: top.issuer, subject: top.subject, seen };
      const told = url === undefined
        ? tell("chain.missing_issuer", facts)
        : tell("chain.missing_at", { ...facts, url });
      return warn("missing_issuer", told);
    }
    default: {
      const told = chainWarnings({ ...question, trust: { trusted: true }, now }).map(({ kind }) => kind);
      if (toldBefore[code]?.some((kind) => told.includes(kind))) return included;
      return warn("untrusted", tell("chain.untrusted", { subject, seen }));
    }
  }
}
