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

Deno.test("QueueClock.age counts the time that passed, whatever jumps the wall clock makes", async () => {
  const [hour, day] = [3_600_000, 86_400_000];
  const clock = new FakeClock();
  const start = clock.now();
  const time = new QueueClock(clock);
  await clock.advance(hour);
  assert.equal(time.age(start - 5 * day), 5 * day + hour, "from before the start");
  assert.equal(time.age(clock.now() + 1), 0, "a clock that rounds makes nothing younger than now");
  const before = clock.now();
  await clock.advance(hour);
  clock.jump(day);
  assert.equal(time.age(before), hour, "set forward");
  const during = clock.now();
  await clock.advance(hour);
  assert.equal(time.age(before), 2 * hour);
  assert.equal(time.age(during), hour);
  clock.jump(-day);
  assert.equal(time.age(before), 2 * hour, "set back again");
  assert.equal(time.age(during), hour);
  const after = clock.now();
  clock.jump(-day);
  const set = clock.now();
  await clock.advance(hour);
  assert.equal(time.age(after), hour, "set back");
  assert.equal(time.age(set), hour);
  assert.equal(time.age(clock.now() + 30 * day), 4 * hour, "by a clock that was wrong before the start");
  // Set again and again: the first and the last ones are known.
  for (let n = 0; n < 200; n++) {
    clock.jump(n % 2 === 0 ? hour : -hour);
    await clock.advance(10_000);
    assert.equal(time.age(clock.now() - 5_000), 5_000);
  }
  assert.equal(time.age(start - day), day + 4 * hour + 2_000_000);
});
