/** Chains of a small authority with two intermediates: ordered, cleaned, judged, and held against openssl verify. */
import assert from "node:assert/strict";
import { octets } from "../../src/base/octets.ts";
import { chainPem, type ChainReport, checkChain, chooseLeaf } from "../../src/certs/chain.ts";
import { readCertificates } from "../../src/certs/read.ts";
import { readKey } from "../../src/certs/read_key.ts";
import type { CertificateRecord } from "../../src/certs/record.ts";
import { engine, fault, Workshop } from "./formats_rig.ts";

const shop = new Workshop();
await shop.run(`
cat >v3.cnf <<END
[ca]
basicConstraints=critical,CA:TRUE
keyUsage=keyCertSign,cRLSign
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
[no_ca]
basicConstraints=critical,CA:FALSE
[no_sign]
basicConstraints=critical,CA:TRUE
keyUsage=cRLSign
[leaf]
basicConstraints=CA:FALSE
keyUsage=digitalSignature
extendedKeyUsage=serverAuth
subjectAltName=DNS:mx.test
authorityInfoAccess=caIssuers;URI:http://ca.test/lower.crt
[client]
basicConstraints=CA:FALSE
extendedKeyUsage=clientAuth
subjectAltName=DNS:mx.test
[no_names]
basicConstraints=CA:FALSE
[encipher]
basicConstraints=CA:FALSE
keyUsage=keyEncipherment
subjectAltName=DNS:mx.test
[agree]
basicConstraints=CA:FALSE
keyUsage=keyAgreement
subjectAltName=DNS:mx.test
[ca_leaf]
basicConstraints=CA:TRUE
subjectAltName=DNS:mx.test
END
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $1.key; }
root() { key $1; openssl req -x509 -new -key $1.key -subj "/CN=$1" -days 3650 -out $1.crt -addext keyUsage=keyCertSign; }
# file, subject, key, issuer, section, options
sign() {
  file=$1 subject=$2 key=$3 issuer=$4 section=$5; shift 5
  openssl req -new -key $key.key -subj "/CN=$subject" -out $file.csr
  openssl x509 -req -in $file.csr -CA $issuer.crt -CAkey $issuer.key -set_serial 0x$(openssl rand -hex 8) \
    -extfile v3.cnf -extensions $section -out $file.crt "$@" 2>/dev/null
}
root root; root other; root stranger; key upper; key lower; key leaf
sign upper upper upper root ca -days 1000
sign lower lower lower upper ca -days 1000
sign lower_old lower lower upper ca -days 1
sign upper_cross upper upper other ca -days 500
sign leaf mx.test leaf lower leaf -days 90
sign leaf_old mx.test leaf lower leaf -days 1
sign client mx.test leaf lower client -days 90
sign no_names mx.test leaf lower no_names -days 90
sign encipher mx.test leaf lower encipher -days 90
sign agree mx.test leaf lower agree -days 90
sign ca_leaf mx.test leaf lower ca_leaf -days 90
sign sha1 mx.test leaf lower leaf -days 90 -sha1
sign direct mx.test leaf root leaf -days 90
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out rsa1024.key 2>/dev/null
openssl genpkey -algorithm ED25519 -out ed.key
sign rsa1024 mx.test rsa1024 lower leaf -days 90
sign ed mx.test ed lower leaf -days 90
key fake; sign fake fake fake upper no_ca -days 90; sign under_fake mx.test leaf fake leaf -days 90
key mute; sign mute mute mute upper no_sign -days 90; sign under_mute mx.test leaf mute leaf -days 90
openssl req -x509 -new -key leaf.key -subj /CN=mx.test -days 30 -out self.crt -addext basicConstraints=CA:FALSE -addext keyUsage=digitalSignature -addext subjectAltName=DNS:mx.test
# One that has the same name as the lower authority and another key.
key twin; sign twin lower twin root ca -days 1000
`);

const dayMs = 86_400_000;
const now = Date.now();
/** When what lives a day has expired. */
const later = now + 2 * dayMs;
const one = (name: string): CertificateRecord =>
  readCertificates(shop.read(`${name}.crt`), { engine, what: name }).certificates[0];
let generation = 1;
const trustIn = (...names: string[]) => ({
  bundles: names.map((name) => one(name).pem),
  crls: [],
  generation: generation++,
});
const check = (leaf: string, others: string[], trusted: string[] = ["root"], at = now): ChainReport =>
  checkChain({ leaf: one(leaf), others: others.map(one), trust: trustIn(...trusted), now: at }, engine);
const names = (report: ChainReport) => report.chain.map(({ subject, issuer }) => `${subject} by ${issuer}`);

