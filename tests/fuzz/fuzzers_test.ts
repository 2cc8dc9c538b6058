/**
 * The fuzzers as a test: a minute each where CI is set, two seconds on a laptop; `deno task fuzz` runs them longer. It takes long and little
 * else, so `tests/suite.ts` runs it beside the others.
 */
import assert from "node:assert/strict";
import { fuzz } from "./run.ts";
import { targets } from "./targets.ts";

const seconds = Deno.env.get("POSTERN_FUZZ_SECONDS") ?? (Deno.env.get("CI") ? "60" : "2");

Deno.test(`fuzzers find nothing within ${seconds} seconds each`, async () => {
  // One seed: a run that fails does so for what was changed. The task draws another each time.
  const seed = Deno.env.get("POSTERN_FUZZ_SEED") ?? "2026";
  const { code, text } = await fuzz([], {
    POSTERN_FUZZ_SECONDS: seconds,
    POSTERN_FUZZ_SEED: seed,
    POSTERN_FUZZ_INPUT: "",
  });
  console.log(text);
  assert.equal(code, 0, text);
  for (const { name } of targets) assert.match(text, new RegExp(`^${name}: [1-9]\\d* inputs, `, "m"));
});
