/**
 * The client services put together: the mail log on its way to log hosts, and the updater.
 *
 * @module
 */
import { trustWith } from "./certs/inventory.ts";
import type { Config } from "./config/config.ts";
import type { Command } from "./control/commands.ts";
import { type DirectoryItem, serviceCommands } from "./control/service_commands.ts";
import { systemUdp } from "./net/udp.ts";
import type { Editions } from "./reload.ts";
import type { LinkWorld } from "./services/client_link.ts";
import { httpsFetch } from "./services/https_fetch.ts";
import { RemoteLogs } from "./services/remote_logs.ts";
import { type ProvenServer, unproven } from "./services/still_proven.ts";
import { type DoubtWish, Updater } from "./services/updater.ts";
import { updateStatus } from "./certs/updates.ts";

/** Client services at work. They end in two steps: first what fetches; the log when everything is said. */
export interface ClientServices {
  readonly commands: Command[];
  /** Puts a configuration, or other certificates, in force. */
  apply(config: Config): void;
  /** Resolves when nothing is fetched any more. */
  stop(): Promise<void>;
  /** Hands over what waits of the log, within a bounded time. */
  silence(): Promise<void>;
}

/** What client services need. */
export interface ClientServicesParts extends Omit<LinkWorld, "tls"> {
  editions: Editions;
  /** The program's version. */
  version: string;
  /** How directories do. */
  directories(): readonly DirectoryItem[];
}

/** Whether the updater's servers would be verified under a list that is not in force yet, with all else as it is. */
async function doubt(
  { list, ...wish }: DoubtWish,
  { editions, world }: { editions: Editions; world: Omit<LinkWorld, "tls"> },
): Promise<string | undefined> {
  const { config, trust: previous, keyPairs, clients } = editions.current;
  const { engine } = editions.ground;
  const trust = trustWith(list, { config, previous });
  using contexts = new DisposableStack();
  const context = ({ certificate }: ProvenServer) => {
    const keyPair = certificate === null ? undefined : keyPairs.get(certificate)?.[0];
    return contexts.use(engine.clientContext({ profile: config.tls.other_client_services, keyPair, trust }));
  };
  const made = new Map(wish.servers.map((server) => [server.certificate, context(server)]));
  return await unproven({ ...world, tls: () => ({ ...clients, contexts: made }) }, wish);
}

/** Log hosts hear the log from its beginning on; the updater begins with the next {@linkcode ClientServices.apply}. */
export function startClientServices({ editions, version, directories, ...world }: ClientServicesParts): ClientServices {
  const { clock, random } = world;
  const { log, late, engine } = editions.ground;
  const config = () => editions.current.config;
  const linkWorld: LinkWorld = { ...world, tls: () => editions.current.clients };
  const logs = new RemoteLogs({ ...linkWorld, log, udp: systemUdp, pid: Deno.pid });
  logs.apply(config());
  late.attach((lines, at) => logs.write(lines, at));
  const updater = new Updater({
    clock,
    random,
    log,
    version,
    engine: engine.certificates,
    fetch: (wish) => httpsFetch(linkWorld, wish),
    doubt: (wish) => doubt(wish, { editions, world }),
    config,
    renew: () => editions.renewLists(),
  });
  return {
    commands: serviceCommands({
      now: clock.now,
      directories,
      logHosts: () => logs.facts,
      updates: () => updateStatus(config()),
      update: () => updater.refresh(),
    }),
    apply(config: Config): void {
      logs.apply(config);
      updater.apply();
    },
    stop: () => updater.stop(),
    silence: () => logs.close(),
  };
}
