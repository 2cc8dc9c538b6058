/**
 * When a certificate is ordered: pure, facts in, a time out.
 *
 * @module
 */
import type { AcmeConfig } from "../config/config.ts";
import { keyText } from "../certs/acme_keys.ts";
import type { CertificateFacts } from "../tls/engine.ts";
import type { AcmeState } from "./store.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Between attempts that fail; the last goes on. Authorities count failures, and forget them within an hour as a rule. */
const pausesMs: readonly number[] = [1, 5, 15, 60, 180, 360, 720, 1440].map((minutes) => minutes * minuteMs);

/** What an order is due for, in words that follow `Certificate mx1 is ordered: `. */
export interface Due {
  at: number;
  why: string;
}

/** What of a certificate decides. */
export type Leaf = Pick<CertificateFacts, "notBefore" | "notAfter" | "names" | "key">;

/** The facts that decide. */
export interface ScheduleFacts {
  acme: AcmeConfig;
  state: AcmeState;
  /** Of the certificate that the authority issued, where there is one. */
  leaf: Leaf | undefined;
  now: number;
}

/** When the next order is due, and why. A time that has passed means now. */
export function dueOf({ acme, state, leaf, now }: ScheduleFacts): Due {
  const due = ((): Due => {
    if (leaf === undefined) return { at: now, why: "there is none yet" };
    const missing = acme.names.find((name) => !leaf.names.includes(name));
    if (missing !== undefined) return { at: now, why: `the one in service lacks ${missing}` };
    // What was asked for, not what is in it: an authority may add names of its own.
    const extra = state.renewal?.names.find((name) => !acme.names.includes(name));
    if (extra !== undefined) return { at: now, why: `the one in service is also for ${extra}` };
    if (leaf.key !== keyText(acme.key)) return { at: now, why: `the one in service has a key ${leaf.key}` };
    const at = state.renewal?.notAfter === leaf.notAfter ? state.renewal.at : renewalOf(leaf, 0);
    return { at, why: "two thirds of its life are over" };
  })();
  return { ...due, at: Math.max(due.at, state.retryAt ?? 0) };
}

/** Two thirds of a certificate's life; up to a thirtieth of it earlier by `chance`, 0 to 1, so that not all gateways come at once. */
export function renewalOf(
  { notBefore, notAfter }: Pick<CertificateFacts, "notBefore" | "notAfter">,
  chance: number,
): number {
  const life = notAfter - notBefore;
  return Math.round(notBefore + life * (2 / 3 - chance / 30));
}

/** How long to wait after so many failures in a row; `asked`: what the authority wants. A tenth more by `chance`. */
export function pauseAfter(
  failures: number,
  { asked = 0, limited, chance }: { asked?: number; limited: boolean; chance: number },
): number {
  const own = pausesMs[Math.min(failures, pausesMs.length) - 1] * (1 + chance / 10);
  return Math.round(Math.max(own, Math.min(asked, 7 * 24 * hourMs), limited ? hourMs : 0));
}

/** Whether a failure is critical: nothing is in service that the authority issued, or half of the time that was left has passed. */
export function isCritical(
  leaf: Leaf | undefined,
  { failures, now }: { failures: number; now: number },
): boolean {
  if (leaf === undefined) return failures >= 3;
  return now >= leaf.notBefore + (leaf.notAfter - leaf.notBefore) * 5 / 6;
}
