/**
 * Put, lease, settle, and what is on the disk in between.
 *
 * @module
 */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers";
import { SpoolFullError } from "../../src/queue/spool.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { deferred, delivered, leaseOne, put, refused, rule, soon, textOfLease, World, written } from "./world.ts";

Deno.test("openSpool gives back after a restart what was put before it", async () => {
  await using world = new World();
  const first = await world.open();
  const mid = await put(first, {
    sender: "a@example.com",
    to: [{ address: "b@Example.test", notify: ["FAILURE", "DELAY"], orcpt: "rfc822;b@example.test" }],
    eightBit: true,
    smtputf8: true,
    ret: "HDRS",
    envid: "QQ+2B1",
    receivedAt: 1_700_000_000_123,
    text: "Subject: ä\r\n\r\nbody\r\n",
  });
  await first.close();
  const second = await world.open();
  assert.equal(second.messages, 1);
  const lease = await leaseOne(second);
  assert.deepEqual(lease.envelope, {
    mid,
    sender: "a@example.com",
    eightBit: true,
    smtputf8: true,
    ret: "HDRS",
    envid: "QQ+2B1",
    receivedAt: 1_700_000_000_123,
  });
  assert.deepEqual(lease.recipients, [
    { rid: 0, address: "b@Example.test", notify: ["FAILURE", "DELAY"], orcpt: "rfc822;b@example.test" },
  ]);
  assert.equal(lease.attempts, 0);
  assert.equal(await textOfLease(lease), "Subject: ä\r\n\r\nbody\r\n");
  assert.equal(lease.octets, lease.held?.length);
  await second.settle(lease, [delivered(0)], rule);
  await second.close();
  const third = await world.open();
  assert.equal(third.messages, 0);
  assert.deepEqual(await third.lease("example.test", 10), []);
});

Deno.test("DurableSpool.lease gives a message once, and again after giveBack or a new process", async () => {
  await using world = new World();
  const spool = await world.open();
  await put(spool);
  const lease = await leaseOne(spool);
  assert.deepEqual(await spool.lease("example.test", 10), []);
  assert.deepEqual([...spool.destinations()], []);
  spool.giveBack(lease);
  assert.throws(() => spool.giveBack(lease), /it is not out/);
  const again = await leaseOne(spool);
  assert.equal(again.envelope.mid, lease.envelope.mid);
  await spool.close();
  const next = await world.open();
  assert.equal((await next.lease("example.test", 10)).length, 1);
});

Deno.test("DurableSpool.settle throws for a lease that was settled", async () => {
  await using world = new World();
  const spool = await world.open();
  await put(spool);
  const lease = await leaseOne(spool);
  await spool.settle(lease, [delivered(0)], rule);
  assert.throws(() => spool.settle(lease, [delivered(0)], rule), /it is not out/);
});

Deno.test("DurableSpool.settle leaves the lease with the caller where it cannot plan: it can be settled again, or given back", async () => {
  await using world = new World();
  let broken = false;
  const fail = (): never => {
    throw new Error("Cannot draw a number");
  };
  world.random = { ...world.random, fraction: () => broken ? fail() : 0.5 };
  const spool = await world.open();
  await put(spool);
  const lease = await leaseOne(spool);
  broken = true;
  assert.throws(() => spool.settle(lease, [deferred(0)], rule), /Cannot draw a number/);
  assert.throws(() => spool.settle(lease, [deferred(0)], rule), /Cannot draw a number/, "it is still out");
  assert.deepEqual(await spool.lease("example.test", 1), [], "and nobody else gets it");
  spool.giveBack(lease);
  const again = await leaseOne(spool);
  assert.equal(again.attempts, 0, "that was no attempt");
  broken = false;
  const { finished } = await spool.settle(again, [delivered(0)], rule);
  assert.ok(finished);
  assert.throws(() => spool.giveBack(again), /it is not out/);
  await written(spool);
  assert.equal(spool.messages, 0);
});

