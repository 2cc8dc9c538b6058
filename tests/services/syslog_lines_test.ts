import assert from "node:assert/strict";
import { linesIn, WaitingLines } from "../../src/services/syslog_lines.ts";

const textOf = (lines: readonly { text: string }[]): string => lines.map(({ text }) => text).join("");

Deno.test("WaitingLines: what does not fit pushes the oldest out, and is counted line by line", () => {
  const waiting = new WaitingLines(12);
  for (const text of ["a1\n", "b2\nb3\n", "c4\n", "d5\n"]) waiting.push({ at: 0, text });
  assert.deepEqual([waiting.count, waiting.dropped], [4, 1]);
  waiting.push({ at: 0, text: "e6\n" });
  assert.deepEqual([waiting.count, waiting.takeDropped(), waiting.dropped], [3, 3, 0]);
  assert.equal(textOf(waiting.take(100)), "c4\nd5\ne6\n");
  assert.ok(waiting.isEmpty);
  waiting.push({ at: 0, text: "longer than everything\n" });
  assert.deepEqual([waiting.count, waiting.takeDropped()], [0, 1]);
});

Deno.test("WaitingLines: what is put back comes first, and what does not fit any more is counted", () => {
  const waiting = new WaitingLines(9);
  for (const text of ["a\n", "b\n", "c\n"]) waiting.push({ at: 0, text });
  const taken = waiting.take(3);
  assert.equal(textOf(taken), "a\nb\n");
  waiting.push({ at: 0, text: "d\n" });
  waiting.push({ at: 0, text: "e\n" });
  waiting.putBack(taken);
  assert.equal(waiting.dropped, 1, "the oldest of them");
  assert.equal(textOf(waiting.take(100)), "b\nc\nd\ne\n");
  waiting.putBack([]);
  assert.ok(waiting.isEmpty);
});

Deno.test("WaitingLines: thousands of lines come out as they went in", () => {
  const waiting = new WaitingLines(1_000_000);
  let out = "";
  let all = "";
  for (let line = 0; line < 5_000; line++) {
    waiting.push({ at: 0, text: `${line}\n` });
    all += `${line}\n`;
    if (line % 7 === 0) out += textOf(waiting.take(20));
  }
  out += textOf(waiting.take(1_000_000));
  assert.equal(out, all);
  assert.equal(linesIn(all), 5_000);
});
