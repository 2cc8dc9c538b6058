/**
 * Sessions in several threads: every limit, every configuration and every message is one for all of them.
 *
 * @module
 */
import assert from "node:assert/strict";
import { cheapHash } from "../auth/hashes.ts";
import { mixedShape, settleBooks } from "../durability/rig.ts";
import { type ConfigObject, GatewayProcess } from "../support/gateway_process.ts";
import { Ledger, sendLoad, startLedgerSink } from "../support/ledger.ts";
import { startNextHop } from "../support/next_hop.ts";
import { peerTest, runCommand } from "../support/peers.ts";
import { postern } from "../support/postern.ts";
import { Client, greeted, messageOf } from "./client.ts";
import { linesAbout, linesOf, mailLines } from "./mail_log.ts";
import { gatewayConfig, startEmptyDns, until } from "./rig.ts";

const workers = 3;
/** So many that the kernel deals them out to all threads, as good as surely. */
const many = 16;

interface Started extends AsyncDisposable {
  gateway: GatewayProcess;
  port: number;
  /** The configuration that it has, with other keys of the policy and others at the top. */
  config: (policy?: ConfigObject, more?: ConfigObject) => ConfigObject;
}

/** A gateway with three threads that sends to `hop`. */
async function start(hop: number, policy: ConfigObject = {}, more: ConfigObject = {}): Promise<Started> {
  const dns = startEmptyDns();
  const written = (inbound: number) => (policy: ConfigObject = {}, more: ConfigObject = {}) =>
    gatewayConfig({ inbound, nextHop: hop, policy, more: { workers, dns: dns.settings, ...more } });
  const gateway = await GatewayProcess.start({
    ports: ["inbound"],
    config: ({ inbound }) => written(inbound)(policy, more),
  });
  // The threads listen before they are told what to serve.
  await gateway.logged(/Postern \S+ is running/);
  return {
    gateway,
    port: gateway.ports.inbound,
    config: written(gateway.ports.inbound),
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await dns[Symbol.asyncDispose]();
    },
  };
}

/** Sockets that listen on a port. */
function listeners(port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")} `;
  return Deno.readTextFileSync("/proc/net/tcp").split("\n").filter((line) => line.includes(local) && / 0A /.test(line))
    .length;
}

/** What so many connections are greeted with, all of them open at the same time. */
async function greetings(port: number, count: number, stack: DisposableStack): Promise<string[]> {
  return await Promise.all(Array.from({ length: count }, async () => stack.use(await Client.open(port)).greeting));
}

const countOf = (texts: readonly string[], start: string) => texts.filter((text) => text.startsWith(start)).length;

Deno.test(`workers: ${workers}: a load of small and long messages arrives whole, once, and in the log's order; SIGTERM ends it`, async () => {
  const ledger = new Ledger();
  await using sink = startLedgerSink(ledger);
  const routes = ["one", "two", "three"].map((name) => [`${name}.example.test`, [`127.0.0.1:${sink.port}`]]);
  await using started = await start(sink.port, {}, { smtp_routes: Object.fromEntries(routes) });
  const { gateway, port } = started;
  assert.equal(listeners(port), workers);
  await sendLoad(port, { ledger, sessions: 10, shape: mixedShape, more: () => ledger.sent < 160 });
  await ledger.drained(60_000);
  settleBooks(ledger, `${workers} workers`, gateway);
  assert.deepEqual(ledger.refused, new Map());
  assert.equal(ledger.tally().duplicated, 0);
  assert.equal((await gateway.stop()).code, 0, gateway.log);
  const lines = mailLines(gateway.log).map(({ text }) => text);
  for (const line of lines) {
    const mid = /^MID (\d+) queued for delivery$/.exec(line)?.[1];
    if (mid === undefined) continue;
    const about = linesAbout(gateway.log, "MID", Number(mid));
    const order = [
      /^Start MID/,
      / From: /,
      / ready \d+ bytes/,
      / queued for delivery$/,
      /^Delivery start/,
      /^Message finished/,
    ];
    const places = order.map((pattern) => about.findIndex((text) => pattern.test(text)));
    assert.deepEqual(places, [...places].sort((a, b) => a - b), about.join("\n"));
    assert.ok(places[0] === 0, about.join("\n"));
  }
  const mids = lines.flatMap((text) => /^Start MID (\d+)/.exec(text)?.[1] ?? []);
  assert.equal(new Set(mids).size, mids.length, "no number twice");
  assert.deepEqual(linesOf(gateway.log).filter(({ level }) => level === "Critical"), []);
});

