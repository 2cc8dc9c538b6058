import assert from "node:assert/strict";
import type { RigOptions } from "./accept_rig.ts";
import { AcceptRig, groupOf, transaction } from "./accept_rig.ts";
import { limits } from "../../src/base/limits.ts";
import { SpoolFullError } from "../../src/queue/spool.ts";
import type { StartTls } from "../../src/accept/service.ts";
import { settled } from "../support/fake_clock.ts";
import { writeText } from "../support/pipe.ts";

/** A test with its own rig, ended behind it. */
function test(name: string, options: RigOptions, body: (rig: AcceptRig) => Promise<void>): void {
  Deno.test(name, async () => {
    const rig = new AcceptRig(options);
    try {
      await body(rig);
    } finally {
      await rig.end();
    }
    assert.equal(rig.acceptor.sessions, 0);
    assert.equal(rig.clock.timers, 0, "a timer is left");
  });
}

const message = "Message-ID: <1@x>\r\nSubject: it's\r\n\r\n..dot\r\n.\r\n";

test("Acceptor takes a message and logs its life", {}, async (rig) => {
  const client = await rig.greeted();
  assert.match(await client.say(transaction, "354"), /^250 2\.1\.0 .*\r\n250 2\.1\.5 .*\r\n354 /);
  assert.equal(await client.say(message), "250 2.0.0 Ok: queued as 1\r\n");
  assert.equal(await client.say("QUIT\r\n"), "221 2.0.0 Bye\r\n");
  assert.equal(await client.rest(), "");
  await settled();
  assert.deepEqual(rig.lines, [
    "Info: New SMTP ICID 1 interface inbound (127.0.0.1) address 192.0.2.7 reverse dns host client.example.com verified yes",
    "Info: ICID 1 ACCEPT SG ALL match ALL",
    "Info: Start MID 1 ICID 1",
    "Info: MID 1 ICID 1 From: <a@example.com>",
    "Info: MID 1 ICID 1 RID 0 To: <b@example.test>",
    "Info: MID 1 Message-ID '<1@x>'",
    "Info: MID 1 Subject 'it\\'s'",
    "Info: MID 1 ready 42 bytes from <a@example.com>",
    "Info: MID 1 queued for delivery",
    "Info: ICID 1 close",
  ]);
  const [{ text, envelope }] = rig.spool.stored;
  assert.equal(
    text,
    "Received: from client.example.com (client.example.com [192.0.2.7])\r\n" +
      "\tby gw.example.test with ESMTP id 1\r\n\tfor <b@example.test>;\r\n\tSat, 22 Nov 2025 01:20:00 +0000\r\n" +
      "Message-ID: <1@x>\r\nSubject: it's\r\n\r\n.dot\r\n",
  );
  assert.deepEqual(envelope.recipients, [{ rid: 0, address: "b@example.test" }]);
});

test("Acceptor says 250 only when the queue has the message", {}, async (rig) => {
  const gate = Promise.withResolvers<void>();
  rig.spool.gate = gate.promise;
  const client = await rig.greeted();
  await client.say(transaction, "354");
  let answered = false;
  const answer = client.say(".\r\n").then((text) => {
    answered = true;
    return text;
  });
  await settled();
  assert.equal(answered, false);
  gate.resolve();
  assert.equal(await answer, "250 2.0.0 Ok: queued as 1\r\n");
});

test("Acceptor answers commands that come together in one write", {}, async (rig) => {
  const client = await rig.greeted();
  const writes: number[] = [];
  await writeText(client.conn, transaction);
  const buffer = new Uint8Array(1_000);
  writes.push((await client.conn.read(buffer))!);
  assert.match(new TextDecoder().decode(buffer.subarray(0, writes[0])), /^250 .*\r\n250 .*\r\n354 .*\r\n$/);
  assert.equal(await client.say("x\r\n.\r\nQUIT\r\n", "221"), "250 2.0.0 Ok: queued as 1\r\n221 2.0.0 Bye\r\n");
});

