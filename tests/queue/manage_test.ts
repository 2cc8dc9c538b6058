import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { QueueFilter } from "../../src/queue/browse.ts";
import type { DurableSpool } from "../../src/queue/durable_spool.ts";
import type { Managed, QueueAction, ShownRow } from "../../src/queue/manage.ts";
import type { Lease } from "../../src/queue/spool.ts";
import type { RowKey } from "../../src/queue/store.ts";
import { heldDue } from "../../src/queue/schema.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { until } from "../gateway/rig.ts";
import { deferred, delivered, leaseOne, put, rule, soon, textOfLease, World, written } from "./world.ts";

const signal = new AbortController().signal;

async function list(spool: DurableSpool, filter: QueueFilter = {}): Promise<ShownRow[]> {
  const rows: ShownRow[] = [];
  for await (const page of spool.manage.list(filter, { limit: 1e6, signal })) rows.push(...page.rows);
  return rows;
}

/** `MID destination state [RIDs]` of each row. */
async function shown(spool: DurableSpool, filter: QueueFilter = {}): Promise<string[]> {
  return (await list(spool, filter)).map(({ mid, destination, state, recipients }) =>
    `${mid} ${destination} ${state} [${recipients.map(({ rid }) => rid)}]`
  );
}

type Counted = Omit<Managed, "recipients">;

/** What was counted, but for recipients. */
function counted({ recipients: _, ...rest }: Managed): Counted {
  return rest;
}

async function act(
  spool: DurableSpool,
  kind: Exclude<QueueAction["kind"], "redirect">,
  filter: QueueFilter = {},
): Promise<Counted> {
  return counted(await spool.manage.act({ kind }, { filter, signal }));
}

const elsewhere = { host: "backup.test", port: 2525 };

Deno.test("QueueManager.list filters by each key, and all of them together", async () => {
  await using world = new World();
  const clock = new FakeClock();
  const spool = await world.open(clock);
  await put(spool, { sender: "A@one.test", to: ["x@a.test", "Y@b.test"], receivedAt: clock.now() });
  await clock.advance(7_200_000);
  await put(spool, { sender: "", to: ["x@sub.a.test"], receivedAt: clock.now() });
  await put(spool, { sender: 'b"c@two.test', to: ["z@a.test", 'q"r@a.test'], receivedAt: clock.now() });
  const [first] = await spool.lease("b.test", 1);
  await spool.settle(first, [deferred(1)], rule);
  await clock.advance(100);
  await act(spool, "hold", { mids: [2] });
  const [one, two, sub, three] = [
    "1 a.test waiting [0]",
    "1 b.test waiting [1]",
    "2 sub.a.test held [0]",
    "3 a.test waiting [0,1]",
  ];
  const table: [QueueFilter, string[]][] = [
    [{}, [one, two, sub, three]],
    [{ sender: "a@ONE.test" }, [one, two]],
    [{ sender: "one.test" }, [one, two]],
    [{ sender: "ne.test" }, []],
    [{ sender: ".test" }, [one, two, three]],
    [{ sender: "<>" }, [sub]],
    [{ sender: 'b"c@two.test' }, [three]],
    [{ recipient: "y@b.test" }, [two]],
    [{ recipient: 'q"r@a.test' }, ["3 a.test waiting [1]"]],
    [{ recipient: "a.test" }, [one, three]],
    [{ domain: "A.test" }, [one, three]],
    [{ domain: ".a.test" }, [sub]],
    [{ domain: ".test" }, [one, two, sub, three]],
    [{ reason: "connection_refused" }, [two]],
    [{ reason: "Refused" }, [two]],
    [{ reason: "connection" }, [two]],
    [{ reason: "timeout" }, []],
    [{ before: clock.now() - 3_600_000 }, [one, two]],
    [{ held: true }, [sub]],
    [{ held: false }, [one, two, three]],
    [{ mids: [3, 1, 1, 9] }, [one, two, three]],
    [{ mids: [] }, []],
    [{ mids: [1, 3], domain: "a.test", sender: "two.test" }, [three]],
  ];
  for (const [filter, rows] of table) assert.deepEqual(await shown(spool, filter), rows, JSON.stringify(filter));
});

