/**
 * Attacks on the page and the API, each by its name.
 *
 * @module
 */
import assert from "node:assert/strict";
import { withField } from "../../src/admin/api/field_words.ts";
import { Problem } from "../../src/admin/problem.ts";
import { newSecret } from "../../src/admin/secrets.ts";
import { RequestRate } from "../../src/admin/rate.ts";
import { Throttle } from "../../src/admin/throttle.ts";
import { codeAt, stepAt } from "../../src/admin/totp.ts";
import { limits } from "../../src/base/limits.ts";
import { Commands } from "../../src/control/commands.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { type Answer, cookieOf, rightPassword, userOf, WebRig } from "./web_rig.ts";

const everybody = () => [userOf("ann", "administrator"), userOf("oper", "operator"), userOf("reader", "read-only")];
const login = (user: string, password: string, more: Record<string, unknown> = {}) => ({
  method: "POST",
  body: { user, password, ...more },
});

const foreign: Record<string, Record<string, string>> = {
  "no word": {},
  "another word": { "X-CSRF-Token": "a".repeat(43) },
  "an empty word": { "X-CSRF-Token": "" },
};

for (const [name, more] of Object.entries(foreign)) {
  Deno.test(`attack: CSRF: a change with the session's cookie and ${name} is refused`, async () => {
    await using rig = await WebRig.open({ users: everybody() });
    const { Cookie } = await rig.loggedIn("ann");
    const ask = { method: "DELETE", headers: { Cookie, ...more } };
    const { status, body } = await rig.ask("/api/v1/users/oper", ask);
    assert.deepEqual([status, body.type], [403, "/problems/csrf"]);
    assert.ok(rig.world.accounts.find("oper") !== undefined);
  });
}

const elsewhere: Record<string, string>[] = [
  { "Sec-Fetch-Site": "cross-site" },
  { "Sec-Fetch-Site": "same-site" },
  { "Sec-Fetch-Site": "none" },
  { Origin: "https://evil.example" },
  { Origin: "null" },
  { Origin: "http://gw.example.test:8443" },
  { Origin: "https://gw.example.test" },
];

for (const headers of elsewhere) {
  const [[name, value]] = Object.entries(headers);
  Deno.test(`attack: CSRF: a request with ${name}: ${value} changes nothing and logs nobody in`, async () => {
    await using rig = await WebRig.open({ users: everybody() });
    const session = await rig.loggedIn("ann");
    const change = await rig.ask("/api/v1/users/oper", { method: "DELETE", headers: { ...session, ...headers } });
    assert.deepEqual([change.status, change.body.type], [403, "/problems/foreign-request"]);
    const entering = await rig.ask("/api/v1/login", { ...login("ann", rightPassword), headers });
    assert.equal(entering.status, 403);
    assert.deepEqual(entering.headers.getSetCookie(), []);
  });
}

Deno.test("attack: CSRF: a form's body is no JSON for the API, and a page's form needs the word", async () => {
  await using rig = await WebRig.open({ users: everybody() });
  const { Cookie } = await rig.loggedIn("ann");
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
    const { status } = await rig.ask("/api/v1/login", {
      method: "POST",
      headers: { "Content-Type": type },
      body: JSON.stringify({ user: "ann", password: rightPassword }),
    });
    assert.equal(status, 415, type);
  }
  const out = await rig.ask("/logout", {
    method: "POST",
    headers: { Cookie, "Content-Type": "application/x-www-form-urlencoded" },
    body: "csrf=wrong",
  });
  assert.equal(out.status, 403);
  assert.equal((await rig.ask("/api/v1/session", { headers: { Cookie } })).status, 200);
});

Deno.test("attack: no other site may read answers: there is no CORS, and pages cannot be framed", async () => {
  await using rig = await WebRig.open({ users: everybody() });
  for (const path of ["/", "/login", "/api/v1/openapi.json", "/api/v1/status", "/nothing"]) {
    for (const method of ["GET", "OPTIONS"]) {
      const { headers } = await rig.ask(path, { method, headers: { Origin: "https://evil.example" } });
      const names = [...headers.keys()].filter((name) => name.startsWith("access-control-"));
      assert.deepEqual(names, [], `${method} ${path}`);
      assert.equal(headers.get("X-Frame-Options"), "DENY");
      const policy = headers.get("Content-Security-Policy")!;
      assert.match(policy, /default-src 'none'/);
      assert.match(policy, /frame-ancestors 'none'/);
      assert.doesNotMatch(policy, /unsafe|\*|https?:/);
      assert.equal(headers.get("X-Content-Type-Options"), "nosniff");
      assert.match(headers.get("Strict-Transport-Security")!, /^max-age=\d{8}/);
    }
  }
});

