/**
 * Users, tokens and one's own account on the page.
 *
 * @module
 */
import assert from "node:assert/strict";
import { codeAt, stepAt } from "../../../src/admin/totp.ts";
import { rightPassword, userOf, WebRig } from "../web_rig.ts";
import { openPage, sendForm, type Typed } from "./form.ts";

const hostile = `"><script>alert(1)</script>`;

async function open() {
  const rig = await WebRig.open({ users: [userOf("ann", "administrator"), userOf("eve", "read-only")] });
  return { rig, ann: await rig.loggedIn("ann"), eve: await rig.loggedIn("eve") };
}

function base32Octets(text: string): Uint8Array<ArrayBuffer> {
  const bits = [...text].map((letter) =>
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")
  );
  return new Uint8Array((bits.join("").match(/.{8}/g) ?? []).map((octet) => parseInt(octet, 2)));
}

Deno.test("users page makes, changes and deletes users at once, and shows no hash", async () => {
  const { rig, ann } = await open();
  await using _rig = rig;
  const made = await sendForm(rig, "/users", {
    headers: ann,
    fields: { name: "bob", role: "operator", password: "a quiet green hill" },
  });
  assert.equal(made.status, 303, made.body);
  const list = await openPage(rig, "/users", ann);
  assert.match(list.body, /User bob was created/);
  assert.doesNotMatch(list.body, /scrypt/);
  assert.equal(rig.world.config().admin.users.get("bob")?.role, "operator");
  const change = { role: "read-only", certificate: "bob@example.test", no_password: "on" };
  assert.equal((await sendForm(rig, "/users/bob", { headers: ann, fields: change })).status, 303);
  const { role, certificate, password_hash } = rig.world.config().admin.users.get("bob")!;
  assert.deepEqual({ role, certificate, password_hash }, {
    role: "read-only",
    certificate: "bob@example.test",
    password_hash: undefined,
  });
  const disabled = () => rig.world.config().admin.users.get("bob")?.disabled;
  assert.equal(
    (await sendForm(rig, "/users/bob", { headers: ann, fields: { ...change, disabled: "on" } })).status,
    303,
  );
  assert.equal(disabled(), true);
  assert.match((await openPage(rig, "/users", ann)).body, /disabled: cannot log in/);
  assert.equal((await sendForm(rig, "/users/bob", { headers: ann, fields: change })).status, 303);
  assert.equal(disabled(), undefined);
  assert.equal((await sendForm(rig, "/users/bob/delete", { headers: ann })).status, 303);
  assert.equal(rig.world.config().admin.users.has("bob"), false);
  assert.ok(rig.audited().some(({ action, ok, target }) => action === "users.remove" && ok && target === "bob"));
});

Deno.test("users page tells what is wrong beside its field, and keeps the last administrator", async () => {
  const { rig, ann } = await open();
  await using _rig = rig;
  const cases: [fields: Typed, said: RegExp][] = [
    [{ name: hostile, role: "operator", password: "" }, /id="name-error">is no user/],
    [{ name: "bob", role: "operator", password: "short" }, /id="password-error">it has 5 characters/],
    [{ name: "ann", role: "operator", password: "" }, /There is a user ann already/],
  ];
  for (const [fields, said] of cases) {
    const { status, body } = await sendForm(rig, "/users", { headers: ann, fields });
    assert.equal(status, 422);
    assert.match(body, said);
    assert.doesNotMatch(body, /<script>alert/);
  }
  const last = await sendForm(rig, "/users/ann/delete", { headers: ann });
  assert.equal(last.status, 422);
  assert.match(last.body, /the only administrator/);
  assert.equal((await openPage(rig, "/users/nobody", ann)).status, 404);
});

Deno.test("users page shows a new token this once, and revokes it", async () => {
  const { rig, ann } = await open();
  await using _rig = rig;
  const fields = { token_name: hostile, token_role: "read-only", days: "30" };
  const { status, body } = await sendForm(rig, "/tokens", { headers: ann, fields });
  assert.equal(status, 200);
  const secret = /postern_[0-9a-f]{16}_[\w-]{43}/.exec(body)![0];
  assert.doesNotMatch(body, /<script>alert/);
  assert.equal((await rig.ask("/api/v1/status", { headers: { Authorization: `Bearer ${secret}` } })).status, 200);
  assert.ok(!(await openPage(rig, "/users", ann)).body.includes(secret));
  assert.ok(!JSON.stringify(rig.audited()).includes(secret));
  const [{ id }] = await rig.world.tokens.list();
  assert.equal((await sendForm(rig, `/tokens/${id}/revoke`, { headers: ann })).status, 303);
  assert.deepEqual(await rig.world.tokens.list(), []);
  for (const days of ["0", "-1", "1e3", "99999"]) {
    const wrong = await sendForm(rig, "/tokens", { headers: ann, fields: { ...fields, days } });
    assert.match(wrong.body, /id="days-error">is no number from 1/);
  }
});

