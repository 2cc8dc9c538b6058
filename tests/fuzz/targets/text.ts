/**
 * The decoder of DATA and BDAT against a plain model of RFC 5321 §4.5.2, cut anywhere.
 *
 * @module
 */
import assert from "node:assert/strict";
import { limits } from "../../../src/base/limits.ts";
import { joined, type Octets } from "../../../src/base/octets.ts";
import { DataEncoder } from "../../../src/smtp/data_encoder.ts";
import { type TextFault, TextReader } from "../../../src/smtp/text_reader.ts";
import { cutSizes, latin1, latin1Text, pieces } from "../bytes.ts";
import type { Chance } from "../chance.ts";
import { target } from "../target.ts";

interface Input {
  dots: boolean;
  fix: boolean;
  wire: Octets;
  cuts: number[];
  /** Octets in front of and behind each piece in the buffer that is lent. */
  margin: number;
}

interface Text {
  text: string;
  faults: Set<TextFault>;
  ended: boolean;
  /** Octets of the wire up to the end. */
  used: number;
}

/** What a text is, said plainly: lines by CRLF, a dot taken from each that begins with one, and what is left of CR and LF is lone. */
function model(wire: string, { dots, fix }: { dots: boolean; fix: boolean }): Text {
  const faults = new Set<TextFault>();
  let text = "";
  for (let at = 0;;) {
    const end = wire.indexOf("\r\n", at);
    const raw = end < 0 ? wire.slice(at) : wire.slice(at, end + 2);
    if (dots && raw === ".\r\n") return { text, faults, ended: true, used: end + 2 };
    let line = end < 0 ? raw : raw.slice(0, -2);
    // A CR at the end of what has come is nothing yet; where no more comes it is lone.
    const waiting = dots && end < 0 && line.endsWith("\r");
    // RFC 5321 §4.5.3.1.6: the doubled dot does not count.
    const counted = dots && raw.startsWith(".") ? raw.slice(1) : raw;
    for (const segment of counted.split(/(?<=\r(?!\n)|\n)/)) {
      // A lone one counts as the CRLF that it is made.
      const lone = !segment.endsWith("\r\n") && /[\r\n]$/.test(segment) && !(waiting && segment.endsWith("\r"));
      if (segment.length + (lone ? 1 : 0) > limits.textLineOctetsMax) faults.add("line_too_long");
    }
    if (waiting) line = line.slice(0, -1);
    if (dots && line.startsWith(".")) line = line.slice(1);
    if (line.includes("\0")) faults.add("nul");
    if (!fix && /[\r\n]/.test(line)) faults.add("bare_line_end");
    text += fix ? line.replace(/[\r\n]/g, "\r\n") : line;
    if (end < 0) return { text, faults, ended: false, used: wire.length };
    text += "\r\n";
    at = end + 2;
  }
}

function read({ wire, dots, fix, cuts, margin }: Input): { text: Octets; reader: TextReader; used: number } {
  const reader = new TextReader({ dots, fix });
  const out: Octets[] = [];
  let used = 0;
  for (const piece of pieces(wire, cuts)) {
    const lent = new Uint8Array(piece.length + 2 * margin).fill(0x2e);
    lent.set(piece, margin);
    const behind = reader.push(lent, margin, margin + piece.length);
    assert.ok(behind >= margin && behind <= margin + piece.length);
    used += behind - margin;
    const taken = reader.take();
    if (taken !== undefined) out.push(taken);
    lent.fill(0);
    if (reader.ended) break;
    assert.equal(behind, margin + piece.length, "everything up to the end is read");
  }
  if (!dots) {
    const last = reader.finish();
    if (last !== undefined) out.push(last);
  }
  return { text: joined([...out, new Uint8Array(0)]), reader, used };
}

function wireOf(chance: Chance): string {
  const parts = ["\r\n", "\r\n", ".", "\r\n.", "..", "a", "text and more of it ", "\t", "\xe4", "\xf0\x9f\x98\x80"];
  const odd = [
    "\r",
    "\n",
    "\0",
    "\r\n.\r",
    "\n.\r\n",
    "\r.\r\n",
    "\r\n.\n",
    "\r\r\n",
    "\n\r\n",
    "\x01",
    "\x0b",
    "\x7f",
    "\x85",
  ];
  let wire = chance.text(0, chance.pick([4, 20, 200]), chance.oneIn(2) ? parts : [...parts, ...odd]);
  if (chance.oneIn(100)) {
    const end = chance.pick(["\r\n", "\n", "\r", ""]);
    wire += "x".repeat(limits.textLineOctetsMax + chance.between(-4, 4)) + end + chance.text(0, 4, parts);
  }
  return chance.oneIn(8) ? wire : wire + chance.pick(["\r\n.\r\n", ".\r\n", "\r\n.\r\nQUIT\r\n", "\r\n"]);
}

export const textTarget = target<Input>({
  name: "text",
  reaches: ["ended", "open", "counted", "fixed", "sound", "nul", "bare_line_end", "line_too_long", "8-bit", "round"],
  make(chance) {
    const wire = latin1(wireOf(chance));
    const cuts = cutSizes(chance, wire.length);
    return { dots: !chance.oneIn(4), fix: chance.oneIn(2), wire, cuts, margin: chance.below(5) };
  },
  check(input) {
    const { dots, fix, wire } = input;
    const expected = model(latin1Text(wire), input);
    const { text, reader, used } = read(input);
    assert.equal(reader.ended, expected.ended, "ended");
    if (dots) assert.equal(used, expected.used, "octets used");
    assert.equal(reader.fault === undefined, expected.faults.size === 0, `fault ${reader.fault}`);
    if (reader.fault !== undefined) assert.ok(expected.faults.has(reader.fault), `fault ${reader.fault}`);
    assert.equal(reader.bareLineEnd, expected.faults.has("bare_line_end"), "bareLineEnd");
    assert.equal(reader.eightBit, wire.subarray(0, used).some((octet) => octet > 127), "eightBit");
    const ends = [!dots ? "counted" : reader.ended ? "ended" : "open", reader.fault ?? "sound"];
    if (reader.eightBit) ends.push("8-bit");
    if (reader.fault !== undefined) return ends;
    assert.equal(latin1Text(text), expected.text, "text");
    assert.equal(reader.octets, text.length, "octets");
    if (fix) ends.push("fixed");
    if (!expected.text.endsWith("\r\n")) return ends;
    const encoder = new DataEncoder();
    const again = joined([...pieces(text, input.cuts)].map((piece) => encoder.encode(piece)).concat(encoder.end()));
    assert.equal(
      latin1Text(again).search(/(?:^|\r\n)\.\r\n/) + (again.length === 3 ? 3 : 5),
      again.length,
      "one end, at the end",
    );
    const round = read({ wire: again, dots: true, fix: false, cuts: input.cuts, margin: 0 });
    assert.equal(latin1Text(round.text), expected.text, "out and in again");
    assert.deepEqual([round.reader.fault, round.reader.ended], [undefined, true]);
    return [...ends, "round"];
  },
});
