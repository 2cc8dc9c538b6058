import assert from "node:assert/strict";
import { limits } from "../../src/base/limits.ts";
import { octets } from "../../src/base/octets.ts";
import { seededRandom } from "../../src/base/random.ts";
import type { Reply } from "../../src/mail/reply.ts";
import { type ReplyEvent, ReplyReader } from "../../src/smtp/reply_reader.ts";

function eventsOf(reader: ReplyReader): ReplyEvent[] {
  const events: ReplyEvent[] = [];
  for (let event = reader.next(); event !== undefined; event = reader.next()) {
    events.push(event);
    if (event.kind === "fault") break;
  }
  return events;
}

function read(...chunks: string[]): ReplyEvent[] {
  const reader = new ReplyReader();
  for (const chunk of chunks) reader.push(octets(chunk));
  return eventsOf(reader);
}

const good: [string, Reply[]][] = [
  ["220 mx.example ESMTP\r\n", [{ code: 220, lines: ["mx.example ESMTP"] }]],
  ["250\r\n", [{ code: 250, lines: [""] }]],
  ["250 \r\n", [{ code: 250, lines: [""] }]],
  ["250 2.1.0 Ok\r\n", [{ code: 250, enhanced: "2.1.0", lines: ["Ok"] }]],
  ["250 2.0.0\r\n", [{ code: 250, enhanced: "2.0.0", lines: [""] }]],
  ["550 2.1.0 odd class\r\n", [{ code: 550, lines: ["2.1.0 odd class"] }]],
  ["550 5.1.1.2 no code\r\n", [{ code: 550, lines: ["5.1.1.2 no code"] }]],
  ["250-mx.example\r\n250-SIZE 100\r\n250 DSN\r\n", [{ code: 250, lines: ["mx.example", "SIZE 100", "DSN"] }]],
  ["550-5.1.1 no\r\n550-5.1.1 such\r\n550 5.1.1 user\r\n", [{
    code: 550,
    enhanced: "5.1.1",
    lines: ["no", "such", "user"],
  }]],
  ["250 a\r\n354 go\r\n", [{ code: 250, lines: ["a"] }, { code: 354, lines: ["go"] }]],
  ["250 only LF\n", [{ code: 250, lines: ["only LF"] }]],
  ["250 Grüße\r\n", [{ code: 250, lines: ["Grüße"] }]],
];

Deno.test("ReplyReader reads replies, cut at every place", () => {
  for (const [text, replies] of good) {
    const expected = replies.map((reply): ReplyEvent => ({ kind: "reply", reply }));
    assert.deepEqual(read(text), expected, text);
    const bytes = octets(text);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const reader = new ReplyReader();
      reader.push(bytes.subarray(0, cut));
      reader.push(bytes.subarray(cut));
      assert.deepEqual(eventsOf(reader), expected, `${text} cut at ${cut}`);
      assert.equal(reader.pending, false);
    }
  }
});

const bad: [string, string][] = [
  ["hello\r\n", "not_a_reply"],
  ["\r\n", "not_a_reply"],
  ["25 a\r\n", "not_a_reply"],
  ["2500 a\r\n", "not_a_reply"],
  ["150 a\r\n", "not_a_reply"],
  ["650 a\r\n", "not_a_reply"],
  ["250_a\r\n", "not_a_reply"],
  ["250-a\r\n251 b\r\n", "codes_differ"],
  ["250 " + "x".repeat(limits.replyLineOctetsMax) + "\r\n", "line_too_long"],
  ["x".repeat(limits.replyLineOctetsMax + 1), "line_too_long"],
  ["250-x\r\n".repeat(limits.replyLinesMax + 1), "too_many_lines"],
];

Deno.test("ReplyReader names what is no reply, and then says nothing else", () => {
  for (const [text, fault] of bad) {
    for (const step of [1, 7, text.length]) {
      const reader = new ReplyReader();
      for (let at = 0; at < text.length; at += step) reader.push(octets(text.slice(at, at + step)));
      const event = reader.next();
      assert.equal(event?.kind === "fault" && event.fault, fault, text.slice(0, 30));
      reader.push(octets("250 fine\r\n"));
      assert.equal(reader.next(), event);
    }
  }
});

Deno.test("ReplyReader gives the replies before a fault first", () => {
  const events = read("250 one\r\nnonsense\r\n");
  assert.deepEqual(events.map((event) => event.kind), ["reply", "fault"]);
});

Deno.test("ReplyReader.pending is true for anything behind a reply", () => {
  for (const rest of ["2", "250 x\r\n", "250-x\r\n", "junk\r\n"]) {
    const reader = new ReplyReader();
    reader.push(octets("220 go ahead\r\n" + rest));
    assert.equal(reader.next()?.kind, "reply");
    assert.equal(reader.pending, true, rest);
  }
});

Deno.test("ReplyReader takes lines as long as the limit and keeps no lent bytes", () => {
  const lent = octets("250 " + "y".repeat(limits.replyLineOctetsMax - 6));
  const reader = new ReplyReader();
  reader.push(lent);
  lent.fill(0);
  reader.push(octets("\r\n"));
  const event = reader.next();
  assert.equal(event?.kind === "reply" && event.reply.lines[0][0], "y");
});

Deno.test("ReplyReader ends on random bytes without growing", () => {
  const seed = 20250;
  const random = seededRandom(seed);
  for (let round = 0; round < 300; round++) {
    const reader = new ReplyReader();
    for (let chunk = 0; chunk < 20; chunk++) {
      const bytes = random.bytes(1 + Math.floor(random.fraction() * 600));
      if (random.fraction() < 0.5) {
        for (let i = 0; i < bytes.length; i++) bytes[i] = "250- x\r\n".charCodeAt(bytes[i] % 8);
      }
      reader.push(bytes);
      for (const event of eventsOf(reader)) {
        if (event.kind === "fault") assert.ok(event.line.length <= 400, `seed ${seed}`);
        else assert.ok(event.reply.lines.length <= limits.replyLinesMax, `seed ${seed}`);
      }
    }
  }
});
