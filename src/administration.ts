/**
 * The admin page and its API put together: accounts, sessions, tokens, the way changes go into the configuration, and the front that serves them.
 *
 * @module
 */
import { Accounts } from "./admin/accounts.ts";
import { Admin } from "./admin/admin.ts";
import { Audit } from "./admin/audit.ts";
import { Backups } from "./admin/backups.ts";
import { adminCommands } from "./admin/commands.ts";
import { LoginDesk } from "./admin/login.ts";
import { SecondFactors } from "./admin/second_factors.ts";
import { Sessions } from "./admin/sessions.ts";
import { SetupLink } from "./admin/setup.ts";
import { Throttle } from "./admin/throttle.ts";
import { Tokens } from "./admin/tokens.ts";
import { type ChangeEnd, UserEditor } from "./admin/users.ts";
import { Passwords } from "./auth/passwords.ts";
import type { TraceEnd } from "./admin/world.ts";
import type { Clock } from "./base/clock.ts";
import type { Random } from "./base/random.ts";
import { causeOf } from "./base/text.ts";
import type { Change } from "./config/edit.ts";
import type { Config } from "./config/config.ts";
import type { Staging } from "./config/stage.ts";
import type { TraceItem } from "./cli/trace.ts";
import type { Commands } from "./control/commands.ts";
import type { CommandArgs } from "./control/protocol.ts";
import { probe, type ProbeWorld } from "./deliver/probe.ts";
import type { RecipientCheck } from "./mail/recipient_check.ts";
import { metricsPage } from "./monitor/metrics.ts";
import type { Monitor } from "./monitor/monitor.ts";
import { Reports } from "./monitor/report.ts";
import type { Vitals } from "./monitor/vitals.ts";
import type { Conn } from "./net/net.ts";
import type { Tcp } from "./net/tcp.ts";
import type { Editions, Ground } from "./reload.ts";
import type { BoardRow } from "./services/alert_board.ts";
import type { KeyPair, Session } from "./tls/engine.ts";
import type { TlsStart } from "./tls/pump.ts";
import { Tracking } from "./tracking/tracking.ts";

/** What administration is made of. */
export interface AdministrationParts {
  /** The configuration file. */
  file: string;
  clock: Clock;
  random: Random;
  /** The machine's name. */
  hostname: string;
  editions: Editions;
  /** Who knows recipients. */
  directories: RecipientCheck;
  staging: Staging;
  sockets: Tcp;
  commands: Commands;
  monitor: Monitor;
  vitals(): Vitals;
  /** Runs a handshake of the front with a session of its own, unless the client came for something else. */
  handshakeWith(conn: Conn, session: () => Session): Promise<TlsStart>;
  /** As delivery meets hosts. */
  outbound: ProbeWorld;
  alerts(): readonly BoardRow[];
  /** Shows a line on a terminal; absent: there is none. */
  terminal?: (line: string) => void;
}

/** Administration that runs. */
export interface Administration {
  /** The pairs that the front shows, by profile. */
  readonly pairs: ReadonlyMap<string, KeyPair[]>;
  /** Puts a configuration in force. Never rejects. */
  apply(config: Config): Promise<void>;
  close(): Promise<void>;
}

