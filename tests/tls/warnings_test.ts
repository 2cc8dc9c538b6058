import assert from "node:assert/strict";
import type { Method } from "../../src/tls/method.ts";
import { methods } from "../../src/tls/method.ts";
import { profileWarnings } from "../../src/tls/warnings.ts";
import { engine } from "../support/tls_world.ts";

const ec = { name: "mx", key: "EC P-256" };
const rsa = { name: "old", key: "RSA 2048" };
const ed = { name: "new", key: "ED25519" };

Deno.test("profileWarnings names methods without a cipher, and keys that no cipher can use", () => {
  const cases: [enabled: readonly Method[], ciphers: string, keys: typeof ec[], warnings: RegExp[]][] = [
    [methods, "ALL:!aNULL:!eNULL", [ec, rsa, ed], []],
    [["TLSv1.2", "TLSv1.3"], "HIGH", [ec], []],
    // The appliance's default string: SSLv3 is what OpenSSL calls the suites that serve TLS 1.0 and 1.1.
    [methods, "ALL:!aNULL:!SSLv3:!TLSv1", [rsa], [
      /^TLSv1\.0 is enabled, but no selected cipher can serve it$/,
      /^TLSv1\.1 is enabled, but no selected cipher can serve it$/,
    ]],
    [["TLSv1.0", "TLSv1.1", "TLSv1.2"], "ALL:@SECLEVEL=1", [rsa], [
      /^TLSv1\.0 is enabled, but @SECLEVEL=1 in the ciphers forbids it$/,
      /^TLSv1\.1 is enabled, but @SECLEVEL=1/,
    ]],
    [["TLSv1.0", "TLSv1.1"], "ALL:@SECLEVEL=2:@SECLEVEL=0", [rsa], []],
    [["TLSv1.2"], "HIGH:!aNULL:!ECDSA", [ec], [
      /^the certificate mx \(EC P-256\) is never used: no selected cipher can use its key$/,
    ]],
    [["TLSv1.2", "TLSv1.3"], "HIGH:!aNULL:!ECDSA", [ec], [/^the certificate mx \(EC P-256\) serves TLSv1\.3 only/]],
    [["TLSv1.2"], "ECDHE+ECDSA", [ec, rsa], [/^the certificate old \(RSA 2048\) is never used/]],
    [["TLSv1.0", "TLSv1.1"], "ALL", [ec, ed], [/^the certificate new \(ED25519\) is never used/]],
    [["TLSv1.2"], "ECDHE+ECDSA", [ed], []],
    [["TLSv1.3"], "ECDHE+aRSA", [ec], []],
  ];
  for (const [enabled, ciphers, keys, expected] of cases) {
    const warnings = profileWarnings(engine, { methods: enabled, ciphers }, keys);
    assert.equal(warnings.length, expected.length, `${enabled} ${ciphers}: ${warnings}`);
    for (const [index, pattern] of expected.entries()) assert.match(warnings[index], pattern);
  }
});
