import assert from "node:assert/strict";
import { limits } from "../../src/base/limits.ts";
import { octets } from "../../src/base/octets.ts";
import { seededRandom } from "../../src/base/random.ts";
import { reply } from "../../src/mail/reply.ts";
import type { ServerOptions } from "../../src/smtp/server_state.ts";
import { greeted, inData, Rig } from "./server_rig.ts";

/** Name, options, and lines: `C:` is sent with CRLF, `S:` is the whole reply line that follows. */
const dialogues: [string, Partial<ServerOptions>, string][] = [
  [
    "takes a message",
    {},
    `C: EHLO client.example.com
     S: 250-gw.example.test
     S: 250-PIPELINING
     S: 250-SIZE 1000
     S: 250-STARTTLS
     S: 250-ENHANCEDSTATUSCODES
     S: 250-8BITMIME
     S: 250-SMTPUTF8
     S: 250-DSN
     S: 250 CHUNKING
     C: MAIL FROM:<a@example.com> SIZE=500 BODY=8BITMIME RET=HDRS ENVID=x+2By
     S: 250 2.1.0 Sender ok
     C: RCPT TO:<b@example.test> NOTIFY=SUCCESS,DELAY ORCPT=x-mail;b@example.test
     S: 250 2.1.5 Recipient ok
     C: DATA
     S: 354 Go ahead, end with <CRLF>.<CRLF>
     C: Subject: x
     C:
     C: .
     S: 250 2.0.0 Ok: queued
     C: QUIT
     S: 221 2.0.0 Bye`,
  ],
  [
    "takes a message with HELO and no extension",
    { tls: "off" },
    `C: HELO client
     S: 250 gw.example.test
     C: mail from:<>
     S: 250 2.1.0 Sender ok
     C: rcpt to:<Postmaster>
     S: 250 2.1.5 Recipient ok
     C: data
     S: 354 Go ahead, end with <CRLF>.<CRLF>
     C: .
     S: 250 2.0.0 Ok: queued`,
  ],
  [
    "keeps the order of commands",
    {},
    `C: MAIL FROM:<a@example.com>
     S: 503 5.5.1 Send EHLO first
     C: EHLO [192.0.2.7]
     S: *
     C: RCPT TO:<b@example.test>
     S: 503 5.5.1 Send MAIL first
     C: DATA
     S: 503 5.5.1 Send MAIL first
     C: MAIL FROM:<a@example.com>
     S: 250 2.1.0 Sender ok
     C: MAIL FROM:<a@example.com>
     S: 503 5.5.1 Sender already given
     C: DATA
     S: 554 5.5.1 No valid recipients
     C: RSET
     S: 250 2.0.0 Ok
     C: RCPT TO:<b@example.test>
     S: 503 5.5.1 Send MAIL first
     C: NOOP anything
     S: 250 2.0.0 Ok
     C: HELP MAIL
     S: 214 2.0.0 See RFC 5321
     C: VRFY someone
     S: 252 2.0.0 Cannot verify a user, but will take mail and try to deliver it
     C: EXPN list
     S: 502 5.5.1 EXPN not implemented
     C: AUTH PLAIN
     S: 502 5.5.1 AUTH not offered
     C: QUIT now
     S: 501 5.5.4 QUIT takes no argument
     C: QUIT
     S: 221 2.0.0 Bye`,
  ],
  [
    "refuses recipients one by one",
    {},
    `C: EHLO c
     S: *
     C: MAIL FROM:<a@example.com>
     S: 250 2.1.0 Sender ok
     C: RCPT TO:<x@refused.test>
     S: 550 5.1.0 <x@refused.test> Address rejected
     C: RCPT TO:<1@example.test>
     S: 250 2.1.5 Recipient ok
     C: RCPT TO:<2@example.test>
     S: 250 2.1.5 Recipient ok
     C: RCPT TO:<3@example.test>
     S: 250 2.1.5 Recipient ok
     C: RCPT TO:<4@example.test>
     S: 452 4.5.3 Too many recipients`,
  ],
  [
    "refuses what is too large by SIZE, and addresses that need SMTPUTF8",
    {},
    `C: EHLO c
     S: *
     C: MAIL FROM:<a@example.com> SIZE=1001
     S: 552 5.3.4 Message exceeds the size limit
     C: MAIL FROM:<ä@example.com>
     S: 553 5.6.7 Address needs SMTPUTF8
     C: MAIL FROM:<a@example.com>
     S: 250 2.1.0 Sender ok
     C: RCPT TO:<ä@example.test>
     S: 553 5.6.7 Address needs SMTPUTF8
     C: RSET
     S: 250 2.0.0 Ok
     C: MAIL FROM:<ä@example.com> SMTPUTF8
     S: 250 2.1.0 Sender ok
     C: RCPT TO:<ö@bücher.example> ORCPT=utf-8;ö@bücher.example
     S: 250 2.1.5 Recipient ok`,
  ],
  [
    "asks for STARTTLS where TLS is required",
    { tls: "required" },
    `C: EHLO c
     S: *
     C: MAIL FROM:<a@example.com>
     S: 530 5.7.0 Must issue a STARTTLS command first
     C: MAIL FROM:nonsense
     S: 530 5.7.0 Must issue a STARTTLS command first
     C: WHAT
     S: 530 5.7.0 Must issue a STARTTLS command first
     C: VRFY x
     S: 530 5.7.0 Must issue a STARTTLS command first
     C: DATA
     S: 530 5.7.0 Must issue a STARTTLS command first
     C: HELP
     S: 530 5.7.0 Must issue a STARTTLS command first
     C: NOOP
     S: 250 2.0.0 Ok
     C: RSET
     S: 250 2.0.0 Ok
     C: HELO c
     S: 250 gw.example.test
     C: STARTTLS
     S: 220 2.0.0 Ready to start TLS`,
  ],
  [
    "does not know STARTTLS where TLS is off",
    { tls: "off" },
    `C: EHLO c
     S: 250-gw.example.test
     S: 250-PIPELINING
     S: 250-SIZE 1000
     S: 250-ENHANCEDSTATUSCODES
     S: 250-8BITMIME
     S: 250-SMTPUTF8
     S: 250-DSN
     S: 250 CHUNKING
     C: STARTTLS
     S: 502 5.5.1 STARTTLS not offered`,
  ],
  [
    "says 454 where TLS is not ready",
    { tlsReady: false },
    `C: STARTTLS
     S: 454 4.7.0 TLS not available
     C: STARTTLS now
     S: 501 5.5.4 STARTTLS takes no argument`,
  ],
  [
    "refuses everything but QUIT behind a refusing greeting",
    { refusal: reply(554, undefined, "5.7.1 Access denied") },
    `C: EHLO c
     S: 503 5.5.1 Access denied; only QUIT is taken
     C: MAIL FROM:<a@example.com>
     S: 503 5.5.1 Access denied; only QUIT is taken
     C: STARTTLS
     S: 503 5.5.1 Access denied; only QUIT is taken
     C: QUIT
     S: 221 2.0.0 Bye`,
  ],
  [
    "counts messages",
    { messagesMax: 1 },
    `C: EHLO c
     S: *
     C: MAIL FROM:<a@example.com>
     S: 250 2.1.0 Sender ok
     C: RCPT TO:<b@example.test>
     S: 250 2.1.5 Recipient ok
     C: DATA
     S: 354 Go ahead, end with <CRLF>.<CRLF>
     C: .
     S: 250 2.0.0 Ok: queued
     C: MAIL FROM:<a@example.com>
     S: 421 4.7.0 Too many messages in this connection`,
  ],
  [
    "takes BDAT",
    {},
    `C: EHLO c
     S: *
     C: BDAT 3 LAST
     C: x
     S: 503 5.5.1 Send MAIL first
     C: MAIL FROM:<a@example.com>
     S: 250 2.1.0 Sender ok
     C: BDAT 3
     C: x
     S: 554 5.5.1 No valid recipients
     C: RCPT TO:<b@example.test>
     S: 250 2.1.5 Recipient ok
     C: BDAT 3
     C: x
     S: 250 2.0.0 3 octets received
     C: RCPT TO:<b@example.test>
     S: 503 5.5.1 The message has begun
     C: DATA
     S: 503 5.5.1 The message came by BDAT so far
     C: BDAT 0 LAST
     S: 250 2.0.0 Ok: queued
     C: MAIL FROM:<a@example.com>
     S: 250 2.1.0 Sender ok
     C: RCPT TO:<b@example.test>
     S: 250 2.1.5 Recipient ok
     C: BDAT 1001
     C: ${"x".repeat(999)}
     S: 552 5.3.4 Message exceeds the size limit
     C: BDAT 3 LAST
     C: x
     S: 503 5.5.1 Send MAIL first`,
  ],
];