const lower = "CN=lower by CN=upper";
const upper = "CN=upper by CN=root";
const cross = "CN=upper by CN=other";

const ordering: { name: string; others: string[]; chain: string[]; notes: RegExp[]; trusted?: string[] }[] = [
  { name: "in order", others: ["lower", "upper"], chain: [lower, upper], notes: [] },
  {
    name: "the wrong way round",
    others: ["upper", "lower"],
    chain: [lower, upper],
    notes: [/^The intermediates were put in order/],
  },
  {
    name: "given twice, and the leaf once more",
    others: ["lower", "leaf", "upper", "lower"],
    chain: [lower, upper],
    notes: [
      /^CN=mx\.test is given more than once: one of them is left out$/,
      /^CN=lower is given more than once: one of them is left out$/,
    ],
  },
  {
    name: "with strangers",
    others: ["stranger", "lower", "twin", "upper"],
    chain: [lower, upper],
    notes: [
      /^CN=stranger does not belong to the chain of CN=mx\.test: it is left out$/,
      /^CN=lower does not belong to the chain of CN=mx\.test: it is left out$/,
    ],
  },
  {
    name: "with the root",
    others: ["root", "upper", "lower"],
    chain: [lower, upper, "CN=root by CN=root"],
    notes: [/put in order/],
  },
  {
    name: "cross-signed, both ways given",
    others: ["lower", "upper_cross", "upper"],
    chain: [lower, upper, cross],
    notes: [
      /put in order/,
      /^CN=upper \(issued by CN=other\) is a second certificate of one authority: it is sent last$/,
    ],
  },
  {
    name: "cross-signed, the other way alone",
    others: ["lower", "upper_cross"],
    chain: [lower, cross],
    notes: [],
    trusted: ["other"],
  },
  {
    name: "an old and a new one of the same authority",
    others: ["lower_old", "lower", "upper"],
    chain: [lower, upper, lower],
    notes: [
      /put in order/,
      /^CN=lower \(issued by CN=upper\) is a second certificate of one authority: it is sent last$/,
    ],
  },
];

for (const { name, others, chain, notes, trusted } of ordering) {
  Deno.test(`checkChain orders intermediates: ${name}`, async () => {
    const report = check("leaf", others, trusted);
    assert.deepEqual(names(report), chain);
    assert.equal(report.notes.length, notes.length, report.notes.join("\n"));
    notes.forEach((note, index) => assert.match(report.notes[index], note));
    assert.deepEqual(report.trust, { trusted: true });
    assert.equal(report.chain[0].notAfter, one("lower").notAfter);
    shop.write("sent.pem", octets(chainPem(report.chain)));
    const anchor = trusted?.[0] ?? "root";
    assert.match(
      await shop.run(`openssl verify -no-CApath -CAfile ${anchor}.crt -untrusted sent.pem leaf.crt`),
      /leaf\.crt: OK/,
    );
  });
}

Deno.test("checkChain says nothing of a chain that is sound", () => {
  const { warnings, notes, trust, built } = check("leaf", ["lower", "upper"]);
  assert.deepEqual([warnings, notes, trust], [[], [], { trusted: true }]);
  assert.deepEqual(built.certificates.map(({ subject }) => subject), ["CN=mx.test", "CN=lower", "CN=upper", "CN=root"]);
});

const sees = (text: string) => `a peer that verifies will see "${text}"`;

