/** Secrets stay where they are; what a browser gets has a word instead. */
import assert from "node:assert/strict";
import {
  maskedDifference,
  maskPlain,
  maskSource,
  maskWord,
  unmaskChanges,
  unmaskStray,
} from "../../src/config/mask.ts";
import { textTasks } from "../../src/config/text_work.ts";

Deno.test("maskSource: hashes are gone in every style, all else is as it was", () => {
  const hash = "scrypt$16384$8$5$c2FsdHNhbHQ=$aGFzaGhhc2g=";
  const source = [
    "# head",
    "admin:",
    "  users:",
    `    ada: { role: administrator, password_hash: ${hash} }   # boss`,
    `    bob:`,
    `      password_hash: "${hash}"   # quoted`,
    `    cyd: { password_hash: &h '${hash}' }`,
    "    dan: { password_hash: *h }",
    "    eve:",
    "      password_hash: |-",
    `        ${hash}`,
    "      role: operator",
    "services: { ldap: { x: { password_file: /etc/secret } } }",
    "",
  ].join("\n");
  const masked = maskSource(source);
  assert.ok(!masked.includes("scrypt$"), masked);
  assert.match(masked, /^# head$/m);
  assert.match(masked, /password_hash: "\(secret\)" \} {3}# boss/);
  assert.match(masked, /password_file: \/etc\/secret/);
  assert.match(masked, /role: operator/);
});

Deno.test("maskSource: hashes in comments and under other keys are gone too, and come back where they were", () => {
  const hash = (salt: string) => `scrypt$16384$8$5$${salt}HNhbHQ=$aGFzaGhhc2hhc2hhc2g+/=`;
  const source = [
    "admin:",
    "  users:",
    `    ada: { role: administrator, password_hash: ${hash("a")} }   # was ${hash("b")}`,
    `    # carl: { role: operator, password_hash: ${hash("c")} }`,
    `    # cut off: ${hash("d").slice(0, 25)}`,
    `    dora: { role: operator, pasword_hash: "${hash("e")}" }`,
    "",
  ].join("\n");
  const masked = maskSource(source);
  assert.ok(!masked.includes("scrypt$"), masked);
  assert.equal(new Set(masked.match(/\(secret [0-9a-f]{16}\)/g)).size, 4);
  assert.equal(unmaskStray(masked, source).replace(`"${maskWord}"`, hash("a")), source);
  assert.equal(textTasks.adopt({ text: source, source: masked }).replaceAll('"', ""), source.replaceAll('"', ""));
  const told = maskedDifference(source, source.replace(hash("c"), hash("f")));
  assert.match(told, /^- {4}# carl: .*\n\+ {4}# carl: /m);
  assert.ok(!told.includes("scrypt$"), told);
  const plain = maskPlain({ dora: { pasword_hash: hash("e") }, list: [`x ${hash("f")}`] });
  assert.ok(!JSON.stringify(plain).includes("scrypt$"));
});

Deno.test("maskSource: text that is no YAML is not shown", () => {
  assert.equal(maskSource("password_hash: [scrypt$1\n"), "");
});

Deno.test("maskPlain: what is below is masked too", () => {
  const value = { users: { ada: { role: "operator", password_hash: "scrypt$1" } }, list: [{ token: "x" }] };
  assert.deepEqual(maskPlain(value), {
    users: { ada: { role: "operator", password_hash: maskWord } },
    list: [{ token: maskWord }],
  });
});

Deno.test("unmaskChanges: the word stands for the secret that is there, however deep, and for no other", () => {
  const now = { admin: { users: { ada: { role: "operator", password_hash: "scrypt$1" } } } };
  assert.deepEqual(
    unmaskChanges(
      [{ path: ["admin"], value: { users: { ada: { role: "read-only", password_hash: maskWord } } } }],
      now,
    ),
    [{ path: ["admin"], value: { users: { ada: { role: "read-only", password_hash: "scrypt$1" } } } }],
  );
  const path = ["admin", "users", "eve", "password_hash"];
  assert.throws(() => unmaskChanges([{ path, value: maskWord }], now), /there is no secret yet/);
});

Deno.test("maskedDifference: tells that a password changed, and not what it was", () => {
  const before = "admin:\n  users:\n    ada: { password_hash: scrypt$1 }\n    bob: { password_hash: scrypt$2 }\n";
  const after = before.replace("scrypt$2", "scrypt$3");
  const told = maskedDifference(before, after);
  assert.match(
    told,
    /^- {4}bob: \{ password_hash: "\(secret\)" \}\n\+ {4}bob: \{ password_hash: "\(new secret\)" \}$/m,
  );
  assert.ok(!told.includes("scrypt$"));
});
