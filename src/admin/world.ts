/**
 * What the API and the pages work with: the parts of the gateway, put together in `src/administration.ts`.
 *
 * @module
 */
import type { Env } from "hono";
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { Config } from "../config/config.ts";
import type { Staging } from "../config/stage.ts";
import type { Commands } from "../control/commands.ts";
import type { CommandArgs } from "../control/protocol.ts";
import type { Probe, ProbeQuestion } from "../deliver/probe.ts";
import type { Trace } from "../explain/trace.ts";
import type { MetricsPage } from "../monitor/metrics.ts";
import type { Monitor } from "../monitor/monitor.ts";
import type { Reports } from "../monitor/report.ts";
import type { Vitals } from "../monitor/vitals.ts";
import type { SuitesEngine } from "../tls/selection.ts";
import type { BoardRow } from "../services/alert_board.ts";
import type { Tracking } from "../tracking/tracking.ts";
import type { Accounts } from "./accounts.ts";
import type { Client } from "./app.ts";
import type { Audit } from "./audit.ts";
import type { Backups } from "./backups.ts";
import type { Identity } from "./identity.ts";
import type { LoginDesk } from "./login.ts";
import type { SecondFactors } from "./second_factors.ts";
import type { Sessions } from "./sessions.ts";
import type { SetupLink } from "./setup.ts";
import type { Tokens } from "./tokens.ts";
import type { UserEditor } from "./users.ts";

/** See the module. */
export interface AdminWorld {
  clock: Clock;
  random: Random;
  /** The configuration in force. */
  config(): Config;
  vitals(): Vitals;
  monitor: Monitor;
  /** Tells what cipher strings come to. */
  engine: SuitesEngine;
  /** Changes of the configuration: each user has a candidate of his own. */
  staging: Staging;
  /** TLS of all domains, over time. */
  reports: Reports;
  /** Searches of the mail log. */
  tracking: Tracking;
  /** The operator's commands, which give plain data: see `bridge.ts`. */
  commands: Commands;
  accounts: Accounts;
  sessions: Sessions;
  tokens: Tokens;
  factors: SecondFactors;
  login: LoginDesk;
  setup: SetupLink;
  users: UserEditor;
  audit: Audit;
  /** Archives of the configuration that are kept. */
  backups: Backups;
  /** Alerts since the start, the last one first. */
  alerts(): readonly BoardRow[];
  /** Meets the hosts of a destination as delivery would, under the configuration in force. */
  probe(question: Omit<ProbeQuestion, "config">): Promise<Probe>;
  /** Plays a client against the configuration file by the words of `postern trace`. */
  trace(args: CommandArgs): Promise<TraceEnd>;
  /** Loads what renders the metrics. */
  metrics(): Promise<MetricsPage>;
  /** The token that opens `/metrics` beside API tokens. Rejects where it cannot be read. */
  metricsToken(): Promise<string>;
  /** Something of ours failed. */
  fault(text: string, thrown: unknown): void;
}

/** What `trace` gave: a trace, or why there is none. */
export type TraceEnd = { ok: true; trace: Trace } | { ok: false; faults: readonly string[] };

/** What handlers find in Hono's context. */
export interface AdminEnv extends Env {
  Bindings: { client: Client };
  Variables: {
    world: AdminWorld;
    client: Client;
    /** `undefined`: nobody is logged in. Where a role is required there is somebody. */
    identity: Identity | undefined;
  };
}
