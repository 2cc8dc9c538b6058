/**
 * Limits of the hour in the real program: a restart, however sudden, gives nobody a new hour.
 *
 * @module
 */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { isDeepStrictEqual } from "node:util";
import { GatewayProcess } from "../support/gateway_process.ts";
import { startNextHop } from "../support/next_hop.ts";
import { Client, greeted } from "./client.ts";
import { mailLines } from "./mail_log.ts";
import { gatewayConfig, listenerAt, until } from "./rig.ts";

/** What `rates.db` has of each kind and key. */
function countsOnDisk(folder: string): Record<string, unknown> {
  using database = new DatabaseSync(`${folder}/data/state/rates.db`, { readOnly: true });
  const rows = database.prepare("SELECT kind || ' ' || key AS name, count FROM rate").all();
  return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
}

Deno.test("limits of the hour hold across listeners, a stop and kill -9", async () => {
  await using hop = startNextHop();
  const policy = {
    action: "accept",
    max_recipients_per_hour: 4,
    max_recipients_per_hour_per_sender: 3,
    max_invalid_recipients_per_hour: 2,
  };
  await using gateway = await GatewayProcess.start({
    ports: ["inbound", "second"],
    config: ({ inbound, second }) => {
      const config = gatewayConfig({ inbound, nextHop: hop.port, policy });
      const recipients = [{ address: "example.test", action: "accept" }, { address: "ALL", action: "reject" }];
      const listeners = { inbound: {}, second: listenerAt(`127.0.0.1:${second}`), ...(config.listeners as object) };
      for (const listener of Object.values(listeners)) Object.assign(listener, { recipients });
      return { ...config, listeners };
    },
  });
  const { inbound, second } = gateway.ports;
  /** Codes of recipients, each in a message of its own sender. */
  const codes = async (port: number, [sender, ...to]: string[], from = "127.0.0.1"): Promise<string[]> => {
    using client = await greeted(port, { from });
    await client.expect([`MAIL FROM:<${sender}>`, "250"]);
    const found: string[] = [];
    for (const address of to) found.push((await client.ask(`RCPT TO:<${address}>`)).slice(0, 9));
    return found;
  };
  assert.deepEqual(await codes(inbound, ["s@example.org", "a@example.test", "b@example.test"]), [
    "250 2.1.5",
    "250 2.1.5",
  ]);
  assert.deepEqual(await codes(second, ["t@example.org", "x@elsewhere.test"], "127.0.0.2"), ["550 5.1.0"]);
  const counted = { "recipients 127.0.0.1": 2, "senders s@example.org": 2, "invalid 127.0.0.2": 1 };
  await until("the counts on the disk", () => isDeepStrictEqual(countsOnDisk(gateway.folder), counted));
  gateway.signal("SIGKILL");
  await gateway.ended(30_000);
  await gateway.launch();
  assert.deepEqual(
    await codes(second, ["s@example.org", "c@example.test", "d@example.test"]),
    ["250 2.1.5", "452 4.7.1"],
    "three of this sender",
  );
  assert.deepEqual(await codes(inbound, ["t@example.org", "c@example.test", "d@example.test"]), [
    "250 2.1.5",
    "452 4.7.1",
  ], "four of this address");
  assert.deepEqual(await codes(inbound, ["t@example.org", "y@elsewhere.test", "z@elsewhere.test"], "127.0.0.2"), [
    "550 5.1.0",
    "421 4.7.1",
  ], "three that do not exist");
  // A stop writes what is a moment old.
  await gateway.stop();
  await gateway.launch();
  using refused = await Client.open(second, { from: "127.0.0.2" });
  assert.equal(refused.greeting, "421 4.7.1 Too many invalid recipients, try again later");
  assert.deepEqual(await codes(inbound, ["u@example.org", "e@example.test"]), ["452 4.7.1"]);
  const lines = mailLines(gateway.log).map(({ text }) => text.replace(/^ICID \d+ /, ""));
  for (
    const line of [
      "too many recipients from <s@example.org> in this hour: 3, max_recipients_per_hour_per_sender of policy RELAYED is 3",
      "too many recipients from 127.0.0.1 in this hour: 4, max_recipients_per_hour of policy RELAYED is 4",
      "too many invalid recipients from 127.0.0.2 in this hour: 3, max_invalid_recipients_per_hour of policy RELAYED is 2",
    ]
  ) assert.ok(lines.includes(line), line);
});
