/**
 * The program with a watch over its own thread: what it computed between two turns of the event loop, where that is long, a line each in the file
 * `$POSTERN_STALLS`.
 *
 * CPU of that thread counts, not time, so that a busy machine says the same as a quiet one.
 *
 * @module
 */
const file = Deno.env.get("POSTERN_STALLS")!;
/** What is shorter stops nobody. */
const shortMs = 5;
const everyMs = 2;

/** Milliseconds of CPU of the thread that reads it. */
const computed = () => Number(Deno.readTextFileSync("/proc/thread-self/schedstat").split(" ")[0]) / 1e6;

let last = computed();
setInterval(() => {
  const now = computed();
  const ms = now - last;
  if (ms >= shortMs) Deno.writeTextFileSync(file, `${ms.toFixed(1)}\n`, { append: true });
  last = computed();
}, everyMs);

await import("../../main.ts");
