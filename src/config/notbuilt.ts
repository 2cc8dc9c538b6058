/**
 * Keys of parts that come with a later release.
 *
 * A whole part that is missing weakens nothing: it is named in one warning.
 *
 * @module
 */
import type { Finding } from "./faults.ts";
import { valueAt } from "./issues.ts";

/** The services that are checked and not built. */
const later = ["call_ahead"];

/** The one warning about parts that are accepted; `root` is the file as it was read, since only what is set is named. */
export function laterPartsFinding(root: unknown): Finding | undefined {
  const parts = later.map((part) => ["services", part]).filter((path) => {
    const value = valueAt(root, path);
    return typeof value === "object" && value !== null && Object.keys(value).length > 0;
  });
  if (parts.length === 0) return undefined;
  const text = parts.map((path) => path.join(".")).join(", ");
  return { path: parts[0], at: "key", label: text, text: `accepted but not built yet: ${text}` };
}
