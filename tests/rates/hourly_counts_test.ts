import assert from "node:assert/strict";
import { HourlyCounts, hourMs } from "../../src/rates/hourly_counts.ts";

function counts(options: { keysMax?: number } = {}) {
  const time = { now: 1_000 };
  return { time, counts: new HourlyCounts(() => time.now, options) };
}

Deno.test("HourlyCounts counts each key for an hour that begins with its first count", () => {
  const { time, counts: some } = counts();
  assert.equal(some.count("a"), 0);
  assert.equal(some.add("a"), 1);
  time.now += hourMs - 1;
  assert.equal(some.add("a"), 2);
  assert.equal(some.add("b"), 1);
  assert.equal(some.count("a"), 2);
  time.now += 1;
  assert.equal(some.count("a"), 0, "the hour of the first count is over");
  assert.equal(some.count("b"), 1);
  assert.equal(some.add("a"), 1);
});

Deno.test("HourlyCounts takes a count back, and never below nothing", () => {
  const { counts: some } = counts();
  assert.equal(some.add("a", -1), 0);
  assert.equal(some.size, 0);
  some.add("a");
  assert.equal(some.add("a", -1), 0);
  assert.equal(some.add("a", -1), 0);
  assert.equal(some.add("a"), 1);
});

Deno.test("HourlyCounts holds so many keys: the one whose hour ends first goes", () => {
  const { time, counts: some } = counts({ keysMax: 3 });
  for (const key of ["a", "b", "c"]) {
    some.add(key);
    time.now++;
  }
  // Being counted again does not make an hour younger.
  some.add("a");
  some.add("d");
  assert.equal(some.size, 3);
  assert.deepEqual(["a", "b", "c", "d"].map((key) => some.count(key)), [0, 1, 1, 1]);
  assert.deepEqual(some.takeChanges(10).gone, ["a"]);
  time.now += 2 * hourMs;
  some.add("e");
  assert.equal(some.size, 1, "what is over makes room");
});

Deno.test("HourlyCounts hands changes over once, in pieces", () => {
  const { time, counts: some } = counts();
  for (const key of ["a", "b", "c"]) some.add(key);
  const until = time.now + hourMs;
  assert.deepEqual(some.takeChanges(2), {
    afresh: false,
    set: [{ key: "a", count: 1, until }, { key: "b", count: 1, until }],
    gone: [],
  });
  assert.equal(some.hasChanges, true);
  assert.deepEqual(some.takeChanges(2).set.map(({ key }) => key), ["c"]);
  assert.equal(some.hasChanges, false);
  time.now = until;
  some.purge();
  assert.deepEqual(some.takeChanges(9), { afresh: false, set: [], gone: ["a", "b", "c"] });
});

Deno.test("HourlyCounts tells everything again when it was not kept", () => {
  const { counts: some } = counts();
  some.add("a");
  some.takeChanges(9);
  some.add("b");
  some.tellAfresh();
  some.add("c");
  const { afresh, set } = some.takeChanges(2);
  assert.deepEqual([afresh, set.map(({ key }) => key)], [true, ["a", "b"]]);
  const rest = some.takeChanges(2);
  assert.deepEqual([rest.afresh, rest.set.map(({ key }) => key)], [false, ["c"]]);
});

Deno.test("HourlyCounts remembers no more changes than keys, however long nobody asks", () => {
  const { time, counts: some } = counts({ keysMax: 2 });
  for (let each = 0; each < 100; each++, time.now++) some.add(`${each}`);
  const { afresh, set, gone } = some.takeChanges(100);
  assert.deepEqual([afresh, set.map(({ key }) => key), gone], [true, ["98", "99"], []]);
});

Deno.test("HourlyCounts restores what is left of an hour, and never more than one", () => {
  const { time, counts: some } = counts();
  some.restore({ key: "past", count: 9, until: time.now });
  some.restore({ key: "soon", count: 5, until: time.now + 10 });
  some.restore({ key: "damaged", count: 5, until: Number.MAX_SAFE_INTEGER });
  assert.deepEqual(["past", "soon", "damaged"].map((key) => some.count(key)), [0, 5, 5]);
  assert.deepEqual(some.takeChanges(9).gone, ["past"]);
  time.now += 10;
  assert.equal(some.count("soon"), 0);
  time.now += hourMs;
  assert.equal(some.count("damaged"), 0);
});