Deno.test("attack: fixation: an id that a browser brings is never a session, and a login ends the one before", async () => {
  await using rig = await WebRig.open({ users: everybody() });
  const planted = `__Host-postern=${newSecret(rig.world.random)}`;
  const { headers } = await rig.ask("/api/v1/login", { ...login("ann", rightPassword), headers: { Cookie: planted } });
  const first = cookieOf(headers);
  assert.notEqual(first, planted);
  assert.equal((await rig.ask("/api/v1/session", { headers: { Cookie: planted } })).status, 401);
  const again = await rig.ask("/api/v1/login", {
    ...login("ann", rightPassword),
    headers: {
      Cookie: first,
      "X-CSRF-Token": (await rig.ask("/api/v1/session", { headers: { Cookie: first } })).body.csrf,
    },
  });
  assert.equal(again.status, 200);
  assert.notEqual(cookieOf(again.headers), first);
  assert.equal((await rig.ask("/api/v1/session", { headers: { Cookie: first } })).status, 401);
});

Deno.test("attack: a session ends idle, at its absolute end, with logout, and with its user's password or account", async () => {
  await using rig = await WebRig.open({ users: everybody() });
  const alive = async (headers: Record<string, string>) =>
    (await rig.ask("/api/v1/session", { headers })).status === 200;
  const idle = await rig.loggedIn("ann");
  await rig.clock.advance(1_799_000);
  assert.ok(await alive(idle));
  await rig.clock.advance(1_800_000);
  assert.ok(!await alive(idle));
  const left = await rig.loggedIn("ann");
  for (const still of [true, true, false]) {
    await rig.clock.advance(600_000);
    const { status } = await rig.ask("/overview/now", { headers: { ...left, "X-Postern-Live": "1" } });
    assert.equal(status, still ? 200 : 401);
  }
  const busy = await rig.loggedIn("ann");
  for (let passed = 0; passed < limits.adminSessionMs - 1_000_000; passed += 1_000_000) {
    await rig.clock.advance(1_000_000);
    assert.ok(await alive(busy));
  }
  await rig.clock.advance(1_000_000);
  assert.ok(!await alive(busy));
  const out = await rig.loggedIn("ann");
  assert.equal((await rig.ask("/api/v1/logout", { method: "POST", headers: out })).status, 204);
  assert.ok(!await alive(out));
  const [ann, oper, reader] = [await rig.loggedIn("ann"), await rig.loggedIn("oper"), await rig.loggedIn("reader")];
  const change = { method: "PATCH", headers: ann, body: { password: "quite another phrase" } };
  assert.equal((await rig.ask("/api/v1/users/oper", change)).status, 200);
  assert.equal((await rig.ask("/api/v1/users/reader", { method: "DELETE", headers: ann })).status, 204);
  assert.deepEqual([await alive(oper), await alive(reader), await alive(ann)], [false, false, true]);
});

Deno.test("attack: somebody who logs in without end has a bounded number of sessions", async () => {
  await using rig = await WebRig.open({ users: everybody() });
  const first = await rig.loggedIn("ann");
  for (let count = 0; count < limits.adminSessionsPerUserMax; count++) {
    await rig.clock.advance(200);
    await rig.loggedIn("ann");
  }
  assert.equal(rig.world.sessions.list().length, limits.adminSessionsPerUserMax);
  assert.equal((await rig.ask("/api/v1/session", { headers: first })).status, 401);
});

