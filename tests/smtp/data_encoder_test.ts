import assert from "node:assert/strict";
import { joined, type Octets, octets, textOf } from "../../src/base/octets.ts";
import { seededRandom } from "../../src/base/random.ts";
import { DataEncoder } from "../../src/smtp/data_encoder.ts";

function encode(chunks: Octets[]): string {
  const encoder = new DataEncoder();
  const out = chunks.map((chunk) => encoder.encode(chunk));
  return textOf(joined([...out, encoder.end()]));
}

const table: [string, string][] = [
  ["", ".\r\n"],
  ["a\r\n", "a\r\n.\r\n"],
  ["a", "a\r\n.\r\n"],
  ["a\r", "a\r\r\n.\r\n"],
  ["a\n", "a\n\r\n.\r\n"],
  [".", "..\r\n.\r\n"],
  [".\r\n", "..\r\n.\r\n"],
  ["..\r\n", "...\r\n.\r\n"],
  ["a.b\r\n", "a.b\r\n.\r\n"],
  ["a\r\n.b\r\n..\r\nc.\r\n", "a\r\n..b\r\n...\r\nc.\r\n.\r\n"],
  ["\r\n.\r\n.\r\n", "\r\n..\r\n..\r\n.\r\n"],
  // A lone LF in front of a dot: never in our queue, and never a way out of the message.
  ["a\n.\nb\r\n", "a\n..\nb\r\n.\r\n"],
];

Deno.test("DataEncoder doubles dots that begin lines, cut at every place", () => {
  for (const [text, expected] of table) {
    const bytes = octets(text);
    assert.equal(encode([bytes]), expected);
    for (let a = 0; a <= bytes.length; a++) {
      for (let b = a; b <= bytes.length; b++) {
        assert.equal(encode([bytes.slice(0, a), bytes.slice(a, b), bytes.slice(b)]), expected);
      }
    }
  }
});

Deno.test("DataEncoder hands a chunk without such a dot back uncopied", () => {
  const chunk = octets("no dots at a line's beginning. None.\r\n");
  assert.equal(new DataEncoder().encode(chunk), chunk);
});

Deno.test("DataEncoder is undone by taking the dots away", () => {
  const random = seededRandom(77);
  for (let round = 0; round < 500; round++) {
    let text = "";
    for (let i = 0; i < 40; i++) text += [".", "\r\n", "x", "..", " "][Math.floor(random.fraction() * 5)];
    text += "\r\n";
    const bytes = octets(text);
    const cut = Math.floor(random.fraction() * bytes.length);
    const wire = encode([bytes.slice(0, cut), bytes.slice(cut)]);
    assert.ok(wire.endsWith("\r\n.\r\n"));
    const body = wire.slice(0, -3);
    assert.ok(!body.includes("\r\n.\r\n") && !body.startsWith(".\r\n"));
    assert.equal(body.replace(/(^|\r\n)\./g, "$1"), text);
  }
});