Deno.test("ServerSession holds the dialogues, cut at every place and all at once", () => {
  for (const [name, options, script] of dialogues) {
    const lines = script.split("\n").map((line) => line.replace(/^ */, ""));
    const expected = lines.filter((line) => line.startsWith("S: ")).map((line) => line.slice(3) + "\r\n").join("");
    const input = lines.filter((line) => line.startsWith("C:")).map((line) => line.slice(3) + "\r\n");
    const matches = (actual: string, how: string) => {
      const pattern = expected.replace(
        /[.*+?^${}()|[\]\\<>]/g,
        (c) => c === "*" ? "(?:250[ -][^\\r]*\\r\\n)+?" : `\\${c}`,
      )
        .replaceAll("+?\r\n", "+?");
      assert.match(actual, new RegExp(`^${pattern}$`), `${name}, ${how}: ${actual}`);
    };
    const whole = octets(input.join(""));
    const byLine = new Rig(options);
    matches(input.map((line) => byLine.push(line)).join(""), "line by line");
    // STARTTLS with anything behind it is another story.
    if (script.includes("STARTTLS\n") && options.tlsReady !== false) continue;
    matches(new Rig(options).push(whole), "at once");
    const byOctet = new Rig(options);
    let replies = "";
    for (const octet of whole) replies += byOctet.push(Uint8Array.of(octet));
    matches(replies, "octet by octet");
    for (let cut = 1; cut < whole.length; cut += 1 + Math.floor(whole.length / 400)) {
      const rig = new Rig(options);
      matches(rig.push(whole.slice(0, cut)) + rig.push(whole.slice(cut)), `cut at ${cut}`);
    }
  }
});

