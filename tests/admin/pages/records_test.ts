/**
 * The audit log and the archives on the page.
 *
 * @module
 */
import assert from "node:assert/strict";
import { octets } from "../../../src/base/octets.ts";
import { confirmMs } from "../../../src/config/stage_confirm.ts";
import { until } from "../../gateway/rig.ts";
import { password, Site } from "../backup_site.ts";
import { userOf, WebRig } from "../web_rig.ts";
import { openPage, sendForm } from "./form.ts";

const hostile = `"><script>alert(1)</script>`;

Deno.test("audit page filters by who, what, outcome and time, goes on, and is an administrator's alone", async () => {
  await using rig = await WebRig.open({ users: [userOf("ann", "administrator"), userOf("oli", "operator")] });
  const [ann, oli] = [await rig.loggedIn("ann"), await rig.loggedIn("oli")];
  for (let index = 0; index < 150; index++) {
    rig.world.audit.note({ action: "queue.delete", ok: index % 2 === 0, user: `user${index}`, target: `MID${index}` });
  }
  rig.world.audit.note({ action: "login", ok: false, user: hostile, detail: hostile, via: "certificate" });
  assert.equal((await openPage(rig, "/audit", oli)).status, 403);
  const first = await openPage(rig, "/audit", ann);
  assert.equal(first.status, 200);
  assert.doesNotMatch(first.body, /<script>alert/);
  assert.match(first.body, /&lt;script&gt;/);
  assert.match(first.body, /MID149</);
  assert.doesNotMatch(first.body, /MID50</);
  const next = /href="(\/audit\?cursor=[^"]+)"/.exec(first.body)![1];
  assert.match((await openPage(rig, next, ann)).body, /MID50</);
  const some = (await openPage(rig, "/audit?who=USER1&what=mid14&outcome=refused", ann)).body;
  assert.match(some, /MID141</);
  assert.doesNotMatch(some, /MID140<|MID131</);
  assert.match((await openPage(rig, "/audit?until=2001-01-01T00%3A00", ann)).body, /Nothing was found/);
  assert.match((await openPage(rig, "/audit?since=2001-01-01T00%3A00&what=mid7", ann)).body, /MID70</);
  assert.match((await openPage(rig, "/audit?since=nonsense&until=9999&cursor=x", ann)).body, /Nothing was found/);
  const { body } = await rig.ask("/api/v1/audit?what=mid14&ok=false&limit=3", { headers: ann });
  assert.deepEqual(body.lines.map(({ target }: { target: string }) => target), ["MID149", "MID147", "MID145"]);
  const more = await rig.ask(`/api/v1/audit?what=mid14&ok=false&limit=3&cursor=${body.next}`, { headers: ann });
  assert.deepEqual(more.body.lines.map(({ target }: { target: string }) => target), ["MID143", "MID141"]);
});

/** Sends an archive with the page's form. */
async function upload(site: Site, content: Uint8Array<ArrayBuffer>, opening: string) {
  const form = new FormData();
  form.set("csrf", site.headers["X-CSRF-Token"]);
  form.set("file", new File([content], "mine.backup"));
  form.set("opening", opening);
  const request = new Request("https://gw.example.test", { method: "POST", body: form });
  return await site.rig.ask("/backups/upload", {
    method: "POST",
    body: new TextDecoder("latin1").decode(await request.bytes()),
    headers: {
      Cookie: site.headers.Cookie,
      "Content-Type": request.headers.get("Content-Type")!,
      Accept: "text/html",
    },
  });
}