test("Acceptor refuses recipients that the table does not take", {}, async (rig) => {
  const client = await rig.greeted();
  await client.say("MAIL FROM:<a@example.com>\r\n");
  assert.equal(await client.say("RCPT TO:<x@elsewhere.test>\r\n"), "550 5.1.0 <x@elsewhere.test> Address rejected\r\n");
  assert.match(await client.say("RCPT TO:<Postmaster>\r\n"), /^250 /);
  assert.ok(rig.lines.includes("Info: MID 1 ICID 1 To: <x@elsewhere.test> Rejected by RAT"));
});

test("Acceptor relays for a policy that relays", { policy: { action: "relay" } }, async (rig) => {
  const client = await rig.greeted();
  await client.say("MAIL FROM:<a@example.com>\r\n");
  assert.match(await client.say("RCPT TO:<x@elsewhere.test>\r\n"), /^250 /);
  assert.ok(rig.lines.includes("Info: ICID 1 RELAY SG ALL match ALL"));
});

test("Acceptor refuses in the greeting and waits a minute for QUIT", { policy: { action: "reject" } }, async (rig) => {
  const client = rig.connect();
  assert.equal(await client.hear(), "554 5.7.1 Access denied\r\n");
  await rig.clock.advance(limits.refusedSessionMs / 2);
  assert.match(await client.say("EHLO c\r\n"), /^503 /);
  await rig.clock.advance(limits.refusedSessionMs / 2 + 2_000);
  assert.match(await client.rest(), /^421 4\.4\.2 /);
  assert.ok(rig.lines.includes("Info: ICID 1 REJECT SG ALL match ALL"));
});

test("Acceptor hangs up on whom the policy refuses on TCP", { policy: { action: "tcp_refuse" } }, async (rig) => {
  assert.equal(await rig.connect().rest(), "");
  await settled();
  assert.deepEqual(rig.lines.slice(1), ["Info: ICID 1 TCPREFUSE SG ALL match ALL", "Info: ICID 1 close"]);
});

test("Acceptor throws mail to a blackhole away", { listener: { type: "blackhole" } }, async (rig) => {
  const client = await rig.greeted();
  await client.say(transaction, "354");
  assert.match(await client.say(message), /^250 2\.0\.0 /);
  assert.equal(rig.spool.drafts.size + rig.spool.stored.length, 0);
  assert.ok(rig.lines.includes("Info: MID 1 ready 42 bytes from <a@example.com>"));
  assert.ok(rig.lines.includes("Info: Message finished MID 1 done"));
});

for (
  const [name, options, reply, note] of [
    ["a listener's max_connections", { listener: { max_connections: 1 } }, /^421 4\.3\.2 /, "to this listener"],
    ["max_sessions", { limits: { max_sessions: 1 } }, /^421 4\.3\.2 /, "too many sessions"],
    ["max_connections_per_ip", { policy: { max_connections_per_ip: 1 } }, /^421 4\.7\.0 /, "from this address"],
  ] as [string, RigOptions, RegExp, string][]
) {
  test(`Acceptor keeps ${name}, and takes others when there is room again`, options, async (rig) => {
    const first = await rig.greeted();
    const second = rig.connect();
    assert.match(await second.rest(), reply);
    await settled();
    assert.ok(rig.lines.some((line) => line.startsWith("Info: ICID 2 ") && line.includes(note)), rig.lines.join("\n"));
    assert.ok(rig.lines.includes("Info: ICID 2 close"));
    await first.say("QUIT\r\n");
    await settled();
    await rig.greeted();
  });
}

test("Acceptor counts connections by address", { policy: { max_connections_per_ip: 1 } }, async (rig) => {
  await rig.greeted();
  await rig.greeted({ client: { address: "192.0.2.8", port: 1 } });
});

