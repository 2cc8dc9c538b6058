/**
 * The front under configurations: certificate, token, and that native contexts go.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Admin } from "../../src/admin/admin.ts";
import { limits } from "../../src/base/limits.ts";
import { systemRandom } from "../../src/base/random.ts";
import { loadKeyPairs } from "../../src/certs/inventory.ts";
import type { Config } from "../../src/config/config.ts";
import type { MailLog } from "../../src/mail/events.ts";
import { metricsPage } from "../../src/monitor/metrics.ts";
import { tcp } from "../../src/net/tcp.ts";
import { adminConfig, configOf, listenerOf, recordingLog } from "../accept/accept_rig.ts";
import { vitalsAt } from "../monitor/vitals_rig.ts";
import { MonitorRig } from "../monitor/monitor_rig.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { adminWorld } from "./web_rig.ts";
import { peerTest, runCommand } from "../support/peers.ts";
import { engine } from "../support/tls_world.ts";

/** An admin in a folder of its own, on a clock that stands still. */
class AdminRig implements AsyncDisposable {
  readonly clock = new FakeClock(Date.now());
  readonly lines: string[] = [];
  readonly folder: string;
  readonly admin: Admin;
  readonly #monitor: MonitorRig;

  constructor(folder: string, monitor: MonitorRig) {
    this.folder = folder;
    this.#monitor = monitor;
    const sockets = tcp(this.clock);
    const vitals = () => vitalsAt(this.clock.now());
    this.admin = new Admin({
      loadPairs: (config, name) =>
        loadKeyPairs(config, name, { engine, clock: this.clock, random: systemRandom, note: () => {} }),
      crls: () => [],
      engine,
      random: systemRandom,
      clock: this.clock,
      log: recordingLog(this.lines) as MailLog,
      listen: (at) => sockets.listen(at),
      run: `${folder}/run`,
      handshake: () => {},
      vitals,
      metrics: () => metricsPage(monitor.monitor, vitals),
      world: adminWorld({ clock: this.clock, folder, monitor: monitor.monitor, vitals }),
    });
  }

  static async open(): Promise<AdminRig> {
    const folder = await Deno.makeTempDir({ prefix: "postern-admin-" });
    for (const name of ["run", "certificates"]) await Deno.mkdir(`${folder}/${name}`, { mode: 0o700 });
    return new AdminRig(folder, await MonitorRig.open());
  }

  /** A configuration of generation `generation`, on port 0. */
  config(generation: number, changes: Partial<Config> = {}): Config {
    return {
      ...configOf(listenerOf(), {}),
      storage: { directory: this.folder },
      generation,
      certificates: new Map([["demo", { name: "demo", self_signed: true }]]),
      tls: {
        ...configOf(listenerOf(), {}).tls,
        gui_https: { methods: ["TLSv1.2", "TLSv1.3"], ciphers: "HIGH:!aNULL", renegotiation: false },
      },
      admin: adminConfig({ address: { address: "127.0.0.1", port: 0 } }),
      ...changes,
    };
  }

  /** Where it serves, by its log. */
  get url(): string {
    const line = this.lines.findLast((text) => text.startsWith("Info: Serving the admin page on "));
    assert.ok(line !== undefined, this.lines.join("\n"));
    return line.slice("Info: Serving the admin page on ".length);
  }

  get tokenPath(): string {
    return `${this.folder}/run/metrics-token`;
  }

