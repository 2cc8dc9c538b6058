/**
 * Delivery over the connections of several threads: policy, limits and statistics are one for all of them.
 *
 * @module
 */
import assert from "node:assert/strict";
import { makeAuthority, makeLeaf } from "../support/certs.ts";
import { type ConfigObject, GatewayProcess } from "../support/gateway_process.ts";
import { startNextHop } from "../support/next_hop.ts";
import { postern } from "../support/postern.ts";
import { engine, pairOf, profileOf } from "../support/tls_world.ts";
import { Client } from "./client.ts";
import { linesAbout } from "./mail_log.ts";
import { gatewayConfig, until } from "./rig.ts";

const workers = 3;
const patience = { ms: 30_000 };

/** A gateway with three threads that sends to `hop`, and what its configuration is with other controls. */
async function start(hop: number, controls: ConfigObject) {
  const config = (inbound: number, controls: ConfigObject) =>
    gatewayConfig({ inbound, nextHop: hop, more: { workers, destination_controls: controls } });
  const gateway = await GatewayProcess.start({
    ports: ["inbound"],
    config: ({ inbound }) => config(inbound, controls),
  });
  const apply = (controls: ConfigObject) => gateway.apply(config(gateway.ports.inbound, controls));
  /** Sends so many messages in one session. */
  const send = async (count: number) => {
    using client = await Client.open(gateway.ports.inbound);
    assert.match(await client.ask("EHLO client.test"), /^250/);
    for (let n = 0; n < count; n++) assert.match(await client.send(`Subject: ${n}\r\n\r\nbody`), /^250 /);
  };
  return { gateway, apply, send, [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose]() };
}

Deno.test(`workers: ${workers}: a destination's TLS level holds for all threads from its reload on, old connections included`, async () => {
  const folder = await Deno.makeTempDir();
  const server = await makeLeaf({ ca: await makeAuthority(folder), names: ["hop.test"] });
  await Deno.remove(folder, { recursive: true });
  await using next = startNextHop();
  await using started = await start(next.port, { default: { tls: "none" } });
  const { gateway, apply, send } = started;
  await send(15);
  await until("mail in clear", () => next.taken.length === 15, patience);
  await apply({ alert_on_required_tls_failure: true, default: { tls: "required" } });
  await send(1);
  await gateway.logged(/Warning: .*required/i);
  await gateway.logged(/Info: Delayed: DCID \d+ MID \d+ to RID 0 - 4\.7\.4 /);
  assert.equal(next.taken.length, 15, "nothing in clear");
  using tls = engine.serverContext({
    profile: profileOf({}),
    keyPairs: [pairOf("hop", server)],
    askClientCertificate: false,
    sessionIdContext: "test",
  });
  next.script = { tls };
  assert.equal((await postern(gateway, "queue", "retry", "--all")).code, 0);
  await until("mail in TLS", () => next.taken.length === 16, patience);
  assert.ok(next.taken[15].encrypted);
  await gateway.logged(/Message finished MID 16 done\n/);
  const [dcid] = /Delivery start DCID (\d+) MID \d+ to RID \[0\]\n(?!.*Delivery start)/s.exec(gateway.log)!.slice(1);
  const about = linesAbout(gateway.log, "DCID", Number(dcid));
  const order = [/^New SMTP DCID /, /^DCID \d+ TLS success /, /^Delivery start /, /^Message done /];
  const places = order.map((pattern) => about.findIndex((text) => pattern.test(text)));
  assert.deepEqual(places, [0, 1, 2, 3], about.join("\n"));
  const shown = await postern(gateway, "hoststatus", "example.test");
  assert.match(shown.stdout, /^ {2}TLS required, success +1 +1$/m, shown.stdout);
});

Deno.test(`workers: ${workers}: max_connections counts the connections of all threads`, async () => {
  const gate = Promise.withResolvers<void>();
  let most = 0;
  await using next = startNextHop({
    answer(command, { commands }) {
      most = Math.max(most, next.open);
      return command.startsWith("BDAT") && commands.length < 6 ? { wait: gate.promise } : undefined;
    },
  });
  await using started = await start(next.port, { default: { tls: "none", max_connections: 4 } });
  await started.send(40);
  await until("four connections", () => next.open === 4, patience);
  gate.resolve();
  await until("all of it", () => next.taken.length === 40, patience);
  assert.equal(most, 4);
});

Deno.test(`workers: ${workers}: SIGTERM lets a message under way be answered, says QUIT, and keeps the rest`, async () => {
  const gate = Promise.withResolvers<void>();
  await using next = startNextHop({
    answer: (command) => command.startsWith("BDAT") ? { wait: gate.promise } : undefined,
  });
  await using started = await start(next.port, { default: { tls: "none", max_connections: 1 } });
  const { gateway, send } = started;
  await send(3);
  const text = () => next.sessions[0]?.commands.some((line) => line.startsWith("BDAT")) === true;
  await until("the text", text, patience);
  gateway.signal("SIGTERM");
  await gateway.logged(/Postern is stopping/);
  gate.resolve();
  assert.equal((await gateway.ended(35_000)).code, 0, gateway.log);
  assert.deepEqual([next.taken.length, next.sessions.length], [1, 1]);
  assert.equal(next.sessions[0].commands.at(-1), "QUIT");
  const [mid] = /MID (\d+) RID \[0\] Response/.exec(gateway.log)!.slice(1);
  const about = linesAbout(gateway.log, "MID", Number(mid));
  assert.match(about.at(-1)!, /^Message finished/, about.join("\n"));
  await gateway.launch();
  await until("the rest", () => next.taken.length === 3, patience);
});
