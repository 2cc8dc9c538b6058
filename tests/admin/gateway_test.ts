/**
 * The front of a running gateway, asked by curl and OpenSSL's client: TLS, figures, health, reloads.
 *
 * @module
 */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { Method } from "../../src/tls/method.ts";
import { greeted } from "../gateway/client.ts";
import { gatewayConfig, listenerAt, startEmptyDns, until } from "../gateway/rig.ts";
import { type Metric, readExposition, valueOf } from "../monitor/exposition.ts";
import { type ConfigObject, GatewayProcess, isListening } from "../support/gateway_process.ts";
import { startNextHop } from "../support/next_hop.ts";
import { makeCertificate } from "../support/openssl_certs.ts";
import { peerTest, runCommand } from "../support/peers.ts";
import { postern } from "../support/postern.ts";

type Ports = Readonly<Record<string, number>>;

/** A relay to a blackhole of its own, with a front. */
function watched(ports: Ports, more: ConfigObject = {}): ConfigObject {
  const config = gatewayConfig({ inbound: ports.inbound, nextHop: ports.blackhole });
  return {
    ...config,
    listeners: {
      ...config.listeners as object,
      blackhole: listenerAt(`127.0.0.1:${ports.blackhole}`, { type: "blackhole" }),
    },
    admin: { address: `127.0.0.1:${ports.admin}` },
    ...more,
  };
}

/** What curl got. */
interface Answer {
  status: number;
  body: string;
  stderr: string;
}

async function curl(url: string, ...args: string[]): Promise<Answer> {
  const { stdout, stderr } = await runCommand("curl", [
    ...["--silent", "--show-error", "--insecure", "--max-time", "20", "--write-out", "\n%{http_code}"],
    ...args,
    url,
  ]);
  const end = stdout.lastIndexOf("\n");
  return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end), stderr };
}

async function tokenOf(gateway: GatewayProcess): Promise<string> {
  return (await Deno.readTextFile(`${gateway.folder}/data/run/metrics-token`)).trim();
}

async function scrape(gateway: GatewayProcess, ...args: string[]): Promise<Map<string, Metric>> {
  const { status, body, stderr } = await curl(
    `https://127.0.0.1:${gateway.ports.admin}/metrics`,
    ...["--header", `Authorization: Bearer ${await tokenOf(gateway)}`],
    ...args,
  );
  assert.equal(status, 200, body + stderr);
  return readExposition(body);
}

/** One message through STARTTLS, with one recipient for each address. */
async function relay(gateway: GatewayProcess, ...recipients: string[]): Promise<void> {
  const from = gateway.log.length;
  const { code, stdout } = await runCommand("swaks", [
    ...["--server", "127.0.0.1", "--port", `${gateway.ports.inbound}`, "--tls"],
    ...["--from", "s@sender.example", "--to", recipients.join(",")],
  ]);
  assert.equal(code, 0, stdout);
  await until("its end", () => (gateway.log.slice(from).match(/Message finished/g) ?? []).length >= 2);
}

peerTest(
  ["curl", "swaks"],
  "curl scrapes /metrics over TLS 1.2 and 1.3 by token, and the numbers are those of the mail",
  async () => {
    await using dns = startEmptyDns();
    await using gateway = await GatewayProcess.start({
      ports: ["inbound", "blackhole", "admin", "metrics"],
      config: (ports) => watched(ports, { dns: dns.settings, metrics: { address: `127.0.0.1:${ports.metrics}` } }),
    });
    const url = `https://127.0.0.1:${gateway.ports.admin}/metrics`;
    for (const args of [[], ["--header", "Authorization: Bearer wrong"], ["--header", "Authorization: Basic eDp5"]]) {
      const { status, body } = await curl(url, ...args);
      assert.equal(status, 401, body);
      assert.doesNotMatch(body, /postern_/);
    }
    await relay(gateway, "a@example.test", "b@example.test");
    await relay(gateway, "c@example.test");
    const tls12 = await scrape(gateway, "--tlsv1.2", "--tls-max", "1.2");
    const tls13 = await scrape(gateway, "--tlsv1.3");
    const plain = await curl(`http://127.0.0.1:${gateway.ports.metrics}/metrics`);
    assert.equal(plain.status, 200);
    const ready = [...gateway.log.matchAll(/MID \d+ ready (\d+) bytes/g)].reduce(
      (sum, [, bytes]) => sum + Number(bytes),
      0,
    );
    for (const metrics of [tls12, tls13, readExposition(plain.body)]) {
      // Each message comes twice: from the client, and from ourselves to the blackhole.
      assert.equal(valueOf(metrics, "postern_messages_received_total"), 4);
      assert.equal(valueOf(metrics, "postern_recipients_received_total"), 6);
      assert.equal(valueOf(metrics, "postern_received_bytes_total"), ready);
      assert.equal(valueOf(metrics, "postern_messages_delivered_total"), 2);
      assert.equal(valueOf(metrics, "postern_recipients_delivered_total"), 3);
      assert.equal(valueOf(metrics, "postern_queue_messages"), 0);
      assert.equal(valueOf(metrics, "postern_config_generation"), 1);
      assert.ok(valueOf(metrics, "postern_certificate_expiry_days", { profile: "demo" })! > 800);
      assert.notEqual(valueOf(metrics, "postern_free_disk_bytes"), 0);
    }
    const count = (labels: Record<string, string>) => valueOf(tls13, "postern_tls_handshakes_total", labels);
    assert.equal(count({ service: "gui", version: "TLSv1.2", result: "success" }), 1);
    assert.ok(count({ service: "gui", version: "TLSv1.3", result: "success" })! >= 1);
    const out = count({ service: "outbound", version: "TLSv1.3", result: "success", reason: "self_signed" })!;
    assert.equal(count({ service: "inbound", version: "TLSv1.3", result: "success" }), 2 + out);
    assert.equal((await gateway.stop()).code, 0);
  },
);

