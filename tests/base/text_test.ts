import assert from "node:assert/strict";
import { printable } from "../../src/base/text.ts";

Deno.test("printable escapes whatever could end a line, start one or move a cursor", () => {
  const table: [string, string][] = [
    ["plain text, ümlaut, 漢字, 😀", "plain text, ümlaut, 漢字, 😀"],
    ["a\r\nInfo: MID 1 queued for delivery", "a\\r\\nInfo: MID 1 queued for delivery"],
    ["tab\there", "tab\\there"],
    ["\x1b[2J", "\\x1b[2J"],
    ["nul\0", "nul\\x00"],
    ["\x7f\x85\x9b", "\\x7f\\x85\\x9b"],
    ["line\u2028par\u2029", "line\\u2028par\\u2029"],
    ["\u202egnirts", "\\u202egnirts"],
    ["\ud800 lone", "\\ud800 lone"],
    // The escape itself cannot be forged: a peer's backslash is doubled.
    ["a\\n", "a\\\\n"],
  ];
  for (const [raw, shown] of table) assert.equal(printable(raw), shown);
});

Deno.test("printable cuts what is longer than its limit", () => {
  assert.equal(printable("x".repeat(20), 5), "xxxxx…");
  assert.equal(printable("x".repeat(100_000)).length, 1001);
});

Deno.test("printable leaves no control character in any of the first 70,000 code points", () => {
  for (let code = 0; code < 70_000; code++) {
    const shown = printable(String.fromCodePoint(code));
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(shown, /[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u, `U+${code.toString(16)}`);
  }
});
