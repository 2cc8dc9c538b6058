/**
 * Listeners, SMTP routes, DNS and authorities on the page: what they show, and exactly what their forms stage.
 */
import assert from "node:assert/strict";
import { revocationCommands } from "../../../src/control/revocation_commands.ts";
import { makeAuthority } from "../../support/certs.ts";
import { FileBench } from "./file_bench.ts";

const dir = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(dir, { recursive: true }));
const ca = await makeAuthority(dir, { name: "Partner <CA>" });

const source = `storage: { directory: data }
certificate_authorities: { system: false }
listeners:
  inbound: { address: 127.0.0.1:2525, hostname: mx1.example.test } # the world
smtp_routes:
  # the old server
  example.test: ["127.0.0.1:2526", "mail2.example.test:25"] # in this order
  .inside.example.test: mail.example.test:25
`;

const hostile = `"><script>alert(1)</script>`;

/** What was staged, line by line: those that were not there before. */
async function stagedLines(bench: FileBench): Promise<string[]> {
  const { file, candidate } = await bench.texts();
  const before = file.split("\n");
  return candidate.split("\n").filter((line) => !before.includes(line));
}

Deno.test("listeners page shows each with state, address, certificates and groups, staged ones too", async () => {
  await using bench = await FileBench.open(source);
  const { body } = await bench.page("/listeners");
  for (
    const shown of [
      />inbound<\/a>/,
      /mx1\.example\.test/,
      /127\.0\.0\.1:2525/,
      /public · starttls/,
      />demo<\/a>/,
      /ALL/,
    ]
  ) {
    assert.match(body, shown);
  }
  const added = await bench.done("/listeners/edit", {
    new: "yes",
    name: "submission",
    address: "127.0.0.1:2465",
    type: "private",
    transport: "smtps",
    hostname: "",
    max_connections: "50",
    certificate: "demo",
  });
  assert.match(added.body, /Staged, waits for commit/);
  const { candidate } = await bench.texts();
  assert.match(candidate, /inbound: \{ address: 127\.0\.0\.1:2525, hostname: mx1\.example\.test \} # the world/);
  assert.match(candidate, /submission:/);
  assert.match(candidate, /max_connections: 50/);
  assert.doesNotMatch((await bench.texts()).file, /submission/);
});

Deno.test("listener form stages what was changed and no more, says what is wrong beside the field, and deletes", async () => {
  await using bench = await FileBench.open(source);
  const form = await bench.page("/listeners/edit?name=inbound");
  assert.match(form.body, /public \(built in\)/);
  const same = {
    name: "inbound",
    address: "127.0.0.1:2525",
    type: "",
    transport: "",
    hostname: "mx1.example.test",
    max_connections: "",
  };
  await bench.done("/listeners/edit", same);
  assert.deepEqual(await stagedLines(bench), []);
  await bench.done("/listeners/edit", { ...same, transport: "smtps" });
  assert.deepEqual(await stagedLines(bench), [
    "  inbound: { address: 127.0.0.1:2525, transport: smtps, hostname: mx1.example.test } # the world",
  ]);
  const wrong = await bench.refused("/listeners/edit", { ...same, address: `999.1:x${hostile}`, max_connections: "0" });
  assert.match(wrong, /id="address-error"/);
  assert.match(wrong, /id="max_connections-error"/);
  assert.doesNotMatch(wrong, /<script>alert/);
  assert.match(await bench.refused("/listeners/edit", { ...same, new: "yes" }), /id="name-error">there is a listener/);
  assert.match(await bench.refused("/listeners/edit", { ...same, certificate: "nobody" }), /nobody/);
  assert.equal((await bench.post("/listeners/edit", { ...same, name: "nobody" })).status, 404);
  assert.equal((await bench.page("/listeners/edit?name=constructor")).status, 404);
  await bench.done("/listeners/delete", { name: "inbound" });
  assert.doesNotMatch((await bench.texts()).candidate, /inbound:/);
});

Deno.test("routes page lists, finds, adds, changes the order of and deletes routes", async () => {
  await using bench = await FileBench.open(source);
  const { body } = await bench.page("/routes");
  assert.match(body, /127\.0\.0\.1:2526.*mail2\.example\.test:25/s);
  assert.match(body, /mail\.example\.test:25/);
  assert.doesNotMatch((await bench.page("/routes?filter=INSIDE")).body, /mail2/);
  assert.match(
    (await bench.page(`/routes?filter=${encodeURIComponent(hostile)}&cursor=-1&sort=x`)).body,
    /No domain has that/,
  );

  await bench.done("/routes/edit", { domain: "example.test", hops: "mail2.example.test:25\r\n\r\n127.0.0.1:2526\r\n" });
  const { candidate } = await bench.texts();
  assert.match(
    candidate,
    /# the old server\n {2}example\.test: \[ ?"?mail2\.example\.test:25"?, "?127\.0\.0\.1:2526"? ?\] # in this order/,
  );
  await bench.done("/routes/edit", { new: "yes", domain: "new.example", hops: "10.0.0.1:25" });
  assert.match((await bench.page("/routes")).body, /new\.example/);
  await bench.done("/routes/delete", { domain: ".inside.example.test" });
  assert.doesNotMatch((await bench.texts()).candidate, /inside/);

  assert.match(
    await bench.refused("/routes/edit", { domain: "example.test", hops: " " }),
    /id="hops-error">Name one host/,
  );
  assert.match(await bench.refused("/routes/edit", { domain: "example.test", hops: "a b" }), /id="hops-error"/);
  const again = { new: "yes", domain: "example.test", hops: "10.0.0.1:25" };
  assert.match(await bench.refused("/routes/edit", again), /id="domain-error">there is a route/);
  const odd = await bench.refused("/routes/edit", { ...again, domain: hostile });
  assert.doesNotMatch(odd, /<script>alert/);
  assert.equal((await bench.post("/routes/delete", { domain: "__proto__" })).status, 404);
});

Deno.test("routes page cuts a long list and leads on", async () => {
  const many = Array.from(
    { length: 1_000 },
    (_, at) => `  d${String(at).padStart(5, "0")}.example: ["10.0.0.1:25"]\n`,
  );
  await using bench = await FileBench.open(`listeners: {}\nsmtp_routes:\n${many.join("")}`);
  const first = await bench.page("/routes");
  assert.match(first.body, /d00099\.example/);
  assert.doesNotMatch(first.body, /d00100\.example/);
  assert.match((await bench.page("/routes?cursor=900")).body, /d00999\.example/);
});

Deno.test("DNS page stages servers and the time for an answer", async () => {
  await using bench = await FileBench.open(source);
  assert.match((await bench.page("/dns")).body, /those of the system[^<]* \(built in\)/);
  await bench.done("/dns", { servers_from: "own", servers: "127.0.0.1:5353\r\n9.9.9.9:53", timeout: "2s" });
  const { candidate } = await bench.texts();
  assert.match(candidate, /127\.0\.0\.1:5353/);
  assert.match(candidate, /timeout: 2s/);
  const wrong = await bench.refused("/dns", { servers_from: "own", servers: `dns.example${hostile}`, timeout: "soon" });
  assert.match(wrong, /id="servers-error"/);
  assert.match(wrong, /id="timeout-error"/);
  assert.doesNotMatch(wrong, /<script>alert/);
});

Deno.test("authorities page takes a list in, gives it out, stages trust and revocation lists, and fetches when asked", async () => {
  await using bench = await FileBench.open(source);
  const fetched: (string | undefined)[] = [];
  const url = "http://crl.example.test/root.crl";
  bench.rig.world.commands.add(...revocationCommands({
    now: () => 0,
    statuses: () => Promise.resolve([{ source: url, kind: "url", lists: [] }]),
    refreshLists: (source) => Promise.resolve(void fetched.push(source)),
    status: {
      facts: [{
        profiles: ["mx1"],
        subject: hostile,
        fingerprint: "AA",
        responders: ["http://ocsp.example.test"],
        mustStaple: true,
        status: "revoked",
        stapled: false,
      }],
      refresh: () => Promise.resolve(),
    },
  }));
  const file = { file: "partner.pem", content: ca.certificatePem };
  const added = await bench.done("/authorities/add", { file, name: "partner" });
  assert.match(added.body, /The bundle partner with 1 certificate is trusted/);
  assert.match(added.body, /Partner .*&lt;CA/);
  assert.doesNotMatch(added.body, /<CA|<script>alert/);
  assert.match(added.body, /Revoked/);
  assert.match((await bench.page("/authorities/export/partner")).body, /^-----BEGIN CERTIFICATE-----/);
  await bench.done("/authorities/system", { state: "on" });
  await bench.done("/authorities/crl-add", { source: url });
  const { file: written, candidate } = await bench.texts();
  assert.doesNotMatch(written, /partner|crl\.example/);
  assert.match(candidate, /system: true/);
  assert.match(candidate, /authorities\/partner\.pem/);
  assert.match(candidate, /crls: \[ ?"?http:\/\/crl\.example\.test\/root\.crl/);
  await bench.done("/authorities/crl-refresh", { url });
  assert.deepEqual(fetched, [url]);
  await bench.done("/authorities/ocsp-refresh");
  await bench.done("/authorities/crl-remove", { source: url });
  await bench.done("/authorities/remove", { name: "partner" });
  assert.doesNotMatch((await bench.texts()).candidate, /partner|crl\.example/);

  assert.doesNotMatch((await bench.page("/authorities")).body, /updater/);
  const updater = "{ url: https://updates.example.test/, items: [ca_bundle] }";
  await using updating = await FileBench.open(`${source}services: { updater: ${updater} }\n`);
  assert.match(
    (await updating.page("/authorities")).body,
    /The updater fetches it from https:\/\/updates\.example\.test\/ca_bundle\.pem; last fetched: never/,
  );

  const junk = { file: "x.pem", content: hostile };
  assert.match(await bench.refused("/authorities/add", { file: junk }), /Cannot /);
  assert.match(await bench.refused("/authorities/remove", { name: "nobody" }), /Cannot find the bundle nobody/);
  assert.match(await bench.refused("/authorities/system", { state: "maybe" }), /the system&#39;s list is on or off/);
  assert.match(await bench.refused("/authorities/crl-add", { source: "ftp://x" }), /Cannot use this source/);
});

Deno.test("network pages give those who only look no forms, and refuse what they send", async () => {
  await using bench = await FileBench.open(source, "read-only");
  for (const path of ["/listeners", "/routes", "/dns", "/authorities"]) {
    const { status, body } = await bench.page(path);
    assert.equal(status, 200, path);
    assert.doesNotMatch(body, new RegExp(`action="${path}`), path);
  }
  const forms = ["/listeners/edit", "/listeners/delete", "/routes/edit", "/routes/delete", "/dns"];
  const words = ["add", "remove", "system", "crl-add", "crl-remove", "crl-refresh", "ocsp-refresh"];
  for (const path of [...forms, ...words.map((word) => `/authorities/${word}`)]) {
    assert.equal((await bench.post(path, { name: "inbound" })).status, 403, path);
  }
  for (const path of ["/listeners/edit", "/routes/edit"]) assert.equal((await bench.page(path)).status, 403);
});
