/**
 * Commands on the configuration and the files that belong to it: certificates, TLS settings.
 *
 * They are run by the gateway that has the files, or under the lock of the storage where none runs, also before the first start; what
 * differs between the two is in {@linkcode FileGround}, so that each command is written once. Whoever adds one adds it to
 * {@linkcode fileCommands}, and `offline: "files"` to its entry in `src/cli/commands/`.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { Staging } from "../config/stage.ts";
import type { Storage } from "../config/storage.ts";
import type { TextWork } from "../config/text_work.ts";
import type { Resolver } from "../dns/records.ts";
import type { MailLog } from "../mail/events.ts";
import type { CertificateEngine } from "../tls/certificates.ts";
import type { Engine } from "../tls/engine.ts";
import type { RevocationEngine } from "../tls/revocation.ts";
import { authorityCommands } from "./authority_commands.ts";
import { backupCommands } from "./backup_commands.ts";
import { assignCommands } from "./assign_commands.ts";
import { certificateCommands } from "./certificate_commands.ts";
import type { Command } from "./commands.ts";
import { configCommands } from "./config_commands.ts";
import { listCommands } from "./revocation_commands.ts";
import { sslconfigCommands } from "./sslconfig_commands.ts";
import { stageCommands } from "./stage_commands.ts";
import { tlsaCommands } from "./tlsa_commands.ts";

/** An engine that knows certificates as things of their own too, and revocation lists. */
export type FileEngine = Engine & RevocationEngine & { certificates: CertificateEngine };

/** What these commands stand on. */
export interface FileGround {
  /** The configuration file, as the owner named it. It may be faulty. */
  file: string;
  /** Held by this process. */
  storage: Storage;
  clock: Clock;
  random: Random;
  /** The machine's name. */
  hostname: string;
  log: MailLog;
  /** Changes of the configuration; commands make them by `changeConfig`. */
  staging: Staging;
  /** The TLS engine, opened when it is first asked for. */
  engine(): FileEngine;
  resolver(): Resolver;
  /**
   * Does work that leaves files half changed meanwhile: no configuration is read before it is done, unless by the `apply` that it is given; that of this
   * ground waits for it.
   */
  alone<T>(work: (apply: FileGround["apply"]) => Promise<T>): Promise<T>;
  /** Works on long texts beside a gateway that runs; absent: here. */
  texts?: TextWork;
  /** Whether this is a gateway that runs. */
  running: boolean;
  /** Puts in force what the files say now: the lines that say what is wrong with it. Where no gateway runs there is nothing to do. */
  apply(): Promise<readonly string[]>;
}

/** See the module. */
export function fileCommands(ground: FileGround): Command[] {
  return [
    ...stageCommands(ground),
    ...configCommands(ground),
    ...authorityCommands(ground),
    ...backupCommands(ground),
    ...certificateCommands(ground),
    ...listCommands(ground),
    ...sslconfigCommands(ground),
    ...assignCommands(ground),
    ...tlsaCommands(ground),
  ];
}
