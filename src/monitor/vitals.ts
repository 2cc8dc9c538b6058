/**
 * What monitoring shows beside its own counts: the state of the other parts now, as plain values.
 *
 * @module
 */
import type { PressureState } from "../base/pressure.ts";

/** A listener of the configuration in force. */
export interface ListenerVitals {
  name: string;
  /** `0.0.0.0:25`, with the port that it really has. */
  address: string;
  /** It takes connections. */
  listening: boolean;
  /** Sessions that run on it. */
  sessions: number;
}

/** A certificate in use. */
export interface CertificateVitals {
  profile: string;
  /** `RSA 2048`. */
  key: string;
  subject: string;
  /** Wall milliseconds. */
  notAfter: number;
}

/** A directory that was asked about recipients. Counts are since the start. */
export interface DirectoryVitals {
  name: string;
  /** Questions by their answer; `failed`: there was none. */
  known: number;
  unknown: number;
  failed: number;
  /** Answers of those that were remembered. */
  remembered: number;
  /** Searches that were sent to servers. */
  searches: number;
  /** It answered when it was asked last. */
  answers: boolean;
}

/** What the operator has suspended: everything, or by name. */
export interface SuspendedVitals {
  listeners: "all" | readonly string[];
  delivery: "all" | readonly string[];
}

/** The gateway now. Times are wall milliseconds. */
export interface Vitals {
  version: string;
  hostname: string;
  now: number;
  /** Counts up with each configuration that was applied in this process. */
  generation: number;
  listeners: ListenerVitals[];
  /** Inbound sessions, outbound connections, hosts that failed lately and are left alone for a while. */
  sessions: number;
  connections: number;
  failingHosts: number;
  queue: {
    messages: number;
    destinations: number;
    /** When the oldest message came; absent: there is none, or it cannot be told now. */
    oldest?: number;
  };
  suspended: SuspendedVitals;
  pressure: PressureState;
  /** Octets. */
  memory: { rss: number; heapUsed: number; heapTotal: number; external: number };
  certificates: CertificateVitals[];
  directories: DirectoryVitals[];
}

/** What waits for one destination. */
export interface Waiting {
  destination: string;
  /** Messages, those that are being delivered included. */
  messages: number;
  /** Recipients of these messages. */
  recipients: number;
}
