/**
 * All log hosts of a configuration: each gets every line of the mail log.
 *
 * @module
 */
import type { Config } from "../config/config.ts";
import { type LogHostFacts, RemoteLog, type RemoteLogWorld } from "./remote_log.ts";

/** See the module. */
export class RemoteLogs {
  readonly #world: RemoteLogWorld;
  readonly #logs = new Map<string, RemoteLog>();
  /** Hosts that the configuration names no more, until they have what waited for them. */
  readonly #leaving = new Set<Promise<void>>();

  constructor(world: RemoteLogWorld) {
    this.#world = world;
  }

  /** Puts a configuration in force: hosts that are new, other and gone. */
  apply({ hostname, services: { syslog } }: Pick<Config, "hostname" | "services">): void {
    for (const [name, log] of this.#logs) {
      if (syslog.has(name)) continue;
      this.#logs.delete(name);
      const leaving = log.close().finally(() => this.#leaving.delete(leaving));
      this.#leaving.add(leaving);
    }
    for (const [name, host] of syslog) {
      const stamp = host.transport === "tls" ? this.#world.tls().stamp(host.certificate) : "";
      const settings = { host, hostname, stamp };
      const log = this.#logs.get(name);
      if (log === undefined) this.#logs.set(name, new RemoteLog(this.#world, settings));
      else log.use(settings);
    }
  }

  /** Takes lines of the log, each with its end; `at`: wall milliseconds. Costs a line that waits for each host. */
  write(lines: string, at: number): void {
    for (const log of this.#logs.values()) log.write(lines, at);
  }

  get facts(): LogHostFacts[] {
    return [...this.#logs.values()].map((log) => log.facts);
  }

  /** Hands over what waits, within a bounded time, and ends. */
  async close(): Promise<void> {
    await Promise.all([...[...this.#logs.values()].map((log) => log.close()), ...this.#leaving]);
  }
}
