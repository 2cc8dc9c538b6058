/**
 * What stands around the way of a message: commands, the control socket, the admin page, certificates that are issued and checked, alerts.
 *
 * The gateway serves mail before this is loaded, and what goes wrong here keeps no mail from anybody.
 *
 * @module
 */
import type { Turnstile } from "./accept/gate.ts";
import { startAdministration } from "./administration.ts";
import { startAlerting } from "./alerting.ts";
import type { Pressure } from "./base/pressure.ts";
import { startClientServices } from "./client_services.ts";
import type { Config } from "./config/config.ts";
import { giveToOwnerOf } from "./config/storage.ts";
import { alertCommands } from "./control/alert_commands.ts";
import { Commands } from "./control/commands.ts";
import { monitorCommands } from "./control/monitor_commands.ts";
import { openControl } from "./control/server.ts";
import type { Suspension } from "./control/suspension.ts";
import type { Delivery } from "./deliver/delivery.ts";
import type { DeliveryWorld } from "./deliver/world.ts";
import type { Directories } from "./directory/directories.ts";
import type { World } from "./gateway.ts";
import { startIssuing } from "./issuing.ts";
import type { Monitor } from "./monitor/monitor.ts";
import type { Resolver } from "./dns/records.ts";
import type { Tcp } from "./net/tcp.ts";
import { operatorCommands, runningGround } from "./operator.ts";
import type { DurableSpool } from "./queue/durable_spool.ts";
import type { Editions } from "./reload.ts";
import { startRevocation } from "./revocation.ts";
import { vitalsOf } from "./vitals.ts";

/** The parts of a gateway that serves mail. */
export interface OperationsParts extends World {
  /** The configuration file. */
  file: string;
  editions: Editions;
  sockets: Tcp;
  resolver: Resolver;
  monitor: Monitor;
  spool: DurableSpool;
  gate: Turnstile;
  pressure: Pressure;
  suspension: Suspension;
  delivery: Delivery;
  directories: Directories;
  /** What connections out are made with. */
  outbound: DeliveryWorld;
}

/** Operations that run. They stop in three steps: nothing begins any more; when mail has come to rest, the rest; when everything is said, the log. */
export interface Operations {
  begin(): Promise<void>;
  end(): Promise<void>;
  silence(): Promise<void>;
}

/** Starts everything around mail. */
export async function startOperations(parts: OperationsParts): Promise<Operations> {
  const { clock, random, editions, monitor, spool, outbound } = parts;
  const { log, storage: { directory, run } } = editions.ground;
  const services = startClientServices({ ...parts, dialer: parts.sockets, directories: () => parts.directories.facts });
  const ground = runningGround(parts);
  const { staging } = ground;
  const commands = new Commands();
  commands.add(...operatorCommands({ ...parts, log, ground }));
  const control = openControl({ directory, run, commands, clock, log }, (path) => giveToOwnerOf(directory, path));

  const { keeper, handshakeWith } = startIssuing({ ...parts, commands });
  const morePairs = () => admin.pairs;
  const vitals = vitalsOf({ ...parts, morePairs });
  const admin = startAdministration({
    ...parts,
    staging,
    commands,
    vitals,
    handshakeWith,
    alerts: () => alerting.alerts.board.rows,
  });
  const alerting = await startAlerting(outbound, { editions, morePairs });
  const revocation = startRevocation({ clock, random, editions, morePairs });
  commands.add(
    ...revocation.commands,
    ...services.commands,
    ...alertCommands({ test: () => alerting.alerts.test() }),
    ...monitorCommands({
      monitor,
      vitals,
      waiting: (count) => spool.figures.top(count),
      waitingFor: (destination) => spool.figures.of(destination),
    }),
  );

  const applied = (config: Config): Promise<void> => {
    const served = admin.apply(config);
    void served.then(() => {
      alerting.look();
      revocation.look();
      services.apply(config);
      return keeper.apply(config);
    });
    return served;
  };
  editions.onApplied = ({ config }) => {
    void staging.noticed();
    return applied(config);
  };
  editions.onRenewed = ({ config }) => void applied(config);
  void applied(editions.current.config);
  await staging.start();
  return {
    async begin(): Promise<void> {
      staging.stop();
      await editions.stopWatching();
      await keeper.stop();
    },
    async end(): Promise<void> {
      await Promise.all([control.close(), admin.close(), revocation.stop(), services.stop()]);
      await alerting.stop();
    },
    silence: () => services.silence(),
  };
}
