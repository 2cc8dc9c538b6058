/**
 * When something that was fetched is fetched again.
 *
 * @module
 */
import type { Random } from "../base/random.ts";
import type { FetchRecord } from "../certs/kept.ts";

/** Between the least and the most, halfway to the end of what is there. */
export interface Pace {
  minMs: number;
  maxMs: number;
  /** Where there is no end. */
  usualMs: number;
}

/** The first pause after a failure; it doubles up to the most. */
const retryMs = 60_000;
const retryMsMax = 3_600_000;
/** A tenth more or less, so that many gateways do not come at the same moment. */
const jitter = 0.1;

/** The record after an attempt that brought what counts until `until`. */
export function afterSuccess(
  record: FetchRecord,
  { now, until, pace, random }: { now: number; until: number | undefined; pace: Pace; random: Random },
): FetchRecord {
  const half = until === undefined ? pace.usualMs : (until - now) / 2;
  const next = now + spread(Math.min(Math.max(half, pace.minMs), pace.maxMs), random);
  const { failure: _over, ...rest } = record;
  return { ...rest, tried: now, fetched: now, failures: 0, next };
}

/** The record after an attempt that brought nothing. */
export function afterFailure(
  record: FetchRecord,
  { now, why, random }: { now: number; why: string; random: Random },
): FetchRecord {
  const failures = record.failures + 1;
  const pause = Math.min(retryMs * 2 ** Math.min(failures - 1, 20), retryMsMax);
  return { ...record, tried: now, failures, failure: why, next: now + spread(pause, random) };
}

/** Whether an attempt is due; a clock that was set back must not put it off for a year. */
export function isDue({ next }: FetchRecord, { now, pace }: { now: number; pace: Pace }): boolean {
  return next <= now || next > now + Math.max(pace.maxMs, retryMsMax) * (1 + jitter);
}

function spread(ms: number, random: Random): number {
  return Math.round(ms * (1 - jitter + 2 * jitter * random.fraction()));
}