Deno.test("QueueManager.list goes on from its cursor, whatever came and went", async () => {
  await using world = new World();
  const spool = await world.open();
  for (let n = 0; n < 25; n++) await put(spool, { to: ["x@a.test", "x@b.test"] });
  const seen: string[] = [];
  let from: RowKey | undefined;
  do {
    const page: IteratorResult<{ rows: ShownRow[]; next: RowKey | undefined }, void> = await spool.manage.list({}, {
      limit: 7,
      from,
      signal,
    }).next();
    const { rows, next }: { rows: ShownRow[]; next: RowKey | undefined } = page.value!;
    seen.push(...rows.map(({ mid, destination }: ShownRow) => `${mid} ${destination}`));
    from = next;
    if (seen.length === 14) await act(spool, "delete", { mids: [3, 20] });
  } while (from !== undefined);
  assert.equal(seen.length, 48);
  assert.equal(new Set(seen).size, 48);
});

Deno.test("hold keeps mail from every attempt, over a restart and a clock set back, until release", async () => {
  await using world = new World();
  const clock = new FakeClock();
  let spool = await world.open(clock);
  await put(spool, { receivedAt: clock.now() });
  await put(spool, { receivedAt: clock.now() });
  assert.deepEqual(await act(spool, "hold", { mids: [1] }), { done: 1, later: 0, unchanged: 0 });
  assert.deepEqual(await act(spool, "hold"), { done: 1, later: 0, unchanged: 1 });
  assert.deepEqual(await act(spool, "retry"), { done: 0, later: 0, unchanged: 2 });
  await spool.close();
  clock.jump(-86_400_000);
  spool = await world.open(clock);
  clock.jump(365 * 86_400_000);
  assert.deepEqual(await spool.lease("example.test", 9), []);
  assert.deepEqual((await list(spool)).map(({ due, state }) => [due, state]), [[heldDue, "held"], [heldDue, "held"]]);
  const due: string[] = [];
  spool.onDue((destination) => void due.push(destination));
  assert.deepEqual(await act(spool, "release", { mids: [2] }), { done: 1, later: 0, unchanged: 0 });
  assert.deepEqual(await act(spool, "release", { mids: [2] }), { done: 0, later: 0, unchanged: 1 });
  assert.equal(due.includes("example.test"), true);
  const leases = await spool.lease("example.test", 9);
  assert.deepEqual(leases.map(({ envelope }) => envelope.mid), [2]);
  assert.deepEqual(world.log.lines.filter((line) => line.includes("operator")), [
    "info: MID 1 RID [0] held by the operator",
    "info: MID 2 RID [0] held by the operator",
    "info: MID 2 RID [0] released by the operator",
  ]);
});

Deno.test("retry makes what waits due now, and tells delivery", async () => {
  await using world = new World();
  const spool = await world.open();
  await put(spool);
  await spool.settle(await leaseOne(spool), [deferred(0)], rule);
  await written(spool);
  assert.deepEqual(await spool.lease("example.test", 1), []);
  const due: string[] = [];
  spool.onDue((destination) => void due.push(destination));
  assert.deepEqual(await act(spool, "retry"), { done: 1, later: 0, unchanged: 0 });
  assert.equal(due.includes("example.test"), true);
  assert.equal((await leaseOne(spool)).attempts, 1);
});

Deno.test("delete takes recipients that match, and the message with its text when none is left", async () => {
  await using world = new World();
  const spool = await world.open();
  const text = "x".repeat(300_000);
  await put(spool, { to: ["a@a.test", "b@a.test", "c@c.test"], text });
  assert.deepEqual(world.files(), ["1"]);
  assert.deepEqual(await spool.manage.act({ kind: "delete" }, { filter: { recipient: "a@a.test" }, signal }), {
    done: 1,
    recipients: 1,
    later: 0,
    unchanged: 0,
  });
  assert.deepEqual(await shown(spool), ["1 a.test waiting [1]", "1 c.test waiting [2]"]);
  const lease = await leaseOne(spool, "a.test");
  assert.deepEqual(lease.recipients.map(({ address }) => address), ["b@a.test"]);
  assert.equal((await textOfLease(lease)).length, text.length);
  spool.giveBack(lease);
  await act(spool, "delete", { domain: "c.test" });
  assert.equal(spool.messages, 1);
  await act(spool, "delete", { domain: "a.test" });
  assert.equal(spool.messages, 0);
  await written(spool);
  await until("no file", () => world.files().length === 0);
  assert.deepEqual([world.files(), await shown(spool), [...spool.destinations()]], [[], [], []]);
  assert.deepEqual(world.log.lines.filter((line) => line.startsWith("info")), [
    "info: MID 1 RID [0] deleted by the operator",
    "info: MID 1 RID [2] deleted by the operator",
    "info: MID 1 RID [1] deleted by the operator",
    "info: Message finished MID 1 done",
  ]);
});

