/**
 * Page and API in memory: a world on a clock of its own whose configuration is a value, and a browser or program that asks.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Accounts } from "../../src/admin/accounts.ts";
import { type App, webApp } from "../../src/admin/app.ts";
import { Audit } from "../../src/admin/audit.ts";
import { Backups } from "../../src/admin/backups.ts";
import type { Role } from "../../src/admin/identity.ts";
import { LoginDesk } from "../../src/admin/login.ts";
import { SecondFactors } from "../../src/admin/second_factors.ts";
import { Sessions } from "../../src/admin/sessions.ts";
import { SetupLink } from "../../src/admin/setup.ts";
import { Throttle } from "../../src/admin/throttle.ts";
import { Tokens } from "../../src/admin/tokens.ts";
import { type ChangeEnd, UserEditor } from "../../src/admin/users.ts";
import type { AdminWorld } from "../../src/admin/world.ts";
import { Passwords } from "../../src/auth/passwords.ts";
import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/random.ts";
import type { AdminUser, Config } from "../../src/config/config.ts";
import type { Change } from "../../src/config/edit.ts";
import { faultText } from "../../src/config/faults.ts";
import { loadConfig } from "../../src/config/load.ts";
import { Staging } from "../../src/config/stage.ts";
import { Commands } from "../../src/control/commands.ts";
import { monitorCommands } from "../../src/control/monitor_commands.ts";
import type { HostProbe } from "../../src/deliver/probe.ts";
import type { Trace } from "../../src/explain/trace.ts";
import { metricsPage } from "../../src/monitor/metrics.ts";
import type { Monitor } from "../../src/monitor/monitor.ts";
import { Reports } from "../../src/monitor/report.ts";
import type { Vitals } from "../../src/monitor/vitals.ts";
import { AlertBoard } from "../../src/services/alert_board.ts";
import { Tracking } from "../../src/tracking/tracking.ts";
import { adminConfig, configOf, listenerOf } from "../accept/accept_rig.ts";
import { cheapHash } from "../auth/hashes.ts";
import { MonitorRig } from "../monitor/monitor_rig.ts";
import { vitalsAt } from "../monitor/vitals_rig.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { engine } from "../support/tls_world.ts";

/** What a world is made of. */
export interface WorldParts {
  clock: FakeClock;
  /** It has `run`, `state` and `logs`. */
  folder: string;
  monitor: Monitor;
  /** The folder of `monitor.db`; `folder` where nothing is said. */
  statistics?: string;
  vitals: () => Vitals;
  commands?: Commands;
  users?: AdminUser[];
  /** Faults of ours that were told. */
  faults?: string[];
}

function usersOf(users: readonly AdminUser[]): Map<string, AdminUser> {
  return new Map(users.map((user) => [user.name, user]));
}

/** A file of the owner's, with words of his own. */
function sourceOf(users: readonly AdminUser[]): string {
  const lines = users.map(({ name, ...user }) => `    ${name}: ${JSON.stringify(user)}\n`);
  return `# the owner's words\nversion: 1\nhostname: gw.example.test\n${
    lines.length === 0 ? "" : `admin:\n  users:\n${lines.join("")}`
  }`;
}

/** What every probe of the rig meets. */
const probedHost: HostProbe = {
  host: { name: "mx.example.test", address: "192.0.2.25", port: 25 },
  dialogue: [{ by: "us", text: "connecting" }, { by: "server", text: "220 <script>alert(1)</script>" }],
  met: { kind: "no_tls", reason: "no_starttls", text: "STARTTLS not offered" },
  verified: false,
  levels: [{ level: "preferred", end: "clear", text: "clear text" }],
};

/** What every trace of the rig says. */
const tracedClient: Trace = {
  decisions: [{ step: "client", text: "192.0.2.9", notes: [] }],
  verdict: { accepted: true, text: "accepted: the client may send" },
  dialogue: [{ step: "greeting", command: "", reply: ["220 gw.example.test ESMTP"] }],
  log: [],
};

/** A world that rereads its file by itself, and whenever a test asks. */
export type RigWorld = AdminWorld & { apply(): Promise<readonly string[]> };

