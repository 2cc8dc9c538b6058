import assert from "node:assert/strict";
import { octets } from "../../src/base/octets.ts";
import { openSslEngine } from "../../src/openssl/engine.ts";
import type { KeyPair, PeerFacts, TrustAnchors } from "../../src/tls/engine.ts";
import { type Authority, makeAuthority, makeLeaf, makeRevocationList } from "../support/certs.ts";
import { engine, pairOf, profileOf, shake, trustIn } from "../support/tls_world.ts";

const dir = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(dir, { recursive: true }));
const day = 86_400_000;
const ca = await makeAuthority(dir);
const stranger = await makeAuthority(dir, { name: "Stranger" });
const name = "mx.example.test";

/** What a client finds out about a server with this key pair. */
function seen<T>(keyPair: KeyPair, trust: TrustAnchors, read: (facts: PeerFacts) => T, by = engine): T {
  using serverContext = by.serverContext({
    profile: profileOf({ methods: ["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"], ciphers: "ALL:@SECLEVEL=0" }),
    keyPairs: [keyPair],
    askClientCertificate: false,
    sessionIdContext: "verify",
  });
  using clientContext = by.clientContext({ profile: profileOf({ ciphers: "ALL:@SECLEVEL=0" }), trust });
  using server = serverContext.session();
  using client = clientContext.session({});
  assert.equal(shake(server, client).client.kind, "done");
  return read(client.facts());
}

const chainOf = (facts: PeerFacts) => facts.chain;

async function withIntermediate(root: Authority): Promise<{ intermediate: Authority; pair: KeyPair; bare: KeyPair }> {
  const intermediate = await makeAuthority(dir, { name: "Intermediate", parent: root });
  const leaf = await makeLeaf({ ca: intermediate, names: [name] });
  const bare = pairOf("bare", leaf);
  return { intermediate, bare, pair: { ...bare, certificatePem: leaf.certificatePem + intermediate.certificatePem } };
}

Deno.test("PeerFacts.chain tells trust and each reason against it", async (t) => {
  const { pair, bare, intermediate } = await withIntermediate(ca);
  const rsaCa = await makeAuthority(dir, { key: "rsa:2048" }); // there is no ECDSA over MD5
  const trusted = { trusted: true };
  const cases: [about: string, pair: KeyPair, trust: TrustAnchors, expected: string | typeof trusted][] = [
    ["a good chain", pairOf("good", await makeLeaf({ ca, names: [name] })), trustIn([ca]), trusted],
    ["an unknown authority", pairOf("x", await makeLeaf({ ca: stranger, names: [name] })), trustIn([ca]), "untrusted"],
    ["a self-signed certificate", pairOf("x", await makeLeaf({ names: [name] }, dir)), trustIn([ca]), "self_signed"],
    [
      "an expired certificate",
      pairOf(
        "x",
        await makeLeaf({
          ca,
          names: [name],
          notBefore: new Date(Date.now() - 9 * day),
          notAfter: new Date(Date.now() - day),
        }),
      ),
      trustIn([ca]),
      "expired",
    ],
    [
      "one that is not valid yet",
      pairOf("x", await makeLeaf({ ca, names: [name], notBefore: new Date(Date.now() + day) })),
      trustIn([ca]),
      "not_yet_valid",
    ],
    ["a chain with its intermediate", pair, trustIn([ca]), trusted],
    ["a chain that lacks its intermediate", bare, trustIn([ca]), "untrusted"],
    ["an intermediate that is listed itself", bare, trustIn([intermediate]), trusted],
    [
      "a key of 768 bits",
      pairOf("x", await makeLeaf({ ca, names: [name], key: "rsa:768" })),
      trustIn([ca]),
      "weak_certificate",
    ],
    [
      "a signature over SHA-1",
      pairOf("x", await makeLeaf({ ca, names: [name], digest: "sha1" })),
      trustIn([ca]),
      "weak_certificate",
    ],
    [
      "a signature over MD5",
      pairOf("x", await makeLeaf({ ca: rsaCa, names: [name], digest: "md5" })),
      trustIn([rsaCa]),
      "weak_certificate",
    ],
    [
      "one for clients only",
      pairOf("x", await makeLeaf({ ca, names: [name], purpose: "clientAuth" })),
      trustIn([ca]),
      "bad_certificate",
    ],
  ];
  const selfSigned = await makeLeaf({ names: [name] }, dir);
  cases.push(["a self-signed certificate that is listed", pairOf("x", selfSigned), trustIn([selfSigned]), trusted]);
  for (const [about, keyPair, trust, expected] of cases) {
    await t.step(about, () => {
      const chain = seen(keyPair, trust, chainOf);
      if (typeof expected !== "string") return assert.deepEqual(chain, expected);
      assert(!chain.trusted);
      assert.equal(chain.reason, expected, chain.text);
      assert(chain.code > 0 && chain.text.length > 0);
    });
  }
});

