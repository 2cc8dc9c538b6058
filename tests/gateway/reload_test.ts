/**
 * A configuration that changes while the gateway runs: whatever way it is written, within a second, and all or nothing.
 *
 * @module
 */
import assert from "node:assert/strict";
import { quietMs } from "../../src/config/watch.ts";
import { type ConfigObject, GatewayProcess, isListening, pause } from "../support/gateway_process.ts";
import { startNextHop } from "../support/next_hop.ts";
import { relayConfig } from "../support/relay.ts";
import { Client, greeted } from "./client.ts";
import { countOf, gatewayConfig, inForceMs, listenerAt, startEmptyDns, until } from "./rig.ts";
import { linesOf } from "./mail_log.ts";

type Ports = Readonly<Record<string, number>>;

function named(ports: Ports, hostname: string, more: ConfigObject = {}): ConfigObject {
  return { ...gatewayConfig({ inbound: ports.inbound, nextHop: 9 }), hostname: `${hostname}.example.test`, ...more };
}

function withListeners(config: ConfigObject, listeners: ConfigObject): ConfigObject {
  return { ...config, listeners: { ...config.listeners as ConfigObject, ...listeners } };
}

async function nameAt(port: number, to?: string): Promise<string> {
  using client = await Client.open(port, { to });
  return client.greeting.split(" ")[1].split(".")[0];
}

function start(more: ConfigObject = {}): Promise<GatewayProcess> {
  return GatewayProcess.start({
    ports: ["inbound", "second"],
    listening: ["inbound"],
    config: (ports) => named(ports, "first", more),
  });
}

/** Level and text of what was logged about configurations from `from` on, the folder left out. */
function said(gateway: GatewayProcess, from: number): string[] {
  return linesOf(gateway.log.slice(from)).filter(({ text }) => /Configuration|Cannot/.test(text))
    .map(({ level, text }) => `${level}: ${text.replaceAll(`${gateway.folder}/`, "")}`);
}

Deno.test("a change is in force within a second of the last write: in place, slowly, by rename, by symlinks, by SIGHUP, in bursts", async (t) => {
  await using empty = startEmptyDns();
  const dns = empty.settings;
  await using gateway = await start({ dns });
  const { configPath: path, folder, ports } = gateway;
  const text = (name: string) => JSON.stringify(named(ports, name, { dns }), null, 2);
  const took: string[] = [];
  let stall = 0;
  const write = async (way: string, change: (name: string) => Promise<void>) => {
    await t.step(way, async () => {
      const name = way.replaceAll(/\W/g, "-");
      const from = gateway.log.length;
      await change(name);
      const ms = await until(way, async () => await nameAt(ports.inbound) === name);
      took.push(`${way} ${Math.round(ms)} ms`);
      assert.ok(ms < inForceMs, `${way}: in force after ${ms} ms`);
      await gateway.logged(/Configuration applied/, { from });
      const told = gateway.log.slice(from);
      if (stall < quietMs) assert.ok(!told.includes("Critical"), told);
      // A writer who was held up for longer than quiet is waited for has shown half a file.
      stall = 0;
    });
  };
  await write("in place", (name) => Deno.writeTextFile(path, text(name)));
  await write("in place in two halves", async (name) => {
    const whole = text(name);
    using file = await Deno.open(path, { write: true, truncate: true });
    await file.write(new TextEncoder().encode(whole.slice(0, 100)));
    const since = performance.now();
    await pause(60);
    await file.write(new TextEncoder().encode(whole.slice(100)));
    stall = performance.now() - since;
  });
  await write("atomic rename", async (name) => {
    await Deno.writeTextFile(`${path}.new`, text(name));
    await Deno.rename(`${path}.new`, path);
  });
  await write("remove and rename", async (name) => {
    await Deno.writeTextFile(`${path}.new`, text(name));
    await Deno.remove(path);
    await pause(50);
    await Deno.rename(`${path}.new`, path);
  });
  await write("a burst of ten", async (name) => {
    for (let other = 0; other < 10; other++) {
      await Deno.writeTextFile(path, text(other < 9 ? `burst${other}` : name));
      await pause(15);
    }
  });

  // Kubernetes: config.yaml → ..data/config.yaml, ..data → a folder; a change swaps ..data.
  const swap = async (name: string) => {
    await Deno.mkdir(`${folder}/mount/..${name}`, { recursive: true });
    await Deno.writeTextFile(`${folder}/mount/..${name}/config.yaml`, text(name));
    await Deno.symlink(`..${name}`, `${folder}/mount/..data_tmp`);
    await Deno.rename(`${folder}/mount/..data_tmp`, `${folder}/mount/..data`);
  };
  await write("a symlink in its place", async (name) => {
    await swap(name);
    await Deno.symlink("..data/config.yaml", `${folder}/mount/config.yaml`);
    await Deno.symlink("mount/config.yaml", `${path}.new`);
    await Deno.rename(`${path}.new`, path);
  });
  await write("a swap of ..data behind two symlinks", swap);
  await write("a second swap", swap);
  await write("a file again", async (name) => {
    await Deno.remove(path);
    await Deno.writeTextFile(path, text(name));
  });
  await t.step("SIGHUP reads again without a change, and beside one", async () => {
    const from = gateway.log.length;
    gateway.signal("SIGHUP");
    await gateway.logged(/Configuration applied/, { from });
    await Deno.writeTextFile(path, text("hup"));
    gateway.signal("SIGHUP");
    const ms = await until("SIGHUP", async () => await nameAt(ports.inbound) === "hup");
    assert.ok(ms < inForceMs, `${ms} ms`);
    // The signal and the watch both saw the change.
    await until("both reloads", () => countOf(gateway.log.slice(from), /Configuration applied/) === 3);
  });
  await t.step("the same text again changes nothing", async () => {
    const from = gateway.log.length;
    await Deno.writeTextFile(path, text("hup"));
    await Deno.utime(path, new Date(), new Date());
    await pause(1200); // nothing is to happen, so there is nothing to wait for
    assert.deepEqual(said(gateway, from), []);
  });
  console.log(`in force after: ${took.join(", ")}`);
});

