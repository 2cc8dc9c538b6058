/**
 * Bounce profiles and mail flow policies: inherited values, and exactly what the forms stage.
 */
import assert from "node:assert/strict";
import { benchOf } from "./bench.ts";

const owned = `# the owner's words
version: 1
hostname: gw.example.test
listeners:
  inbound: { address: "127.0.0.1:2525", sender_groups: [{ name: ALL, policy: STRICT }] }
mail_flow_policies:
  default: { max_message_size: 20M } # they send plans
  STRICT: { verify_client_certificate: true, tls: required } # banks
  SPARE:
    tls_required_for: [bank.example] # one
destination_controls:
  domains:
    partner.example: { bounce_profile: patient }
bounce_profiles:
  patient: { max_queue_time: 7d } # a week
  spare: {}
`;

Deno.test("bounce profiles show what is inherited from where, and what uses them", async () => {
  await using bench = await benchOf(owned);
  const { status, body } = await bench.page("/bounces");
  assert.equal(status, 200);
  assert.match(body, /72h \(built in\)/);
  assert.match(body, /100 \(inherited\)/);
  assert.match(body, /partner\.example/);
  const form = await bench.page("/bounces/edit?name=patient");
  assert.match(form.body, /value="7d"/);
  assert.match(form.body, /Empty: 60s \(inherited\)/);
  assert.equal((await bench.page("/bounces/edit?name=nobody")).status, 404);
});

Deno.test("bounce profile forms stage the keys that changed, and nothing that is inherited", async () => {
  await using bench = await benchOf(owned);
  const fields = { existing: "yes", name: "patient", max_queue_time: "7d", max_retries: "", initial_retry: "5m" };
  assert.equal((await bench.post("/bounces/edit", { ...fields, send_delay_warning: "true" })).status, 303);
  assert.equal(
    await bench.staged(),
    owned.replace("{ max_queue_time: 7d } #", "{ max_queue_time: 7d, initial_retry: 5m, send_delay_warning: true } #"),
  );
  assert.equal(
    (await bench.post("/bounces/edit", { ...fields, initial_retry: "", send_delay_warning: "" })).status,
    303,
  );
  assert.equal(await bench.staged(), owned);
  assert.equal((await bench.post("/bounces/edit", { name: "short", max_queue_time: "4h" })).status, 303);
  assert.match(await bench.staged(), /\n {2}spare: \{\}\n {2}short: \{ max_queue_time: 4h \}\n/);
  assert.equal((await bench.post("/bounces/edit", { existing: "yes", name: "default", max_retries: "9" })).status, 303);
  assert.match(await bench.staged(), /default: \{ max_retries: 9 \}/);
});

Deno.test("bounce profile forms say what is wrong beside the field", async () => {
  await using bench = await benchOf(owned);
  const cases: [Record<string, string>, RegExp][] = [
    [{ name: "" }, /id="name-error">is missing/],
    [{ name: "patient" }, /id="name-error">is there already/],
    [{ name: "a b" }, /id="name-error">[^<]*cannot be a name/],
    [{ existing: "yes", name: "gone" }, /id="name-error">is not there any more/],
    [{ name: "x", max_queue_time: "7" }, /id="max_queue_time-error">[^<]*has no unit/],
    [{ name: "x", max_retries: "<script>" }, /id="max_retries-error">[^<]*&lt;script&gt;/],
  ];
  for (const [fields, expected] of cases) {
    const { status, body } = await bench.post("/bounces/edit", fields);
    assert.equal(status, 422, JSON.stringify(fields));
    assert.match(body, expected);
  }
  const used = await bench.post("/bounces/delete", { name: "patient" });
  assert.equal(used.status, 422);
  assert.match(used.body, /there is no bounce profile &quot;patient&quot;/);
  assert.equal(await bench.staged(), owned);
  assert.equal((await bench.post("/bounces/delete", { name: "spare" })).status, 303);
  assert.equal(await bench.staged(), owned.replace("  spare: {}\n", ""));
});

Deno.test("mail flow policies show every key with its value or what it inherits", async () => {
  await using bench = await benchOf(owned);
  const list = await bench.page("/flow");
  assert.match(list.body, /inbound ALL/);
  assert.match(list.body, /20M \(inherited\)/);
  const { body } = await bench.page("/flow/edit?name=STRICT");
  for (
    const key of [
      "action",
      "max_message_size",
      "max_messages_per_connection",
      "max_recipients_per_message",
      "max_connections_per_ip",
      "max_recipients_per_hour",
      "max_recipients_per_hour_per_sender",
      "max_invalid_recipients_per_hour",
      "tls",
      "tls_required_for",
      "verify_client_certificate",
      "auth",
      "auth_requires_tls",
      "auth_relay",
      "max_auth_failures_per_hour",
      "bare_line_feed",
      "reject_code",
      "reject_text",
      "delayed_reject",
      "greeting_text",
    ]
  ) assert.match(body, new RegExp(`id="${key}"`), key);
  assert.match(body, /<option value="required" selected(="")?>one that verifies/);
  assert.match(body, /Empty: 20M \(inherited\)/);
});

Deno.test("mail flow policy forms stage lists, numbers and words as the file has them", async () => {
  await using bench = await benchOf(owned);
  const strict = { existing: "yes", name: "STRICT", tls: "required", verify_client_certificate: "required" };
  assert.equal((await bench.post("/flow/edit", strict)).status, 303);
  assert.equal(await bench.staged(), owned);
  assert.equal(
    (await bench.post("/flow/edit", { ...strict, max_recipients_per_hour: "20", auth_relay: "false" })).status,
    303,
  );
  const strictRow = (await bench.staged()).split("\n").find((line) => line.includes("STRICT: {")) ?? "";
  assert.match(
    strictRow,
    /verify_client_certificate: true, .*max_recipients_per_hour: 20, .*auth_relay: false.* # banks/,
  );
  const spare = { existing: "yes", name: "SPARE", tls_required_for_from: "own" };
  assert.equal(
    (await bench.post("/flow/edit", { ...spare, tls_required_for: "bank.example\r\n.gov.example" })).status,
    303,
  );
  assert.match(await bench.staged(), /tls_required_for: \[bank\.example, \.gov\.example\] # one/);
  const back = { ...spare, tls_required_for_from: "", tls_required_for: "bank.example\r\n.gov.example" };
  assert.equal((await bench.post("/flow/edit", back)).status, 303);
  assert.doesNotMatch(await bench.staged(), /tls_required_for/);
  const bad = await bench.post("/flow/edit", { ...spare, tls_required_for: "fine.example\r\nnot fine" });
  assert.equal(bad.status, 422);
  assert.match(bad.body, /id="tls_required_for-error">[^<]*not fine/);
  const mismatch = await bench.post("/flow/edit", { name: "NEW", reject_code: "450" });
  assert.match(mismatch.body, /id="reject_code-error">[^<]*does not fit/);
});

Deno.test("mail flow policies and bounce profiles are only looked at by who may only read", async () => {
  await using bench = await benchOf(owned, "read-only");
  for (const [list, name] of [["/flow", "STRICT"], ["/bounces", "patient"]]) {
    const { body } = await bench.page(list);
    assert.doesNotMatch(body, new RegExp(`action="${list}/delete"`));
    const one = await bench.page(`${list}/edit?name=${name}`);
    assert.equal(one.status, 200);
    assert.doesNotMatch(one.body, /<button type="submit" class="primary"/);
    assert.equal((await bench.post(`${list}/edit`, { existing: "yes", name })).status, 403);
    assert.equal((await bench.post(`${list}/delete`, { name })).status, 403);
  }
});
