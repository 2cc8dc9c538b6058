/**
 * Codes by time: the RFCs' own vectors, and which codes count.
 *
 * @module
 */
import assert from "node:assert/strict";
import { octets } from "../../src/base/octets.ts";
import { base32, codeAt, matchingStep, stepAt, totpUri } from "../../src/admin/totp.ts";

const secret = octets("12345678901234567890");

// RFC 4226 Appendix D.
const counters = "755224 287082 359152 969429 338314 254676 287922 162583 399871 520489".split(" ");

Deno.test("codeAt gives the codes of RFC 4226", () => {
  assert.deepEqual(counters.map((_, step) => codeAt(secret, step)), counters);
});

// RFC 6238 Appendix B, the last six of eight digits.
const times: [seconds: number, code: string][] = [
  [59, "287082"],
  [1_111_111_109, "081804"],
  [1_111_111_111, "050471"],
  [1_234_567_890, "005924"],
  [2_000_000_000, "279037"],
  [20_000_000_000, "353130"],
];

Deno.test("codeAt gives the codes of RFC 6238", () => {
  for (const [seconds, code] of times) assert.equal(codeAt(secret, stepAt(seconds * 1000)), code);
});

Deno.test("matchingStep takes one step before and after, each once, and nothing else", () => {
  const now = 10 * 30_000;
  const step = (at: number, last = -1) => matchingStep(codeAt(secret, at), { secret, now, last });
  assert.deepEqual([8, 9, 10, 11, 12].map((at) => step(at)), [undefined, 9, 10, 11, undefined]);
  assert.deepEqual([9, 10, 11].map((at) => step(at, 10)), [undefined, undefined, 11]);
  for (const typed of ["", "12345", "1234567", "abcdef", "１２３４５６", "0x1234"]) {
    assert.equal(matchingStep(typed, { secret, now, last: -1 }), undefined);
  }
  assert.equal(matchingStep(codeAt(secret, 10).replace(/(...)/, "$1 "), { secret, now, last: -1 }), 10);
});

// RFC 4648 §10, without padding.
const words: [string, string][] = [["", ""], ["f", "MY"], ["fo", "MZXQ"], ["foo", "MZXW6"], ["foob", "MZXW6YQ"], [
  "fooba",
  "MZXW6YTB",
], ["foobar", "MZXW6YTBOI"]];

Deno.test("base32 writes what RFC 4648 writes", () => {
  for (const [text, coded] of words) assert.equal(base32(octets(text)), coded);
});

Deno.test("totpUri is read by apps whatever stands in the names", () => {
  const uri = new URL(totpUri(secret, { issuer: "Postern gw:1", account: "ann&co" }));
  assert.equal(uri.pathname, "/Postern%20gw%3A1:ann%26co");
  assert.equal(uri.searchParams.get("issuer"), "Postern gw:1");
  assert.equal(uri.searchParams.get("secret"), base32(secret));
});
