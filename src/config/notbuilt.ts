/**
 * Keys of parts that come with a later release.
 *
 * A policy, destination or check that is asked for and not there would be weaker than the owner believes: it is refused by name. A
 * whole part that is missing weakens nothing: it is named in one warning.
 *
 * @module
 */
import type { Finding, Path } from "./faults.ts";
import { valueAt } from "./issues.ts";
import type { FileConfig } from "./schema.ts";

/** Refusals: one for each key that asks for something that is not there. */
export function notBuiltFindings(parsed: FileConfig): Finding[] {
  const findings: Finding[] = [];
  const refuse = (path: Path, right: string) =>
    findings.push({ path, at: "value", text: `is not built yet; ${right}` });
  for (const [index, crl] of parsed.certificate_authorities.crls.entries()) {
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(crl)) refuse(["certificate_authorities", "crls", index], "a file");
  }
  return findings;
}

/** The one warning about parts that are accepted; `root` is the file as it was read, since only what is set is named. */
export function laterPartsFinding(root: unknown): Finding | undefined {
  const parts = ["services"].filter((part) => {
    const value = valueAt(root, [part]);
    return typeof value === "object" && value !== null && Object.keys(value).length > 0;
  });
  if (parts.length === 0) return undefined;
  return {
    path: parts[0].split("."),
    at: "key",
    label: parts.join(", "),
    text: `accepted but not built yet: ${parts.join(", ")}`,
  };
}
