/**
 * The mail log on its way to log hosts, put together.
 *
 * @module
 */
import type { Config } from "./config/config.ts";
import { systemUdp } from "./net/udp.ts";
import type { Editions } from "./reload.ts";
import type { LinkWorld } from "./services/client_link.ts";
import type { LogHostFacts } from "./services/remote_log.ts";
import { RemoteLogs } from "./services/remote_logs.ts";

/** Log hosts at work. */
export interface RemoteLogging {
  readonly facts: LogHostFacts[];
  /** Puts a configuration, or other certificates, in force. */
  apply(config: Config): void;
  /** Hands over what waits, within a bounded time. */
  close(): Promise<void>;
}

/** Hears the log from its beginning on. */
export function startRemoteLogging(world: Omit<LinkWorld, "tls">, editions: Editions): RemoteLogging {
  const { log, late } = editions.ground;
  const logs = new RemoteLogs({
    ...world,
    log,
    udp: systemUdp,
    pid: Deno.pid,
    tls: () => editions.current.clients,
  });
  logs.apply(editions.current.config);
  late.attach((lines, at) => logs.write(lines, at));
  return {
    get facts() {
      return logs.facts;
    },
    apply: (config) => logs.apply(config),
    close: () => logs.close(),
  };
}
