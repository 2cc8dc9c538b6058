/**
 * `kill -9` in a loop, under load, at random moments.
 *
 * SIGKILL leaves the page cache alone, so this proves the order of writing and the recovery; that the writing reached the disk
 * before the 250 is what `sync_test.ts` proves.
 *
 * @module
 */
import assert from "node:assert/strict";
import { seededRandom } from "../../src/base/random.ts";
import { pause } from "../support/gateway_process.ts";
import { Ledger, sendLoad, startLedgerSink } from "../support/ledger.ts";
import { until } from "../gateway/rig.ts";
import { assertEmptyQueue, emptied, mixedShape, settleBooks, startRig } from "./rig.ts";

/** Sessions in the main thread, and in threads of their own. */
for (const { cycles, workers } of [{ cycles: 30, workers: 1 }, { cycles: 10, workers: 3 }]) {
  const name =
    `kill -9, ${cycles} times under load, workers: ${workers}: nothing acknowledged is lost, nothing is halved or made up`;
  Deno.test(name, () => killUnderLoad(cycles, workers));
}

async function killUnderLoad(cycles: number, workers: number): Promise<void> {
  const seed = Number(Deno.env.get("SEED") ?? Date.now() % 1e9);
  console.log(`seed ${seed} (SEED=${seed} repeats the moments)`);
  const random = seededRandom(seed);
  const ledger = new Ledger();
  await using sink = startLedgerSink(ledger);
  // In half of the time a destination defers, so that retries and settlements of a part are cut too.
  let defers = false;
  sink.answer = (recipient) => defers && recipient.startsWith("b@") ? "451 4.3.0 later" : "250 ok";
  await using gateway = await startRig({ sink, more: { workers } });
  for (let cycle = 0; cycle < cycles; cycle++) {
    defers = cycle % 2 === 0;
    let loading = true;
    const load = sendLoad(gateway.ports.inbound, { ledger, sessions: 6, shape: mixedShape, more: () => loading });
    const before = ledger.acknowledged.size;
    // The load has begun for good: a slow machine must not turn the kills into kills of an idle gateway.
    await until("the first 250s of a cycle", () => ledger.acknowledged.size > before + 10, { ms: 60_000, every: 5 });
    await pause(Math.floor(random.fraction() * 800));
    await gateway.kill();
    loading = false;
    await load;
    await gateway.launch();
  }
  defers = false;
  await ledger.drained(60_000);
  settleBooks(ledger, `kill -9, ${cycles} cycles, workers ${workers}, seed ${seed}`, gateway);
  assert.ok(ledger.acknowledged.size > cycles * 10, `only ${ledger.acknowledged.size} were acknowledged`);
  await emptied(`${gateway.folder}/data`);
  assert.equal((await gateway.stop()).code, 0);
  assertEmptyQueue(`${gateway.folder}/data`);
}