const judged: { name: string; report: () => ChainReport; warnings: [kind: string, says: RegExp | string][] }[] = [
  {
    name: "no intermediate at all",
    report: () => check("leaf", []),
    warnings: [[
      "missing_issuer",
      "An intermediate is missing: CN=lower, which issued CN=mx.test, is neither in the chain nor a " +
      `trusted authority here (it is at http://ca.test/lower.crt); ${sees("unable to get local issuer certificate")}`,
    ]],
  },
  {
    name: "the upper intermediate missing",
    report: () => check("leaf", ["lower"]),
    warnings: [[
      "missing_issuer",
      "An intermediate or the root is missing: CN=upper, which issued CN=lower, is neither in the chain " +
      `nor a trusted authority here; ${sees("unable to get local issuer certificate")}`,
    ]],
  },
  {
    name: "a root that nobody trusts",
    report: () => check("leaf", ["lower", "upper"], ["stranger"]),
    warnings: [[
      "missing_issuer",
      /^An intermediate or the root is missing: CN=root, which issued CN=upper, is neither/,
    ]],
  },
  {
    name: "a root that nobody trusts, sent along",
    report: () => check("leaf", ["lower", "upper", "root"], ["stranger"]),
    warnings: [
      ["root_included", /^CN=root is a root and is sent along: a peer has it already or does not trust it, so only/],
      [
        "untrusted_root",
        `The chain ends in CN=root, which is no trusted authority here: ${
          sees("self-signed certificate in certificate chain")
        }`,
      ],
    ],
  },
  {
    name: "a root that is trusted, sent along",
    report: () => check("leaf", ["lower", "upper", "root"]),
    warnings: [["root_included", /^CN=root is a root and is sent along/]],
  },
  {
    name: "a self-signed leaf",
    report: () => check("self", []),
    warnings: [["self_signed", `CN=mx.test is self-signed: ${sees("self-signed certificate")}`]],
  },
  { name: "a self-signed leaf that is trusted", report: () => check("self", [], ["self"]), warnings: [] },
  {
    name: "an expired leaf",
    report: () => check("leaf_old", ["lower", "upper"], ["root"], later),
    warnings: [[
      "expired",
      new RegExp(`^CN=mx\\.test expired on \\d{4}-\\d\\d-\\d\\d: ${sees("certificate has expired")}$`),
    ]],
  },
  {
    name: "a leaf that begins tomorrow",
    report: () => check("leaf", ["lower", "upper"], ["root"], now - dayMs),
    warnings: [["not_yet_valid", /^CN=mx\.test is not valid before /], ["not_yet_valid", /^CN=lower/], [
      "not_yet_valid",
      /^CN=upper/,
    ]],
  },
  {
    name: "an expired intermediate",
    report: () => check("leaf", ["lower_old", "upper"], ["root"], later),
    warnings: [["expired", /^CN=lower expired on /]],
  },
  {
    name: "an expired leaf without its intermediate: both are told",
    report: () => check("leaf_old", [], ["root"], later),
    warnings: [["expired", /^CN=mx\.test expired/], ["missing_issuer", /^An intermediate is missing/]],
  },
  {
    name: "a weak key",
    report: () => check("rsa1024", ["lower", "upper"]),
    warnings: [["weak_key", /^CN=mx\.test has a weak key \(RSA 1024\): a peer that verifies will see/]],
  },
  {
    name: "a weak signature",
    report: () => check("sha1", ["lower", "upper"]),
    warnings: [[
      "weak_signature",
      `CN=mx.test is signed in a weak way (ecdsa-with-SHA1): ${sees("CA signature digest algorithm too weak")}`,
    ]],
  },
  {
    name: "a certificate for clients",
    report: () => check("client", ["lower", "upper"]),
    warnings: [[
      "not_for_servers",
      `CN=mx.test is not made for servers (it has clientAuth): ${
        sees("unsuitable certificate purpose")
      } when it connects to a listener`,
    ]],
  },
  {
    name: "a certificate without names",
    report: () => check("no_names", ["lower", "upper"]),
    warnings: [[
      "no_names",
      /^CN=mx\.test has no subject alternative name: a peer that looks there alone will see no name/,
    ]],
  },
  {
    name: "an EC key that may not sign",
    report: () => check("agree", ["lower", "upper"]),
    warnings: [[
      "key_usage",
      /^CN=mx\.test is not made for signatures \(its key usage is keyAgreement\): a strict peer will/,
    ]],
  },
  {
    name: "an EC key for key encipherment",
    report: () => check("encipher", ["lower", "upper"]),
    warnings: [["key_usage", /^CN=mx\.test is not made for signatures \(its key usage is keyEncipherment\)/]],
  },
  {
    name: "an authority's certificate as a server's",
    report: () => check("ca_leaf", ["lower", "upper"]),
    warnings: [["leaf_is_authority", /^CN=mx\.test is a certificate of an authority: strict peers refuse it/]],
  },
  {
    name: "an issuer that is no authority",
    report: () => check("under_fake", ["fake", "upper"]),
    warnings: [[
      "issuer_is_no_authority",
      `CN=fake issues certificates and is no authority: ${sees("invalid CA certificate")}`,
    ]],
  },
  {
    name: "an issuer that may not sign",
    report: () => check("under_mute", ["mute", "upper"]),
    warnings: [[
      "issuer_is_no_authority",
      `CN=mute may not sign certificates by its key usage: ${sees("invalid CA certificate")}`,
    ]],
  },
  {
    name: "a key that is rare",
    report: () => check("ed", ["lower", "upper"]),
    warnings: [["rare_key", /^CN=mx\.test has a key that not every peer knows \(ED25519\)/]],
  },
  { name: "a leaf of the root itself", report: () => check("direct", []), warnings: [] },
];

for (const { name, report, warnings } of judged) {
  Deno.test(`checkChain judges ${name}`, () => {
    const found = report().warnings;
    assert.deepEqual(found.map(({ kind }) => kind), warnings.map(([kind]) => kind), JSON.stringify(found));
    warnings.forEach(([, says], index) => {
      if (typeof says === "string") assert.equal(found[index].text, says);
      else assert.match(found[index].text, says);
    });
    for (const { text } of found) assert.match(text, /^[^\n]+[^.]$/);
  });
}

