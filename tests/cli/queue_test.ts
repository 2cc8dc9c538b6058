/**
 * The queue tools on a running gateway, and on the files of one that does not run.
 *
 * @module
 */
import assert from "node:assert/strict";
import { countOf, gatewayConfig, listenerAt, ownersTest, until } from "../gateway/rig.ts";
import { Client, greeted } from "../gateway/client.ts";
import { mailLines } from "../gateway/mail_log.ts";
import { freePort, GatewayProcess } from "../support/gateway_process.ts";
import { postern } from "../support/postern.ts";

/** A gateway between clients and a port where nobody listens; a blackhole of its own takes what is sent there. */
function startRig(): Promise<GatewayProcess> {
  const dead = freePort();
  return GatewayProcess.start({
    ports: ["inbound", "hole"],
    config: ({ inbound, hole }) => {
      const config = gatewayConfig({ inbound, nextHop: dead, more: { admin: { address: `127.0.0.1:${freePort()}` } } });
      const listeners = { ...config.listeners as object, hole: listenerAt(`127.0.0.1:${hole}`, { type: "blackhole" }) };
      const routes = { ...config.smtp_routes as object, "good.test": [`127.0.0.1:${hole}`] };
      return { ...config, listeners, smtp_routes: routes };
    },
  });
}

async function sendTo(gateway: GatewayProcess, ...to: string[]): Promise<void> {
  using client = await greeted(gateway.ports.inbound);
  assert.match(await client.send("Subject: one\r\nX-Two: \x1b[31m\r\n\r\nbody", { to }), /^250 /);
  await client.ask("QUIT");
}