test("Acceptor says 421 to a client that stalls", {}, async (rig) => {
  const client = await rig.greeted();
  await rig.clock.advance(limits.serverCommandMs - 2_000);
  assert.equal(await client.say("NOOP\r\n"), "250 2.0.0 Ok\r\n");
  await rig.clock.advance(limits.serverCommandMs - 2_000);
  await writeText(client.conn, "NO");
  await rig.clock.advance(4_000);
  assert.equal(await client.rest(), "421 4.4.2 gw.example.test Timed out\r\n");
  await settled();
  assert.deepEqual(rig.lines.slice(-2), ["Info: ICID 1 timed out", "Info: ICID 1 close"]);
});

test("Acceptor does not take octets for progress", {}, async (rig) => {
  const client = await rig.greeted();
  for (let n = 0; n < 6; n++) {
    await writeText(client.conn, "N").catch(() => {});
    await rig.clock.advance(limits.serverCommandMs / 5);
  }
  assert.match(await client.rest(), /^421 4\.4\.2 /);
});

test("Acceptor ends text that comes too slowly, and leaves nothing behind", {}, async (rig) => {
  const client = await rig.greeted();
  await client.say(transaction, "354");
  const slow = limits.serverDataMs - 2_000;
  for (let passed = 0; passed < limits.serverTransactionMs + slow; passed += slow) {
    await writeText(client.conn, "x\r\n").catch(() => {});
    await rig.clock.advance(slow);
  }
  assert.match(await client.rest(), /^421 4\.4\.2 /);
  assert.equal(rig.spool.drafts.size, 0);
  assert.equal(rig.spool.aborted, 1);
  assert.ok(rig.lines.includes("Info: Message aborted MID 1 the client stalled"));
});

test("Acceptor bounds a client that reads nothing", {}, async (rig) => {
  const client = rig.connect({ capacity: 1 });
  await settled();
  await writeText(client.conn, "EHLO c\r\n");
  await settled();
  await rig.clock.advance(limits.serverWriteMs + 1_000);
  assert.equal(rig.acceptor.sessions, 0);
  assert.ok(rig.lines.includes("Info: ICID 1 lost"));
});

test("Acceptor throws away what a lost connection began", {}, async (rig) => {
  const client = await rig.greeted();
  await client.say(transaction, "354");
  await writeText(client.conn, "half a li");
  await settled();
  assert.equal(rig.spool.drafts.size, 1);
  client.conn.close();
  await settled();
  assert.equal(rig.spool.drafts.size, 0);
  assert.deepEqual(rig.lines.slice(-2), [
    "Info: Message aborted MID 1 the client closed the connection",
    "Info: ICID 1 lost",
  ]);
});

test("Acceptor says 452 and a Critical line when there is no room, and serves again when there is", {}, async (rig) => {
  const client = await rig.greeted();
  rig.spool.failPut = new SpoolFullError("the disk is full");
  await client.say(transaction, "354");
  assert.equal(await client.say(".\r\n"), "452 4.3.1 No room to store the message\r\n");
  assert.ok(rig.lines.includes("Critical: Cannot store MID 1: the disk is full"));
  rig.spool.failPut = undefined;
  rig.spool.failWrite = new SpoolFullError("the disk is full");
  await client.say(transaction, "354");
  assert.equal(await client.say("x\r\n.\r\n"), "452 4.3.1 No room to store the message\r\n");
  assert.equal(rig.spool.drafts.size, 0);
  rig.spool.failWrite = new Error("I/O error");
  await client.say(transaction, "354");
  assert.equal(await client.say("x\r\n.\r\n"), "451 4.3.0 Cannot store the message now\r\n");
  rig.spool.failWrite = undefined;
  await client.say(transaction, "354");
  assert.equal(await client.say("x\r\n.\r\n"), "250 2.0.0 Ok: queued as 4\r\n");
  assert.equal(rig.spool.stored.length, 1);
});

