/**
 * What breaks: kill -9, a full disk, a damaged file.
 *
 * @module
 */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { causeOf } from "../../src/base/text.ts";
import { seededRandom } from "../../src/base/random.ts";
import { SpoolFullError } from "../../src/queue/spool.ts";
import { Store } from "../../src/queue/store.ts";
import { storeTroubleOf } from "../../src/queue/trouble.ts";
import { until } from "../gateway/rig.ts";
import { fillDisk, tinyDisk } from "../support/tiny_disk.ts";
import { delivered, leaseOne, put, refused, rule, soon, textOfLease, World, written } from "./world.ts";

const child = new URL("./crash_child.ts", import.meta.url).pathname;

Deno.test("DurableSpool loses no acknowledged message to kill -9, and repeats no number", async () => {
  await using world = new World();
  const random = seededRandom(5);
  const acknowledged = new Map<number, number>();
  const handedOut = new Set<number>();
  const settledBefore = new Set<number>();
  for (let cycle = 0; cycle < 6; cycle++) {
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", child, world.directory],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    // The child tells on its standard output what it was promised.
    let output = "";
    const started = Promise.withResolvers<void>();
    const reading = (async () => {
      for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
        output += text;
        if (output.includes("put ")) started.resolve();
      }
    })();
    await started.promise;
    await soon(Math.floor(random.fraction() * 250));
    process.kill("SIGKILL");
    await process.status;
    await reading;
    for (const line of output.split("\n").slice(0, -1)) {
      const [word, mid, octets] = line.split(" ");
      if (word === "put") acknowledged.set(Number(mid), Number(octets));
      if (word === "settled") settledBefore.add(Number(mid));
      if (word === "mid") {
        assert.ok(!handedOut.has(Number(mid)), `MID ${mid} was given twice`);
        handedOut.add(Number(mid));
      }
    }
  }
  const spool = await world.open();
  assert.ok(acknowledged.size > 50, `${acknowledged.size} messages`);
  const found = new Set<number>();
  for (const { destination } of [...spool.destinations()]) {
    for (const lease of await spool.lease(destination, 100_000)) {
      const { mid } = lease.envelope;
      found.add(mid);
      const text = await textOfLease(lease);
      assert.equal(text.length, lease.octets);
      assert.ok(text.startsWith(`Subject: ${mid}\r\n`), `MID ${mid} has the text of another`);
    }
  }
  for (const [mid] of acknowledged) assert.ok(found.has(mid) || settledBefore.has(mid), `MID ${mid} is lost`);
  const files = world.files().map(Number);
  assert.deepEqual(files.filter((mid) => !found.has(mid)), [], "files of no message");
});

Deno.test("DurableSpool stores nothing by halves on a full disk, and goes on when there is room", async () => {
  await using disk = await tinyDisk({ megabytes: 32 });
  if (disk === undefined) return;
  await using world = new World(`${disk.directory}/queue`);
  const spool = await world.open();
  const filler = `${disk.directory}/filler`;
  const mebibyte = 1024 * 1024;
  // A reserve that is still being made counts twice, which leaves less than that for mail.
  await until("the reserve is made", () => world.reserve === 4 * mebibyte && spool.space.free.octets > 26 * mebibyte);
  await Deno.writeFile(filler, new Uint8Array(20 * mebibyte));
  const text = `Subject: x\r\n\r\n${"line\r\n".repeat(2000)}`;
  const stored: number[] = [];
  let full = 0;
  // Small texts fill the database, a long one the rest.
  for (let n = 0; n < 3000 && full < 5; n++) {
    try {
      stored.push(await put(spool, { text, to: [`b@d${n % 3}.test`] }));
    } catch (error) {
      assert.ok(error instanceof SpoolFullError, `${causeOf(error)}`);
      full++;
    }
  }
  assert.equal(full, 5);
  assert.ok(stored.length > 50, `${stored.length} stored`);
  await assert.rejects(
    put(spool, { text: text.repeat(100) }),
    (error) => error instanceof SpoolFullError,
    "a long text has no room either",
  );
  await until("no file of a refused text", () => world.files().length === 0);
  assert.equal(spool.messages, stored.length);
  assert.equal(world.log.lines.filter((line) => line.startsWith("critical: Cannot write to the queue")).length, 1);
  // Delivery goes on, written or not.
  const half = stored.length >> 1;
  const outcome = [delivered(0)];
  let settled = 0;
  for (const { destination } of [...spool.destinations()]) {
    for (const lease of await spool.lease(destination, Math.ceil(half / 3))) {
      await spool.settle(lease, outcome, rule);
      settled++;
    }
  }
  assert.ok(settled > 20);
  await Deno.remove(filler);
  for (let turn = 0; turn < 60; turn++) {
    await soon(100);
    try {
      stored.push(await put(spool, { text, to: ["after@d9.test"] }));
      break;
    } catch (error) {
      assert.ok(error instanceof SpoolFullError, causeOf(error));
    }
  }
  assert.equal(spool.messages, stored.length - settled);
  assert.ok(
    world.log.lines.some((line) => line === "warning: The queue can be written again"),
    world.log.lines.join("\n"),
  );
  await spool.close();
  const again = await world.open();
  assert.equal(again.messages, stored.length - settled);
  assert.equal(await textOfLease(await leaseOne(again, "d9.test")), text);
});