// deno-lint-ignore no-explicit-any -- data as the command gives them
function json(stdout: string): any[] {
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** Rows of a list, which comes in as many pages as its reading took. */
function rowsOf(stdout: string): { mid: number; state: string; attempts: number }[] {
  return json(stdout).flatMap(({ rows = [] }) => rows);
}

Deno.test("postern queue lists, shows, holds, redirects, deletes and bounces on a running gateway", async () => {
  await using gateway = await startRig();
  const run = (...words: string[]) => postern(gateway, "queue", ...words);
  for (let n = 0; n < 4; n++) await sendTo(gateway, "a@example.test", "b@example.test");
  await gateway.logged(/Delayed: .*MID 4 to RID 1/);
  await until(
    "four deferred messages",
    async () => rowsOf((await run("list", "--json")).stdout).filter(({ attempts }) => attempts === 1).length === 4,
  );

  const list = await run("list", "--reason", "connection_refused");
  assert.equal(list.code, 0, list.stderr);
  const lines = list.stdout.split("\n");
  assert.equal(lines[0], "      MID    AGE    SIZE  STATE       TRIES    NEXT  FROM, TO AND WHY");
  assert.match(
    lines[1],
    /^ {8}1 +\w+ +\d+ {2}waiting {9}1 +\d+s {2}<s@example\.org> to <a@example\.test>, <b@example\.test>: connection_refused$/,
  );
  assert.equal(lines.at(-2), "4 shown; 4 messages in the queue");
  assert.match(
    (await run("list", "--limit", "3")).stdout,
    /\n3 shown; 4 messages in the queue; more with --cursor 3\/example\.test\n$/,
  );
  assert.match(
    (await run("list", "--cursor", "3/example.test")).stdout,
    / {8}4 .*\n1 shown; 4 messages in the queue\n$/,
  );

  const show = await run("show", "1");
  assert.match(show.stdout, /^MID 1 from <s@example\.org>, \d+ bytes, received /);
  assert.match(
    show.stdout,
    /\nexample\.test: waiting, 1 attempt, next in \d+s\n.*4\.4\.0 Connection refused\n {2}RID 0 <a@example\.test>\n/,
  );
  assert.match(
    show.stdout,
    /\nTrail\n.*RID \[0, 1\] deferred by 127\.0\.0\.1 \[127\.0\.0\.1\]:\d+: 4\.4\.0 Connection refused\n/,
  );
  assert.match(show.stdout, /\n {2}Subject: one\n {2}X-Two: \\x1b\[31m\n/);
  assert.deepEqual(await run("show", "99"), {
    code: 1,
    stdout: "",
    stderr: "Cannot show MID 99: it is not in the queue\n",
  });

  assert.equal((await run("hold", "1")).stdout, "2 recipients of 1 message held\n");
  assert.equal((await run("retry", "1")).stdout, "0 recipients of 0 messages due now; 1 left as it is\n");
  assert.match((await run("list", "--held")).stdout, / {8}1 .* held .*\n1 shown; 4/s);
  assert.equal(
    (await run("delete", "--recipient", "b@example.test", "2")).stdout,
    "1 recipient of 1 message deleted\n",
  );
  assert.equal(
    (await run("redirect", "2", `127.0.0.1:${gateway.ports.hole}`)).stdout,
    "1 recipient of 1 message redirected\n",
  );
  await gateway.logged(/Message finished MID 2 done/);
  assert.equal((await run("bounce", "3")).stdout, "2 recipients of 1 message bounced\n");
  const [, report] = await gateway.logged(/MID (\d+) was generated for bounce of MID 3/);
  assert.equal((await run("delete", report)).code, 0);
  assert.deepEqual(json((await run("delete", "--all", "--json")).stdout), [
    { action: "delete", done: 2, recipients: 4, later: 0, unchanged: 0 },
  ]);
  assert.deepEqual(json((await run("list", "--json")).stdout), [{ shown: 0, messages: 0, cursor: null }]);
  mailLines(gateway.log);
});

Deno.test("postern queue says what is wrong with its words, and never takes nothing for everything", async () => {
  await using gateway = await startRig();
  await sendTo(gateway, "a@example.test");
  const table: [string, string][] = [
    ["delete", "Cannot go on: say which, by MID, by a filter such as --domain, or --all"],
    ["delete --all 1", "Cannot tell what is meant: --all stands alone"],
    ["delete x", "Cannot use x: it is no MID"],
    ["delete 7", "Cannot delete MID 7: nothing of it is in the queue that matches"],
    ["list --older 2", "Cannot use --older 2: it has no unit; 2s for seconds; s, m, h and d are known"],
    ["list --limit 0", "Cannot use --limit 0: a whole number from 1 to 10000000"],
    ["list --cursor x", "Cannot use --cursor x: it is none that a list gave"],
    ["redirect", "Cannot redirect: say to which host, HOST[:PORT], or --back"],
    ["redirect 1 --back --all", "Cannot tell what is meant: --all stands alone"],
    ["redirect mail.test", "Cannot go on: say which, by MID, by a filter such as --domain, or --all"],
    [
      "redirect 1 a_b!:25",
      "Cannot redirect to a_b!:25: it is no domain name; a host name or an address, with a port where it is not 25, as in backup.example.test:2525",
    ],
  ];
  const input = table.map(([words]) => `queue ${words}\n`).join("");
  const { stdout, stderr } = await postern(gateway, { input }, "cli");
  assert.equal(stdout, "");
  assert.deepEqual(stderr.split("\n").slice(0, -1), table.map(([, fault]) => fault));
  assert.equal(json((await postern(gateway, "queue", "list", "--json")).stdout).at(-1).messages, 1);
});

Deno.test("postern queue works on the files of a gateway that does not run, and it takes over what was done", async () => {
  await using gateway = await startRig();
  for (let n = 0; n < 3; n++) await sendTo(gateway, "a@example.test");
  await gateway.logged(/Delayed: .*MID 3 to RID 0/);
  await gateway.kill();
  const run = (...words: string[]) => postern(gateway, ...words);
  assert.match((await run("queue", "list")).stdout, /\n3 shown; 3 messages in the queue\n$/);
  assert.match((await run("queue", "show", "1")).stdout, /Subject: one/);
  assert.equal((await run("queue", "hold", "1")).stdout, "1 recipient of 1 message held\n");
  assert.equal((await run("queue", "delete", "2")).stdout, "1 recipient of 1 message deleted\n");
  assert.equal((await run("suspend", "delivery")).stdout, "Delivery is suspended by the operator\n");
  const refused = await run("reload");
  assert.deepEqual([refused.code, refused.stdout], [1, ""]);
  assert.match(refused.stderr, /^Cannot run reload: no gateway is running on /);
  const log = await Deno.readTextFile(`${gateway.folder}/data/logs/mail.log`);
  assert.match(log, /Info: MID 1 RID \[0\] held by the operator\n/);
  assert.match(log, /Info: MID 2 RID \[0\] deleted by the operator\n/);
  await gateway.launch();
  await gateway.logged(/Warning: Delivery is suspended by the operator\n/);
  const rows = rowsOf((await run("queue", "list", "--json")).stdout);
  assert.deepEqual(rows.map(({ mid, state }) => [mid, state]), [[1, "held"], [
    3,
    "suspended",
  ]]);
});

Deno.test("a suspended listener says 421 to new sessions and serves those that run, over reload and restart", async () => {
  await using gateway = await startRig();
  const run = (...words: string[]) => postern(gateway, ...words);
  const config = JSON.parse(await Deno.readTextFile(gateway.configPath));
  using running = await greeted(gateway.ports.inbound);
  assert.equal(
    (await run("suspend", "--listener", "inbound")).stdout,
    "Listener inbound is suspended by the operator\n",
  );
  const shut = /^421 4\.3\.2 gw\.example\.test Service not available, try again later$/;
  {
    using refused = await Client.open(gateway.ports.inbound);
    assert.match(refused.greeting, shut);
  }
  assert.match(await running.send("Subject: still\r\n\r\nx", { to: ["a@good.test"] }), /^250 /);
  await gateway.apply({ ...config, logs: { level: "debug" } });
  {
    using refused = await Client.open(gateway.ports.inbound);
    assert.match(refused.greeting, shut);
    using other = await Client.open(gateway.ports.hole);
    assert.match(other.greeting, /^220 /);
  }
  await running.ask("QUIT");
  assert.equal((await gateway.stop()).code, 0, gateway.log);
  await gateway.launch();
  {
    using refused = await Client.open(gateway.ports.inbound);
    assert.match(refused.greeting, shut);
  }
  assert.equal((await run("resume", "--listener", "inbound")).stdout, "Nothing is suspended\n");
  using again = await Client.open(gateway.ports.inbound);
  assert.match(again.greeting, /^220 /);
  assert.equal(countOf(gateway.log, /ICID \d+ suspended by the operator\n/), 3);
});

Deno.test("suspended delivery leaves mail in the queue and lets other domains go; resumed, it goes at once", async () => {
  await using gateway = await startRig();
  const run = (...words: string[]) => postern(gateway, ...words);
  await run("suspend", "--domain", "good.test");
  await sendTo(gateway, "a@good.test");
  await sendTo(gateway, "a@example.test");
  await gateway.logged(/Delayed: .*MID 2 to RID 0/);
  assert.match((await run("queue", "list")).stdout, / {8}1 .* suspended +0 .*\n/);
  assert.equal(countOf(gateway.log, /Delivery start DCID \d+ MID 1 /), 0);
  await run("queue", "retry", "--all");
  await run("suspend", "delivery");
  await run("resume", "delivery");
  await gateway.logged(/Message finished MID 1 done/);
  assert.equal(json((await run("queue", "list", "--json")).stdout).at(-1).messages, 1);
});

Deno.test("queue retry tries a host again that failed just now", async () => {
  await using gateway = await startRig();
  await sendTo(gateway, "a@example.test");
  await gateway.logged(/Delayed: .*MID 1 to RID 0/);
  const connections = () => countOf(gateway.log, /Connection Error: DCID \d+ domain: example\.test /);
  for (let tries = 2; tries < 5; tries++) {
    const from = gateway.log.length;
    assert.match(
      (await postern(gateway, "queue", "retry", "1")).stdout,
      /^1 recipient of 1 message due now\n|1 being delivered/,
    );
    await gateway.logged(/Delayed: .*MID 1 to RID 0/, { from });
    assert.equal(connections(), tries);
  }
});

ownersTest("only root can act for another user", Deno.uid() === 0, {
  name: "postern queue run by root on the files of another user leaves none that is root's",
  async run() {
    await using gateway = await startRig();
    await sendTo(gateway, "a@example.test");
    await gateway.stop();
    const owned = async (folder: string, wanted: (path: string, uid: number | null) => Promise<void>) => {
      await wanted(folder, (await Deno.lstat(folder)).uid);
      for await (const { name, isDirectory } of Deno.readDir(folder)) {
        const path = `${folder}/${name}`;
        if (isDirectory) await owned(path, wanted);
        else await wanted(path, (await Deno.lstat(path)).uid);
      }
    };
    const nobody = 65534;
    const data = `${gateway.folder}/data`;
    await owned(data, (path) => Deno.chown(path, nobody, nobody));
    await Deno.remove(`${data}/logs/mail.log`);
    for (const words of [["queue", "hold", "--all"], ["suspend", "delivery"], ["queue", "bounce", "--all"]]) {
      assert.equal((await postern(gateway, ...words)).code, 0);
    }
    const roots: string[] = [];
    await owned(data, async (path, uid) => void (uid === nobody || await roots.push(path)));
    assert.deepEqual(roots, []);
    assert.match(await Deno.readTextFile(`${data}/logs/mail.log`), /Info: MID \d+ RID \[0\] held by the operator/);
  },
});
