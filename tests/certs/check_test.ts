/** What a configuration asks of TLS, tried on OpenSSL: each fault with its place. */
import assert from "node:assert/strict";
import { seededRandom } from "../../src/base/random.ts";
import { tlsCheck } from "../../src/certs/check.ts";
import { selfSignedPairs } from "../../src/certs/self_signed.ts";
import { faultText, warningText } from "../../src/config/faults.ts";
import { loadSource } from "../../src/config/load.ts";
import { openSslEngine } from "../../src/openssl/engine.ts";

const engine = openSslEngine();
const now = Date.UTC(2026, 5, 1);
const dayMs = 86_400_000;

/** A folder with pairs of several ages: `good.rsa.crt`, `old.ec.key`, … */
const folder = await Deno.makeTempDir();
for (
  const [name, made] of [
    ["good", now],
    ["other", now],
    ["old", now - 900 * dayMs],
    ["soon", now - 815 * dayMs],
    ["early", now + 30 * dayMs],
  ] as const
) {
  await selfSignedPairs({ directory: folder, name, hostnames: [`${name}.test`] }, {
    engine,
    clock: { now: () => made },
    random: seededRandom(made),
    note: () => {},
  });
}
await Deno.writeTextFile(`${folder}/garbage`, "no PEM at all\n");
await Deno.writeTextFile(`${folder}/broken`, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
await Deno.writeTextFile(`${folder}/empty`, "");
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

async function said(source: string): Promise<string[]> {
  const result = await loadSource(source, {
    file: `${folder}/config.yaml`,
    hostname: "gw.example.test",
    generation: 1,
    checkTls: tlsCheck({ engine, now: () => now }),
  });
  const errors = result.ok ? [] : result.errors.map(faultText);
  return [...errors, ...result.warnings.map(warningText)].map((line) => line.replaceAll(`${folder}/`, ""));
}

const head =
  "version: 1\nlisteners: { in: { address: 127.0.0.1:2525, certificate: c, hostname: good.test } }\ncertificates:\n";

const cases: { name: string; source: string; lines: (string | RegExp)[] }[] = [
  { name: "a good pair", source: `${head}  c: { certificate: good.ec.crt, key: good.ec.key }\n`, lines: [] },
  {
    name: "a good pair with intermediates",
    source: `${head}  c: { certificate: good.ec.crt, key: good.ec.key, intermediates: good.rsa.crt }\n`,
    lines: [],
  },
  {
    name: "files that are not there, all of them",
    source: `${head}  c: { certificate: absent.crt, key: absent.key, intermediates: absent.pem }\n`,
    lines: [
      "config.yaml:4:21: certificates.c.certificate: Cannot read absent.crt: no such file; a readable PEM file",
      "config.yaml:4:38: certificates.c.key: Cannot read absent.key: no such file; a readable PEM file",
      "config.yaml:4:65: certificates.c.intermediates: Cannot read absent.pem: no such file; a readable PEM file",
    ],
  },
  {
    name: "a certificate that is none",
    source: `${head}  c: { certificate: garbage, key: good.ec.key }\n`,
    lines: [
      "config.yaml:4:21: certificates.c.certificate: Cannot read the certificate of c: the PEM text holds none; a certificate in PEM",
    ],
  },
  {
    name: "a key of another certificate, with both fingerprints",
    source: `${head}  c: { certificate: good.ec.crt, key: other.ec.key }\n`,
    lines: [
      /^config\.yaml:4:39: certificates\.c\.key: Cannot use the key of c: .*(?:[0-9A-F]{2}:){31}[0-9A-F]{2}.*(?:[0-9A-F]{2}:){31}[0-9A-F]{2}; the key that belongs to the certificate, in PEM$/,
    ],
  },
  {
    name: "intermediates that are broken, and some that are none",
    source: `${head}  c: { certificate: good.ec.crt, key: good.ec.key, intermediates: broken }
  d: { certificate: good.ec.crt, key: good.ec.key, intermediates: garbage }\n`,
    lines: [
      /^config\.yaml:4:67: certificates\.c\.intermediates: Cannot read the certificate of c: certificate 2 is broken \(.*\); certificates in PEM$/,
      "config.yaml:5:67: certificates.d.intermediates: Cannot read garbage: it holds no certificate; certificates in PEM",
    ],
  },
  {
    name: "certificates before, near and after their time",
    source: `${head.replace("good.test", "old.test")}  c: { certificate: old.ec.crt, key: old.ec.key }
  d: { certificate: soon.ec.crt, key: soon.ec.key }
  e: { certificate: early.ec.crt, key: early.ec.key, intermediates: old.rsa.crt }\n`,
    lines: [
      "config.yaml:4:21: certificates.c.certificate: warning: expired on 2026-03-17 (CN=old.test); a current certificate",
      "config.yaml:5:21: certificates.d.certificate: warning: expires on 2026-06-10 (CN=soon.test); a current certificate",
      "config.yaml:6:21: certificates.e.certificate: warning: is not valid before 2026-06-30 (CN=early.test); a current certificate",
      "config.yaml:6:69: certificates.e.intermediates: warning: expired on 2026-03-17 (CN=old.test); a current certificate",
    ],
  },
  {
    name: "ciphers that select nothing, for each service",
    source: `version: 1
listeners: { in: { address: 127.0.0.1:2525 } }
tls:
  inbound_smtp: { ciphers: NONSENSE }
  outbound_smtp: { ciphers: "HIGH:!HIGH" }
`,
    lines: [
      /^config\.yaml:4:28: tls\.inbound_smtp\.ciphers: Cannot .*; an OpenSSL cipher string that selects some$/,
      /^config\.yaml:5:29: tls\.outbound_smtp\.ciphers: Cannot .*; an OpenSSL cipher string that selects some$/,
    ],
  },
  {
    name: "methods that no cipher serves, as the appliance's default string leaves them",
    source: `version: 1
listeners: { in: { address: 127.0.0.1:2525 } }
tls:
  inbound_smtp:
    methods: [TLSv1.0, TLSv1.1, TLSv1.2]
    ciphers: "MEDIUM:HIGH:!SSLv3:!TLSv1:!aNULL"
`,
    lines: [
      "config.yaml:5:14: tls.inbound_smtp.methods: warning: TLSv1.0 is enabled, but no selected cipher can serve it; other methods or ciphers",
      "config.yaml:5:14: tls.inbound_smtp.methods: warning: TLSv1.1 is enabled, but no selected cipher can serve it; other methods or ciphers",
    ],
  },
  {
    name: "a certificate whose key no cipher can use",
    source: `${head}  c: { certificate: good.ec.crt, key: good.ec.key }
tls:
  inbound_smtp: { methods: [TLSv1.2], ciphers: "HIGH:!ECDSA" }
`,
    lines: [
      "config.yaml:6:48: tls.inbound_smtp.ciphers: warning: the certificate c (EC P-256) is never used: no selected cipher can use its key; other methods or ciphers",
    ],
  },
  {
    name: "authorities and revocation lists that cannot be read",
    source: `version: 1
listeners: { in: { address: 127.0.0.1:2525 } }
certificate_authorities: { custom: [good.ec.crt, garbage, absent.pem], crls: [garbage, empty] }
admin: { client_ca: garbage }
`,
    lines: [
      /^config\.yaml:3:50: certificate_authorities\.custom\[1\]: Cannot .*; authorities in PEM$/,
      "config.yaml:3:59: certificate_authorities.custom[2]: Cannot read absent.pem: no such file; authorities in PEM",
      /^config\.yaml:3:79: certificate_authorities\.crls\[0\]: Cannot .*; a revocation list in PEM or DER$/,
      /^config\.yaml:3:88: certificate_authorities\.crls\[1\]: Cannot .*; a revocation list in PEM or DER$/,
      /^config\.yaml:4:21: admin\.client_ca: Cannot .*; authorities in PEM$/,
    ],
  },
  {
    name: "faults of TLS beside faults of the schema",
    source: `${head}  c: { certificate: absent.crt, key: good.ec.key }
tls: { outbound_smtp: { ciphers: NONSENSE } }
logs: { keep: -1 }
`,
    lines: [
      "config.yaml:4:21: certificates.c.certificate: Cannot read absent.crt: no such file; a readable PEM file",
      /^config\.yaml:5:34: tls\.outbound_smtp\.ciphers: /,
      "config.yaml:6:15: logs.keep: -1 is no such number; a whole number from 0 to 10000",
    ],
  },
];

for (const { name, source, lines } of cases) {
  Deno.test(`tlsCheck: ${name}`, async () => {
    const found = await said(source);
    assert.equal(found.length, lines.length, found.join("\n"));
    for (const [index, line] of lines.entries()) {
      if (typeof line === "string") assert.equal(found[index], line);
      else assert.match(found[index], line);
    }
  });
}

Deno.test("tlsCheck: no native object outlives it", async () => {
  await said(
    `${head}  c: { certificate: good.ec.crt, key: other.ec.key }\ncertificate_authorities: { custom: [good.ec.crt] }\n`,
  );
  assert.deepEqual(engine.alive, { contexts: 0, sessions: 0 });
});
