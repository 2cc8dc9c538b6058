import assert from "node:assert/strict";
import { limits } from "../../src/base/limits.ts";
import { octets } from "../../src/base/octets.ts";
import { HeaderScanner } from "../../src/smtp/header_scanner.ts";
import { mailDate, receivedField } from "../../src/smtp/received.ts";

function scan(text: string, step = Infinity): Pick<HeaderScanner, "messageId" | "subject" | "received"> {
  const scanner = new HeaderScanner();
  const bytes = octets(text);
  for (let at = 0; at < bytes.length; at += step) scanner.push(bytes.slice(at, at + step));
  scanner.finish();
  return { messageId: scanner.messageId, subject: scanner.subject, received: scanner.received };
}

const table: [string, string, string, number][] = [
  ["", "", "", 0],
  ["\r\nSubject: body\r\n", "", "", 0],
  ["Subject: one\r\n\r\nSubject: two\r\n", "", "one", 0],
  ["SUBJECT:x\r\nsubject: y\r\n\r\n", "", "x", 0],
  ["Subject : x\r\n\r\n", "", "x", 0],
  ["Message-ID: <1@a>\r\nMessage-Id: <2@a>\r\n\r\n", "<1@a>", "", 0],
  ["Subject: a\r\n b\r\n\tc\r\nX: y\r\n z\r\nMessage-ID:\r\n <1@a>\r\n\r\n", "<1@a>", "a b\tc", 0],
  [
    "Received: a\r\n b\r\nReceived: c\r\nReceived-SPF: d\r\nReceive: e\r\nX-Received: f\r\n\r\nReceived: g\r\n",
    "",
    "",
    2,
  ],
  ["Message-ID: <end", "<end", "", 0],
  ["Subjects: no\r\nMessage-IDs: no\r\nS\r\nM:\r\n\r\n", "", "", 0],
  ["Subject: Grüße\r\n\r\n", "", "Grüße", 0],
  [`Subject: ${"x".repeat(2_000)}\r\nMessage-ID: <1>\r\n\r\n`, "<1>", "x".repeat(997), 0],
];

Deno.test("HeaderScanner finds its fields, cut at every place", () => {
  for (const [text, messageId, subject, received] of table) {
    for (const step of [Infinity, 1, 2, 3, 7]) {
      assert.deepEqual(scan(text, step), { messageId, subject, received }, JSON.stringify(text.slice(0, 60)));
    }
  }
});

Deno.test("HeaderScanner looks no further than its limit", () => {
  const scanner = new HeaderScanner();
  scanner.push(octets("X: y\r\n".repeat(limits.headerOctetsMax / 6 + 1)));
  assert.equal(scanner.done, true);
  scanner.push(octets("Subject: late\r\n"));
  assert.equal(scanner.subject, "");
});

Deno.test("receivedField tells each protocol by its word", () => {
  const facts = {
    helo: "h",
    extended: true,
    host: undefined,
    address: "2001:db8::1",
    tls: undefined,
    authenticated: false,
    by: "gw",
    smtputf8: false,
    mid: 3,
    recipient: undefined,
    at: 0,
  };
  const tls = { protocol: "TLSv1.2", cipher: "X", bits: 128 };
  for (
    const [change, word] of [
      [{}, "ESMTP"],
      [{ tls }, "ESMTPS"],
      [{ smtputf8: true }, "UTF8SMTP"],
      [{ smtputf8: true, tls }, "UTF8SMTPS"],
      [{ authenticated: true }, "ESMTPA"],
      [{ authenticated: true, tls }, "ESMTPSA"],
      [{ authenticated: true, smtputf8: true, tls }, "UTF8SMTPSA"],
      [{ extended: false }, "SMTP"],
    ] as const
  ) {
    assert.match(receivedField({ ...facts, ...change }), new RegExp(`\\tby gw with ${word} id 3;\\r\\n`));
  }
  assert.match(receivedField(facts), /^Received: from h \(\[IPv6:2001:db8::1\]\)\r\n/);
});

Deno.test("mailDate writes dates of RFC 5322", () => {
  assert.equal(mailDate(0), "Thu, 1 Jan 1970 00:00:00 +0000");
  assert.equal(mailDate(Date.UTC(2025, 10, 22, 1, 2, 3)), "Sat, 22 Nov 2025 01:02:03 +0000");
});
