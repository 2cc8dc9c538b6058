import assert from "node:assert/strict";
import { ignoredWords, securityLevelOf } from "../../src/tls/cipher_words.ts";
import { type Method, methods } from "../../src/tls/method.ts";
import { selectionOf } from "../../src/tls/selection.ts";
import { peerTest, runCommand } from "../support/peers.ts";
import { engine } from "../support/tls_world.ts";

/** The two strings that AsyncOS 15.5 comes with. */
const appliance = {
  servers:
    "HIGH:MEDIUM:@STRENGTH:!aNULL:!eNULL:!LOW:!DES:!MD5:!EXP:!PSK:!DSS:!RC2:!RC4:!SEED:!ECDSA:!ADH:!IDEA:!3DES:!SSLv2:!SSLv3:!TLSv1:-aNULL:-EXPORT:-IDEA:!DHE-RSA-AES128-CCM:!DHE-RSA-AES256-CCM:!DHE-RSA-AES256-SHA",
  deliveries:
    "ECDH+aRSA:ECDH+ECDSA:DHE+DSS+AES:AES128:AES256:!3DES:!IDEA:!SRP:!AESGCM+DH+aRSA:!AESGCM+RSA:!aNULL:!eNULL:!kRSA:@STRENGTH:-aNULL:-EXPORT:-IDEA:!DHE-RSA-AES128-CCM:!DHE-RSA-AES256-CCM:!ECDHE-ECDSA-CAMELLIA128-SHA256:!ECDHE-RSA-CAMELLIA128-SHA256:!ECDHE-ECDSA-CAMELLIA256-SHA384:!ECDHE-RSA-CAMELLIA256-SHA384:!ECDHE-ECDSA-AES128-CCM:!ECDHE-ECDSA-AES256-CCM:!DHE-RSA-AES256-SHA",
};

const strings = [
  "HIGH:MEDIUM:!aNULL:!eNULL:!MD5:!PSK:!SRP",
  "HIGH:!aNULL:!eNULL:!MD5:!PSK:!SRP:!kRSA",
  "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL",
  "ALL:eNULL",
  "AES128-SHA",
  ...Object.values(appliance),
];

peerTest(["openssl"], "selectionOf tells what `openssl ciphers -v` tells: names, order and every column", async () => {
  const flags: Partial<Record<Method, string>> = { "TLSv1.0": "-tls1", "TLSv1.1": "-tls1_1", "TLSv1.2": "-tls1_2" };
  for (const ciphers of strings) {
    for (const [method, flag] of Object.entries(flags) as [Method, string][]) {
      const level = method === "TLSv1.2" ? 1 : 0;
      const { stdout, code } = await runCommand(
        "openssl",
        ["ciphers", "-s", "-v", flag, "-ciphersuites", "", `${ciphers}:@SECLEVEL=${level}`],
        { env: { OPENSSL_CONF: "/dev/null" } },
      );
      assert.equal(code, 0);
      const theirs = stdout.split("\n").filter((line) => line !== "").map((line) => {
        const [name, , kx, au, enc, mac] = line.split(/\s+/);
        return [name, kx.slice(3), au.slice(3), enc.slice(4), mac.slice(4)].join(" ");
      });
      const ours = selectionOf(engine, { methods: [method], ciphers, keys: [] }).suites.map((suite) => {
        const { name, keyExchange, authentication, encryption, mac } = suite;
        // The command says ECDH and DH for the ephemeral kinds, and None for anonymous ones.
        const kx = keyExchange.replace(/^(EC)?DHE(?!-)/, "$1DH").replace(/DHE-PSK/, "DHEPSK").replace(
          "RSA-PSK",
          "RSAPSK",
        );
        return [name, kx, authentication === "none" ? "None" : authentication, encryption, mac].join(" ");
      });
      assert.deepEqual(ours, theirs, `${method} ${ciphers}`);
    }
  }
});

Deno.test("selectionOf tells which methods are served, and by what not", () => {
  const served = (ciphers: string, enabled: readonly Method[] = methods) =>
    selectionOf(engine, { methods: enabled, ciphers, keys: [] }).methods.map(({ method, suites, why }) =>
      `${method} ${why ?? (suites > 0)}`
    );
  const all = methods.map((method) => `${method} true`);
  assert.deepEqual(served("ALL:!aNULL"), all);
  assert.deepEqual(served(appliance.servers, ["TLSv1.1", "TLSv1.2"]), ["TLSv1.1 none", "TLSv1.2 true"]);
  assert.deepEqual(served(appliance.deliveries, ["TLSv1.1", "TLSv1.2"]), ["TLSv1.1 true", "TLSv1.2 true"]);
  assert.deepEqual(served("ALL:@SECLEVEL=1"), ["TLSv1.0 level", "TLSv1.1 level", ...all.slice(2)]);
  // The last one counts.
  assert.deepEqual(served("ALL:@SECLEVEL=2:@SECLEVEL=0"), all);
  assert.deepEqual(served("AESGCM"), ["TLSv1.0 none", "TLSv1.1 none", ...all.slice(2)]);
  assert.deepEqual(served("AESGCM", ["TLSv1.3"]), ["TLSv1.3 true"]);
});