/** Makes everything, adds its commands, and listens with the first configuration that is applied. */
export function startAdministration(parts: AdministrationParts): Administration {
  const { clock, random, editions, sockets, commands, monitor, vitals, staging, terminal } = parts;
  const { engine, log, storage, pairs }: Ground = editions.ground;
  const config = () => editions.current.config;
  const account = (name: string) => accounts.active(name);

  const audit = new Audit({ directory: storage.logs, clock, settings: () => config().logs });
  // Not those of SMTP: a flood of logins there keeps nobody from the page.
  const accounts = new Accounts({ config, passwords: new Passwords({ clock, random }) });
  const sessions = new Sessions({ clock, random, account, idleMs: () => config().admin.session_timeout });
  const tokens = new Tokens({ clock, random, account, directory: storage.state });
  const factors = new SecondFactors({ clock, random, directory: storage.state });
  const throttle = new Throttle(clock);
  const login = new LoginDesk({ clock, accounts, factors, sessions, throttle, audit });
  const setup = new SetupLink({
    clock,
    random,
    run: storage.run,
    someUser: () => accounts.some,
    base: () => admin.base(config()),
    terminal,
  });
  const change = (changes: readonly Change[], note: { who: string; comment: string }) =>
    changeFile(staging, changes, note);
  const users = new UserEditor({ config, random, change, sessions, tokens, factors });
  const metrics = () => metricsPage(monitor, vitals);
  const admin: Admin = new Admin({
    clock,
    random,
    engine,
    log,
    run: storage.run,
    vitals,
    listen: (at) => sockets.listen(at),
    handshake: (kind) => monitor.handshakes.add(kind),
    loadPairs: (config, name) => pairs.load(config, name),
    crls: () => editions.current.trust.crls,
    handshakeWith: (conn, session) => parts.handshakeWith(conn, session),
    metrics,
    world: {
      clock,
      random,
      config,
      vitals,
      monitor,
      engine,
      staging,
      reports: new Reports({ monitor, clock, directory: storage.state }),
      tracking: new Tracking({ clock, directory: storage.logs }),
      commands,
      accounts,
      sessions,
      tokens,
      factors,
      login,
      setup,
      users,
      audit,
      backups: new Backups({ directory: storage.directory, clock }),
      metrics,
      alerts: parts.alerts,
      probe: (question) => probe(parts.outbound, { ...question, config: config() }),
      trace: (args) => traceFile(parts, args),
    },
  });
  commands.add(...adminCommands({ config, setup, factors, audit }));

  let started = false;
  const lookForUsers = async (current: Config) => {
    const first = !started;
    started = true;
    try {
      if (current.admin.address === null || !setup.needed) return await setup.void();
      if (first) await setup.make();
    } catch (error) {
      log.warning({ event: "note", reason: "front", text: `Cannot write the set-up link: ${causeOf(error)}` });
    }
  };
  return {
    get pairs() {
      return admin.pairs;
    },
    async apply(current: Config): Promise<void> {
      await admin.apply(current);
      await lookForUsers(current);
    },
    async close(): Promise<void> {
      await admin.close();
      await setup.void().catch(() => {}); // a file that opens nothing any more
      audit[Symbol.dispose]();
    },
  };
}

/** Traces as the command line does: the same words, the same file. */
async function traceFile(
  { file, clock, random, hostname, editions, directories }: AdministrationParts,
  args: CommandArgs,
): Promise<TraceEnd> {
  const { traceHere } = await import("./cli/trace.ts");
  const items: TraceItem[] = [];
  const faults: string[] = [];
  await traceHere(args, {
    file,
    clock,
    random,
    hostname,
    openEngine: () => editions.ground.engine,
    recipients: directories,
    item: (value) => void items.push(value as TraceItem),
    err: (line) => void faults.push(line),
  });
  if (items.length === 0) return { ok: false, faults };
  const [{ file: _file, ...trace }] = items;
  return { ok: true, trace };
}

/** Writes a change into the file as `postern check` would take it; it is in force then. */
async function changeFile(
  staging: Staging,
  changes: readonly Change[],
  note: { who: string; comment: string },
): Promise<ChangeEnd> {
  const result = await staging.write(changes, note);
  switch (result.kind) {
    case "committed":
      return { ok: true };
    case "faults":
      return { ok: false, errors: result.errors.map(({ path, text }) => ({ path, detail: text })) };
    case "not applied":
      return { ok: false, errors: result.lines.map((detail) => ({ path: "", detail })) };
    case "waiting":
      return { ok: false, errors: [{ path: "", detail: `change ${result.confirm.id} waits to be confirmed` }] };
    case "nothing":
    case "changed":
      throw new Error(`Cannot change the users: ${result.kind}`);
    default:
      return result satisfies never;
  }
}
