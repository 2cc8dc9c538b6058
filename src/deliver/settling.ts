/**
 * Writes down what became of a message, and logs it.
 *
 * @module
 */
import type { MailLog } from "../mail/events.ts";
import type { Outcome } from "../mail/outcome.ts";
import { type Reply, replyText } from "../mail/reply.ts";
import { lastWords, meaningOf } from "../mail/status.ts";
import type { Lease, RetryRule, Settlement, Spool } from "../queue/spool.ts";
import { causeOf } from "../base/text.ts";

/** What settling needs. */
export interface SettlingWorld {
  spool: Spool;
  log: MailLog;
}

/** One attempt that has an end. `dcid` 0: there was no connection. */
export interface Attempted {
  dcid: number;
  lease: Lease;
  outcomes: Outcome[];
  rule: RetryRule;
}

/** Logs what the next hop said. Called as soon as it is known; the rest follows the queue's word. */
export function logAnswers(log: MailLog, { dcid, lease, outcomes }: Attempted): void {
  const { mid } = lease.envelope;
  const delivered = outcomes.filter((outcome) => outcome.kind === "delivered");
  if (delivered.length === 0) return;
  log.info({ event: "message_done", dcid, mid, rids: delivered.map(({ rid }) => rid) });
  // As a rule one reply counts for all: one line.
  const byReply = new Map<Reply, number[]>();
  for (const { rid, reply } of delivered) {
    const rids = byReply.get(reply);
    if (rids === undefined) byReply.set(reply, [rid]);
    else rids.push(rid);
  }
  for (const [reply, rids] of byReply) log.info({ event: "rid_response", mid, rids, response: replyText(reply) });
}

/** Settles, and logs the end. Never rejects: what cannot be written down is tried again after a restart, and said. */
export async function settle({ spool, log }: SettlingWorld, attempted: Attempted): Promise<void> {
  const { dcid, lease, outcomes, rule } = attempted;
  const { mid } = lease.envelope;
  let settlement: Settlement;
  try {
    settlement = await spool.settle(lease, outcomes, rule);
  } catch (error) {
    log.critical({
      event: "note",
      text: `Cannot write down what became of MID ${mid}: ${causeOf(error)}`,
      reason: "queue",
    });
    return;
  }
  for (const outcome of settlement.bounced) logEnd(log, { event: "bounced", dcid, mid, outcome });
  for (const outcome of settlement.deferred?.outcomes ?? []) logEnd(log, { event: "delayed", dcid, mid, outcome });
  const { report } = settlement;
  if (report === "dropped") {
    log.info({ event: "bounce_dropped", mid, text: "the sender is empty, so nobody can be told" });
  } else if (report !== undefined) {
    log.info({ event: "mid_generated", mid: report.mid, parent: mid });
  }
  if (settlement.finished) log.info({ event: "message_finished", mid });
}

function logEnd(
  log: MailLog,
  { event, dcid, mid, outcome }: { event: "bounced" | "delayed"; dcid: number; mid: number; outcome: Outcome },
): void {
  const words = lastWords(outcome);
  // Given up after a temporary failure: its time is up.
  const enhanced = event === "bounced" && outcome.kind === "deferred" ? "5.4.7" : words.enhanced;
  log.info({ event, dcid, mid, rid: outcome.rid, meaning: meaningOf(enhanced), ...words, enhanced });
}