Deno.test("attack: brute force: each wrong password waits longer, and the eleventh is not looked at", async () => {
  await using rig = await WebRig.open({ users: everybody() });
  const waits: number[] = [];
  for (let count = 0; count < limits.loginFailuresPerPairMax; count++) {
    const from = rig.clock.monotonic();
    const { status, body } = await rig.patiently("/api/v1/login", login("ann", `guess ${count}`));
    assert.deepEqual([status, body.type], [401, "/problems/login"]);
    waits.push(rig.clock.monotonic() - from);
  }
  assert.deepEqual(waits.slice(0, 5).map((ms) => Math.floor(ms / 500) * 500), [500, 1_000, 2_000, 4_000, 8_000]);
  const locked = await rig.ask("/api/v1/login", login("ann", rightPassword));
  assert.deepEqual([locked.status, locked.body.type], [429, "/problems/locked"]);
  assert.ok(Number(locked.headers.get("Retry-After")) > 600);
  assert.equal((await rig.ask("/api/v1/login", { ...login("ann", rightPassword), address: "192.0.2.2" })).status, 200);
  await rig.clock.advance(limits.loginWindowMs);
  assert.equal((await rig.ask("/api/v1/login", login("ann", rightPassword))).status, 200);
  const refused = rig.audited().filter(({ action, ok }) => action === "login" && ok === false);
  assert.equal(refused.length, limits.loginFailuresPerPairMax + 1);
  assert.doesNotMatch(JSON.stringify(refused), /guess/);
});

Deno.test("attack: brute force: a thousand guesses at the same time are no more than ten", async () => {
  await using rig = await WebRig.open({ users: everybody() });
  const tries = Array.from({ length: 60 }, (_, at) => rig.patiently("/api/v1/login", login("ann", `guess ${at}`)));
  const statuses = (await Promise.all(tries)).map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 401).length, limits.loginFailuresPerPairMax);
  assert.ok(statuses.every((status) => status === 401 || status === 429));
});

Deno.test("attack: brute force: one address that tries many names is locked, its IPv6 network too, and others are not", () => {
  const throttle = new Throttle(new FakeClock());
  const from = (address: string, user = "ann") => throttle.begin({ user, address });
  for (let count = 0; count < limits.loginFailuresPerAddressMax; count++) {
    assert.equal(from("2001:db8::1", `user${count}`), 0);
  }
  assert.equal(from("2001:db8::ffff"), limits.loginWindowMs);
  assert.equal(from("2001:db8:0:1::1"), 0);
});

Deno.test("attack: lock-out: strangers who guess a name's password do not lock its owner out where he logs in", () => {
  const throttle = new Throttle(new FakeClock());
  const from = (address: string) => throttle.begin({ user: "ann", address });
  assert.equal(from("198.51.100.1"), 0);
  throttle.succeeded({ user: "ann", address: "198.51.100.1" });
  for (let count = 0; count < limits.loginFailuresPerUserMax; count++) assert.equal(from(`203.0.113.${count}`), 0);
  assert.ok(from("203.0.113.200") > 0);
  assert.equal(from("198.51.100.1"), 0);
});

Deno.test("attack: memory: names and addresses without end fill no table beyond its bound", () => {
  const clock = new FakeClock();
  const throttle = new Throttle(clock);
  const rate = new RequestRate(clock, 1);
  for (let at = 0; at < 2 * limits.loginKeysMax; at++) {
    const address = `10.${at >> 16}.${at >> 8 & 255}.${at & 255}`;
    throttle.begin({ user: `user${at}`, address });
    rate.take(address);
  }
  assert.ok(throttle.remembered <= 3 * limits.loginKeysMax);
  assert.ok(rate.remembered <= limits.requestKeysMax);
});

Deno.test("attack: enumeration: a name that nobody has gets the same text, the same delay and the same work", async () => {
  await using rig = await WebRig.open({ users: everybody() });
  const seen: [Answer, number][] = [];
  for (const user of ["ann", "nobody", "constructor", "x".repeat(255)]) {
    const from = rig.clock.monotonic();
    const answer = await rig.patiently("/api/v1/login", login(user, "a guess at a word"));
    seen.push([answer, rig.clock.monotonic() - from]);
  }
  const [[first, wait]] = seen;
  for (const [answer, ms] of seen) {
    assert.deepEqual([answer.status, answer.body], [first.status, first.body]);
    assert.ok(Math.abs(ms - wait) <= 250, `${ms} and ${wait}`);
  }
});