Deno.test(`workers: ${workers}: limits of connections, of the hour and of AUTH hold for all threads together`, async (t) => {
  const users = { ann: { password_hash: cheapHash("right") } };
  const limits = {
    max_recipients_per_hour: 4,
    max_auth_failures_per_hour: 3,
    auth: "preferred",
    auth_requires_tls: false,
  };
  await using hop = startNextHop();
  await using started = await start(hop.port, { max_connections_per_ip: 5, ...limits }, { smtp_auth: { users } });
  const { gateway, port, config } = started;
  await t.step("max_connections_per_ip", async () => {
    using stack = new DisposableStack();
    const heard = await greetings(port, many, stack);
    assert.equal(countOf(heard, "220 "), 5, heard.join("\n"));
    assert.equal(countOf(heard, "421 4.7.0 "), many - 5);
  });
  await gateway.apply(config({ max_connections_per_ip: 100, ...limits }, { smtp_auth: { users } }));
  await t.step("max_recipients_per_hour", async () => {
    const codes: string[] = [];
    for (let session = 0; session < 8; session++) {
      using client = await greeted(port);
      await client.expect(["MAIL FROM:<s@example.org>", "250"]);
      codes.push((await client.ask(`RCPT TO:<r${session}@example.test>`)).slice(0, 3));
    }
    // Each thread counts by itself and is told at once what others count: on a busy machine that may come behind the next session.
    assert.match(codes.join(" "), /^(?:250 ){4,6}(?:452 ?){2,4}$/);
  });
  await t.step("max_auth_failures_per_hour, all at the same moment", async () => {
    using stack = new DisposableStack();
    const clients = await Promise.all(Array.from({ length: many }, () => greeted(port)));
    for (const client of clients) stack.use(client);
    const heard = await Promise.all(clients.map((client) => client.ask(`AUTH PLAIN ${btoa("\0ann\0wrong")}`)));
    assert.deepEqual([countOf(heard, "535 "), countOf(heard, "454 ")], [3, many - 3], heard.join("\n"));
  });
  await t.step("max_connections of the listener, and a listener that is suspended", async () => {
    const listeners = {
      listeners: { inbound: { ...(config().listeners as { inbound: ConfigObject }).inbound, max_connections: 7 } },
    };
    await gateway.apply({ ...config({ max_connections_per_ip: 100 }), ...listeners });
    {
      using stack = new DisposableStack();
      const heard = await greetings(port, many, stack);
      assert.deepEqual([countOf(heard, "220 "), countOf(heard, "421 4.3.2 ")], [7, many - 7], heard.join("\n"));
    }
    assert.equal((await postern(gateway, "suspend", "--listener", "inbound")).code, 0);
    using stack = new DisposableStack();
    assert.equal(countOf(await greetings(port, many, stack), "421 4.3.2 "), many);
  });
});

Deno.test(`workers: ${workers}: a configuration is in force in all threads, sessions keep theirs, and a bad one changes none`, async () => {
  await using hop = startNextHop();
  await using started = await start(hop.port);
  const { gateway, port, config } = started;
  const named = (hostname: string, more: ConfigObject = {}) => config({}, { hostname, ...more });
  using stack = new DisposableStack();
  await gateway.apply(named("first.example.test"));
  const old = await Promise.all(Array.from({ length: many }, async () => stack.use(await greeted(port))));
  await gateway.apply(named("second.example.test", { workers: 2 }));
  const warning =
    /Warning: \S+config\.yaml:\d+:\d+: workers: warning: 2 threads serve mail from the next start on; now it is 3\n/;
  assert.match(gateway.log, warning);
  assert.equal(countOf(await greetings(port, many, stack), "220 second.example.test "), many);
  for (const client of old) {
    assert.match(await client.ask("HELP"), /^214/);
    assert.match(await client.ask("EHLO again.example.test"), /^250-first\.example\.test\n/);
  }
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const rival = { ...named("third.example.test") };
  const second = {
    type: "private",
    address: `127.0.0.1:${(taken.addr as Deno.NetAddr).port}`,
    certificate: "demo",
    sender_groups: [{ name: "ALL", policy: "RELAYED" }],
  };
  rival.listeners = { ...rival.listeners as ConfigObject, second };
  const from = gateway.log.length;
  await gateway.configure(rival);
  await gateway.logged(
    /Critical: Cannot apply .*listeners\.second\.address: Cannot listen on \S+: the port is in use by another program\n/,
    { from },
  );
  assert.equal(countOf(await greetings(port, many, stack), "220 second.example.test "), many);
  assert.equal(listeners(port), workers);
  const mails = await Promise.all(old.map((client) => client.send("Subject: old\r\n\r\nstill there")));
  assert.equal(countOf(mails, "250 "), many);
});

