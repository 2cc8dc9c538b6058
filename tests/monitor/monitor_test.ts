/**
 * What is counted of the log's events, and that it is kept.
 *
 * @module
 */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { MailEvent } from "../../src/mail/events.ts";
import { domainsMax } from "../../src/monitor/buckets.ts";
import { type Counts, type Direction, hourMs } from "../../src/monitor/counts.ts";
import { writeMs } from "../../src/monitor/monitor.ts";
import { keptMs } from "../../src/monitor/store.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { connectionError, ended, inbound, MonitorRig, outbound } from "./monitor_rig.ts";

/** Counts that are not zero. */
function told(counts: Counts | undefined): Partial<Counts> {
  assert.ok(counts !== undefined, "the database cannot be read");
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}

function sums(rig: MonitorRig, direction: Direction, domain?: string): Partial<Counts> {
  return told(rig.monitor.read((store) => store.sums(direction, { since: 0, until: rig.clock.now(), domain })));
}

const counted: { name: string; events: () => MailEvent[]; direction: Direction; domain: string; counts: object }[] = [
  {
    name: "an inbound connection in clear is counted for the sender's domain, with messages, recipients and octets",
    events: () => inbound({ from: "A@Sender.EXAMPLE", recipients: 3, bytes: 700, messages: 2 }),
    direction: "inbound",
    domain: "sender.example",
    counts: { connections: 1, clear: 1, messages: 2, recipients: 6, octets: 1400 },
  },
  {
    name: "TLS that the policy prefers, and has",
    events: () => inbound({ tls: "TLSv1.3" }),
    direction: "inbound",
    domain: "sender.example",
    counts: { connections: 1, tls_preferred_success: 1, messages: 1, recipients: 1, octets: 1000 },
  },
  {
    name: "TLS that the policy requires, and has",
    events: () => inbound({ tls: "TLSv1.2", demand: "required" }),
    direction: "inbound",
    domain: "sender.example",
    counts: { connections: 1, tls_required_success: 1, messages: 1, recipients: 1, octets: 1000 },
  },
  {
    name: "a handshake that fails counts for the domain of the client's proven name",
    events: () => inbound({ failed: "no_shared_cipher", demand: "required", host: "mx1.Sender.example" }),
    direction: "inbound",
    domain: "sender.example",
    counts: { connections: 1, tls_required_failed: 1 },
  },
  {
    name: "a handshake that fails, of a client without a name",
    events: () => inbound({ failed: "version_mismatch" }),
    direction: "inbound",
    domain: "?",
    counts: { connections: 1, tls_preferred_failed: 1 },
  },
  {
    name: "a sender that has to use TLS, and is refused in clear",
    events: () => {
      const [open, group] = inbound();
      const note = { reason: "tls_required", text: "MAIL refused", sender: "a@sender.example" };
      return [open, group, { event: "icid_note", icid: (open as { icid: number }).icid, ...note }];
    },
    direction: "inbound",
    domain: "sender.example",
    counts: { connections: 1, tls_required_failed: 1 },
  },
  {
    name: "the null sender has a row of its own",
    events: () => inbound({ from: "" }),
    direction: "inbound",
    domain: "<>",
    counts: { connections: 1, clear: 1, messages: 1, recipients: 1, octets: 1000 },
  },
  {
    name: "a sender in Unicode is counted under the name that DNS knows",
    events: () => inbound({ from: "a@bücher.example" }),
    direction: "inbound",
    domain: "xn--bcher-kva.example",
    counts: { connections: 1, clear: 1, messages: 1, recipients: 1, octets: 1000 },
  },
  {
    name: "a message that is not taken counts for nothing but its refused recipients",
    events: () => inbound({ end: "aborted", refused: 2 }),
    direction: "inbound",
    domain: "sender.example",
    counts: { connections: 1, clear: 1, refused: 2 },
  },
  {
    name: "a blackhole's messages were taken all the same",
    events: () => inbound({ end: "blackhole" }),
    direction: "inbound",
    domain: "sender.example",
    counts: { connections: 1, clear: 1, messages: 1, recipients: 1, octets: 1000 },
  },
  {
    name: "outbound, level none: clear text",
    events: () => outbound({ tlsLevel: "none" }),
    direction: "outbound",
    domain: "dest.example",
    counts: { connections: 1, clear: 1, messages: 1, recipients: 2, octets: 500 },
  },
  {
    name: "outbound, preferred, and TLS is had",
    events: () => outbound({ tls: { kind: "success", protocol: "TLSv1.3" } }),
    direction: "outbound",
    domain: "dest.example",
    counts: { connections: 1, tls_preferred_success: 1, messages: 1, recipients: 2, octets: 500 },
  },
  {
    name: "outbound, required-verify, and TLS is had",
    events: () => outbound({ tlsLevel: "required-verify", tls: { kind: "success", protocol: "TLSv1.3" } }),
    direction: "outbound",
    domain: "dest.example",
    counts: { connections: 1, tls_required_success: 1, messages: 1, recipients: 2, octets: 500 },
  },
  {
    name: "outbound, preferred, not offered: clear text and no failure",
    events: () => outbound({ tls: { kind: "failed", reason: "no_starttls" } }),
    direction: "outbound",
    domain: "dest.example",
    counts: { connections: 1, clear: 1, messages: 1, recipients: 2, octets: 500 },
  },
  {
    name: "outbound, preferred, offered and refused: clear text and a failure",
    events: () => outbound({ tls: { kind: "failed", reason: "starttls_refused" } }),
    direction: "outbound",
    domain: "dest.example",
    counts: { connections: 1, clear: 1, tls_preferred_failed: 1, messages: 1, recipients: 2, octets: 500 },
  },
  {
    name: "outbound, required, not offered: a failure",
    events: () => outbound({ tlsLevel: "required", tls: { kind: "failed", reason: "no_starttls" } }),
    direction: "outbound",
    domain: "dest.example",
    counts: { connections: 1, connection_failures: 1, tls_required_failed: 1 },
  },
  {
    name: "outbound, preferred, octets injected behind the 220: a failure, never clear text",
    events: () => outbound({ tls: { kind: "failed", reason: "injected" } }),
    direction: "outbound",
    domain: "dest.example",
    counts: { connections: 1, connection_failures: 1, tls_preferred_failed: 1 },
  },
  {
    name: "outbound, required, the handshake fails",
    events: () => outbound({ tlsLevel: "required", tls: { kind: "deferring", reason: "expired" } }),
    direction: "outbound",
    domain: "dest.example",
    counts: { connections: 1, connection_failures: 1, tls_required_failed: 1 },
  },
  {
    name: "a connection that carries another destination's mail counts there too, with its TLS",
    events: () =>
      outbound({
        tls: { kind: "success", protocol: "TLSv1.3" },
        carries: ["dest.example", "other.example", "other.example"],
      }),
    direction: "outbound",
    domain: "other.example",
    counts: { connections: 1, tls_preferred_success: 1, messages: 2, recipients: 4, octets: 1000 },
  },
  {
    name: "a host that cannot be reached",
    events: () => [connectionError({}), connectionError({})],
    direction: "outbound",
    domain: "dest.example",
    counts: { connection_failures: 2 },
  },
  {
    name: "recipients that wait, and that are given up",
    events: () => [ended("bounced"), ended("delayed", 0), ended("delayed", 451)],
    direction: "outbound",
    domain: "dest.example",
    counts: { bounced: 1, deferred: 2 },
  },
];