Deno.test("backups page makes, lists, hands out, shows, restores and deletes an archive, each step with its password", async () => {
  await using site = await Site.open();
  const { rig, headers } = site;
  const send = (path: string, fields: Record<string, string> = {}) => sendForm(rig, path, { headers, fields });
  for (
    const [fields, said] of [
      [{ password: "short", again: "short" }, /id="password-error">is shorter than 8/],
      [{ password, again: "another one" }, /id="again-error"/],
    ] as const
  ) {
    const { status, body } = await send("/backups", fields);
    assert.equal(status, 422);
    assert.match(body, said);
  }
  assert.match((await openPage(rig, "/backups", headers)).body, /No archive is kept/);
  assert.equal((await send("/backups", { password, again: password })).status, 303);
  const list = (await openPage(rig, "/backups", headers)).body;
  const [, name] = /href="\/backups\/(made-\d{8}T\d{6}Z\.backup)"/.exec(list)!;
  assert.equal((await Deno.stat(`${rig.folder}/backups/${name}`)).mode! & 0o777, 0o600);
  const file = await rig.ask(`/backups/${name}/download`, { headers });
  assert.equal(file.headers.get("Content-Disposition"), `attachment; filename="${name}"`);
  assert.match(file.body, /^POSTERN-BACKUP 1\n/);
  assert.equal((await send(`/backups/${name}/delete`)).status, 303);
  assert.equal((await openPage(rig, `/backups/${name}`, headers)).status, 404);
  const before = (await rig.world.staging.source()).text;
  // One whose password costs less to try.
  const kept = await rig.world.backups.keep("uploaded", await site.forged([]));
  await site.commit([{ path: ["workers"], value: 2 }]);
  const wrong = await send(`/backups/${kept}/show`, { opening: "wrong pony" });
  assert.equal(wrong.status, 422);
  assert.match(wrong.body, /the password is another one/);
  const shown = await send(`/backups/${kept}/show`, { opening: password });
  assert.match(shown.body, /-workers: 2/);
  assert.match(shown.body, new RegExp(`action="/backups/${kept}/restore"`));
  assert.equal((await send(`/backups/${kept}/restore`, { opening: "wrong pony" })).status, 422);
  assert.match((await rig.world.staging.source()).text, /workers: 2/);
  assert.equal((await send(`/backups/${kept}/restore`, { opening: password })).status, 303);
  assert.equal((await rig.world.staging.source()).text, before);
  assert.match((await openPage(rig, "/configuration", headers)).body, /The archive is restored and in force/);
  const told = rig.audited().map(({ action, ok }) => `${action} ${ok}`).filter((line) => line.startsWith("backup."));
  assert.deepEqual(told, [
    ...["backup.make false", "backup.make false", "backup.make true", "backup.download true", "backup.delete true"],
    ...["backup.show false", "backup.show true", "backup.restore false", "backup.restore true"],
  ]);
});

Deno.test("backups page waits for a confirmation where a restoration changes how it is reached", async () => {
  await using site = await Site.open();
  const { rig, headers } = site;
  const before = (await rig.world.staging.source()).text;
  const moved = before.replace("admin:\n", "admin:\n  address: 127.0.0.1:9443\n");
  const name = await rig.world.backups.keep("uploaded", await site.forged([], moved));
  const end = await sendForm(rig, `/backups/${name}/restore`, { headers, fields: { opening: password } });
  assert.equal(end.status, 200);
  assert.match(end.body, /data-confirm-commit="\d+"/);
  assert.match(end.body, /admin\.address/);
  await rig.clock.advance(confirmMs);
  await until("the change to be taken back", async () => (await rig.world.staging.source()).text === before);
});

Deno.test("attack: archives on the page are an administrator's alone, and no name leads to another file", async () => {
  await using site = await Site.open();
  const { rig, headers } = site;
  const oli = await rig.loggedIn("oli");
  const name = await rig.world.backups.keep("made", octets("sealed"));
  for (const path of ["/backups", `/backups/${name}`, `/backups/${name}/download`]) {
    assert.equal((await openPage(rig, path, oli)).status, 403, path);
  }
  for (const deed of ["", "/upload", `/${name}/show`, `/${name}/restore`, `/${name}/delete`]) {
    const { status } = await sendForm(rig, `/backups${deed}`, { headers: oli, fields: { opening: password } });
    assert.equal(status, 403, deed);
  }
  await Deno.writeTextFile(`${rig.folder}/backups/other`, "secret");
  await Deno.symlink(`${rig.folder}/config.yaml`, `${rig.folder}/backups/made-20260101T000000Z.backup`);
  const names = [
    "other",
    "..%2Fconfig.yaml",
    "made-20260101T000000Z.backup",
    "made-20260101T000000Z.backup%00",
  ];
  for (const each of names) {
    for (const path of [`/backups/${each}`, `/backups/${each}/download`]) {
      const { status, body } = await openPage(rig, path, headers);
      assert.ok([400, 404].includes(status), `${path}: ${status}`);
      assert.doesNotMatch(String(body), /secret|version: 1/);
    }
    const { status } = await sendForm(rig, `/backups/${each}/delete`, { headers });
    assert.ok([400, 404].includes(status), `${each}: ${status}`);
  }
  assert.equal(await Deno.readTextFile(`${rig.folder}/backups/other`), "secret");
  assert.equal((await rig.world.backups.list()).length, 1);
});

Deno.test("attack: what no password opens is not kept, and archives are bounded in number", async () => {
  await using site = await Site.open();
  const { rig } = site;
  const ascii = octets(
    "POSTERN-BACKUP 1\nnothing of the kind, but long enough to be looked at for its head and its check: " +
      "x".repeat(80),
  );
  for (const [content, opening] of [[octets(hostile), password], [ascii, password]] as const) {
    const { status, body } = await upload(site, content, opening);
    assert.equal(status, 422);
    assert.match(body, /id="opening-error">Cannot open/);
    assert.doesNotMatch(body, /<script>alert/);
  }
  assert.deepEqual(await rig.world.backups.list(), []);
  for (let count = 0; count < 50; count++) await rig.world.backups.keep("made", octets("x"));
  await assert.rejects(rig.world.backups.keep("made", octets("x")));
  const full = await upload(site, octets("x"), password);
  assert.match(full.body, /50 archives are kept/);
});
