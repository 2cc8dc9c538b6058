/**
 * What clients are told under pressure, and how long the slow ones may stay.
 */
import assert from "node:assert/strict";
import { calmSamples, sampleMs, sessionsAlways } from "../../src/base/pressure.ts";
import { limits } from "../../src/base/limits.ts";
import { SpoolFullError } from "../../src/queue/spool.ts";
import { settled } from "../support/fake_clock.ts";
import { writeText } from "../support/pipe.ts";
import { AcceptRig, type Client, type RigOptions, transaction } from "./accept_rig.ts";

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

/** So many sessions, each from an address of its own. */
function crowd(rig: AcceptRig, count: number): Promise<Client[]> {
  const address = (n: number) => ({ client: { address: `198.51.100.${n}`, port: 1 } });
  return Promise.all(Array.from({ length: count }, (_, n) => rig.greeted(address(n))));
}

const calm = calmSamples * sampleMs;

for (
  const [kind, machine, words] of [
    ["queue", { messages: 100 }, "Too many messages are queued, try again later"],
    ["disk", { space: { octets: 999, inodes: 1e6 } }, "Too little disk space, try again later"],
    ["inodes", { space: { octets: 1e6, inodes: 99 } }, "Too little disk space, try again later"],
  ] as [string, Partial<AcceptRig["machine"]>, string][]
) {
  test(
    `Acceptor says 452 to MAIL under pressure of ${kind}, keeps sessions, and serves when it is gone`,
    {},
    async (rig) => {
      const before = structuredClone(rig.machine);
      const inText = await rig.greeted();
      await inText.say(transaction, "354");
      const client = await rig.greeted();
      Object.assign(rig.machine, machine);
      await rig.clock.advance(sampleMs);
      for (let time = 0; time < 50; time++) {
        assert.equal(await client.say("MAIL FROM:<a@example.com>\r\n"), `452 4.3.1 ${words}\r\n`);
      }
      assert.match(await client.say("RCPT TO:<b@example.test>\r\n"), /^503 /);
      const notes = () => rig.lines.filter((line) => line.startsWith("Info: ICID 2 MAIL refused: too ")).length;
      assert.equal(notes(), 1, "a line a session");
      assert.match(await (await rig.greeted()).say("MAIL FROM:<>\r\n"), /^452 4\.3\.1 /);
      assert.equal(await inText.say("x\r\n.\r\n"), "250 2.0.0 Ok: queued as 1\r\n", "what has begun goes on");
      Object.assign(rig.machine, before);
      await rig.clock.advance(calm);
      await client.say(transaction, "354");
      assert.match(await client.say("x\r\n.\r\n"), /^250 /);
      const loud = rig.lines.filter((line) => !line.startsWith("Info: "));
      assert.equal(loud.length, 2, loud.join("\n"));
      assert.match(loud[0], /^Critical: Pressure: .*; MAIL gets 452$/);
      assert.match(loud[1], /^Warning: Pressure is gone after 3 s: .*; 51 messages were turned away$/);
    },
  );
}

test(
  "Acceptor lets a blackhole go on under pressure of the queue",
  { listener: { type: "blackhole" } },
  async (rig) => {
    rig.machine.messages = 1_000;
    await rig.clock.advance(sampleMs);
    const client = await rig.greeted();
    await client.say(transaction, "354");
    assert.match(await client.say("x\r\n.\r\n"), /^250 /);
  },
);

test("Acceptor says 421 in the greeting under pressure of memory, and sessions go on", {}, async (rig) => {
  const [client] = await crowd(rig, sessionsAlways);
  rig.machine.memory = 1_000;
  await rig.clock.advance(sampleMs);
  for (let time = 0; time < 3; time++) {
    const late = rig.connect();
    assert.equal(await late.rest(), "421 4.3.2 gw.example.test Short of memory, try again later\r\n");
  }
  await client.say(transaction, "354");
  assert.match(await client.say("x\r\n.\r\n"), /^250 /);
  rig.machine.memory = 0;
  await rig.clock.advance(calm);
  await rig.greeted();
  const loud = rig.lines.filter((line) => !line.startsWith("Info: "));
  assert.equal(loud.length, 2, loud.join("\n"));
  assert.match(loud[1], /: too much memory in use; 3 connections were turned away$/);
  assert.ok(rig.lines.includes(`Info: ICID ${sessionsAlways + 1} too much memory in use`));
});

