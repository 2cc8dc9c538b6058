/**
 * `tls.peer_certificate` against certificates that are real and hostile: each is shown in a handshake, trusted, and judged by its form.
 */
import assert from "node:assert/strict";
import { fqdnFault, x509Fault } from "../../src/policy/peer_certificate.ts";
import { judgeTrust } from "../../src/policy/trust.ts";
import type { KeyPair, PeerFacts } from "../../src/tls/engine.ts";
import { levelRow } from "../../src/tls/level.ts";
import { authorityExtensions, ecKeys, makeOdd, type OddCertificate, rsaKeys, x509 } from "../support/odd_certs.ts";
import { peerTest, runCommand } from "../support/peers.ts";
import { engine, profileOf, shake } from "../support/tls_world.ts";

const authority = await makeOdd({ commonNames: ["Odd Authority"], extensions: authorityExtensions });
const leafKeys = await ecKeys();
const server = [
  new x509.BasicConstraintsExtension(false, undefined, true),
  new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
  new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
];
let generation = 1;

/** What a client finds out about a server that shows this chain; the last one's issuer is trusted. */
function shown<T>(
  chain: readonly Pick<OddCertificate, "certificatePem" | "keyPem">[],
  read: (facts: PeerFacts) => T,
  { root = authority, ciphers = "ALL:@SECLEVEL=0" }: { root?: { certificatePem: string }; ciphers?: string } = {},
): T {
  const pair: KeyPair = {
    name: "odd",
    certificatePem: chain.map(({ certificatePem }) => certificatePem).join(""),
    keyPem: chain[0].keyPem,
  };
  const profile = profileOf({ methods: ["TLSv1.2"], ciphers });
  using serverContext = engine.serverContext({
    profile,
    keyPairs: [pair],
    askClientCertificate: false,
    sessionIdContext: "odd",
  });
  const trust = { bundles: [root.certificatePem], crls: [], generation: generation++ };
  using clientContext = engine.clientContext({ profile, trust });
  using serverSession = serverContext.session();
  using clientSession = clientContext.session({});
  const shaken = shake(serverSession, clientSession);
  assert.equal(shaken.client.kind, "done", JSON.stringify(shaken));
  return read(clientSession.facts());
}

const validation = { fqdn_validation: true, x509_validation: true };

/** The reason and text under required-verify, where `example.test` would count. */
function judged(facts: PeerFacts): string {
  const trust = judgeTrust(levelRow("required-verify"), { facts, names: ["example.test"], validation });
  return "reason" in trust ? `${trust.reason}: ${trust.text}` : "verified";
}

// deno-fmt-ignore
/** Names that may or may not stand on a certificate; null: nothing is wrong. */
const names: readonly (readonly [about: string, name: string, fault: RegExp | null])[] = [
  ["a domain",                            "example.test",                    null],
  ["a deep name in capitals",             "MX1.Mail.Example.TEST",           null],
  ["digits and hyphens",                  "1st-mx.4u.example.test",          null],
  ["an A-label",                          "xn--bcher-kva.example.test",      null],
  ["a wildcard in the first label",       "*.example.test",                  null],
  ["a label of 63 characters",            `${"a".repeat(63)}.test`,          null],
  ["253 characters",                      `${"a.".repeat(124)}a.com`,        null],
  ["254 characters",                      `${"a.".repeat(124)}ab.com`,       /254 characters, more than 253/],
  ["300 characters",                      `${"abcdefghi.".repeat(29)}abcdefghij`, /300 characters, more than 253/],
  ["a label of 64 characters",            `${"a".repeat(64)}.test`,          /has 64 characters, more than 63/],
  ["a single label",                      "localhost",                       /one label/],
  ["a trailing dot",                      "example.test.",                   /ends with a dot/],
  ["a leading dot",                       ".example.test",                   /empty label/],
  ["two dots",                            "example..test",                   /empty label/],
  ["an underscore",                       "my_host.example.test",            /other characters/],
  ["a blank",                             "my host.example.test",            /other characters/],
  ["words, as authorities have them",     "Example Mail Server",             /one label/],
  ["an IPv4 address",                     "192.0.2.1",                       /last label is a number/],
  ["an IPv6 address",                     "2001:db8::1",                     /one label/],
  ["a URL",                               "https://mx.example.test/",        /other characters/],
  ["a mail address",                      "postmaster@example.test",         /other characters/],
  ["a hyphen first",                      "-mx.example.test",                /begins or ends with -/],
  ["a hyphen last",                       "mx-.example.test",                /begins or ends with -/],
  ["a wildcard over a top-level domain",  "*.test",                          /whole top-level domain/],
  ["a wildcard alone",                    "*",                               /whole top-level domain/],
  ["a wildcard in part of a label",       "mx*.example.test",                /not the whole first label/],
  ["a wildcard in the second label",      "mx.*.example.test",               /not the whole first label/],
  ["two wildcards",                       "*.*.example.test",                /not the whole first label/],
  ["a NUL behind a good name",            "example.test\0.evil.test",        /other characters/],
  ["a line end",                          "example.test\r\nx",               /other characters/],
];