for (const { name, events, direction, domain, counts } of counted) {
  Deno.test(`Monitor counts: ${name}`, async () => {
    await using rig = await MonitorRig.open();
    rig.hear(...events());
    assert.deepEqual(sums(rig, direction, domain), counts);
  });
}

Deno.test("Monitor totals and handshakes are those of both directions since the start", async () => {
  await using rig = await MonitorRig.open();
  rig.hear(
    ...inbound({ tls: "TLSv1.3", recipients: 2, refused: 1 }),
    ...inbound({ tls: "TLSv1.3", end: "aborted" }),
    ...inbound({ failed: "no_shared_cipher" }),
    ...outbound({ tls: { kind: "success", protocol: "TLSv1.2", verified: false, reason: "self_signed" } }),
    ...outbound({ tls: { kind: "deferring", reason: "expired" } }),
    ended("bounced"),
    ended("delayed", 451),
    { event: "mid_generated", mid: 1_000_000, parent: 7 },
  );
  assert.deepEqual(rig.monitor.totals, {
    connectionsIn: 3,
    messagesIn: 1,
    recipientsIn: 2,
    octetsIn: 1000,
    recipientsRefused: 1,
    messagesAborted: 1,
    messagesGenerated: 1,
    connectionsOut: 2,
    connectionFailures: 1,
    messagesOut: 1,
    recipientsOut: 2,
    octetsOut: 500,
    softBounced: 1,
    hardBounced: 1,
    messagesFinished: 1,
  });
  const kinds = rig.monitor.handshakes.list().map((kind) => Object.values(kind).join(" "));
  assert.deepEqual(kinds.sort(), [
    "inbound  failed no_shared_cipher 1",
    "inbound TLSv1.3 success  2",
    "outbound  failed expired 1",
    "outbound TLSv1.2 success self_signed 1",
  ]);
});