Deno.test("DurableSpool keeps its files from other users, those of an older version too", async () => {
  await using world = new World();
  const modes = () =>
    [...Deno.readDirSync(world.directory)].filter(({ name }) => name.startsWith("queue.db")).map(({ name }) =>
      `${name} ${(Deno.statSync(`${world.directory}/${name}`).mode! & 0o777).toString(8)}`
    ).sort();
  const files = ["queue.db 600", "queue.db-shm 600", "queue.db-wal 600"];
  const first = await world.open();
  await put(first);
  assert.deepEqual(modes(), files);
  // A process that was killed leaves all three, as an older version made them.
  for (const { name } of Deno.readDirSync(world.directory)) {
    if (name.startsWith("queue.db")) Deno.copyFileSync(`${world.directory}/${name}`, `${world.directory}/old-${name}`);
  }
  await first.close();
  for (const suffix of ["", "-wal", "-shm"]) {
    Deno.renameSync(`${world.directory}/old-queue.db${suffix}`, `${world.directory}/queue.db${suffix}`);
    Deno.chmodSync(`${world.directory}/queue.db${suffix}`, 0o644);
  }
  const second = await world.open();
  assert.equal(second.messages, 1);
  assert.deepEqual(modes(), files);
});

Deno.test("DurableSpool keeps one delivery for each destination, and the message until the last is done", async () => {
  await using world = new World();
  const spool = await world.open();
  await put(spool, { to: ["a@one.test", "b@two.test", "c@ONE.test"] });
  const one = await leaseOne(spool, "one.test");
  assert.deepEqual(one.recipients.map(({ rid }) => rid), [0, 2]);
  assert.equal((await spool.settle(one, [delivered(0), delivered(2)], rule)).finished, false);
  assert.equal(spool.messages, 1);
  const two = await leaseOne(spool, "two.test");
  assert.equal((await spool.settle(two, [delivered(1)], rule)).finished, true);
  assert.equal(spool.messages, 0);
  await spool.close();
  using db = new DatabaseSync(`${world.directory}/queue.db`);
  for (const table of ["message", "body", "delivery"]) {
    assert.equal(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()!.n, 0, table);
  }
});

Deno.test("DurableSpool.settle lets delivered recipients leave and tries the deferred ones again when they are due", async () => {
  await using world = new World();
  const clock = new FakeClock();
  const spool = await world.open(clock);
  const due: string[] = [];
  spool.onDue((destination) => due.push(destination));
  await put(spool, { to: ["a@example.test", "b@example.test"], receivedAt: clock.now() });
  assert.deepEqual(due, ["example.test"]);
  const settled = await spool.settle(await leaseOne(spool), [delivered(0), deferred(1)], rule);
  assert.equal(settled.finished, false);
  assert.deepEqual(settled.deferred?.outcomes, [deferred(1)]);
  const pause = settled.deferred!.until - clock.now();
  assert.ok(pause >= 48_000 && pause <= 72_000, String(pause));
  await clock.advance(pause - 1);
  assert.deepEqual(await spool.lease("example.test", 1), []);
  assert.deepEqual([...spool.destinations()].map(({ waiting }) => waiting), [1]);
  await clock.advance(1);
  assert.deepEqual(due, ["example.test", "example.test"]);
  const again = await leaseOne(spool);
  assert.deepEqual([again.attempts, again.recipients.map(({ rid }) => rid)], [1, [1]]);
});

Deno.test("DurableSpool.settle keeps a recipient that has no outcome", async () => {
  await using world = new World();
  const spool = await world.open();
  await put(spool, { to: ["a@example.test", "b@example.test"] });
  const settled = await spool.settle(await leaseOne(spool), [delivered(0)], rule);
  assert.equal(settled.finished, false);
  assert.deepEqual(settled.deferred?.outcomes, []);
  await spool.close();
  using db = new DatabaseSync(`${world.directory}/queue.db`);
  const [row] = db.prepare("SELECT recipients FROM delivery").all();
  assert.deepEqual(JSON.parse(row.recipients as string), [{ rid: 1, address: "b@example.test" }]);
});

Deno.test("DurableSpool.giveBack with a time keeps the message until then, over a restart too", async () => {
  await using world = new World();
  const clock = new FakeClock();
  const spool = await world.open(clock);
  const due: string[] = [];
  spool.onDue((destination) => due.push(destination));
  await put(spool);
  spool.giveBack(await leaseOne(spool), clock.now() + 5000);
  await spool.close();
  const next = await world.open(clock);
  next.onDue((destination) => due.push(destination));
  await clock.advance(4999);
  assert.deepEqual(await next.lease("example.test", 1), []);
  await clock.advance(1);
  assert.deepEqual(due, ["example.test", "example.test"]);
  assert.equal((await leaseOne(next)).attempts, 0);
});