Deno.test("bounce gives recipients up with one report, and leaves the others as they were", async () => {
  await using world = new World();
  const spool = await world.open();
  await put(spool, { to: ["a@a.test", "b@a.test"] });
  await put(spool, { sender: "", to: ["a@a.test"] });
  await spool.settle(await leaseOne(spool, "a.test"), [deferred(0), deferred(1)], rule);
  await written(spool);
  const [{ due, tried }] = await list(spool, { mids: [1] });
  assert.deepEqual(await act(spool, "bounce", { recipient: "a@a.test" }), { done: 2, later: 0, unchanged: 0 });
  const [row, report] = await list(spool);
  assert.deepEqual([row.mid, row.recipients.map(({ rid }) => rid)], [1, [1]]);
  assert.ok(Math.abs(row.due - due) < 2000, `${row.due} is not ${due}`);
  assert.equal(row.reason, "4.4.1 Connection refused");
  assert.ok(row.tried! >= tried!);
  assert.deepEqual([report.destination, report.sender], ["example.com", ""]);
  const text = await textOfLease(await leaseOne(spool, "example.com"));
  assert.match(text, /Final-Recipient: rfc822; a@a\.test\r\nAction: failed\r\nStatus: 5\.0\.0\r\n/);
  assert.match(text, /Returned to its sender by the operator/);
  assert.equal(spool.messages, 2);
  const told = world.log.lines.filter((line) => !line.includes("Delayed"));
  assert.deepEqual(
    told.sort(),
    [
      "info: Bounced: DCID 0 MID 1 to RID 0 - 5.0.0 - Other undefined status ('000', ['Returned to its sender by the operator'])",
      "info: Bounced: DCID 0 MID 2 to RID 0 - 5.0.0 - Other undefined status ('000', ['Returned to its sender by the operator'])",
      "info: MID 1 RID [0] bounced by the operator",
      "info: MID 2 RID [0] bounced by the operator",
      "info: MID 2 bounce dropped: the sender is empty, so nobody can be told",
      `info: MID ${report.mid} was generated for bounce of MID 1`,
      "info: Message finished MID 2 done",
    ].sort(),
  );
});

Deno.test("bounce leaves held mail held where only some of its recipients are given up", async () => {
  await using world = new World();
  const spool = await world.open();
  await put(spool, { to: ["a@a.test", "b@a.test"] });
  await act(spool, "hold");
  await act(spool, "bounce", { recipient: "a@a.test" });
  assert.deepEqual(await shown(spool, { domain: "a.test" }), ["1 a.test held [1]"]);
});

Deno.test("redirect puts mail under another host, once, over a restart, and back", async () => {
  await using world = new World();
  let spool = await world.open();
  await put(spool, { to: ["a@a.test", "b@b.test"] });
  await put(spool, { to: ["c@a.test"] });
  await act(spool, "hold", { mids: [2] });
  const redirect = async (via: typeof elsewhere | undefined, filter: QueueFilter) =>
    counted(await spool.manage.act({ kind: "redirect", via }, { filter, signal }));
  assert.deepEqual(await redirect(elsewhere, { domain: "a.test" }), { done: 2, later: 0, unchanged: 0 });
  assert.deepEqual(await redirect(elsewhere, { domain: "a.test" }), { done: 0, later: 0, unchanged: 2 });
  const rows = [
    "1 a.test;via=backup.test:2525 waiting [0]",
    "1 b.test waiting [1]",
    "2 a.test;via=backup.test:2525 held [0]",
  ];
  assert.deepEqual(await shown(spool), rows);
  await spool.close();
  spool = await world.open();
  assert.deepEqual(await shown(spool, { domain: "a.test" }), [rows[0], rows[2]]);
  const lease = await leaseOne(spool, "a.test;via=backup.test:2525");
  assert.deepEqual(lease.recipients.map(({ address }) => address), ["a@a.test"]);
  await spool.settle(lease, [delivered(0)], rule);
  await written(spool);
  assert.deepEqual(await redirect(undefined, {}), { done: 1, later: 0, unchanged: 1 });
  assert.deepEqual(await shown(spool), ["1 b.test waiting [1]", "2 a.test held [0]"]);
  assert.equal(spool.messages, 2);
  assert.deepEqual(world.log.lines.filter((line) => line.includes("redirected")), [
    "info: MID 1 RID [0] redirected to backup.test:2525 by the operator",
    "info: MID 2 RID [0] redirected to backup.test:2525 by the operator",
    "info: MID 2 RID [0] redirected to its route by the operator",
  ]);
});