Deno.test("attack: second factor: the password alone, an old code and guesses win nothing", async () => {
  await using rig = await WebRig.open({ users: everybody() });
  const secret = rig.world.factors.begin("ann");
  const now = () => codeAt(secret, stepAt(rig.clock.now()));
  const [recovery] = (await rig.world.factors.confirm("ann", now()))!;
  const with_ = (code?: string) =>
    rig.patiently("/api/v1/login", login("ann", rightPassword, code === undefined ? {} : { code }));
  const asked = await with_();
  assert.deepEqual([asked.status, asked.body.type], [401, "/problems/second-factor"]);
  assert.equal((await with_(now())).status, 401, "the code that switched it on is used up");
  await rig.clock.advance(30_000);
  const code = now();
  assert.equal((await with_(code)).status, 200);
  assert.equal((await with_(code)).status, 401, "each code counts once");
  assert.equal((await with_(recovery.toLowerCase().replaceAll("-", " "))).body.recoveryCodeUsed, true);
  assert.equal((await with_(recovery)).status, 401, "each recovery code counts once");
  // The right password in between forgives no guess at the code.
  await rig.clock.advance(limits.loginWindowMs);
  for (let count = 0; count < limits.loginFailuresPerPairMax; count++) {
    assert.equal((await with_()).status, 401);
    assert.equal((await with_("000000")).status, 401);
  }
  assert.equal((await with_(now())).status, 429);
});

Deno.test("attack: second factor: a file that is damaged lets nobody in by a password", async () => {
  await using rig = await WebRig.open({ users: everybody() });
  await Deno.writeTextFile(`${rig.folder}/state/second-factors.json`, "{damaged");
  await assert.rejects(rig.ask("/api/v1/login", login("ann", rightPassword)), /Cannot use \S+second-factors\.json/);
  assert.deepEqual(rig.world.sessions.list(), []);
});

const tricks = [
  "/api/v1/../v1/users",
  "/api/v1/%2e%2e/v1/users",
  "//api/v1/users",
  "/api//v1/users",
  "/API/v1/users",
  "/api/v1/users/",
  "/api/v1/users;x=1",
  "/api/v1/users%00",
  "/api/v1/login/../users",
  "/api/v1/openapi.json/../users",
  "/api/v1/setup/..%2fusers",
  "/api/v1/login/%2e%2e/users",
  "/api/v1/users?_method=GET&/login",
  "/assets/..%2f..%2fconfig.yaml",
  "/assets/../api/v1/users",
  "/assets/%2e%2e%2fstyle.css",
  "/assets/constructor",
];

Deno.test("attack: path tricks show nobody anything without a login", async () => {
  await using rig = await WebRig.open({ users: everybody() });
  for (const path of tricks) {
    await rig.clock.advance(200);
    const { status, body } = await rig.ask(path);
    assert.ok([401, 404].includes(status), `${path}: ${status}`);
    assert.doesNotMatch(JSON.stringify(body), /administrator|version: 1/);
  }
});

Deno.test("attack: a role does what it may and nothing above", async () => {
  const ran: string[] = [];
  const commands = new Commands();
  for (const name of ["queue delete", "suspend"]) commands.add({ name, run: () => void ran.push(name) });
  await using rig = await WebRig.open({ users: everybody(), commands });
  const sessions = { reader: await rig.loggedIn("reader"), oper: await rig.loggedIn("oper") };
  const forbidden: [keyof typeof sessions, string, string, unknown?][] = [
    ["reader", "DELETE", "/api/v1/queue/1"],
    ["reader", "POST", "/api/v1/suspend", {}],
    ["reader", "POST", "/api/v1/tlsverify", { domain: "example.test" }],
    ["reader", "GET", "/api/v1/users"],
    ["reader", "GET", "/api/v1/audit"],
    ["reader", "GET", "/api/v1/tokens"],
    ["oper", "GET", "/api/v1/users"],
    ["oper", "POST", "/api/v1/users", { name: "eve", role: "administrator", password: "a good long word" }],
    ["oper", "PATCH", "/api/v1/users/oper", { role: "administrator" }],
    ["oper", "POST", "/api/v1/tokens", { name: "x", role: "administrator", days: 1 }],
    ["oper", "PATCH", "/api/v1/config/candidate", { changes: [{ path: ["hostname"], value: "x" }] }],
    ["oper", "POST", "/api/v1/config/commit", {}],
    ["oper", "POST", "/api/v1/certificates/demo/export", { password: "x" }],
    ["reader", "POST", "/api/v1/backup", { password: "x" }],
  ];
  for (const [who, method, path, body] of forbidden) {
    const { status } = await rig.ask(path, { method, headers: sessions[who], body });
    assert.equal(status, 403, `${who} ${method} ${path}`);
  }
  assert.deepEqual(ran, []);
  const handle = rig.world.sessions.list().find(({ user }) => user === "oper")!.handle;
  const end = await rig.ask(`/api/v1/sessions/${handle}`, { method: "DELETE", headers: sessions.reader });
  assert.equal(end.status, 404);
});

