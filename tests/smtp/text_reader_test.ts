import assert from "node:assert/strict";
import { joined, type Octets, octets, textOf } from "../../src/base/octets.ts";
import { limits } from "../../src/base/limits.ts";
import { seededRandom } from "../../src/base/random.ts";
import { DataEncoder } from "../../src/smtp/data_encoder.ts";
import { TextReader } from "../../src/smtp/text_reader.ts";
import { greeted, inData } from "./server_rig.ts";

interface Outcome {
  text: string;
  fault: string | undefined;
  ended: boolean;
  /** What stands behind the end. */
  rest: string;
  octets: number;
}

/** Reads chunks the way a session does. */
function read(chunks: Octets[], options: { fix: boolean; dots?: boolean }): Outcome {
  const reader = new TextReader({ dots: options.dots ?? true, fix: options.fix });
  const out: Octets[] = [];
  const rest: Octets[] = [];
  for (const chunk of chunks) {
    let at = 0;
    if (!reader.ended) {
      at = reader.push(chunk, 0, chunk.length);
      const taken = reader.take();
      if (taken !== undefined) out.push(taken);
    }
    rest.push(chunk.slice(at));
  }
  const last = reader.finish();
  if (last !== undefined) out.push(last);
  return {
    text: textOf(joined([...out, new Uint8Array(0)])),
    fault: reader.fault,
    ended: reader.ended,
    rest: textOf(joined([...rest, new Uint8Array(0)])),
    octets: reader.octets,
  };
}

/** Cuts in two and three at every place, and in single octets. */
function* cuts(bytes: Octets): Generator<Octets[]> {
  yield [bytes];
  yield [...bytes].map((octet) => Uint8Array.of(octet));
  for (let a = 0; a <= bytes.length; a++) {
    yield [bytes.slice(0, a), bytes.slice(a)];
    for (let b = a; b <= bytes.length && bytes.length < 30; b++) {
      yield [bytes.slice(0, a), bytes.slice(a, b), bytes.slice(b)];
    }
  }
}

// Input, and what comes out of it in order: no fault, at the end, with the rest unread.
const sound: [string, string][] = [
  [".\r\n", ""],
  ["\r\n.\r\n", "\r\n"],
  ["a\r\n.\r\n", "a\r\n"],
  ["a\r\n..\r\n.\r\n", "a\r\n.\r\n"],
  ["..\r\n.\r\n", ".\r\n"],
  ["...\r\n.\r\n", "..\r\n"],
  [".a\r\n.\r\n", "a\r\n"],
  ["a.\r\n.\r\n", "a.\r\n"],
  ["a\r\n.b.\r\n..c\r\n\r\n.\r\n", "a\r\nb.\r\n.c\r\n\r\n"],
  ["tab\there and a longer line without anything\r\n.\r\n", "tab\there and a longer line without anything\r\n"],
  ["Grüße 😀\r\n.\r\n", "Grüße 😀\r\n"],
];

Deno.test("TextReader takes the dots away and finds the end, cut at every place", () => {
  for (const [input, text] of sound) {
    for (const fix of [false, true]) {
      for (const chunks of cuts(octets(input + "NOOP\r\n"))) {
        assert.deepEqual(read(chunks, { fix }), {
          text,
          fault: undefined,
          ended: true,
          rest: "NOOP\r\n",
          octets: octets(text).length,
        }, JSON.stringify(input));
      }
    }
  }
});

/** SMTP smuggling: every mix of CR, LF and NUL in front of and behind a dot. CVE-2023-51764, -51765, -51766. */
Deno.test("TextReader takes no mix of CR, LF and NUL around a dot for the end, but CRLF.CRLF", () => {
  const parts = ["", "\r", "\n", "\0", "\r\n", "\n\r", "\r\r", "\n\n", "\r\0", "\0\r", "\n\0", "\0\n", "\0\0"];
  const longer = [
    "\r\r\n",
    "\r\n\r",
    "\r\n\n",
    "\n\r\n",
    "\r\n\r\n",
    "\r\0\n",
    "\0\r\n",
    "\r\n\0",
    "\x0b",
    "\x0c",
    "\x85",
  ];
  const around = [...parts, ...longer];
  let real = 0;
  for (const before of around) {
    for (const behind of around) {
      const vector = `a${before}.${behind}`;
      // Behind CRLF the dot counts; what follows must be CRLF.
      const ends = before.endsWith("\r\n") && behind.startsWith("\r\n");
      if (ends) real++;
      const input = octets(`${vector}MAIL FROM:<evil@example.com>\r\n.\r\n`);
      for (const fix of [false, true]) {
        for (const chunks of cuts(input)) {
          const { ended, rest, fault, text } = read(chunks, { fix });
          const name = `${JSON.stringify(vector)} ${fix}`;
          assert.equal(ended, true, name);
          if (ends) assert.ok(rest.includes("MAIL"), name);
          else assert.equal(rest, "", name);
          const head = ends ? `a${before}.\r\n` : `${vector}MAIL`;
          const bare = /\r(?!\n)|(?<!\r)\n/.test(head);
          const nul = head.includes("\0");
          if (fix) assert.equal(fault, nul ? "nul" : undefined, name);
          else assert.equal(fault !== undefined, bare || nul, name);
          if (fix) assert.doesNotMatch(text, /\r(?!\n)|(?<!\r)\n/, name);
        }
      }
    }
  }
  assert.ok(real > 0);
});