test("Acceptor tells a disk that stays full by a line, one a minute, and one when it has room", {}, async (rig) => {
  const client = await rig.greeted();
  const store = async (code: string) => {
    await client.say(transaction, "354");
    assert.match(await client.say("x\r\n.\r\n"), new RegExp(`^${code} `));
  };
  rig.spool.failPut = new SpoolFullError("the disk is full");
  for (let second = 0; second < 8; second++) {
    await store("452");
    await rig.clock.advance(10_000);
  }
  rig.spool.failPut = undefined;
  await store("250");
  await rig.clock.advance(11_000);
  assert.deepEqual(rig.lines.filter((line) => !line.startsWith("Info: ")), [
    "Critical: Cannot store MID 1: the disk is full",
    "Critical: Cannot store MID 7: the disk is full; 5 more since the last such line",
    "Warning: Messages can be stored again: 8 failures within 70 s",
  ]);
  assert.equal(
    rig.lines.filter((line) => line.startsWith("Info: Message aborted MID ")).length,
    8,
    "each has its line",
  );
});

test("Acceptor ends text that trickles long before its transaction's hour", {}, async (rig) => {
  const client = await rig.greeted();
  await client.say(transaction, "354");
  // An octet every 10 s never stalls for five minutes, and is too slow all the same.
  let alive = 0;
  for (; alive < 1_000 && rig.acceptor.sessions > 0; alive += 10) {
    await writeText(client.conn, "x").catch(() => {});
    await rig.clock.advance(10_000);
  }
  assert.ok(alive >= limits.serverDataMs / 1_000 && alive < limits.serverDataMs / 1_000 + 30, `${alive} s`);
  assert.equal(rig.spool.drafts.size, 0);
});

test("Acceptor lets text of an honest modem come for as long as it takes", {}, async (rig) => {
  const client = await rig.greeted();
  await client.say(transaction, "354");
  const line = "x".repeat(98) + "\r\n";
  for (let second = 0; second < 1_200; second += 100) {
    await writeText(client.conn, line.repeat(110));
    await rig.clock.advance(100_000);
  }
  assert.match(await client.say(".\r\n"), /^250 /);
});

test("Acceptor ends a transaction of chunks of an octet within its hour", {}, async (rig) => {
  const client = await rig.greeted();
  await client.say("MAIL FROM:<a@example.com>\r\n");
  await client.say("RCPT TO:<b@example.test>\r\n");
  let alive = 0;
  for (; alive < 2 * limits.serverTransactionMs && rig.acceptor.sessions > 0; alive += 240_000) {
    await writeText(client.conn, "BDAT 1\r\nx").catch(() => {});
    await rig.clock.advance(240_000);
  }
  assert.ok(alive <= limits.serverTransactionMs + 240_000, `${alive} ms`);
  assert.equal(rig.spool.drafts.size, 0);
});

test(
  "Acceptor has less patience while most places are taken, and the old one when they are not",
  { limits: { max_sessions: 40 } },
  async (rig) => {
    const few = await crowd(rig, 29);
    await rig.clock.advance(limits.serverCrowdedMs + 2_000);
    assert.equal(rig.acceptor.sessions, 29, "29 of 40 are no crowd");
    // Ten slow-lorises more: each sends an octet now and then.
    const lorises = await Promise.all(Array.from({ length: 10 }, () => rig.greeted()));
    const busy = few[0];
    for (let time = 0; time < limits.serverCrowdedMs + 3_000; time += 3_000) {
      await Promise.all(lorises.map((loris) => writeText(loris.conn, "N").catch(() => {})));
      assert.match(await busy.say("RSET\r\n"), /^250 /);
      await rig.clock.advance(3_000);
    }
    assert.equal(rig.acceptor.sessions, 11, "the busy one stays, and those who came last");
    assert.match(await few[1].rest(), /^421 4\.4\.2 /);
    await rig.clock.advance(60_000);
    assert.equal(rig.acceptor.sessions, 11, "no crowd any more");
    await settled();
  },
);

test(
  "Acceptor bounds how many slow sessions one address holds, and others have room",
  { policy: { max_connections_per_ip: 10 } },
  async (rig) => {
    const slow = Array.from({ length: 50 }, () => rig.connect());
    await settled();
    assert.equal(rig.acceptor.sessions, 10);
    assert.match(await slow[49].rest(), /^421 4\.7\.0 /);
    await rig.greeted({ client: { address: "192.0.2.99", port: 1 } });
    await rig.clock.advance(limits.serverCommandMs + 1_000);
    assert.equal(rig.acceptor.sessions, 0);
  },
);
