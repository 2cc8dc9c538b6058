/**
 * The recipient access table, and the trace: what is shown, and exactly what is staged.
 */
import assert from "node:assert/strict";
import { benchOf } from "./bench.ts";

const rows = [
  "      # ours\n      - { address: example.test, action: accept } # since 2001\n",
  '      - { address: old@example.test, action: reject, code: 550, text: "5.1.1 gone", comment: left in May }\n',
  "      - { address: ALL, action: reject }\n",
];
const head = "version: 1\nlisteners:\n  inbound:\n    address: 127.0.0.1:2525\n    recipients:\n";
const tail = '  # the inner side\n  outgoing: { type: private, address: "127.0.0.1:2526" }\n';
const owned = head + rows.join("") + tail;

Deno.test("recipient table shows its rows, what cannot be reached, and who else is taken", async () => {
  await using bench = await benchOf(owned);
  const { status, body } = await bench.page("/rat");
  assert.equal(status, 200);
  assert.match(body, /550 5\.1\.1 gone/);
  assert.match(body, /left in May/);
  assert.match(body, /can never be reached/);
  assert.match((await bench.page("/rat?listener=outgoing")).body, /all recipients are taken/);
  const filtered = await bench.page("/rat?listener=inbound&filter=MAY");
  assert.match(filtered.body, /old@example\.test/);
  assert.doesNotMatch(filtered.body, />ALL</);
});

Deno.test("recipient table cuts a long list; a row goes over the edge of its page", async () => {
  const many = Array.from(
    { length: 500 },
    (_, index) => `      - { address: u${index}@example.test, action: accept }\n`,
  );
  await using bench = await benchOf(head + many.join(""));
  const { body } = await bench.page("/rat?cursor=200");
  assert.match(body, /u200@example\.test/);
  assert.doesNotMatch(body, /u199@|u400@/);
  const fields = { listener: "inbound", row: "200", address: "u200@example.test" };
  const moved = await bench.post("/rat/move", { ...fields, to: "199" });
  assert.equal(moved.status, 303);
  assert.match(moved.headers.get("Location")!, /cursor=0&moved=199&way=up/);
  assert.match(await bench.staged(), /u200@.*\n.*u199@/);
  assert.equal((await bench.post("/rat/move", { ...fields, to: "300" })).status, 422);
});

