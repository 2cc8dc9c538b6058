/** Recipients that somebody is asked about: what clients hear, what is counted, and that commands stay in their order. */
import assert from "node:assert/strict";
import type { RecipientAnswer, RecipientQuestion } from "../../src/mail/recipient_check.ts";
import { AcceptRig, type RigOptions } from "./accept_rig.ts";

const by = "LDAP query staff.accept";

/** Somebody who knows those whose names begin with `b`, and does not answer about `late`. */
function asked(options: RigOptions = {}): { rig: AcceptRig; questions: RecipientQuestion[] } {
  const questions: RecipientQuestion[] = [];
  const { listener, ...rest } = options;
  const rig = new AcceptRig({
    listener: { recipient_validation: "staff", ...listener },
    recipients: {
      check(question): Promise<RecipientAnswer> {
        questions.push(question);
        const { address } = question;
        if (address.startsWith("late")) return Promise.resolve({ kind: "temporary", by, text: "nobody is there" });
        return Promise.resolve({ kind: address.startsWith("b") ? "known" : "unknown", by });
      },
    },
    ...rest,
  });
  return { rig, questions };
}

const usual = {
  name: "staff",
  urls: [],
  starttls: true,
  base: "dc=t",
  bind: { kind: "anonymous" },
  certificate: null,
  queries: new Map(),
  timeout: 1,
  cache: 1,
} as const;

Deno.test("recipient validation: who is unknown gets 550 5.1.1, and the table is asked first", async () => {
  const { rig, questions } = asked();
  const client = await rig.greeted();
  await client.say("MAIL FROM:<a@example.net>\r\n", "250");
  assert.equal(await client.say("RCPT TO:<b@example.test>\r\n"), "250 2.1.5 Recipient ok\r\n");
  assert.equal(await client.say("RCPT TO:<x@example.test>\r\n"), "550 5.1.1 <x@example.test> User unknown\r\n");
  assert.match(await client.say("RCPT TO:<b@elsewhere.test>\r\n"), /^550 5\.1\.0 /);
  assert.equal(await client.say("RCPT TO:<postmaster>\r\n"), "250 2.1.5 Recipient ok\r\n");
  assert.deepEqual(questions, ["b", "x"].map((local) => ({ service: "staff", address: `${local}@example.test` })));
  const about = rig.lines.filter((line) => line.includes("To: <"));
  assert.deepEqual(about, [
    "Info: MID 1 ICID 1 RID 0 To: <b@example.test>",
    "Info: MID 1 ICID 1 To: <x@example.test> Rejected by LDAP query staff.accept",
    "Info: MID 1 ICID 1 To: <b@elsewhere.test> Rejected by RAT",
    "Info: MID 1 ICID 1 RID 1 To: <postmaster>",
  ]);
  await rig.end();
});

Deno.test("recipient validation: pipelined commands keep their order, and their replies leave together", async () => {
  const { rig } = asked();
  const client = await rig.greeted();
  const commands = "MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.test>\r\nRCPT TO:<x@example.test>\r\n" +
    "RCPT TO:<b2@example.test>\r\nRCPT TO:<late@example.test>\r\nDATA\r\n";
  const replies = await client.say(commands, "354");
  assert.deepEqual(replies.trimEnd().split("\r\n").map((line) => line.slice(0, 9)), [
    "250 2.1.0",
    "250 2.1.5",
    "550 5.1.1",
    "250 2.1.5",
    "451 4.4.3",
    "354 Go ah",
  ]);
  assert.match(await client.say("Subject: x\r\n\r\nx\r\n.\r\n"), /^250 /);
  assert.deepEqual(
    rig.spool.stored.map(({ envelope }) => envelope.recipients.map(({ rid, address }) => [rid, address])),
    [
      [[0, "b@example.test"], [1, "b2@example.test"]],
    ],
  );
  await rig.end();
});

Deno.test("recipient validation: without an answer recipients are deferred, or taken where the service says so", async () => {
  const deferring = asked();
  const client = await deferring.rig.greeted();
  await client.say("MAIL FROM:<a@example.net>\r\n", "250");
  assert.equal(
    await client.say("RCPT TO:<late@example.test>\r\n"),
    "451 4.4.3 Cannot verify the recipient now, try again later\r\n",
  );
  assert.ok(
    deferring.rig.lines.includes(
      "Info: MID 1 ICID 1 To: <late@example.test> Rejected by LDAP query staff.accept, which has no answer",
    ),
  );
  assert.equal(deferring.rig.rates.invalid.count("192.0.2.7"), 0, "nobody is to blame");
  await deferring.rig.end();

  const { rig } = asked({ ldap: new Map([["staff", { ...usual, on_temporary_failure: "accept" }]]) });
  const other = await rig.greeted();
  await other.say("MAIL FROM:<a@example.net>\r\n", "250");
  assert.equal(await other.say("RCPT TO:<late@example.test>\r\n"), "250 2.1.5 Recipient ok\r\n");
  assert.ok(
    rig.lines.includes("Info: ICID 1 RCPT taken unchecked: <late@example.test>, LDAP query staff.accept has no answer"),
  );
  await rig.end();
});

Deno.test("recipient validation: nobody is asked for relays, for rows that say so, nor where no listener wants it", async () => {
  for (
    const options of [
      { policy: { action: "relay" } },
      { listener: { recipient_validation: null } },
      {
        listener: {
          recipients: [{ address: "example.test", action: "accept", bypass_recipient_validation: true, line: 1 }],
        },
      },
    ] as const
  ) {
    const { rig, questions } = asked(options);
    const client = await rig.greeted();
    await client.say("MAIL FROM:<a@example.net>\r\n", "250");
    assert.match(await client.say("RCPT TO:<x@example.test>\r\n"), /^250 /);
    assert.deepEqual(questions, []);
    await rig.end();
  }
});

Deno.test("attack: a harvest of addresses ends the session, and the address gets nothing more in this hour", async () => {
  const { rig, questions } = asked({ policy: { max_invalid_recipients_per_hour: 3 } });
  const client = await rig.greeted();
  await client.say("MAIL FROM:<a@example.net>\r\n", "250");
  const replies = await client.say(
    Array.from({ length: 6 }, (_, at) => `RCPT TO:<x${at}@example.test>\r\n`).join(""),
    "421",
  );
  assert.deepEqual(replies.match(/^\d{3} \d\.\d\.\d/gm), ["550 5.1.1", "550 5.1.1", "550 5.1.1", "421 4.7.1"]);
  assert.equal(questions.length, 4, "the rest is not even asked");
  const again = rig.connect();
  assert.match(await again.rest(), /^421 4\.7\.1 /);
  await rig.end();
});

Deno.test("recipient validation: a client that leaves while somebody is asked leaves nothing behind", async () => {
  const gate = Promise.withResolvers<RecipientAnswer>();
  const rig = new AcceptRig({
    listener: { recipient_validation: "staff" },
    recipients: { check: () => gate.promise },
  });
  const client = await rig.greeted();
  await client.conn.write(new TextEncoder().encode("MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.test>\r\n"));
  await rig.clock.advance(1);
  client.conn.close();
  gate.resolve({ kind: "known", by });
  await rig.clock.advance(1);
  assert.ok(rig.lines.includes("Info: ICID 1 lost"), rig.lines.join("\n"));
  assert.equal(rig.acceptor.sessions, 0);
  await rig.end();
});
