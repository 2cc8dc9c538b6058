/**
 * A next hop's replies: whatever it says, cut anywhere, is a bounded reply or a named fault.
 *
 * @module
 */
import assert from "node:assert/strict";
import { limits } from "../../../src/base/limits.ts";
import { type Octets, octets, textOf } from "../../../src/base/octets.ts";
import { enhancedOf, meaningOf } from "../../../src/mail/status.ts";
import { type Reply, replyText } from "../../../src/mail/reply.ts";
import { parseEhlo } from "../../../src/smtp/ehlo.ts";
import { type ReplyEvent, ReplyReader } from "../../../src/smtp/reply_reader.ts";
import { replyWire } from "../../../src/smtp/reply_text.ts";
import { cutSizes, latin1, latin1Text, pieces, spoiled } from "../bytes.ts";
import type { Chance } from "../chance.ts";
import { target } from "../target.ts";

interface Input {
  wire: Octets;
  cuts: number[];
  /** What the wire means, where it was not spoiled. */
  meant: Reply[] | undefined;
}

const extensions = [
  "SIZE",
  "SIZE 10485760",
  "SIZE x",
  "PIPELINING",
  "8BITMIME",
  "STARTTLS",
  "DSN",
  "CHUNKING",
  "X-\u00fc 1",
  "",
];

function replyOf(chance: Chance): Reply {
  const code = chance.between(2, 5) * 100 + chance.below(60);
  const kind = Math.floor(code / 100);
  const enhanced = kind !== 3 && chance.oneIn(2) ? `${kind}.${chance.below(8)}.${chance.below(30)}` : undefined;
  // Without an enhanced code of its own a text must not begin like one.
  const line = () =>
    chance.oneIn(3) ? chance.pick(extensions) : chance.text(0, 4, ["Ok", " ", "ü", "queued as 7", "a-b", "("]);
  const lines = chance.many(1, chance.oneIn(40) ? limits.replyLinesMax : 5, line);
  return enhanced === undefined ? { code, lines } : { code, enhanced, lines };
}

const words = [
  "250-",
  "250 ",
  "250",
  "354 ",
  "421 4.3.2 ",
  "5.7.1 ",
  "\r\n",
  "\n",
  "\0",
  "999 ",
  "25\u0662 ",
  "250\t",
  "-",
  "2.0.0",
];

function read(wire: Octets, cuts: number[]): { events: ReplyEvent[]; pending: boolean } {
  const reader = new ReplyReader();
  const events: ReplyEvent[] = [];
  for (const piece of pieces(wire, cuts)) {
    reader.push(piece);
    piece.fill(0x32);
    for (let event = reader.next(); event !== undefined; event = reader.next()) {
      events.push(event);
      if (event.kind !== "fault") continue;
      assert.equal(reader.next(), event, "a fault stays");
      return { events, pending: true };
    }
  }
  return { events, pending: reader.pending };
}

/** A fault's quotation is what had come by then. */
const plain = (event: ReplyEvent) => event.kind === "fault" ? event.fault : event.reply;

export const replyTarget = target<Input>({
  name: "reply",
  reaches: ["reply", "ehlo", "meant", "pending", "line_too_long", "too_many_lines", "not_a_reply", "codes_differ"],
  make(chance) {
    const replies = chance.many(1, 4, () => replyOf(chance));
    let wire = replies.map(replyWire).map(octets).map(latin1Text).join("");
    const sound = chance.oneIn(3);
    if (!sound) wire = spoiled(wire, chance, words);
    if (!sound && chance.oneIn(50)) wire += `250-${"x".repeat(limits.replyLineOctetsMax + chance.between(-8, 4))}\r\n`;
    if (!sound && chance.oneIn(100)) wire += "250-x\r\n".repeat(limits.replyLinesMax + chance.between(-1, 2));
    return { wire: latin1(wire), cuts: cutSizes(chance, wire.length), meant: sound ? replies : undefined };
  },
  check({ wire, cuts, meant }) {
    const ends: string[] = [];
    const { events, pending } = read(wire, cuts);
    const whole = read(wire, [Infinity]);
    assert.deepEqual(events.map(plain), whole.events.map(plain), "cuts change nothing");
    assert.equal(pending, whole.pending);
    if (pending) ends.push("pending");
    if (meant !== undefined) {
      assert.deepEqual(events, meant.map((reply) => ({ kind: "reply", reply })), "what was written is read");
      assert.equal(pending, false);
      ends.push("meant");
    }
    for (const event of events) {
      if (event.kind === "fault") {
        assert.ok(event.line.length <= 200, "a fault quotes little");
        ends.push(event.fault);
        continue;
      }
      const { reply } = event;
      assert.ok(reply.code >= 200 && reply.code <= 599 && reply.lines.length > 0);
      assert.ok(reply.lines.length <= limits.replyLinesMax);
      for (const line of reply.lines) {
        assert.ok(!line.includes("\n") && octets(line).length <= 3 * limits.replyLineOctetsMax, "a line is one line");
      }
      if (reply.enhanced !== undefined) {
        assert.match(reply.enhanced, new RegExp(`^${Math.floor(reply.code / 100)}(\\.\\d{1,3}){2}$`));
      }
      assert.match(enhancedOf(reply), /^[2-5]\.\d+\.\d+$/);
      assert.ok(meaningOf(enhancedOf(reply)).length > 0 && replyText(reply) !== undefined);
      const { domain, size } = parseEhlo(reply);
      assert.ok(!/\s/.test(domain) || !domain.includes(" "));
      assert.ok(size === undefined || size >= 0);
      ends.push(size === undefined ? "reply" : "ehlo");
      // What is written of it is one reply again, whatever stands in its lines.
      assert.deepEqual(read(octets(replyWire(reply)), [Infinity]).events.length, 1, textOf(wire));
    }
    return ends;
  },
});
