/**
 * Destination controls: what the page shows, and exactly what its forms stage.
 */
import assert from "node:assert/strict";
import { benchOf as benchWith } from "./bench.ts";

const owned = `# the owner's words
version: 1
hostname: gw.example.test
destination_controls:
  default: { max_connections: 20 } # not more
  domains:
    # they audit us
    partner.example: { tls: required-verify, bounce_profile: patient }  # since May
    .gov.example: { tls: required }
bounce_profiles:
  patient: { max_queue_time: 7d }
`;

const benchOf = (role: "administrator" | "read-only" = "administrator", source = owned) => benchWith(source, role);

Deno.test("destinations page shows entries with what is their own and what is inherited", async () => {
  await using bench = await benchOf();
  const { status, body } = await bench.page("/destinations");
  assert.equal(status, 200);
  assert.match(body, /href="\/destinations\/edit\?domain=partner\.example"/);
  assert.match(body, /required-verify/);
  assert.match(body, /20 \(inherited\)/);
  assert.match(body, /50 \(built in\)/);
  const filtered = await bench.page("/destinations?filter=GOV");
  assert.match(filtered.body, /\.gov\.example/);
  assert.doesNotMatch(filtered.body, /partner\.example/);
  assert.match((await bench.page("/destinations?filter=nowhere")).body, /No destination has that in its name/);
});

Deno.test("destinations page cuts a long list and leads on", async () => {
  const domains = Array.from({ length: 250 }, (_, index) => `    d${String(index).padStart(3, "0")}.example: {}\n`);
  await using bench = await benchOf(
    "administrator",
    `version: 1\ndestination_controls:\n  domains:\n${domains.join("")}`,
  );
  const first = await bench.page("/destinations");
  assert.match(first.body, /d099\.example/);
  assert.doesNotMatch(first.body, /d100\.example/);
  assert.match(first.body, /cursor=100/);
  const last = await bench.page("/destinations?cursor=200");
  assert.match(last.body, /d249\.example/);
  assert.doesNotMatch(last.body, /cursor=300/);
});

Deno.test("destination form leaves what is inherited unwritten, and the owner's words where they are", async () => {
  await using bench = await benchOf();
  const { body } = await bench.page("/destinations/edit?domain=Partner.Example");
  assert.match(body, /id="tls-required-verify" value="required-verify" checked/);
  assert.match(body, /TLS must be used and the certificate must verify/);
  assert.match(body, /preferred \(inherited\)/);
  const { status, headers } = await bench.post("/destinations/edit", {
    existing: "yes",
    domain: "partner.example",
    tls: "required-verify",
    verify_names: "mx",
    certificate: "",
    ip_preference: "",
    max_connections: "",
    max_messages_per_connection: "7",
    max_recipients: "",
    recipients_interval: "",
    limit_apply_to: "",
    bounce_profile: "",
  });
  assert.equal(status, 303);
  assert.equal(headers.get("Location"), "/destinations");
  assert.equal(
    await bench.staged(),
    owned.replace(
      "{ tls: required-verify, bounce_profile: patient }",
      "{ tls: required-verify, verify_names: mx, max_messages_per_connection: 7 }",
    ),
  );
  assert.match((await bench.page("/destinations")).body, /Staged\. It is in force when you commit/);
});

Deno.test("destination form makes the entry that another page asks for", async () => {
  await using bench = await benchOf();
  const { body } = await bench.page("/destinations/edit?domain=new.example");
  assert.match(body, /name="domain"[^>]*value="new\.example"|value="new\.example"[^>]*name="domain"/);
  assert.equal((await bench.post("/destinations/edit", { domain: "New.Example", tls: "required" })).status, 303);
  assert.match(await bench.staged(), /\n {4}new\.example: \{ tls: required \}\n/);
});

Deno.test("destination form says beside the field what is wrong, and keeps what was typed", async () => {
  await using bench = await benchOf();
  const cases: [Record<string, string>, RegExp][] = [
    [{ domain: "partner.example" }, /has an entry already/],
    [{ domain: "not a domain" }, /id="domain-error">is no domain name/],
    [{ domain: "*.example" }, /\.example, which means every subdomain/],
    [{ domain: `"><script>alert(1)</script>` }, /&quot;&gt;&lt;script&gt;/],
    [{ domain: "a.example", max_connections: "0" }, /id="max_connections-error">[^<]*0/],
    [{ domain: "a.example", max_connections: "many" }, /id="max_connections-error">[^<]*many/],
    [{ domain: "a.example", recipients_interval: "60" }, /id="recipients_interval-error">[^<]*has no unit/],
    [{ domain: "a.example", bounce_profile: "gone" }, /id="bounce_profile-error">[^<]*there is no bounce profile/],
    [{ domain: "a.example", tls: "maximal" }, /id="tls-error">/],
    [{ existing: "yes", domain: "gone.example", tls: "none" }, /has no entry any more/],
  ];
  for (const [fields, expected] of cases) {
    const { status, body } = await bench.post("/destinations/edit", fields);
    assert.equal(status, 422, JSON.stringify(fields));
    assert.match(body, expected);
    assert.doesNotMatch(body, /<script>alert/);
  }
  assert.equal(await bench.staged(), owned);
});

Deno.test("destination controls: the default entry and the global settings are staged by themselves", async () => {
  await using bench = await benchOf();
  assert.equal((await bench.post("/destinations/default", { tls: "required", max_connections: "20" })).status, 303);
  assert.match(await bench.staged(), /default: \{ tls: required, max_connections: 20 \} # not more/);
  const settings = { certificate: "demo", alert_on_required_tls_failure: "on" };
  assert.equal((await bench.post("/destinations/settings", settings)).status, 303);
  assert.match(await bench.staged(), /certificate: demo\n {2}alert_on_required_tls_failure: true\n/);
  assert.equal((await bench.post("/destinations/settings", { certificate: "~" })).status, 303);
  assert.doesNotMatch(await bench.staged(), /certificate: demo/);
  const bad = await bench.post("/destinations/settings", { certificate: "gone" });
  assert.equal(bad.status, 422);
  assert.match(bad.body, /id="certificate-error">[^<]*there is no certificate/);
});

Deno.test("destination controls: an entry is deleted, and the audit log says which", async () => {
  await using bench = await benchOf();
  assert.equal((await bench.post("/destinations/delete", { domain: ".gov.example" })).status, 303);
  assert.equal(await bench.staged(), owned.replace("    .gov.example: { tls: required }\n", ""));
  const line = bench.rig.audited().findLast(({ action }) => action === "destinations.delete");
  assert.equal(line?.detail, ".gov.example");
});

Deno.test("destination controls: who may only read sees no buttons, and changes nothing", async () => {
  await using bench = await benchOf("read-only");
  const { status, body } = await bench.page("/destinations");
  assert.equal(status, 200);
  assert.doesNotMatch(body, /action="\/destinations\/delete"|href="\/destinations\/(edit|default)"/);
  for (const path of ["/destinations/edit?domain=partner.example", "/destinations/default"]) {
    const { status, body } = await bench.page(path);
    assert.equal(status, 200, path);
    assert.match(body, /60s \(built in\)|60s \(inherited\)/);
    assert.doesNotMatch(body, /action="\/destinations\//);
  }
  assert.equal((await bench.page("/destinations/edit?domain=new.example")).status, 404);
  for (
    const path of ["/destinations/settings", "/destinations/delete", "/destinations/edit", "/destinations/default"]
  ) {
    assert.equal((await bench.post(path, { domain: "partner.example", tls: "none" })).status, 403, path);
  }
  assert.equal(await bench.staged(), owned);
});
