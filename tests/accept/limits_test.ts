import assert from "node:assert/strict";
import { hourMs } from "../../src/rates/hourly_counts.ts";
import { makeService } from "../../src/accept/service.ts";
import { settled } from "../support/fake_clock.ts";
import { PipeListener } from "../support/pipe.ts";
import { AcceptRig, Client, configOf, listenerOf, type RigOptions } from "./accept_rig.ts";

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

/** A second listener beside the rig's own. */
function beside(rig: AcceptRig, options: RigOptions): PipeListener {
  const door = new PipeListener(rig.clock);
  const listener = listenerOf({ name: "second", ...options.listener });
  rig.acceptor.listen(door, makeService(configOf(listener, options), { listener }));
  return door;
}

/** The codes that recipients of one message get. */
async function recipients(client: Client, addresses: string[], sender = "a@example.com"): Promise<string[]> {
  const answers = [(await client.say(`MAIL FROM:<${sender}>\r\n`)).slice(0, 3)];
  assert.deepEqual(answers, ["250"]);
  const codes: string[] = [];
  for (const address of addresses) codes.push((await client.say(`RCPT TO:<${address}>\r\n`)).slice(0, 3));
  await client.say("RSET\r\n");
  return codes;
}

const good = (count: number) => Array.from({ length: count }, (_, each) => `u${each}@example.test`);
const bad = (count: number) => Array.from({ length: count }, (_, each) => `u${each}@elsewhere.test`);

test(
  "Acceptor counts an address's connections at all listeners together",
  { policy: { max_connections_per_ip: 2 } },
  async (rig) => {
    const second = beside(rig, { policy: { max_connections_per_ip: 2 } });
    const one = await rig.greeted();
    const two = new Client(second.connect());
    await two.hear("220");
    const refused = "421 4.7.0 gw.example.test Too many connections from your address\r\n";
    assert.equal(await rig.connect().hear(), refused);
    assert.equal(await new Client(second.connect()).hear(), refused);
    assert.match(await rig.connect({ client: { address: "192.0.2.8", port: 1 } }).hear(), /^220 /);
    await one.say("QUIT\r\n");
    await settled();
    assert.match(await new Client(second.connect()).hear(), /^220 /);
  },
);

test(
  "Acceptor counts IPv6 connections by network",
  { policy: { max_connections_per_ip: 1 } },
  async (rig) => {
    const from = (address: string) => rig.connect({ client: { address, port: 1 } });
    assert.match(await from("2001:db8::1").hear(), /^220 /);
    assert.match(await from("2001:db8::2").hear(), /^421 4\.7\.0 /);
    assert.match(await from("2001:db8:0:1::1").hear(), /^220 /);
  },
);

test(
  "Allowance defers what is above max_recipients_per_hour, over sessions and listeners, and says so once a session",
  { policy: { max_recipients_per_hour: 3 } },
  async (rig) => {
    const second = beside(rig, { policy: { max_recipients_per_hour: 3 } });
    const one = await rig.greeted();
    assert.deepEqual(await recipients(one, good(2)), ["250", "250"]);
    const two = new Client(second.connect());
    await two.hear("220");
    await two.say("EHLO c\r\n");
    await two.say("MAIL FROM:<a@example.com>\r\n");
    assert.match(await two.say("RCPT TO:<a@example.test>\r\n"), /^250 /);
    assert.equal(
      await two.say("RCPT TO:<b@example.test>\r\n"),
      "452 4.7.1 Too many recipients received this hour\r\n",
    );
    // What was taken already is taken.
    assert.match(await two.say("DATA\r\n", "354"), /^354 /);
    assert.match(await two.say("\r\nx\r\n.\r\n"), /^250 /);
    assert.deepEqual(await recipients(two, ["c@example.test", "nobody@elsewhere.test"]), ["452", "452"]);
    assert.deepEqual(rig.lines.filter((line) => line.includes("this hour")), [
      "Info: ICID 2 too many recipients from 192.0.2.7 in this hour: 3, max_recipients_per_hour of policy P is 3",
    ]);
    assert.ok(rig.lines.includes("Info: MID 2 ICID 2 To: <b@example.test> Rejected by max_recipients_per_hour"));
    // Another address has an hour of its own.
    const other = await rig.greeted({ client: { address: "192.0.2.8", port: 1 } });
    assert.deepEqual(await recipients(other, good(1)), ["250"]);
    await rig.clock.advance(hourMs);
    const again = await rig.greeted();
    assert.deepEqual(await recipients(again, good(4)), ["250", "250", "250", "452"]);
  },
);

