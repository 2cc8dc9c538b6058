/**
 * The reserve: a queue that filled its disk gets smaller again by itself.
 *
 * @module
 */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { systemClock } from "../../src/base/clock.ts";
import { seededRandom } from "../../src/base/random.ts";
import type { DurableSpool } from "../../src/queue/durable_spool.ts";
import { Reserve } from "../../src/queue/reserve.ts";
import { FreeSpace } from "../../src/queue/space.ts";
import { SpoolFullError } from "../../src/queue/spool.ts";
import { until } from "../gateway/rig.ts";
import { fillDisk, tinyDisk } from "../support/tiny_disk.ts";
import { delivered, put, rule, soon, World } from "./world.ts";

const mebibyte = 1024 * 1024;

const sizeOf = (path: string): number => {
  try {
    return Deno.statSync(path).size;
  } catch {
    return 0;
  }
};

async function fillByMail(spool: DurableSpool): Promise<number> {
  let stored = 0;
  for (let full = 0; full < 20;) {
    const text = `Subject: x\r\n\r\n${"line\r\n".repeat(stored % 5 === 0 ? 15_000 : 900)}`;
    try {
      await put(spool, { text, to: [`b@d${stored % 3}.test`] });
      stored++;
    } catch (error) {
      assert.ok(error instanceof SpoolFullError, String(error));
      full++;
    }
  }
  return stored;
}

for (const others of [false, true]) {
  const who = others ? "mail and another program" : "mail alone";
  Deno.test(`DurableSpool empties a disk that ${who} filled to the last octet, and takes mail again`, async () => {
    await using disk = await tinyDisk({ megabytes: 128 });
    if (disk === undefined) return;
    await using world = new World(`${disk.directory}/queue`);
    const spool = await world.open();
    await until("the reserve is made", () => world.reserve === 16 * mebibyte && spool.space.free.octets > 0);
    // Less is left to be filled: half the time.
    await Deno.writeFile(`${disk.directory}/filler`, new Uint8Array(60 * mebibyte));
    if (others) {
      for (let n = 0; n < 500; n++) await put(spool, { text: "x".repeat(20_000), to: [`b@d${n % 3}.test`] });
      await fillDisk(`${disk.directory}/other`);
    } else {
      await fillByMail(spool);
      assert.equal(world.reserve, 0, "it was given up");
    }
    assert.ok(spool.messages > 300, `${spool.messages} messages`);

    // Nobody but the queue frees anything from here on, and delivery leases what it may.
    const emptied = async () => {
      for (const { destination } of [...spool.destinations()]) {
        for (const lease of await spool.lease(destination, 50)) await spool.settle(lease, [delivered(0)], rule);
      }
      await soon(20);
      using db = new DatabaseSync(`${world.directory}/queue.db`, { readOnly: true });
      return db.prepare("SELECT count(*) AS n FROM message").get()!.n === 0;
    };
    await until("the queue is empty", emptied, { ms: 20_000 });
    if (!others) {
      assert.ok(world.log.lines.includes("warning: The queue can be written again"), world.log.lines.join("\n"));
    }
    if (others) await Deno.remove(`${disk.directory}/other`);
    await until("there is room again, and a reserve", () => world.reserve === 16 * mebibyte);
    await until("mail is taken", () => put(spool).then(() => true, () => false));
  });
}

Deno.test("DurableSpool gives the room of a queue that was long back to the file system", async () => {
  await using world = new World();
  const spool = await world.open();
  await Promise.all(Array.from({ length: 3_000 }, (_, n) => put(spool, { text: `${n} ${"x".repeat(20_000)}` })));
  for (let left = 3_000; left > 0;) {
    const leases = await spool.lease("example.test", 100);
    for (const lease of leases) await spool.settle(lease, [delivered(0)], rule);
    left -= leases.length;
  }
  // Quiet for a second, then 16 MiB a second; 8 MiB stay for new mail.
  await until("the file is short", () => sizeOf(`${world.directory}/queue.db`) <= 9 * mebibyte, { ms: 30_000 });
  await put(spool);
});

Deno.test("DurableSpool takes no mail for the room that the reserve gave back", async () => {
  await using disk = await tinyDisk({ megabytes: 32 });
  if (disk === undefined) return;
  await using world = new World(`${disk.directory}/queue`);
  const spool = await world.open();
  await until("the reserve is made", () => world.reserve === 4 * mebibyte);
  spool.space.giveReserve();
  await fillDisk(`${disk.directory}/other`);
  await Deno.truncate(`${disk.directory}/other`, sizeOf(`${disk.directory}/other`) - 1.5 * mebibyte);
  await spool.space.refresh();
  await assert.rejects(put(spool), /1 MiB are free, 8 MiB must stay free/);
  assert.ok(spool.space.free.octets < 0, "whoever sheds load sees it too");
  await soon(150);
  assert.equal(world.reserve, 0, "there is no room for it");
});

Deno.test("Reserve is made of octets that take room, is found again, and leaves nothing half made", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/reserve`;
    const reserve = new Reserve(path, seededRandom(1));
    assert.equal(reserve.missing, 32 * mebibyte, "nobody has looked yet");
    reserve.measure(2 ** 40);
    assert.equal(reserve.missing, 32 * mebibyte);
    reserve.measure(24 * mebibyte);
    assert.equal(reserve.missing, 6 * mebibyte, "twice the eighth part of a small disk");
    reserve.keep(6 * mebibyte - 1);
    await reserve.close();
    assert.equal(sizeOf(path), 0, "too little is free");
    reserve.keep(6 * mebibyte);
    reserve.give();
    await reserve.close();
    assert.equal(sizeOf(path), 0, "given up while it was made");
    reserve.keep(6 * mebibyte);
    await until("it is made", () => reserve.missing === 0);
    const { size, blocks, mode } = Deno.statSync(path);
    assert.equal(size, 3 * mebibyte);
    assert.ok(blocks! * 512 >= size, "no hole");
    assert.equal(mode! & 0o777, 0o600);

    const next = new Reserve(path, seededRandom(1));
    next.measure(24 * mebibyte);
    assert.equal(next.missing, 0, "found");
    Deno.truncateSync(path, mebibyte);
    const cut = new Reserve(path, seededRandom(1));
    cut.measure(24 * mebibyte);
    assert.equal(cut.missing, 6 * mebibyte, "one that is cut short counts for nothing");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("FreeSpace says so, once, when the disk does not tell what is free, and when it does again", async () => {
  await using world = new World();
  const folder = `${world.directory}/moved`;
  const space = new FreeSpace(folder, { clock: systemClock, random: seededRandom(1), log: world.log });
  await space.refresh();
  await space.refresh();
  assert.equal(space.shortage(0), undefined);
  await Deno.mkdir(folder);
  await space.refresh();
  await space.close();
  assert.deepEqual(world.log.lines.map((line) => line.replace(/: ENOENT.*$/, "")), [
    "critical: Cannot tell how much of the disk is free, so min_free_disk has no effect",
    "warning: It is known again how much of the disk is free",
  ]);
});
