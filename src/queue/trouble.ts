/**
 * What an error of the queue's database means.
 *
 * @module
 */
import { causeOf } from "../base/text.ts";

/** What an error of the database means for the caller. */
export type StoreTrouble = "full" | "io" | "corrupt" | "busy" | "other";

/**
 * Reads an error of `node:sqlite`. Deno's carries no result code, so SQLite's own fixed texts (`sqlite3_errstr`) decide. EDQUOT
 * comes as an I/O error.
 */
export function storeTroubleOf(thrown: unknown): StoreTrouble {
  const text = causeOf(thrown);
  if (text.includes("database or disk is full")) return "full";
  if (text.includes("disk I/O error") || text.includes("unable to open database file")) return "io";
  if (text.includes("malformed") || text.includes("not a database")) return "corrupt";
  if (text.includes("locked")) return "busy";
  return "other";
}

/** The database was made by a newer version of this program; touching it would lose mail. */
export class SchemaError extends Error {
  override name = "SchemaError";
}