peerTest(
  ["openssl", "curl"],
  "the front has the methods of tls.gui_https and no other, and a reload changes them and the certificate",
  async () => {
    const leaf = await makeCertificate({ names: ["DNS:admin.example.test"] });
    const config = (ports: Ports, methods: Method[], more: ConfigObject = {}) =>
      watched(ports, {
        certificates: { own: { certificate: "own.crt", key: "own.key" } },
        tls: { gui_https: { methods, ciphers: "ALL:!aNULL:!eNULL:@SECLEVEL=0" } },
        ...more,
      });
    await using gateway = await GatewayProcess.start({
      ports: ["inbound", "blackhole", "admin", "other"],
      listening: ["inbound", "admin"],
      files: { "own.crt": leaf.certificatePem, "own.key": leaf.keyPem },
      config: (ports) => config(ports, ["TLSv1.2", "TLSv1.3"]),
    });
    const offered = async (port: number): Promise<string[]> => {
      const found: string[] = [];
      for (
        const [name, flag] of [["TLSv1.0", "-tls1"], ["TLSv1.1", "-tls1_1"], ["TLSv1.2", "-tls1_2"], [
          "TLSv1.3",
          "-tls1_3",
        ]]
      ) {
        const { stdout, stderr } = await runCommand("openssl", [
          ...["s_client", "-connect", `127.0.0.1:${port}`, flag, "-cipher", "ALL:@SECLEVEL=0", "-brief"],
        ], { env: { OPENSSL_CONF: "/dev/null" } });
        if (/^CONNECTION ESTABLISHED$/m.test(stdout + stderr)) found.push(name);
      }
      return found;
    };
    const { admin, other } = gateway.ports;
    assert.deepEqual(await offered(admin), ["TLSv1.2", "TLSv1.3"]);
    const sets: Method[][] = [["TLSv1.3"], ["TLSv1.0", "TLSv1.1"], ["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]];
    for (const methods of sets) {
      await gateway.apply(config(gateway.ports, methods));
      await until("the methods", async () => (await offered(admin)).join() === methods.join());
    }
    // Another address and another certificate, at once.
    const moved = { address: `127.0.0.1:${other}`, certificate: "own" };
    await gateway.apply(config(gateway.ports, ["TLSv1.3"], { admin: moved }));
    await until("the other port", () => isListening(other) && !isListening(admin));
    await Deno.writeTextFile(`${gateway.folder}/ca.pem`, leaf.certificatePem);
    const { stdout } = await runCommand("curl", [
      ...["--silent", "--show-error", "--cacert", `${gateway.folder}/ca.pem`],
      ...["--resolve", `admin.example.test:${other}:127.0.0.1`, `https://admin.example.test:${other}/healthz`],
    ]);
    assert.equal(JSON.parse(stdout).healthy, true);
    assert.deepEqual(await offered(other), ["TLSv1.3"]);
    await gateway.apply(config(gateway.ports, ["TLSv1.3"], { admin: { address: null } }));
    await until("the end of the front", () => !isListening(other));
    assert.equal((await gateway.stop()).code, 0);
  },
);

peerTest(
  ["curl"],
  "attack: an admin address that is taken keeps neither the start nor mail from anything, and is had when it is free",
  async () => {
    const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr as Deno.NetAddr;
    try {
      await using hop = startNextHop();
      await using gateway = await GatewayProcess.start({
        ports: ["inbound"],
        config: ({ inbound }) =>
          gatewayConfig({ inbound, nextHop: hop.port, more: { admin: { address: `127.0.0.1:${port}` } } }),
      });
      await gateway.logged(/Critical: Cannot listen on 127\.0\.0\.1:\d+: the port is in use by another program/);
      using client = await greeted(gateway.ports.inbound);
      assert.match(await client.send("Subject: x\r\n\r\nHello"), /^250 /);
      await gateway.logged(/Message finished/);
      taken.close();
      // It would be tried again by itself within 10 s; a reload tries it at once.
      gateway.signal("SIGHUP");
      await gateway.logged(/Info: Serving the admin page on https:/);
      assert.equal((await curl(`https://127.0.0.1:${port}/healthz`)).status, 200);
      assert.equal([...gateway.log.matchAll(/Cannot listen/g)].length, 1);
      assert.equal((await gateway.stop()).code, 0);
    } finally {
      try {
        taken.close();
      } catch {
        // it is closed already
      }
    }
  },
);

peerTest(
  ["curl"],
  "/healthz is 503 under pressure and says why, and 200 again; other paths and methods are refused",
  async () => {
    const config = (ports: Ports, disk: string) => watched(ports, { limits: { min_free_disk: disk } });
    await using gateway = await GatewayProcess.start({
      ports: ["inbound", "blackhole", "admin"],
      config: (ports) => config(ports, "1M"),
    });
    const { admin, inbound, blackhole } = gateway.ports;
    const url = `https://127.0.0.1:${admin}/healthz`;
    const first = await curl(url);
    assert.equal(first.status, 200);
    assert.deepEqual(JSON.parse(first.body), {
      healthy: true,
      troubles: [],
      listeners: [
        { name: "inbound", address: `127.0.0.1:${inbound}`, listening: true },
        { name: "blackhole", address: `127.0.0.1:${blackhole}`, listening: true },
      ],
      delivery: { connections: 0, failingHosts: 0 },
      queue: { messages: 0 },
    });
    await gateway.apply(config(gateway.ports, "900000G"));
    await until("503", async () => (await curl(url)).status === 503);
    assert.match(JSON.parse((await curl(url)).body).troubles[0], /^too little disk space free: /);
    await gateway.apply(config(gateway.ports, "1M"));
    await until("200", async () => (await curl(url)).status === 200);
    assert.equal((await curl(url, "--request", "POST", "--data", "x")).status, 405);
    assert.equal((await curl(url.replace("healthz", "etc/passwd"))).status, 404);
    assert.equal((await curl(url, "--head")).status, 200);
  },
);

peerTest(["swaks"], "kill -9 keeps the hour; status, tophosts and hoststatus tell it, before and after", async () => {
  await using dns = startEmptyDns();
  await using gateway = await GatewayProcess.start({
    ports: ["inbound", "blackhole"],
    config: (ports) => watched(ports, { dns: dns.settings, admin: { address: null } }),
  });
  const ask = async (...words: string[]) => {
    const { code, stdout, stderr } = await postern(gateway, ...words);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  await relay(gateway, "a@example.test", "b@example.test");
  const before = JSON.parse(await ask("status", "--json"));
  assert.deepEqual([before.totals.messagesIn, before.day.outbound.recipients], [2, 2]);
  await gateway.kill();
  {
    using db = new DatabaseSync(`${gateway.folder}/data/state/monitor.db`, { readOnly: true });
    const rows = db.prepare("SELECT direction, domain, messages, recipients FROM traffic ORDER BY direction").all();
    assert.deepEqual(rows.map((row) => Object.values(row).join(" ")), [
      "inbound sender.example 2 4",
      "outbound example.test 1 2",
    ]);
  }
  await gateway.launch();
  await relay(gateway, "c@example.test");
  const after = JSON.parse(await ask("status", "--json"));
  assert.deepEqual([after.totals.messagesIn, after.day.outbound.recipients], [2, 3]);
  const status = await ask("status");
  assert.match(status, /^System: +online, gw\.example\.test, Postern \d/m);
  assert.match(status, /^ {2}Messages delivered +1 +2$/m);
  assert.match(status, /^ {2}Messages received +120 +24 +8$/m);
  assert.match(await ask("tophosts", "--sort", "delivered"), /^example\.test +0 +\d +3 +0 +0$/m);
  const host = await ask("hoststatus", "EXAMPLE.test");
  assert.match(host, /^Last TLS result: +TLSv1\.3 \S+ \(self_signed\), TLS preferred, 127\.0\.0\.1:\d+, /m);
  assert.match(host, /^ {2}Recipients delivered +3 +3$/m);
  assert.match(host, /^ {2}127\.0\.0\.1:\d+ {2}up, last used /m);
  assert.match(await ask("hoststatus", "sender.example"), /^ {2}TLS preferred, success +\d +\d$/m);
  const { code, stderr } = await postern(gateway, "tophosts", "--sort", "colour");
  assert.equal(code, 1);
  assert.equal(stderr, "Cannot sort by colour: one of active, connections, delivered, soft, hard\n");
});
