/**
 * The catalogue in Traditional Chinese, put together from its parts.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { english } from "../en/all.ts";
import { bounces } from "./bounces.ts";
import { delivery } from "./delivery.ts";
import { destinations } from "./destinations.ts";
import { entrance } from "./entrance.ts";
import { flow } from "./flow.ts";
import { frame } from "./frame.ts";
import { hat } from "./hat.ts";
import { overview } from "./overview.ts";
import { queue } from "./queue.ts";
import { rat } from "./rat.ts";
import { tls } from "./tls.ts";
import { trace } from "./trace.ts";
import { tracking } from "./tracking.ts";
import { changes } from "./changes.ts";
import { audit } from "./audit.ts";
import { backup } from "./backup.ts";
import { configuration } from "./configuration.ts";
import { certificates } from "./certificates.ts";
import { ssl } from "./ssl.ts";
import { users } from "./users.ts";
import { account } from "./account.ts";
import { network } from "./network.ts";
import { log } from "./log.ts";
import { logs } from "./logs.ts";
import { shutdown } from "./shutdown.ts";
import { alerts } from "./alerts.ts";
import { alertTexts } from "./alert_texts.ts";
import { faults } from "./faults.ts";

/** Every text. */
export const words: Catalogue<typeof english> = {
  ...bounces,
  ...delivery,
  ...destinations,
  ...entrance,
  ...flow,
  ...frame,
  ...hat,
  ...overview,
  ...queue,
  ...rat,
  ...tls,
  ...trace,
  ...tracking,
  ...changes,
  ...audit,
  ...backup,
  ...configuration,
  ...certificates,
  ...ssl,
  ...users,
  ...account,
  ...network,
  ...log,
  ...logs,
  ...shutdown,
  ...alerts,
  ...alertTexts,
  ...faults,
};
