/**
 * A file system that fills up under the running gateway and has room again: octets, then inodes.
 *
 * A tmpfs takes a part of a write that does not fit (a short write) and then says ENOSPC, as disks do.
 *
 * @module
 */
import assert from "node:assert/strict";
import { until } from "../gateway/rig.ts";
import { type GatewayProcess, pause } from "../support/gateway_process.ts";
import { Ledger, sendLoad, startLedgerSink } from "../support/ledger.ts";
import { fillDisk, tinyDisk } from "../support/tiny_disk.ts";
import { assertEmptyQueue, emptied, mixedShape, settleBooks, startRig } from "./rig.ts";

/** Texts on the disk. */
function bodiesIn(storage: string): number[] {
  return [...Deno.readDirSync(`${storage}/queue/bodies`)].map(({ name }) => Number(name));
}

/** Loads until `enough` more messages were refused. */
async function loadUntilRefused(gateway: GatewayProcess, ledger: Ledger, enough: number): Promise<void> {
  const refused = () => ledger.refused.get("452") ?? 0;
  const [since, begin] = [refused(), performance.now()];
  const more = () => refused() - since < enough && performance.now() - begin < 60_000;
  await sendLoad(gateway.ports.inbound, { ledger, sessions: 4, shape: mixedShape, more });
  assert.ok(refused() - since >= enough, `${refused() - since} were refused\n${gateway.log.slice(-3000)}`);
  assert.deepEqual([...ledger.refused.keys()], ["452"], "a full disk says nothing but 452");
}

/** Takes `count` more messages. */
async function loadUntilTaken(gateway: GatewayProcess, ledger: Ledger, count: number): Promise<void> {
  const [before, begin] = [ledger.acknowledged.size, performance.now()];
  const more = () => ledger.acknowledged.size - before < count && performance.now() - begin < 60_000;
  await sendLoad(gateway.ports.inbound, { ledger, sessions: 4, shape: mixedShape, more });
  const taken = ledger.acknowledged.size - before;
  assert.ok(taken >= count, `${taken} of ${count} were taken\n${gateway.log.slice(-3000)}`);
}

Deno.test("a queue that fills the disk: 452 at min_free_disk, and it empties by itself when the next hop takes mail", async () => {
  await using disk = await tinyDisk({ megabytes: 24 });
  if (disk === undefined) return;
  const storage = `${disk.directory}/data`;
  const ledger = new Ledger();
  await using sink = startLedgerSink(ledger);
  sink.answer = () => "451 4.3.0 later";
  const more = {
    limits: { min_free_disk: "12M" },
    bounce_profiles: { default: { initial_retry: "4s", max_retry_interval: "4s" } },
  };
  await using gateway = await startRig({ sink, storage, more });
  await loadUntilRefused(gateway, ledger, 40);
  const fitted = ledger.acknowledged.size;
  assert.ok(fitted > 20, `only ${fitted} messages fit`);
  sink.answer = () => "250 ok";
  await ledger.drained(60_000);
  await loadUntilTaken(gateway, ledger, 30);
  await ledger.drained(60_000);
  settleBooks(ledger, `disk full of mail (${fitted} messages fitted)`, gateway);
  await emptied(storage);
  assert.equal((await gateway.stop()).code, 0);
  assertEmptyQueue(storage);
});

Deno.test("a disk full to the last octet: 452 and nothing half-stored, over a kill -9 too, and all is delivered when there is room", async () => {
  await using disk = await tinyDisk({ megabytes: 24 });
  if (disk === undefined) return;
  const storage = `${disk.directory}/data`;
  const filler = `${disk.directory}/filler`;
  const ledger = new Ledger();
  await using sink = startLedgerSink(ledger);
  sink.answer = () => "451 4.3.0 later";
  await using gateway = await startRig({ sink, storage });
  await loadUntilTaken(gateway, ledger, 60);
  // Somebody else's file takes the rest while mail comes in: writes are cut short in their middle.
  const filling = fillDisk(filler);
  await loadUntilRefused(gateway, ledger, 40);
  await filling;
  await fillDisk(filler);
  await loadUntilRefused(gateway, ledger, 40);
  // Nothing of a refused message stays: each text is of a message that was acknowledged, and waits.
  const large = [...ledger.acknowledged.keys()].filter((number) => number % 8 === 7).length;
  await until("no text of a refused message is left", () => bodiesIn(storage).length <= large);
  assert.match(gateway.log, /Critical: Cannot write to the queue: database or disk is full/);

  await gateway.kill();
  await gateway.launch();
  await loadUntilRefused(gateway, ledger, 10);
  sink.answer = () => "250 ok";
  await Deno.remove(filler);
  await loadUntilTaken(gateway, ledger, 50);
  await ledger.drained(60_000);
  settleBooks(ledger, "disk full to the last octet, with a kill -9", gateway);
  console.log(`  452 was said ${ledger.refused.get("452")} times`);
  await emptied(storage);
  assert.equal((await gateway.stop()).code, 0);
  assertEmptyQueue(storage);
});

Deno.test("no inode is left: 452 and nothing half-stored, and mail is taken again when there are some", async () => {
  await using disk = await tinyDisk({ megabytes: 64, inodes: 700 });
  if (disk === undefined) return;
  const storage = `${disk.directory}/data`;
  const fillers = `${disk.directory}/fillers`;
  const ledger = new Ledger();
  await using sink = startLedgerSink(ledger);
  await using gateway = await startRig({ sink, storage });
  await loadUntilTaken(gateway, ledger, 30);
  await Deno.mkdir(fillers);
  // Large texts alone, each wants an inode; they come while the inodes go, so that some find none when they open their file.
  const large = { octets: 300_000, recipients: ["a@one.example.test"] };
  const refused = () => ledger.refused.get("452") ?? 0;
  const begin = performance.now();
  const more = () => refused() < 40 && performance.now() - begin < 60_000;
  const load = sendLoad(gateway.ports.inbound, { ledger, sessions: 4, shape: () => large, more });
  let held = 0;
  try {
    for (;; held++) await Deno.writeTextFile(`${fillers}/${held}`, "");
  } catch {
    // none is left
  }
  while (more()) {
    // Whatever inode a delivered text gives back is taken at once.
    await Deno.writeTextFile(`${fillers}/${held}`, "").then(() => held++, () => pause(5));
  }
  await load;
  assert.ok(held > 300, `${held} inodes were held`);
  assert.deepEqual([...ledger.refused.keys()], ["452"]);
  await until("no text of a refused message is left", () => bodiesIn(storage).length === 0);
  await Deno.remove(fillers, { recursive: true });
  await loadUntilTaken(gateway, ledger, 30);
  await ledger.drained(60_000);
  settleBooks(ledger, "no inodes", gateway);
  await emptied(storage);
  assert.equal((await gateway.stop()).code, 0);
  assertEmptyQueue(storage);
});
