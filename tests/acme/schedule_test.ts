/** When a certificate is ordered: tables. */
import assert from "node:assert/strict";
import { dueOf, isCritical, type Leaf, pauseAfter, renewalOf, type ScheduleFacts } from "../../src/acme/schedule.ts";
import { problemText, retryAfterOf } from "../../src/acme/problem.ts";
import type { AcmeConfig } from "../../src/config/config.ts";

const day = 86_400_000;
const minute = 60_000;
const now = Date.UTC(2026, 10, 22);

const acme: AcmeConfig = {
  directory: "https://ca.example.test/dir",
  names: ["mx.example.test"],
  challenge: "http-01",
  http_address: { address: "0.0.0.0", port: 80 },
  tls_address: null,
  key: "ec:p256",
  keep_key: false,
};
const leaf: Leaf = {
  notBefore: now - 10 * day,
  notAfter: now + 80 * day,
  names: ["mx.example.test"],
  key: "EC P-256",
};
const renewal = { at: now + 49 * day, notAfter: leaf.notAfter, names: acme.names };

const cases: [what: string, facts: Partial<ScheduleFacts>, days: number, why: RegExp][] = [
  ["nothing was issued yet", { leaf: undefined }, 0, /there is none yet/],
  [
    "nothing was issued, and an attempt failed",
    { leaf: undefined, state: { failures: 1, retryAt: now + day } },
    1,
    /none yet/,
  ],
  ["two thirds of life", { state: { failures: 0 } }, 50, /two thirds/],
  ["the time that was drawn at the issue", { state: { failures: 0, renewal } }, 49, /two thirds/],
  [
    "a time that was drawn for another one",
    { state: { failures: 0, renewal: { ...renewal, notAfter: 1 } } },
    50,
    /two thirds/,
  ],
  ["a name more", { acme: { ...acme, names: [...acme.names, "b.test"] } }, 0, /lacks b\.test/],
  [
    "a name less",
    {
      acme: { ...acme, names: ["b.test"] },
      leaf: { ...leaf, names: ["b.test", "mx.example.test"] },
      state: { failures: 0, renewal },
    },
    0,
    /is also for mx\.example\.test/,
  ],
  [
    "a name that the authority added",
    { leaf: { ...leaf, names: ["mx.example.test", "www.mx.example.test"] }, state: { failures: 0, renewal } },
    49,
    /two thirds/,
  ],
  ["another kind of key", { acme: { ...acme, key: "rsa:3072" } }, 0, /has a key EC P-256/],
  [
    "it has expired, while pausing",
    { leaf: { ...leaf, notAfter: now - 1 }, state: { failures: 9, retryAt: now + 0.5 * day } },
    0.5,
    /two thirds/,
  ],
];

for (const [what, facts, days, why] of cases) {
  Deno.test(`dueOf: ${what}`, () => {
    const due = dueOf({ acme, leaf, now, state: { failures: 0 }, ...facts });
    assert.match(due.why, why);
    // What has passed means now.
    assert.equal(Math.max(due.at - now, 0) / day, days);
  });
}

Deno.test("renewalOf: two thirds of life, up to a thirtieth earlier", () => {
  const life = { notBefore: now, notAfter: now + 90 * day };
  assert.equal(renewalOf(life, 0), now + 60 * day);
  assert.equal(renewalOf(life, 1), now + 57 * day);
  assert.equal(renewalOf({ notBefore: now, notAfter: now + 60 * minute }, 0), now + 40 * minute);
});

Deno.test("pauseAfter: grows to a day, heeds what the authority asks for, and never hurries a rate limit", () => {
  const minutes = (failures: number, facts = {}) =>
    pauseAfter(failures, { limited: false, chance: 0, ...facts }) / minute;
  assert.deepEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 1000].map((failures) => minutes(failures)), [
    ...[1, 5, 15, 60, 180, 360, 720, 1440, 1440, 1440],
  ]);
  assert.equal(minutes(1, { asked: 90 * minute }), 90);
  assert.equal(minutes(1, { asked: 365 * day }), 7 * 24 * 60, "bounded");
  assert.equal(minutes(1, { limited: true }), 60);
  assert.equal(minutes(2, { chance: 1 }), 5.5);
});

Deno.test("isCritical: nothing issued after three failures, or half of the last third gone", () => {
  assert.equal(isCritical(undefined, { failures: 2, now }), false);
  assert.equal(isCritical(undefined, { failures: 3, now }), true);
  assert.equal(isCritical(leaf, { failures: 99, now: now + 64 * day }), false);
  assert.equal(isCritical(leaf, { failures: 1, now: now + 65 * day }), true);
});

Deno.test("problemText: type and detail with their subproblems, escaped and bounded", () => {
  const problem = {
    type: "urn:ietf:params:acme:error:rejectedIdentifier",
    detail: "no\r\nInfo: forged \u202e",
    subproblems: [{ type: "urn:x", detail: "bad", identifier: { type: "dns", value: "a.test\n" } }, null],
  };
  assert.deepEqual(problemText(problem), {
    type: "rejectedIdentifier",
    text: "rejectedIdentifier: no\\r\\nInfo: forged \\u202e; a.test\\n: urn:x: bad; ?: no type: no detail",
  });
  assert.ok(
    problemText({ detail: "x".repeat(1e6), subproblems: Array(1000).fill({ detail: "y".repeat(1e5) }) }).text.length <
      7000,
  );
  for (const odd of [undefined, null, 1, "x", [], { type: 1, detail: {} }]) {
    assert.equal(problemText(odd).text, "no type: no detail");
  }
});

Deno.test("retryAfterOf: seconds, a date, nonsense", () => {
  assert.equal(retryAfterOf("120", now), 120_000);
  assert.equal(retryAfterOf("Sun, 22 Nov 2026 00:01:00 GMT", now), 60_000);
  assert.equal(retryAfterOf("Sun, 22 Nov 2020 00:01:00 GMT", now), 0);
  for (const odd of [null, "", "-1", "soon", "1e9999"]) assert.equal(retryAfterOf(odd, now), undefined);
});
