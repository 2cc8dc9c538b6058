/**
 * What a settlement says, as lines of the log.
 *
 * @module
 */
import { destinationParts } from "../mail/destination.ts";
import type { MailLog } from "../mail/events.ts";
import type { Outcome } from "../mail/outcome.ts";
import { lastWords, meaningOf } from "../mail/status.ts";
import type { Lease, Settlement } from "./spool.ts";

/** Logs who was given up and who waits, the report, and the end. `dcid` 0: there was no connection. */
export function logSettlement(
  log: MailLog,
  { dcid, lease, settlement }: { dcid: number; lease: Lease; settlement: Settlement },
): void {
  const { envelope: { mid }, destination } = lease;
  const { domain } = destinationParts(destination);
  for (const outcome of settlement.bounced) logEnd(log, { event: "bounced", dcid, mid, domain, outcome });
  for (const outcome of settlement.deferred?.outcomes ?? []) {
    logEnd(log, { event: "delayed", dcid, mid, domain, outcome });
  }
  const { report } = settlement;
  if (report === "dropped") {
    log.info({ event: "bounce_dropped", mid, text: "the sender is empty, so nobody can be told" });
  } else if (report !== undefined) {
    log.info({ event: "mid_generated", mid: report.mid, parent: mid, about: report.about });
  }
  if (settlement.finished) log.info({ event: "message_finished", mid });
}

function logEnd(
  log: MailLog,
  { event, dcid, mid, domain, outcome }: {
    event: "bounced" | "delayed";
    dcid: number;
    mid: number;
    domain: string;
    outcome: Outcome;
  },
): void {
  const words = lastWords(outcome);
  // Given up after a temporary failure: its time is up.
  const enhanced = event === "bounced" && outcome.kind === "deferred" ? "5.4.7" : words.enhanced;
  log.info({ event, dcid, mid, rid: outcome.rid, domain, meaning: meaningOf(enhanced), ...words, enhanced });
}
