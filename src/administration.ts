/**
 * The admin page and its API put together: accounts, sessions, tokens, the way changes go into the configuration, and the front that serves them.
 *
 * @module
 */
import { Accounts } from "./admin/accounts.ts";
import { Admin } from "./admin/admin.ts";
import { Audit } from "./admin/audit.ts";
import { adminCommands } from "./admin/commands.ts";
import { LoginDesk } from "./admin/login.ts";
import { SecondFactors } from "./admin/second_factors.ts";
import { Sessions } from "./admin/sessions.ts";
import { SetupLink } from "./admin/setup.ts";
import { Throttle } from "./admin/throttle.ts";
import { Tokens } from "./admin/tokens.ts";
import { type ChangeEnd, UserEditor } from "./admin/users.ts";
import { Passwords } from "./auth/passwords.ts";
import type { Clock } from "./base/clock.ts";
import type { Random } from "./base/random.ts";
import { causeOf } from "./base/text.ts";
import { tlsCheck } from "./certs/check.ts";
import { commitChanges } from "./config/change.ts";
import type { Change } from "./config/edit.ts";
import type { Config } from "./config/config.ts";
import type { Staging } from "./config/stage.ts";
import type { Commands } from "./control/commands.ts";
import { metricsPage } from "./monitor/metrics.ts";
import type { Monitor } from "./monitor/monitor.ts";
import type { Vitals } from "./monitor/vitals.ts";
import type { Conn } from "./net/net.ts";
import type { Tcp } from "./net/tcp.ts";
import type { Editions, Ground } from "./reload.ts";
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
  sockets: Tcp;
  commands: Commands;
  monitor: Monitor;
  vitals(): Vitals;
  /** Runs a handshake of the front with a session of its own, unless the client came for something else. */
  handshakeWith(conn: Conn, session: () => Session): Promise<TlsStart>;
  /** Changes of the configuration. */
  staging: Staging;
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
  const account = (name: string) => accounts.find(name);

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
    changeFile(parts, changes, note);
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
    handshakeWith: (conn, session) => parts.handshakeWith(conn, session),
    metrics,
    world: {
      clock,
      random,
      config,
      vitals,
      monitor,
      staging,
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
      metrics,
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

/** Writes a change into the file as `postern check` would take it, and puts it in force before it returns. */
async function changeFile(
  { file, clock, hostname, editions }: AdministrationParts,
  changes: readonly Change[],
  note: { who: string; comment: string },
): Promise<ChangeEnd> {
  const { engine, storage } = editions.ground;
  const { generation, admin: { history: keep } } = editions.current.config;
  const done = await commitChanges(file, {
    ...note,
    changes,
    clock,
    load: { hostname, generation, checkTls: tlsCheck({ engine, now: () => clock.now() }) },
    history: { directory: `${storage.directory}/history`, keep },
  });
  if (!done.ok) return { ok: false, errors: done.errors.map(({ path, text }) => ({ path, detail: text })) };
  const faults = await editions.reload();
  return faults.length === 0 ? { ok: true } : { ok: false, errors: faults.map((detail) => ({ path: "", detail })) };
}
