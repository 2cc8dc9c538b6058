/**
 * What a cipher string comes to: its suites, the methods they serve, and the keys that can be used with them. Plain data, for the command line and
 * the page's field alike.
 *
 * @module
 */
import { ignoredWords, isTls13Word, securityLevelOf } from "./cipher_words.ts";
import type { CipherSuite, Engine, TlsProfile } from "./engine.ts";
import { type Method, methods } from "./method.ts";

/** A key, as `Engine.inspect` describes it. */
export interface NamedKey {
  /** The certificate profile's name. */
  name: string;
  /** `RSA 2048`, `EC P-256`, `ED25519`. */
  key: string;
}

/** How far a method gets. `none`: no suite serves it; `level`: `@SECLEVEL` forbids it. */
export interface MethodService {
  method: Method;
  suites: number;
  why?: "none" | "level";
}

/** How far a key gets. */
export interface KeyService extends NamedKey {
  /** The methods that a server with this key can speak, oldest first. */
  methods: Method[];
}

/** A selection, in whole. */
export interface Selection {
  ciphers: string;
  /** Best first; those of TLS 1.3 before the others, where it is enabled. */
  suites: CipherSuite[];
  methods: MethodService[];
  /** One of each kind that certificates may have. */
  kinds: KeyService[];
  keys: KeyService[];
  /** Words of the string that are without effect. */
  ignored: string[];
  /** Suites that protect less than an owner may think. */
  weaknesses: string[];
}

/** What {@linkcode selectionOf} needs of an engine. */
export type SuitesEngine = Pick<Engine, "suites">;

/** The kinds of keys that are told about in any case, weak authorities' favourites left out. */
const usualKinds = ["RSA", "ECDSA", "Ed25519"] as const;

/** What a profile selects. Throws `TlsSetupError` for a string that selects nothing or is no cipher string, and for methods with a gap. */
export function selectionOf(
  engine: SuitesEngine,
  { methods: enabled, ciphers, keys }: Pick<TlsProfile, "methods" | "ciphers"> & { keys: readonly NamedKey[] },
): Selection {
  const suites = engine.suites({ methods: enabled, ciphers });
  const services = methods.filter((method) => enabled.includes(method))
    .map((method) => methodService(method, { suites, ciphers }));
  const keyService = (named: NamedKey): KeyService => ({
    ...named,
    methods: services.filter(({ method, suites: count }) => count > 0 && canServe(method, named.key, suites))
      .map(({ method }) => method),
  });
  return {
    ciphers,
    suites,
    methods: services,
    kinds: usualKinds.map((kind) => keyService({ name: kind, key: keyOfKind[kind] })),
    keys: keys.map(keyService),
    ignored: wordWarnings(ciphers),
    weaknesses: weaknessesOf(suites),
  };
}

const keyOfKind = { RSA: "RSA 2048", ECDSA: "EC P-256", Ed25519: "ED25519" } as const;

function methodService(
  method: Method,
  { suites, ciphers }: { suites: readonly CipherSuite[]; ciphers: string },
): MethodService {
  if ((securityLevelOf(ciphers) ?? 0) > 0 && isOld(method)) return { method, suites: 0, why: "level" };
  const serving = suites.filter((suite) => serves(suite, method));
  return serving.length === 0 ? { method, suites: 0, why: "none" } : { method, suites: serving.length };
}

/** Whether a suite can be used with a method: those of TLS 1.3 with it alone, and nothing else with it. */
export function serves({ oldest }: CipherSuite, method: Method): boolean {
  if (oldest === "TLSv1.3" || method === "TLSv1.3") return oldest === method;
  return methods.indexOf(oldest) <= methods.indexOf(method);
}

/** Whether a server with this key can speak a method with one of the suites. */
export function canServe(method: Method, key: string, suites: readonly CipherSuite[]): boolean {
  if (method === "TLSv1.3") return !key.startsWith("DSA"); // RFC 8446 §4.2.3: the certificate's kind is no matter of the suite
  // RFC 8422 §5.10: EdDSA is for TLS 1.2 and above.
  if (key.startsWith("ED") && isOld(method)) return false;
  const wanted = key.startsWith("RSA") ? "RSA" : key.startsWith("DSA") ? "DSS" : "ECDSA";
  return suites.some((suite) => serves(suite, method) && suite.authentication === wanted);
}

/** OpenSSL 3 allows TLS 1.0 and 1.1 at security level 0 only. */
export function isOld(method: Method): boolean {
  return method === "TLSv1.0" || method === "TLSv1.1";
}

function weaknessesOf(suites: readonly CipherSuite[]): string[] {
  const warnings: string[] = [];
  const some = (noun: string, cure: string, unfit: (suite: CipherSuite) => boolean) => {
    const names = suites.filter(unfit).map(({ name }) => name);
    if (names.length === 0) return;
    const more = names.length > 3 ? ` and ${names.length - 3} more` : "";
    warnings.push(`${names.slice(0, 3).join(", ")}${more}: ${noun}; ${cure}`);
  };
  some(
    "authenticates nobody, so anybody may stand between",
    "!aNULL",
    ({ authentication }) => authentication === "none",
  );
  some("encrypts nothing", "!eNULL", ({ encryption }) => encryption === "None");
  return warnings;
}

/** A line for the words of a string that OpenSSL passes over. */
export function wordWarnings(ciphers: string): string[] {
  const ignored = ignoredWords(ciphers);
  const unknown = ignored.filter((word) => !isTls13Word(word));
  return [
    ...unknown.length === 0
      ? []
      : [`${listOf(unknown)} in the ciphers ${unknown.length === 1 ? "is a word" : "are words"} without effect`],
    ...unknown.length === ignored.length
      ? []
      : ["suites of TLSv1.3 in the ciphers are without effect: it always has its three"],
  ];
}

function listOf(words: readonly string[]): string {
  const most = 5;
  return words.length > most ? `${words.slice(0, most).join(", ")} and ${words.length - most} more` : words.join(", ");
}