Deno.test("attack: nobody writes files outside storage over the API, an administrator neither", async () => {
  const ran: string[] = [];
  const commands = new Commands();
  commands.add({ name: "loadconfig", run: () => ran.push("loadconfig") && {} });
  await using rig = await WebRig.open({ users: everybody(), commands });
  const headers = await rig.loggedIn("ann");
  const load = (more: Record<string, true>) => {
    const body = { archive: "eA==", password: "x", restore: true, ...more };
    return rig.ask("/api/v1/backup/restore", { method: "POST", headers, body });
  };
  assert.equal((await load({ outside: true })).status, 422);
  assert.deepEqual(ran, []);
  assert.equal((await load({})).status, 200);
  assert.deepEqual(ran, ["loadconfig"]);
});

Deno.test("attack: a token has no more than its owner's role, ends with him and in its time, and makes no other", async () => {
  await using rig = await WebRig.open({ users: everybody() });
  const ann = await rig.loggedIn("ann");
  const make = async (days: number) =>
    (await rig.ask("/api/v1/tokens", {
      method: "POST",
      headers: ann,
      body: { name: "t", role: "administrator", days },
    })).body;
  const { secret } = await make(1);
  const bearer = { Authorization: `Bearer ${secret}` };
  const role = async () => (await rig.ask("/api/v1/session", { headers: bearer })).body.role;
  assert.equal(await role(), "administrator");
  const more = await rig.ask("/api/v1/tokens", {
    method: "POST",
    headers: bearer,
    body: { name: "u", role: "operator", days: 9 },
  });
  assert.equal(more.status, 403);
  const own = { method: "PUT", headers: bearer, body: { password: rightPassword, new: "a quite new phrase" } };
  assert.equal((await rig.ask("/api/v1/account/password", own)).status, 403);
  await rig.world.users.update("oper", { role: "administrator" }, "ann");
  await rig.world.users.update("ann", { role: "operator" }, "oper");
  assert.equal(await role(), "operator");
  await rig.clock.advance(86_400_000);
  assert.equal(await role(), undefined);
  for (
    const wrong of [`${secret}x`, secret.slice(0, -1), secret.replace(/.$/, "~"), "postern_", "x".repeat(10_000), ""]
  ) {
    await rig.clock.advance(1_000);
    const { status } = await rig.ask("/api/v1/session", { headers: { Authorization: `Bearer ${wrong}` } });
    assert.equal(status, 401, wrong.slice(0, 80));
  }
  const kept = await Deno.readTextFile(`${rig.folder}/state/api-tokens.json`);
  assert.ok(!kept.includes(secret.split("_")[2]));
  assert.equal((await Deno.stat(`${rig.folder}/state/api-tokens.json`)).mode! & 0o777, 0o600);
});

