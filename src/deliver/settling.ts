/**
 * Writes down what became of a message, and logs it.
 *
 * @module
 */
import { type Clock, sleep } from "../base/clock.ts";
import { causeOf } from "../base/text.ts";
import { destinationParts } from "../mail/destination.ts";
import type { MailLog } from "../mail/events.ts";
import type { Outcome } from "../mail/outcome.ts";
import { type Reply, replyText } from "../mail/reply.ts";
import { logSettlement } from "../queue/settlement_log.ts";
import type { Lease, RetryRule, Spool } from "../queue/spool.ts";

/** What settling needs. */
export interface SettlingWorld {
  spool: Spool;
  log: MailLog;
  clock: Clock;
}

/** An outcome that cannot be written down is tried again so often, after pauses that double up to the longest. */
const settleTriesMax = 8;
const settlePauseMs = 1_000;
const settlePauseMsMax = 30_000;
/** Then its lease goes back to the queue, due so much later. */
const unsettledMs = 900_000;

/** One attempt that has an end. `dcid` 0: there was no connection. */
export interface Attempted {
  dcid: number;
  /** The TLS level that was asked for, and whether there was TLS. */
  tlsLevel: string;
  encrypted: boolean;
  lease: Lease;
  outcomes: Outcome[];
  rule: RetryRule & { held?: number };
  /** Delivery ends: nothing is waited for any more. */
  stopping: AbortSignal;
}

/** Logs what the next hop said. Called as soon as it is known; the rest follows the queue's word. */
export function logAnswers(log: MailLog, { dcid, lease, outcomes, tlsLevel, encrypted }: Attempted): void {
  const { envelope: { mid }, octets: bytes } = lease;
  const { domain } = destinationParts(lease.destination);
  const delivered = outcomes.filter((outcome) => outcome.kind === "delivered");
  if (delivered.length === 0) return;
  const rids = delivered.map(({ rid }) => rid);
  log.info({ event: "message_done", dcid, mid, rids, domain, bytes, tlsLevel, encrypted });
  // As a rule one reply counts for all: one line.
  const byReply = new Map<Reply, number[]>();
  for (const { rid, reply } of delivered) {
    const rids = byReply.get(reply);
    if (rids === undefined) byReply.set(reply, [rid]);
    else rids.push(rid);
  }
  for (const [reply, rids] of byReply) log.info({ event: "rid_response", mid, rids, response: replyText(reply) });
}

/**
 * Settles, and logs the end. Never rejects. What cannot be written down is tried again for a minute or two, since a message that goes
 * back to the queue goes out again, to recipients that have it too; `stopping` ends the patience, as leases end with the process.
 */
export async function settle(world: SettlingWorld, attempted: Attempted): Promise<void> {
  const { spool, log, clock } = world;
  const { lease, outcomes, rule, stopping } = attempted;
  for (let tries = 1, pause = settlePauseMs;; tries++, pause = Math.min(2 * pause, settlePauseMsMax)) {
    try {
      const settlement = await spool.settle(lease, outcomes, rule);
      return logSettlement(log, { dcid: attempted.dcid, lease, settlement });
    } catch (error) {
      const text = `Cannot write down what became of MID ${lease.envelope.mid}: ${causeOf(error)}`;
      if (tries === 1) log.critical({ event: "note", text, reason: "queue" });
      if (tries < settleTriesMax && !stopping.aborted) await sleep(clock, pause, stopping);
      else return giveUp(world, { lease, text });
    }
  }
}

/** Gives back what cannot be settled: it is tried again, and who has the message already gets it twice. */
function giveUp({ spool, log, clock }: SettlingWorld, { lease, text }: { lease: Lease; text: string }): void {
  try {
    spool.giveBack(lease, clock.now() + unsettledMs);
    log.critical({ event: "note", text: `${text}; it goes back to the queue`, reason: "queue" });
  } catch {
    log.critical({ event: "note", text: `${text}; it is tried again after a restart`, reason: "queue" });
  }
}