Deno.test("DurableSpool.onDue tells a late listener what is due already", async () => {
  await using world = new World();
  const spool = await world.open();
  await put(spool);
  const told = Promise.withResolvers<string>();
  spool.onDue(told.resolve);
  assert.equal(await told.promise, "example.test");
});

Deno.test("DurableSpool.lease gives the oldest due first, over more than memory holds", async () => {
  await using world = new World();
  const spool = await world.open();
  const count = 1700;
  const mids = await Promise.all(Array.from({ length: count }, () => put(spool)));
  const leased: number[] = [];
  for (let lease; (lease = (await spool.lease("example.test", 1))[0]) !== undefined;) {
    leased.push(lease.envelope.mid);
    if (leased.length % 3 > 0) await spool.settle(lease, [delivered(0)], rule);
    if (leased.length % 100 === 0) await soon(0);
  }
  assert.deepEqual(leased, mids.sort((a, b) => a - b));
  assert.deepEqual([...spool.destinations()], []);
});

Deno.test("DurableSpool.lease does not let fresh mail keep a retry waiting", async () => {
  await using world = new World();
  const clock = new FakeClock();
  const spool = await world.open(clock);
  const first = await put(spool, { receivedAt: clock.now() });
  await spool.settle(await leaseOne(spool), [deferred(0)], rule);
  await clock.advance(1000);
  const fresh = [];
  for (let n = 0; n < 5; n++) fresh.push(await put(spool));
  await clock.advance(80_000);
  fresh.push(await put(spool));
  const mids = (await spool.lease("example.test", 7)).map(({ envelope }) => envelope.mid);
  assert.deepEqual(mids, [...fresh.slice(0, 5), first, fresh[5]]);
});

Deno.test("DurableSpool shares a commit between messages that come together", async () => {
  await using world = new World();
  const spool = await world.open();
  const before = spool.commits;
  await Promise.all(Array.from({ length: 200 }, () => put(spool)));
  const puts = spool.commits - before;
  assert.ok(puts >= 1 && puts <= 20, `${puts} commits for 200 messages`);
  for (const lease of await spool.lease("example.test", 200)) await spool.settle(lease, [delivered(0)], rule);
  await written(spool);
  assert.ok(spool.commits - before - puts <= 5, `${spool.commits - before - puts} commits for 200 settlements`);
});

Deno.test("DurableSpool.put refuses past the message limit, and takes mail again below it", async () => {
  await using world = new World();
  world.settings.max_queue_messages = 2;
  const spool = await world.open();
  await put(spool);
  await put(spool);
  await assert.rejects(put(spool), (error) => error instanceof SpoolFullError && /2 are queued/.test(error.message));
  assert.equal(spool.messages, 2);
  await spool.settle(await leaseOne(spool), [delivered(0)], rule);
  await put(spool);
  // A report is stored all the same: it must not be lost because the queue is full.
  const settled = await spool.settle(await leaseOne(spool), [refused(0)], rule);
  assert.ok(settled.report !== undefined && settled.report !== "dropped");
});

Deno.test("DurableSpool.put refuses while less than min_free_disk is free", async () => {
  await using world = new World();
  const spool = await world.open();
  world.settings.min_free_disk = 2 ** 60;
  await assert.rejects(put(spool), (error) => error instanceof SpoolFullError && /must stay free/.test(error.message));
  world.settings.min_free_disk = 0;
  await put(spool);
  assert.equal(spool.messages, 1);
});

Deno.test("DurableSpool.put refuses a message without recipients and a text of another message", async () => {
  await using world = new World();
  const spool = await world.open();
  await assert.rejects(put(spool, { to: [] }), /it has no recipients/);
  const draft = spool.draft(spool.ids.next("mid"));
  const envelope = { sender: "", recipients: [{ rid: 0, address: "b@c.test" }], eightBit: false, smtputf8: false };
  await assert.rejects(spool.put({ ...envelope, mid: 999, receivedAt: 0 }, draft), /of another message/);
  assert.equal(spool.messages, 0);
});