Deno.test("users page is an administrator's alone", async () => {
  const { rig, eve } = await open();
  await using _rig = rig;
  for (const path of ["/users", "/users/ann"]) assert.equal((await openPage(rig, path, eve)).status, 403, path);
  for (const path of ["/users", "/users/eve", "/users/ann/delete", "/tokens", "/tokens/1/revoke"]) {
    const fields = { role: "administrator" };
    assert.equal((await sendForm(rig, path, { headers: eve, fields })).status, 403, path);
  }
});

Deno.test("account page changes one's password, and its session goes on", async () => {
  const { rig, eve } = await open();
  await using _rig = rig;
  const other = await rig.loggedIn("eve");
  const send = (fields: Typed) => sendForm(rig, "/account/password", { headers: eve, fields });
  const fresh = "a quiet green hill";
  assert.match((await send({ password: rightPassword, fresh, again: "x" })).body, /id="again-error"/);
  assert.match((await send({ password: rightPassword, fresh: "x", again: "x" })).body, /id="fresh-error"/);
  assert.equal((await send({ password: rightPassword, fresh, again: fresh })).status, 303);
  assert.equal((await openPage(rig, "/account", eve)).status, 200);
  assert.equal((await openPage(rig, "/account", other)).status, 303);
});

Deno.test("account page switches a second factor on by its first code, and off by the password", async () => {
  const { rig, eve } = await open();
  await using _rig = rig;
  const begun = await sendForm(rig, "/account/second-factor", { headers: eve, fields: { password: rightPassword } });
  assert.equal(begun.status, 200);
  assert.match(begun.body, /<svg[^>]*role="img" aria-label="QR code/);
  const secret = base32Octets(/<code class="break">([A-Z2-7]+)/.exec(begun.body)![1]);
  const confirm = (code: string) => sendForm(rig, "/account/second-factor/confirm", { headers: eve, fields: { code } });
  assert.match((await confirm("000000")).body, /id="code-error"/);
  const on = await confirm(codeAt(secret, stepAt(rig.clock.now())));
  assert.equal(on.status, 200);
  assert.equal(on.body.match(/<li>[A-Z2-7-]{10,}<\/li>/g)?.length, 10);
  const off = await sendForm(rig, "/account/second-factor/remove", {
    headers: eve,
    fields: { password: rightPassword },
  });
  assert.equal(off.status, 303);
  assert.equal(await rig.world.factors.of("eve"), undefined);
});

Deno.test("account page lists and ends one's own sessions, and an administrator's view has all", async () => {
  const { rig, ann, eve } = await open();
  await using _rig = rig;
  const handleOf = (user: string) => rig.world.sessions.list().find((session) => session.user === user)!.handle;
  assert.doesNotMatch((await openPage(rig, "/account", eve)).body, new RegExp(handleOf("ann")));
  const end = (headers: Record<string, string>, user: string) =>
    sendForm(rig, `/account/sessions/${handleOf(user)}/end`, { headers });
  assert.equal((await end(eve, "ann")).status, 404);
  assert.equal((await end(ann, "eve")).status, 303);
  assert.equal((await openPage(rig, "/account", eve)).status, 303);
});

Deno.test("users page and the login tell faults in the reader's language, and the API tells their codes", async () => {
  const { rig, ann } = await open();
  await using _rig = rig;
  const said = async (language: string, fields: Typed) => {
    const { status, body } = await sendForm(rig, "/users", {
      headers: { ...ann, "Accept-Language": language },
      fields,
    });
    assert.notEqual(status, 303);
    return body;
  };
  const eve = { name: "eve", role: "operator", password: "a quiet green hill" };
  assert.match(await said("zh-TW", eve), /已有名為 eve 的使用者/);
  assert.match(await said("zh-CN", eve), /已有名为 eve 的用户/);
  assert.match(await said("en", eve), /There is a user eve already/);
  const short = await said("zh-CN", { ...eve, name: "bob", password: "short" });
  assert.match(short, /id="password-error"[^>]*>密码只有 5 个字符；至少须有 12 个</);
  const headers = { ...ann, "Content-Type": "application/json" };
  const answer = await rig.ask("/api/v1/users", { method: "POST", headers, body: JSON.stringify(eve) });
  assert.equal(answer.status, 409);
  assert.deepEqual([answer.body.code, answer.body.detail], ["fault.user.taken", "There is a user eve already"]);
});
