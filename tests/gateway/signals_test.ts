/**
 * The ends of the process: asked for, refused, sudden.
 *
 * @module
 */
import assert from "node:assert/strict";
import { GatewayProcess, isListening } from "../support/gateway_process.ts";
import { startNextHop } from "../support/next_hop.ts";
import { greeted } from "./client.ts";
import { gatewayConfig, runGateway, until } from "./rig.ts";
import { mailLines } from "./mail_log.ts";

function start(nextHop: number): Promise<GatewayProcess> {
  return GatewayProcess.start({ ports: ["inbound"], config: ({ inbound }) => gatewayConfig({ inbound, nextHop }) });
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`${signal}: idle sessions get 421, one in DATA finishes, nobody new comes in, SIGHUP opens nothing, exit code 0`, async () => {
    await using hop = startNextHop();
    await using gateway = await start(hop.port);
    const { inbound } = gateway.ports;
    using idle = await greeted(inbound);
    using busy = await greeted(inbound);
    using waiting = await greeted(inbound);
    await waiting.expect(["MAIL FROM:<w@example.org>", "250"]);
    await busy.begin();
    await busy.write("Subject: half\r\n\r\nfirst half,");
    gateway.signal(signal);
    assert.equal(await idle.rest(), "421 4.3.2 gw.example.test Service shutting down\r\n");
    await until("closed listeners", () => !isListening(inbound));
    gateway.signal("SIGHUP");
    // Time for a reload to do harm: the two transactions go on meanwhile.
    await waiting.expect(["RCPT TO:<a@example.test>", "250"], ["DATA", "354"]);
    await busy.write(" second half\r\n.\r\n");
    assert.match(await busy.reply(), /^250 /);
    assert.match(await busy.rest(), /^421 4\.3\.2 /);
    assert.ok(!isListening(inbound), "SIGHUP opened a listener of a gateway that stops");
    await waiting.write("Subject: whole\r\n\r\nwhole\r\n.\r\n");
    assert.match(await waiting.reply(), /^250 /);
    assert.match(await waiting.rest(), /^421 4\.3\.2 /);
    assert.deepEqual({ ...await gateway.ended(35_000) }, { success: true, code: 0, signal: null });
    assert.match(gateway.log, /Info: Postern has stopped\n$/);
    mailLines(gateway.log);
    // Taken during the stop: delivered then, or kept for the next start.
    await gateway.launch();
    await until("both messages", () => hop.taken.length >= 2);
    const bodies = hop.taken.map(({ text }) => new TextDecoder().decode(text).split("\r\n\r\n")[1]).sort();
    assert.deepEqual(bodies, ["first half, second half\r\n", "whole\r\n"]);
  });
}

Deno.test("a second process on the same storage exits with 1 and names the first; a dead one's lock and leases are void", async () => {
  const held = Promise.withResolvers<void>();
  let holding = true;
  await using hop = startNextHop({
    answer: (command) =>
      holding && (command === "." || command.startsWith("BDAT")) ? { wait: held.promise, close: true } : undefined,
  });
  await using gateway = await start(hop.port);
  using client = await greeted(gateway.ports.inbound);
  assert.match(await client.send("Subject: leased\r\n\r\nx"), /^250 /);
  await until(
    "the lease",
    () => hop.sessions.some(({ commands }) => commands.some((line) => /^(?:\.|BDAT)/.test(line))),
  );

  const second = await runGateway(gateway.configPath);
  assert.equal(second.code, 1);
  assert.equal(second.stderr, `Cannot use ${gateway.folder}/data: process ${gateway.pid} has it\n`);
  assert.match(await client.ask("NOOP"), /^250 /, "the first one goes on");

  await gateway.kill();
  holding = false;
  held.resolve();
  const before = hop.taken.length;
  await gateway.launch();
  await until("the delivery of what was leased", () => hop.taken.length > before);
  await gateway.logged(/Message finished MID 1 done/);
  assert.equal((await gateway.stop()).code, 0);
});

Deno.test("MID, ICID and DCID go on after a stop and after kill -9: no number comes twice", async () => {
  await using hop = startNextHop();
  await using gateway = await start(hop.port);
  for (const end of ["stop", "kill", "stop"] as const) {
    const from = gateway.log.length;
    using client = await greeted(gateway.ports.inbound);
    assert.match(await client.send("Subject: n\r\n\r\nx"), /^250 /);
    await gateway.logged(/Message finished/, { from });
    await gateway[end]();
    await gateway.launch();
  }
  for (const name of ["ICID", "DCID"]) {
    const numbers = [...gateway.log.matchAll(new RegExp(`New SMTP ${name} (\\d+)`, "g"))].map(([, number]) =>
      Number(number)
    );
    // What kill -9 met before it was written down that the message is gone is delivered again.
    assert.ok(numbers.length === 3 || name === "DCID" && numbers.length === 4, `${name}: ${numbers}`);
    assert.ok(numbers.every((number, at) => at === 0 || number > numbers[at - 1]), `${name}: ${numbers}`);
  }
  const mids = [...gateway.log.matchAll(/Start MID (\d+)/g)].map(([, number]) => Number(number));
  assert.ok(mids.length === 3 && mids[0] < mids[1] && mids[1] < mids[2], `MID: ${mids}`);
});

Deno.test("SIGHUP during the start does not end the process", async () => {
  await using hop = startNextHop();
  await using gateway = await start(hop.port);
  await gateway.stop();
  const launched = gateway.launch();
  const from = gateway.log.length;
  // The demo pairs exist already: the log's first line comes when the signal can be sent and the gateway is not ready yet.
  await until("a process", () => {
    try {
      return Deno.readTextFileSync(`${gateway.folder}/data/lock`) !== "";
    } catch {
      return false;
    }
  });
  gateway.signal("SIGHUP");
  await launched;
  await gateway.logged(/Configuration applied/, { from });
  assert.equal((await gateway.stop()).code, 0);
});