Deno.test("DurableSpool goes on when the wall clock is set back, and after a start at an earlier time", async () => {
  await using world = new World();
  let wall = 1_700_000_000_000;
  const clock = new FakeClock();
  const jumpy = {
    now: () => wall + clock.monotonic(),
    monotonic: () => clock.monotonic(),
    after: clock.after.bind(clock),
    every: clock.every.bind(clock),
  };
  const spool = await world.open(jumpy);
  await put(spool, { receivedAt: jumpy.now() });
  await put(spool, { receivedAt: jumpy.now(), to: ["c@other.test"] });
  wall -= 86_400_000;
  await spool.settle(await leaseOne(spool), [deferred(0)], rule);
  await spool.settle(await leaseOne(spool, "other.test"), [deferred(0)], rule);
  await clock.advance(73_000);
  assert.equal((await leaseOne(spool)).attempts, 1);
  await spool.close();
  wall -= 5 * 86_400_000;
  const next = await world.open(jumpy);
  assert.match(world.log.lines.join("\n"), /warning: The clock went back by \d+ s/);
  assert.equal((await leaseOne(next, "other.test")).attempts, 1);
});

Deno.test("DurableSpool.onDue tells the next retry although the one before was leased ahead of its alarm", async () => {
  await using world = new World();
  const clock = new FakeClock();
  const spool = await world.open(clock);
  await put(spool, { receivedAt: clock.now() });
  const first = await leaseOne(spool);
  await put(spool, { receivedAt: clock.now() });
  const second = await leaseOne(spool);
  await spool.settle(first, [deferred(0)], rule);
  await spool.settle(second, [deferred(0)], { ...rule, initial_retry: 600_000 });
  let told = NaN;
  spool.onDue(() => void (told = clock.monotonic()));
  await clock.advance(100);
  // The timer of the first is 48 s away when the clock says that it is due, as it is when mail comes right before a timer fires.
  clock.jump(100_000);
  assert.equal((await leaseOne(spool)).envelope.mid, first.envelope.mid);
  assert.deepEqual(await spool.lease("example.test", 1), []);
  await clock.advance(720_000);
  assert.ok(told > 300_000, `the last word came after ${told} ms, long before the second is due`);
  assert.equal((await leaseOne(spool)).envelope.mid, second.envelope.mid);
});

Deno.test("Ids never give a number twice, whether the queue was closed or not", async () => {
  await using world = new World();
  const seen = new Set<number>();
  const crashed = `${world.directory}/crashed`;
  for (let run = 0; run < 3; run++) {
    const spool = await world.open();
    for (let n = 0; n < 1500; n++) {
      const mid = spool.ids.next("mid");
      assert.ok(!seen.has(mid), `MID ${mid} twice`);
      seen.add(mid);
      if (n % 300 === 0) await soon(40);
    }
    // What a crash leaves is what is on the disk now.
    if (run === 2) {
      await Deno.mkdir(crashed);
      for (const name of ["queue.db", "queue.db-wal"]) {
        await Deno.copyFile(`${world.directory}/${name}`, `${crashed}/${name}`);
      }
    }
    await spool.close();
  }
  assert.equal(Math.max(...seen), 4500, "a clean stop leaves no gap");
  await using after = new World(crashed);
  const next = (await after.open()).ids.next("mid");
  assert.ok(next > 4500 && next <= 6000, String(next));
});

Deno.test("DurableSpool leases no message before its put has resolved, though its rows can be read already", async () => {
  await using world = new World();
  const spool = await world.open();
  for (let round = 0; round < 20; round++) {
    const old = await put(spool);
    spool.giveBack(await leaseOne(spool), Date.now() + 30);
    await soon(80);
    let stored = false;
    const fresh = put(spool).then((mid) => {
      stored = true;
      return mid;
    });
    const leases = [];
    // The first look reads the page in which the new one may stand.
    while (!stored) {
      leases.push(...await spool.lease("example.test", 9));
      if (!stored) assert.ok(leases.every(({ envelope }) => envelope.mid === old));
      await new Promise((resolve) => setImmediate(resolve));
    }
    leases.push(...await spool.lease("example.test", 9));
    assert.deepEqual(leases.map(({ envelope }) => envelope.mid).sort(), [old, await fresh].sort());
    for (const lease of leases) await spool.settle(lease, [delivered(0)], rule);
    await written(spool);
  }
  assert.equal(spool.messages, 0);
});