Deno.test("PeerFacts.chain holds times against the engine's clock", async () => {
  const keyPair = pairOf("x", await makeLeaf({ ca, names: [name], days: 10 }));
  const later = openSslEngine({ now: () => Date.now() + 20 * day });
  const chain = seen(keyPair, trustIn([ca]), chainOf, later);
  assert.equal(!chain.trusted && chain.reason, "expired");
});

Deno.test("PeerFacts.chain heeds revocation lists that are signed and current, and no others", async (t) => {
  const bad = await makeLeaf({ ca, names: [name] });
  const good = await makeLeaf({ ca, names: [name] });
  const current = await makeRevocationList(ca, { revoked: [bad] });
  const old = await makeRevocationList(ca, {
    revoked: [],
    from: new Date(Date.now() - 9 * day),
    until: new Date(Date.now() - day),
  });
  const impostor = await makeAuthority(dir); // the same name, another key
  const forged = await makeRevocationList(impostor, { revoked: [] });
  const { pair, intermediate } = await withIntermediate(ca);
  const ofIntermediate = await makeRevocationList(ca, { revoked: [intermediate] });
  const cases: [about: string, pair: KeyPair, crls: string[], revoked: boolean][] = [
    ["a certificate on the list", pairOf("x", bad), [current], true],
    ["a certificate that is not on it", pairOf("x", good), [current], false],
    ["no list", pairOf("x", bad), [], false],
    ["an old list", pairOf("x", bad), [old], false],
    ["a list that another authority of the same name signed", pairOf("x", bad), [forged], false],
    ["an old list and a current one", pairOf("x", bad), [old, current], true],
    ["two lists in one file", pairOf("x", bad), [old + current], true],
    ["an intermediate on the list", pair, [ofIntermediate], true],
    ["a list of the root alone", pair, [current], false],
  ];
  for (const [about, keyPair, crls, revoked] of cases) {
    await t.step(about, () => {
      const chain = seen(keyPair, trustIn([ca], crls), chainOf);
      assert.equal(!chain.trusted && chain.reason === "revoked", revoked);
      assert.equal(chain.trusted, !revoked);
    });
  }
  await t.step("a list in DER", () => {
    const der = Uint8Array.from(atob(current.replace(/-----[^-]+-----|\s/g, "")), (c) => c.charCodeAt(0));
    const chain = seen(pairOf("x", bad), { ...trustIn([ca]), crls: [der] }, chainOf);
    assert.equal(!chain.trusted && chain.reason, "revoked");
  });
  await t.step("inspectTrust dates the lists, so that an old one can be warned about", () => {
    const { authorities, crls } = engine.inspectTrust(trustIn([ca, stranger], [current, old]));
    assert.equal(authorities, 2);
    assert.deepEqual(crls.map(({ issuer, until }) => [issuer, until! < Date.now()]), [
      ["CN=Test Authority", false],
      ["CN=Test Authority", true],
    ]);
  });
});

