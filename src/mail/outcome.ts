/**
 * What became of one recipient in one attempt: every end has a name.
 *
 * @module
 */
import type { Reply } from "./reply.ts";

/** Where and by whom an answer was given; for log lines and reports. */
export interface RemoteHost {
  /** The MX or route's name, or its address in brackets. */
  name: string;
  address: string;
  port: number;
}

/**
 * Why an attempt ended without an answer to the recipient: the stable reason word of the JSON log and its
 * enhanced code. Texts are for people and may change.
 */
export interface Failure {
  /** `connection_refused`, `timeout`, `no_starttls`, `untrusted`, `name_mismatch`, `null_mx`, … */
  reason: string;
  /** `4.4.1`, … RFC 3463. */
  enhanced: string;
  text: string;
}

/** The end of one attempt for one recipient. */
export type Outcome =
  /** The next hop took it. `relayedWithoutDsn`: it does not know RFC 3461, so success is reported by us as `relayed`. */
  | { kind: "delivered"; rid: number; host?: RemoteHost; reply: Reply; relayedWithoutDsn: boolean }
  /** Try again later: a 4xx, no connection, a TLS level not met. */
  | { kind: "deferred"; rid: number; host?: RemoteHost; reply?: Reply; failure?: Failure }
  /** Never try again: a 5xx, a null MX, a loop. */
  | { kind: "refused"; rid: number; host?: RemoteHost; reply?: Reply; failure?: Failure };