test("Acceptor ends a session whose message has lone line ends", {}, async (rig) => {
  const client = await rig.greeted();
  await client.say(transaction, "354");
  await writeText(client.conn, "x\r\n\n.\r\nMAIL FROM:<evil@example.com>\r\n.\r\nNOOP\r\n");
  assert.match(await client.rest(), /^550 5\.6\.11 [^\r]*\r\n$/);
  assert.equal(rig.spool.stored.length, 0);
  assert.equal(rig.spool.drafts.size, 0);
});

test("Acceptor waits for the queue where the queue is slow", {}, async (rig) => {
  const gate = Promise.withResolvers<void>();
  rig.spool.slow = () => gate.promise;
  const client = await rig.greeted();
  await client.say(transaction, "354");
  const answer = client.say("x\r\n.\r\n");
  await rig.clock.advance(limits.serverDataMs / 2);
  gate.resolve();
  assert.match(await answer, /^250 /);
});

test("Acceptor waits for the client's name, but not longer than dns.timeout", {
  reverse: () => new Promise(() => {}),
}, async (rig) => {
  const client = rig.connect();
  let greeting = "";
  const heard = client.hear().then((text) => greeting = text);
  await rig.clock.advance(4_900);
  assert.equal(greeting, "");
  await rig.clock.advance(200);
  await heard;
  assert.equal(greeting, "220 gw.example.test ESMTP\r\n");
  assert.match(rig.lines[0], /reverse dns host unknown verified no$/);
});

test("Acceptor lets only a verified name match", {
  listener: {
    sender_groups: [
      groupOf("FRIENDS", [".example.com"], { policy: "next" }),
      groupOf("BYNAME", ["client.example.com"]),
      groupOf("ALL", ["ALL"]),
    ],
  },
  reverse: (address) => Promise.resolve({ host: "client.example.com", verified: address === "192.0.2.8" }),
}, async (rig) => {
  await rig.greeted();
  await rig.greeted({ client: { address: "192.0.2.8", port: 2 } });
  assert.ok(rig.lines.includes("Info: ICID 1 ACCEPT SG ALL match ALL"));
  assert.ok(rig.lines.includes("Info: ICID 2 ACCEPT SG BYNAME match client.example.com"));
});

const facts = {
  protocol: "TLSv1.3",
  cipher: "TLS_AES_256_GCM_SHA384",
  bits: 256,
  resumed: false,
  certificate: false,
  chain: { trusted: true },
  certificates: () => [],
  builtChain: () => ({ certificates: [] }),
  matches: () => false,
} as const;
const startTls: StartTls = (conn) => Promise.resolve({ kind: "done", conn, facts });

test("Acceptor starts TLS where it is required", { policy: { tls: "required" }, startTls }, async (rig) => {
  const client = await rig.greeted();
  assert.match(await client.say("MAIL FROM:<a@example.com>\r\n"), /^530 5\.7\.0 /);
  await client.say("STARTTLS\r\n", "220");
  assert.match(await client.say("EHLO c\r\n", "250"), /^250-gw/);
  await client.say(transaction, "354");
  assert.match(await client.say(".\r\n"), /^250 /);
  assert.match(rig.spool.stored[0].text, /with ESMTPS id 1/);
  assert.ok(rig.lines.includes("Info: ICID 1 TLS success protocol TLSv1.3 cipher TLS_AES_256_GCM_SHA384"));
});

test("Acceptor starts smtps with TLS", { listener: { transport: "smtps" }, startTls }, async (rig) => {
  const client = rig.connect();
  assert.equal(await client.hear(), "220 gw.example.test ESMTP\r\n");
  assert.ok(!(await client.say("EHLO c\r\n", "250")).includes("STARTTLS"));
  assert.match(await client.say("STARTTLS\r\n"), /^503 /);
});