Deno.test("bad input: a form that is none gets 400, with a login and without", async () => {
  await using rig = await WebRig.open({ users: everybody() });
  const headers = await rig.loggedIn("ann");
  const half = '--x\r\nContent-Disposition: form-data; name="user"\r\n\r\nann\r\n--x--\r\n';
  // Without a boundary.
  const none = { "Content-Type": "multipart/form-data" };
  for (const path of ["/login", "/setup", "/language", "/account/password"]) {
    const known = path === "/account/password" ? headers : {};
    const answer = await rig.ask(path, { method: "POST", headers: { ...known, ...none }, body: half });
    assert.equal(answer.status, 400, path);
  }
  const long = `--x\r\nContent-Disposition: form-data; name="user"\r\n\r\n${
    "a".repeat(limits.apiBodyOctetsMax)
  }\r\n--x--\r\n`;
  const type = { "Content-Type": "multipart/form-data; boundary=x" };
  assert.equal((await rig.ask("/login", { method: "POST", headers: type, body: long })).status, 413);
});

Deno.test("bad input: what is wrong with a field is told in the words of `postern check`", async () => {
  await using rig = await WebRig.open({ users: everybody() });
  const headers = await rig.loggedIn("ann");
  const told = async (path: string, body: unknown) => {
    const answer = await rig.ask(path, { method: "POST", headers, body });
    assert.equal(answer.status, 422);
    return Object.fromEntries(
      answer.body.errors.map(({ path, detail }: { path: string; detail: string }) => [path, detail]),
    );
  };
  assert.deepEqual(await told("/api/v1/tokens", { name: 7, role: "root", days: 1.5, x: 1 }), {
    name: "is a number; a text",
    role: "is missing or unknown; one of read-only, operator, administrator",
    days: "is a number; a whole number",
    x: "is unknown",
  });
  assert.deepEqual(await told("/api/v1/tokens", { name: "x".repeat(101), role: ["operator"], days: 0 }), {
    name: "is too long; at most 100 characters",
    role: "is missing or unknown; one of read-only, operator, administrator",
    days: "is too small; at least 1",
  });
  assert.deepEqual(await told("/api/v1/tokens", {}), {
    name: "is missing; a text",
    role: "is missing or unknown; one of read-only, operator, administrator",
    days: "is missing; a number",
  });
  assert.deepEqual(await told("/api/v1/tokens", []), { "": "is a list; an object" });
});

Deno.test("withField: what a command says of an option is told by the field that it came in", () => {
  const sent = {
    params: { name: "mx" },
    query: undefined,
    body: { names: ["-"], domains: ["-"], filter: { sender: "x" } },
  };
  const pathOf = (detail: string, status: 404 | 409 | 422 = 422) =>
    (withField(new Problem(status, { detail }), sent) as Problem).words.errors?.map(({ path }) => path);
  assert.deepEqual(pathOf("Cannot use --san -: it is no host name"), ["names"]);
  assert.deepEqual(pathOf("Cannot use --domain -: it is no domain", 404), ["domains"]);
  assert.deepEqual(pathOf("Cannot use --sender x: it is no address"), ["filter.sender"]);
  assert.deepEqual(pathOf("Cannot go on: it is no name; --name mx1"), ["name"]);
  assert.equal(pathOf("Cannot use --common-name x: it is empty"), undefined);
  assert.equal(pathOf("Cannot use --constructor x: it is empty"), undefined);
  assert.equal(pathOf("Cannot use --name x: it is there", 409), undefined);
  assert.equal(pathOf("Cannot go on: it is late\nWarning: --name"), undefined);
  const thrown = new Error("--name");
  assert.equal(withField(thrown, sent), thrown);
});

