/**
 * What a message demands of TLS, kept with it: in its row, in the name it waits under, in its reports, and over versions.
 */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { TlsDemand } from "../../src/mail/destination.ts";
import { schemaVersion } from "../../src/queue/schema.ts";
import { Store } from "../../src/queue/store.ts";
import { parsedReport } from "../support/dsn.ts";
import { delivered, leaseOne, put, refused, rule, textOfLease, World } from "./world.ts";

Deno.test("DurableSpool keeps what a message demands of TLS over a restart, and apart from other mail", async () => {
  await using world = new World();
  const first = await world.open();
  await put(first, { to: ["b@example.test"] });
  await put(first, { to: ["b@example.test", "c@Other.test"], tls: "required" });
  await put(first, { to: ["b@example.test"], tls: "requiretls" });
  await first.close();
  const spool = await world.open();
  const names = [...spool.destinations()].map(({ destination, waiting }) => `${destination} ${waiting}`).sort();
  assert.deepEqual(names, [
    "example.test 1",
    "example.test;required 1",
    "example.test;requiretls 1",
    "other.test;required 1",
  ]);
  const table: [string, TlsDemand | undefined][] = [
    ["example.test", undefined],
    ["example.test;required", "required"],
    ["other.test;required", "required"],
    ["example.test;requiretls", "requiretls"],
  ];
  for (const [name, demand] of table) {
    const lease = await leaseOne(spool, name);
    assert.deepEqual([lease.destination, lease.envelope.tls], [name, demand]);
    await spool.settle(lease, [delivered(lease.recipients[0].rid)], rule);
  }
  assert.equal(spool.messages, 0);
});

Deno.test("DurableSpool.settle: a report demands what its message did, and tells less of one with REQUIRETLS", async () => {
  const table: [TlsDemand | undefined, "FULL" | "HDRS" | undefined, string][] = [
    [undefined, undefined, "message/rfc822"],
    ["required", undefined, "message/rfc822"],
    ["required", "HDRS", "text/rfc822-headers"],
    ["requiretls", undefined, "text/rfc822-headers"],
    ["requiretls", "FULL", "text/rfc822-headers"],
  ];
  for (const [tls, ret, type] of table) {
    await using world = new World();
    const spool = await world.open();
    await put(spool, { ...tls && { tls }, ...ret && { ret } });
    await spool.settle(await leaseOne(spool, tls ? `example.test;${tls}` : "example.test"), [refused(0)], rule);
    const report = await leaseOne(spool, tls ? `example.com;${tls}` : "example.com");
    assert.equal(report.envelope.tls, tls);
    assert.equal(parsedReport(report.held!).parts[2].type, type, `${tls} ${ret}`);
  }
});

Deno.test("QueueFigures counts a domain's mail together, whatever it demands", async () => {
  await using world = new World();
  const spool = await world.open();
  await put(spool, { to: ["b@example.test", "c@example.test"] });
  await put(spool, { to: ["b@example.test"], tls: "required" });
  await put(spool, { to: ["b@example.test", "c@example.test"], tls: "requiretls" });
  for (let n = 0; n < 2; n++) await put(spool, { to: ["b@other.test"] });
  const example = { destination: "example.test", messages: 3, recipients: 5 };
  const other = { destination: "other.test", messages: 2, recipients: 2 };
  assert.deepEqual([spool.figures.of("example.test"), spool.figures.of("other.test")], [example, other]);
  assert.deepEqual(spool.figures.of("absent.test"), { destination: "absent.test", messages: 0, recipients: 0 });
  assert.deepEqual([spool.figures.top(9), spool.figures.top(1)], [[example, other], [example]]);
});

