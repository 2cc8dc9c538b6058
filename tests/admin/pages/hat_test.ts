/**
 * The host access table: its order, its groups, and the owner's words about them.
 */
import assert from "node:assert/strict";
import { benchOf } from "./bench.ts";

const rows = {
  RELAYLIST:
    "      # our own hosts\n      - { name: RELAYLIST, senders: [10.0.0.0/8, .corp.example], policy: RELAYED } # relay\n",
  BLOCKLIST: `      # bad ones
      - name: BLOCKLIST # blocks
        senders:
          # the first
          - 192.0.2.1
          - { sender: 192.0.2.128/25, comment: half of them }
        policy: BLOCKED
`,
  ALL: "      - { name: ALL, policy: default } # end\n",
};
const head = `version: 1
hostname: gw.example.test
listeners:
  inbound:
    address: 127.0.0.1:2525
    sender_groups:
`;
const tail = `  # the inner side
  outgoing: { type: private, address: "127.0.0.1:2526" }
mail_flow_policies:
  RELAYED: { action: relay }
  BLOCKED: { action: reject }
`;
const owned = head + rows.RELAYLIST + rows.BLOCKLIST + rows.ALL + tail;

Deno.test("HAT overview shows the groups of a listener in their order", async () => {
  await using bench = await benchOf(owned);
  const { status, body } = await bench.page("/hat");
  assert.equal(status, 200);
  const places = ["RELAYLIST", "BLOCKLIST", "192.0.2.128/25 # half of them", ">ALL<"].map((text) => body.indexOf(text));
  assert.deepEqual(places, places.toSorted((a, b) => a - b));
  assert.ok(places[0] > 0);
  assert.match(body, /aria-label="Move RELAYLIST down"/);
  const other = await bench.page("/hat?listener=outgoing");
  assert.match(other.body, /The file has no table for this listener/);
  assert.doesNotMatch(other.body, /action="\/hat\/move"/);
});

Deno.test("HAT groups move with the owner's words about them, and the button stays in focus", async () => {
  await using bench = await benchOf(owned);
  const moved = await bench.post("/hat/move", { listener: "inbound", group: "BLOCKLIST", to: "0" });
  assert.equal(moved.status, 303);
  assert.equal(await bench.staged(), head + rows.BLOCKLIST + rows.RELAYLIST + rows.ALL + tail);
  const { body } = await bench.page(moved.headers.get("Location")!);
  assert.match(body, /<button[^>]*autofocus[^>]*aria-label="Move BLOCKLIST down"/);
  assert.equal((await bench.post("/hat/move", { listener: "inbound", group: "BLOCKLIST", to: "1" })).status, 303);
  assert.equal(await bench.staged(), owned);
});

Deno.test("HAT keeps ALL at the end, and says so", async () => {
  await using bench = await benchOf(owned);
  const { status, body } = await bench.post("/hat/move", { listener: "inbound", group: "ALL", to: "0" });
  assert.equal(status, 422);
  assert.match(body, /ends the table and does not take ALL/);
  for (const to of ["", "-1", "3", "x"]) {
    assert.equal((await bench.post("/hat/move", { listener: "inbound", group: "BLOCKLIST", to })).status, 422, to);
  }
  const gone = await bench.post("/hat/move", { listener: "inbound", group: "GONE", to: "0" });
  assert.match(gone.body, /This row is not there any more/);
  assert.equal((await bench.post("/hat/delete", { listener: "inbound", group: "ALL" })).status, 422);
  assert.equal(await bench.staged(), owned);
});

