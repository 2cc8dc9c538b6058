/**
 * `certconfig assign` and `unassign` on a file, and what the check says of certificates where they are assigned.
 */
import assert from "node:assert/strict";
import { makeLeaf } from "../support/certs.ts";
import { runHere } from "../support/here.ts";
import { engine } from "../support/tls_world.ts";

const source = `version: 1
hostname: gw.example.test
certificates:
  mx: { certificate: mx/cert.pem, key: mx/key.pem }
  ec: { certificate: ec/cert.pem, key: ec/key.pem }
  old: { certificate: old/cert.pem, key: old/key.pem }
  client: { certificate: client/cert.pem, key: client/key.pem }
listeners:
  inbound: { address: 127.0.0.1:2525, hostname: mx.example.test, certificate: mx }   # the world
destination_controls:
  domains:
    Partner.example: { tls: required }
services:
  syslog: { central: { server: "log.example.test:6514" } }
`;

const made = await Deno.makeTempDir();
const leaves = {
  mx: await makeLeaf({ names: ["mx.example.test"], key: "rsa:2048" }, made),
  ec: await makeLeaf({ names: ["mx.example.test"], key: "ec:p256" }, made),
  old: await makeLeaf({
    names: ["*.example.test"],
    notBefore: new Date("2020-01-01"),
    notAfter: new Date("2020-02-01"),
    purpose: "serverAuth",
  }, made),
  client: await makeLeaf({ names: ["gw.other.test"], purpose: "clientAuth" }, made),
};
await Deno.remove(made, { recursive: true });

