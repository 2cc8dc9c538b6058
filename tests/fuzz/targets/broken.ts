/**
 * Fuzzers that are broken on purpose: that the runner notices is a test of its own.
 *
 * @module
 */
import { sleep, systemClock } from "../../../src/base/clock.ts";
import assert from "node:assert/strict";
import { target } from "../target.ts";

const kept: unknown[] = [];
let number = 0;

/** None of them is run unless it is named. */
export const broken = [
  target<{ text: string }>({
    name: "broken",
    reaches: [],
    make: (chance) => ({ text: chance.text(1, 4, ["a", "\0", "\u2028", "😀", "x".repeat(70)]) }),
    check({ text }) {
      assert.ok(!text.includes("😀"), "found");
      return [];
    },
  }),
  target<{ number: number }>({
    name: "hanging",
    reaches: [],
    make: () => ({ number: 5 }),
    check() {
      for (number++; number > 5;);
      return [];
    },
  }),
  target<null>({ name: "blind", reaches: ["dark", "light"], make: () => null, check: () => ["dark"] }),
  target<null>({
    name: "growing",
    reaches: [],
    make: () => null,
    async check() {
      // Its pace is a timer's, so that much of it is kept after the heap was measured first, whatever the machine.
      if (kept.length < 500) kept.push(new Array(100_000).fill(kept.length));
      await sleep(systemClock, 1);
      return [];
    },
  }),
];
