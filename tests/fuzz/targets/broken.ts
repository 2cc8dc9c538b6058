/**
 * Fuzzers that are broken on purpose: that the runner notices is a test of its own.
 *
 * @module
 */
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
    check() {
      if (kept.length < 200_000) kept.push(new Array(50).fill(kept.length));
      return [];
    },
  }),
];
