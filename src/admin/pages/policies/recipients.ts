/**
 * Recipient access tables as the file has them.
 *
 * @module
 */
import type { Path } from "../../../config/faults.ts";
import type { Candidate } from "../candidate.ts";

/** A row of `recipients`. What the file says may be anything. */
export interface Recipient {
  address?: unknown;
  action?: unknown;
  code?: unknown;
  text?: unknown;
  bypass_recipient_validation?: unknown;
  comment?: unknown;
}

/** Where the table of a listener is. */
export function recipientsPath(listener: string): Path {
  return ["listeners", listener, "recipients"];
}

/** The table of a listener; `undefined`: the file has none. */
export function recipientsOf({ said }: Candidate, listener: string): readonly Recipient[] | undefined {
  const rows = said(recipientsPath(listener));
  if (!Array.isArray(rows)) return undefined;
  return rows.filter((row): row is Recipient => typeof row === "object" && row !== null);
}
