/**
 * The configuration is applied while the gateway runs, however the file was changed, and a bad one changes nothing.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type ConfigObject, GatewayProcess, isListening, pause } from "../support/gateway_process.ts";
import { makeCertificate } from "../support/openssl_certs.ts";
import { peerTest } from "../support/peers.ts";
import { relayConfig } from "../support/relay.ts";
import { handshake } from "../support/s_client.ts";

/** A change is in force within a second of the last write; a busy machine is given some more. */
const soonMs = 3000;

/** A session by hand, in clear. */
class Client implements Disposable {
  #conn: Deno.Conn;

  private constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  static async open(port: number): Promise<{ client: Client; greeting: string }> {
    const client = new Client(await Deno.connect({ hostname: "127.0.0.1", port }));
    return { client, greeting: await client.reply() };
  }

  async ask(line: string): Promise<string> {
    await this.#conn.write(new TextEncoder().encode(`${line}\r\n`));
    return await this.reply();
  }

  async reply(): Promise<string> {
    const bytes = new Uint8Array(4096);
    const count = await this.#conn.read(bytes);
    return new TextDecoder().decode(bytes.subarray(0, count ?? 0));
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }
}

async function greeting(port: number): Promise<string> {
  const { client, greeting } = await Client.open(port);
  client[Symbol.dispose]();
  return greeting;
}

async function becomes(name: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  for (const since = Date.now(); !await holds(); await pause(50)) {
    assert.ok(Date.now() - since < soonMs, `not within ${soonMs} ms: ${name}`);
  }
}

function named(gateway: { ports: Readonly<Record<string, number>> }, hostname: string): ConfigObject {
  return { ...relayConfig({ inbound: gateway.ports.inbound, nextHop: gateway.ports.nextHop }), hostname };
}

function start(): Promise<GatewayProcess> {
  return GatewayProcess.start({
    ports: ["inbound", "nextHop", "second"],
    listening: ["inbound"],
    config: (ports) => named({ ports }, "first.example.test"),
  });
}

Deno.test("config.yaml is applied after a write in place, a rename, a swapped symlink and SIGHUP; open sessions go on", async (t) => {
  await using gateway = await start();
  const { inbound } = gateway.ports;
  const { client, greeting: first } = await Client.open(inbound);
  using open = client;
  assert.match(first, /^220 first\.example\.test /);
  const text = (hostname: string) => JSON.stringify(named(gateway, hostname), null, 2);

  await t.step("a write in place", async () => {
    await Deno.writeTextFile(gateway.configPath, text("written.example.test"));
    await becomes("written", async () => (await greeting(inbound)).startsWith("220 written.example.test "));
  });
  await t.step("a rename", async () => {
    await gateway.configure(named(gateway, "renamed.example.test"));
    await becomes("renamed", async () => (await greeting(inbound)).startsWith("220 renamed.example.test "));
  });
  await t.step("a swapped symlink, as configuration maps do it", async () => {
    for (const name of ["one", "two"]) {
      await Deno.mkdir(`${gateway.folder}/${name}`);
      await Deno.writeTextFile(`${gateway.folder}/${name}/config.yaml`, text(`${name}.example.test`));
    }
    const swap = async (name: string) => {
      await Deno.symlink(name, `${gateway.folder}/next`);
      await Deno.rename(`${gateway.folder}/next`, `${gateway.folder}/current`);
    };
    await swap("one");
    await Deno.symlink("current/config.yaml", `${gateway.folder}/link`);
    await Deno.rename(`${gateway.folder}/link`, gateway.configPath);
    await becomes("one", async () => (await greeting(inbound)).startsWith("220 one.example.test "));
    await swap("two");
    await becomes("two", async () => (await greeting(inbound)).startsWith("220 two.example.test "));
    await Deno.remove(gateway.configPath);
    await Deno.writeTextFile(gateway.configPath, text("plain.example.test"));
    await becomes("plain", async () => (await greeting(inbound)).startsWith("220 plain.example.test "));
  });
  await t.step("SIGHUP reads the file again", async () => {
    const from = gateway.log.length;
    gateway.signal("SIGHUP");
    await gateway.logged(/Info: Configuration /, { from });
    assert.match(await greeting(inbound), /^220 plain\.example\.test /);
  });
  // The session that was open all the time keeps the configuration it began with.
  assert.match(await open.ask("EHLO client.example.test"), /^250-first\.example\.test/);
  assert.match(await open.ask("QUIT"), /^221 /);
});