Deno.test("checkChain tells a revoked certificate by the lists that are trusted", async () => {
  await shop.run(`
    touch index.txt; echo 01 >crlnumber
    printf '[ca]\\ndefault_ca=o\\n[o]\\ndatabase=index.txt\\ncrlnumber=crlnumber\\ndefault_md=sha256\\ndefault_crl_days=9\\n' >ca.cnf
    openssl ca -config ca.cnf -keyfile lower.key -cert lower.crt -revoke leaf.crt 2>/dev/null
    openssl ca -config ca.cnf -keyfile lower.key -cert lower.crt -gencrl -out lower.crl 2>/dev/null
  `);
  const trust = { ...trustIn("root"), crls: [shop.read("lower.crl")] };
  const wish = { leaf: one("leaf"), others: ["lower", "upper"].map(one), trust, now: Date.now() + 1_000 };
  const [warning, ...more] = checkChain(wish, engine).warnings;
  assert.deepEqual([warning.kind, warning.told.code, more], ["untrusted", "chain.untrusted", []]);
  assert.equal(warning.text, `CN=mx.test does not verify: ${sees("certificate revoked")}`);
});

Deno.test("checkChain takes names that differ in case alone for one, as RFC 5280 §7.1 does", async () => {
  await shop.run(`
    openssl req -new -key leaf.key -subj /CN=mx.test -out case.csr
    openssl req -new -key lower.key -subj "/CN=LoWer" -out lower2.csr
    openssl x509 -req -in lower2.csr -CA upper.crt -CAkey upper.key -set_serial 5 -extfile v3.cnf -extensions ca -out lower2.crt 2>/dev/null
  `);
  const report = check("leaf", ["lower2", "upper"], ["root"], Date.now() + 1_000);
  assert.deepEqual([names(report), report.trust], [["CN=LoWer by CN=upper", upper], { trusted: true }]);
});

Deno.test("checkChain is plain data, so that a page can show it", () => {
  const report = check("leaf", ["lower", "upper"]);
  assert.deepEqual(
    JSON.parse(JSON.stringify({ ...report, chain: [] })),
    JSON.parse(JSON.stringify({ ...report, chain: [] })),
  );
  assert.deepEqual(structuredClone(report), report);
});

Deno.test("checkChain refuses a hundred and one certificates beside the leaf", async () => {
  const found = await fault(() => check("leaf", Array.from({ length: 101 }, () => "stranger")));
  assert.equal(found.fault, "count");
});

Deno.test("checkChain ends where authorities certify each other in a circle", async () => {
  await shop.run(`
    sign() { openssl x509 -req -in $1.csr -CA $2.crt -CAkey $2.key -set_serial $3 -extfile v3.cnf -extensions ca -out $4.crt 2>/dev/null; }
    sign upper lower 77 upper_by_lower
  `);
  const report = check("leaf", ["lower", "upper_by_lower"], ["root"], Date.now() + 1_000);
  assert.deepEqual(names(report), [lower, "CN=upper by CN=lower"]);
  assert.equal(report.warnings[0].kind, "missing_issuer");
});

Deno.test("chooseLeaf takes the one certificate that fits the key, wherever it stands", async () => {
  const key = await readKey(shop.read("leaf.key"), { engine, what: "leaf.key" });
  const full = ["lower", "leaf", "upper", "leaf", "lower"].map(one);
  const { leaf, others } = chooseLeaf(full, { key, what: "mx.crt" });
  assert.deepEqual([leaf.subject, others.map(({ subject }) => subject)], ["CN=mx.test", [
    "CN=lower",
    "CN=upper",
    "CN=lower",
  ]]);
});

Deno.test("chooseLeaf refuses a certificate of another key, and two that fit", async () => {
  const key = await readKey(shop.read("leaf.key"), { engine, what: "leaf.key" });
  const other = await fault(() => chooseLeaf([one("ed")], { key, what: "mx.crt" }));
  assert.equal(other.fault, "mismatch");
  assert.equal(
    other.message,
    `Cannot use mx.crt: it does not fit the key; the public key of the key has SHA-256 ${key.publicKeySha256}, ` +
      `the certificate's has ${one("ed").publicKeySha256}`,
  );
  const two = await fault(() => chooseLeaf([one("leaf"), one("leaf_old")], { key, what: "mx.crt" }));
  assert.deepEqual(two, {
    fault: "count",
    message: "Cannot use mx.crt: it holds 2 certificates for this key, and one is wanted",
  });
});
