/**
 * The first administrator: the set-up link's life, and what it does not open.
 *
 * @module
 */
import assert from "node:assert/strict";
import { limits } from "../../src/base/limits.ts";
import { rightPassword, userOf, WebRig } from "./web_rig.ts";

async function linkOf(rig: WebRig): Promise<string> {
  const { url, path } = await rig.world.setup.make();
  assert.equal(await Deno.readTextFile(path), `${url}\n`);
  assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  const found = /^https:\/\/gw\.example\.test:8443\/setup\?token=([A-Za-z0-9_-]{43})$/.exec(url);
  assert.ok(found !== null, url);
  return found[1];
}

const setUp = (token: string, more: Record<string, unknown> = {}) => ({
  method: "POST",
  body: { token, user: "ann", password: rightPassword, ...more },
});

Deno.test("setup: the link makes the first administrator, who is logged in, and counts once", async () => {
  await using rig = await WebRig.open();
  assert.deepEqual((await rig.ask("/api/v1/setup")).body, { needed: true });
  const token = await linkOf(rig);
  const { status, body, headers } = await rig.ask("/api/v1/setup", setUp(token));
  assert.equal(status, 201, JSON.stringify(body));
  assert.deepEqual([body.user, body.role, body.via], ["ann", "administrator", "session"]);
  assert.match(
    headers.getSetCookie()[0],
    /^__Host-postern=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
  );
  assert.deepEqual((await rig.ask("/api/v1/setup")).body, { needed: false });
  assert.equal((await rig.ask("/api/v1/setup", setUp(token, { user: "eve" }))).status, 403);
  assert.deepEqual(rig.world.accounts.list().map(({ name, role }) => [name, role]), [["ann", "administrator"]]);
  await assert.rejects(Deno.stat(rig.world.setup.path));
  const text = JSON.stringify(rig.audited());
  assert.match(text, /"setUp","ok":true/);
  assert.ok(!text.includes(token) && !text.includes(rightPassword));
});

Deno.test("setup: a link that is old, replaced or guessed opens nothing", async () => {
  await using rig = await WebRig.open();
  const first = await linkOf(rig);
  const second = await linkOf(rig);
  for (const token of [first, "", "a".repeat(43), second.slice(1)]) {
    const { status, body } = await rig.ask("/api/v1/setup", setUp(token));
    assert.deepEqual([status, body.type], [403, "/problems/setup-link"]);
  }
  await rig.clock.advance(limits.setupLinkMs);
  assert.equal((await rig.ask("/api/v1/setup", setUp(second))).status, 403);
  assert.deepEqual(rig.world.accounts.list(), []);
});

Deno.test("setup: what is wrong with the password leaves the link as it was", async () => {
  await using rig = await WebRig.open();
  const token = await linkOf(rig);
  for (
    const [password, detail, code] of [
      ["short", "it has 5 characters; at least 12", "fault.password.short"],
      ["aaaaaaaaaaaaaaaa", "it repeats a few characters; more different ones", "fault.password.plain"],
      ["tab\tin the password", "it has control characters", "fault.password.controls"],
    ]
  ) {
    const { status, body } = await rig.ask("/api/v1/setup", setUp(token, { password }));
    assert.equal(status, 422);
    assert.deepEqual(body.errors, [{ path: "password", detail, code }]);
  }
  assert.equal((await rig.ask("/api/v1/setup", setUp(token))).status, 201);
});

Deno.test("attack: two who use the link at the same time make one administrator", async () => {
  await using rig = await WebRig.open();
  const token = await linkOf(rig);
  const answers = await Promise.all(["ann", "eve"].map((user) => rig.ask("/api/v1/setup", setUp(token, { user }))));
  assert.deepEqual(answers.map(({ status }) => status), [201, 403]);
  assert.deepEqual(rig.world.accounts.list().map(({ name }) => name), ["ann"]);
});

Deno.test("setup: where there is a user no link is made or taken", async () => {
  await using rig = await WebRig.open({ users: [userOf("ann", "administrator")] });
  const token = await linkOf(rig);
  assert.equal((await rig.ask("/api/v1/setup", setUp(token, { user: "eve" }))).status, 403);
});

Deno.test("setup: the page makes the administrator by a form, and says what is wrong beside it", async () => {
  await using rig = await WebRig.open();
  const token = await linkOf(rig);
  const page = await rig.ask(`/setup?token=${token}`);
  assert.equal(page.status, 200);
  assert.ok(page.body.includes(`<input type="hidden" name="token" value="${token}"`), page.body);
  const form = (again: string) => ({
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: `${new URLSearchParams({ token, user: "ann", password: rightPassword, again })}`,
  });
  const wrong = await rig.ask("/setup", form("another"));
  assert.equal(wrong.status, 422);
  assert.match(wrong.body, /id="again-error">is not the same</);
  const { status, headers } = await rig.ask("/setup", form(rightPassword));
  assert.deepEqual([status, headers.get("Location")], [303, "/"]);
  const home = await rig.ask("/", { headers: { Cookie: headers.getSetCookie()[0].split(";")[0] } });
  assert.match(home.body, /href="\/account"[^>]*>ann<\/a>/);
});
