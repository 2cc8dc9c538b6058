/**
 * Runs the fuzzers, two at a time, and says what they found.
 *
 *     deno task fuzz                 all of them, a minute each
 *     deno task fuzz config dns      these
 *
 * POSTERN_FUZZ_SEED: the seed, by chance where it is not set. POSTERN_FUZZ_SECONDS: how long each runs. POSTERN_FUZZ_INPUT: only
 * the input of this number, with the seed that was printed. POSTERN_FUZZ_AT_ONCE: how many run at a time. A fuzzer that hangs is ended and its input printed; so is one that makes the
 * process grow past {@linkcode residentMax}. The heap is measured behind a collection, at the beginning and at the end: it must not grow.
 *
 * @module
 */
import { systemRandom } from "../../src/base/random.ts";
import { systemClock } from "../../src/base/clock.ts";
import { Chance } from "./chance.ts";
import { literal } from "./bytes.ts";
import type { Found, Order, Target } from "./target.ts";
import { targetNamed, targets } from "./targets.ts";

/** How many run at once. */
const atOnce = Number(Deno.env.get("POSTERN_FUZZ_AT_ONCE") || 2);
/** One input takes no longer, even on a machine that does other things. */
const hungMs = 1_000 * Number(Deno.env.get("POSTERN_FUZZ_HUNG_SECONDS") || 20);
const residentMax = 1_500 * 1024 ** 2;
const grownMax = 64 * 1024 ** 2;
/** Ends that are looked for come with chance: they are asked for only behind so many inputs. */
const inputsForReach = 2_000;

const seed = Deno.env.get("POSTERN_FUZZ_SEED") || String(Math.floor(systemRandom.fraction() * 1e9));
const seconds = Number(Deno.env.get("POSTERN_FUZZ_SECONDS") || 60);
const only = Deno.env.get("POSTERN_FUZZ_INPUT") ? Number(Deno.env.get("POSTERN_FUZZ_INPUT")) : undefined;

/** Runs one. The faults, and a line for people. */
async function fuzz(target: Target): Promise<string[]> {
  const shared = new SharedArrayBuffer(4);
  const progress = new Int32Array(shared).fill(-1);
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const { promise, resolve, reject } = Promise.withResolvers<Found>();
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(event.message));
  };
  let seen = -1;
  let since = systemClock.monotonic();
  const watch = systemClock.every(200, () => {
    const at = Atomics.load(progress, 0);
    const now = systemClock.monotonic();
    if (at !== seen) since = now;
    seen = at;
    const input = Math.max(at, 0);
    const stop = (cause: string) => resolve({ kind: "failed", input, literal: inputOf(target, input), cause });
    // Until its first input it loads its modules, which a busy machine draws out.
    if (now - since > (at < 0 ? 10 * hungMs : hungMs)) stop(`It hangs: no end within ${hungMs} ms`);
    const { rss } = Deno.memoryUsage();
    if (rss > residentMax) stop(`Memory is not bounded: the process has ${rss} octets (${atOnce} fuzzers are in it)`);
  });
  // What keeps the process alive while it is waited for.
  const alive = systemClock.after(2 ** 31 - 1, () => {});
  try {
    worker.postMessage({ target: target.name, seed, ms: seconds * 1_000, only, shared } satisfies Order);
    return report(target, await promise);
  } catch (thrown) {
    return [`${target.name}: the worker ended at input ${Atomics.load(progress, 0)}: ${thrown}`];
  } finally {
    watch.cancel();
    alive.cancel();
    worker.terminate();
  }
}

function inputOf(target: Target, number: number): string {
  return literal(target.make(new Chance(seed, target.name, number)));
}

function report(target: Target, found: Found): string[] {
  if (found.kind === "failed") {
    return [
      `${target.name}: input ${found.input} of seed ${seed}: ${found.cause}\n` +
      `  input: ${found.literal}\n` +
      `  again: POSTERN_FUZZ_SEED=${seed} POSTERN_FUZZ_INPUT=${found.input} deno task fuzz ${target.name}`,
    ];
  }
  const { inputs, ms, reached, grown, slowest } = found;
  const ends = Object.entries(reached).sort(([, a], [, b]) => b - a).map(([end, count]) => `${end} ${count}`);
  console.log(
    `${target.name}: ${inputs} inputs, ${Math.round(inputs * 1_000 / Math.max(ms, 1))} a second, slowest ${
      slowest.ms.toFixed(1)
    } ms (input ${slowest.input}), heap ${(grown / 1024).toFixed(0)} KiB more; ${ends.join(", ")}`,
  );
  const faults: string[] = [];
  if (grown > grownMax) faults.push(`${target.name}: the heap grew by ${grown} octets within ${inputs} inputs`);
  const missed = target.reaches.filter((end) => reached[end] === undefined);
  if (inputs >= inputsForReach && missed.length > 0) {
    faults.push(`${target.name}: ${inputs} inputs of seed ${seed} never came to: ${missed.join(", ")}`);
  }
  return faults;
}

const wanted = Deno.args.length === 0 ? targets : Deno.args.map((name) => {
  const found = targetNamed(name);
  if (found !== undefined) return found;
  console.error(`Cannot fuzz ${name}: there are ${targets.map(({ name }) => name).join(", ")}`);
  Deno.exit(2);
});
console.log(`POSTERN_FUZZ_SEED=${seed} POSTERN_FUZZ_SECONDS=${seconds}`);
const waiting = [...wanted];
const faults: string[] = [];
await Promise.all(Array.from({ length: atOnce }, async () => {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) faults.push(...await fuzz(next));
}));
for (const fault of faults) console.error(fault);
console.log(faults.length === 0 ? "nothing was found" : `found: ${faults.length}`);
Deno.exit(faults.length === 0 ? 0 : 1);
