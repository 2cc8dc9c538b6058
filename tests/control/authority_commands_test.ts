/**
 * `certconfig authorities` and `certconfig crls` on the files of a gateway that does not run.
 *
 * @module
 */
import assert from "node:assert/strict";
import { makeAuthority, makeLeaf, makeRevocationList } from "../support/certs.ts";
import { runHere } from "../support/here.ts";
import { runCommand } from "../support/peers.ts";
import { engine } from "../support/tls_world.ts";

const dir = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(dir, { recursive: true }));
const dayMs = 86_400_000;
const ca = await makeAuthority(dir, { name: "Partner CA" });
const old = await makeAuthority(dir, {
  name: "Old CA",
  notBefore: new Date(Date.now() - 20 * dayMs),
  notAfter: new Date(Date.now() - dayMs),
});
const leaf = await makeLeaf({ ca, names: ["mx.partner.test"] });

/** So that nothing is warned about. */
const listener =
  "listeners: { in: { type: private, address: 127.0.0.1:2525, sender_groups: [{ name: ALL, policy: default }] } } # one\n";

/** A configuration in a folder of its own, and its commands. */
class Site {
  readonly folder = Deno.makeTempDirSync({ dir });
  readonly file = `${this.folder}/config.yaml`;

  constructor(more = "") {
    Deno.writeTextFileSync(this.file, `version: 1 # ours\nadmin: { address: null }\n${listener}${more}`);
  }

  run(...words: string[]) {
    return runHere(["certconfig", ...words], { file: this.file, engine });
  }

  get source(): string {
    return Deno.readTextFileSync(this.file);
  }

  /** Bundles that were taken in: names and modes. */
  get bundles(): [name: string, mode: string][] {
    const folder = `${this.folder}/data/certificates/authorities`;
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    return names.map((name) => [name, (Deno.statSync(`${folder}/${name}`).mode! & 0o777).toString(8)]);
  }
}

Deno.test("certconfig authorities: add in PEM, DER and PKCS#7, list, export, remove; before the first start", async () => {
  const site = new Site();
  const add = await site.run("authorities", "add", ca.certificatePath, "--name", "partner");
  assert.deepEqual([add.code, add.err], [0, []], add.err.join());
  assert.deepEqual(add.out, ["  CN=Partner CA", "The bundle partner with 1 certificate is trusted"]);
  assert.match(site.source, /^version: 1 # ours\n/);
  assert.match(site.source, /custom: \[data\/certificates\/authorities\/partner\.pem\]/);
  assert.match(site.source, /policy: default \}\] \} \} # one/);

  const der = `${site.folder}/ca.der`;
  await runCommand("openssl", ["x509", "-in", ca.certificatePath, "-outform", "DER", "-out", der]);
  const again = await site.run("authorities", "add", der);
  assert.deepEqual([again.code, again.err], [0, ["CN=Partner CA is in the bundle partner already"]]);
  const p7b = `${site.folder}/old.p7b`;
  await runCommand("openssl", ["crl2pkcs7", "-nocrl", "-certfile", old.certificatePath, "-out", p7b]);
  const late = await site.run("authorities", "add", p7b, "--name", "old");
  assert.match(late.err.join(), /^CN=Old CA expired on \d{4}-\d\d-\d\d .* UTC: nothing that it signed verifies$/);
  const mixed = `${site.folder}/mixed.pem`;
  await Deno.writeTextFile(mixed, leaf.certificatePem + ca.certificatePem + leaf.certificatePem + leaf.keyPem);
  const odd = await site.run("authorities", "add", mixed);
  assert.equal(odd.code, 0);
  assert.deepEqual(odd.err.map((line) => line.replace(/.*mixed\.pem/, "In mixed.pem")), [
    "In mixed.pem there is a private key too: it is left out",
    "CN=mx.partner.test is no authority: it vouches for itself alone",
    "CN=Partner CA is in the bundle partner already",
    "CN=mx.partner.test is in it twice: it is kept once",
  ]);
  assert.deepEqual(site.bundles, [["ca.pem", "600"], ["mixed.pem", "600"], ["old.pem", "600"], ["partner.pem", "600"]]);
  const kept = await Deno.readTextFile(`${site.folder}/data/certificates/authorities/mixed.pem`);
  assert.ok(!kept.includes("PRIVATE"), "no key is copied");

  const list = (await site.run("authorities", "list")).out.join("\n").replaceAll(/ +/g, " ");
  assert.match(list, /^system trusted: \S+, \d+ certificates$/m);
  assert.match(
    list,
    /^partner \(\S+\)\n CN=Partner CA\n authority, EC P-256, expires \S+\n SHA-256 [0-9A-F:]{95}$/m,
  );
  assert.match(list, /CN=Old CA\n authority, EC P-256, EXPIRED on /);
  assert.match(list, /NO AUTHORITY/);

  const out = `${site.folder}/out.pem`;
  assert.equal((await site.run("authorities", "export", "partner", "--out", out)).code, 0);
  const verified = await runCommand("openssl", ["verify", "-CAfile", out, leaf.certificatePath]);
  assert.equal(verified.code, 0, verified.stderr);
  const printed = await site.run("authorities", "export", "partner");
  assert.equal(printed.out.join("\n"), (await Deno.readTextFile(out)).trimEnd());

  assert.equal((await site.run("authorities", "remove", "partner")).code, 0);
  assert.doesNotMatch(site.source, /partner\.pem/);
  assert.equal(site.bundles.length, 3);
  assert.equal((await site.run("authorities", "system", "off")).code, 0);
  assert.match(site.source, /system: false/);
});

