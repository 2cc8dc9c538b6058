import assert from "node:assert/strict";
import { joined, type Octets, octets, textOf } from "../../src/base/octets.ts";
import { seededRandom } from "../../src/base/random.ts";
import { TlsHeader } from "../../src/smtp/tls_header.ts";
import { greeted, inData, type Rig } from "./server_rig.ts";

/** What is left of a text that comes in these pieces, and what was said. */
function filtered(pieces: readonly Octets[]): { text: string; said: string } {
  const header = new TlsHeader();
  const left = pieces.map((piece) => header.push(piece));
  return {
    text: textOf(joined([...left, header.finish()])),
    said: header.malformed ? "malformed" : header.required ? "required" : "nothing",
  };
}

/** Text, what is left of it, what it said. */
const table: [string, string, "required" | "malformed" | "nothing"][] = [
  ["", "", "nothing"],
  ["Subject: a\r\n\r\nbody\r\n", "Subject: a\r\n\r\nbody\r\n", "nothing"],
  ["X-Postern-TLS: required\r\n\r\nbody\r\n", "\r\nbody\r\n", "required"],
  ["A: 1\r\nX-Postern-TLS: required\r\nB: 2\r\n\r\nbody\r\n", "A: 1\r\nB: 2\r\n\r\nbody\r\n", "required"],
  ["x-POSTERN-tls:Required\r\nB: 2\r\n\r\n", "B: 2\r\n\r\n", "required"],
  ["X-Postern-TLS \t :  required  \r\n\r\n", "\r\n", "required"],
  ["X-Postern-TLS:\r\n required\r\n\tx\r\nB: 2\r\n\r\n", "B: 2\r\n\r\n", "malformed"],
  ["X-Postern-TLS:\r\n  required\r\nB: 2\r\n c\r\n\r\n", "B: 2\r\n c\r\n\r\n", "required"],
  ["X-Postern-TLS: required\r\nX-Postern-TLS: required\r\n\r\n", "\r\n", "required"],
  ["X-Postern-TLS: required\r\nX-Postern-TLS: no\r\n\r\n", "\r\n", "malformed"],
  ["X-Postern-TLS: no\r\n\r\n", "\r\n", "malformed"],
  ["X-Postern-TLS:\r\n\r\n", "\r\n", "malformed"],
  [`X-Postern-TLS: required${" ".repeat(99)}x\r\n\r\n`, "\r\n", "malformed"],
  // A folded line belongs to the field before it, a body is no header, and similar names are other names.
  ["A: 1\r\n X-Postern-TLS: required\r\n\r\n", "A: 1\r\n X-Postern-TLS: required\r\n\r\n", "nothing"],
  ["A: 1\r\n\r\nX-Postern-TLS: required\r\n", "A: 1\r\n\r\nX-Postern-TLS: required\r\n", "nothing"],
  ["X-Postern-TLSX: required\r\n\r\n", "X-Postern-TLSX: required\r\n\r\n", "nothing"],
  ["X-Postern-TL: required\r\n\r\n", "X-Postern-TL: required\r\n\r\n", "nothing"],
  ["X-Postern-TLS required\r\n\r\n", "X-Postern-TLS required\r\n\r\n", "nothing"],
  ["X-X-Postern-TLS: required\r\n\r\n", "X-X-Postern-TLS: required\r\n\r\n", "nothing"],
  ["X\rPostern\rTLS: required\r\n\r\n", "X\rPostern\rTLS: required\r\n\r\n", "nothing"],
  // Texts that end in the middle.
  ["X-Post", "X-Post", "nothing"],
  ["A: 1\r\nX-Postern-TLS", "A: 1\r\nX-Postern-TLS", "nothing"],
  ["A: 1\r\nX-Postern-TLS: required", "A: 1\r\n", "required"],
];

Deno.test("TlsHeader takes the field out and nothing else, wherever the text is cut", () => {
  for (const [text, left, said] of table) {
    const bytes = octets(text);
    const expected = { text: left, said };
    assert.deepEqual(filtered([bytes]), expected, JSON.stringify(text));
    assert.deepEqual(filtered([...bytes].map((octet) => Uint8Array.of(octet))), expected, `octet by octet: ${text}`);
    for (let cut = 1; cut < bytes.length; cut++) {
      for (let second = cut; second < bytes.length; second++) {
        const pieces = [bytes.slice(0, cut), bytes.slice(cut, second), bytes.slice(second)];
        assert.deepEqual(filtered(pieces), expected, `cut at ${cut} and ${second}: ${text}`);
      }
    }
  }
});

