/**
 * Connections to servers of the configuration, as the gateway would make them, for a command that runs beside it.
 *
 * @module
 */
import { causeOf } from "../base/text.ts";
import { loadTrust, readOwnPair } from "../certs/inventory.ts";
import type { Config } from "../config/config.ts";
import { createResolver } from "../dns/resolver.ts";
import { tcp } from "../net/tcp.ts";
import { systemUdp } from "../net/udp.ts";
import type { LinkWorld } from "../services/client_link.ts";
import type { ClientContext, KeyPair } from "../tls/engine.ts";
import type { HereWorld } from "./command.ts";
import { privateFolder } from "./private_folder.ts";

/** What connections are made with, for as long as it is used. */
export interface ClientLinks extends AsyncDisposable {
  readonly world: LinkWorld;
}

/** Makes TLS ready for these certificates (`null`: none is shown). What cannot be shown is told. */
export async function clientLinks(
  config: Config,
  { certificates, world }: { certificates: Iterable<string | null>; world: HereWorld },
): Promise<ClientLinks> {
  const { clock, random, err } = world;
  await using undo = new AsyncDisposableStack();
  await undo.use(privateFolder()).make(config.storage.directory);
  const engine = world.openEngine();
  const { anchors: trust, systemList } = await loadTrust(config, { engine });
  if (systemList === null) err("No list of the system's certificate authorities was found");
  const contexts = new Map<string | null, ClientContext>();
  for (const name of new Set(certificates)) {
    const keyPair = await ownPair(config, { name, err });
    const profile = config.tls.other_client_services;
    contexts.set(name, undo.use(engine.clientContext({ profile, keyPair, trust })));
  }
  const sockets = tcp(clock);
  const kept = undo.move();
  return {
    world: {
      clock,
      random,
      resolver: createResolver({ clock, random, udp: systemUdp, tcp: sockets, settings: () => config.dns }),
      dialer: sockets,
      tls: () => ({ contexts, validation: config.tls.peer_certificate, stamp: () => "" }),
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function ownPair(
  config: Config,
  { name, err }: { name: string | null; err: HereWorld["err"] },
): Promise<KeyPair | undefined> {
  if (name === null) return undefined;
  try {
    return await readOwnPair(config, name);
  } catch (error) {
    err(`The certificate ${name} is not shown: ${causeOf(error)}`);
    return undefined;
  }
}
