/**
 * Changes that wait, commits and the history on the page.
 *
 * @module
 */
import assert from "node:assert/strict";
import { userOf, WebRig } from "../web_rig.ts";
import { hiddenOf, openPage, sendForm } from "./form.ts";

const hostile = `"><script>alert(1)</script>`;
const changesPath = "/configuration/changes";

async function open() {
  const rig = await WebRig.open({
    users: [userOf("ann", "administrator"), userOf("bob", "administrator"), userOf("eve", "read-only")],
  });
  const [ann, bob, eve] = await Promise.all(["ann", "bob", "eve"].map((name) => rig.loggedIn(name)));
  return { rig, ann, bob, eve };
}

async function stage(rig: WebRig, user: string, [key, value]: [string, unknown]) {
  const staged = await rig.world.staging.stage(user, { changes: [{ path: key.split("."), value }] });
  assert.ok(staged.ok);
}

/** Commits what is shown to a user. */
async function commit(rig: WebRig, headers: Record<string, string>, fields: Record<string, string> = {}) {
  const { body } = await openPage(rig, changesPath, headers);
  return await sendForm(rig, "/configuration/commit", { headers, fields: { etag: hiddenOf(body, "etag"), ...fields } });
}

Deno.test("changes page shows one's own and others' changes without secrets, and commits with a comment", async () => {
  const { rig, ann, bob, eve } = await open();
  await using _rig = rig;
  await stage(rig, "ann", ["alerts.max_repeat", "2h"]);
  const own = await openPage(rig, changesPath, ann);
  assert.match(own.body, /max_repeat: 2h/);
  assert.match(own.body, /Commit changes · 1/);
  for (const headers of [bob, eve]) {
    const { body } = await openPage(rig, changesPath, headers);
    assert.match(body, /Changes of ann/);
    assert.doesNotMatch(body, /scrypt\$|configuration\/commit/);
  }
  const done = await commit(rig, ann, { comment: hostile });
  assert.equal(done.status, 303);
  assert.equal(done.headers.get("Location"), "/configuration");
  const { body } = await openPage(rig, "/configuration", ann);
  assert.match(body, /Committed and in force/);
  assert.doesNotMatch(body, /<script>alert/);
  assert.match(body, /&lt;script&gt;/);
  assert.equal((await rig.world.staging.history())[0].comment, hostile);
  assert.ok(rig.audited().some(({ action, ok, detail }) => action === "config.commit" && ok && detail === hostile));
});

Deno.test("changes page commits nothing that its reader has not seen", async () => {
  const { rig, ann } = await open();
  await using _rig = rig;
  await stage(rig, "ann", ["alerts.max_repeat", "2h"]);
  const { body } = await openPage(rig, changesPath, ann);
  await stage(rig, "ann", ["alerts.max_repeat", "3h"]);
  const end = await commit(rig, ann, { etag: hiddenOf(body, "etag") });
  assert.equal(end.status, 422);
  assert.match(end.body, /others by now/);
  assert.equal(await rig.world.staging.changed("ann"), 1);
});

Deno.test("changes page shows who changed the file meanwhile and merges other keys, and refuses the same key", async () => {
  const { rig, ann, bob } = await open();
  await using _rig = rig;
  await stage(rig, "ann", ["alerts.max_repeat", "2h"]);
  await stage(rig, "bob", ["tls.outbound_smtp.methods", ["TLSv1.3"]]);
  assert.equal((await commit(rig, bob, { comment: "less noise" })).status, 303);
  assert.match((await openPage(rig, changesPath, ann)).body, /the file was changed meanwhile/);
  const refused = await commit(rig, ann);
  assert.equal(refused.status, 422);
  assert.match(refused.body, /bob · less noise/);
  assert.match(refused.body, /\+.*outbound_smtp/);
  assert.match(refused.body, /name="merge" value="on"/);
  assert.equal((await commit(rig, ann, { merge: "on" })).status, 303);
  const { text } = await rig.world.staging.source();
  assert.match(text, /max_repeat: 2h/);
  assert.match(text, /outbound_smtp/);
  await stage(rig, "ann", ["alerts.max_repeat", "4h"]);
  await stage(rig, "bob", ["alerts.max_repeat", "5h"]);
  await commit(rig, bob);
  const conflict = await commit(rig, ann, { merge: "on" });
  assert.equal(conflict.status, 422);
  assert.match(conflict.body, /alerts\.max_repeat/);
  assert.doesNotMatch(conflict.body, /name="merge"/);
});