Deno.test("an action on mail that is being delivered waits for the end of its attempt", async () => {
  const table: [QueueAction, string[]][] = [
    [{ kind: "delete" }, ["1 a.test waiting [1]"]],
    [{ kind: "hold" }, ["1 a.test held [0,1]"]],
    [{ kind: "redirect", via: elsewhere }, ["1 a.test;via=backup.test:2525 waiting [0,1]"]],
    [{ kind: "retry" }, ["1 a.test waiting [0,1]"]],
    [{ kind: "bounce" }, ["1 a.test waiting [1]", "2 example.com waiting [0]"]],
  ];
  for (const [action, after] of table) {
    for (const end of ["settled", "given back", "postponed"] as const) {
      await using world = new World();
      const spool = await world.open();
      await put(spool, { to: ["a@a.test", "b@a.test"] });
      const lease = await leaseOne(spool, "a.test");
      assert.deepEqual(await shown(spool), ["1 a.test delivering [0,1]"]);
      assert.deepEqual(await spool.manage.act(action, { filter: { recipient: "a@a.test" }, signal }), {
        done: 0,
        recipients: 0,
        later: 1,
        unchanged: 0,
      });
      if (end === "settled") await spool.settle(lease, [deferred(0), deferred(1)], rule);
      else spool.giveBack(lease, end === "postponed" ? Date.now() + 60_000 : undefined);
      // A report is made before anything of it is written.
      const is = async () => JSON.stringify(await shown(spool)) === JSON.stringify(after);
      await until(`${action.kind} ${end}: ${JSON.stringify(after)}`, is);
      if (action.kind !== "retry") continue;
      let due: Lease | undefined;
      await until("it is due", async () => ([due] = await spool.lease("a.test", 1)).length > 0);
      assert.equal(due!.recipients.length, 2);
    }
  }
});

Deno.test("attack: killed in the midst of a bulk action, the queue holds each message once, done or not", async () => {
  await using world = new World();
  for (const [round, kind] of ["hold", "delete", "redirect"].entries()) {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", new URL("./manage_child.ts", import.meta.url).pathname, world.directory, kind],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reader = child.stdout.getReader();
    // It says a line when the action has begun, and is killed at another point of it each time.
    await reader.read();
    await soon(10 + 15 * round);
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    const spool = await world.open();
    const rows = await list(spool);
    assert.equal(new Set(rows.map(({ mid }) => mid)).size, rows.length);
    assert.equal(spool.messages, rows.length);
    if (kind !== "delete") assert.equal(rows.length, 2000);
    const destinations = new Set(rows.map(({ destination }) => destination));
    await act(spool, "release");
    let leased = 0;
    for (const destination of destinations) leased += (await spool.lease(destination, 5000)).length;
    assert.equal(leased, rows.length);
    await spool.close();
    const again = await world.open();
    await act(again, "delete");
    assert.equal(again.messages, 0);
    await again.close();
  }
});

Deno.test("an action on mail that is being delivered ends with the message where that is delivered", async () => {
  await using world = new World();
  const spool = await world.open();
  await put(spool);
  const lease = await leaseOne(spool);
  await act(spool, "delete");
  await spool.settle(lease, [delivered(0)], rule);
  await written(spool);
  assert.equal(spool.messages, 0);
  assert.deepEqual(world.log.lines, []);
});

Deno.test("QueueManager goes over a long queue in short steps while mail comes and goes", async () => {
  await using world = new World();
  const spool = await world.open();
  const drafts: Promise<number>[] = [];
  for (let n = 0; n < 3000; n++) drafts.push(put(spool, { to: [`x@d${n % 3}.test`] }));
  await Promise.all(drafts);
  const [lease] = await spool.lease("d1.test", 1);
  const going = act(spool, "hold", { domain: "d1.test" });
  await put(spool, { to: ["late@d1.test"] });
  assert.deepEqual(await going, { done: 999, later: 1, unchanged: 0 });
  spool.giveBack(lease);
  await written(spool);
  assert.equal((await list(spool, { held: true })).length, 1000);
  const [fresh] = await spool.lease("d1.test", 5);
  assert.equal(fresh.recipients[0].address, "late@d1.test");
  assert.equal((await spool.lease("d0.test", 2000)).length, 1000);
  assert.deepEqual(await act(spool, "delete", { domain: "d2.test" }), { done: 1000, later: 0, unchanged: 0 });
  assert.equal(spool.messages, 2001);
});

