import assert from "node:assert/strict";
import { seededRandom } from "../../src/base/random.ts";
import { HostMemory } from "../../src/deliver/host_memory.ts";
import { Slots, type SlotUser } from "../../src/deliver/slots.ts";
import { Waiting } from "../../src/deliver/waiting.ts";
import { ShiftedClock } from "../support/delivery_bench.ts";

const end = { kind: "deferred" } as const;

Deno.test("HostMemory: pauses double with each failure in a row and end with ten minutes", () => {
  const clock = new ShiftedClock();
  const memory = new HostMemory({ clock, random: seededRandom(3) });
  const pauses: number[] = [];
  for (let failure = 0; failure < 12; failure++) {
    memory.failed("h", { end, baseMs: 30_000 });
    let waited = 0;
    while (memory.ask("h").kind === "pause") {
      waited += 1_000;
      clock.shift += 1_000;
    }
    pauses.push(waited);
  }
  for (const [at, waited] of pauses.entries()) {
    const even = Math.min(30_000 * 2 ** at, 600_000);
    assert.ok(waited >= even / 2 && waited <= even + 1_000, `${at}: ${waited}`);
  }
  memory.worked("h");
  assert.equal(memory.size, 0);
});

Deno.test("HostMemory: after the pause one may try, the others wait for its end", () => {
  const clock = new ShiftedClock();
  const memory = new HostMemory({ clock, random: seededRandom(3) });
  memory.failed("h", { end, baseMs: 1_000 });
  clock.shift += 1_001;
  assert.equal(memory.ask("h").kind, "go");
  assert.equal(memory.ask("h").kind, "pause");
  memory.untold("h");
  assert.equal(memory.ask("h").kind, "go");
  memory.worked("h");
  assert.deepEqual([memory.ask("h").kind, memory.ask("h").kind], ["go", "go"]);
});

Deno.test("HostMemory: a try that failed says nothing where another has reached the host since it began", () => {
  const clock = new ShiftedClock();
  const memory = new HostMemory({ clock, random: seededRandom(3) });
  const began = clock.monotonic();
  assert.equal(memory.reachedSince("h", began), false);
  clock.shift += 5_000;
  memory.failed("h", { end, baseMs: 1_000 });
  memory.reached("h");
  assert.equal(memory.ask("h").kind, "go", "it is reached: no pause is left");
  assert.equal(memory.reachedSince("h", began), true);
  assert.equal(memory.reachedSince("other", began), false);
  clock.shift += 5_000;
  assert.equal(memory.reachedSince("h", clock.monotonic()), false, "that was before");
});

Deno.test("Slots: who was refused is told in the order of asking, and an over-large share is named", () => {
  const told: string[] = [];
  const user = (name: string): SlotUser => ({
    slotFree: () => told.push(name),
    crowded: () => told.push(`${name} crowded`),
  });
  const [a, b, c] = ["a", "b", "c"].map(user);
  const slots = new Slots(3);
  const lazy = new Slots(1, { lazy: true });
  assert.deepEqual([slots.take(a), slots.take(a), slots.take(a)], [true, true, true]);
  assert.equal(slots.overShare(a), false, "nobody waits");
  assert.deepEqual([slots.take(b), slots.take(c)], [false, false]);
  assert.deepEqual(told.splice(0), ["a crowded"], "asked for idle ones once: while somebody waits none are kept");
  assert.equal(slots.wanted(a), true);
  assert.equal(slots.overShare(a), true);
  slots.give(a);
  assert.deepEqual(told.splice(0), ["b", "c"], "b let the slot be");
  assert.deepEqual([slots.take(b), slots.take(c)], [true, false]);
  assert.deepEqual(told.splice(0), ["a crowded", "b crowded"]);
  assert.equal(slots.overShare(b), false);
  slots.forget(c);
  assert.equal(slots.wanted(a), false);
  slots.give(b);
  assert.deepEqual(told.splice(0), []);
  assert.equal(slots.taken, 2);
  assert.deepEqual([lazy.take(a), lazy.take(b), lazy.take(c)], [true, false, false]);
  assert.deepEqual(told.splice(0), ["a crowded"]);
  lazy.give(a);
  assert.deepEqual(told.splice(0), ["b"], "who comes later is not overtaken by all the others");
});

Deno.test("Slots: one who wants more than there is gives nothing up for himself", () => {
  let crowded = 0;
  const alone: SlotUser = { slotFree: () => {}, crowded: () => crowded++ };
  const other: SlotUser = { slotFree: () => {}, crowded: () => {} };
  const slots = new Slots(2);
  assert.deepEqual([slots.take(alone), slots.take(alone), slots.take(alone)], [true, true, false]);
  assert.deepEqual([crowded, slots.wanted(alone), slots.overShare(alone)], [0, false, false]);
  assert.equal(slots.take(other), false);
  assert.deepEqual([crowded, slots.wanted(alone), slots.overShare(alone)], [1, true, true]);
  assert.equal(new Slots(500).take(alone, 0), false, "a limit of his own");
});

Deno.test("Waiting: destinations take turns", () => {
  const waiting = new Waiting();
  waiting.add("a", 3);
  waiting.add("b", 1);
  waiting.add("a", 2);
  assert.equal(waiting.messages, 6);
  assert.deepEqual(waiting.take(), { destination: "a", messages: 5 });
  waiting.add("a", 4);
  assert.deepEqual(waiting.take(), { destination: "b", messages: 1 });
  assert.deepEqual(waiting.take(), { destination: "a", messages: 4 });
  assert.equal(waiting.take(), undefined);
  assert.equal(waiting.messages, 0);
});