Deno.test("DurableSpool keeps the report and the end of the message together on a full disk", async () => {
  await using disk = await tinyDisk({ megabytes: 8 });
  if (disk === undefined) return;
  await using world = new World(`${disk.directory}/queue`);
  const spool = await world.open();
  await put(spool);
  const filler = `${disk.directory}/filler`;
  const lease = await leaseOne(spool);
  // Whatever is left of the disk, the log file's own free part included.
  await put(spool, { to: ["c@other.test"] });
  await fillDisk(filler);
  let done = false;
  const settling = spool.settle(lease, [refused(0, "x".repeat(3000))], rule).then((settlement) => {
    done = true;
    return settlement;
  });
  await soon(300);
  if (!done) assert.equal(countReports(world), 0);
  await Deno.remove(filler);
  const settlement = await settling;
  assert.ok(settlement.report !== undefined && settlement.report !== "dropped");
  await written(spool);
  assert.equal(countReports(world), 1);
  assert.equal(spool.messages, 2);
});

function countReports(world: World): number {
  using db = new DatabaseSync(`${world.directory}/queue.db`, { readOnly: true });
  return db.prepare("SELECT count(*) AS n FROM message WHERE sender = ''").get()!.n as number;
}

Deno.test("openSpool opens a queue on a disk that has not an octet left, and gives its mail out", async () => {
  await using disk = await tinyDisk({ megabytes: 8 });
  if (disk === undefined) return;
  const directory = `${disk.directory}/queue`;
  const first = new World(directory);
  const spool = await first.open();
  for (let n = 0; n < 50; n++) await put(spool, { text: "x".repeat(5000) });
  // What kill -9 leaves: the log is not moved into the database.
  const saved = `${disk.directory}/saved`;
  await Deno.mkdir(`${saved}/bodies`, { recursive: true });
  for (const name of ["queue.db", "queue.db-wal", "queue.db-shm"]) {
    await Deno.copyFile(`${directory}/${name}`, `${saved}/${name}`);
  }
  await first[Symbol.asyncDispose]();
  const filler = `${disk.directory}/filler`;
  await fillDisk(filler);
  await using world = new World(saved);
  const again = await world.open();
  assert.equal(again.messages, 50);
  await again.settle(await leaseOne(again), [delivered(0)], rule);
  await assert.rejects(put(again), (error) => error instanceof SpoolFullError);
  await Deno.remove(filler);
  await again.space.refresh();
  await put(again);
  assert.equal(again.messages, 50);
});

Deno.test("storeTroubleOf tells a full disk, an I/O error, a damaged and a locked database apart", () => {
  const table = {
    "database or disk is full": "full",
    "disk I/O error": "io",
    "unable to open database file": "io",
    "database disk image is malformed": "corrupt",
    "file is not a database": "corrupt",
    "database is locked": "busy",
    "UNIQUE constraint failed: message.mid": "other",
  };
  for (const [text, trouble] of Object.entries(table)) assert.equal(storeTroubleOf(new Error(text)), trouble);
});