/** A world whose configuration file has these users. */
export function adminWorld({ clock, folder, monitor, vitals, statistics = folder, ...rest }: WorldParts): RigWorld {
  const { commands = new Commands(), users: first = [], faults = [] } = rest;
  for (const name of ["run", "state", "logs"]) Deno.mkdirSync(`${folder}/${name}`, { recursive: true, mode: 0o700 });
  const file = `${folder}/config.yaml`;
  Deno.writeTextFileSync(file, sourceOf(first));
  let current: Config = { ...configOf(listenerOf(), {}), admin: adminConfig({ users: usersOf(first) }) };
  const config = () => current;
  const apply = async () => {
    const loaded = await loadConfig(file, { hostname: "gw.example.test", generation: 1 });
    if (!loaded.ok) return loaded.errors.map(faultText);
    current = { ...current, admin: loaded.config.admin, certificates: loaded.config.certificates };
    return [];
  };
  const staging = new Staging({
    file,
    directory: folder,
    clock,
    keep: () => 50,
    load: () => ({ hostname: "gw.example.test", generation: 1 }),
    apply,
    alone: (work) => work(apply),
    report: (_level, text) => void faults.push(text),
  });
  const change = async (changes: readonly Change[], note: { who: string; comment: string }): Promise<ChangeEnd> => {
    const result = await staging.write(changes, note);
    assert.equal(result.kind, "committed");
    return { ok: true };
  };
  const random = systemRandom;
  const board = new AlertBoard(clock);
  board.note({
    kind: "disk",
    about: "",
    severity: "critical",
    classes: ["system"],
    title: "the disk is full",
    text: "No room",
    facts: [],
    advice: "Make room",
  });
  const account = (name: string) => accounts.active(name);
  const accounts = new Accounts({ config, passwords: new Passwords({ clock, random }) });
  const sessions = new Sessions({ clock, random, account, idleMs: () => config().admin.session_timeout });
  const tokens = new Tokens({ clock, random, account, directory: `${folder}/state` });
  const factors = new SecondFactors({ clock, random, directory: `${folder}/state` });
  const audit = new Audit({
    directory: `${folder}/logs`,
    clock,
    settings: () => ({ rotate_size: 1_000_000, keep: 1 }),
  });
  const login = new LoginDesk({ clock, accounts, factors, sessions, throttle: new Throttle(clock), audit });
  const setup = new SetupLink({
    clock,
    random,
    run: `${folder}/run`,
    someUser: () => accounts.some,
    base: () => "https://gw.example.test:8443",
  });
  if (!commands.names.includes("status")) {
    const waitingFor = (destination: string) => ({ destination, messages: 0, recipients: 0 });
    commands.add(...monitorCommands({ monitor, vitals, waiting: () => [], waitingFor }));
  }
  return {
    clock,
    random,
    config,
    vitals,
    monitor,
    engine,
    apply,
    staging,
    reports: new Reports({ monitor, clock: systemClock, directory: statistics }),
    tracking: new Tracking({ clock: systemClock, directory: `${folder}/logs` }),
    commands,
    accounts,
    sessions,
    tokens,
    factors,
    login,
    setup,
    audit,
    backups: new Backups({ directory: folder, clock }),
    users: new UserEditor({ config, random, change, sessions, tokens, factors }),
    alerts: () => board.rows,
    probe({ domain, onHost }) {
      onHost?.(probedHost);
      return Promise.resolve({
        destination: domain,
        level: "preferred",
        verifyNames: "domain",
        hostsFrom: "mx",
        hosts: [probedHost],
      });
    },
    trace: (args) =>
      Promise.resolve(
        args.ip === "192.0.2.9"
          ? { ok: true, trace: tracedClient }
          : { ok: false, faults: [`Cannot trace ${args.ip}: it is no IP address; --ip 192.0.2.1`] },
      ),
    metrics: () => metricsPage(monitor, vitals),
    metricsToken: () => Promise.resolve("the-token-of-the-figures"),
    fault: (text, thrown) => void faults.push(`${text}: ${thrown}`),
  };
}