Deno.test("listeners are opened, closed and kept; open sessions go on under the policy they began with", async () => {
  await using hop = startNextHop();
  await using gateway = await start();
  const { inbound, second } = gateway.ports;
  const policy = (max_message_size: string) => ({
    mail_flow_policies: { RELAYED: { action: "relay", max_message_size, max_connections_per_ip: 600 } },
    smtp_routes: { "example.test": [`127.0.0.1:${hop.port}`] },
  });
  const small = named(gateway.ports, "small", policy("1M"));
  const both = withListeners(small, { second: listenerAt(`127.0.0.1:${second}`) });
  await gateway.apply(both);
  using kept = await Client.open(inbound);
  using orphan = await greeted(second);
  await orphan.begin();

  await gateway.apply(named(gateway.ports, "large", policy("2M")));
  await until("the end of the second listener", () => !isListening(second));
  await orphan.write("Subject: orphan\r\n\r\nx\r\n.\r\n");
  assert.match(await orphan.reply(), /^250 /, "a transaction goes on behind its listener's end");
  assert.match(await kept.ask("EHLO c.example.test"), /^250-small\.example\.test\n[^]*\n250-SIZE 1048576\n/);
  using fresh = await Client.open(inbound);
  assert.match(await fresh.ask("EHLO c.example.test"), /^250-large\.example\.test\n[^]*\n250-SIZE 2097152\n/);
  await until("the orphan's delivery", () => hop.taken.length === 1);

  // The same address under another name: the socket stays, so no connection is refused meanwhile.
  const renamed = {
    ...small,
    listeners: { other: listenerAt(`127.0.0.1:${inbound}`, { hostname: "other.example.test" }) },
  };
  const from = gateway.log.length;
  await gateway.apply(renamed);
  assert.equal(await nameAt(inbound), "other");
  await gateway.logged(/interface other /, { from });
  assert.match(await kept.ask("NOOP"), /^250 /);
  assert.match(await kept.ask("QUIT"), /^221 /);
});

Deno.test("a listener moves between 127.0.0.1 and all addresses on the same port; a fault gives the old one back", async (t) => {
  await using gateway = await start();
  const { inbound, second } = gateway.ports;
  const at = (address: string, name: string, more: ConfigObject = {}) => ({
    ...named(gateway.ports, name),
    listeners: { inbound: listenerAt(`${address}:${inbound}`), ...more },
  });
  using open = await greeted(inbound);
  for (
    const [address, name] of [["0.0.0.0", "all"], ["127.0.0.1", "one"], ["[::]", "six"], ["127.0.0.2", "two"], [
      "0.0.0.0",
      "again",
    ]]
  ) {
    await t.step(`to ${address}`, async () => {
      const from = gateway.log.length;
      await gateway.configure(at(address, name));
      await gateway.logged(/Configuration applied|Critical/, { from });
      assert.deepEqual(said(gateway, from), ["Info: Configuration applied: config.yaml"]);
      assert.equal(await nameAt(inbound, address.startsWith("127") ? address : "127.0.0.1"), name);
      if (address.startsWith("127")) {
        const other = address === "127.0.0.1" ? "127.0.0.3" : "127.0.0.1";
        await assert.rejects(nameAt(inbound, other), /refused/);
      } else assert.equal(await nameAt(inbound, "127.0.0.3"), name);
    });
  }
  await t.step("a port of another listener in use", async () => {
    using _taken = Deno.listen({ hostname: "127.0.0.1", port: second });
    const from = gateway.log.length;
    await gateway.configure(at("127.0.0.1", "undone", { second: listenerAt(`127.0.0.1:${second}`) }));
    await gateway.logged(/Critical/, { from });
    assert.match(
      said(gateway, from).join("\n"),
      new RegExp(
        `^Critical: Cannot apply config\\.yaml:\\d+:\\d+: listeners\\.second\\.address: ` +
          `Cannot listen on 127\\.0\\.0\\.1:${second}: the port is in use by another program$`,
      ),
    );
    assert.equal(await nameAt(inbound, "127.0.0.3"), "again");
  });
  await t.step("another program has one of the addresses", async () => {
    await gateway.apply(at("127.0.0.2", "mine"));
    {
      using _taken = Deno.listen({ hostname: "127.0.0.1", port: inbound });
      const from = gateway.log.length;
      await gateway.configure(at("0.0.0.0", "undone"));
      await gateway.logged(/Critical/, { from });
      // Ours had to go before it was tried, and came back.
      await until("the old listener", () => nameAt(inbound, "127.0.0.2").then((name) => name === "mine", () => false));
      assert.deepEqual(said(gateway, from).map((line) => line.replace(/:\d+:\d+:/, ":")), [
        `Critical: Cannot apply config.yaml: listeners.inbound.address: Cannot listen on 0.0.0.0:${inbound}: ` +
        "the port is in use by another program",
      ]);
    }
    gateway.signal("SIGHUP");
    await until("the port", () => nameAt(inbound).then((name) => name === "undone", () => false));
  });
  assert.match(await open.ask("NOOP"), /^250 /);
});