/** The vectors by the names they are known by. The rest of the message must never be taken for commands. */
const vectors: [string, string][] = [
  ["LF.LF", "\n.\n"],
  ["LF.CRLF", "\n.\r\n"],
  ["CRLF.LF", "\r\n.\n"],
  ["CR.CR", "\r.\r"],
  ["CR.CRLF", "\r.\r\n"],
  ["CRLF.CR", "\r\n.\r"],
  ["LF.CR", "\n.\r"],
  ["CR.LF", "\r.\n"],
  ["CRLF.CR CRLF", "\r\n.\r\r\n"],
  ["CRLF CR.CRLF", "\r\n\r.\r\n"],
  ["CRLF NUL.CRLF", "\r\n\0.\r\n"],
  ["CRLF.NUL CRLF", "\r\n.\0\r\n"],
  ["CR NUL LF.CRLF", "\r\0\n.\r\n"],
];

Deno.test("ServerSession refuses smuggled messages by name, and runs nothing of them", () => {
  for (const [name, vector] of vectors) {
    const smuggled = `x${vector}MAIL FROM:<evil@example.com>\r\nRCPT TO:<b@example.test>\r\nDATA\r\nevil\r\n.\r\n`;
    const rig = inData();
    const nul = vector.includes("\0") && !/\r(?!\n)|(?<!\r)\n/.test(vector);
    assert.match(rig.push(smuggled), nul ? /^550 5\.6\.0 [^\r]*\r\n$/ : /^550 5\.6\.(?:11|0) [^\r]*\r\n$/, name);
    assert.equal(rig.messages.length, 0, name);
    assert.equal(rig.ended, nul ? undefined : "bare_line_end", name);
    const fixing = inData({ fixBareLineEnds: true });
    fixing.push(smuggled);
    assert.equal(fixing.messages.length, vector.includes("\0") ? 0 : 1, name);
    for (const { text } of fixing.messages) {
      assert.ok(text.endsWith("evil\r\n"), name);
      // On its way out the dots are doubled: the next hop sees one message, too.
      const encoder = new DataEncoder();
      const wire = textOf(encoder.encode(octets(text))) + textOf(encoder.end());
      assert.equal(wire.indexOf("\r\n.\r\n"), wire.length - 5, name);
    }
  }
});

Deno.test("TextReader makes lone CR and LF CRLF where it may, after the dots were judged", () => {
  const table: [string, string][] = [
    ["a\nb\r\n.\r\n", "a\r\nb\r\n"],
    ["a\rb\r\n.\r\n", "a\r\nb\r\n"],
    ["a\r\r\n.\r\n", "a\r\n\r\n"],
    ["a\n\r\n.\r\n", "a\r\n\r\n"],
    ["a\n\r\nb\r\n.\r\n", "a\r\n\r\nb\r\n"],
    ["a\n.\nb\r\n.\r\n", "a\r\n.\r\nb\r\n"],
    ["a\n..\nb\r\n.\r\n", "a\r\n..\r\nb\r\n"],
    ["a\r\n.\nb\r\n.\r\n", "a\r\n\r\nb\r\n"],
    ["a\r\n.\rb\r\n.\r\n", "a\r\n\r\nb\r\n"],
    ["a\r\n.\r\r\n.\r\n", "a\r\n\r\n\r\n"],
    ["\n\r.\r\n.\r\n", "\r\n\r\n.\r\n"],
  ];
  for (const [input, text] of table) {
    for (const chunks of cuts(octets(input))) {
      assert.deepEqual(read(chunks, { fix: true }), {
        text,
        fault: undefined,
        ended: true,
        rest: "",
        octets: text.length,
      }, JSON.stringify(input));
    }
  }
});

