import assert from "node:assert/strict";
import { openSslEngine } from "../../src/openssl/engine.ts";
import type { KeyPair, TlsProfile, TlsSetupError } from "../../src/tls/engine.ts";
import type { Method } from "../../src/tls/method.ts";
import { makeAuthority, makeLeaf } from "../support/certs.ts";
import { engine, pairOf, profileOf, trustIn } from "../support/tls_world.ts";

const dir = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(dir, { recursive: true }));
const ca = await makeAuthority(dir);
const leaf = await makeLeaf({ ca, names: ["mx.example.test", "*.example.test"] });
const rsa = await makeLeaf({ ca, names: ["mx.example.test"], key: "rsa:2048" });

function refuses(run: () => unknown, part: TlsSetupError["part"], message: RegExp): void {
  assert.throws(run, (error: TlsSetupError) => {
    assert.equal(error.name, "TlsSetupError");
    assert.match(error.message, message);
    assert.equal(error.part, part);
    return true;
  });
  assert.deepEqual(engine.alive, { contexts: 0, sessions: 0 });
}

function serve(profile: TlsProfile, keyPairs: KeyPair[]): Disposable {
  return engine.serverContext({ profile, keyPairs, askClientCertificate: false, sessionIdContext: "setup" });
}

Deno.test("Engine.inspect reads what a certificate says", async () => {
  const notBefore = new Date("2026-01-02T03:04:05Z");
  const notAfter = new Date("2036-07-08T09:10:11Z");
  for (
    const [key, text] of [["rsa:2048", "RSA 2048"], ["ec:p256", "EC P-256"], ["ec:p384", "EC P-384"], [
      "ed25519",
      "ED25519",
    ]] as const
  ) {
    const names = ["mx.example.test", "*.example.test", "192.0.2.1"];
    const made = await makeLeaf({ ca, names, commonName: "Müller, A", key, notBefore, notAfter });
    const [facts, ...rest] = engine.inspect(pairOf("mx", made));
    assert.deepEqual(rest, []);
    assert.equal(facts.key, text);
    assert.equal(facts.subject, "CN=Müller\\, A");
    assert.equal(facts.issuer, "CN=Test Authority");
    assert.deepEqual(facts.names, ["mx.example.test", "*.example.test"]);
    assert.equal(facts.notBefore, notBefore.getTime());
    assert.equal(facts.notAfter, notAfter.getTime());
    assert.match(facts.serial, /^[0-9A-F]+$/);
    assert.match(facts.fingerprint, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    const der = Uint8Array.from(atob(made.certificatePem.replace(/-----[^-]+-----|\s/g, "")), (c) => c.charCodeAt(0));
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", der));
    assert.equal(facts.fingerprint.replaceAll(":", ""), digest.toHex().toUpperCase());
  }
});

Deno.test("Engine.inspect gives the common name where there is no SAN, and the chain in its order", async () => {
  const made = await makeLeaf({ ca, names: [], commonName: "old.example.test" });
  const facts = engine.inspect({ ...pairOf("old", made), certificatePem: made.certificatePem + ca.certificatePem });
  assert.deepEqual(facts.map(({ names }) => names), [["old.example.test"], ["Test Authority"]]);
});

Deno.test("Engine.inspect refuses a key that does not fit, with both fingerprints", () => {
  const mixed = { ...pairOf("mx", leaf), keyPem: rsa.keyPem };
  const fingerprint = "([0-9A-F]{2}:){31}[0-9A-F]{2}";
  const message = new RegExp(
    `^Cannot use the key of mx: its public key has SHA-256 ${fingerprint}, the certificate's has ${fingerprint}$`,
  );
  refuses(() => engine.inspect(mixed), "key", message);
  refuses(() => serve(profileOf(), [mixed]), "key", message);
  refuses(() => engine.clientContext({ profile: profileOf(), keyPair: mixed, trust: trustIn([ca]) }), "key", message);
});

Deno.test("Engine.inspect opens encrypted keys, and asks no terminal for a passphrase", async () => {
  const made = await makeLeaf({ ca, names: ["mx.example.test"], passphrase: "s3cret" });
  assert.equal(engine.inspect(pairOf("mx", made, "s3cret")).length, 1);
  refuses(
    () => engine.inspect(pairOf("mx", made)),
    "key",
    /^Cannot read the key of mx: it is encrypted and the passphrase is missing$/,
  );
  refuses(() => engine.inspect(pairOf("mx", made, "wrong")), "key", /the passphrase does not open it$/);
  refuses(() => engine.inspect(pairOf("mx", made, "")), "key", /the passphrase does not open it$/);
});

Deno.test("Engine.inspect names what cannot be read", () => {
  const broken = leaf.certificatePem.replace(/\n[A-Za-z0-9+/=]{20}/, "\nAAAAAAAAAAAAAAAAAAAA");
  const cases: [changes: Partial<KeyPair>, part: TlsSetupError["part"], message: RegExp][] = [
    [{ certificatePem: "" }, "certificate", /^Cannot read the certificate of mx: the PEM text holds none$/],
    [{ certificatePem: leaf.keyPem }, "certificate", /holds none$/],
    [{ certificatePem: broken }, "certificate", /certificate 1 is broken/],
    [{ certificatePem: leaf.certificatePem + broken }, "certificate", /certificate 2 is broken/],
    [{ keyPem: "" }, "key", /^Cannot read the key of mx: the PEM text holds none$/],
    [{ keyPem: leaf.certificatePem }, "key", /holds none$/],
    [{ keyPem: leaf.keyPem.replace(/\n[A-Za-z0-9+/=]{20}/, "\nAAAAAAAAAAAAAAAAAAAA") }, "key", /it is broken \(.+\)$/],
  ];
  for (const [changes, part, message] of cases) {
    refuses(() => engine.inspect({ ...pairOf("mx", leaf), ...changes }), part, message);
  }
});

Deno.test("ServerContext refuses what cannot serve", () => {
  const pairs = [pairOf("mx", leaf)];
  refuses(() => serve(profileOf({ methods: [] }), pairs), "methods", /no method is selected/);
  refuses(() => serve(profileOf({ methods: ["TLSv1.0", "TLSv1.2"] }), pairs), "methods", /TLSv1\.1 missing in between/);
  refuses(
    () => serve(profileOf({ ciphers: "NONSENSE" }), pairs),
    "ciphers",
    /^Cannot set the ciphers: "NONSENSE" selects none$/,
  );
  refuses(() => serve(profileOf({ ciphers: "" }), pairs), "ciphers", /selects none/);
  refuses(() => serve(profileOf({ ciphers: "ALL\0" }), pairs), "ciphers", /selects none/);
  refuses(() => serve(profileOf(), []), "certificate", /it has no key pair$/);
  refuses(
    () => serve(profileOf({ ciphers: "ALL:@SECLEVEL=4" }), pairs),
    "certificate",
    /^Cannot use the certificate of mx: ee key too small$/,
  );
});

Deno.test("Engine.suites tells what a string selects, best first", () => {
  const names = (methods: Method[], ciphers: string) => engine.suites({ methods, ciphers }).map(({ name }) => name);
  assert.deepEqual(names(["TLSv1.2"], "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384"), [
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
  ]);
  const all13 = ["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"];
  assert.deepEqual(names(["TLSv1.3"], "ECDHE-ECDSA-AES128-GCM-SHA256"), all13);
  assert.deepEqual(names(["TLSv1.0"], "AESGCM"), []);
  assert.deepEqual(names(["TLSv1.0"], "ALL:@SECLEVEL=1"), []);
  const [suite] = engine.suites({ methods: ["TLSv1.0"], ciphers: "ECDHE-RSA-AES256-SHA" });
  assert.deepEqual(suite, {
    name: "ECDHE-RSA-AES256-SHA",
    oldest: "TLSv1.0",
    authentication: "RSA",
    keyExchange: "ECDHE",
    encryption: "AES(256)",
    mac: "SHA1",
    bits: 256,
  });
  const [plain] = engine.suites({ methods: ["TLSv1.2"], ciphers: "AES128-SHA" });
  assert.deepEqual([plain.oldest, plain.keyExchange], ["TLSv1.0", "RSA"]);
  const [newest] = engine.suites({ methods: ["TLSv1.3"], ciphers: "ALL" });
  assert.deepEqual([newest.oldest, newest.authentication, newest.keyExchange], ["TLSv1.3", "any", "any"]);
  refuses(() => names(["TLSv1.2"], "NONSENSE"), "ciphers", /selects none/);
});

Deno.test("openSslEngine names the library's version", () => {
  assert.match(engine.version, /^OpenSSL 3\.\d+\.\d+/);
});

Deno.test("openSslEngine names what to install where there is no OpenSSL", async () => {
  const program = `
    import { openSslEngine } from ${JSON.stringify(new URL("../../src/openssl/engine.ts", import.meta.url).href)};
    try { openSslEngine({ directory: "/nowhere" }); } catch (error) { console.log(error.part, error.message); }`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `data:application/typescript,${encodeURIComponent(program)}`],
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert.match(
    text,
    /^library Cannot open OpenSSL 3 \(libssl\.so\.3, libcrypto\.so\.3\): .*\/nowhere\/libcrypto\.so\.3/,
  );
  assert.match(text, /install it .*apt-get install libssl3/);
  assert.throws(() => openSslEngine({ ticketKeys: new Uint8Array(5) }), /they have 5 bytes and not 80/);
});
