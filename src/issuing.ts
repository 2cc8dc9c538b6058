/**
 * ACME put together: what it orders with, and who puts a new certificate in service.
 *
 * @module
 */
import { AcmeKeeper } from "./acme/keeper.ts";
import type { Clock } from "./base/clock.ts";
import type { Random } from "./base/random.ts";
import { acmeCommands } from "./control/acme_commands.ts";
import type { Commands } from "./control/commands.ts";
import type { Conn, Endpoint } from "./net/net.ts";
import type { Tcp } from "./net/tcp.ts";
import type { Editions, Ground } from "./reload.ts";
import type { Session } from "./tls/engine.ts";
import type { TlsStart } from "./tls/pump.ts";

/** What certificates are ordered with. */
export interface IssuingParts {
  clock: Clock;
  random: Random;
  version: string;
  sockets: Tcp;
  editions: Editions;
  commands: Commands;
}

/** Orders that are made, and what the HTTPS front has to answer for them. */
export interface Issuing {
  keeper: AcmeKeeper;
  /** A handshake of the front, which an authority may come to as well. */
  handshakeWith(conn: Conn, session: () => Session): Promise<TlsStart>;
}

/** Makes the keeper and adds its commands. Nothing is ordered before the first configuration is applied to the keeper. */
export function startIssuing({ editions, sockets, commands, ...parts }: IssuingParts): Issuing {
  const { engine, log, storage: { certificates } }: Ground = editions.ground;
  const listen = (at: Endpoint) => sockets.listen(at);
  const keeper = new AcmeKeeper({ ...parts, listen, engine, log, certificates, issued: () => editions.reload() });
  commands.add(...acmeCommands({ order: (name) => keeper.order(name) }));
  return { keeper, handshakeWith: (conn, session) => keeper.challenges.startTls(conn, session) };
}