Deno.test("the trail keeps the last attempts of what waits, those of other destinations too", async () => {
  await using world = new World();
  const clock = new FakeClock();
  const spool = await world.open(clock);
  await put(spool, { to: ["a@a.test", "b@a.test", "c@c.test"], receivedAt: clock.now() });
  await spool.settle(await leaseOne(spool, "c.test"), [delivered(2)], rule);
  for (let n = 0; n < 40; n++) {
    let [lease] = await spool.lease("a.test", 1);
    // What was decided is synced by another thread.
    for (; lease === undefined; [lease] = await spool.lease("a.test", 1)) await soon(5);
    await spool.settle(lease, n === 0 ? [delivered(0), deferred(1)] : [deferred(1)], rule);
    clock.jump(4_400_000);
    await clock.advance(100);
    if (n !== 2) continue;
    await written(spool);
    const { trail } = (await spool.manage.details(1, signal))!;
    assert.deepEqual(
      trail.map(({ destination, answers }) => [destination, answers.map(({ kind, rids }) => [kind, rids])]),
      [
        ["c.test", [["delivered", [2]]]],
        ["a.test", [["delivered", [0]], ["deferred", [1]]]],
        ["a.test", [["deferred", [1]]]],
        ["a.test", [["deferred", [1]]]],
      ],
    );
    assert.deepEqual(trail[0].answers[0].host, "mx.example.test [192.0.2.1]:25");
    assert.deepEqual(trail[0].answers[0].text, "250 2.0.0 Ok");
  }
  assert.equal((await spool.manage.details(1, signal))!.trail.length, 30);
});

Deno.test("QueueManager.details shows a message whole, and nothing of one that is not there", async () => {
  await using world = new World();
  const spool = await world.open();
  await put(spool, { to: ["a@a.test"], text: "Subject: x\r\nTo: y\r\n\r\nsecret\r\n" });
  await put(spool, { to: ["a@a.test"], text: `Subject: long\r\n\r\n${"x".repeat(300_000)}` });
  const short = (await spool.manage.details(1, signal))!;
  assert.equal(short.header, "Subject: x\r\nTo: y\r\n");
  assert.deepEqual(short.rows.map(({ destination, state }) => [destination, state]), [["a.test", "waiting"]]);
  assert.equal((await spool.manage.details(2, signal))!.header, "Subject: long\r\n");
  assert.equal(await spool.manage.details(3, signal), undefined);
});

Deno.test("Store takes the tables of version 1 over, with all mail in them", async () => {
  await using world = new World();
  {
    using db = new DatabaseSync(`${world.directory}/queue.db`);
    db.exec(`PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; BEGIN;
CREATE TABLE message (mid INTEGER PRIMARY KEY, sender TEXT NOT NULL, received_at INTEGER NOT NULL, octets INTEGER NOT NULL,
  eight_bit INTEGER NOT NULL, smtputf8 INTEGER NOT NULL, ret TEXT, envid TEXT, place TEXT NOT NULL CHECK (place IN ('row', 'file'))) STRICT;
CREATE INDEX message_file ON message (mid) WHERE place = 'file';
CREATE TABLE body (mid INTEGER PRIMARY KEY, text BLOB NOT NULL) STRICT;
CREATE TABLE delivery (mid INTEGER NOT NULL, destination TEXT NOT NULL, due INTEGER NOT NULL, attempts INTEGER NOT NULL,
  tried INTEGER, reason TEXT, recipients TEXT NOT NULL, PRIMARY KEY (mid, destination)) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_due ON delivery (destination, due);
CREATE TABLE mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO message VALUES (7, 's@example.org', ${Date.now()}, 5, 0, 0, 'HDRS', NULL, 'row');
INSERT INTO body VALUES (7, x'48656c6c6f');
INSERT INTO delivery VALUES (7, 'example.test', 1000, 3, 900, '451 later', '[{"rid":0,"address":"b@example.test"}]');
PRAGMA user_version = 1; COMMIT`);
  }
  const spool = await world.open();
  assert.deepEqual(world.log.lines, []);
  const lease = await leaseOne(spool);
  assert.deepEqual([lease.envelope.mid, lease.envelope.ret, lease.attempts, await textOfLease(lease)], [
    7,
    "HDRS",
    3,
    "Hello",
  ]);
  await spool.settle(lease, [deferred(0)], rule);
  await written(spool);
  assert.deepEqual((await list(spool)).map(({ attempts, word }) => [attempts, word]), [[4, "connection_refused"]]);
});