  /** The status of a request, and what came. */
  async get(path: string, token?: string): Promise<{ status: number; body: string }> {
    const header = token === undefined ? [] : ["--header", `Authorization: Bearer ${token}`];
    const { stdout, stderr } = await runCommand("curl", [
      ...["--silent", "--show-error", "--insecure", "--max-time", "10", "--write-out", "\n%{http_code}", ...header],
      this.url + path,
    ]);
    const end = stdout.lastIndexOf("\n");
    return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) + stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.admin.close();
    await this.#monitor[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

peerTest(["curl"], "Admin: native contexts go with the configurations that they were made for", async () => {
  const before = engine.alive.contexts;
  {
    await using rig = await AdminRig.open();
    for (let generation = 1; generation <= 5; generation++) {
      await rig.admin.apply(rig.config(generation));
      assert.equal((await rig.get("/healthz")).status, 503, "one of the listeners is down");
    }
    while (engine.alive.sessions > 0) await new Promise((go) => setTimeout(go, 1));
    assert.equal(engine.alive.contexts, before + 1);
    assert.deepEqual([...rig.admin.pairs.keys()], ["demo"]);
    await rig.admin.apply(rig.config(6, { admin: adminConfig() }));
    assert.equal(engine.alive.contexts, before);
    assert.equal(rig.admin.pairs.size, 0);
  }
  assert.equal(engine.alive.contexts, before);
});

peerTest(
  ["curl"],
  "Admin: the token is made with mode 0600, stays, and counts anew when the file is changed or gone",
  async () => {
    await using rig = await AdminRig.open();
    await rig.admin.apply(rig.config(1));
    const { mode } = await Deno.stat(rig.tokenPath);
    assert.equal(mode! & 0o777, 0o600);
    const first = (await Deno.readTextFile(rig.tokenPath)).trim();
    assert.match(first, /^[0-9a-f]{64}$/);
    assert.equal((await rig.get("/metrics", first)).status, 200);
    await rig.admin.apply(rig.config(2));
    assert.equal((await Deno.readTextFile(rig.tokenPath)).trim(), first);
    await Deno.writeTextFile(rig.tokenPath, "a-token-of-the-owner\n");
    assert.equal((await rig.get("/metrics", first)).status, 401);
    assert.equal((await rig.get("/metrics", "a-token-of-the-owner")).status, 200);
    assert.equal((await rig.get("/metrics", "a-token-of-the-ownes")).status, 401);
    await Deno.remove(rig.tokenPath);
    assert.equal((await rig.get("/metrics", first)).status, 401);
    assert.equal((await rig.get("/metrics", (await Deno.readTextFile(rig.tokenPath)).trim())).status, 200);
  },
);

peerTest(
  ["curl"],
  "attack: without a token that can be read nobody reads /metrics, and asking often is one Warning",
  async () => {
    await using rig = await AdminRig.open();
    const token_file = `${rig.folder}/owner-token`;
    await rig.admin.apply(rig.config(1, { metrics: { address: null, token_file } }));
    for (const text of [undefined, "", "short", "two words that are long enough"]) {
      if (text !== undefined) await Deno.writeTextFile(token_file, text);
      for (const given of [undefined, text === "" ? undefined : text, "undefined"]) {
        const { status, body } = await rig.get("/metrics", given);
        assert.equal(status, 503, body);
      }
    }
    const warnings = rig.lines.filter((line) => line.startsWith("Warning"));
    assert.equal(warnings.length, 1, warnings.join("\n"));
    assert.match(
      warnings[0],
      /^Warning: Cannot tell who may read \/metrics: Cannot read \S+owner-token: no such file$/,
    );
    assert.equal(
      await Deno.stat(rig.tokenPath).catch(() => null),
      null,
      "the owner's file is not made by us, nor another one",
    );
    await Deno.writeTextFile(token_file, "long-enough-to-be-a-token\n");
    assert.equal((await rig.get("/metrics", "long-enough-to-be-a-token")).status, 200);
  },
);

peerTest(
  ["curl"],
  "Admin: a certificate that cannot be had is one Critical line, and is tried again; what is served goes on",
  async () => {
    await using rig = await AdminRig.open();
    await rig.admin.apply(rig.config(1));
    const { url } = rig;
    const own = {
      name: "own",
      self_signed: false,
      certificate: `${rig.folder}/own.crt`,
      key: `${rig.folder}/own.key`,
    } as const;
    await rig.admin.apply(rig.config(2, {
      certificates: new Map([["own", own]]),
      admin: adminConfig({ address: { address: "127.0.0.1", port: 0 }, certificate: ["own"] }),
    }));
    await rig.clock.advance(3 * limits.httpListenRetryMs);
    const criticals = rig.lines.filter((line) => line.startsWith("Critical"));
    assert.deepEqual(criticals, [
      `Critical: Cannot serve the admin page: Cannot read ${own.certificate}: no such file`,
    ]);
    assert.equal(rig.url, url);
    assert.equal((await rig.get("/healthz")).status, 503);
    await Deno.copyFile(`${rig.folder}/certificates/demo.ec.crt`, own.certificate);
    await Deno.copyFile(`${rig.folder}/certificates/demo.ec.key`, own.key);
    await rig.clock.advance(limits.httpListenRetryMs);
    while (!rig.admin.pairs.has("own")) await rig.clock.advance(1);
    assert.equal((await rig.get("/healthz")).status, 503);
  },
);