/** The tables of version 1, as its programs made them. */
const version1 = `
PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;
CREATE TABLE message (
  mid INTEGER PRIMARY KEY, sender TEXT NOT NULL, received_at INTEGER NOT NULL, octets INTEGER NOT NULL,
  eight_bit INTEGER NOT NULL, smtputf8 INTEGER NOT NULL, ret TEXT, envid TEXT,
  place TEXT NOT NULL CHECK (place IN ('row', 'file'))
) STRICT;
CREATE INDEX message_file ON message (mid) WHERE place = 'file';
CREATE TABLE body (mid INTEGER PRIMARY KEY, text BLOB NOT NULL) STRICT;
CREATE TABLE delivery (
  mid INTEGER NOT NULL, destination TEXT NOT NULL, due INTEGER NOT NULL, attempts INTEGER NOT NULL, tried INTEGER,
  reason TEXT, recipients TEXT NOT NULL, PRIMARY KEY (mid, destination)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_due ON delivery (destination, due);
CREATE TABLE mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;
INSERT INTO message VALUES (7, 'a@example.com', 1763774400000, 20, 0, 0, 'HDRS', 'x', 'row');
INSERT INTO body VALUES (7, CAST('Subject: x' || char(13, 10, 13, 10) || 'body' || char(13, 10) AS BLOB));
INSERT INTO delivery VALUES (7, 'example.test', 1763774400000, 3, 1763774300000, 'refused', '[{"rid":0,"address":"b@example.test"}]');
INSERT INTO mark VALUES ('mid', 8), ('icid', 5), ('dcid', 5);
`;

Deno.test("openSpool takes over a queue of version 1 with its mail, and its tables are those of today", async () => {
  await using world = new World();
  const path = `${world.directory}/queue.db`;
  {
    using old = new DatabaseSync(path);
    old.exec(version1);
  }
  {
    const spool = await world.open();
    assert.deepEqual(world.log.lines.filter((line) => !line.startsWith("info")), []);
    const lease = await leaseOne(spool);
    assert.deepEqual([lease.envelope.mid, lease.attempts, lease.envelope.ret, lease.envelope.tls], [
      7,
      3,
      "HDRS",
      undefined,
    ]);
    assert.equal(await textOfLease(lease), "Subject: x\r\n\r\nbody\r\n");
    assert.ok(await put(spool, { tls: "required" }) >= 8);
    await spool.settle(lease, [delivered(0)], rule);
    await spool.close();
  }
  const columns = (file: string) => {
    using db = new DatabaseSync(file);
    return db.prepare("SELECT name, type, \"notnull\" FROM pragma_table_info('message')").all().map((row) => ({
      ...row,
    }));
  };
  using fresh = new Store(`${world.directory}/fresh.db`);
  assert.deepEqual(columns(path), columns(`${world.directory}/fresh.db`));
  assert.equal(fresh.countMessages(), 0);
  using db = new DatabaseSync(path);
  assert.equal(db.prepare("PRAGMA user_version").get()!.user_version, schemaVersion);
  assert.deepEqual(db.prepare("SELECT sender, tls FROM message").all().map((row) => ({ ...row })), [
    { sender: "a@example.com", tls: "required" },
  ]);
});

Deno.test("openSpool saves the mail of a damaged queue of version 1, and what newer mail demands", async () => {
  await using world = new World();
  const path = `${world.directory}/queue.db`;
  {
    using old = new DatabaseSync(path);
    old.exec(version1 + "PRAGMA wal_checkpoint(TRUNCATE)");
  }
  damageIndex(path);
  const first = await world.open();
  assert.match(world.log.lines.join("\n"), /critical: Moved 1 messages from /);
  await put(first, { tls: "requiretls" });
  assert.equal((await leaseOne(first)).envelope.mid, 7);
  await first.close();
  {
    using db = new DatabaseSync(path);
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  damageIndex(path);
  const second = await world.open();
  assert.match(world.log.lines.join("\n"), /critical: Moved 2 messages from /);
  assert.equal((await leaseOne(second, "example.test;requiretls")).envelope.tls, "requiretls");
});

/** Makes the root page of the index by due time unreadable. */
function damageIndex(path: string): void {
  let page: number;
  {
    using db = new DatabaseSync(path);
    page = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'delivery_due'").get()!.rootpage as number;
  }
  using file = Deno.openSync(path, { write: true });
  file.seekSync((page - 1) * 4096, Deno.SeekMode.Start);
  file.writeSync(new Uint8Array(4096).fill(0xee));
}