Deno.test("PeerFacts.matches compares names as RFC 6125 asks", async () => {
  const cases: [names: string[], commonName: string | undefined, wanted: string, matches: boolean][] = [
    [["mx.example.test"], undefined, "mx.example.test", true],
    [["mx.example.test"], undefined, "MX.EXAMPLE.test", true],
    [["mx.example.test"], undefined, "mx.example.test.", true],
    [["mx.example.test"], undefined, "example.test", false],
    [["mx.example.test"], undefined, ".example.test", false],
    [["mx.example.test"], undefined, "", false],
    [["mx.example.test"], undefined, "mx.example.test\0.evil.test", false],
    [["*.example.test"], undefined, "mx.example.test", true],
    [["*.example.test"], undefined, "a.mx.example.test", false],
    [["*.example.test"], undefined, "example.test", false],
    [["m*.example.test"], undefined, "mx.example.test", false],
    [["*x.example.test"], undefined, "mx.example.test", false],
    [["other.test"], "mx.example.test", "mx.example.test", false], // the common name does not count beside a SAN
    [[], "mx.example.test", "mx.example.test", true],
    [["192.0.2.1"], "mx.example.test", "mx.example.test", true], // an address is no DNS name
    [["192.0.2.1"], undefined, "192.0.2.1", true],
    [["192.0.2.1"], undefined, "192.0.2.2", false],
    [["2001:db8::1"], undefined, "2001:db8:0:0::1", true],
    [[], "192.0.2.1", "192.0.2.1", false], // an address in a common name is no address
  ];
  for (const [names, commonName, wanted, matches] of cases) {
    const keyPair = pairOf("x", await makeLeaf({ ca, names, commonName }));
    assert.equal(
      seen(keyPair, trustIn([ca]), (facts) => facts.matches(wanted)),
      matches,
      `${names} ${commonName} ${wanted}`,
    );
  }
});

Deno.test("ClientContext and inspectTrust refuse anchors that cannot be read, naming which", () => {
  const broken = ca.certificatePem.replace(/\n[A-Za-z0-9+/=]{10}/, "\n!!!!!!!!!!");
  const cases: [bundles: string[], crls: string[], part: string, message: RegExp][] = [
    [["nothing"], [], "trust", /^Cannot read bundle 1 of authorities: the PEM text holds no certificate$/],
    [[ca.certificatePem, broken], [], "trust", /^Cannot read bundle 2 of authorities: certificate 1 is broken/],
    [[ca.certificatePem], ["nothing"], "crl", /^Cannot read revocation list 1: it is neither PEM nor DER/],
  ];
  for (const [bundles, crls, part, message] of cases) {
    const trust = { bundles, crls: crls.map((crl) => octets(crl)), generation: 0 };
    for (const use of [() => engine.inspectTrust(trust), () => engine.clientContext({ profile: profileOf(), trust })]) {
      assert.throws(use, (error: Error & { part?: string }) => {
        assert.equal(error.name, "TlsSetupError");
        assert.equal(error.part, part);
        assert.match(error.message, message);
        return true;
      });
    }
  }
  assert.deepEqual(engine.alive, { contexts: 0, sessions: 0 });
});

Deno.test("Anchors that are read late are read for the first chain; where they cannot be read, none is trusted", async () => {
  const pair = pairOf("x", await makeLeaf({ ca, names: [name] }));
  const bad = await makeLeaf({ ca, names: [name] });
  const list = await makeRevocationList(ca, { revoked: [bad] });
  const late = { ...trustIn([ca], [list]), late: true };
  assert.deepEqual(seen(pair, late, chainOf), { trusted: true });
  const revoked = seen(pairOf("x", bad), late, chainOf);
  assert.equal(!revoked.trusted && revoked.reason, "revoked");
  for (const broken of [{ ...late, bundles: ["nothing"] }, { ...late, crls: [octets("nothing")] }]) {
    const chain = seen(pair, broken, chainOf);
    assert.equal(chain.trusted, false);
    assert.throws(() => engine.inspectTrust(broken), /^TlsSetupError: Cannot read/);
  }
  assert.deepEqual(engine.alive, { contexts: 0, sessions: 0 });
});