Deno.test("a bad file changes nothing; each fault is one Critical line with its place", async (t) => {
  await using gateway = await start();
  const { inbound, second } = gateway.ports;
  const good = named(gateway.ports, "bad", {
    certificates: { mx: { certificate: "missing.crt", key: "missing.key" } },
  });
  const json = (config: ConfigObject) => JSON.stringify({ ...named(gateway.ports, "bad"), ...config }, null, 2);
  const moved = { inbound: listenerAt(`0.0.0.0:${inbound}`), second: listenerAt(`127.0.0.1:${second}`) };
  const bad: Record<string, [text: string, faults: RegExp[]]> = {
    "no YAML": ["version: 1\nlisteners: [\n", [/config\.yaml:\d+:\d+: config: /]],
    "empty": ["", [/config\.yaml:1:1: \w+: /]],
    "an unknown key": [json({ colour: "blue" }), [/: colour: /]],
    "three faults": [
      json({ colour: "blue", logs: { level: "loud" }, hostname: "no name" }),
      [/: hostname: /, /: colour: /, /: logs\.level: /],
    ],
    "ciphers that select nothing": [json({ tls: { inbound_smtp: { ciphers: "NOTHING" } } }), [
      /: tls\.inbound_smtp\.ciphers: /,
    ]],
    "methods with a gap": [json({ tls: { inbound_smtp: { methods: ["TLSv1.0", "TLSv1.2"] } } }), [
      /: tls\.inbound_smtp\.methods: /,
    ]],
    "a missing certificate": [JSON.stringify(good, null, 2), [
      /: certificates\.mx\.certificate: /,
      /: certificates\.mx\.key: /,
    ]],
    "a listener without its profile": [
      json({ listeners: { inbound: listenerAt(`127.0.0.1:${inbound}`, { certificate: "nobody" }) } }),
      [/: listeners\.inbound\.certificate: /],
    ],
    "another storage": [json({ storage: { directory: "./elsewhere" } }), [
      /: storage\.directory: it is data while the gateway runs/,
    ]],
    // The listeners would be moved and opened, were it not for the key.
    "a fault beside moved listeners": [json({ listeners: moved, colour: "blue" }), [/: colour: /]],
  };
  for (const [name, [text, faults]] of Object.entries(bad)) {
    await t.step(name, async () => {
      const from = gateway.log.length;
      await Deno.writeTextFile(gateway.configPath, text);
      await until("its faults", () => countOf(gateway.log.slice(from), /Critical/) >= faults.length);
      const lines = said(gateway, from);
      assert.equal(lines.length, faults.length, lines.join("\n"));
      lines.forEach((line, at) => {
        assert.match(line, /^Critical: Cannot apply config\.yaml:\d+:\d+: /);
        assert.match(line, faults[at]);
      });
      assert.equal(await nameAt(inbound), "first");
      assert.ok(!isListening(second));
    });
  }
  await t.step("a good file after all", async () => {
    await gateway.apply(named(gateway.ports, "good"));
    assert.equal(await nameAt(inbound), "good");
    assert.ok(![...Deno.readDirSync(gateway.folder)].some(({ name }) => name === "elsewhere"));
  });
});

Deno.test("routes that change send queued mail the new way", async () => {
  await using hop = startNextHop();
  await using gateway = await GatewayProcess.start({
    ports: ["inbound", "dead"],
    listening: ["inbound"],
    config: ({ inbound, dead }) => ({
      ...relayConfig({ inbound, nextHop: dead }),
      bounce_profiles: { default: { initial_retry: "1s", max_retry_interval: "1s" } },
    }),
  });
  using client = await greeted(gateway.ports.inbound);
  for (let sent = 0; sent < 3; sent++) assert.match(await client.send("Subject: routed\r\n\r\nx"), /^250 /);
  await gateway.logged(/Delayed: DCID \d+ MID 3 /);
  await gateway.apply({
    ...relayConfig({ inbound: gateway.ports.inbound, nextHop: hop.port }),
    bounce_profiles: { default: { initial_retry: "1s", max_retry_interval: "1s" } },
  });
  await until("the queued mail", () => hop.taken.length === 3);
  assert.equal((await gateway.stop()).code, 0);
});
