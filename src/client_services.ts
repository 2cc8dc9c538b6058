/**
 * The client services put together: the mail log on its way to log hosts, and the updater.
 *
 * @module
 */
import type { Config } from "./config/config.ts";
import type { Command } from "./control/commands.ts";
import { serviceCommands } from "./control/service_commands.ts";
import { systemUdp } from "./net/udp.ts";
import type { Editions } from "./reload.ts";
import type { LinkWorld } from "./services/client_link.ts";
import { httpsFetch } from "./services/https_fetch.ts";
import { RemoteLogs } from "./services/remote_logs.ts";
import { Updater } from "./services/updater.ts";
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
}

/** Log hosts hear the log from its beginning on; the updater begins with the next {@linkcode ClientServices.apply}. */
export function startClientServices({ editions, version, ...world }: ClientServicesParts): ClientServices {
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
    config,
    renew: () => editions.renewLists(),
  });
  return {
    commands: serviceCommands({
      now: clock.now,
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