Deno.test("TextReader leaves dots alone where the text is counted (BDAT)", () => {
  for (const text of ["..\r\n.\r\n.a\r\n", ".", "", "a\r\n.\r\nb"]) {
    for (const chunks of cuts(octets(text))) {
      assert.deepEqual(read(chunks, { fix: false, dots: false }), {
        text,
        fault: undefined,
        ended: false,
        rest: "",
        octets: text.length,
      });
    }
  }
  for (const fix of [false, true]) {
    const { text, fault } = read([octets("a\r")], { fix, dots: false });
    assert.equal(fault, fix ? undefined : "bare_line_end");
    assert.equal(text, "a\r\n");
  }
});

Deno.test("TextReader bounds a line, cut anywhere", () => {
  const longest = "x".repeat(limits.textLineOctetsMax - 2) + "\r\n";
  for (const step of [997, 65_536, 1e6]) {
    for (const [text, fault] of [[longest, undefined], ["x" + longest, "line_too_long"]] as const) {
      const bytes = octets(`a\r\n${text}b\r\n.\r\n`);
      const chunks = [];
      for (let at = 0; at < bytes.length; at += step) chunks.push(bytes.slice(at, at + step));
      assert.equal(read(chunks, { fix: false }).fault, fault);
      assert.equal(read(chunks, { fix: true }).fault, fault);
    }
  }
});

Deno.test("TextReader bounds a line that a lone CR or LF ends, cut anywhere", () => {
  for (const end of ["\n", "\r"]) {
    for (
      const [length, fault] of [[limits.textLineOctetsMax, undefined], [limits.textLineOctetsMax + 1, "line_too_long"]]
    ) {
      const bytes = octets(`a\r\n${"x".repeat(Number(length) - 2)}${end}b\r\n.\r\n`);
      for (const cut of [bytes.length, 30_000, 65_541]) {
        const found = read([bytes.slice(0, cut), bytes.slice(cut)], { fix: true });
        assert.equal(found.fault, fault, `${JSON.stringify(end)} ${length} ${cut}`);
      }
    }
  }
});

Deno.test("TextReader does not count the doubled dot of a line", () => {
  const longest = "x".repeat(limits.textLineOctetsMax - 3) + "\r\n";
  for (const [line, fault] of [[`..${longest}`, undefined], [`..x${longest}`, "line_too_long"]] as const) {
    const bytes = octets(`a\r\n${line}.\r\n`);
    for (const cut of [0, 3, 4, 5, 30_000]) {
      assert.equal(read([bytes.slice(0, cut), bytes.slice(cut)], { fix: false }).fault, fault, `${cut}`);
    }
  }
});

Deno.test("TextReader sees octets above 127 at every place of a word", () => {
  for (let place = 0; place < 24; place++) {
    for (const offset of [0, 1, 2, 3]) {
      const bytes = new Uint8Array(offset + 30).fill(0x61);
      bytes[offset + place] = 0xe4;
      const reader = new TextReader({ dots: true, fix: false });
      reader.push(bytes, offset, bytes.length);
      assert.equal(reader.eightBit, true);
      const none = new TextReader({ dots: true, fix: false });
      none.push(bytes, offset + place + 1, bytes.length);
      assert.equal(none.eightBit, false);
    }
  }
});

Deno.test("TextReader undoes DataEncoder for any CRLF text, cut anywhere", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seededRandom(seed);
    let text = "";
    for (let n = 0; n < 60; n++) {
      text += [".", "\r\n", "x", "word and more", "\t", "ü"][Math.floor(random.fraction() * 6)];
    }
    text += "\r\n";
    const encoder = new DataEncoder();
    const wire = joined([encoder.encode(octets(text)), encoder.end()]);
    const chunks: Octets[] = [];
    for (let at = 0; at < wire.length;) {
      const step = 1 + Math.floor(random.fraction() * 20);
      chunks.push(wire.slice(at, at + step));
      at += step;
    }
    const found = read(chunks, { fix: false });
    assert.deepEqual([found.text, found.ended, found.fault], [text, true, undefined], `seed ${seed}`);
  }
});

Deno.test("ServerSession refuses lone line ends in BDAT as well", () => {
  for (const text of ["a\nb", "a\r", "a\rb"]) {
    const rig = greeted();
    rig.push("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.test>\r\n");
    assert.match(rig.push(`BDAT ${text.length} LAST\r\n${text}`), /^550 5\.6\.11 /, JSON.stringify(text));
    assert.equal(rig.messages.length, 0);
  }
});