Deno.test("certconfig authorities remove leaves a file of the owner's own alone, and tells two of one name apart", async () => {
  const site = new Site(`certificate_authorities: { custom: [own.pem, sub/own.pem] }\n`);
  await Deno.mkdir(`${site.folder}/sub`);
  for (const name of ["own.pem", "sub/own.pem"]) await Deno.copyFile(ca.certificatePath, `${site.folder}/${name}`);
  const both = await site.run("authorities", "remove", "own");
  assert.equal(both.code, 1);
  assert.match(both.err.join(), /^Cannot tell which own is meant: .*own\.pem, .*sub\/own\.pem; name the file$/);
  const one = await site.run("authorities", "remove", "sub/own.pem");
  assert.deepEqual([one.code, one.err], [0, []], one.err.join());
  assert.match(one.out.join(), /its file \S+sub\/own\.pem is left as it is/);
  assert.match(site.source, /custom: \[ ?own\.pem ?\]/);
  assert.ok((await Deno.stat(`${site.folder}/sub/own.pem`)).isFile);
});

Deno.test("certconfig authorities: what makes no sense is one line, and nothing has changed", async () => {
  const site = new Site();
  await site.run("authorities", "add", ca.certificatePath, "--name", "partner");
  const write = async (name: string, content: string | Uint8Array) => {
    const path = `${site.folder}/${name}`;
    await (typeof content === "string" ? Deno.writeTextFile(path, content) : Deno.writeFile(path, content));
    return path;
  };
  const noise = new Uint8Array(20_000_000).map((_, index) => (index * 7919) >> 3);
  const half = ca.certificatePem.slice(0, 200) + "\n-----END CERTIFICATE-----\n";
  const cases: [words: string[], why: RegExp][] = [
    [["add", await write("key.pem", leaf.keyPem)], /^Cannot read \S+key\.pem: it is a private key, not a certificate$/],
    [["add", await write("empty.pem", "")], /: it is empty$/],
    [["add", await write("noise.pem", noise)], /: it is larger than \d+ octets$/],
    [["add", await write("less.pem", noise.slice(0, 100_000))], /: it is neither PEM nor DER, or it is broken$/],
    [["add", await write("half.pem", half)], /^Cannot read \S+half\.pem: /],
    [
      ["add", await write("list.pem", await makeRevocationList(ca, { revoked: [] }))],
      /: it is a certificate revocation list, not a certificate$/,
    ],
    [["add", `${site.folder}/none.pem`], /: no such file$/],
    [["add", ca.certificatePath, "--name", "../up"], /^Cannot use --name \.\.\/up: it cannot be a name; /],
    [["add", ca.certificatePath, "--name", "a/b"], /it cannot be a name/],
    [["add", ca.certificatePath, "--name", "system"], /it cannot be a name/],
    [
      ["add", ca.certificatePath, "--name", "partner"],
      /there is a bundle partner; --name chooses another, or remove partner first$/,
    ],
    [["remove", "nobody"], /^Cannot find the bundle nobody: there are partner$/],
    [["remove", "../../config"], /^Cannot find the bundle/],
    [["export", "nobody"], /^Cannot find the bundle nobody/],
    [["system", "perhaps"], /^Cannot use perhaps: the system's list is on or off$/],
  ];
  const [source, bundles] = [site.source, site.bundles];
  for (const [words, why] of cases) {
    const { code, out, err } = await site.run("authorities", ...words);
    assert.deepEqual([code, out, err.length], [1, [], 1], `${words.join(" ")}: ${err.join("\n")}`);
    assert.match(err[0], why);
    assert.deepEqual([site.source, site.bundles], [source, bundles]);
  }
});

Deno.test("certconfig crls: add and remove files and URLs, list what they hold", async () => {
  const site = new Site();
  await site.run("authorities", "add", ca.certificatePath, "--name", "partner");
  await Deno.writeTextFile(`${site.folder}/ca.crl`, await makeRevocationList(ca, { revoked: [leaf] }));
  for (const source of ["ca.crl", "http://crl.example.test/ca.crl"]) {
    const added = await site.run("crls", "add", source);
    assert.deepEqual([added.code, added.err], [0, []], added.err.join());
  }
  const list = (await site.run("crls", "list")).out.join("\n").replaceAll(/ +/g, " ");
  assert.match(
    list,
    /ca\.crl\n issuer CN=Partner CA \(signed by it\)\n this update .*\n next update .* UTC\n revoked 1$/m,
  );
  assert.match(list, /^http:\/\/crl\.example\.test\/ca\.crl\n none it was not fetched yet$/m);
  const source = site.source;
  const cases: [words: string[], why: RegExp][] = [
    [["add", "ca.crl"], /^Cannot add ca\.crl: it is there$/],
    [["add", "none.crl"], /certificate_authorities\.crls\[2\]: Cannot read \S+none\.crl: no such file/],
    [["add", ca.certificatePath], /Cannot read revocation list 1: it is neither PEM nor DER/],
    [["add", "ldap://ldap.example.test/"], /^Cannot use this source: it cannot be fetched; /],
    [["add", "http://u:p@crl.example.test/"], /^Cannot use this source: it has a user or a password in it; /],
    [["remove", "other.crl"], /^Cannot remove other\.crl: certificate_authorities\.crls does not name it$/],
  ];
  for (const [words, why] of cases) {
    const { code, err } = await site.run("crls", ...words);
    assert.deepEqual([code, err.length], [1, 1], err.join("\n"));
    assert.match(err[0], why);
    assert.ok(!err[0].includes("u:p"), "no password is repeated");
    assert.equal(site.source, source);
  }
  assert.equal((await site.run("crls", "remove", "http://crl.example.test/ca.crl")).code, 0);
  assert.equal((await site.run("crls", "remove", "ca.crl")).code, 0);
  assert.deepEqual((await site.run("crls", "list")).out, ["There are no revocation lists"]);
});
