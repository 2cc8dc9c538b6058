/**
 * Every command, in the order of the help.
 *
 * @module
 */
import type { CliCommand } from "../command.ts";
import { acmeCommands } from "./acme.ts";
import { adminCommands } from "./admin.ts";
import { alertCommands } from "./alerts.ts";
import { assignCommands } from "./assign.ts";
import { authorityCommands } from "./authorities.ts";
import { backupCommands } from "./backup.ts";
import { certificateCommands } from "./certificates.ts";
import { configCommands } from "./config.ts";
import { explainCommands } from "./explain.ts";
import { gatewayCommands } from "./gateway.ts";
import { licenceCommands } from "./licenses.ts";
import { monitorCommands } from "./monitor.ts";
import { passwordCommands } from "./password.ts";
import { presetCommands } from "./presets.ts";
import { queueCommands } from "./queue.ts";
import { revocationCommands } from "./revocation.ts";
import { serviceCommands } from "./services.ts";
import { sslconfigCommands } from "./sslconfig.ts";
import { suspensionCommands } from "./suspension.ts";
import { tlsaCommands } from "./tlsa.ts";
import { trackingCommands } from "./tracking.ts";

/** See the module. */
export const cliCommands: readonly CliCommand[] = [
  ...monitorCommands,
  ...queueCommands,
  ...suspensionCommands,
  ...gatewayCommands,
  ...authorityCommands,
  ...revocationCommands,
  ...certificateCommands,
  ...configCommands,
  ...backupCommands,
  ...acmeCommands,
  ...tlsaCommands,
  ...sslconfigCommands,
  ...assignCommands,
  ...presetCommands,
  ...explainCommands,
  ...trackingCommands,
  ...alertCommands,
  ...serviceCommands,
  ...adminCommands,
  ...passwordCommands,
  ...licenceCommands,
];
