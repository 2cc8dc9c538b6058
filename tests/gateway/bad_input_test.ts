/**
 * What bad input gets from the whole gateway: the RFC's code, a session that goes on or ends, nothing in the queue, and service for others.
 *
 * That a client that stalls gets 421 is tried with a clock that can be moved: tests/accept.
 *
 * @module
 */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { limits } from "../../src/base/limits.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { startNextHop } from "../support/next_hop.ts";
import { Client, greeted, messageOf } from "./client.ts";
import { gatewayConfig, until } from "./rig.ts";
import { mailLines } from "./mail_log.ts";

/** Messages in the queue, and texts beside it. */
function queued(gateway: GatewayProcess): { messages: number; bodies: string[] } {
  const folder = `${gateway.folder}/data/queue`;
  const database = new DatabaseSync(`${folder}/queue.db`, { readOnly: true });
  try {
    const { messages } = database.prepare("SELECT count(*) AS messages FROM message").get() as { messages: number };
    return { messages, bodies: [...Deno.readDirSync(`${folder}/bodies`)].map(({ name }) => name) };
  } finally {
    database.close();
  }
}

Deno.test("bad input gets its code, leaves nothing in the queue and disturbs nobody", async (t) => {
  await using hop = startNextHop();
  await using gateway = await GatewayProcess.start({
    ports: ["inbound"],
    config: ({ inbound }) =>
      gatewayConfig({
        inbound,
        nextHop: hop.port,
        policy: {
          max_message_size: "1M",
          max_recipients_per_message: 3,
          max_messages_per_connection: 4,
          max_connections_per_ip: 5,
        },
      }),
  });
  const { inbound } = gateway.ports;
  const large = messageOf(2_000_000);
  using bystander = await greeted(inbound);

  await t.step("an over-long command line: 500 5.5.2, the session goes on", async () => {
    using client = await greeted(inbound);
    assert.match(await client.ask(`NOOP ${"x".repeat(limits.commandOctetsMax)}`), /^500 5\.5\.2 /);
    await client.expect(["NOOP", "250"]);
  });
  await t.step("a line without an end: 421, and the session ends", async () => {
    using client = await greeted(inbound);
    await client.write("x".repeat(100_000)).catch(() => {});
    assert.match(await client.rest(), /^421 4\.7\.0 Line does not end/m);
  });
  await t.step("ten malformed commands: a 5xx each, then the end", async () => {
    using client = await greeted(inbound);
    for (let count = 1; count < limits.commandErrorsMax; count++) {
      assert.match(await client.ask("HOCUS POCUS"), /^500 5\.5\.1 /);
    }
    await client.write("HOCUS POCUS\r\n");
    assert.match(await client.rest(), /^500 5\.5\.1 [^]*421 4\.7\.0 Too many errors\r\n$/);
  });
  await t.step("too many recipients: 452 4.5.3 for those beyond, the others are served", async () => {
    using client = await greeted(inbound);
    await client.expect(["MAIL FROM:<s@example.org>", "250"]);
    for (const name of ["a", "b", "c"]) await client.expect([`RCPT TO:<${name}@example.test>`, "250"]);
    await client.expect(["RCPT TO:<d@example.test>", "452 4.5.3"], ["RCPT TO:<e@example.test>", "452 4.5.3"], [
      "DATA",
      "354",
    ]);
    await client.write("Subject: three\r\n\r\nx\r\n.\r\n");
    assert.match(await client.reply(), /^250 /);
    await until("the three recipients", () => hop.taken.some(({ rcpts }) => rcpts.length === 3));
  });
  await t.step("over-size by SIZE: 552 5.3.4 to MAIL", async () => {
    using client = await greeted(inbound);
    await client.expect(["MAIL FROM:<s@example.org> SIZE=1048577", "552 5.3.4"], ["NOOP", "250"]);
    await client.expect(["MAIL FROM:<s@example.org> SIZE=99999999999999999999", "5"], ["NOOP", "250"]);
  });
  await t.step("over-size by count, SIZE lied: 552 5.3.4 after the text, by DATA and by BDAT", async () => {
    using client = await greeted(inbound);
    await client.expect(["MAIL FROM:<s@example.org> SIZE=10", "250"], ["RCPT TO:<a@example.test>", "250"], [
      "DATA",
      "354",
    ]);
    await client.write(`${large}.\r\n`);
    assert.match(await client.reply(), /^552 5\.3\.4 /);
    await client.expect(["MAIL FROM:<s@example.org>", "250"], ["RCPT TO:<a@example.test>", "250"]);
    await client.write(`BDAT ${large.length} LAST\r\n${large}`);
    assert.match(await client.reply(), /^552 5\.3\.4 /);
    await client.expect(["NOOP", "250"]);
  });
  await t.step("a cut in a text that streams to a file: nothing is left of it", async () => {
    {
      using client = await greeted(inbound);
      await client.begin();
      await client.write(messageOf(600_000));
      await until("its file", () => queued(gateway).bodies.length > 0);
    }
    await until("its end", () => queued(gateway).bodies.length === 0);
  });
  await t.step("a text of NULs, one of bare line feeds, one without an empty line", async () => {
    using client = await greeted(inbound);
    assert.match(await client.send("Subject: nul\r\n\r\n\0"), /^550 5\.6\.0 /);
    assert.match(await client.send("no header at all"), /^250 /);
    await client.begin();
    await client.write("Subject: smuggle\r\n\r\nx\n.\nMAIL FROM:<evil@example.org>\r\n.\r\n");
    assert.match(await client.reply(), /^550 5\.6\.11 /);
    await client.rest();
  });
  await t.step("too many messages in a connection, too many connections of an address: 421", async () => {
    using client = await greeted(inbound);
    for (let count = 0; count < 4; count++) assert.match(await client.send("Subject: n\r\n\r\nx"), /^250 /);
    await client.write("MAIL FROM:<s@example.org>\r\n");
    assert.match(await client.rest(), /^421 4\.7\.0 /);
    using stack = new DisposableStack();
    let greeting = "";
    for (let count = 0; count < 6 && !greeting.startsWith("421"); count++) {
      const another = stack.use(await Client.open(inbound));
      greeting = another.greeting;
    }
    assert.match(greeting, /^421 4\.7\.0 /);
    using elsewhere = await Client.open(inbound, { from: "127.0.0.9" });
    assert.match(elsewhere.greeting, /^220 /);
  });
  await t.step("octets of other protocols, and none at all", async () => {
    for (
      const text of [
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "",
        "\r\n".repeat(50),
        "\xff".repeat(5000),
      ]
    ) {
      const client = await Client.open(inbound, { from: "127.0.0.8" });
      await client.write(text);
      client[Symbol.dispose]();
    }
    await bystander.expect(["NOOP", "250"]);
  });

  assert.match(await bystander.send("Subject: bystander\r\n\r\nunharmed"), /^250 /);
  await until("an empty queue", () => queued(gateway).messages === 0);
  assert.equal(hop.taken.length, 1 + 1 + 4 + 1, "three recipients, no header, four in a connection, the bystander's");
  assert.deepEqual(queued(gateway), { messages: 0, bodies: [] });
  assert.equal((await gateway.stop()).code, 0);
  assert.doesNotMatch(gateway.log, /Critical|Warning/);
  mailLines(gateway.log);
});
