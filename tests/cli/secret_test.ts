import assert from "node:assert/strict";
import { readSecret, type Secret, type SecretSource } from "../../src/cli/secret.ts";

/** What comes from these keys; and what was said, with the state of the terminal behind it. */
async function read(keys: string, person: boolean): Promise<{ secret: Secret; said: string; raw: boolean }> {
  const bytes = new TextEncoder().encode(keys);
  let at = 0;
  let said = "";
  let raw = false;
  const source: SecretSource = {
    person,
    read(into) {
      if (person) assert.ok(raw, "keys are read without being shown");
      if (at === bytes.length) return Promise.resolve(null);
      const part = bytes.subarray(at, at + Math.min(into.length, 3));
      into.set(part);
      at += part.length;
      return Promise.resolve(part.length);
    },
    raw: (on) => void (raw = on),
    say: (text) => void (said += text),
  };
  return { secret: await readSecret(source), said, raw };
}

Deno.test("readSecret asks a person twice, and shows nothing", async () => {
  // deno-fmt-ignore
  const cases: [keys: string, text: string | undefined, why?: string][] = [
    ["pass\rpass\r", "pass"],
    ["pass\npass\n", "pass"],
    ["pasx\x7fs\rpass\r", "pass"],
    ["p\u00e4\x7fass\rpass\r", "pass"],
    ["wrong\x15pass\rpass\r", "pass"],
    ["\x7f\x7fa\ra\r", "a"],
    ["pass\rpasS\r", undefined, "the two are not the same"],
    ["pass\rpa\x03", undefined, "interrupted"],
    ["pass\r\x04", undefined, "the input ended"],
    ["pass", undefined, "the input ended"],
    ["x".repeat(5_000), undefined, "it is too long"],
  ];
  for (const [keys, text, why] of cases) {
    const { secret, said, raw } = await read(keys, true);
    assert.deepEqual(secret, text === undefined ? { kind: "none", why } : { kind: "text", text }, JSON.stringify(keys));
    assert.match(said, /^Password: \n(?:Again: \n)?$/);
    assert.equal(raw, false, "the terminal is as it was");
  }
});

Deno.test("readSecret takes a pipe's first line, without a word", async () => {
  // deno-fmt-ignore
  const cases: [input: string, text: string | undefined, why?: string][] = [
    ["pass word\n", "pass word"],
    ["pass\r\nmore", "pass"],
    ["pass", "pass"],
    ["\n", ""],
    ["", undefined, "the input ended"],
    ["x".repeat(5_000), undefined, "it is too long"],
  ];
  for (const [input, text, why] of cases) {
    const { secret, said } = await read(input, false);
    assert.deepEqual(
      secret,
      text === undefined ? { kind: "none", why } : { kind: "text", text },
      JSON.stringify(input),
    );
    assert.equal(said, "");
  }
});
