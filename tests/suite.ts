/**
 * All tests, the fuzzers beside the others.
 *
 * A minute for each fuzzer is twelve minutes in which a core computes; the other tests wait for timers, disks and peers half of the time, and what is left
 * of two cores is enough for both. So the fuzzers get a process of their own that gives way to the others (`nice`). What it
 * prints is held back until the others are done.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(import.meta.resolve("./"));
const fuzzers = `${folder}fuzz/fuzzers_test.ts`;

const beside = new Deno.Command("nice", {
  args: ["-n", "10", Deno.execPath(), "test", "-A", fuzzers],
  // Whoever gives way may stand still for a while and does not hang.
  env: { POSTERN_FUZZ_AT_ONCE: "1", POSTERN_FUZZ_HUNG_SECONDS: "90" },
  stdin: "null",
  stdout: "piped",
  stderr: "piped",
}).output();
const others = await new Deno.Command(Deno.execPath(), {
  args: ["test", "-A", `--ignore=${fuzzers}`, folder],
  stdin: "null",
}).spawn().status;
const { code, stdout, stderr } = await beside;
for (const [text, to] of [[stdout, Deno.stdout], [stderr, Deno.stderr]] as const) {
  for (let at = 0; at < text.length;) at += to.writeSync(text.subarray(at));
}
Deno.exit(others.code || code);