Deno.test("fqdnFault judges common names and DNS names of real certificates alike", async (t) => {
  for (const [about, name, fault] of names) {
    await t.step(about, async () => {
      const asCommonName = await makeOdd({
        issuer: authority,
        commonNames: [name],
        keys: leafKeys,
        extensions: server,
      });
      const asDnsName = await makeOdd({ issuer: authority, names: [name], keys: leafKeys, extensions: server });
      for (const leaf of [asCommonName, asDnsName]) {
        const found = shown([leaf], (facts) => fqdnFault(facts.builtChain().certificates));
        if (fault === null) assert.equal(found, undefined);
        else {
          assert.match(found ?? "nothing", fault);
          // deno-lint-ignore no-control-regex
          assert.doesNotMatch(found!, /[\x00-\x1f]/);
        }
      }
    });
  }
});

Deno.test("fqdnFault judges every name, not only the one that matches", async () => {
  const good = "example.test";
  const cases: [commonNames: string[], dnsNames: string[], expected: RegExp][] = [
    [[good], [good], /^verified$/],
    [[], [good], /^verified$/],
    [["Example Ltd"], [good], /^fqdn_invalid: the name Example Ltd .* one label$/],
    [[good], [good, "intranet"], /^fqdn_invalid: the name intranet /],
    [[good, "mail"], [good], /^fqdn_invalid: the name mail /],
    // What is not for us at all is told as such only where its names are sound.
    [[], ["other.test"], /^name_mismatch/],
    [[], ["other"], /^fqdn_invalid/],
  ];
  for (const [commonNames, dnsNames, expected] of cases) {
    const leaf = await makeOdd({
      issuer: authority,
      commonNames,
      names: dnsNames,
      keys: leafKeys,
      extensions: server,
    });
    assert.match(shown([leaf], judged), expected);
  }
});

Deno.test("fqdnFault has nothing to judge on a certificate for an address alone", async () => {
  const san = new x509.SubjectAlternativeNameExtension([{ type: "ip", value: "192.0.2.1" }]);
  const leaf = await makeOdd({ issuer: authority, keys: leafKeys, extensions: [...server, san] });
  assert.match(shown([leaf], judged), /^name_mismatch/);
});

const flags = x509.KeyUsageFlags;
const usage = (bits: number) => new x509.KeyUsagesExtension(bits, true);
const constraints = (ca: boolean, critical = true) => new x509.BasicConstraintsExtension(ca, undefined, critical);

// deno-fmt-ignore
/** OpenSSL's server does not show some of them, so they are judged as they are read. */
const leaves: readonly (readonly [about: string, extensions: x509.Extension[], fault: RegExp | null])[] = [
  ["everything in order",                 server,                                                     null],
  ["no extension but names",              [],                                                         null],
  ["an authority's basic constraints",    [constraints(true), usage(flags.digitalSignature)],         /is for an authority/],
  ["keyCertSign beside digitalSignature", [constraints(false), usage(flags.digitalSignature | flags.keyCertSign)], /may sign certificates/],
  ["keyEncipherment alone, and it signs", [usage(flags.keyEncipherment)],                             /without digitalSignature/],
  ["keyAgreement alone",                  [usage(flags.keyAgreement)],                                /without digitalSignature/],
  ["no usage at all",                     [usage(0)],                                                 /without digitalSignature|broken/],
  ["basic constraints twice",             [constraints(false), constraints(false)],                   /broken or stands there twice/],
  ["key usage that is no bit string",     [new x509.Extension("2.5.29.15", true, Uint8Array.of(4, 1, 0))], /broken/],
  ["names that are no names",             [new x509.Extension("2.5.29.17", false, Uint8Array.of(4, 1, 0))], /broken/],
];

