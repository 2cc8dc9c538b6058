/**
 * What delivery needs of the rest of the gateway, and of the world.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { Config } from "../config/config.ts";
import type { Resolver } from "../dns/records.ts";
import type { MailLog } from "../mail/events.ts";
import type { Conn, Dialer } from "../net/net.ts";
import type { Spool } from "../queue/spool.ts";
import type { ClientContext, PeerFacts, Session, TlsFailure } from "../tls/engine.ts";
import type { Caller } from "./link.ts";

/** The TLS client of outbound SMTP that is in force. */
export interface OutboundTls {
  /** Shows the certificate of `destination_controls`, or none. */
  context: ClientContext;
  /** Those that show another one, by the name of its profile. */
  byCertificate?: ReadonlyMap<string, ClientContext>;
  /** Of the trusted authorities: a cached session must not outlive them. */
  trustGeneration: number;
}

/** What a handshake came to: `conn` is to be used from then on. */
export type TlsStart =
  | { kind: "done"; conn: Conn; facts: PeerFacts }
  | { kind: "failed"; failure: TlsFailure };

/** Runs a handshake, within the limits on time and octets: `startTls` of `tls/pump.ts`. It owns the session; on failure the connection is still the caller's. */
export type StartTls = (conn: Conn, session: Session) => Promise<TlsStart>;

/** Everything outside of delivery. */
export interface DeliveryWorld {
  /** Where mail comes from and where its outcome goes. */
  spool: Spool;
  /** The snapshot in force, asked for with each attempt. */
  config(): Config;
  /** The TLS client in force, asked for with each connection. */
  tls(): OutboundTls;
  startTls: StartTls;
  dialer: Dialer;
  resolver: Resolver;
  /** Makes delivery's connections elsewhere; absent: they are made here. */
  caller?: Caller;
  /** Whether mail for a domain, in its ASCII form, stays in the queue by the operator's will. */
  suspended?(domain: string): boolean;
  /** The addresses of this machine, so that mail for ourselves is not sent round. */
  machineAddresses(): readonly string[];
  log: MailLog;
  clock: Clock;
  random: Random;
}