async function withFolder(
  use: (
    place: { file: string; folder: string; run: (...words: string[]) => ReturnType<typeof runHere> },
  ) => Promise<void>,
  text = source,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/config.yaml`;
  try {
    for (const [name, { certificatePem, keyPem }] of Object.entries(leaves)) {
      await Deno.mkdir(`${folder}/${name}`);
      await Deno.writeTextFile(`${folder}/${name}/cert.pem`, certificatePem);
      await Deno.writeTextFile(`${folder}/${name}/key.pem`, keyPem);
    }
    await Deno.writeTextFile(file, text);
    await use({ file, folder, run: (...words) => runHere(words, { file, engine }) });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("certconfig assign writes each place, keeps a list's others with --add, and unassign takes them out", async () => {
  await withFolder(async ({ run, file }) => {
    const said = async (pattern: RegExp) => assert.match(await Deno.readTextFile(file), pattern);
    const added = await run("certconfig", "assign", "ec", "--listener", "inbound", "--add");
    assert.equal(added.code, 0, added.err.join("\n"));
    assert.deepEqual(added.out, [
      "listener inbound",
      "  before  mx",
      "  now     mx, ec",
      `${file} is written; no gateway runs`,
    ]);
    await said(/certificate: \[mx, ec\] \} {3}# the world/);
    for (
      const [words, pattern] of [
        [["client", "--delivery"], /^ {2}certificate: client$/m],
        [["client", "--destination", "partner.EXAMPLE"], /Partner\.example: \{ tls: required, certificate: client \}/],
        [["client", "--destination", ".gov.example"], /\.gov\.example: *\{? *\n? *certificate: client/],
        [["mx", "--https"], /^admin:\s+\{? *certificate: mx/m],
        [["client", "--syslog", "central"], /certificate: client \} \}/],
      ] as const
    ) {
      const { code, err } = await run("certconfig", "assign", ...words);
      assert.equal(code, 0, err.join("\n"));
      await said(pattern);
    }
    assert.equal((await run("certconfig", "unassign", "mx", "--listener", "inbound")).code, 0);
    await said(/hostname: mx\.example\.test, certificate: ec \}/);
    const last = await run("certconfig", "unassign", "ec", "--listener", "inbound");
    assert.equal(last.out[2], "  now     (nothing is said)");
    await said(/hostname: mx\.example\.test \}/);
    const again = await run("certconfig", "assign", "mx", "--https", "--json");
    assert.deepEqual(JSON.parse(again.out[0]), { where: "https", file, before: ["mx"], now: ["mx"], state: "written" });
  });
});

Deno.test("certconfig assign warns, by name and place, about what peers will refuse", async () => {
  await withFolder(async ({ run }) => {
    const warned = async (...words: string[]) => {
      const { code, err } = await run("certconfig", "assign", ...words);
      assert.equal(code, 0, err.join("\n"));
      return err.join("\n");
    };
    assert.match(
      await warned("client", "--listener", "inbound"),
      /config\.yaml:9:\d+: listeners\.inbound\.certificate: warning: client is not made for servers, .* serverAuth\n.*warning: none is for mx\.example\.test, the name in the greeting: client is for gw\.other\.test; /,
    );
    const old = await warned("old", "--listener", "inbound");
    assert.match(old, /certificates\.old\.certificate: warning: expired on 2020-02-01/);
    assert.doesNotMatch(old, /none is for/);
    assert.match(
      await warned("old", "--delivery"),
      /destination_controls\.certificate: warning: old is not made for clients, so peers that verify refuse it; one with the purpose clientAuth/,
    );
    const twice = source.replace("certificate: mx }", "certificate: [mx, ec, twin] }")
      .replace("certificates:\n", "certificates:\n  twin: { certificate: mx/cert.pem, key: mx/key.pem }\n");
    await withFolder(async ({ run }) => {
      const { err } = await run("certconfig", "assign", "mx", "--https");
      assert.match(
        err.join("\n"),
        /listeners\.inbound\.certificate: warning: twin is never shown: mx, before it, has its names and its kind of key \(RSA\)/,
      );
    }, twice);
  });
});

Deno.test("certconfig assign refuses bad words and unfit certificates in one line, and nothing is changed on disk", async () => {
  // deno-fmt-ignore
  const cases: [words: string[], line: RegExp][] = [
    [["none", "--listener", "inbound"],          /^Cannot assign none: no certificate has this name; there are demo, mx, ec, old, client$/],
    [["../x", "--listener", "inbound"],          /^Cannot assign \.\.\/x: no certificate has this name/],
    [["mxx", "--listener", "inbound"],           /^Cannot assign mxx: no certificate has this name; did you mean mx\?$/],
    [["mx"],                                     /^Cannot assign mx: no place is named; one of --listener, /],
    [["mx", "--https", "--delivery"],            /^Cannot assign mx: one place; one of/],
    [["mx", "--listener", "inbuond"],            /^Cannot assign mx: --listener is no listener: "inbuond"; did you mean inbound\?$/],
    [["mx", "--destination", "no domain"],       /^Cannot assign mx: --destination /],
    [["mx", "--ldap", "x"],                      /^Cannot assign mx: --ldap is no ldap service: "x"; there is none$/],
    [["mx", "--delivery", "--add"],              /^Cannot add mx to delivery: it shows one certificate; without --add$/],
    [["ec", "--listener", "inbound"],            /^Cannot assign ec to listener inbound: no cipher of tls\.inbound_smtp can use its key \(EC P-256\)$/],
  ];
  const rsaOnly = `${source}tls: { inbound_smtp: { methods: [TLSv1.2], ciphers: "aRSA" } }\n`;
  await withFolder(async ({ run, file, folder }) => {
    for (const [words, line] of cases) {
      const { code, out, err } = await run("certconfig", "assign", ...words);
      assert.deepEqual([code, out, err.length], [1, [], 1], err.join("\n"));
      assert.match(err[0], line);
      assert.equal(await Deno.readTextFile(file), rsaOnly);
    }
    const unassigned = await run("certconfig", "unassign", "ec", "--listener", "inbound");
    assert.deepEqual([unassigned.code, unassigned.err], [1, ["Cannot take ec from listener inbound: it shows mx"]]);
    // A key of another certificate, and one that is gone.
    await Deno.writeTextFile(`${folder}/mx/key.pem`, leaves.ec.keyPem);
    const unfit = await run("certconfig", "assign", "mx", "--https");
    assert.equal(unfit.code, 1);
    assert.match(unfit.err.at(-1)!, /^Cannot use the key of mx: its public key has SHA-256 /);
    await Deno.remove(`${folder}/mx/key.pem`);
    const gone = await run("certconfig", "assign", "mx", "--https");
    assert.match(gone.err.at(-1)!, /^Cannot assign mx: Cannot read .*mx\/key\.pem: no such file$/);
    assert.equal(await Deno.readTextFile(file), rsaOnly);
  }, rsaOnly);
});

Deno.test("tlsCheck refuses an assigned certificate that the service's @SECLEVEL is too high for, at its place", async () => {
  await withFolder(async ({ run, file }) => {
    const before = await Deno.readTextFile(file);
    const { code, err } = await run("sslconfig", "set", "inbound", "--ciphers", "HIGH:!aNULL:@SECLEVEL=3");
    assert.equal(code, 1);
    assert.match(
      err.at(-1)!,
      /config\.yaml:\d+:\d+: listeners\.inbound\.certificate: Cannot use the certificate of mx: ee key too small; a stronger certificate, or a lower @SECLEVEL in tls\.inbound_smtp\.ciphers$/,
    );
    assert.equal(await Deno.readTextFile(file), before);
  });
});