Deno.test("PeerFacts of a server tell what a client's certificate is worth, and let each client in", async (t) => {
  const cases: [about: string, keyPair: KeyPair | undefined, certificate: boolean, reason: string | undefined][] = [
    ["a good one", pairOf("c", await makeLeaf({ ca, names: ["client.test"] })), true, undefined],
    ["none", undefined, false, "no_certificate"],
    ["a stranger's", pairOf("c", await makeLeaf({ ca: stranger, names: ["client.test"] })), true, "untrusted"],
    ["a self-signed one", pairOf("c", await makeLeaf({ names: ["client.test"] }, dir)), true, "self_signed"],
    [
      "one for servers only",
      pairOf("c", await makeLeaf({ ca, names: ["client.test"], purpose: "serverAuth" })),
      true,
      "bad_certificate",
    ],
    [
      "an expired one",
      pairOf(
        "c",
        await makeLeaf({
          ca,
          names: ["client.test"],
          notBefore: new Date(Date.now() - 9 * day),
          notAfter: new Date(Date.now() - day),
        }),
      ),
      true,
      "expired",
    ],
    ["one below an intermediate", (await withIntermediate(ca)).pair, true, undefined],
  ];
  const serverPair = pairOf("mx", await makeLeaf({ ca, names: [name] }));
  for (const methods of [["TLSv1.2"], ["TLSv1.3"]] as const) {
    using serverContext = engine.serverContext({
      profile: profileOf({ methods }),
      keyPairs: [serverPair],
      askClientCertificate: true,
      trust: trustIn([ca]),
      sessionIdContext: "clients",
    });
    for (const [about, keyPair, certificate, reason] of cases) {
      await t.step(`${about}, ${methods}`, () => {
        using clientContext = engine.clientContext({ profile: profileOf(), keyPair, trust: trustIn([ca]) });
        for (let round = 0; round < 2; round++) {
          using server = serverContext.session();
          using client = clientContext.session({ cacheKey: "again" });
          const steps = shake(server, client);
          assert.equal(steps.server.kind, "done");
          const facts = server.facts();
          assert.equal(facts.certificate, certificate);
          assert.equal(facts.chain.trusted, reason === undefined);
          if (!facts.chain.trusted) assert.equal(facts.chain.reason, reason);
          if (keyPair?.name === "c") assert(facts.matches("client.test"));
          assert.equal(facts.certificates().length, certificate ? (about === "one below an intermediate" ? 2 : 1) : 0);
          // A resumed session could not show the client's chain again, so there is none.
          assert.equal(facts.resumed, false);
        }
      });
    }
  }
});

Deno.test("PeerFacts.builtChain goes from the leaf to the authority, and says which certificate is at fault", async () => {
  const { pair, bare, intermediate } = await withIntermediate(ca);
  const built = (keyPair: KeyPair, trust: TrustAnchors) =>
    seen(keyPair, trust, (facts) => {
      const { certificates, faultAt } = facts.builtChain();
      return { subjects: certificates.map(({ subject }) => subject), faultAt };
    });
  const subjects = [`CN=${name}`, "CN=Intermediate", "CN=Test Authority"];
  assert.deepEqual(built(pair, trustIn([ca])), { subjects, faultAt: undefined });
  assert.deepEqual(built(pair, trustIn([intermediate])), { subjects: subjects.slice(0, 2), faultAt: undefined });
  assert.deepEqual(built(bare, trustIn([ca])), { subjects: subjects.slice(0, 1), faultAt: 0 });
  assert.deepEqual(built(pair, trustIn([stranger])), { subjects: subjects.slice(0, 2), faultAt: 1 });
  const crl = await makeRevocationList(ca, { revoked: [intermediate] });
  assert.deepEqual(built(pair, trustIn([ca], [crl])), { subjects, faultAt: 1 });
});

Deno.test("CertificateFacts.signature tells how a certificate was signed", async () => {
  const rsaCa = await makeAuthority(dir, { key: "rsa:2048" });
  const signature = (pair: KeyPair) => engine.inspect(pair)[0].signature;
  assert.equal(signature(pairOf("ec", await makeLeaf({ ca, names: [name] }))), "ecdsa-with-SHA256");
  const weak = await makeLeaf({ ca: rsaCa, names: [name], digest: "sha1" });
  assert.equal(signature(pairOf("rsa", weak)), "sha1WithRSAEncryption");
});
