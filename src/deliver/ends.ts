/**
 * Ends of an attempt before a recipient was answered.
 *
 * @module
 */
import { causeOf } from "../base/text.ts";
import type { Failure, Outcome, RemoteHost } from "../mail/outcome.ts";
import type { Reply } from "../mail/reply.ts";
import { DeadlineError } from "../net/net.ts";
import { TlsStreamError } from "../tls/pump.ts";

/** Why there is no connection that mail could go over: what every recipient of the attempt gets. */
export interface AttemptEnd {
  kind: "deferred" | "refused";
  host?: RemoteHost;
  reply?: Reply;
  failure?: Failure;
  /** The host does not do what REQUIRETLS asks: where no host is left, the mail is refused instead of waiting. */
  unmet?: true;
}

/** The same end for each of these recipients. */
export function endFor(end: AttemptEnd, rids: readonly number[]): Outcome[] {
  const { unmet: _, ...outcome } = end;
  return rids.map((rid) => ({ ...outcome, rid }));
}

/** Deferred for a reason of ours. */
export function deferredFor(failure: Failure, host?: RemoteHost): AttemptEnd {
  return host === undefined ? { kind: "deferred", failure } : { kind: "deferred", host, failure };
}

/** What a broken connection or a failed dial means. */
export function networkFailure(error: unknown): Failure {
  if (error instanceof DeadlineError) {
    return { reason: "timeout", enhanced: "4.4.1", text: "Connection timed out" };
  }
  if (error instanceof Deno.errors.ConnectionRefused) {
    return { reason: "connection_refused", enhanced: "4.4.0", text: "Connection refused" };
  }
  if (error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe) {
    return { reason: "connection_lost", enhanced: "4.4.2", text: "Connection reset by peer" };
  }
  if (error instanceof TlsStreamError) {
    return { reason: error.failure.reason, enhanced: "4.7.5", text: `TLS failed: ${error.failure.error}` };
  }
  // Deno adds the number of the error; the words are enough for people.
  return { reason: "network", enhanced: "4.4.0", text: causeOf(error).replace(/ \(os error \d+\)$/, "") };
}

/** The peer closed before its answer. */
export const closedEarly: Failure = {
  reason: "connection_lost",
  enhanced: "4.4.2",
  text: "Connection closed by peer",
};
