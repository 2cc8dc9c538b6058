/** Friendly names, beside their certificates and in PKCS#12. */
import assert from "node:assert/strict";
import { octets } from "../../src/base/octets.ts";
import { friendlyNameIn, friendlyNameOf, withFriendlyName } from "../../src/certs/friendly_name.ts";
import { readCertificates } from "../../src/certs/read.ts";
import { material } from "../fuzz/material.ts";
import { engine } from "./formats_rig.ts";

const { certificates: [{ pem }] } = readCertificates(material.certificate, { engine, what: "a" });

Deno.test("withFriendlyName is undone by friendlyNameIn, and the certificate is read as before", () => {
  for (const name of ["mx1", "Post Nr. 1 (ü, 密钥, 😀)", "C:\\mail", "friendlyName: x"]) {
    const named = withFriendlyName(pem, name);
    assert.equal(friendlyNameIn(named), name);
    assert.equal(readCertificates(octets(named), { engine, what: "a" }).certificates[0].pem, pem);
    assert.deepEqual(engine.certificate(material.certificate).commonNames, ["fuzz.test"]);
  }
  assert.equal(withFriendlyName(pem, undefined), pem);
  assert.equal(friendlyNameIn(pem), undefined);
});

Deno.test("friendlyNameOf leaves nothing that could end a line or begin a block of its own", () => {
  assert.equal(friendlyNameOf("a\r\nb\u2028c\u202ed\0\x1b[2J"), "abcd[2J");
  assert.equal(friendlyNameOf(" \n\t "), undefined);
  assert.equal(friendlyNameOf("x".repeat(1_000))?.length, 200);
  const hostile = "a\n-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----";
  assert.equal(friendlyNameOf(hostile), "aBEGIN PRIVATE KEYAAAAEND PRIVATE KEY");
  const named = withFriendlyName(pem, hostile);
  assert.equal(readCertificates(octets(named), { engine, what: "a" }).certificates.length, 1);
  assert.doesNotMatch(named, /^-----BEGIN PRIVATE/m);
});
