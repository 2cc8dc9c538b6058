/**
 * What is known of the status of our own certificates, as plain data.
 *
 * @module
 */
import type { FetchRecord } from "./kept.ts";

/** One certificate in use that names a responder or promises an answer, as plain data. */
export interface StatusFacts {
  profiles: string[];
  subject: string;
  fingerprint: string;
  responders: string[];
  mustStaple: boolean;
  /** What the last answer that could be read says; `none`: there was none yet, or it ran out. */
  status: "good" | "revoked" | "unknown" | "none";
  /** Clients are shown an answer now. */
  stapled: boolean;
  from?: number;
  until?: number;
  fetching?: FetchRecord;
}