Deno.test("selectionOf tells which keys can be used, and with which methods", () => {
  const keys = ["RSA 2048", "EC P-256", "ED25519", "DSA 2048"].map((key) => ({ name: "c", key }));
  const usable = (ciphers: string, enabled: readonly Method[] = methods) =>
    selectionOf(engine, { methods: enabled, ciphers, keys }).keys.map((key) =>
      key.methods.map((method) => method.slice(-1)).join("")
    );
  assert.deepEqual(usable("ALL:!aNULL"), ["0123", "0123", "23", "012"]);
  assert.deepEqual(usable("ECDHE+aRSA"), ["0123", "3", "3", ""]);
  assert.deepEqual(usable("ECDHE+ECDSA+AESGCM", ["TLSv1.2"]), ["", "2", "2", ""]);
  assert.deepEqual(usable("kRSA", ["TLSv1.0"]), ["0", "", "", ""]);
  assert.deepEqual(usable(appliance.servers, ["TLSv1.1", "TLSv1.2"]), ["2", "", "", ""]);
  const kinds = selectionOf(engine, { methods, ciphers: "ECDHE+aRSA", keys: [] }).kinds;
  assert.deepEqual(kinds.map(({ name, methods: some }) => [name, some.length]), [["RSA", 4], ["ECDSA", 1], [
    "Ed25519",
    1,
  ]]);
});

Deno.test("selectionOf refuses what selects nothing, and what is no cipher string, in words of their own", () => {
  const message = (ciphers: string) => {
    try {
      return `selects ${selectionOf(engine, { methods, ciphers, keys: [] }).suites.length}`;
    } catch (error) {
      return (error as Error).message;
    }
  };
  for (const nothing of ["", " ", "NONSENSE", "!aNULL", "EXP", "RC4:IDEA"]) {
    assert.equal(message(nothing), `Cannot set the ciphers: "${nothing}" selects none`);
  }
  for (const fault of ["HIGH:?", "HIGH:(x)", "HIGH:-", "HIGH:AES+", "HIGH:@FOO", "HIGH:@SECLEVEL=9", "HIGH:é"]) {
    assert.equal(message(fault), `Cannot set the ciphers: "${fault}" is no cipher string`);
  }
  assert.match(message("HIGH\0:x"), /selects none$/);
});

Deno.test("selectionOf warns about suites that authenticate nobody or encrypt nothing", () => {
  const weaknesses = (ciphers: string) => selectionOf(engine, { methods, ciphers, keys: [] }).weaknesses.join("\n");
  assert.equal(weaknesses("HIGH:!aNULL"), "");
  assert.match(weaknesses("HIGH"), /^ADH-\S+, .* and \d+ more: authenticates nobody.*!aNULL$/m);
  assert.match(weaknesses("ECDHE-RSA-NULL-SHA:@SECLEVEL=0"), /^ECDHE-RSA-NULL-SHA: encrypts nothing.*!eNULL$/m);
});

Deno.test("ignoredWords finds what OpenSSL passes over, and nothing that it knows or once knew", () => {
  const cases: [ciphers: string, ignored: string[]][] = [
    ["HIGH:!aNULL", []],
    [appliance.servers, []],
    [appliance.deliveries, []],
    ["EECDH+AESGCM:EDH+AESGCM:!kECDHr:!aECDH:!DES-CBC3-SHA:!EXP-RC4-MD5:!EDH-DSS-DES-CBC3-SHA:!CAMELLIA", []],
    ["DEFAULT@SECLEVEL=2", []],
    ["HIGH AES,CHACHA20;ARIA", []],
    ["HIGH:!ECDSSA", ["!ECDSSA"]],
    ["HIHG:AES", ["HIHG"]],
    ["high:AES", ["high"]],
    ["AES+FOO:FOO:FOO", ["AES+FOO", "FOO"]],
    ["ECDHE-RSA-AES265-GCM-SHA384:HIGH", ["ECDHE-RSA-AES265-GCM-SHA384"]],
    ["TLS_AES_128_GCM_SHA256:HIGH", ["TLS_AES_128_GCM_SHA256"]],
  ];
  for (const [ciphers, ignored] of cases) assert.deepEqual(ignoredWords(ciphers), ignored, ciphers);
  const told = selectionOf(engine, { methods, ciphers: "HIGH:FOO:TLS_AES_128_GCM_SHA256", keys: [] }).ignored;
  assert.deepEqual(told, [
    "FOO in the ciphers is a word without effect",
    "suites of TLSv1.3 in the ciphers are without effect: it always has its three",
  ]);
});

Deno.test("ignoredWords knows every suite of this OpenSSL by its name", () => {
  const { suites } = selectionOf(engine, {
    methods: ["TLSv1.0", "TLSv1.1", "TLSv1.2"],
    ciphers: "ALL:COMPLEMENTOFALL:@SECLEVEL=0",
    keys: [],
  });
  assert.ok(suites.length > 60);
  assert.deepEqual(ignoredWords(suites.map(({ name }) => name).join(":")), []);
});

Deno.test("securityLevelOf takes the last one", () => {
  assert.equal(securityLevelOf("HIGH"), undefined);
  assert.equal(securityLevelOf("HIGH:@SECLEVEL=2"), 2);
  assert.equal(securityLevelOf("DEFAULT@SECLEVEL=2:@SECLEVEL=0"), 0);
});