const bad: [name: string, method: string, path: string, body: unknown, status: number, at?: string][] = [
  ["an unknown field", "POST", "/api/v1/users", { name: "x", role: "operator", admin: true }, 422, "admin"],
  [
    "an unknown field in a field",
    "POST",
    "/api/v1/queue/actions",
    { action: "hold", filter: { who: "x" } },
    422,
    "filter.who",
  ],
  ["a filter that says nothing", "POST", "/api/v1/queue/actions", { action: "delete", filter: {} }, 422, "filter"],
  ["a host that is none", "POST", "/api/v1/queue/7/redirect", { to: "a b" }, 422, "to"],
  ["a host with a line end", "POST", "/api/v1/queue/7/redirect", { to: "a\r\nb:25" }, 422, "to"],
  ["an unknown word in the query", "GET", "/api/v1/queue?everything=1", undefined, 422, "everything"],
  ["a word twice in the query", "GET", "/api/v1/queue?limit=1&limit=2", undefined, 422, "limit"],
  ["a list for a text", "POST", "/api/v1/login", { user: ["ann"], password: "x" }, 422, "user"],
  ["a number for a text", "POST", "/api/v1/login", { user: 1, password: "x" }, 422, "user"],
  ["an object for a text", "POST", "/api/v1/login", { user: "ann", password: { $ne: "" } }, 422, "password"],
  ["nothing", "POST", "/api/v1/users", {}, 422, "name"],
  ["a list for the whole", "POST", "/api/v1/users", [], 422, ""],
  ["no JSON", "POST", "/api/v1/users", "{", 400],
  ["a MID that is none", "GET", "/api/v1/queue/1e9", undefined, 422, "mid"],
  ["a name with a path in it", "DELETE", "/api/v1/users/..%2F..%2Fx", undefined, 422, "name"],
  ["a domain with a NUL", "GET", "/api/v1/destinations/a%00b", undefined, 422, "domain"],
  ["a domain with a line end", "GET", "/api/v1/destinations/a%0Ab", undefined, 422, "domain"],
  ["a prototype's name", "GET", "/api/v1/users/constructor", undefined, 404],
];

for (const [name, method, path, body, status, at] of bad) {
  Deno.test(`bad input: ${name} is refused with the field, and changes nothing`, async () => {
    await using rig = await WebRig.open({ users: everybody() });
    const before = await Deno.readTextFile(`${rig.folder}/config.yaml`);
    const json: Record<string, string> = typeof body === "string" ? { "Content-Type": "application/json" } : {};
    const headers = path === "/api/v1/login" ? json : { ...await rig.loggedIn("ann"), ...json };
    const answer = await rig.ask(path, { method, headers, body });
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    assert.equal(answer.headers.get("Content-Type"), "application/problem+json");
    assert.deepEqual([answer.body.status, typeof answer.body.title], [status, "string"]);
    if (at !== undefined) {
      assert.deepEqual(answer.body.errors.map(({ path }: { path: string }) => path).includes(at), true);
    }
    assert.equal(await Deno.readTextFile(`${rig.folder}/config.yaml`), before);
  });
}

Deno.test("bad input: bodies beyond the bound get 413, other kinds 415, other methods 405, other paths 404", async () => {
  await using rig = await WebRig.open({ users: everybody() });
  const headers = await rig.loggedIn("ann");
  const large = JSON.stringify({ user: "ann", password: "x".repeat(limits.apiBodyOctetsMax) });
  const json = { "Content-Type": "application/json" };
  assert.equal((await rig.ask("/api/v1/login", { method: "POST", headers: json, body: large })).status, 413);
  assert.equal((await rig.ask("/login", { method: "POST", headers: json, body: large })).status, 413);
  const xml = { ...headers, "Content-Type": "application/xml" };
  assert.equal((await rig.ask("/api/v1/users", { method: "POST", headers: xml, body: "<a/>" })).status, 415);
  const put = await rig.ask("/api/v1/users", { method: "PUT", headers, body: {} });
  assert.deepEqual([put.status, put.headers.get("Allow")], [405, "GET, HEAD, POST"]);
  const options = await rig.ask("/api/v1/users", { method: "OPTIONS", headers });
  assert.deepEqual([options.status, options.headers.get("Allow")], [204, "GET, HEAD, POST"]);
  const head = await rig.ask("/api/v1/users", { method: "HEAD", headers });
  assert.deepEqual([head.status, head.body], [200, ""]);
  for (const path of ["/api/v1/nothing", "/api/v2/users", "/nothing"]) {
    const { status, body } = await rig.ask(path, { headers });
    assert.deepEqual([status, body.status], [404, 404], path);
  }
});

Deno.test("attack: too many requests get 429 and a time, by address without a login and by session with one", async () => {
  await using rig = await WebRig.open({ users: everybody() });
  const headers = await rig.loggedIn("ann");
  const burst = limits.anonymousRequestsPerSecondMax * limits.requestBurstSeconds;
  const statuses: number[] = [];
  for (let count = 0; count < burst + 10; count++) statuses.push((await rig.ask("/healthz")).status);
  assert.equal(statuses.at(-1), 429);
  assert.ok(Number((await rig.ask("/healthz")).headers.get("Retry-After")) >= 1);
  assert.equal((await rig.ask("/healthz", { address: "192.0.2.77" })).status === 429, false);
  assert.equal((await rig.ask("/api/v1/session", { headers })).status, 200);
  await rig.clock.advance(1_000);
  assert.notEqual((await rig.ask("/healthz")).status, 429);
});