Deno.test("a bad configuration changes nothing and is one Critical line with its place", async () => {
  await using gateway = await start();
  const { inbound } = gateway.ports;
  const config = named(gateway, "second.example.test");
  const bad: [ConfigObject, RegExp][] = [
    [{ ...config, tls: { inbound_smtp: { methods: ["TLSv1.0", "TLSv1.2"] } } }, /: tls\.inbound_smtp\.methods: /],
    [{ ...config, tls: { inbound_smtp: { ciphers: "NOTHING" } } }, /: tls\.inbound_smtp\.ciphers: /],
    [{ ...config, colour: "blue" }, /: colour: /],
    [
      { ...config, certificates: { mx: { certificate: "missing.crt", key: "missing.key" } } },
      /: certificates\.mx\.\w+: /,
    ],
  ];
  for (const [wrong, where] of bad) {
    const from = gateway.log.length;
    await gateway.configure(wrong);
    const [line] = await gateway.logged(/^.* Critical: Cannot apply \S+config\.yaml:\d+:\d+: .*$/m, { from });
    assert.match(line, where);
    assert.match(await greeting(inbound), /^220 first\.example\.test /);
  }
  await gateway.configure(config);
  await becomes("second", async () => (await greeting(inbound)).startsWith("220 second.example.test "));
});

Deno.test("listeners are opened, closed and kept; a port in use undoes the whole change", async () => {
  await using gateway = await start();
  const { inbound, second } = gateway.ports;
  const one = named(gateway, "first.example.test");
  const listeners = one.listeners as Record<string, ConfigObject>;
  const two = { ...one, listeners: { ...listeners, second: { ...listeners.inbound, address: `127.0.0.1:${second}` } } };
  {
    using _taken = Deno.listen({ hostname: "127.0.0.1", port: second });
    const from = gateway.log.length;
    await gateway.configure({ ...two, hostname: "undone.example.test" });
    await gateway.logged(/Critical: Cannot apply \S+config\.yaml:\d+:\d+: listeners\.second\.address: /, { from });
    assert.match(await greeting(inbound), /^220 first\.example\.test /);
  }
  await gateway.configure(two);
  await becomes("open", () => isListening(second));
  const { client } = await Client.open(second);
  using open = client;
  await gateway.configure(one);
  await becomes("closed", () => !isListening(second));
  assert.match(await open.ask("NOOP"), /^250 /);
  assert.match(await greeting(inbound), /^220 /);
});

peerTest(["openssl"], "a certificate whose files change is shown to new sessions", async () => {
  const first = await makeCertificate({ names: ["DNS:first.example.test"] });
  const second = await makeCertificate({ names: ["DNS:second.example.test"], key: "rsa" });
  await using gateway = await GatewayProcess.start({
    ports: ["inbound", "nextHop"],
    listening: ["inbound"],
    files: { "mx.crt": first.certificatePem, "mx.key": first.keyPem },
    config: ({ inbound, nextHop }) =>
      relayConfig({
        inbound,
        nextHop,
        listener: { certificate: "mx" },
        more: { certificates: { mx: { certificate: "mx.crt", key: "mx.key" } } },
      }),
  });
  const shown = async () =>
    /Peer certificate: CN = (\S+)/.exec((await handshake(gateway.ports.inbound, {})).output)?.[1];
  assert.equal(await shown(), "first.example.test");
  // Half of a change: the key does not fit, so the old pair stays in force.
  const from = gateway.log.length;
  await Deno.writeTextFile(`${gateway.folder}/mx.crt`, second.certificatePem);
  await gateway.logged(/Critical: Cannot apply .*mx/, { from });
  assert.equal(await shown(), "first.example.test");
  await Deno.writeTextFile(`${gateway.folder}/mx.key`, second.keyPem);
  await becomes("the second certificate", async () => await shown() === "second.example.test");
});
