/**
 * Keys of parts that come with a later release.
 *
 * A whole part that is missing weakens nothing: it is named in one warning.
 *
 * @module
 */
import type { Finding } from "./faults.ts";
import { valueAt } from "./issues.ts";

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
