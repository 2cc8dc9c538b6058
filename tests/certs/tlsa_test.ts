/** TLSA records: against what openssl and GnuTLS's danetool compute, and against what a name server says. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { certificateDigest, keyDigest, tlsaRecords } from "../../src/certs/tlsa.ts";
import { type FakeRecord, startFakeDns, zone } from "../support/fake_dns.ts";
import { gatewayConfig } from "../gateway/rig.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { makeCertificate } from "../support/openssl_certs.ts";
import { peerTest, runCommand } from "../support/peers.ts";
import { postern } from "../support/postern.ts";

for (const key of ["ec", "rsa"] as const) {
  peerTest(
    ["openssl", "danetool"],
    `certificateDigest: what openssl and danetool compute for an ${key} key`,
    async () => {
      const { certificatePem, keyPem } = await makeCertificate({ names: ["DNS:mx.example.test"], key });
      const digest = certificateDigest(certificatePem);
      assert.equal(keyDigest(keyPem), digest);
      const folder = await Deno.makeTempDir();
      try {
        await Deno.writeTextFile(`${folder}/cert.pem`, certificatePem);
        await runCommand("openssl", ["pkey", "-pubout", "-outform", "DER", "-out", `${folder}/key.der`], {
          input: keyPem,
        });
        const openssl = await runCommand("openssl", ["dgst", "-sha256", `${folder}/key.der`]);
        assert.ok(openssl.stdout.trim().endsWith(`= ${digest}`), openssl.stdout);
        const dane = await runCommand("danetool", [
          ...["--tlsa-rr", "--domain", "--host", "mx.example.test", "--port", "25", "--proto", "tcp"],
          ...["--load-certificate", `${folder}/cert.pem`],
        ]);
        assert.match(dane.stdout, /^_25\._tcp\.mx\.example\.test\. IN TLSA \( 03 01 01 [0-9a-f]{64} \)/m);
        assert.ok(dane.stdout.includes(digest), dane.stdout);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  );
}

Deno.test("tlsaRecords: a key that serves already is no next one", async () => {
  const [one, two] = await Promise.all([
    makeCertificate({ names: ["DNS:a.test"] }),
    makeCertificate({ names: ["DNS:b.test"] }),
  ]);
  const pair = { name: "a", ...one };
  assert.deepEqual(tlsaRecords([pair], one.keyPem).map(({ of }) => of), ["service"]);
  assert.deepEqual(tlsaRecords([pair], two.keyPem).map(({ of }) => of), ["service", "next"]);
});

Deno.test("certconfig tlsa: lines for the zone, what the DNS lacks and has too much, and the order of a change", async (t) => {
  const [leaf, old] = await Promise.all([
    makeCertificate({ names: ["DNS:mx.example.test"] }),
    makeCertificate({ names: ["DNS:mx.example.test"] }),
  ]);
  const [digest, gone] = [leaf, old].map(({ certificatePem }) => certificateDigest(certificatePem));
  let records: FakeRecord[] = [];
  let ad = true;
  await using dns = startFakeDns((question) => {
    const { name, type } = question;
    if (name !== "_25._tcp.mx.example.test" || type !== "TLSA") return zone(records, { ad })(question);
    return { answers: records.map((record) => ({ ...record, name })), ad };
  });
  const tlsa = (hex: string, usage = 3): FakeRecord => ({
    name: "_25._tcp.mx.example.test",
    type: "TLSA",
    ttl: 600,
    data: { usage, selector: 1, matchingType: 1, certificate: Buffer.from(hex, "hex") },
  });
  await using gateway = await GatewayProcess.start({
    ports: ["inbound"],
    files: { "mx.crt": leaf.certificatePem, "mx.key": leaf.keyPem },
    config: ({ inbound }) =>
      gatewayConfig({
        inbound,
        nextHop: 9,
        listener: { certificate: "mx", hostname: "mx.example.test" },
        more: {
          dns: { servers: [`127.0.0.1:${dns.server.port}`] },
          certificates: { mx: { certificate: "mx.crt", key: "mx.key" } },
        },
      }),
  });
  const shown = async (...words: string[]) => {
    const { code, stdout, stderr } = await postern(gateway, "certconfig", "tlsa", ...words);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const line = `_25._tcp.mx.example.test. IN TLSA 3 1 1 ${digest} ; in service`;

  await t.step("what is there and what is not; a proven answer", async () => {
    records = [tlsa(gone), tlsa(digest, 2)];
    const text = await shown("mx");
    assert.ok(text.includes(line), text);
    assert.match(text, /; DNS: the answer is proven by DNSSEC \(AD\); TTL 600 s/);
    assert.match(text, new RegExp(`; DNS: lacks ${digest.slice(0, 16)}…: add it`));
    assert.match(text, new RegExp(`; DNS: has 3 1 1 ${gone.slice(0, 18)}…, which fits no key`));
    assert.match(text, /; DNS: has 2 1 1 /);
    assert.match(text, /; {3}2\. wait two TTLs \(1200 s as the DNS has it now\)/);
    assert.match(text, /; {3}0\. make the next key and its request: postern certconfig renew mx --new-key/);
  });
  await t.step("the key of the request that waits", async () => {
    await Deno.writeTextFile(`${gateway.folder}/data/certificates/mx.key.next`, old.keyPem, { mode: 0o600 });
    const text = await shown("mx", "--json");
    const facts = JSON.parse(text);
    assert.deepEqual(facts.records, [{ digest, of: "service" }, { digest: gone, of: "next" }]);
    assert.deepEqual([facts.dns.present, facts.dns.missing], [[gone], [digest]]);
    assert.doesNotMatch(text, /PRIVATE/);
  });
  await t.step("another host and port; no record there", async () => {
    records = [];
    const text = await shown("mx", "--host", "other.example.test", "--port", "465");
    assert.match(text, /^_465\._tcp\.other\.example\.test\. IN TLSA 3 1 1 /m);
    assert.match(text, /; DNS: no TLSA record at _465\._tcp\.other\.example\.test/);
  });
  await t.step("bad words: one line, exit 1", async () => {
    for (
      const [words, message] of [
        [["nobody"], /^Cannot find the certificate nobody: no profile has this name\n$/],
        [["mx", "--host", "a b"], /^Cannot use --host a b: it is no domain name; [^\n]*\n$/],
        [["mx", "--port", "70000"], /^Cannot use --port 70000: [^\n]*\n$/],
      ] as const
    ) {
      const { code, stdout, stderr } = await postern(gateway, "certconfig", "tlsa", ...words);
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, message);
    }
  });
  await t.step("without a gateway, and where the name server proves nothing", async () => {
    await gateway.stop();
    ad = false;
    records = [tlsa(digest), tlsa(gone)];
    const text = await shown("mx");
    assert.ok(text.includes(line), text);
    assert.match(text, /not proven by DNSSEC/);
    assert.match(text, /; DNS: nothing differs/);
  });
});