Deno.test("TlsHeader agrees with one that sees the whole text, on texts by chance", () => {
  const random = seededRandom(11);
  const below = (count: number) => Math.floor(random.fraction() * count);
  const parts = [
    "X-Postern-TLS",
    "x-postern-tls",
    ":",
    ": required",
    " ",
    "\t",
    "\r\n",
    "\r\n\r\n",
    "A: b",
    "X",
    "-",
    "é",
  ];
  for (let round = 0; round < 3_000; round++) {
    const text = Array.from({ length: 1 + below(14) }, () => parts[below(parts.length)]).join("");
    const end = text.startsWith("\r\n") ? 0 : text.indexOf("\r\n\r\n");
    const header = end < 0 ? text : end === 0 ? "" : text.slice(0, end + 2);
    const left = header.replace(/(?<=^|\r\n)x-postern-tls[ \t]*:.*(?:\r\n[ \t].*)*(?:\r\n)?/gi, "") +
      text.slice(header.length);
    const bytes = octets(text);
    const [one, two] = [below(bytes.length + 1), below(bytes.length + 1)].sort((a, b) => a - b);
    const pieces = [bytes.slice(0, one), bytes.slice(one, two), bytes.slice(two)];
    assert.equal(filtered(pieces).text, left, `seed 11, round ${round}: ${JSON.stringify(text)} cut at ${one}, ${two}`);
  }
});

Deno.test("TlsHeader passes a text without the field on as it is, without a copy", () => {
  const header = new TlsHeader();
  const chunk = octets("Received: ours\r\nSubject: a\r\nX-Mailer: b\r\n\r\nbody\r\n");
  assert.equal(header.push(chunk, 16), chunk);
  assert.equal(header.push(chunk), chunk);
});

Deno.test("TlsHeader holds no more back than a name and a few blanks", () => {
  const header = new TlsHeader();
  let out = 0;
  out += header.push(octets("X-Postern-TLS")).length;
  for (let blanks = 0; blanks < 5_000; blanks++) out += header.push(octets(" ")).length;
  assert.ok(out >= 5_000 - 128, `${out} octets came out`);
});

const text = "A: 1\r\nX-Postern-TLS: required\r\nSubject: x\r\n\r\nX-Postern-TLS: body\r\n";
const left = "A: 1\r\nSubject: x\r\n\r\nX-Postern-TLS: body\r\n";

/** A session in TLS, or in clear, whose client may demand TLS or not. */
function session(options: { relay: boolean }): Rig {
  const rig = inData();
  rig.host.mayDemandTls = () => options.relay;
  return rig;
}

Deno.test("ServerSession: X-Postern-TLS counts from a relay, and is taken out whoever sends it", () => {
  for (const relay of [true, false]) {
    const rig = session({ relay });
    assert.equal(rig.push(text + ".\r\n"), "250 2.0.0 Ok: queued\r\n");
    const [message] = rig.messages;
    assert.equal(message.text, left);
    assert.equal(message.envelope.tls, relay ? "required" : undefined);
    assert.match(message.received, /^Received: /);
  }
  const unasked = inData();
  unasked.push(text + ".\r\n");
  assert.deepEqual([unasked.messages[0].text, unasked.messages[0].envelope.tls], [left, undefined]);
});

Deno.test("ServerSession: X-Postern-TLS as the first field, by BDAT, in chunks that cut its name", () => {
  const rig = greeted();
  rig.host.mayDemandTls = () => true;
  rig.push("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.test>\r\n");
  assert.equal(rig.push("BDAT 6\r\nX-Post"), "250 2.0.0 6 octets received\r\n");
  assert.equal(rig.push("BDAT 20\r\nern-TLS: required\r\n\r"), "250 2.0.0 20 octets received\r\n");
  assert.equal(rig.push("BDAT 5 LAST\r\n\nhi\r\n"), "250 2.0.0 Ok: queued\r\n");
  const [{ text, envelope }] = rig.messages;
  assert.deepEqual([text, envelope.tls], ["\r\nhi\r\n", "required"]);
});

Deno.test("ServerSession: a relay that asks for TLS in words that are not known is told so; from others they are only taken out", () => {
  const relay = session({ relay: true });
  assert.equal(
    relay.push("X-Postern-TLS: verify\r\n\r\nbody\r\n.\r\n"),
    "550 5.6.0 X-Postern-TLS says required, or is left out\r\n",
  );
  assert.deepEqual([relay.messages.length, relay.drops], [0, ["bad_header"]]);
  const other = session({ relay: false });
  assert.equal(other.push("X-Postern-TLS: verify\r\n\r\nbody\r\n.\r\n"), "250 2.0.0 Ok: queued\r\n");
  assert.equal(other.messages[0].text, "\r\nbody\r\n");
});
