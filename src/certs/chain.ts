/**
 * The chain that is sent with a certificate: which certificates belong to it, in which order, and what a peer will make of it.
 *
 * Nothing here refuses but {@linkcode chooseLeaf}, for a key that fits none: an owner may have reasons for an expired intermediate or a private root, so
 * those are told, with what a peer will see. The word on trust is the engine's verification, the one that peers of the gateway's own
 * connections go through.
 *
 * @module
 */
import type { CertificateEngine } from "../tls/certificates.ts";
import type { BuiltChain, PeerFacts, TrustAnchors } from "../tls/engine.ts";
import { type ChainWarning, chainWarnings } from "./chain_warnings.ts";
import { FormatError } from "./format_error.ts";
import { fits, type KeyRecord } from "./read_key.ts";
import { type CertificateRecord, derOf } from "./record.ts";
import { tell } from "./texts.ts";

/** What is known of a chain. Plain data. */
export interface ChainReport {
  leaf: CertificateRecord;
  /** What is sent behind the leaf: its issuer first, each certified by the next; further cross-signed certificates last. */
  chain: CertificateRecord[];
  /** What was put in order or left out, a sentence each. */
  notes: string[];
  warnings: ChainWarning[];
  /** The engine's word. */
  trust: PeerFacts["chain"];
  /** What verification built of it and of the trusted authorities. */
  built: BuiltChain;
}

/** What a chain is made of. */
export interface ChainWish {
  leaf: CertificateRecord;
  /** In any order, with anything in between. */
  others: readonly CertificateRecord[];
  trust: TrustAnchors;
  /** Wall milliseconds. */
  now: number;
}

/** More certificates beside a leaf are no chain. */
const othersMax = 100;

/**
 * The certificate of a file that fits the key, and the others as they stand there. Throws {@linkcode FormatError} where none fits, or where two do: a file of two
 * certificates does not say which is meant.
 */
export function chooseLeaf(
  certificates: readonly CertificateRecord[],
  { key, what }: { key: Pick<KeyRecord, "publicKeySha256" | "key">; what: string },
): { leaf: CertificateRecord; others: CertificateRecord[] } {
  const distinct = withoutRepeats(certificates);
  const fitting = distinct.filter((certificate) => fits(key, certificate));
  // An authority may have the same key as its cross-signed twin: of a leaf there is one.
  if (fitting.length === 1) {
    const [leaf] = fitting;
    return { leaf, others: certificates.filter(({ fingerprint }) => fingerprint !== leaf.fingerprint) };
  }
  if (fitting.length > 1) {
    const why = tell("fault.file.two_fit", { count: fitting.length });
    throw new FormatError("count", tell("fault.file.use", { what, why }));
  }
  const theirs = distinct.map((one) => one.publicKeySha256).slice(0, 3).join(", ");
  const why = distinct.length === 1
    ? tell("fault.file.mismatch", { key: key.publicKeySha256, theirs })
    : tell("fault.file.none_fits", { key: key.publicKeySha256, count: distinct.length, theirs });
  throw new FormatError("mismatch", tell("fault.file.use", { what, why }));
}

/** Orders and judges. Throws `FormatError` for too many certificates, `TlsSetupError` for broken anchors. */
export function checkChain(wish: ChainWish, engine: CertificateEngine): ChainReport {
  const { leaf, others, trust, now } = wish;
  if (others.length > othersMax) {
    const state = `${others.length} certificates are given beside it, and ${othersMax} are the most`;
    throw new FormatError("count", `Cannot make a chain for ${leaf.subject}: ${state}`);
  }
  const notes: string[] = [];
  const { chain, extra, dropped } = ordered(leaf, withoutRepeats([leaf, ...others], notes).slice(1), engine);
  const sent = [...chain, ...extra];
  if (!sent.every((one, index) => one === others.filter((other) => sent.includes(other))[index])) {
    notes.push("The intermediates were put in order: each certifies the one before it");
  }
  for (const one of extra) {
    notes.push(`${one.subject} (issued by ${one.issuer}) is a second certificate of one authority: it is sent last`);
  }
  for (const one of dropped) {
    notes.push(`${one.subject} does not belong to the chain of ${leaf.subject}: it is left out`);
  }
  const answer = engine.verify({ leaf: derOf(leaf), others: sent.map(derOf), trust, now });
  const warnings = chainWarnings({ leaf, chain: sent, top: chain.at(-1) ?? leaf, trust: answer.chain, now });
  return { leaf, chain: sent, notes, warnings, trust: answer.chain, built: answer.built };
}

/** The leaf with its chain as one PEM text, the order in which it is sent. */
export function chainPem(certificates: readonly CertificateRecord[]): string {
  return certificates.map(({ pem }) => pem).join("");
}

function withoutRepeats(certificates: readonly CertificateRecord[], notes: string[] = []): CertificateRecord[] {
  const seen = new Set<string>();
  return certificates.filter(({ fingerprint, subject }) => {
    const first = !seen.has(fingerprint);
    if (!first) notes.push(`${subject} is given more than once: one of them is left out`);
    seen.add(fingerprint);
    return first;
  });
}

interface Ordered {
  /** From the leaf's issuer up. */
  chain: CertificateRecord[];
  /** Those that certify one of the chain too. */
  extra: CertificateRecord[];
  dropped: CertificateRecord[];
}

/** Whether two names may be one: RFC 5280 §7.1 compares without regard to case and runs of spaces. The engine has the last word. */
function likeName(one: string, other: string): boolean {
  const plain = (name: string) => name.toLowerCase().replaceAll(/\s+/g, " ");
  return one === other || plain(one) === plain(other);
}

/** RFC 8446 §4.4.2: each certificate certifies the one before it. */
function ordered(leaf: CertificateRecord, others: readonly CertificateRecord[], engine: CertificateEngine): Ordered {
  const der = new Map([leaf, ...others].map((one) => [one, derOf(one)] as const));
  const left = new Set(others);
  const issuersOf = (one: CertificateRecord) =>
    [...left].filter((other) => likeName(other.subject, one.issuer) && engine.issued(der.get(one)!, der.get(other)!));
  const chain: CertificateRecord[] = [];
  const extra: CertificateRecord[] = [];
  for (let at = leaf; !at.selfSigned;) {
    const issuers = issuersOf(at);
    if (issuers.length === 0) break;
    // Of two for one authority: the one that leads further, else the one that lasts longer. A root leads nowhere.
    const [best] = issuers.toSorted((a, b) =>
      Number(a.selfSigned) - Number(b.selfSigned) ||
      Number(issuersOf(b).length > 0) - Number(issuersOf(a).length > 0) ||
      b.notAfter - a.notAfter
    );
    left.delete(best);
    chain.push(best);
    at = best;
  }
  // What else certifies a member is for peers that trust another root: it stays, behind the chain.
  for (const member of [leaf, ...chain, ...extra]) {
    if (member.selfSigned) continue;
    for (const issuer of issuersOf(member)) {
      left.delete(issuer);
      extra.push(issuer);
    }
  }
  return { chain, extra, dropped: [...left] };
}
