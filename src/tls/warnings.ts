/**
 * What of a profile will never work, so that an operator is told when he writes it and not when mail stops.
 *
 * @module
 */
import type { CipherSuite, Engine, TlsProfile } from "./engine.ts";
import { type Method, methods } from "./method.ts";

/** A key of a listener, as `Engine.inspect` describes it. */
export interface NamedKey {
  /** The profile's name. */
  name: string;
  /** `RSA 2048`, `EC P-256`, `ED25519`. */
  key: string;
}

/**
 * A line for each enabled method that no selected cipher can serve, and for each key whose type no selected cipher can use.
 * Throws `TlsSetupError` where the profile can be used for nothing at all.
 */
export function profileWarnings(
  engine: Pick<Engine, "suites">,
  profile: Pick<TlsProfile, "methods" | "ciphers">,
  keys: readonly NamedKey[],
): string[] {
  const suites = engine.suites(profile).filter((suite) => suite.oldest !== "TLSv1.3");
  const enabled = methods.filter((method) => profile.methods.includes(method));
  const level = securityLevel(profile.ciphers);
  const warnings: string[] = [];
  const served: Method[] = [];
  for (const method of enabled) {
    if (method === "TLSv1.3") continue; // its suites are always there
    if (level > 0 && isOld(method)) {
      warnings.push(`${method} is enabled, but @SECLEVEL=${level} in the ciphers forbids it`);
    } else if (!suites.some((suite) => serves(suite, method))) {
      warnings.push(`${method} is enabled, but no selected cipher can serve it`);
    } else {
      served.push(method);
    }
  }
  if (served.length === 0) return warnings; // then the ciphers are not what decides about keys
  for (const { name, key } of keys) {
    const authentication = authenticationOf(key);
    const usable = served.some((method) =>
      !(key.startsWith("ED") && isOld(method)) && // RFC 8422 §5.10: EdDSA is for TLS 1.2 and above
      suites.some((suite) => serves(suite, method) && suite.authentication === authentication)
    );
    if (usable) continue;
    warnings.push(
      enabled.includes("TLSv1.3")
        ? `the certificate ${name} (${key}) serves TLSv1.3 only: no selected cipher can use its key`
        : `the certificate ${name} (${key}) is never used: no selected cipher can use its key`,
    );
  }
  return warnings;
}

function serves(suite: CipherSuite, method: Method): boolean {
  return methods.indexOf(suite.oldest) <= methods.indexOf(method);
}

/** OpenSSL 3 allows TLS 1.0 and 1.1 at security level 0 only. */
function isOld(method: Method): boolean {
  return method === "TLSv1.0" || method === "TLSv1.1";
}

/** The last `@SECLEVEL=n` of a cipher string counts; 0 where there is none, since then the level is ours. */
function securityLevel(ciphers: string): number {
  return Number([...ciphers.matchAll(/@SECLEVEL=(\d+)/g)].at(-1)?.[1] ?? 0);
}

function authenticationOf(key: string): string {
  if (key.startsWith("RSA")) return "RSA";
  return key.startsWith("DSA") ? "DSS" : "ECDSA";
}