test("Acceptor says nothing in clear on smtps", {
  listener: { transport: "smtps", max_connections: 1 },
  startTls: () =>
    Promise.resolve({ kind: "failed", failure: { code: 1, error: "error:1:x::http request", reason: "not_tls" } }),
}, async (rig) => {
  assert.equal(await rig.connect().rest(), "");
  await settled();
  assert.ok(rig.lines.includes("Info: ICID 1 TLS failed: (1, 'error:1:x::http request')"));
  rig.connect();
  assert.equal(await rig.connect().rest(), "");
});

test("Acceptor ends the session when the handshake fails, or commands were smuggled in front of it", {
  startTls: () =>
    Promise.resolve({ kind: "failed", failure: { code: 5, error: "error:5:x::bad", reason: "version_mismatch" } }),
}, async (rig) => {
  const first = await rig.greeted();
  await writeText(first.conn, "STARTTLS\r\n");
  assert.equal(await first.rest(), "220 2.0.0 Ready to start TLS\r\n");
  const second = await rig.greeted();
  await writeText(second.conn, "STARTTLS\r\nEHLO evil\r\n");
  assert.match(await second.rest(), /^554 5\.7\.0 [^\r]*\r\n$/);
  await settled();
  assert.ok(rig.lines.includes("Info: ICID 1 TLS failed: (5, 'error:5:x::bad')"));
  assert.ok(rig.lines.includes("Info: ICID 2 TLS failed: (0, 'commands in clear behind STARTTLS')"));
});

test("Acceptor.shutdown tells idle sessions and lets transactions finish", {}, async (rig) => {
  const idle = await rig.greeted();
  const busy = await rig.greeted();
  await busy.say(transaction, "354");
  const ended = rig.acceptor.shutdown();
  assert.equal(await idle.rest(), "421 4.3.2 gw.example.test Service shutting down\r\n");
  await rig.clock.advance(5_000);
  assert.equal(
    await busy.say("x\r\n.\r\n", "421"),
    "250 2.0.0 Ok: queued as 1\r\n421 4.3.2 gw.example.test Service shutting down\r\n",
  );
  await ended;
});

test("Acceptor.shutdown cuts what does not finish in time", {}, async (rig) => {
  const busy = await rig.greeted();
  await busy.say(transaction, "354");
  const ended = rig.acceptor.shutdown();
  await rig.clock.advance(limits.shutdownMs + 100);
  await ended;
  assert.equal(rig.spool.drafts.size, 0);
  assert.equal(rig.acceptor.sessions, 0);
});

test("Acceptor gives new sessions a new service and lets running ones keep theirs", {}, async (rig) => {
  const before = await rig.greeted();
  rig.open.service = {
    ...rig.open.service,
    listener: { ...rig.open.service.listener, hostname: "new.example.test" },
  };
  assert.match(await before.say("HELO c\r\n"), /gw\.example\.test/);
  assert.equal(await rig.connect().hear(), "220 new.example.test ESMTP\r\n");
});

test("Acceptor lets no client forge a log line", { policy: { action: "relay" } }, async (rig) => {
  const client = await rig.greeted();
  await client.say("MAIL FROM:<a@example.com> SMTPUTF8\r\n");
  assert.match(await client.say('RCPT TO:<"x\\ y"@example.test>\r\n'), /^250 /);
  await client.say("DATA\r\n", "354");
  await client.say("Subject: a\r\n\tb\x1b[31m\x7f\r\nMessage-ID: <\u2028>\r\n\r\n.\r\n");
  // deno-lint-ignore no-control-regex
  for (const line of rig.lines) assert.doesNotMatch(line, /[\x00-\x1f\x7f\u2028]/);
});

test("Acceptor tells the operator of a fault of its own, and lets nobody in by it", {
  listener: { sender_groups: [groupOf("NET", ["10.0.0.0/8"])] },
}, async (rig) => {
  assert.equal(await rig.connect().rest(), "");
  await settled();
  assert.ok(rig.lines.includes("Critical: Cannot serve ICID 1: Cannot judge a client: no sender group takes it"));
});
