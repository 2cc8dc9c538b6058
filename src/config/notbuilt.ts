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
  const blocks = ["services"].filter((part) => {
    const value = valueAt(root, [part]);
    return typeof value === "object" && value !== null && Object.keys(value).length > 0;
  });
  // Of the admin page the front that it will be on is there, and what it serves to programs.
  const pages = ["history"].filter((key) => valueAt(root, ["admin", key]) !== undefined);
  const parts = [...pages.map((key) => `admin.${key}`), ...blocks];
  if (parts.length === 0) return undefined;
  return {
    path: parts[0].split("."),
    at: "key",
    label: parts.join(", "),
    text: `accepted but not built yet: ${parts.join(", ")}`,
  };
}