Deno.test("attack: a name with HTML and line ends in it is text on the page and one line in the audit log", async () => {
  await using rig = await WebRig.open({ users: everybody() });
  const user = '"><script>alert(1)</script>\n{"action":"login","ok":true}';
  const form = {
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded", Accept: "text/html" },
    body: `${new URLSearchParams({ user, password: "a guess at a word" })}`,
  };
  const { status, body } = await rig.patiently("/login", form);
  assert.equal(status, 401);
  assert.doesNotMatch(body, /<script>alert/);
  const lines = rig.audited();
  assert.equal(lines.length, 1);
  assert.equal(lines[0].ok, false);
});

Deno.test("login by certificate is by a name of a user, his own key first, and by no other", async () => {
  const users = [...everybody(), { ...userOf("carl", "operator"), certificate: "carl@example.test" }];
  await using rig = await WebRig.open({ users });
  const by = async (...certificate: string[]) => {
    const { status, body } = await rig.ask("/api/v1/login/certificate", { method: "POST", certificate });
    return status === 200 ? `${body.user} ${body.via}` : status;
  };
  assert.equal(await by("gw.example.test", "ann"), "ann certificate");
  assert.equal(await by("carl@example.test"), "carl certificate");
  assert.equal(await by("carl"), 401, "who has a certificate of his own has no other");
  assert.equal(await by("nobody"), 401);
  assert.equal((await rig.ask("/api/v1/login/certificate", { method: "POST" })).status, 401);
});

Deno.test("attack: the cookie of a login by certificate is worth nothing on a connection without that certificate", async () => {
  await using rig = await WebRig.open({ users: everybody() });
  const login = await rig.ask("/api/v1/login/certificate", { method: "POST", certificate: ["ann"] });
  const headers = { Cookie: cookieOf(login.headers) };
  const as = async (certificate?: readonly string[]) =>
    (await rig.ask("/api/v1/session", { headers, certificate })).status;
  assert.equal(await as(["ann"]), 200);
  // Stolen; another's certificate; one that was revoked since, which is as none.
  assert.equal(await as(), 401);
  assert.equal(await as(["oper"]), 401);
  assert.equal(await as(["ann"]), 200);
});

Deno.test("attack: a user who is disabled is out by every way at once, and the only administrator cannot be", async () => {
  await using rig = await WebRig.open({ users: everybody() });
  const ann = await rig.loggedIn("ann");
  const oper = await rig.loggedIn("oper");
  const { secret } = (await rig.world.tokens.make({ name: "t", role: "operator", user: "oper", life: 9e9 }))!;
  const bearer = { Authorization: `Bearer ${secret}` };
  const change = (user: string, disabled: boolean) =>
    rig.ask(`/api/v1/users/${user}`, { method: "PATCH", headers: ann, body: { disabled } });
  const ways = async () => {
    await rig.clock.advance(1_000);
    const answers = [
      await rig.ask("/api/v1/session", { headers: oper }),
      await rig.ask("/api/v1/session", { headers: bearer }),
      await rig.ask("/api/v1/login/certificate", { method: "POST", certificate: ["oper"] }),
      await rig.patiently("/api/v1/login", { method: "POST", body: { user: "oper", password: rightPassword } }),
    ];
    return answers.map(({ status }) => status);
  };
  assert.deepEqual(await ways(), [200, 200, 200, 200]);
  assert.equal((await change("oper", true)).body.disabled, true);
  assert.deepEqual(await ways(), [401, 401, 401, 401]);
  assert.match((await rig.world.staging.source()).text, /"disabled": true/);
  assert.equal((await change("oper", false)).body.disabled, false);
  assert.deepEqual(await ways(), [401, 200, 200, 200]);
  assert.equal((await change("ann", true)).status, 409);
});
