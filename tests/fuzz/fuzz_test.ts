/** The fuzzers themselves: what they print, and that they find what is broken on purpose. `fuzzers_test.ts` runs them. */
import assert from "node:assert/strict";
import { literal } from "./bytes.ts";
import { Chance } from "./chance.ts";
import { fuzz } from "./run.ts";
import { targets } from "./targets.ts";
import { broken } from "./targets/broken.ts";

Deno.test("fuzzers make the same input of the same seed and number, and others of others", () => {
  const input = (target: typeof targets[number], ...words: (string | number)[]) =>
    literal(target.make(new Chance(words[0], target.name, words[1])));
  for (const target of targets) {
    for (let number = 0; number < 20; number++) assert.equal(input(target, "1", number), input(target, "1", number));
    assert.equal(new Set(Array.from({ length: 20 }, (_, number) => input(target, "1", number))).size > 10, true);
    assert.notEqual(input(target, "1", 3) + input(target, "1", 4), input(target, "2", 3) + input(target, "2", 4));
  }
});

Deno.test("fuzzers print what was found as a literal that can be read again, and how to have it again", async () => {
  const { code, text } = await fuzz(["broken"], { POSTERN_FUZZ_SECONDS: "1", POSTERN_FUZZ_SEED: "7" });
  assert.equal(code, 1);
  assert.match(text, /^POSTERN_FUZZ_SEED=7 /);
  const found = /again: (POSTERN_FUZZ_SEED=7) POSTERN_FUZZ_INPUT=(\d+) deno task fuzz broken/.exec(text);
  assert.ok(found !== null, text);
  const printed = /^ {2}input: (.*)$/m.exec(text)![1];
  assert.equal(printed, literal(brokenInput(Number(found[2]))));
  const again = await fuzz(["broken"], { POSTERN_FUZZ_SEED: "7", POSTERN_FUZZ_INPUT: found[2] });
  assert.equal(again.code, 1);
  assert.ok(again.text.includes(printed));
});

Deno.test("fuzzers are ended when they hang, and fail when they go blind or grow", async () => {
  const env = { POSTERN_FUZZ_SECONDS: "3", POSTERN_FUZZ_SEED: "7", POSTERN_FUZZ_HUNG_SECONDS: "5" };
  const { code, text } = await fuzz(["hanging", "blind", "growing"], env);
  assert.equal(code, 1);
  assert.match(text, /^hanging: input 5 of seed 7: It hangs/m);
  assert.match(text, /^ {2}input: \{ "number": 5 \}$/m);
  assert.match(text, /^blind: \d+ inputs of seed 7 never came to: light$/m);
  assert.match(text, /^growing: the heap grew by \d+ octets within \d+ inputs$/m);
});

function brokenInput(number: number): unknown {
  return broken.find(({ name }) => name === "broken")!.make(new Chance("7", "broken", number));
}
