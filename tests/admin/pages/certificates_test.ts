/**
 * The pages about certificates: from self-signed to signed to a listener, what is refused, what is staged.
 */
import assert from "node:assert/strict";
import { makeAuthority } from "../../support/certs.ts";
import { runCommand } from "../../support/peers.ts";
import { FileBench } from "./file_bench.ts";

const dir = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(dir, { recursive: true }));
const ca = await makeAuthority(dir, { name: "<b>Root" });

const source = `certificate_authorities: { system: false }
listeners:
  inbound: { address: 127.0.0.1:2525 } # the world
`;

/** Signs a request as an authority does. */
async function signed(request: string): Promise<string> {
  const path = await Deno.makeTempFile({ dir });
  await Deno.writeTextFile(path, request);
  const { code, stdout, stderr } = await runCommand("openssl", [
    ...["x509", "-req", "-in", path, "-CA", ca.certificatePath, "-CAkey", ca.keyPath, "-CAcreateserial"],
    ...["-days", "20", "-copy_extensions", "copyall"],
  ]);
  assert.equal(code, 0, stderr);
  return stdout;
}

const wish = { name: "mx1", "common-name": "mx1.example.test", key: "ec:p256", days: "30" };

Deno.test("certificate pages make, have signed, take in, assign, renew, export and import, as certconfig does", async () => {
  await using bench = await FileBench.open(source);
  await bench.rig.world.staging.stage("ann", {
    changes: [{ path: ["listeners", "inbound", "max_connections"], value: 7 }],
  });

  const made = await bench.done("/certificates/add/self-signed", { ...wish, san: "mx2.example.test, 192.0.2.1" });
  assert.match(made.body, /Certificate mx1 is made/);
  assert.match(made.body, /mx1\.example\.test, mx2\.example\.test/);
  assert.match((await bench.page("/certificates")).body, /Request waits/);
  const request = await bench.page("/certificates/mx1/request.csr");
  assert.equal(request.headers.get("Content-Disposition"), 'attachment; filename="mx1.request.csr"');
  assert.match(request.body, /^-----BEGIN CERTIFICATE REQUEST-----/);

  const leaf = await signed(request.body);
  const uploaded = await bench.done("/certificates/mx1/upload", {
    certificate: { file: "mx1.crt", content: leaf },
    "intermediates-text": ca.certificatePem,
  });
  assert.match(uploaded.body, /The certificate of mx1 is in service/);
  assert.match(uploaded.body, /CN=\\?&lt;b\\?&gt;Root/);
  assert.doesNotMatch(uploaded.body, /<b>Root/);
  assert.match(uploaded.body, /which is no trusted authority here/);
  const chain = await bench.page("/certificates/mx1/chain.pem");
  assert.equal(chain.body.split("-----BEGIN CERTIFICATE-----").length - 1, 2);
  const alone = await bench.page("/certificates/mx1/certificate.pem");
  assert.equal(alone.body.split("-----BEGIN CERTIFICATE-----").length - 1, 1);

  // At once, though there is a candidate; and the candidate is not outdated by it.
  const { file } = await bench.texts();
  assert.match(
    file,
    /mx1: \{? ?certificate: data\/certificates\/mx1\.crt|mx1:\s+certificate: data\/certificates\/mx1\.crt/,
  );
  assert.equal((await bench.rig.world.staging.pendingOf("ann"))?.outdated, false);

  const assigned = await bench.done("/certificates/mx1/assign", { place: "listener inbound" });
  assert.match(assigned.body, /mx1 is assigned to listener inbound\. Staged/);
  assert.match(assigned.body, /Staged, waits for commit/);
  const texts = await bench.texts();
  assert.doesNotMatch(texts.file, /certificate: mx1/);
  assert.match(texts.candidate, /max_connections: 7/);
  assert.match(texts.candidate, /certificate: mx1.*# the world/);
  assert.equal((await bench.rig.world.staging.commit("ann")).kind, "committed");
  const used = await bench.page("/certificates/mx1");
  assert.match(used.body, /It cannot be deleted while it is used by: listener inbound/);
  assert.match(await bench.refused("/certificates/mx1/delete"), /Cannot delete mx1: it is used by listener inbound/);

  const renewed = await bench.done("/certificates/mx1/renew", { "renew-key": "ec:p384" });
  assert.match(renewed.body, /A request on a new key waits/);

  const exported = await bench.post("/certificates/mx1/export", { "export-password": "p w", "export-again": "p w" });
  assert.equal(exported.status, 200);
  assert.equal(exported.headers.get("Content-Disposition"), 'attachment; filename="mx1.p12"');

  const renamed = await bench.done("/certificates/mx1/rename", { "new-name": "mx2" });
  assert.match(renamed.body, /Used under its new name by listener inbound/);
  const gone = await bench.done("/certificates/mx2/unassign", { place: "listener inbound" });
  assert.match(gone.body, /Ends with the commit/);
  assert.equal((await bench.rig.world.staging.commit("ann")).kind, "committed");
  assert.match((await bench.done("/certificates/mx2/delete")).body, /Certificate mx2 is deleted/);

  const actions = bench.rig.audited().filter(({ action }) => String(action).startsWith("certificate."));
  assert.deepEqual(actions.map(({ action, ok }) => `${action} ${ok}`), [
    "certificate.new true",
    "certificate.upload true",
    "certificate.assign true",
    "certificate.delete false",
    "certificate.renew true",
    "certificate.export true",
    "certificate.rename true",
    "certificate.unassign true",
    "certificate.delete true",
  ]);
});

Deno.test("certificate pages import a key with its certificate, and replace one of the same name", async () => {
  await using bench = await FileBench.open(source);
  const files = {
    certificate: { file: "a.crt", content: ca.certificatePem },
    key: { file: "a.key", content: ca.keyPem },
  };
  const imported = await bench.done("/certificates/add/import", { name: "other", ...files });
  assert.match(imported.body, /Certificate other is imported/);
  const again = await bench.refused("/certificates/add/import", { name: "other", ...files });
  assert.match(again, /there is a certificate of this name/);
  assert.match(
    (await bench.done("/certificates/add/import", { name: "other", ...files, replace: "on" })).body,
    /imported/,
  );
});

Deno.test("certificate pages tell what is wrong beside the field, keep what was typed, and change nothing", async () => {
  await using bench = await FileBench.open(source);
  const before = (await bench.texts()).file;
  const path = "/certificates/add/self-signed";
  const cases: [Record<string, string>, RegExp][] = [
    [{ country: "USA" }, /id="country-error">Cannot use --country USA/],
    [{ san: "not a name!" }, /id="san-error">Cannot use --san/],
    [{ name: "../x" }, /id="name-error">Cannot use the name \.\.\/x/],
    [{ name: "<script>alert(1)</script>" }, /id="name-error">Cannot use the name &lt;script&gt;/],
    [{ days: "0" }, /id="days-error">Cannot use --days 0/],
    [{ key: "rsa:512" }, /rsa:512/],
    [{ "common-name": "" }, /id="common-name-error">/],
    [{ name: "demo" }, /Cannot make demo: the gateway makes the certificate of this name itself/],
  ];
  for (const [fields, expected] of cases) {
    const body = await bench.refused(path, { ...wish, organization: 'A "B" <C>', ...fields });
    assert.match(body, expected);
    assert.match(body, /value="A &quot;B&quot; &lt;C&gt;"/);
    assert.doesNotMatch(body, /<script>alert/);
  }
  const nothing = await bench.refused("/certificates/add/import", { name: "x" });
  assert.match(nothing, /Cannot tell what to import/);
  const junk = { file: "x.p12", content: "<script>alert(1)</script>" };
  assert.match(await bench.refused("/certificates/add/import", { name: "x", pkcs12: junk }), /Cannot read x\.p12/);
  assert.equal((await bench.texts()).file, before);
  assert.deepEqual([...Deno.readDirSync(`${bench.rig.folder}/data/certificates`)], []);
});

Deno.test("certificate page refuses a certificate of another key, passwords that differ, and places that are not there", async () => {
  await using bench = await FileBench.open(source);
  await bench.done("/certificates/add/self-signed", wish);
  const path = "/certificates/mx1";
  assert.match(
    await bench.refused(`${path}/upload`, { "certificate-text": ca.certificatePem }),
    /does not fit the key/,
  );
  assert.match(await bench.refused(`${path}/upload`), /Cannot go on without certificate/);
  const differ = { "export-password": "a", "export-again": "b" };
  assert.match(await bench.refused(`${path}/export`, differ), /The two passwords differ/);
  assert.match(await bench.refused(`${path}/export`), /the password is empty/);
  assert.match(
    await bench.refused(`${path}/assign`, { place: "listener outbound" }),
    /is no listener: &quot;outbound&quot;/,
  );
  assert.match(await bench.refused(`${path}/assign`, { place: "constructor" }), /no place is named/);
  assert.match(await bench.refused(`${path}/rename`, { "new-name": "a/b" }), /Cannot use the name a\/b/);
  for (const file of ["", "/check", "/chain.pem", "/request.csr"]) {
    const { status } = await bench.page(`/certificates/nobody${file}`);
    assert.equal(status, file === "/check" ? 200 : 404, file);
  }
  const check = await bench.page(`${path}/check?for=${encodeURIComponent('"><script>alert(1)</script>')}`);
  assert.doesNotMatch(check.body, /<script>alert/);
  assert.match((await bench.page(`${path}/check?for=example.test`)).body, /IN TLSA 3 1 1 [0-9a-f]{64}/);
});

Deno.test("certificate pages give those who only look no forms, and refuse what they send", async () => {
  await using bench = await FileBench.open(source, "read-only");
  const list = await bench.page("/certificates");
  assert.equal(list.status, 200);
  assert.doesNotMatch(list.body, /add\/self-signed|add\/import/);
  const { body } = await bench.page("/certificates/demo");
  assert.doesNotMatch(body, /action="\/certificates/);
  assert.equal((await bench.page("/certificates/add/self-signed")).status, 403);
  for (const verb of ["upload", "renew", "rename", "delete", "export", "assign", "unassign", "order"]) {
    assert.equal((await bench.post(`/certificates/demo/${verb}`)).status, 403, verb);
  }
});
