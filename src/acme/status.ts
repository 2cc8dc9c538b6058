/**
 * How it goes with an ACME profile, by its files alone: for whoever has no keeper at hand.
 *
 * @module
 */
import { readIssued } from "../certs/issued.ts";
import type { AcmeConfig } from "../config/config.ts";
import type { CertificateFacts, Engine } from "../tls/engine.ts";
import { dueOf, type Leaf } from "./schedule.ts";
import { type AcmeState, readState } from "./store.ts";

/** How it goes with one profile. Times are wall milliseconds; texts are safe to print. */
export interface AcmeStatus {
  profile: string;
  directory: string;
  names: readonly string[];
  challenge: AcmeConfig["challenge"];
  /** An order runs now; told by a running gateway alone. */
  ordering: boolean;
  /** When the certificate in service ends; absent: a self-signed one stands in. */
  notAfter?: number;
  /** When the next order is due, and why. */
  next: { at: number; why: string };
  /** Attempts in a row that failed. */
  failures: number;
  /** What came of the last attempt. */
  last?: { at: number; ok: boolean; text: string };
}

/** What is known of a profile. */
export interface StatusFacts {
  name: string;
  acme: AcmeConfig;
  leaf: Leaf | undefined;
  state: AcmeState;
  ordering: boolean;
  now: number;
}

/** Puts a status together. */
export function statusOf({ name, acme, leaf, state, ordering, now }: StatusFacts): AcmeStatus {
  const { directory, names, challenge } = acme;
  return {
    profile: name,
    directory,
    names,
    challenge,
    ordering,
    ...(leaf === undefined ? {} : { notAfter: leaf.notAfter }),
    next: dueOf({ acme, state, leaf, now }),
    failures: state.failures,
    ...(state.last === undefined ? {} : { last: state.last }),
  };
}

/** The status by the files below `certificates` of the storage. Never rejects for what is in them. */
export async function readStatus(
  { name, acme, certificates }: { name: string; acme: AcmeConfig; certificates: string },
  { engine, now }: { engine: Pick<Engine, "inspect">; now: number },
): Promise<AcmeStatus> {
  const state = await readState({ certificates, name });
  let leaf: CertificateFacts | undefined;
  try {
    const pair = await readIssued({ directory: certificates, name });
    leaf = pair === undefined ? undefined : engine.inspect(pair)[0];
  } catch {
    // Told by whoever serves it; a new one is ordered.
  }
  return statusOf({ name, acme, leaf, state, ordering: false, now });
}
