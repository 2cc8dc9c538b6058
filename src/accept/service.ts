/**
 * What a session is made with: the world, and the service that was in force when it began.
 *
 * @module
 */
import type { PasswordCheck } from "../auth/passwords.ts";
import { Users } from "../auth/users.ts";
import type { Clock } from "../base/clock.ts";
import { atOnce, type Steps } from "../base/turns.ts";
import type { Config, ListenerConfig } from "../config/config.ts";
import type { MailLog } from "../mail/events.ts";
import type { RecipientCheck } from "../mail/recipient_check.ts";
import type { Conn } from "../net/net.ts";
import { type ListenerTables, tableSteps } from "../policy/judge.ts";
import type { ClientCounts } from "../rates/rates.ts";
import type { PeerFacts, TlsFailure } from "../tls/engine.ts";
import type { Gate } from "./gate.ts";
import type { Intake } from "./intake.ts";

/** What DNS says about an address. */
export interface ReverseName {
  /** `undefined`: no name, or no answer. */
  host: string | undefined;
  /** The name has the address. */
  verified: boolean;
  /** The DNS gave no answer: there may be a name, and it may have the address. */
  failed?: boolean;
}

/** Looks up the name of an address. Whoever gives it caches, and answers at once where he can. It must not reject. */
export type ReverseLookup = (address: string) => ReverseName | Promise<ReverseName>;

/** Asks DNS lists about an address: their answers, by zone. It must not reject, nor take longer than a list may. */
export type ListLookup = (address: string, zones: readonly string[]) => Promise<ReadonlyMap<string, readonly string[]>>;

/**
 * Runs the server's side of a handshake over a connection, bounded in time and octets. `done`: `conn` is to be used from now on and owns the
 * one before. `failed`: an alert was sent where there is one; the connection is the caller's to close. With `askCertificate` the client is
 * asked for a certificate, and may have none.
 */
export type StartTls = (
  conn: Conn,
  options: { askCertificate: boolean },
) => Promise<{ kind: "done"; conn: Conn; facts: PeerFacts } | { kind: "failed"; failure: TlsFailure }>;

/** What the inbound side needs of the world. */
export interface AcceptWorld {
  clock: Clock;
  log: MailLog;
  /** Where messages go. */
  intake: Intake;
  /** Who may begin a session. */
  gate: Gate;
  reverse: ReverseLookup;
  lists: ListLookup;
  /** What clients have done in this hour, at all listeners. */
  rates: ClientCounts;
  /** Checks passwords, so many at a time. */
  passwords: PasswordCheck;
  /** Who knows whether somebody is a recipient, where a listener has him asked. */
  recipients: RecipientCheck;
}

/** One listener under one configuration. A session keeps the service it began with. */
export interface Service {
  config: Config;
  listener: ListenerConfig;
  tables: ListenerTables;
  /** Who may authenticate himself. */
  users: Users;
  /** Absent: TLS is not offered, and what requires it is refused. */
  startTls?: StartTls;
  /** Keeps what the service is made of, TLS contexts above all, for the length of one session. */
  hold?: () => Disposable;
}

/** What a service is made for. */
export interface ServiceOptions {
  listener: ListenerConfig;
  startTls?: StartTls;
}

/** Compiles the service of one listener. Throws where a table cannot be read. */
export function makeService(config: Config, options: ServiceOptions): Service {
  return atOnce(serviceSteps(config, options));
}

/** The same in steps: a table may be long. */
export function* serviceSteps(config: Config, { listener, startTls }: ServiceOptions): Steps<Service> {
  return {
    config,
    listener,
    tables: yield* tableSteps(listener, config.mail_flow_policies),
    users: new Users(config.smtp_auth.users.values()),
    startTls,
  };
}
