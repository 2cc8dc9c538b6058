/**
 * Runs one fuzzer in a thread of its own, so that one that hangs can be ended from outside.
 *
 * @module
 */
import process from "node:process";
import { literal } from "./bytes.ts";
import { Chance } from "./chance.ts";
import { systemClock } from "../../src/base/clock.ts";
import type { Found, Order, Target } from "./target.ts";
import { targetNamed } from "./targets.ts";

const scope = self as unknown as {
  onmessage: (event: { data: Order }) => void;
  postMessage(found: Found): void;
};

scope.onmessage = async ({ data }) => scope.postMessage(await run(data));

/** An input that takes longer is tried again; too long of computing then is a fault. The machine may be busy, a parser may not. */
const slowMs = 3_000;
/** Inputs before the heap is measured: caches and compiled code are there then. */
const warmMs = 500;
/** Characters of a cause; two large values that differ are in the input all the same. */
const causeMax = 3_000;

async function run({ target: name, seed, ms, only, shared }: Order): Promise<Found> {
  const target = targetNamed(name)!;
  const progress = new Int32Array(shared);
  const reached: Record<string, number> = {};
  const slowest = { input: 0, ms: 0 };
  const begun = systemClock.monotonic();
  let warm: number | undefined;
  let now = begun;
  let number = only ?? 0;
  for (; only === undefined ? now - begun < ms : number === only; number++) {
    Atomics.store(progress, 0, number);
    const failed = await attempt(target, { seed, number, reached });
    if (failed !== undefined) return failed;
    const took = systemClock.monotonic() - now;
    if (took > slowest.ms) Object.assign(slowest, { input: number, ms: took });
    now = systemClock.monotonic();
    if (took > slowMs) {
      const used = process.cpuUsage();
      await attempt(target, { seed, number, reached });
      const { user, system } = process.cpuUsage(used);
      const again = Math.min(systemClock.monotonic() - now, (user + system) / 1_000);
      now = systemClock.monotonic();
      if (again > slowMs) return failure(target, { seed, number }, `It takes ${Math.round(again)} ms`);
    }
    if (warm === undefined && now - begun > Math.min(warmMs, ms / 2)) warm = heap();
  }
  const inputs = only === undefined ? number : 1;
  return { kind: "done", inputs, ms: now - begun, reached, grown: heap() - (warm ?? heap()), slowest };
}

async function attempt(
  target: Target,
  { seed, number, reached }: { seed: string; number: number; reached: Record<string, number> },
): Promise<Found | undefined> {
  try {
    const ends = target.check(target.make(new Chance(seed, target.name, number)));
    for (const end of ends instanceof Promise ? await ends : ends) reached[end] = (reached[end] ?? 0) + 1;
  } catch (thrown) {
    const cause = thrown instanceof Error ? thrown.stack ?? thrown.message : String(thrown);
    return failure(target, { seed, number }, cause.length > causeMax ? cause.slice(0, causeMax) + "…" : cause);
  }
}

function failure(target: Target, { seed, number }: { seed: string; number: number }, cause: string): Found {
  let input: string;
  try {
    input = literal(target.make(new Chance(seed, target.name, number)));
  } catch (thrown) {
    input = `none: making it throws ${thrown}`;
  }
  return { kind: "failed", input: number, literal: input, cause };
}

/** Octets in use behind a collection. */
function heap(): number {
  const { gc } = globalThis as unknown as { gc?: () => void };
  if (gc === undefined) throw new Error("Cannot measure the heap: run this with --v8-flags=--expose-gc");
  gc();
  gc();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