test(
  "Allowance counts envelope senders whatever their addresses, reports excepted",
  { policy: { max_recipients_per_hour_per_sender: 2 } },
  async (rig) => {
    const one = await rig.greeted();
    assert.deepEqual(await recipients(one, good(1), "News@Example.com"), ["250"]);
    const two = await rig.greeted({ client: { address: "192.0.2.8", port: 1 } });
    assert.deepEqual(await recipients(two, good(2), "news@example.com"), ["250", "452"]);
    assert.deepEqual(await recipients(two, good(1), "other@example.com"), ["250"]);
    assert.deepEqual(await recipients(two, good(3), ""), ["250", "250", "250"]);
    assert.ok(
      rig.lines.includes(
        "Info: ICID 2 too many recipients from <news@example.com> in this hour: 2, " +
          "max_recipients_per_hour_per_sender of policy P is 2",
      ),
    );
  },
);

test(
  "Allowance drops who tries addresses out, and refuses the address for the rest of the hour, at every listener",
  { policy: { max_invalid_recipients_per_hour: 3 } },
  async (rig) => {
    const second = beside(rig, { policy: { max_invalid_recipients_per_hour: 3 } });
    const more = beside(rig, { policy: { max_invalid_recipients_per_hour: 0 } });
    const one = await rig.greeted();
    const parallel = await rig.greeted();
    assert.deepEqual(await recipients(one, [...bad(2), ...good(1)]), ["550", "550", "250"]);
    await one.say("MAIL FROM:<a@example.com>\r\n");
    assert.match(await one.say("RCPT TO:<x@elsewhere.test>\r\n"), /^550 5\.1\.0 /);
    assert.equal(
      await one.say("RCPT TO:<y@elsewhere.test>\r\nRCPT TO:<b@example.test>\r\n"),
      "421 4.7.1 Too many invalid recipients, try again later\r\n",
    );
    assert.equal(await one.rest(), "");
    const told = (icid: number) =>
      `Info: ICID ${icid} too many invalid recipients from 192.0.2.7 in this hour: 4, ` +
      "max_invalid_recipients_per_hour of policy P is 3";
    assert.ok(rig.lines.includes(told(1)));
    assert.ok(rig.lines.includes("Info: MID 2 ICID 1 To: <y@elsewhere.test> Rejected by RAT"));
    // A session that runs already goes on no longer than to its next recipient.
    await parallel.say("MAIL FROM:<a@example.com>\r\n");
    assert.match(await parallel.say("RCPT TO:<a@example.test>\r\n"), /^421 4\.7\.1 /);
    for (const door of [rig.listener, second]) {
      const refused = new Client(door.connect());
      assert.equal(await refused.rest(), "421 4.7.1 Too many invalid recipients, try again later\r\n");
    }
    assert.ok(rig.lines.includes(told(3)) && rig.lines.includes(told(4)));
    // A policy without that limit, and another address, are no part of it.
    assert.match(await new Client(more.connect()).hear(), /^220 /);
    assert.match(await rig.connect({ client: { address: "192.0.2.8", port: 1 } }).hear(), /^220 /);
    await rig.clock.advance(hourMs / 2);
    assert.match(await rig.connect().hear(), /^421 /);
    await rig.clock.advance(hourMs / 2);
    assert.match(await rig.connect().hear(), /^220 /);
  },
);

test(
  "Allowance lets a policy relay whose address has tried recipients out elsewhere",
  { policy: { action: "relay", max_invalid_recipients_per_hour: 1 } },
  async (rig) => {
    const second = beside(rig, { policy: { max_invalid_recipients_per_hour: 1 } });
    const client = new Client(second.connect());
    await client.hear("220");
    await client.say("EHLO c\r\n");
    await client.say("MAIL FROM:<a@example.com>\r\n");
    for (const address of bad(2)) await client.say(`RCPT TO:<${address}>\r\n`);
    assert.match(await new Client(second.connect()).hear(), /^421 4\.7\.1 /);
    const relaying = await rig.greeted();
    assert.deepEqual(await recipients(relaying, bad(2)), ["250", "250"]);
  },
);

test(
  "Acceptor ends a session whose recipient's row says 421",
  { listener: { recipients: [{ address: "ALL", action: "reject", code: 421, text: "Go away", line: 1 }] } },
  async (rig) => {
    const client = await rig.greeted();
    await client.say("MAIL FROM:<a@example.com>\r\n");
    assert.equal(await client.say("RCPT TO:<a@example.test>\r\n"), "421 4.1.0 Go away\r\n");
    assert.equal(await client.rest(), "");
    assert.ok(rig.lines.includes("Info: ICID 1 the session was closed with 421"));
  },
);