Deno.test(`workers: ${workers}: SIGTERM lets transactions of all threads end, and a short queue is told to all`, async () => {
  await using hop = startNextHop();
  await using started = await start(hop.port);
  const { gateway, port, config } = started;
  using stack = new DisposableStack();
  // Nobody fetches mail: the queue fills.
  assert.equal((await postern(gateway, "suspend", "delivery")).code, 0);
  {
    using client = await greeted(port);
    for (let n = 0; n < 3; n++) assert.match(await client.send("Subject: one\r\n\r\nof three"), /^250 /);
  }
  await gateway.apply(config({}, { limits: { max_queue_messages: 3 } }));
  await gateway.logged(/Critical: Pressure: too many messages in the queue: 3, the limit is 3; MAIL gets 452\n/);
  const refused = await Promise.all(
    Array.from({ length: many }, async () => await stack.use(await greeted(port)).ask("MAIL FROM:<s@example.org>")),
  );
  assert.equal(countOf(refused, "452 4.3.1 "), many, refused.join("\n"));
  await gateway.apply(config({}, { limits: { max_queue_messages: 1_000_000 } }));
  await gateway.logged(/Pressure is gone/);
  const busy = await Promise.all(Array.from({ length: many }, async () => stack.use(await greeted(port))));
  const idle = await Promise.all(Array.from({ length: many }, async () => stack.use(await greeted(port))));
  await Promise.all(busy.map((client) => client.begin()));
  gateway.signal("SIGTERM");
  const farewells = await Promise.all(idle.map((client) => client.reply()));
  assert.equal(countOf(farewells, "421 4.3.2 "), many, farewells.join("\n"));
  const ends = await Promise.all(busy.map(async (client) => {
    await client.write(`${messageOf(300_000)}.\r\n`);
    return [await client.reply(), await client.reply()];
  }));
  assert.equal(countOf(ends.map(([end]) => end), "250 2.0.0 Ok: queued as "), many);
  assert.equal(countOf(ends.map(([, farewell]) => farewell), "421 4.3.2 "), many);
  assert.equal((await gateway.ended(35_000)).code, 0, gateway.log);
});

peerTest(
  ["openssl", "swaks"],
  `workers: ${workers}: a TLS session that began in one thread goes on in another`,
  async () => {
    await using hop = startNextHop();
    await using started = await start(hop.port);
    const { gateway, port } = started;
    const ticket = `${gateway.folder}/session.pem`;
    const arguments_ = (
      ...extra: string[]
    ) => ["s_client", "-connect", `127.0.0.1:${port}`, "-starttls", "smtp", "-ign_eof", "-crlf", ...extra];
    const quit = { input: "QUIT\n" };
    for (const version of ["-tls1_2", "-tls1_3"]) {
      await runCommand("openssl", arguments_(version, "-sess_out", ticket), quit);
      const again = await Promise.all(
        Array.from({ length: 8 }, () => runCommand("openssl", arguments_(version, "-sess_in", ticket), quit)),
      );
      for (const { stdout, stderr } of again) assert.match(stdout, /^Reused, /m, stdout + stderr);
    }
    const sent = await Promise.all(Array.from({ length: 6 }, () =>
      runCommand("swaks", [
        "--server",
        "127.0.0.1",
        "--port",
        `${port}`,
        "--tls",
        "--from",
        "s@example.org",
        "--to",
        "a@example.test",
      ])));
    for (const { code, stdout } of sent) assert.equal(code, 0, stdout);
    await until("six messages", () => countOf(linesOf(gateway.log).map(({ text }) => text), "Message finished") === 6);
  },
);
