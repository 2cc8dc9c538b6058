/**
 * What was acknowledged is delivered, whatever happens to the process.
 *
 * @module
 */
import assert from "node:assert/strict";
import { seededRandom } from "../../src/base/random.ts";
import { GatewayProcess, pause } from "../support/gateway_process.ts";
import { sendNumbered, startCountingSink } from "../support/mail_count.ts";
import { relayConfig } from "../support/relay.ts";

Deno.test("kill -9 at any moment: every acknowledged message is delivered, none is made up", async () => {
  const seed = Number(Deno.env.get("SEED") ?? 20_240_101);
  const random = seededRandom(seed);
  await using sink = startCountingSink();
  await using gateway = await GatewayProcess.start({
    ports: ["inbound"],
    config: ({ inbound }) =>
      relayConfig({
        inbound,
        nextHop: sink.port,
        more: { bounce_profiles: { default: { initial_retry: "1s", max_retry_interval: "1s" } } },
      }),
  });
  const acknowledged = new Set<number>();
  let sent = 0;
  for (let kills = 0; kills < 4; kills++) {
    let loading = true;
    const next = () => loading ? sent++ : null;
    // Most are small; some are large enough to be kept in a file beside the database.
    const load = Array.from({ length: 8 }, async (_, session) => {
      while (loading) {
        await sendNumbered(gateway.ports.inbound, { next, acknowledged, octets: session === 0 ? 400_000 : 3_000 });
        await pause(20);
      }
    });
    await pause(300 + random.fraction() * 1200);
    await gateway.kill();
    loading = false;
    await Promise.all(load);
    await gateway.launch();
  }
  assert.ok(acknowledged.size > 100, `only ${acknowledged.size} were acknowledged, seed ${seed}`);
  const missing = () => [...acknowledged].filter((number) => !sink.arrived.has(number));
  for (const since = Date.now(); missing().length > 0 && Date.now() - since < 60_000;) await pause(100);
  assert.deepEqual(missing(), [], `acknowledged, and never delivered; seed ${seed}\n${gateway.log.slice(-4000)}`);
  for (const number of sink.arrived.keys()) assert.ok(number >= 0 && number < sent, `message ${number} was never sent`);
  assert.equal((await gateway.stop()).code, 0);
  const left = [...Deno.readDirSync(`${gateway.folder}/data/queue`)].map(({ name }) => name)
    .filter((name) => !/\.(sqlite|db)(-wal|-shm|-journal)?$/.test(name));
  for (const name of left) {
    const entry = `${gateway.folder}/data/queue/${name}`;
    const content = Deno.statSync(entry).isDirectory ? [...Deno.readDirSync(entry)].map(({ name }) => name) : [name];
    assert.deepEqual(content, [], `left behind in ${entry}`);
  }
});
