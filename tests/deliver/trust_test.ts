/**
 * What was proven of a next hop counts as long as the authorities and revocation lists that proved it.
 */
import assert from "node:assert/strict";
import { startBench } from "../support/delivery_bench.ts";
import { startNextHop } from "../support/next_hop.ts";

const mail = { to: ["a@example.test"] };

for (const threads of [0, 2]) {
  const name =
    `an idle connection is not used any more when other authorities or lists are in force, threads: ${threads}`;
  Deno.test(name, () => servedAnew(threads));
}

async function servedAnew(threads: number): Promise<void> {
  await using next = startNextHop();
  const routes = { "example.test": [{ host: "127.0.0.1", port: next.port }] };
  await using bench = startBench({ threads, control: { tls: "none", max_connections: 1 }, routes }, [mail]);
  await bench.spool.whenSettled(1);
  bench.spool.add(mail);
  await bench.spool.whenSettled(2);
  assert.equal(next.sessions.length, 1);
  const before = bench.world.tls();
  bench.world.tls = () => ({ ...before, trustGeneration: before.trustGeneration + 1 });
  bench.spool.add(mail);
  await bench.spool.whenSettled(3);
  assert.deepEqual(next.sessions.map(({ taken }) => taken.length), [2, 1]);
  assert.equal(next.sessions[0].commands.at(-1), "QUIT");
}
