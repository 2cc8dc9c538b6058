/**
 * When a message is tried again.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Random } from "../../src/base/random.ts";
import { nextPause, pauseMs } from "../../src/queue/retry.ts";
import { rule } from "./world.ts";

const drawn = (fraction: number): Random => ({ fraction: () => fraction, bytes: (n) => new Uint8Array(n) });

// attempts before, lowest, middle, highest draw
const pauses: [attempts: number, low: number, even: number, high: number][] = [
  [0, 48_000, 60_000, 72_000],
  [1, 96_000, 120_000, 144_000],
  [2, 192_000, 240_000, 288_000],
  [5, 1_536_000, 1_920_000, 2_304_000],
  [6, 2_880_000, 3_600_000, 4_320_000],
  [60, 2_880_000, 3_600_000, 4_320_000],
  [5000, 2_880_000, 3_600_000, 4_320_000],
];

Deno.test("pauseMs doubles up to the longest interval and differs by a fifth at most", () => {
  for (const [attempts, low, even, high] of pauses) {
    assert.equal(pauseMs(attempts, rule, drawn(0)), low);
    assert.equal(pauseMs(attempts, rule, drawn(0.5)), even);
    assert.equal(pauseMs(attempts, rule, drawn(1)), high);
  }
});

const hour = 3_600_000;
// attempts before, age, max_retries, what follows
const cases: [attempts: number, age: number, retries: number, next: number | "give up"][] = [
  [0, 0, 100, 60_000],
  [0, 0, 0, "give up"],
  [0, 0, 1, 60_000],
  [1, 0, 1, "give up"],
  [99, hour, 100, hour],
  [100, hour, 100, "give up"],
  [3, 72 * hour - 1, 100, 1],
  [3, 72 * hour, 100, "give up"],
  [3, 72 * hour - 1000, 100, 1000],
  // The clock went back behind the time of receipt.
  [3, -hour, 100, 480_000],
];

Deno.test("nextPause gives up at the last retry or at the end of the queue time, and tries once more at its very end", () => {
  for (const [attempts, age, max_retries, next] of cases) {
    const got = nextPause({ attempts, age }, { ...rule, max_retries }, drawn(0.5));
    assert.equal(got, next, `${attempts} attempts, age ${age}`);
  }
});