Deno.test("ServerSession greets with its name, or with the owner's refusal", () => {
  for (
    const [options, greeting] of [
      [{}, "220 gw.example.test ESMTP\r\n"],
      [{ refusal: reply(554, undefined, "5.7.1 Access denied") }, "554 5.7.1 Access denied\r\n"],
      [{ refusal: reply(554, undefined, "one", "two") }, "554-one\r\n554 two\r\n"],
    ] as const
  ) {
    assert.equal(new Rig(options as Partial<ServerOptions>).greeting, greeting);
  }
});

Deno.test("ServerSession offers and takes REQUIRETLS inside TLS only", () => {
  const rig = new Rig();
  assert.doesNotMatch(rig.push("EHLO client.example.com\r\n"), /REQUIRETLS/);
  assert.equal(
    rig.push("MAIL FROM:<a@example.com> REQUIRETLS\r\n"),
    "555 5.5.4 Parameter REQUIRETLS needs TLS first\r\n",
  );
  assert.equal(rig.session.inTransaction, false);
  rig.push("STARTTLS\r\n");
  rig.session.secured({ protocol: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", bits: 256 });
  rig.run();
  const offered = rig.push("EHLO client.example.com\r\n");
  assert.match(offered, /^250-REQUIRETLS\r$/m);
  assert.doesNotMatch(offered, /STARTTLS/);
  assert.match(rig.push("MAIL FROM:<a@example.com> REQUIRETLS=yes\r\n"), /^501 5\.5\.4 /);
  assert.match(rig.push("MAIL FROM:<a@example.com> REQUIRETLS REQUIRETLS\r\n"), /^501 5\.5\.4 /);
  rig.push("MAIL FROM:<a@example.com> requiretls RET=FULL\r\nRCPT TO:<b@example.test>\r\nDATA\r\n");
  // RFC 8689 §4.1: the header field means nothing where the parameter was said.
  rig.push("TLS-Required: No\r\n\r\nhi\r\n.\r\n");
  const [{ envelope, text }] = rig.messages;
  assert.deepEqual([envelope.tls, envelope.ret, text], ["requiretls", "FULL", "TLS-Required: No\r\n\r\nhi\r\n"]);
});

Deno.test("ServerSession keeps the envelope as it was given", () => {
  const rig = greeted();
  rig.push(
    "MAIL FROM:<@relay.example:a@example.com> SIZE=10 RET=FULL ENVID=abc\r\n" +
      'RCPT TO:<"b c"@example.test> NOTIFY=never\r\nRCPT TO:<postmaster>\r\nRCPT TO:<d@[192.0.2.1]> ORCPT=x-mail;d@x\r\n' +
      "DATA\r\nMessage-ID: <1@x>\r\nSUBJECT: one\r\n two\r\nReceived: y\r\n\r\nbody\r\n.\r\n",
  );
  const [{ envelope, text, received, step }] = rig.messages;
  assert.deepEqual(envelope, {
    mid: 1,
    sender: "a@example.com",
    recipients: [
      { rid: 0, address: '"b c"@example.test', notify: ["NEVER"] },
      { rid: 1, address: "postmaster@gw.example.test" },
      { rid: 2, address: "d@[192.0.2.1]", orcpt: "x-mail;d@x" },
    ],
    eightBit: false,
    smtputf8: false,
    ret: "FULL",
    envid: "abc",
    receivedAt: Date.UTC(2025, 10, 22, 1, 20),
  });
  assert.equal(text, "Message-ID: <1@x>\r\nSUBJECT: one\r\n two\r\nReceived: y\r\n\r\nbody\r\n");
  assert.equal(step.octets, text.length);
  assert.equal(step.messageId, "<1@x>");
  assert.equal(step.subject, "one two");
  assert.equal(
    received,
    "Received: from client.example.com (client.example.com [192.0.2.7])\r\n" +
      "\tby gw.example.test with ESMTP id 1;\r\n\tSat, 22 Nov 2025 01:20:00 +0000\r\n",
  );
});

Deno.test("ServerSession ends a session that pipelines behind STARTTLS, and obeys nothing of it", () => {
  for (const behind of ["EHLO evil\r\n", "x", "\r\n", "\x16\x03\x01"]) {
    const rig = greeted();
    assert.match(rig.push("STARTTLS\r\n" + behind), /^554 5\.7\.0 /);
    assert.equal(rig.ended, "injected");
    assert.equal(rig.tlsAsked, 0);
  }
});

Deno.test("ServerSession forgets everything behind STARTTLS", () => {
  const rig = greeted();
  rig.push("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.test>\r\n");
  assert.equal(rig.push("STARTTLS\r\n"), "220 2.0.0 Ready to start TLS\r\n");
  assert.equal(rig.tlsAsked, 1);
  assert.deepEqual(rig.drops, ["reset"]);
  rig.session.secured({ protocol: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", bits: 256 });
  assert.equal(rig.run(), "");
  assert.match(rig.push("DATA\r\n"), /^503 5\.5\.1 /);
  assert.match(rig.push("MAIL FROM:<a@example.com>\r\n"), /^503 5\.5\.1 Send EHLO first/);
  const ehlo = rig.push("EHLO c\r\n");
  assert.ok(!ehlo.includes("STARTTLS"));
  assert.match(rig.push("STARTTLS\r\n"), /^503 5\.5\.1 /);
  rig.push("MAIL FROM:<a@example.com> SMTPUTF8\r\nRCPT TO:<b@example.test>\r\nDATA\r\nx\r\n.\r\n");
  assert.equal(
    rig.messages[0].received,
    "Received: from c (client.example.com [192.0.2.7])\r\n" +
      "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\r\n" +
      "\tby gw.example.test with UTF8SMTPS id 2\r\n\tfor <b@example.test>;\r\n\tSat, 22 Nov 2025 01:20:00 +0000\r\n",
  );
});

Deno.test("ServerSession lets no text go on with our Received field", () => {
  const wires: [string, string][] = [
    [" by evil\r\nSubject: x\r\n", "\r\n by evil\r\nSubject: x\r\n"],
    ["\tevil\r\n", "\r\n\tevil\r\n"],
    [". evil\r\n", "\r\n evil\r\n"],
    ["\r\n body\r\n", "\r\n body\r\n"],
    ["", ""],
  ];
  for (const [wire, text] of wires) {
    for (const step of [1, 2, 1_000]) {
      const rig = inData();
      const bytes = octets(`${wire}.\r\n`);
      for (let at = 0; at < bytes.length; at += step) rig.push(bytes.slice(at, at + step));
      assert.deepEqual(rig.messages.map(({ text }) => text), [text], JSON.stringify(wire));
      assert.match(rig.messages[0].received, /\+0000\r\n$/);
    }
  }
  const rig = greeted();
  rig.push("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.test>\r\nBDAT 0\r\nBDAT 3 LAST\r\n\tx\r");
  assert.equal(rig.messages.length, 0);
  const counted = greeted();
  counted.push("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.test>\r\nBDAT 0\r\nBDAT 4 LAST\r\n\tx\r\n");
  assert.equal(counted.messages[0].text, "\r\n\tx\r\n");
});

Deno.test("ServerSession ends after ten malformed commands", () => {
  const rig = greeted();
  for (let n = 1; n < limits.commandErrorsMax; n++) assert.match(rig.push("BOGUS\r\n"), /^500 5\.5\.1 [^\r]*\r\n$/);
  assert.match(rig.push("BOGUS\r\nNOOP\r\n"), /^500 5\.5\.1 [^\r]*\r\n421 4\.7\.0 Too many errors\r\n$/);
  assert.equal(rig.ended, "too_many_errors");
});

Deno.test("ServerSession ends after many commands without a message, and a message sets the count back", () => {
  const rig = greeted();
  const message = "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.test>\r\nDATA\r\n.\r\n";
  rig.push("NOOP\r\n".repeat(limits.idleCommandsMax));
  assert.equal(rig.ended, undefined);
  rig.push(message + "RSET\r\n".repeat(limits.idleCommandsMax));
  assert.equal(rig.ended, undefined);
  assert.match(rig.push("NOOP\r\n"), /421 4\.7\.0 Too many commands/);
  assert.equal(rig.ended, "too_many_commands");
});

Deno.test("ServerSession ends a harvest of addresses", () => {
  const rig = greeted();
  rig.push("MAIL FROM:<a@example.com>\r\n");
  const replies = rig.push("RCPT TO:<x@refused.test>\r\n".repeat(limits.refusedRecipientsMax + 5));
  assert.equal(replies.match(/^550/gm)?.length, limits.refusedRecipientsMax + 1);
  assert.equal(rig.ended, "too_many_refused_recipients");
});

Deno.test("ServerSession answers line faults and goes on behind the next CRLF", () => {
  for (
    const [input, expected] of [
      ["NOOP\nQUIT\r\nNOOP\r\n", /^500 5\.5\.2 [^\r]*\r\n250 2\.0\.0 Ok\r\n$/],
      ["NO\rOP\r\nNOOP\r\n", /^500 5\.5\.2 [^\r]*\r\n250 2\.0\.0 Ok\r\n$/],
      ["NOOP\r\r\nNOOP\r\n", /^500 5\.5\.2 [^\r]*\r\n250 2\.0\.0 Ok\r\n$/],
      ["NOOP\n\r\nNOOP\r\n", /^500 5\.5\.2 [^\r]*\r\n250 2\.0\.0 Ok\r\n$/],
      ["NOOP\n", /^500 5\.5\.2 [^\r]*\r\n$/],
      ["x".repeat(limits.commandOctetsMax) + "\r\nNOOP\r\n", /^500 5\.5\.2 Line too long[^\r]*\r\n250 2\.0\.0 Ok\r\n$/],
      ["NOOP \0\r\nNOOP\r\n", /^501 5\.5\.2 [^\r]*\r\n250 2\.0\.0 Ok\r\n$/],
      ["MAIL FROM:<a@b>\x08\r\nNOOP\r\n", /^501 5\.5\.2 [^\r]*\r\n250 2\.0\.0 Ok\r\n$/],
      ["\r\nNOOP\r\n", /^500 5\.5\.1 [^\r]*\r\n250 2\.0\.0 Ok\r\n$/],
    ] as const
  ) {
    const bytes = octets(input);
    assert.match(greeted().push(bytes), expected, JSON.stringify(input.slice(0, 40)));
    for (let cut = 1; cut < bytes.length; cut += bytes.length > 200 ? 997 : 1) {
      const rig = greeted();
      assert.match(
        rig.push(bytes.slice(0, cut)) + rig.push(bytes.slice(cut)),
        expected,
        `${input.slice(0, 40)} ${cut}`,
      );
    }
  }
  const rig = greeted();
  assert.match(rig.push("x".repeat(limits.commandOctetsMax + 1)), /^500 5\.5\.2 Line too long/);
  rig.push("y".repeat(limits.skippedLineOctetsMax + 10));
  assert.equal(rig.ended, "endless_line");
});

Deno.test("ServerSession hangs up on other protocols", () => {
  for (const line of ["GET / HTTP/1.1", "POST /x HTTP/1.1", "CONNECT a:25 HTTP/1.1", "Host: a.example"]) {
    const rig = new Rig();
    rig.push(`${line}\r\nEHLO c\r\n`);
    assert.equal(rig.ended, "foreign_protocol", line);
  }
});

Deno.test("ServerSession ends where BDAT does not say how much follows", () => {
  const rig = greeted();
  assert.match(rig.push("BDAT all\r\nMAIL FROM:<a@example.com>\r\n"), /^501 5\.5\.4 [^\r]*\r\n$/);
  assert.equal(rig.ended, "chunk_unknown");
});

Deno.test("ServerSession reads the octets of a BDAT that it refuses", () => {
  const rig = greeted({ tls: "required" });
  assert.equal(
    rig.push("BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n"),
    "530 5.7.0 Must issue a STARTTLS command first\r\n250 2.0.0 Ok\r\n",
  );
});

Deno.test("ServerSession ends with a BDAT that is too large to be thrown away", () => {
  const rig = greeted();
  rig.push("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.test>\r\n");
  assert.equal(rig.push("BDAT 999999999999\r\nxxx"), "552 5.3.4 Message exceeds the size limit\r\n");
  assert.equal(rig.ended, "text_too_long");
});

Deno.test("ServerSession drops a message between chunks on RSET, EHLO and QUIT", () => {
  for (const command of ["RSET", "EHLO c", "QUIT"]) {
    const rig = greeted();
    rig.push("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.test>\r\nBDAT 3\r\na\r\n");
    rig.push(`${command}\r\n`);
    assert.deepEqual(rig.drops, ["reset"]);
    rig.push("MAIL FROM:<c@example.com>\r\nRCPT TO:<d@example.test>\r\nBDAT 3 LAST\r\nb\r\n");
    assert.deepEqual(rig.messages.map((message) => message.text), command === "QUIT" ? [] : ["b\r\n"]);
  }
});

Deno.test("ServerSession refuses an over-size text at its end and goes on", () => {
  const rig = inData();
  const line = "x".repeat(98) + "\r\n";
  assert.equal(rig.push(line.repeat(10)), "");
  assert.deepEqual(rig.drops, []);
  assert.equal(rig.push(line), "");
  assert.deepEqual(rig.drops, ["too_large"]);
  assert.equal(rig.push(".\r\nNOOP\r\n"), "552 5.3.4 Message exceeds the size limit\r\n250 2.0.0 Ok\r\n");
  assert.equal(rig.messages.length, 0);
  // The limit itself is fine.
  const exact = inData();
  exact.push(line.repeat(10) + ".\r\n");
  assert.equal(exact.messages[0].step.octets, 1_000);
});

Deno.test("ServerSession gives a text up that is refused and does not end", () => {
  const rig = inData();
  const block = octets(("z".repeat(998) + "\r\n").repeat(1_000));
  let pushed = 0;
  while (rig.ended === undefined && pushed < 2 * limits.drainedOctetsMax) {
    rig.push(block);
    pushed += block.length;
  }
  assert.equal(rig.ended, "text_too_long");
  assert.ok(pushed <= limits.drainedOctetsMax + 3 * block.length);
});

Deno.test("ServerSession finds a message that goes round in circles", () => {
  const fields = "Received: by x\r\n";
  const good = inData({ messageOctetsMax: 1e6 });
  good.push(fields.repeat(limits.receivedFieldsMax) + "\r\n" + fields.repeat(200) + ".\r\n");
  assert.equal(good.messages.length, 1);
  const bad = inData({ messageOctetsMax: 1e6 });
  assert.match(bad.push(fields.repeat(limits.receivedFieldsMax + 1) + "\r\n.\r\n"), /^554 5\.4\.6 /);
  assert.deepEqual(bad.drops, ["loop"]);
});

Deno.test("ServerSession.refuseText reads to the end and answers then", () => {
  const rig = inData();
  rig.push("Subject: x\r\n");
  rig.session.refuseText(reply(452, "4.3.1", "No room"), { reason: "full", text: "x" });
  assert.equal(rig.push("more\r\n"), "");
  assert.equal(rig.push(".\r\n"), "452 4.3.1 No room\r\n");
  assert.deepEqual(rig.drops, ["full"]);
});

Deno.test("ServerSession says eightBit where the text is, whatever BODY says", () => {
  for (
    const [parameter, text, eightBit] of [["", "ä", true], [" BODY=7BIT", "xxä", true], ["", "x", false], [
      " BODY=8BITMIME",
      "x",
      true,
    ]] as const
  ) {
    const rig = greeted();
    rig.push(`MAIL FROM:<a@example.com>${parameter}\r\nRCPT TO:<b@example.test>\r\nDATA\r\n${text}\r\n.\r\n`);
    assert.equal(rig.messages[0].envelope.eightBit, eightBit);
  }
});

Deno.test("ServerSession survives anything, answers in form, and does not care how bytes are cut", () => {
  const words = [
    "EHLO c\r\n",
    "HELO c\r\n",
    "MAIL FROM:<a@example.com>\r\n",
    "MAIL FROM:<> SMTPUTF8\r\n",
    "RCPT TO:<b@example.test>\r\n",
    "RCPT TO:<b@refused.test>\r\n",
    "DATA\r\n",
    ".\r\n",
    "\r\n.\r\n",
    "x: y\r\n",
    "BDAT 5\r\n12345",
    "BDAT 4 LAST\r\nab\r\n",
    "RSET\r\n",
    "NOOP\r\n",
    "\n",
    "\r",
    "\0",
    "ä",
    ".",
    " ",
  ];
  for (let seed = 1; seed <= 300; seed++) {
    const random = seededRandom(seed);
    let input = "EHLO c\r\n";
    for (let n = 0; n < 60; n++) input += words[Math.floor(random.fraction() * words.length)];
    const bytes = octets(input);
    const options = { fixBareLineEnds: seed % 2 === 0, messageOctetsMax: 60 };
    const one = new Rig(options);
    const whole = one.push(bytes);
    const two = new Rig(options);
    let pieces = "";
    for (let at = 0; at < bytes.length;) {
      const step = 1 + Math.floor(random.fraction() * 9);
      pieces += two.push(bytes.slice(at, at + step));
      at += step;
    }
    // Text with two faults is refused for the one that was seen first, which depends on the cut.
    const refusals = /^(?:552 5\.3\.4|550 5\.6\.[0-9]+) .*$/gm;
    assert.equal(pieces.replace(refusals, "refused"), whole.replace(refusals, "refused"), `seed ${seed}`);
    assert.deepEqual(two.messages, one.messages, `seed ${seed}`);
    assert.equal(two.ended, one.ended, `seed ${seed}`);
    for (const line of whole.split("\r\n").slice(0, -1)) {
      assert.match(line, /^[2-5][0-9]{2}[ -][ -~]*$/, `seed ${seed}`);
    }
    for (const { text } of one.messages) assert.doesNotMatch(text, /\r(?!\n)|(?<!\r)\n|\0/, `seed ${seed}`);
  }
});
