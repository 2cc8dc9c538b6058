/**
 * Ten thousand destinations at once: time and memory grow with their number, and not faster.
 */
import assert from "node:assert/strict";
import process from "node:process";
import type { Resolver } from "../../src/dns/records.ts";
import { startBench } from "../support/delivery_bench.ts";
import { startNextHop } from "../support/next_hop.ts";

/** Each domain has an MX of its own name, and all of them the same address. */
const resolver: Resolver = {
  resolve: (name, type) =>
    Promise.resolve(
      (type === "MX"
        ? { kind: "found", records: [{ preference: 10, exchange: `mx.${name}` }], ttl: 60, authentic: false }
        : type === "A"
        ? { kind: "found", records: ["127.0.0.1"], ttl: 60, authentic: false }
        : { kind: "no_data", ttl: 60, authentic: false }) as never,
    ),
};

/** Delivers a message to each of `count` destinations; lanes are watched for the most that there were. */
async function run(count: number) {
  await using next = startNextHop();
  const began = performance.now();
  const used = process.cpuUsage();
  const before = Deno.memoryUsage();
  const mails = Array.from({ length: count }, (_, n) => ({ to: [`b@d${n}.test`] }));
  const bench = startBench({ control: { tls: "none" }, resolver }, mails);
  const { dialer } = bench.world;
  const dial = dialer.dial.bind(dialer);
  dialer.dial = (to, options) => dial({ address: to.address, port: next.port }, options);
  let [lanes, connections, rss] = [0, 0, 0];
  const watch = setInterval(() => {
    lanes = Math.max(lanes, bench.delivery.lanes);
    connections = Math.max(connections, bench.delivery.connections);
    rss = Math.max(rss, Deno.memoryUsage().rss);
  }, 20);
  lanes = bench.delivery.lanes;
  await bench.spool.whenSettled(count);
  const ms = performance.now() - began;
  const { user, system } = process.cpuUsage(used);
  const delivered = bench.spool.settled.filter(({ outcomes: [{ kind }] }) => kind === "delivered").length;
  // A thousand connections at once are more than a listener's backlog: on a busy machine some time out, and only what they were for waits.
  const missed = bench.lines().filter((line) => line.startsWith("Connection Error: ")).length;
  // Idle connections end by themselves, and then nothing is left of a destination.
  for (let waited = 0; waited < 60_000 && bench.delivery.lanes > 0; waited += 50) {
    await new Promise((go) => setTimeout(go, 50));
  }
  clearInterval(watch);
  const left = [bench.delivery.lanes, bench.delivery.connections, bench.delivery.failingHosts];
  await bench[Symbol.asyncDispose]();
  return {
    ms,
    cpuMs: (user + system) / 1_000,
    lanes,
    connections,
    delivered,
    missed,
    left,
    megabytes: (rss - before.rss) / 1048576,
  };
}

Deno.test("ten thousand destinations are delivered to in linear time and bounded memory, and nothing is left of them", async () => {
  await run(200);
  const small = await run(2_000);
  const large = await run(10_000);
  for (const [count, { ms, cpuMs, lanes, connections, megabytes }] of [[2_000, small], [10_000, large]] as const) {
    console.log(
      `${count} destinations: ${ms.toFixed(0)} ms, ${
        (cpuMs * 1000 / count).toFixed(0)
      } us of computing each, at most ${lanes} lanes, ` +
        `${connections} connections, ${megabytes.toFixed(0)} MiB more, both ends of all connections included`,
    );
  }
  assert.ok(large.delivered >= 10_000 - large.missed, `${large.delivered} delivered, ${large.missed} not connected`);
  assert.ok(large.missed < 5_000, `${large.missed} were not connected`);
  assert.equal(large.lanes, 10_000);
  assert.ok(large.connections <= 1_000, `${large.connections} connections`);
  assert.deepEqual(large.left, [0, 0, 0]);
  // What is computed, since the machine has other things to do besides.
  assert.ok(large.cpuMs / 5 < 3 * small.cpuMs, `${large.cpuMs} ms for five times as many, after ${small.cpuMs}`);
  assert.ok(large.megabytes < 400, `${large.megabytes} MiB`);
});