Deno.test("Monitor knows the last TLS result of a domain with reason, version, cipher and time, before and after it is written", async () => {
  await using rig = await MonitorRig.open();
  rig.hear(...outbound({ tls: { kind: "success", protocol: "TLSv1.2", verified: true } }));
  await rig.clock.advance(1000);
  rig.hear(...outbound({ tlsLevel: "required", tls: { kind: "deferring", reason: "expired" } }));
  const wanted = {
    at: rig.clock.now(),
    result: "failed",
    demand: "required",
    protocol: "",
    cipher: "",
    verified: false,
    reason: "expired",
    text: "error:1",
    peer: "mx.dest.example (192.0.2.9:25)",
  };
  assert.deepEqual({ ...rig.monitor.lastTls("outbound", "dest.example") }, wanted);
  rig.restart("stopped");
  assert.deepEqual({ ...rig.monitor.lastTls("outbound", "dest.example") }, wanted);
  rig.hear(...inbound({ tls: "TLSv1.3", demand: "required" }));
  assert.deepEqual({ ...rig.monitor.lastTls("inbound", "sender.example") }, {
    ...wanted,
    result: "success",
    protocol: "TLSv1.3",
    cipher: "C",
    reason: "",
    text: "",
    peer: "192.0.2.1",
  });
  assert.equal(rig.monitor.lastTls("inbound", "nobody.example"), undefined);
});

Deno.test("Monitor keeps the last 5XX of a destination, and no temporary answer", async () => {
  await using rig = await MonitorRig.open();
  rig.hear(ended("bounced", 554), ended("bounced", 451), ended("delayed", 550));
  const wanted = { at: rig.clock.now(), code: 554, text: "5.1.1 no such user" };
  assert.deepEqual(rig.monitor.lastRefusal("dest.example"), wanted);
  rig.restart("stopped");
  assert.deepEqual({ ...rig.monitor.lastRefusal("dest.example") }, wanted);
});

Deno.test("Monitor writes each 15 s: what was written before a kill is kept, and the hour goes on in the next process", async () => {
  await using rig = await MonitorRig.open();
  rig.hear(...inbound());
  await rig.clock.advance(writeMs);
  rig.hear(...inbound());
  rig.restart("killed");
  rig.hear(...inbound(), ...inbound());
  await rig.clock.advance(writeMs);
  using db = new DatabaseSync(rig.path, { readOnly: true });
  assert.deepEqual(
    db.prepare("SELECT direction, domain, hour, messages FROM traffic").all().map((row) => ({ ...row })),
    [{
      direction: "inbound",
      domain: "sender.example",
      hour: rig.clock.now() - rig.clock.now() % hourMs,
      messages: 3,
    }],
  );
});

Deno.test("Monitor keeps hours apart, and sums them", async () => {
  await using rig = await MonitorRig.open(new FakeClock(Date.UTC(2025, 0, 1, 10, 59, 50)));
  rig.hear(...inbound());
  await rig.clock.advance(20_000);
  rig.hear(...inbound(), ...inbound());
  const { clock, monitor } = rig;
  const hours = monitor.read((store) => store.hourly("inbound", { since: 0, until: clock.now() }));
  assert.deepEqual(hours?.map(({ hour, counts }) => [new Date(hour).toISOString(), counts.messages]), [
    ["2025-01-01T10:00:00.000Z", 1],
    ["2025-01-01T11:00:00.000Z", 2],
  ]);
  assert.deepEqual(told(monitor.read((store) => store.sums("inbound", { since: clock.now(), until: clock.now() }))), {
    connections: 2,
    clear: 2,
    messages: 2,
    recipients: 2,
    octets: 2000,
  });
});