Deno.test("x509Fault judges version, basic constraints and key usage of a server's certificate", async (t) => {
  for (const [about, extensions, fault] of leaves) {
    await t.step(about, async () => {
      const leaf = await makeOdd({ issuer: authority, commonNames: ["example.test"], keys: leafKeys, extensions });
      const [facts] = engine.inspect({ name: "odd", ...leaf });
      const found = x509Fault([facts, facts], "TLS_AES_256_GCM_SHA384");
      if (fault === null) assert.equal(found, undefined);
      else assert.match(found ?? "nothing", fault);
    });
  }
  const authoritative = [constraints(true), usage(flags.digitalSignature)];
  const leaf = await makeOdd({
    issuer: authority,
    names: ["example.test"],
    keys: leafKeys,
    extensions: authoritative,
  });
  assert.match(shown([leaf], judged), /^x509_invalid: the certificate is for an authority/);
});

Deno.test("x509Fault wants keyEncipherment where the key decrypts, and digitalSignature where it signs", async () => {
  const keys = await rsaKeys();
  const withUsage = (bits: number) =>
    makeOdd({ issuer: authority, names: ["example.test"], keys, extensions: [usage(bits)] });
  const encipher = await withUsage(flags.keyEncipherment);
  const sign = await withUsage(flags.digitalSignature);
  const kRsa = { ciphers: "kRSA:@SECLEVEL=0" };
  const ecdhe = { ciphers: "ECDHE:@SECLEVEL=0" };
  assert.equal(shown([encipher], judged, kRsa), "verified");
  assert.match(shown([encipher], judged, ecdhe), /without digitalSignature/);
  assert.equal(shown([sign], judged, ecdhe), "verified");
  assert.match(shown([sign], judged, kRsa), /without keyEncipherment/);
});

Deno.test("x509Fault judges authorities in between, and takes the one of our list as it is", async (t) => {
  // deno-fmt-ignore
  const cases: readonly (readonly [about: string, extensions: x509.Extension[], expected: RegExp])[] = [
    ["everything in order",              [...authorityExtensions],                                        /^verified$/],
    ["basic constraints not critical",   [constraints(true, false), usage(flags.keyCertSign)],            /^x509_invalid: certificate 1 of the chain .*not critical/],
    ["no key usage",                     [constraints(true)],                                             /^x509_invalid: certificate 1 .*no key usage/],
    ["no keyCertSign",                   [constraints(true), usage(flags.cRLSign)],                       /^bad_certificate/],
    ["no basic constraints",             [usage(flags.keyCertSign)],                                      /^(x509_invalid|bad_certificate)/],
    ["no authority",                     [constraints(false), usage(flags.keyCertSign)],                  /^bad_certificate/],
  ];
  for (const [about, extensions, expected] of cases) {
    await t.step(about, async () => {
      const between = await makeOdd({ issuer: authority, commonNames: ["Between"], extensions });
      const leaf = await makeOdd({ issuer: between, names: ["example.test"], keys: leafKeys, extensions: server });
      assert.match(shown([leaf, between], judged), expected);
    });
  }
  await t.step("a root without any extension that is listed", async () => {
    const bare = await makeOdd({ commonNames: ["Old Root"], extensions: [constraints(true, false)] });
    const leaf = await makeOdd({ issuer: bare, names: ["example.test"], keys: leafKeys, extensions: server });
    assert.equal(shown([leaf], judged, { root: bare }), "verified");
  });
  await t.step("a server's certificate that is listed itself", async () => {
    const alone = await makeOdd({ commonNames: ["example.test"], keys: leafKeys, extensions: server });
    assert.equal(shown([alone], judged, { root: alone }), "verified");
    const authorityToo = await makeOdd({
      commonNames: ["example.test"],
      keys: leafKeys,
      extensions: [constraints(true)],
    });
    assert.match(shown([authorityToo], judged, { root: authorityToo }), /^x509_invalid/);
  });
});

Deno.test("x509Fault judges the strength of keys", async () => {
  const weak = await makeOdd({
    issuer: authority,
    names: ["example.test"],
    keys: await rsaKeys(1024),
    extensions: server,
  });
  assert.match(shown([weak], judged), /^x509_invalid: the certificate has a weak key: RSA 1024$/);
  const between = await makeOdd({
    issuer: authority,
    commonNames: ["Weak"],
    keys: await rsaKeys(1024),
    extensions: authorityExtensions,
  });
  const leaf = await makeOdd({ issuer: between, names: ["example.test"], keys: leafKeys, extensions: server });
  assert.match(shown([leaf, between], judged), /^x509_invalid: certificate 1 of the chain \(CN=Weak\) has a weak key/);
});

