/** What an archive carries over the network: certificates, keys and revocation lists, in plain PEM, and nothing that somebody else could read or run. */
import assert from "node:assert/strict";
import { octets, textOf } from "../../src/base/octets.ts";
import { isCertificatePath, isMore, materialOf } from "../../src/certs/backup_afar.ts";
import { readPem } from "../../src/certs/pem.ts";
import { makeAuthority, makeLeaf, makeRevocationList } from "../support/certs.ts";

const dir = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(dir, { recursive: true }));
const ca = await makeAuthority(dir);
const leaf = await makeLeaf({ ca, names: ["mx.example.test"] });
const list = await makeRevocationList(ca, { revoked: [leaf] });
const derOf = (pem: string) => {
  const read = readPem(octets(pem));
  assert.ok(read.kind === "blocks");
  return read.blocks[0].der;
};
const carried = (text: string) => {
  const material = materialOf(octets(text));
  return material && textOf(material);
};

Deno.test("materialOf: certificates, keys and revocation lists are carried as they are, from DER as PEM", () => {
  for (const text of [leaf.certificatePem, leaf.keyPem, list, leaf.certificatePem + ca.certificatePem + leaf.keyPem]) {
    assert.equal(carried(text), text);
    assert.equal(isMore(octets(text), materialOf(octets(text))!), false);
    assert.equal(isMore(octets(text.replaceAll("\n", "\r\n") + "\n\n"), materialOf(octets(text))!), false);
  }
  assert.equal(textOf(materialOf(derOf(list))!), list);
  assert.equal(textOf(materialOf(derOf(leaf.certificatePem))!), leaf.certificatePem);
});

Deno.test("attack: nothing is carried of files that are no certificates, whatever is in them", () => {
  const block = (label: string, der: Uint8Array) =>
    `-----BEGIN ${label}-----\n${der.toBase64()}\n-----END ${label}-----\n`;
  const noise = octets("root:x:0:0:root:/root:/bin/bash\n");
  const nothing = [
    "",
    "root:$6$salt$hash:19000:0:99999:7:::\n",
    `{"ann":{"secret":"JBSWY3DPEHPK3PXP"}}`,
    block("OPENSSH PRIVATE KEY", noise),
    block("CERTIFICATE", noise),
    block("SOMETHING ELSE", derOf(leaf.certificatePem)),
    `${leaf.certificatePem}-----BEGIN CERTIFICATE-----\ncut off`,
    leaf.certificatePem.replace(
      "-----BEGIN CERTIFICATE-----\n",
      "-----BEGIN CERTIFICATE-----\nssh-ed25519 AAAA x: y\n\n",
    ),
  ];
  for (const text of nothing) assert.equal(carried(text), undefined, text);
  // DER with something behind it.
  assert.equal(materialOf(Uint8Array.from([...derOf(leaf.certificatePem), ...noise])), undefined);
});

Deno.test("attack: what stands around a certificate is not carried with it", () => {
  const mail = `Subject: secret\n\nthe password is pony\n${leaf.certificatePem}and more\n`;
  assert.equal(carried(mail), leaf.certificatePem);
  assert.equal(isMore(octets(mail), materialOf(octets(mail))!), true);
  const encrypted = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00FF\n\nAAAA\n" +
    "-----END RSA PRIVATE KEY-----\n";
  assert.equal(carried(encrypted), encrypted);
});

Deno.test("isCertificatePath: names of certificate files alone, and nothing hidden", () => {
  for (const path of ["mx.crt", "tls/mx.key", "a/b/chain.PEM", "x.crl"]) assert.ok(isCertificatePath(path), path);
  const others = [
    ".ssh/authorized_keys",
    ".ssh/x.pem",
    ".pem",
    "tls/.key",
    "run.sh",
    "config.yaml.bak",
    "cron.d/x",
    "crt",
  ];
  for (const path of others) assert.ok(!isCertificatePath(path), path);
});