Deno.test("attack: more sender domains in an hour than are told apart are counted together, after a restart too", async () => {
  await using rig = await MonitorRig.open();
  for (let at = 0; at < domainsMax + 50; at++) rig.hear(...inbound({ from: `a@d${at}.example` }));
  rig.hear(...inbound({ from: "a@d3.example" }));
  rig.restart("stopped");
  assert.equal(sums(rig, "inbound").messages, domainsMax + 51);
  rig.hear(...inbound({ from: "a@late.example" }), ...inbound({ from: "a@d4.example" }));
  assert.equal(sums(rig, "inbound", "*").messages, 51);
  assert.equal(sums(rig, "inbound", "d3.example").messages, 2);
  assert.equal(sums(rig, "inbound", "d4.example").messages, 2);
  assert.deepEqual(sums(rig, "inbound", "late.example"), {});
  assert.equal(rig.monitor.lastTls("inbound", "late.example"), undefined);
  await rig.clock.advance(hourMs);
  rig.hear(...inbound({ from: "a@late.example" }));
  assert.equal(sums(rig, "inbound", "late.example").messages, 1);
});

Deno.test("attack: a session that names a new domain in each MAIL is counted for a hundred of them at the most", async () => {
  await using rig = await MonitorRig.open();
  const icid = 9_000_000;
  const [open, group] = inbound();
  rig.hear({ ...open, icid } as MailEvent, { ...group, icid } as MailEvent);
  for (let at = 0; at < 300; at++) rig.hear({ event: "mid_from", mid: icid + at, icid, from: `a@d${at}.example` });
  assert.equal(sums(rig, "inbound").connections, 101);
});

Deno.test("Monitor keeps 90 days: older rows are removed with the hour", async () => {
  await using rig = await MonitorRig.open();
  rig.hear(
    ...inbound({ from: "a@old.example" }),
    ...outbound({ domain: "old.example" }),
    ended("bounced", 550, "old.example"),
  );
  await rig.clock.advance(writeMs);
  rig.clock.jump(keptMs - 2 * hourMs);
  rig.hear(...inbound({ from: "a@young.example" }));
  await rig.clock.advance(hourMs + writeMs);
  assert.equal(sums(rig, "inbound", "old.example").messages, 1);
  rig.clock.jump(3 * hourMs);
  await rig.clock.advance(hourMs + writeMs);
  assert.deepEqual(sums(rig, "inbound", "old.example"), {});
  assert.equal(rig.monitor.lastTls("inbound", "old.example"), undefined);
  assert.equal(rig.monitor.lastRefusal("old.example"), undefined);
  assert.equal(sums(rig, "inbound", "young.example").messages, 1);
});

Deno.test("Monitor: a database that is locked costs one Warning, nothing is lost, and it goes on by itself", async () => {
  await using rig = await MonitorRig.open();
  rig.hear(...inbound());
  await rig.clock.advance(writeMs + 1000);
  {
    using other = new DatabaseSync(rig.path);
    other.exec("BEGIN IMMEDIATE");
    rig.hear(...inbound());
    await rig.clock.advance(3 * writeMs);
    assert.equal(rig.lines.length, 1, rig.lines.join(""));
    assert.match(rig.lines[0], /Warning: Cannot keep statistics in \S+monitor\.db: database is locked\n$/);
    other.exec("ROLLBACK");
  }
  rig.hear(...inbound());
  await rig.clock.advance(3 * writeMs);
  assert.match(rig.lines.at(-1)!, /Warning: Statistics can be written again: 3 failures within \d+ s\n$/);
  assert.equal(sums(rig, "inbound").messages, 3);
});