Deno.test("recipient rows move, change and go with the owner's words about them", async () => {
  await using bench = await benchOf(owned);
  const row = { listener: "inbound", row: "0", address: "example.test" };
  assert.equal((await bench.post("/rat/move", { ...row, to: "1" })).status, 303);
  assert.equal(await bench.staged(), head + rows[1] + rows[0] + rows[2] + tail);
  const form = { listener: "inbound", row: "0", was: "old@example.test", address: "old@example.test" };
  const kept = { action: "reject", code: "550", text: "5.1.1 gone", comment: "left in May" };
  assert.equal((await bench.post("/rat/edit", { ...form, ...kept })).status, 303);
  assert.equal(await bench.staged(), head + rows[1] + rows[0] + rows[2] + tail);
  assert.equal(
    (await bench.post("/rat/edit", { ...form, action: "accept", bypass_recipient_validation: "on" })).status,
    303,
  );
  assert.match(
    await bench.staged(),
    /\{ address: old@example\.test, action: accept, bypass_recipient_validation: true \}/,
  );
  assert.equal((await bench.post("/rat/delete", { listener: "inbound", row: "0", address: form.was })).status, 303);
  assert.equal(await bench.staged(), head + rows[0] + rows[2] + tail);
  const added = { listener: "inbound", address: "new.example", action: "accept" };
  assert.equal((await bench.post("/rat/edit", added)).status, 303);
  assert.equal(
    await bench.staged(),
    `${head}${rows[0]}      - { address: new.example, action: accept }\n${rows[2]}${tail}`,
  );
  assert.equal((await bench.post("/rat/edit", { ...added, listener: "outgoing" })).status, 303);
  assert.match(await bench.staged(), /outgoing: \{.*recipients: \[/);
});

Deno.test("recipient form says beside the field what is wrong, and never changes another row", async () => {
  await using bench = await benchOf(owned);
  const row = { listener: "inbound", row: "1", was: "old@example.test" };
  const cases: [Record<string, string>, RegExp][] = [
    [{ listener: "inbound", address: "not one", action: "accept" }, /id="address-error">[^<]*is no recipient/],
    [{ ...row, address: "old@example.test", action: "accept", text: "x" }, /id="text-error">says what a rejected/],
    [{ ...row, address: "old@example.test", action: "reject", code: "250" }, /id="code-error">[^<]*250/],
    [{ ...row, address: "<script>", action: "reject" }, /&lt;script&gt;/],
    [{ ...row, was: "other@example.test", address: "x.example", action: "accept" }, /This row is not there any more/],
    [
      { listener: "inbound", address: "a.example", action: "reject", bypass_recipient_validation: "on" },
      /has nothing to bypass/,
    ],
  ];
  for (const [fields, expected] of cases) {
    const { status, body } = await bench.post("/rat/edit", fields);
    assert.equal(status, 422, JSON.stringify(fields));
    assert.match(body, expected);
    assert.doesNotMatch(body, /<script>/);
  }
  const stale = { listener: "inbound", row: "0", address: "old@example.test", to: "1" };
  assert.equal((await bench.post("/rat/move", stale)).status, 422);
  assert.equal((await bench.post("/rat/delete", stale)).status, 422);
  assert.equal(await bench.staged(), owned);
});

Deno.test("recipient table is only looked at by who may only read", async () => {
  await using bench = await benchOf(owned, "read-only");
  const { body } = await bench.page("/rat");
  assert.doesNotMatch(body, /action="\/rat\/|href="\/rat\/edit/);
  assert.equal((await bench.page("/rat/edit?listener=inbound&row=0")).status, 403);
  for (const path of ["/rat/move", "/rat/delete", "/rat/edit"]) {
    assert.equal(
      (await bench.post(path, { listener: "inbound", row: "0", address: "example.test" })).status,
      403,
      path,
    );
  }
});

Deno.test("trace page asks in the words of the command, and shows decisions, dialogue and faults", async () => {
  await using bench = await benchOf(owned, "read-only");
  const asked: unknown[] = [];
  const { trace } = bench.rig.world;
  bench.rig.world.trace = (args) => {
    asked.push(args);
    return trace(args);
  };
  assert.match((await bench.page("/trace")).body, /Play a client against the configuration/);
  assert.equal(asked.length, 0);
  const query = new URLSearchParams({
    ip: "192.0.2.9",
    host: "a.example",
    hostUnverified: "on",
    listener: "inbound",
    helo: "",
    tls: "TLSv1.3",
    certificate: "",
    from: "<>",
    to: "a@example.test\r\nb@example.test\r\n",
    listed: "bl.example=127.0.0.4",
    noDns: "on",
  });
  const { status, body } = await bench.page(`/trace?${query}`);
  assert.equal(status, 200);
  assert.deepEqual(asked, [{
    ip: "192.0.2.9",
    listener: "inbound",
    tls: "TLSv1.3",
    "no-dns": true,
    "unverified-host": "a.example",
    from: "",
    to: ["a@example.test", "b@example.test"],
    listed: ["bl.example=127.0.0.4"],
  }]);
  assert.match(body, /accepted: the client may send/);
  assert.match(body, /S: 220 gw\.example\.test ESMTP/);
  const wrong = await bench.page(`/trace?ip=${encodeURIComponent('"><script>')}`);
  assert.match(wrong.body, /it is no IP address/);
  assert.doesNotMatch(wrong.body, /"><script>/);
});