Deno.test("changes page abandons, and keeps those who only look from all of it", async () => {
  const { rig, ann, eve } = await open();
  await using _rig = rig;
  await stage(rig, "ann", ["alerts.max_repeat", "2h"]);
  for (const form of ["commit", "abandon", "confirm", "upload", "history/1/rollback"]) {
    assert.equal((await sendForm(rig, `/configuration/${form}`, { headers: eve })).status, 403, form);
  }
  assert.equal(await rig.world.staging.changed("ann"), 1);
  assert.equal((await sendForm(rig, "/configuration/abandon", { headers: ann })).status, 303);
  assert.equal(await rig.world.staging.changed("ann"), 0);
});

Deno.test("a commit that changes how the page is reached waits for a new connection", async () => {
  const { rig, ann } = await open();
  await using _rig = rig;
  await stage(rig, "ann", ["tls.gui_https.methods", ["TLSv1.3"]]);
  const waits = await commit(rig, ann);
  assert.equal(waits.status, 200);
  assert.match(waits.body, /data-confirm-commit="2" data-seconds="120"/);
  assert.match(waits.body, /tls\.gui_https\.methods/);
  const id = `${rig.world.staging.waiting!.id}`;
  const old = await sendForm(rig, "/configuration/confirm", { headers: ann, fields: { id } });
  assert.equal(old.status, 422);
  assert.equal(old.headers.get("Connection"), "close");
  await rig.clock.advance(1_000);
  assert.equal((await sendForm(rig, "/configuration/confirm", { headers: ann, fields: { id } })).status, 303);
  assert.equal(rig.world.staging.waiting, undefined);
});

Deno.test("an upload waits among one's changes, keeps secrets that were masked, and tells its faults with their lines", async () => {
  const { rig, ann } = await open();
  await using _rig = rig;
  const given = await rig.ask("/configuration/download", { headers: ann });
  assert.match(given.headers.get("Content-Disposition")!, /filename="config\.yaml"/);
  assert.match(given.body, /\(secret\)/);
  assert.doesNotMatch(given.body, /scrypt\$/);
  const upload = async (content: BlobPart) => {
    const form = new FormData();
    form.set("csrf", ann["X-CSRF-Token"]);
    form.set("file", new File([content], "c.yaml"));
    const request = new Request("https://gw.example.test/", { method: "POST", body: form });
    return await rig.ask("/configuration/upload", {
      method: "POST",
      body: await request.text(),
      headers: { Cookie: ann.Cookie, "Content-Type": request.headers.get("Content-Type")!, Accept: "text/html" },
    });
  };
  assert.equal((await upload(given.body + "alerts: { max_repeat: 2h }\n")).headers.get("Location"), changesPath);
  assert.match((await openPage(rig, changesPath, ann)).body, /max_repeat: 2h/);
  assert.match((await rig.world.staging.source("ann")).text, /scrypt\$/);
  assert.equal((await upload(given.body + "listners: {}\n")).status, 303);
  const { body } = await openPage(rig, changesPath, ann);
  assert.match(body, /listners/);
  assert.match(body, /<button type="submit" class="primary" disabled/);
  for (const [content, said] of [["a: [", /no YAML/], ["", /no file was chosen/]] as const) {
    const end = await upload(content);
    assert.equal(end.status, 422);
    assert.match(end.body, said);
  }
});

Deno.test("history shows what each entry changed, and rolls back", async () => {
  const { rig, ann } = await open();
  await using _rig = rig;
  for (const value of ["2h", "3h"]) {
    await stage(rig, "ann", ["alerts.max_repeat", value]);
    await commit(rig, ann, { comment: `to ${value}` });
  }
  const entries = await rig.world.staging.history();
  const first = entries.find(({ comment }) => comment === "to 2h")!;
  const { body } = await openPage(rig, `/configuration/history/${first.id}`, ann);
  assert.match(body, /-.*max_repeat: 3h/);
  assert.match(body, /\+.*max_repeat: 2h/);
  assert.doesNotMatch(body, /scrypt\$/);
  const back = await sendForm(rig, `/configuration/history/${first.id}/rollback`, { headers: ann });
  assert.equal(back.status, 303);
  assert.match((await rig.world.staging.source()).text, /max_repeat: 2h/);
  for (const id of ["0", "99", "x", "%3Cscript%3E", "1e3"]) {
    assert.equal((await openPage(rig, `/configuration/history/${id}`, ann)).status, 404, id);
  }
});