peerTest(
  ["openssl"],
  "x509Fault knows version 1, curves that are written out, and RSA numbers that cannot be, as OpenSSL's command makes them",
  async () => {
    const dir = await Deno.makeTempDir();
    const at = (file: string) => `${dir}/${file}`;
    const run = async (...args: string[]) => {
      const { code, stderr } = await runCommand("openssl", args);
      assert.equal(code, 0, `openssl ${args.join(" ")}: ${stderr}`);
    };
    const inspected = async (certificate: string, key: string) => {
      const [certificatePem, keyPem] = await Promise.all([certificate, key].map((file) => Deno.readTextFile(at(file))));
      const [facts] = engine.inspect({ name: "odd", certificatePem, keyPem });
      // The second one stands for the authority, which is not judged.
      return x509Fault([facts, facts], "TLS_AES_256_GCM_SHA384");
    };
    try {
      await Deno.writeTextFile(at("ca.pem"), authority.certificatePem);
      await Deno.writeTextFile(at("ca.key"), authority.keyPem);
      const ca = ["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-set_serial", "7"];
      await run(
        "req",
        "-new",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=v.test",
        "-keyout",
        at("v.key"),
        "-out",
        at("v.csr"),
      );
      await run("x509", "-req", "-in", at("v.csr"), ...ca, "-out", at("v.pem"));
      assert.match(await inspected("v.pem", "v.key") ?? "", /has version 1 and not 3/);

      await run("ecparam", "-name", "prime256v1", "-param_enc", "explicit", "-genkey", "-noout", "-out", at("x.key"));
      await Deno.writeTextFile(at("ext"), "basicConstraints=critical,CA:FALSE\n");
      await run("req", "-new", "-key", at("x.key"), "-subj", "/CN=x.test", "-out", at("x.csr"));
      await run("x509", "-req", "-in", at("x.csr"), ...ca, "-extfile", at("ext"), "-out", at("x.pem"));
      assert.match(await inspected("x.pem", "x.key") ?? "", /curve is written out and not named/);

      const { n } = await crypto.subtle.exportKey("jwk", (await rsaKeys()).publicKey);
      const modulus = Array.from(Uint8Array.fromBase64(n!, { alphabet: "base64url" }));
      for (
        const [numbers, expected] of [
          [{ n: modulus, e: [1] }, /RSA exponent is 1/],
          [{ n: modulus, e: [1, 0, 0] }, /RSA exponent is even/],
          [{ n: [...modulus.slice(0, -1), modulus.at(-1)! & 0xfe], e: [1, 0, 1] }, /RSA modulus is even/],
          [{ n: modulus, e: [3] }, null],
        ] as const
      ) {
        const { privateKey, publicKey } = rsaPem(numbers);
        await Deno.writeTextFile(at("r.key"), privateKey);
        await Deno.writeTextFile(at("r.pub"), publicKey);
        await run(
          "x509",
          "-req",
          "-in",
          at("v.csr"),
          "-force_pubkey",
          at("r.pub"),
          ...ca,
          "-extfile",
          at("ext"),
          "-out",
          at("r.pem"),
        );
        const fault = await inspected("r.pem", "r.key");
        if (expected === null) assert.equal(fault, undefined);
        else assert.match(fault ?? "nothing", expected);
      }
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
);

/** Keys of made-up numbers, in DER by hand: nothing checks them when they are read. */
function rsaPem({ n, e }: { n: readonly number[]; e: readonly number[] }): { privateKey: string; publicKey: string } {
  const length = (count: number) =>
    count < 128 ? [count] : count < 256 ? [0x81, count] : [0x82, count >> 8, count & 255];
  const tagged = (tag: number, ...parts: (readonly number[])[]) => {
    const content = parts.flat();
    return [tag, ...length(content.length), ...content];
  };
  const integer = (bytes: readonly number[]) => tagged(2, bytes[0] > 127 ? [0, ...bytes] : bytes);
  const one = integer([1]);
  const algorithm = tagged(0x30, [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1], [5, 0]);
  const key = tagged(0x30, integer([0]), integer(n), integer(e), one, one, one, one, one, one);
  const bits = tagged(3, [0], tagged(0x30, integer(n), integer(e)));
  const pem = (der: readonly number[], name: string) =>
    x509.PemConverter.encode(Uint8Array.from(der).buffer, name) + "\n";
  return { privateKey: pem(key, "RSA PRIVATE KEY"), publicKey: pem(tagged(0x30, algorithm, bits), "PUBLIC KEY") };
}