Deno.test("HAT group form changes the keys that changed, entry by entry", async () => {
  await using bench = await benchOf(owned);
  const { body } = await bench.page("/hat/edit?listener=inbound&group=BLOCKLIST");
  assert.match(body, /192\.0\.2\.1\n192\.0\.2\.128\/25 # half of them/);
  const group: [string, string][] = [["listener", "inbound"], ["group", "BLOCKLIST"], ["name", "BLOCKLIST"], [
    "comment",
    "",
  ]];
  const same = "192.0.2.1\r\n192.0.2.128/25 # half of them";
  assert.equal((await bench.post("/hat/edit", [...group, ["policy", "BLOCKED"], ["senders", same]])).status, 303);
  assert.equal(await bench.staged(), owned);
  const fields: [string, string][] = [
    ...group,
    ["policy", "default"],
    ["senders", `${same}\r\n198.51.100.0/24 # new`],
    ["conditions", "no_ptr"],
    ["conditions", "ptr_mismatch"],
  ];
  assert.equal((await bench.post("/hat/edit", fields)).status, 303);
  const staged = await bench.staged();
  assert.match(
    staged,
    /# the first\n {10}- 192\.0\.2\.1\n.*half of them \}\n {10}- \{ sender: 198\.51\.100\.0\/24, comment: new \}\n/,
  );
  assert.match(staged, /conditions: \[no_ptr, ptr_mismatch\]\n/);
  assert.match(staged, /- name: BLOCKLIST # blocks\n/);
  assert.match(staged, /\n {8}policy: default\n/);
});

Deno.test("HAT group form adds a group above ALL, also where there was no table, and a group is deleted", async () => {
  await using bench = await benchOf(owned);
  const fields = { listener: "inbound", name: "NEW", senders: "203.0.113.7", policy: "BLOCKED" };
  assert.equal((await bench.post("/hat/edit", fields)).status, 303);
  const row = "      - { name: NEW, senders: [203.0.113.7], policy: BLOCKED }\n";
  assert.equal(await bench.staged(), head + rows.RELAYLIST + rows.BLOCKLIST + row + rows.ALL + tail);
  assert.equal((await bench.post("/hat/delete", { listener: "inbound", group: "NEW" })).status, 303);
  assert.equal(await bench.staged(), owned);
  assert.equal((await bench.post("/hat/edit", { ...fields, listener: "outgoing" })).status, 303);
  assert.match(await bench.staged(), /sender_groups: .*NEW.*ALL/s);
});

Deno.test("HAT group form says beside the field what is wrong", async () => {
  await using bench = await benchOf(owned);
  const cases: [Record<string, string>, RegExp][] = [
    [{ name: "NEW", senders: "10.0.0.0/99", policy: "BLOCKED" }, /id="senders-error">[^<]*10\.0\.0\.0\/99/],
    [{ name: "NEW", senders: "", policy: "BLOCKED" }, /id="senders-error">is missing/],
    [{ name: "a b", senders: "192.0.2.9", policy: "BLOCKED" }, /id="name-error">[^<]*cannot be a name/],
    [{ name: "RELAYLIST", senders: "192.0.2.9", policy: "BLOCKED" }, /names two groups/],
    [{ name: "NEW", senders: "192.0.2.9", policy: "GONE" }, /id="policy-error">[^<]*there is no mail flow policy/],
    [{ name: `"><script>`, senders: "<script>", policy: "BLOCKED" }, /&lt;script&gt;/],
  ];
  for (const [fields, expected] of cases) {
    const { status, body } = await bench.post("/hat/edit", { listener: "inbound", ...fields });
    assert.equal(status, 422, JSON.stringify(fields));
    assert.match(body, expected);
    assert.doesNotMatch(body, /"><script>/);
  }
  assert.equal((await bench.post("/hat/edit", { listener: "nowhere", name: "NEW" })).status, 404);
  assert.equal(await bench.staged(), owned);
});

Deno.test("HAT is only looked at by who may only read", async () => {
  await using bench = await benchOf(owned, "read-only");
  const { status, body } = await bench.page("/hat");
  assert.equal(status, 200);
  assert.doesNotMatch(body, /action="\/hat\/|href="\/hat\/edit/);
  assert.equal((await bench.page("/hat/edit?listener=inbound&group=ALL")).status, 403);
  for (const path of ["/hat/move", "/hat/delete", "/hat/edit"]) {
    assert.equal((await bench.post(path, { listener: "inbound", group: "BLOCKLIST", to: "0" })).status, 403, path);
  }
});
