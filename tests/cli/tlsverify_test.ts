/**
 * `postern tlsverify` from its words to its exit code. What it finds out is tried in `tests/deliver/probe_test.ts`, Postfix in
 * `tests/peers/tlsverify_test.ts`.
 */
import assert from "node:assert/strict";
import { octets } from "../../src/base/octets.ts";
import { makeAuthority, makeLeaf } from "../support/certs.ts";
import { runHere, withFile } from "../support/here.ts";
import { startNextHop } from "../support/next_hop.ts";
import { engine, pairOf, profileOf } from "../support/tls_world.ts";

const dir = await Deno.makeTempDir();
const authority = await makeAuthority(dir);
const leaf = await makeLeaf({ ca: authority, names: ["example.test"] });
await Deno.remove(dir, { recursive: true });

const tlsServer = (askClientCertificate: boolean) =>
  engine.serverContext({
    profile: profileOf(),
    keyPairs: [pairOf("leaf", leaf)],
    askClientCertificate,
    sessionIdContext: "test",
  });

const misused: { words: string[]; err: RegExp }[] = [
  { words: ["a b"], err: /^Cannot verify a b: it is no domain name/ },
  { words: ["example.test", "host:port"], err: /^Cannot verify host host:port: it is no host with a port/ },
  { words: ["example.test", "127.0.0.1:0"], err: /^Cannot verify host 127\.0\.0\.1:0: it has port 0/ },
  { words: ["example.test", "a b"], err: /^Cannot verify host a b: it is no/ },
  { words: ["example.test", "--level", "none"], err: /no level that tries TLS; one of preferred, required, / },
  { words: ["example.test", "--level", "high\x1b"], err: /^Cannot verify --level high\\x1b: / },
  { words: ["example.test", "--timeout", "1h"], err: /^Cannot verify --timeout 1h: it is out of bounds/ },
  { words: ["example.test", "--timeout", "30"], err: /^Cannot verify --timeout 30: it has no unit; 30s/ },
];

for (const { words, err } of misused) {
  Deno.test(`tlsverify refuses the words ${JSON.stringify(words)}`, async () => {
    const result = await runHere(["tlsverify", ...words], { file: "config/config.yaml" });
    assert.deepEqual([result.code, result.out], [2, []]);
    assert.match(result.err.join("\n"), err);
  });
}

Deno.test("tlsverify tells the faults of a file, and opens nothing for it", async () => {
  await withFile("version: 2\n", async (file) => {
    const { code, out, err } = await runHere(["tlsverify", "example.test"], { file });
    assert.deepEqual([code, out], [2, []]);
    assert.match(err[0], /c\.yaml:1:\d+: version: /);
  });
});

Deno.test("tlsverify takes hosts in every spelling, and ends in 2 where none answers", async () => {
  await withFile("version: 1\n", async (file) => {
    // Port 25 of loopback addresses that nobody listens on, and port 1.
    for (const host of ["127.66.0.1", "127.66.0.1:1", "[::1]:1", "localhost:1"]) {
      const { code, out } = await runHere(["tlsverify", "example.test", host, "--timeout=2s"], { file, engine });
      assert.equal(code, 2, out.join("\n"));
      assert.equal(out.at(-1), "verdict      no host answered", host);
      const shown = host.includes(":") ? host : `${host}:25`;
      const name = /^host {9}(?:localhost \[(.*)\](:1)|(.*))$/m.exec(out.join("\n"))!;
      assert.ok(name[3] === shown || host.startsWith("localhost") && name[2] === ":1", out.join("\n"));
    }
  });
});

Deno.test("tlsverify shows the destination's certificate, leaves TMPDIR as it was, and nothing behind", async () => {
  using tls = tlsServer(true);
  await using hop = startNextHop({ tls });
  const source = `version: 1
certificates: { own: { certificate: own.crt, key: own.key } }
certificate_authorities: { system: false, custom: [ca.crt] }
destination_controls: { certificate: own }
smtp_routes: { example.test: ["127.0.0.1:${hop.port}"] }
`;
  const before = Deno.env.get("TMPDIR");
  await withFile(source, async (file) => {
    const folder = file.slice(0, file.lastIndexOf("/"));
    await Deno.writeTextFile(`${folder}/own.crt`, leaf.certificatePem);
    await Deno.writeTextFile(`${folder}/own.key`, leaf.keyPem);
    await Deno.writeTextFile(`${folder}/ca.crt`, authority.certificatePem);
    const { code, out, err } = await runHere(["tlsverify", "example.test"], { file, engine });
    assert.deepEqual([code, err], [0, []], out.join("\n"));
    assert.equal(out[0], "destination  example.test, hosts by smtp_routes; asked under preferred, verify_names domain");
    assert.equal(out[1], `authorities  ${folder}/ca.crt`);
    assert.equal(out[2], "certificate  own is shown to hosts that ask");
    assert.equal(out.at(-1), `verdict      verified: 127.0.0.1:${hop.port}`);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
      "c.yaml",
      "ca.crt",
      "own.crt",
      "own.key",
    ]);
  });
  assert.equal(Deno.env.get("TMPDIR"), before);
});

Deno.test("tlsverify says that a certificate which was never made is not shown", async () => {
  await using hop = startNextHop({});
  const source = `version: 1
destination_controls: { certificate: demo }
smtp_routes: { example.test: ["127.0.0.1:${hop.port}"] }
`;
  await withFile(source, async (file) => {
    const { code, out, err } = await runHere(["tlsverify", "example.test"], { file, engine });
    assert.equal(code, 1);
    assert.match(err.join("\n"), /^The certificate demo is not shown: Cannot read .*no such file$/);
    assert.equal(out[2], "certificate  none is shown");
  });
});

Deno.test("tlsverify lets no host write lines of its own or move the cursor", async () => {
  const hostile = "220 hop.test \x1b[2J\rverdict      verified: all\r\n";
  await using hop = startNextHop({ answer: (line) => line === "GREETING" ? hostile : undefined });
  const source = `version: 1\nsmtp_routes: { example.test: ["127.0.0.1:${hop.port}"] }\n`;
  await withFile(source, async (file) => {
    const { out } = await runHere(["tlsverify", "example.test"], { file, engine });
    assert.equal(out.filter((line) => line.startsWith("verdict")).length, 1);
    for (const octet of octets(out.join(""))) assert.ok(octet >= 0x20 && octet !== 0x7f);
  });
});