/** The password of every user of the rig. */
export const rightPassword = "correct horse battery";

/** A user with {@linkcode rightPassword}. */
export function userOf(name: string, role: Role): AdminUser {
  return { name, role, password_hash: cheapHash(rightPassword) };
}

/** What was answered. */
export interface Answer {
  status: number;
  // deno-lint-ignore no-explicit-any -- each test knows what it asked for
  body: any;
  headers: Headers;
}

/** How something is asked. */
export interface Ask {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  /** Where from. */
  address?: string;
  certificate?: readonly string[];
}

/** See the module. */
export class WebRig implements AsyncDisposable {
  readonly clock: FakeClock;
  readonly folder: string;
  readonly world: RigWorld;
  readonly faults: string[] = [];
  readonly #monitor: MonitorRig;
  readonly #app: App;

  private constructor(
    folder: string,
    monitor: MonitorRig,
    { users, commands }: Pick<WorldParts, "users" | "commands">,
  ) {
    this.folder = folder;
    this.clock = monitor.clock;
    this.#monitor = monitor;
    const { clock, faults } = this;
    const vitals = () => vitalsAt(clock.now());
    this.world = adminWorld({
      clock,
      folder,
      monitor: monitor.monitor,
      statistics: monitor.directory,
      vitals,
      users,
      commands,
      faults,
    });
    this.#app = webApp(this.world);
  }

  static async open(parts: Pick<WorldParts, "users" | "commands"> = {}): Promise<WebRig> {
    return new WebRig(await Deno.makeTempDir({ prefix: "postern-web-" }), await MonitorRig.open(), parts);
  }

  /** Asks as whoever the headers show. A path, or a whole URL. */
  async ask(
    path: string,
    { method = "GET", body, headers = {}, address = "192.0.2.1", certificate }: Ask = {},
  ): Promise<Answer> {
    const json: Record<string, string> = body === undefined || typeof body === "string"
      ? {}
      : { "Content-Type": "application/json" };
    const request = new Request(new URL(path, "https://gw.example.test:8443"), {
      method,
      headers: { ...json, ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const response = await this.#app(request, { address, certificate, opened: this.clock.now() });
    const text = await response.text();
    assert.notEqual(response.status, 500, this.faults.join("\n"));
    const isJson = text !== "" && /json/.test(response.headers.get("Content-Type") ?? "");
    return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers };
  }

  /** As {@linkcode ask}, on a clock that goes on until there is an answer: failed logins wait. */
  async patiently(path: string, ask: Ask = {}): Promise<Answer> {
    let answer: Answer | undefined;
    const { timers } = this.clock;
    const asking = this.ask(path, ask).then((got) => answer = got);
    while (answer === undefined) {
      // What is done beside the loop, passwords and files, has its time before the clock goes on: until somebody waits for it.
      if (this.clock.timers > timers) await this.clock.advance(250);
      else await new Promise((go) => setTimeout(go, 1));
    }
    return await asking;
  }

  /** Logs in: the headers of a browser that has the session. */
  async loggedIn(user: string, ask: Ask = {}): Promise<{ Cookie: string; "X-CSRF-Token": string }> {
    const { status, body, headers } = await this.ask("/api/v1/login", {
      method: "POST",
      body: { user, password: rightPassword },
      ...ask,
    });
    assert.equal(status, 200, JSON.stringify(body));
    return { "Cookie": cookieOf(headers), "X-CSRF-Token": body.csrf };
  }

  /** The lines of the audit log. */
  audited(): Record<string, unknown>[] {
    try {
      const text = Deno.readTextFileSync(`${this.folder}/logs/audit.log`);
      return text.trimEnd().split("\n").map((line) => JSON.parse(line));
    } catch {
      return [];
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world.setup.void();
    this.world.staging.stop();
    this.world.audit[Symbol.dispose]();
    await this.#monitor[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** The cookie that an answer sets, as a browser sends it back. */
export function cookieOf(headers: Headers): string {
  const [cookie] = headers.getSetCookie();
  assert.ok(cookie !== undefined, "no cookie was set");
  return cookie.split(";")[0];
}
