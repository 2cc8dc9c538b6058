/** Long work in steps. */
import assert from "node:assert/strict";
import { seededRandom } from "../../src/base/random.ts";
import { atOnce, inTurns, rowsPerStep, sortSteps, type Steps, turn } from "../../src/base/turns.ts";

function* three(): Steps<string> {
  yield;
  yield;
  return "done";
}

Deno.test("inTurns: others have their turn between steps, and what comes of it is what comes of it at once", async () => {
  let turns = 0;
  let over = false;
  const others = (async () => {
    while (!over) {
      await turn();
      turns++;
    }
  })();
  assert.equal(await inTurns(three()), "done");
  over = true;
  await others;
  assert.ok(turns >= 2, `${turns}`);
  assert.equal(atOnce(three()), "done");
});

Deno.test("inTurns: work that throws rejects", async () => {
  await assert.rejects(
    inTurns((function* (): Steps<never> {
      yield;
      throw new Error("Cannot go on: no");
    })()),
    /no/,
  );
});

Deno.test("sortSteps: the order of toSorted, equals as they came, whatever the length", () => {
  const random = seededRandom(7);
  for (const length of [0, 1, rowsPerStep, rowsPerStep + 1, 5 * rowsPerStep + 3]) {
    const list = Array.from({ length }, (_, at) => ({ key: Math.floor(random.fraction() * 500), at }));
    const compare = (a: { key: number }, b: { key: number }) => a.key - b.key;
    const before = structuredClone(list);
    assert.deepEqual(atOnce(sortSteps(list, compare)), list.toSorted(compare));
    assert.deepEqual(list, before);
  }
});
