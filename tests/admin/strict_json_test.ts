/** Keys that stand twice. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { doubtIn } from "../../src/admin/strict_json.ts";
import { limits } from "../../src/base/limits.ts";
import { rightPassword, userOf, WebRig } from "./web_rig.ts";

const twice: [text: string, path: string][] = [
  ['{"a":1,"a":1}', "a"],
  ['{"a":{"b":[{},{"c":1,"d":"}","c":2}]}}', "a.b.1.c"],
  ['{"a":1,"b":{"a":1},"\\u0061":2}', "a"],
  ['[[1,2],{"x":[],"y":{},"x":null}]', "1.x"],
  ['{"__proto__":1,"__proto__":2}', "__proto__"],
  ['{"":0,"":0}', ""],
  ['{"a\\"":1,"b\\\\":2, "a\\"" :3}', 'a"'],
  ['{"line\\n":1,"line\\n":2}', "line\\n"],
];

for (const [text, path] of twice) {
  Deno.test(`doubtIn: ${text} has ${JSON.stringify(path)} twice`, () => {
    JSON.parse(text);
    assert.deepEqual(doubtIn(text), { path, detail: "stands there twice" });
  });
}

Deno.test("doubtIn: what JSON.stringify makes has no key twice, and with any key repeated it has", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(undefined, 2), (value, space) => {
      assert.equal(doubtIn(JSON.stringify(value, null, space)), undefined);
    }),
    { seed: 1 },
  );
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { minKeys: 1 }), (object) => {
      const [key] = Object.keys(object);
      const text = `${JSON.stringify(object).slice(0, -1)},${JSON.stringify(key)}:0}`;
      assert.equal(doubtIn(text)?.detail, "stands there twice", text);
    }),
    { seed: 2 },
  );
});

Deno.test("doubtIn: what is no JSON is left to the parser, and nothing is nested without end", () => {
  for (const text of ["", "{", '"', '{"a', '{"\\u":1,"\\u":1}', "]]]}}}", ',,,"a":', '{"a":1]', '\\"\\']) {
    assert.equal(doubtIn(text), undefined, text);
  }
  const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
  assert.equal(doubtIn(deep(limits.apiBodyDepthMax)), undefined);
  assert.match(doubtIn(deep(limits.apiBodyDepthMax + 1))!.detail, /is nested deeper than 64 levels/);
  // The longest bodies, of every kind that might be slow.
  const long = limits.apiBodyOctetsMax;
  for (const part of ['"', "\\", '\\"', "{", ",", '{"a":', "a"]) doubtIn(`{"a":"${part.repeat(long / part.length)}`);
});

Deno.test("attack: a body that says one thing twice is refused with its path, and read of nobody who may not ask", async () => {
  await using rig = await WebRig.open({ users: [userOf("ann", "administrator"), userOf("reader", "read-only")] });
  const post = (path: string, body: string, headers: Record<string, string> = {}) =>
    rig.ask(path, { method: "POST", body, headers: { "Content-Type": "application/json", ...headers } });
  const entering = await post(
    "/api/v1/login",
    `{"user":"reader","password":"x","user":"ann","password":"${rightPassword}"}`,
  );
  assert.deepEqual([entering.status, entering.body.errors], [422, [{ path: "user", detail: "stands there twice" }]]);
  const [ann, reader] = [await rig.loggedIn("ann"), await rig.loggedIn("reader")];
  const wish = '{"name":"eve","role":"read-only","password":"a good long word","role":"administrator"}';
  assert.equal((await post("/api/v1/users", wish, reader)).status, 403);
  const { status, body } = await post("/api/v1/users", wish, ann);
  assert.deepEqual([status, body.errors], [422, [{ path: "role", detail: "stands there twice" }]]);
  assert.equal(rig.world.accounts.find("eve"), undefined);
  assert.equal((await post("/api/v1/users", '{"name":', ann)).status, 400);
});
