/**
 * A long queue, looked into: how long it takes, and for how long nothing else has its turn.
 *
 * @module
 */
import assert from "node:assert/strict";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers";
import type { QueueFilter } from "../../src/queue/browse.ts";
import { World } from "./world.ts";

const messages = 100_000;
const { signal } = new AbortController();

/** A queue of so many messages, written as they would stand there. */
async function filled(world: World): Promise<void> {
  await (await world.open()).close();
  using db = new DatabaseSync(`${world.directory}/queue.db`);
  db.exec(`BEGIN;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${messages})
    INSERT INTO message SELECT i, 's' || i || '@sender' || (i % 50) || '.test', 1700000000000 + i, 5000, 0, 0, NULL, NULL, 'row', NULL, NULL FROM n;
    INSERT INTO body SELECT mid, x'00' FROM message;
    INSERT INTO delivery SELECT mid, 'd' || (mid % 1000) || '.test', 4000000000000, 3, 1700000000000, '451 4.3.0 later',
      '[{"rid":0,"address":"r' || mid || '@d' || (mid % 1000) || '.test"}]', '451' FROM message;
    COMMIT`);
}

/** What this process computed between two readings, in ms: other programs take turns of the machine too. */
function stopwatch(): () => number {
  let last = process.cpuUsage();
  return () => {
    const now = process.cpuUsage();
    const ms = (now.user - last.user + now.system - last.system) / 1_000;
    last = now;
    return ms;
  };
}

/**
 * The longest spans, in ms of computing, in which the event loop had no turn while `work` went on: the highest, and that which 95 % do not
 * exceed.
 */
async function gapsDuring(work: () => Promise<void>): Promise<{ most: number; usual: number }> {
  const gaps: number[] = [];
  let going = true;
  const watching = (async () => {
    for (const passed = stopwatch(); going;) {
      await new Promise((resolve) => setImmediate(resolve));
      gaps.push(passed());
    }
  })();
  await work();
  going = false;
  await watching;
  gaps.sort((a, b) => a - b);
  return { most: gaps.at(-1)!, usual: gaps[Math.floor(gaps.length * 0.95)] };
}

Deno.test("QueueManager.list and act on 100,000 messages let others have their turn", async () => {
  await using world = new World();
  await filled(world);
  const spool = await world.open();
  const count = async (filter: QueueFilter, limit = 1e6) => {
    let rows = 0;
    for await (const page of spool.manage.list(filter, { limit, signal })) rows += page.rows.length;
    return rows;
  };
  const table: [string, () => Promise<number>, number][] = [
    ["the first page", () => count({}, 100), 100],
    ["all", () => count({}), messages],
    ["a recipient", () => count({ recipient: "r99999@d999.test" }), 1],
    ["a domain", () => count({ domain: "d7.test" }), 100],
    ["a sender's domain", () => count({ sender: "sender7.test" }), 2000],
    ["a reason that none has", () => count({ reason: "timeout" }), 0],
    [
      "held",
      async () => (await spool.manage.act({ kind: "hold" }, { filter: { domain: "d7.test" }, signal })).done,
      100,
    ],
    [
      "deleted",
      async () => (await spool.manage.act({ kind: "delete" }, { filter: { sender: "sender3.test" }, signal })).done,
      2000,
    ],
  ];
  for (const [what, ask, rows] of table) {
    let found = 0;
    const passed = stopwatch();
    const { most, usual } = await gapsDuring(async () => void (found = await ask()));
    const took = passed();
    assert.equal(found, rows, what);
    // What is bounded is the step, which takes 5 ms.
    assert.ok(usual < 20, `${what}: 95 % of all gaps are below ${usual.toFixed(1)} ms`);
    assert.ok(most < 250, `${what}: the longest gap is ${most.toFixed(1)} ms`);
    assert.ok(took < 15_000, `${what}: it took ${took.toFixed(0)} ms`);
  }
  assert.equal(spool.messages, messages - 2000);
});

Deno.test("QueueManager.list reads a page of a long queue in a few milliseconds, wherever it begins", async () => {
  await using world = new World();
  await filled(world);
  const spool = await world.open();
  const times: number[] = [];
  for (let mid = 0; mid < messages; mid += 5000) {
    const passed = stopwatch();
    const mids: number[] = [];
    for await (const { rows } of spool.manage.list({}, { limit: 100, from: { mid, destination: "" }, signal })) {
      mids.push(...rows.map((row) => row.mid));
    }
    times.push(passed());
    assert.deepEqual(mids, Array.from({ length: 100 }, (_, at) => Math.max(mid, 1) + at));
  }
  times.sort((a, b) => a - b);
  assert.ok(times[10] < 20, `half of all pages take more than ${times[10].toFixed(1)} ms`);
});
