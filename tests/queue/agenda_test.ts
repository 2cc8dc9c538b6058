/**
 * The heap of alarms, and the queue's clock.
 *
 * @module
 */
import assert from "node:assert/strict";
import { seededRandom, shuffled } from "../../src/base/random.ts";
import { Alarms } from "../../src/queue/alarms.ts";
import { QueueClock } from "../../src/queue/queue_clock.ts";
import { FakeClock } from "../support/fake_clock.ts";

Deno.test("Alarms gives the earliest first, whatever the order they came in", () => {
  const random = seededRandom(3);
  for (let round = 0; round < 50; round++) {
    const dues = Array.from({ length: round }, () => Math.floor(random.fraction() * 20));
    const alarms = new Alarms<number>();
    for (const due of shuffled(dues, random)) alarms.add(due, due);
    assert.equal(alarms.first, Math.min(Infinity, ...dues));
    const got = [];
    for (let alarm; (alarm = alarms.pop()) !== undefined;) got.push(alarm.item);
    assert.deepEqual(got, dues.sort((a, b) => a - b));
    assert.equal(alarms.first, Infinity);
  }
});

Deno.test("QueueClock follows the wall clock forward and never goes back with it", async () => {
  const steady = new FakeClock();
  let jump = 0;
  const clock = {
    now: () => steady.now() + jump,
    monotonic: () => steady.monotonic(),
    after: steady.after.bind(steady),
    every: steady.every.bind(steady),
  };
  const time = new QueueClock(clock);
  const start = time.now();
  jump = -3_600_000;
  await steady.advance(5000);
  assert.equal(time.now(), start + 5000);
  assert.equal(time.wall(start + 6000), clock.now() + 1000);
  assert.equal(time.queued(clock.now() + 1000), start + 6000);
  jump = 7_200_000;
  assert.equal(time.now(), start + 5000 + 7_200_000);
});
