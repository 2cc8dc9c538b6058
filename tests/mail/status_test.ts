import assert from "node:assert/strict";
import { enhancedOf, lastWords, meaningOf } from "../../src/mail/status.ts";

Deno.test("meaningOf: the detail, else its subject, else nothing defined", () => {
  const table: [string, string][] = [
    ["5.1.0", "Unknown address error"],
    ["4.4.0", "Other network problem"],
    ["5.1.99", "Unknown address error"],
    ["4.7.5", "Cryptographic failure"],
    ["5.9.9", "Other undefined status"],
  ];
  for (const [code, meaning] of table) assert.equal(meaningOf(code), meaning, code);
});

Deno.test("enhancedOf takes the peer's code, else what the basic code stands for", () => {
  assert.equal(enhancedOf({ code: 550, enhanced: "5.7.1", lines: ["no"] }), "5.7.1");
  assert.equal(enhancedOf({ code: 550, lines: ["no"] }), "5.1.0");
  assert.equal(enhancedOf({ code: 451, lines: ["no"] }), "4.3.0");
  assert.equal(enhancedOf({ code: 599, lines: ["no"] }), "5.0.0");
});

Deno.test("lastWords: the reply, else our failure, else the class alone", () => {
  const reply = { code: 450, lines: ["a", "b"] };
  assert.deepEqual(lastWords({ kind: "deferred", rid: 0, reply }), { enhanced: "4.2.0", code: 450, lines: ["a", "b"] });
  const failure = { reason: "timeout", enhanced: "4.4.1", text: "Connection timed out" };
  assert.deepEqual(lastWords({ kind: "deferred", rid: 0, failure }), {
    enhanced: "4.4.1",
    code: 0,
    lines: ["Connection timed out"],
    reason: "timeout",
  });
  assert.deepEqual(lastWords({ kind: "refused", rid: 0 }), { enhanced: "5.0.0", code: 0, lines: [] });
});

Deno.test("lastWords: a reply that was out of place is a fault of the protocol, whatever its class", () => {
  for (const code of [220, 250, 334, 354]) {
    const reply = { code, enhanced: code === 250 ? "2.0.0" : undefined, lines: ["what?"] };
    assert.equal(lastWords({ kind: "deferred", rid: 0, reply }).enhanced, "4.5.0");
    assert.equal(lastWords({ kind: "refused", rid: 0, reply }).enhanced, "5.5.0");
  }
  const reply = { code: 250, enhanced: "2.6.0", lines: ["queued"] };
  assert.equal(lastWords({ kind: "delivered", rid: 0, reply, relayedWithoutDsn: false }).enhanced, "2.6.0");
});