Deno.test("DurableSpool does not let one message that cannot be stored take its neighbours with it", async () => {
  await using world = new World();
  const spool = await world.open();
  const first = await put(spool);
  const repeated = () => {
    const draft = spool.draft(first);
    draft.write(new Uint8Array(5));
    const envelope = { mid: first, sender: "", eightBit: false, smtputf8: false, receivedAt: 0 };
    return spool.put({ ...envelope, recipients: [{ rid: 0, address: "b@example.test" }] }, draft);
  };
  const results = await Promise.allSettled([put(spool), repeated(), put(spool)]);
  assert.deepEqual(results.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
  assert.equal(spool.messages, 3);
});

Deno.test("DurableSpool waits out somebody else's lock on the database", async () => {
  await using world = new World();
  const spool = await world.open();
  const operator = new DatabaseSync(`${world.directory}/queue.db`);
  await put(spool);
  const lease = await leaseOne(spool);
  operator.exec("BEGIN IMMEDIATE");
  await assert.rejects(put(spool), /Cannot store MID \d+: database is locked/);
  await spool.settle(lease, [delivered(0)], rule);
  await soon(300);
  operator.exec("ROLLBACK");
  operator.close();
  await put(spool);
  assert.equal(spool.messages, 1);
  await spool.close();
  assert.equal((await world.open()).messages, 1);
});

/** A closed queue with `count` messages in its database. */
async function filled(world: World, count: number): Promise<number[]> {
  const spool = await world.open();
  const mids = await Promise.all(
    Array.from(
      { length: count },
      (_, n) => put(spool, { to: [`b@d${n % 7}.test`], text: `Subject: ${n}\r\n\r\n` + "x".repeat(3000) }),
    ),
  );
  const long = await put(spool, { text: "y".repeat(300_000), to: ["long@file.test"] });
  await spool.close();
  return [...mids, long];
}

async function leasable(world: World): Promise<number[]> {
  const spool = await world.open();
  const mids: number[] = [];
  for (const { destination } of [...spool.destinations()]) {
    for (const lease of await spool.lease(destination, 10_000)) mids.push(lease.envelope.mid);
  }
  assert.equal(spool.messages, mids.length);
  await put(spool);
  await spool.close();
  return mids.sort((a, b) => a - b);
}

Deno.test("openSpool sets a damaged database aside, says so, and moves what can be read", async () => {
  const damages: [name: string, damage: (path: string) => void, atLeast: number][] = [
    ["no database at all", (path) => Deno.writeFileSync(path, new Uint8Array(50_000).fill(66)), 0],
    ["a broken first page", (path) => overwrite(path, 0, 4096), 0],
    ["an empty file", (path) => Deno.truncateSync(path), 0],
    ["a cut file", (path) => Deno.truncateSync(path, Math.floor(Deno.statSync(path).size * 0.6 / 4096) * 4096), 0],
  ];
  for (const [name, damage, atLeast] of damages) {
    await using world = new World();
    const mids = await filled(world, 300);
    damage(`${world.directory}/queue.db`);
    const left = await leasable(world);
    assert.ok(left.length >= atLeast && left.every((mid) => mids.includes(mid)), name);
    const critical = world.log.lines.filter((line) => line.startsWith("critical"));
    assert.match(critical[0], /Cannot read the queue .*queue\.db: .*; it is set aside as .*queue\.db\.corrupt-/, name);
    assert.match(critical[1], /Moved \d+ messages from/, name);
    const names = [...Deno.readDirSync(world.directory)].map((entry) => entry.name);
    assert.ok(names.some((each) => /^queue\.db\.corrupt-[\dTZ-]+$/.test(each)), `${name}: ${names}`);
    // The long text is not thrown away with the row that named it.
    const kept = names.filter((each) => each.startsWith("bodies")).flatMap((each) =>
      [...Deno.readDirSync(`${world.directory}/${each}`)].map((entry) => entry.name)
    );
    assert.deepEqual(kept, [String(mids.at(-1))], name);
  }
});

function overwrite(path: string, from: number, octets: number): void {
  using file = Deno.openSync(path, { write: true });
  file.seekSync(from, Deno.SeekMode.Start);
  file.writeSync(new Uint8Array(octets).fill(0xee));
}

Deno.test("openSpool finishes a repair that was cut off between its renames, and begins one anew that was cut off before", async () => {
  await using world = new World();
  const mids = await filled(world, 40);
  const path = `${world.directory}/queue.db`;
  // Between: the new database has no name yet, the damaged one's log still has the old one.
  Deno.renameSync(path, `${path}.rescue`);
  Deno.writeFileSync(`${path}-wal`, new Uint8Array(5000).fill(7));
  assert.deepEqual(await leasable(world), mids);
  assert.match(world.log.lines[0], /critical: Found the queue .*queue\.db as .*\.rescue: its repair had been cut off/);
  // Before: half a rescue stands beside the damaged one.
  Deno.writeFileSync(`${path}.rescue`, new Uint8Array(5000).fill(7));
  Deno.writeFileSync(`${path}.rescue-wal`, new Uint8Array(5000).fill(7));
  overwrite(path, 0, 16);
  await leasable(world);
  const critical = world.log.lines.filter((line) => line.startsWith("critical"));
  assert.match(critical[1], /Cannot read the queue .*: file is not a database; it is set aside as/);
  const names = [...Deno.readDirSync(world.directory)].map(({ name }) => name);
  assert.deepEqual(names.filter((name) => name.includes("rescue")), []);
});

Deno.test("openSpool saves every message of the pages that are whole when one page is damaged", async () => {
  let salvaged = 0;
  // Behind the first dozen, which are the roots of the trees, most pages hold texts; these are spread over the file.
  for (const page of [14, 20, 37, 60, 99, 150, 200, 250]) {
    await using world = new World();
    const mids = await filled(world, 300);
    overwrite(`${world.directory}/queue.db`, page * 4096, 4096);
    const before = world.log.lines.length;
    const left = await readable(world);
    if (world.log.lines.length > before) salvaged++;
    assert.ok(left.length >= mids.length * 0.9, `page ${page}: ${left.length} of ${mids.length}`);
    const gone = mids.filter((mid) => !left.includes(mid));
    const said = world.log.lines.join("\n");
    if (gone.length > 0) assert.match(said, /critical: /, `page ${page}: ${gone.length} lost in silence`);
  }
  assert.ok(salvaged > 0, "no damage was noticed at all");
});

Deno.test("openSpool says what is lost where the root of a tree is damaged, and goes on", async () => {
  for (let page = 1; page < 12; page++) {
    await using world = new World();
    const mids = await filled(world, 300);
    overwrite(`${world.directory}/queue.db`, page * 4096, 4096);
    const left = await readable(world);
    if (left.length < mids.length) assert.match(world.log.lines.join("\n"), /critical: /, `page ${page}`);
    const spool = await world.open();
    const mid = await put(spool, { to: ["after@d9.test"] });
    assert.equal((await leaseOne(spool, "d9.test")).envelope.mid, mid);
  }
});

/** Messages whose text can be read, after a start and, where that finds more damage, after the repair in place. */
async function readable(world: World): Promise<number[]> {
  const spool = await world.open();
  const mids = new Set<number>();
  for (let round = 0; round < 3; round++) {
    for (const { destination } of [...spool.destinations()]) {
      const leases = await spool.lease(destination, 10_000).catch(() => []);
      for (const lease of leases) {
        if (lease.held?.length === lease.octets || lease.octets > 262_144) mids.add(lease.envelope.mid);
        spool.giveBack(lease);
      }
    }
    // Writing touches what reading did not.
    await put(spool, { to: [`z@round${round}.test`] }).then((mid) => mids.delete(mid), () => {});
    await written(spool);
  }
  await spool.close();
  return [...mids];
}

Deno.test("Store refuses tables of a newer version, and leaves them alone", async () => {
  await using world = new World();
  await filled(world, 1);
  const path = `${world.directory}/queue.db`;
  {
    using db = new DatabaseSync(path);
    db.exec("PRAGMA user_version = 99");
  }
  assert.throws(
    () => new Store(path),
    /Cannot open the queue .*: its tables are of version 99, this program knows \d+/,
  );
  await assert.rejects(world.open(), /version 99/);
  using db = new DatabaseSync(path);
  assert.equal(db.prepare("SELECT count(*) AS n FROM message").get()!.n, 2);
});
