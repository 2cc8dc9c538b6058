/**
 * Archives over the API: what goes into them, what comes out, and the wait for a confirmation.
 *
 * @module
 */
import assert from "node:assert/strict";
import { octets } from "../../src/base/octets.ts";
import { confirmMs } from "../../src/config/stage_confirm.ts";
import { until } from "../gateway/rig.ts";
import { other, pair, Site } from "./backup_site.ts";

Deno.test("attack: an administrator of the page reads no file by naming it as a certificate and saving the configuration", async () => {
  await using site = await Site.open();
  await Deno.writeTextFile(site.path("secret"), "root:$6$salt$hash\n");
  await Deno.writeTextFile(site.path("mail.crt"), `Subject: secret pony\n\n${pair.certificatePem}`);
  await Deno.writeTextFile(site.path("own.crt"), pair.certificatePem);
  await Deno.writeTextFile(site.path("own.key"), pair.keyPem);
  const named = { certificate: "own.crt", key: "own.key" };
  await site.commit([
    { path: ["certificates", "own"], value: named },
    { path: ["certificates", "a"], value: { ...named, certificate: "secret" } },
    { path: ["certificates", "b"], value: { ...named, intermediates: "state/second-factors.json" } },
    { path: ["certificates", "c"], value: { ...named, key: "/etc/passwd" } },
    { path: ["certificate_authorities", "custom"], value: ["mail.crt"] },
    { path: ["admin", "client_ca"], value: "logs/audit.log" },
  ]);
  await Deno.writeTextFile(site.path("state/second-factors.json"), `{"bob":{"secret":"JBSWY3DPEHPK3PXP"}}`);
  const { backup, warnings } = await site.saved();
  assert.deepEqual(backup.files.map(({ path }) => path).sort(), ["mail.crt", "own.crt", "own.key"]);
  const text = backup.files.map(({ content }) => new TextDecoder().decode(content)).join("");
  assert.doesNotMatch(text, /salt|pony|JBSWY|root|action/);
  for (const left of ["/secret", "second-factors.json", "/etc/passwd", "audit.log"]) {
    assert.ok(warnings.some((line) => line.includes(`${left} is left out`)), `${left}: ${warnings}`);
  }
  assert.ok(warnings.some((line) => /mail\.crt is saved without what stands around/.test(line)));
});

Deno.test("attack: an archive over the API writes no file beside the configuration but certificates, as plain PEM", async () => {
  await using site = await Site.open();
  const hidden = `ssh-ed25519 AAAA eve\n${pair.certificatePem}`;
  const archive = await site.forged([
    { path: ".ssh/authorized_keys", content: octets(hidden) },
    { path: "run.sh", content: octets("#!/bin/sh\n") },
    { path: "tls/script.pem", content: octets("#!/bin/sh\n") },
    { path: "tls/good.pem", content: octets(hidden) },
    { base: "storage", path: "certificates/mx.crt", content: octets(pair.certificatePem) },
  ]);
  const { status, body } = await site.restored(archive);
  assert.equal(status, 200, JSON.stringify(body));
  const deeds = body.files.map(({ path, deed }: { path: string; deed: string }) =>
    `${deed} ${path.slice(site.rig.folder.length + 1)}`
  );
  assert.deepEqual(deeds, [
    "missing .ssh/authorized_keys",
    "missing run.sh",
    "missing tls/script.pem",
    "added tls/good.pem",
    "added data/certificates/mx.crt",
  ]);
  assert.equal(await Deno.readTextFile(site.path("tls/good.pem")), pair.certificatePem);
  for (const path of [".ssh", "run.sh", "tls/script.pem"]) await assert.rejects(Deno.stat(site.path(path)), path);
});

Deno.test("loadconfig: one that changes how the page is reached waits for a confirmation, and is taken back with its files", async () => {
  await using site = await Site.open();
  const { clock, world: { staging } } = site.rig;
  await Deno.writeTextFile(site.path("own.crt"), pair.certificatePem);
  await Deno.writeTextFile(site.path("own.key"), pair.keyPem);
  await site.commit([
    { path: ["certificates", "own"], value: { certificate: "own.crt", key: "own.key" } },
    { path: ["admin", "certificate"], value: "own" },
  ]);
  const before = await Deno.readTextFile(site.path("config.yaml"));
  const moved = before.replace("certificate: own\n", "certificate: own\n  address: 127.0.0.1:9443\n");
  const files = [
    { path: "own.crt", content: octets(other.certificatePem) },
    { path: "own.key", content: octets(other.keyPem) },
    { path: "new/ca.pem", content: octets(other.certificatePem) },
  ];
  const now = () => Deno.readTextFileSync(site.path("config.yaml"));
  const cases: [config: string, keys: string[]][] = [
    [moved, ["admin.address", "admin.certificate"]],
    // The files alone: the page's certificate is another one all the same.
    [before, ["admin.certificate"]],
  ];
  for (const [config, keys] of cases) {
    const { status, body } = await site.restored(await site.forged(files, config));
    assert.equal(status, 200, JSON.stringify(body));
    const { confirm, done } = body;
    assert.equal(done, true);
    assert.deepEqual([confirm.who, confirm.keys], ["ann", keys]);
    assert.ok(body.warnings.some((line: string) => /is taken back unless it is confirmed/.test(line)));
    assert.equal(now(), config);
    assert.equal(await Deno.readTextFile(site.path("own.key")), other.keyPem);
    assert.equal((await site.restored(await site.forged([]))).status, 422);
    await clock.advance(confirmMs);
    await until("it is taken back", () => staging.waiting === undefined);
    assert.equal(now(), before);
    assert.equal(await Deno.readTextFile(site.path("own.key")), pair.keyPem);
    assert.equal(await Deno.readTextFile(site.path("own.crt")), pair.certificatePem);
    await assert.rejects(Deno.stat(site.path("new")));
  }
  const { body } = await site.restored(await site.forged(files, moved));
  await clock.advance(1_000);
  const word = { method: "POST", headers: site.headers, body: { id: body.confirm.id } };
  assert.equal((await site.rig.ask("/api/v1/config/confirm", word)).status, 204);
  await clock.advance(confirmMs * 2);
  assert.equal(now(), moved);
  assert.equal(await Deno.readTextFile(site.path("own.key")), other.keyPem);
  await assert.rejects(Deno.stat(site.path("data/restore.json")));
});

Deno.test("loadconfig: an archive that leaves the page alone, and one of a program, wait for nothing", async () => {
  await using site = await Site.open();
  const text = (await site.rig.world.staging.source()).text;
  const { body } = await site.restored(await site.forged([], `${text}workers: 2\n`));
  assert.equal(body.confirm, undefined);
  const made = await site.rig.ask("/api/v1/tokens", {
    method: "POST",
    headers: site.headers,
    body: { name: "t", role: "administrator", days: 1 },
  });
  const program = { Authorization: `Bearer ${made.body.secret}` };
  const archive = await site.forged([], text.replace("admin:\n", "admin:\n  address: 127.0.0.1:9443\n"));
  const answer = await site.restored(archive, program);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.equal(answer.body.confirm, undefined);
  assert.match((await site.rig.world.staging.source()).text, /9443/);
});
