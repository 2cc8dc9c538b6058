/**
 * The operator's commands on a running gateway, put together from its parts.
 *
 * @module
 */
import type { Clock } from "./base/clock.ts";
import type { Random } from "./base/random.ts";
import type { Command } from "./control/commands.ts";
import { openStaging } from "./control/config_ground.ts";
import { fileCommands, type FileGround } from "./control/file_commands.ts";
import { gatewayCommands } from "./control/gateway_commands.ts";
import { queueCommands } from "./control/queue_commands.ts";
import { type Suspension, suspensionDomain } from "./control/suspension.ts";
import { suspensionCommands } from "./control/suspension_commands.ts";
import type { Delivery } from "./deliver/delivery.ts";
import type { Resolver } from "./dns/records.ts";
import type { MailLog } from "./mail/events.ts";
import type { DurableSpool } from "./queue/durable_spool.ts";
import type { Editions } from "./reload.ts";

/** What the running gateway has of the files. */
export interface GroundParts {
  /** The configuration file. */
  file: string;
  clock: Clock;
  random: Random;
  /** The machine's name. */
  hostname: string;
  resolver: Resolver;
  editions: Editions;
}

/** What commands on the configuration and its files stand on while the gateway runs. */
export function runningGround({ editions, resolver, ...parts }: GroundParts): FileGround {
  const ground = {
    ...parts,
    log: editions.ground.log,
    storage: editions.ground.storage,
    engine: () => editions.ground.engine,
    resolver: () => resolver,
    alone: <T>(work: (apply: FileGround["apply"]) => Promise<T>) => editions.alone(work),
    texts: editions.texts,
    running: true,
    apply: () => editions.follow(),
  };
  const staging = openStaging(ground, { keep: () => editions.current.config.admin.history });
  return { ...ground, staging };
}

/** What the commands act on. */
export interface OperatorParts {
  /** The configuration file. */
  file: string;
  clock: Clock;
  log: MailLog;
  spool: DurableSpool;
  delivery: Delivery;
  suspension: Suspension;
  editions: Editions;
  ground: FileGround;
  /** Begins to stop. */
  askToStop?: () => void;
}

/** See the module. */
export function operatorCommands(parts: OperatorParts): Command[] {
  const { clock, file, log, spool, delivery, suspension, editions, ground, askToStop = () => {} } = parts;
  return [
    ...gatewayCommands({
      file,
      reload: () => editions.reload(),
      unfit: () => editions.ground.pairs.unfit,
      stop: askToStop,
    }),
    ...queueCommands({
      manage: spool.manage,
      messages: () => spool.messages,
      now: clock.now,
      suspended: (domain) => suspension.delivery(suspensionDomain(domain) ?? domain),
      forgetFailures: () => delivery.forgetFailures(),
    }),
    ...fileCommands(ground),
    ...suspensionCommands({
      suspension,
      listeners: () => editions.current.config.listeners.map(({ name }) => name),
      tell: (text) => log.warning({ event: "note", reason: "suspended", text }),
    }),
  ];
}
