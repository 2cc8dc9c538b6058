/**
 * What of a profile will never work, so that an operator is told when he writes it and not when mail stops.
 *
 * @module
 */
import { securityLevelOf } from "./cipher_words.ts";
import type { TlsProfile } from "./engine.ts";
import { type NamedKey, selectionOf, type SuitesEngine, wordWarnings } from "./selection.ts";

export type { NamedKey } from "./selection.ts";

/**
 * A line for each enabled method that no selected cipher can serve, for each key whose type no selected cipher can use, and for words of the string
 * that are without effect. Throws `TlsSetupError` where the profile can be used for nothing at all.
 */
export function profileWarnings(
  engine: SuitesEngine,
  profile: Pick<TlsProfile, "methods" | "ciphers">,
  keys: readonly NamedKey[],
): string[] {
  const { methods, keys: served } = selectionOf(engine, { ...profile, keys });
  const warnings = wordWarnings(profile.ciphers);
  for (const { method, why } of methods) {
    if (why === "level") {
      const level = securityLevelOf(profile.ciphers);
      warnings.push(`${method} is enabled, but @SECLEVEL=${level} in the ciphers forbids it`);
    } else if (why === "none") warnings.push(`${method} is enabled, but no selected cipher can serve it`);
  }
  // Where no method below TLS 1.3 is served, the ciphers are not what decides about keys.
  if (!methods.some(({ method, suites }) => method !== "TLSv1.3" && suites > 0)) return warnings;
  for (const { name, key, methods: usable } of served) {
    if (usable.some((method) => method !== "TLSv1.3")) continue;
    warnings.push(
      usable.length > 0
        ? `the certificate ${name} (${key}) serves TLSv1.3 only: no selected cipher can use its key`
        : `the certificate ${name} (${key}) is never used: no selected cipher can use its key`,
    );
  }
  return warnings;
}