Deno.test("Monitor: a folder that cannot be written to is a Warning, and counting goes on in memory", async () => {
  await using rig = await MonitorRig.open();
  await Deno.mkdir(rig.path);
  rig.hear(...inbound(), ...outbound());
  await rig.clock.advance(2 * writeMs);
  assert.equal(rig.lines.length, 1, rig.lines.join(""));
  assert.match(rig.lines[0], /Warning: Cannot keep statistics in \S+: Is a directory .*\n$/);
  assert.equal(rig.monitor.read((store) => store.sums("inbound", { since: 0, until: rig.clock.now() })), undefined);
  assert.equal(rig.monitor.totals.messagesIn, 1);
  assert.equal(rig.monitor.lastTls("outbound", "dest.example"), undefined, "preferred, and nothing told yet");
  await Deno.remove(rig.path);
  assert.equal(sums(rig, "inbound").messages, 1);
});

Deno.test("Monitor: a damaged database is set aside with a Warning and begun anew", async () => {
  await using rig = await MonitorRig.open();
  await Deno.writeTextFile(rig.path, "no database at all, but long enough to look like one\n".repeat(100));
  rig.hear(...inbound());
  await rig.clock.advance(writeMs);
  assert.equal(rig.lines.length, 1, rig.lines.join(""));
  assert.match(
    rig.lines[0],
    /Warning: Cannot read the statistics \S+: .*not a database; they are set aside as \S+corrupt-/,
  );
  assert.equal(sums(rig, "inbound").messages, 1);
  const names = [...Deno.readDirSync(rig.directory)].map(({ name }) => name);
  assert.ok(names.some((name) => /^monitor\.db\.corrupt-2025-11-22T\d{6}Z$/.test(name)), names.join());
});

Deno.test("Monitor: rates are events an hour over 1, 5 and 15 minutes", async () => {
  await using rig = await MonitorRig.open();
  rig.hear(...inbound());
  assert.deepEqual(rig.monitor.rates().messagesIn, [60, 12, 4]);
  await rig.clock.advance(2 * 60_000);
  assert.deepEqual(rig.monitor.rates().messagesIn, [0, 12, 4]);
  for (let minute = 0; minute < 30; minute++) {
    rig.hear(...inbound(), ...inbound());
    await rig.clock.advance(60_000);
  }
  assert.deepEqual(rig.monitor.rates().messagesIn, [120, 120, 120]);
  assert.deepEqual(rig.monitor.rates().hardBounced, [0, 0, 0]);
});

Deno.test("Monitor: the open connections of each destination are known while they last", async () => {
  await using rig = await MonitorRig.open();
  const first = outbound({ open: true });
  rig.hear(...first, ...outbound({ open: true }), ...outbound({ domain: "other.example" }));
  assert.deepEqual([...rig.monitor.open], [["dest.example", 2]]);
  const { dcid } = first[0] as { dcid: number };
  rig.hear({ event: "dcid_close", dcid }, { event: "dcid_close", dcid });
  assert.deepEqual([...rig.monitor.open], [["dest.example", 1]]);
});

Deno.test("Monitor: hosts of a destination have their failures in a row, which a delivery ends", async () => {
  await using rig = await MonitorRig.open();
  const { monitor, clock } = rig;
  rig.hear(connectionError({ reason: "refused" }), connectionError({ reason: "timeout" }), ...outbound({ port: 26 }));
  assert.deepEqual(monitor.hosts.of("dest.example"), [
    { host: "mx.dest.example", address: "192.0.2.9", port: 26, workedAt: clock.now(), failures: 0, failure: undefined },
    {
      host: "192.0.2.9",
      address: "192.0.2.9",
      port: 25,
      workedAt: 0,
      failures: 2,
      failure: { at: clock.now(), reason: "timeout", text: "Connection refused" },
    },
  ]);
  rig.hear(...outbound({ port: 25 }));
  assert.deepEqual(monitor.hosts.of("dest.example").map(({ failures }) => failures), [0, 0]);
});

Deno.test("Monitor knows when the configuration was read last, and how that went", async () => {
  await using rig = await MonitorRig.open();
  assert.deepEqual(rig.monitor.lastReload, { at: rig.clock.now(), ok: true });
  await rig.clock.advance(1000);
  rig.hear({ event: "note", text: "Cannot apply …", reason: "config_refused" });
  assert.deepEqual(rig.monitor.lastReload, { at: rig.clock.now(), ok: false });
  await rig.clock.advance(1000);
  rig.hear({ event: "note", text: "…", reason: "config_applied" }, { event: "note", text: "…", reason: "other" });
  assert.deepEqual(rig.monitor.lastReload, { at: rig.clock.now(), ok: true });
});
