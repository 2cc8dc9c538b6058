/** PKCS#12 both ways: OpenSSL of today and of old, Java's keytool, Windows' habits; and what hostile files get. */
import assert from "node:assert/strict";
import { joined, type Octets, octets, textOf } from "../../src/base/octets.ts";
import { chosenEntry, readPkcs12, writePkcs12 } from "../../src/certs/pkcs12.ts";
import { readCertificates } from "../../src/certs/read.ts";
import { RoundsBudget } from "../../src/certs/sealed.ts";
import { readKey } from "../../src/certs/read_key.ts";
import { asBer, der, integer, octetString, oid, sequence } from "../support/der.ts";
import { peerTest } from "../support/peers.ts";
import { engine, fault, Workshop } from "./formats_rig.ts";

const password = "geheim&wahr";
const shop = new Workshop();
await shop.run(`
cat >v3.cnf <<END
[ca]
basicConstraints=critical,CA:TRUE
keyUsage=keyCertSign
subjectKeyIdentifier=hash
[leaf]
basicConstraints=CA:FALSE
subjectAltName=DNS:mx.example.test
END
sign() { # name, issuer, section
  openssl req -new -key $1.key -subj "/CN=$1" -out $1.csr
  openssl x509 -req -in $1.csr -CA $2.crt -CAkey $2.key -CAcreateserial -days 30 -extfile v3.cnf -extensions $3 -out $1.crt 2>/dev/null
}
for name in root upper lower ec ed; do openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $name.key; done
openssl genpkey -algorithm ED25519 -out ed.key
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.key 2>/dev/null
openssl req -x509 -new -key root.key -subj /CN=root -days 30 -out root.crt -addext keyUsage=keyCertSign
sign upper root ca; sign lower upper ca; sign ec lower leaf; sign rsa lower leaf; sign ed lower leaf
cat lower.crt upper.crt >chain.crt
`);

/** A virtual machine that lives for a second needs one thread. */
const quick = "-J-XX:+UseSerialGC";

const export12 = (out: string, options: string, { key = "rsa", pass = password } = {}) =>
  shop.run(
    `openssl pkcs12 -export -inkey ${key}.key -in ${key}.crt -certfile chain.crt -name "Post Nr. 1" ` +
      `-passout 'pass:${pass}' -out ${out} ${options}`,
  );
const read = (bytes: Octets, given?: string) => readPkcs12(bytes, { engine, what: "mx.p12", password: given });
const text = (name: string) => textOf(shop.read(name));
const certificateOf = (name: string) =>
  readCertificates(shop.read(`${name}.crt`), { engine, what: name }).certificates[0];

const written: { name: string; options: string; key?: string; pass?: string }[] = [
  { name: "OpenSSL 3 (PBES2, AES-256, SHA-256)", options: "" },
  { name: "OpenSSL 3, an EC key", options: "", key: "ec" },
  { name: "OpenSSL 3, an Ed25519 key", options: "", key: "ed" },
  { name: "OpenSSL 1.x (RC2-40, triple DES, SHA-1)", options: "-legacy" },
  { name: "OpenSSL 1.x, an EC key", options: "-legacy", key: "ec" },
  {
    name: "Windows of old (triple DES for all, SHA-1)",
    options: "-keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1 -LMK " +
      "-CSP 'Microsoft Software Key Storage Provider'",
  },
  { name: "RC2 with 128 bits", options: "-legacy -certpbe PBE-SHA1-RC2-128 -keypbe PBE-SHA1-RC2-128" },
  { name: "RC4 with 128 bits", options: "-legacy -certpbe PBE-SHA1-RC4-128" },
  { name: "AES-128 with SHA-512 as its checksum", options: "-keypbe AES-128-CBC -certpbe AES-128-CBC -macalg sha512" },
  { name: "AES-192 with SHA-384 as its checksum", options: "-keypbe AES-192-CBC -certpbe AES-192-CBC -macalg sha384" },
  { name: "Camellia", options: "-keypbe CAMELLIA-256-CBC -certpbe CAMELLIA-256-CBC" },
  { name: "certificates in clear", options: "-certpbe NONE" },
  { name: "a key in clear", options: "-keypbe NONE" },
  { name: "one round", options: "-iter 1" },
  { name: "60,000 rounds", options: "-iter 60000" },
  { name: "a password in another script", options: "", pass: "Schlüssel-密钥-😀" },
  { name: "a password in another script, the old way", options: "-legacy", pass: "Schlüssel-密钥-😀" },
];

for (const { name, options, key = "rsa", pass = password } of written) {
  Deno.test(`readPkcs12 takes ${name}`, async () => {
    await export12("in.p12", options, { key, pass });
    const { entries, certificates, notes } = await read(shop.read("in.p12"), pass);
    assert.equal(entries.length, 1);
    const [{ key: found, certificate, friendlyName }] = entries;
    assert.equal(found.pem, text(`${key}.key`));
    assert.deepEqual(certificate, certificateOf(key));
    assert.equal(friendlyName, "Post Nr. 1");
    assert.deepEqual(certificates.map(({ subject }) => subject), ["CN=lower", "CN=upper"]);
    assert.deepEqual(notes, []);
    const wrong = await fault(() => read(shop.read("in.p12"), "falsches Wort"), { secrets: [pass, "falsches Wort"] });
    assert.deepEqual(wrong, {
      fault: "password_wrong",
      message: "Cannot read mx.p12: the password does not open it, or it is damaged",
    });
    assert.equal((await fault(() => read(shop.read("in.p12")))).fault, "password_missing");
  });
}

Deno.test("readPkcs12 takes a file without a checksum, says so, and knows a wrong password all the same", async () => {
  await export12("nomac.p12", "-nomac");
  const { entries, notes } = await read(shop.read("nomac.p12"), password);
  assert.equal(entries[0].key.pem, text("rsa.key"));
  assert.deepEqual(notes, ["mx.p12 has no checksum, so nothing tells whether somebody changed it"]);
  assert.equal((await fault(() => read(shop.read("nomac.p12"), "falsch"))).fault, "password_wrong");
});

Deno.test("readPkcs12 takes of two certificates for one key the one that lasts longer", async () => {
  await shop.run(
    "openssl x509 -req -in ec.csr -CA lower.crt -CAkey lower.key -set_serial 99 -days 400 -out ec2.crt 2>/dev/null; " +
      "cat chain.crt ec2.crt >more.crt; openssl pkcs12 -export -inkey ec.key -in ec.crt -certfile more.crt " +
      `-passout 'pass:${password}' -out renewed.p12`,
  );
  const { entries, certificates } = await read(shop.read("renewed.p12"), password);
  assert.equal(entries[0].certificate?.serial, "63");
  assert.deepEqual(certificates.map(({ subject }) => subject).sort(), ["CN=ec", "CN=lower", "CN=upper"]);
});

Deno.test("readPkcs12 takes an empty password and none at all, whichever was meant", async () => {
  for (const options of ["", "-legacy"]) {
    await export12("empty.p12", options, { pass: "" });
    for (const given of ["", undefined]) {
      assert.equal((await read(shop.read("empty.p12"), given)).entries[0].key.pem, text("rsa.key"));
    }
  }
  // Windows may mean none at all by it: a checksum over no password.
  const bare = await windowsWithoutPassword();
  for (const given of ["", undefined]) assert.equal((await read(bare, given)).entries[0].key.pem, text("ec.key"));
  assert.equal((await fault(() => read(bare, "falsch"))).fault, "password_wrong");
});

/** A key in clear whose checksum is made of no password at all: no octets instead of the two that end an empty one. */
async function windowsWithoutPassword(): Promise<Octets> {
  await shop.run("openssl pkey -in ec.key -outform DER -out ec.der");
  const salt = octets("saltsalt");
  const bag = sequence(oid("1.2.840.113549.1.12.10.1.1"), der(0xa0, shop.read("ec.der")));
  const data = (content: Octets) => sequence(oid("1.2.840.113549.1.7.1"), der(0xa0, octetString(content)));
  const safe = sequence(data(sequence(bag)));
  // RFC 7292 §B.2 by the openssl command, which has no other name for "no password" than an empty key.
  const key = await shop.run(
    "openssl kdf -keylen 20 -kdfopt digest:SHA1 -kdfopt hexpass: -kdfopt salt:saltsalt -kdfopt iter:2000 -kdfopt id:3 " +
      "PKCS12KDF | tr -d ':\\n'",
  );
  shop.write("safe.der", safe);
  const mac = await shop.run(
    `openssl dgst -sha1 -mac HMAC -macopt hexkey:${key} -binary safe.der | od -An -tx1 | tr -d ' \\n'`,
  );
  const info = sequence(sequence(oid("1.3.14.3.2.26"), der(0x05)), octetString(Uint8Array.fromHex(mac)));
  return sequence(integer(3), data(safe), sequence(info, octetString(salt), integer(2000)));
}

Deno.test("readPkcs12 takes what OpenSSL before 1.1 made of a password outside ASCII", async () => {
  // Each octet of UTF-8 was a character of its own then: so was its password, in today's words.
  await export12("old.p12", "-legacy", { pass: String.fromCharCode(...octets("Schlüssel")) });
  assert.equal((await read(shop.read("old.p12"), "Schlüssel")).entries[0].key.pem, text("rsa.key"));
});

Deno.test("readPkcs12 takes BER with indefinite lengths and strings in pieces, as browsers wrote it", async () => {
  for (const options of ["", "-legacy"]) {
    await export12("stream.p12", options);
    const { entries, certificates } = await read(asBer(shop.read("stream.p12")), password);
    assert.deepEqual([entries[0].key.pem, certificates.length], [text("rsa.key"), 2]);
  }
});

Deno.test("readPkcs12 takes PBMAC1 (RFC 9579), made by openssl kdf and dgst", async () => {
  await export12("nomac.p12", "-nomac", { key: "ec" });
  const bare = shop.read("nomac.p12");
  const safe = new Uint8Array(Uint8Array.fromHex(
    await shop.run(
      "openssl asn1parse -inform DER -in nomac.p12 -strparse 26 -noout -out safe.der; od -An -v -tx1 safe.der | tr -d ' \\n'",
    ),
  ));
  assert.equal(safe[0], 0x30);
  const pass = Uint8Array.from(octets(password)).toHex();
  for (const [digest, prf, length] of [["sha256", "2.9", 32], ["sha512", "2.11", 64]] as const) {
    const key = await shop.run(
      `openssl kdf -keylen ${length} -kdfopt digest:${digest} -kdfopt hexpass:${pass} -kdfopt hexsalt:0102030405060708 ` +
        `-kdfopt iter:3000 PBKDF2 | tr -d ':\\n'`,
    );
    const mac = await shop.run(
      `openssl dgst -${digest} -mac HMAC -macopt hexkey:${key} -binary safe.der | od -An -v -tx1 | tr -d ' \\n'`,
    );
    const hmac = sequence(oid(`1.2.840.113549.${prf}`), der(0x05));
    const salt = octetString(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    const derivation = sequence(oid("1.2.840.113549.1.5.12"), sequence(salt, integer(3000), integer(length), hmac));
    const info = sequence(
      sequence(oid("1.2.840.113549.1.5.14"), sequence(derivation, hmac)),
      octetString(Uint8Array.fromHex(mac)),
    );
    const content = bare.subarray(bare.length - (bare[1] === 0x82 ? bare[2] * 256 + bare[3] : 0));
    const file = der(0x30, joined([content, sequence(info, octetString(octets("NOT USED")), integer(1))]));
    assert.equal((await read(file, password)).entries[0].key.pem, text("ec.key"));
    assert.equal((await fault(() => read(file, "falsch"))).fault, "password_wrong");
  }
});

peerTest(["keytool"], "readPkcs12 takes Java's keystores, of one key and of several", async () => {
  const tool = (args: string) =>
    shop.run(`keytool ${quick} ${args} -storetype PKCS12 -keystore java.p12 -storepass '${password}' 2>&1`);
  await tool("-genkeypair -alias Eins -keyalg EC -groupname secp256r1 -dname CN=eins.test -ext san=dns:eins.test");
  const one = await read(shop.read("java.p12"), password);
  assert.deepEqual(one.entries.map(({ friendlyName, certificate }) => [friendlyName, certificate?.dnsNames]), [
    ["eins", ["eins.test"]],
  ]);
  await tool("-genkeypair -alias zwei -keyalg EC -groupname secp384r1 -dname CN=zwei.test");
  await tool("-genseckey -alias geheimnis -keyalg AES -keysize 256");
  const two = await read(shop.read("java.p12"), password);
  assert.deepEqual(two.entries.map(({ friendlyName }) => friendlyName).sort(), ["eins", "zwei"]);
  assert.deepEqual(two.notes, ["In mx.p12 there is a secret key too: it is left out"]);
  assert.equal(chosenEntry(two, { what: "mx.p12", name: "ZWEI" }).key.key, "EC P-384");
  const unsaid = await fault(() => chosenEntry(two, { what: "mx.p12" }));
  assert.match(
    unsaid.message,
    /^Cannot import mx\.p12: it holds 2 private keys \((eins, zwei|zwei, eins)\), and one has to/,
  );
  const absent = await fault(() => chosenEntry(two, { what: "mx.p12", name: "drei" }));
  assert.match(absent.message, /and none is named drei$/);
  // The forms that Java wrote before 8u301.
  await shop.run(
    `keytool ${quick} -J-Dkeystore.pkcs12.legacy -importkeystore -noprompt -srckeystore java.p12 -srcstorepass '${password}' ` +
      `-srcalias eins -destkeystore java8.p12 -deststoretype PKCS12 -deststorepass '${password}' 2>&1`,
  );
  const info = await shop.run(`openssl pkcs12 -info -noout -legacy -in java8.p12 -passin 'pass:${password}' 2>&1`);
  assert.match(info, /MAC: sha1,[\s\S]*40BitRC2-CBC/);
  assert.deepEqual((await read(shop.read("java8.p12"), password)).entries[0].certificate?.dnsNames, ["eins.test"]);
});

const content = async (name: string) => ({
  key: await readKey(shop.read(`${name}.key`), { engine, what: name }),
  certificate: certificateOf(name),
  chain: readCertificates(shop.read("chain.crt"), { engine, what: "chain" }).certificates,
  friendlyName: "Post Nr. 1 ü",
  password,
});

for (const protection of ["modern", "legacy"] as const) {
  for (const name of ["rsa", "ec", "ed"]) {
    Deno.test(`writePkcs12 (${protection}, ${name}) is read by openssl and by ourselves`, async () => {
      shop.write("out.p12", await writePkcs12({ ...await content(name), protection }, engine));
      const command = `openssl pkcs12 -in out.p12 -passin 'pass:${password}' -nodes`;
      const said = await shop.run(
        `${command} -info 2>&1; openssl pkcs12 -legacy -in out.p12 -passin 'pass:${password}' -noout`,
      );
      const forms = protection === "modern"
        ? /MAC: sha256[\s\S]*PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256[\s\S]*Shrouded Keybag: PBES2/
        : /MAC: sha1[\s\S]*pbeWithSHA1And3-KeyTripleDES-CBC[\s\S]*Shrouded Keybag: pbeWithSHA1And3-KeyTripleDES-CBC/;
      assert.match(said, forms);
      assert.match(said, /friendlyName: Post Nr\. 1 /);
      assert.deepEqual([...said.matchAll(/subject=CN = (\w+)/g)].map(([, cn]) => cn), [name, "lower", "upper"]);
      const key = await shop.run(`${command} -nocerts | openssl pkey`);
      assert.equal(key, text(`${name}.key`));
      const back = await read(shop.read("out.p12"), password);
      assert.deepEqual([back.entries[0].friendlyName, back.entries[0].key.pem], ["Post Nr. 1 ü", key]);
    });
  }
  peerTest(["keytool"], `writePkcs12 (${protection}) is read by Java's keytool, with its chain`, async () => {
    shop.write("out.p12", await writePkcs12({ ...await content("rsa"), friendlyName: "mx1", protection }, engine));
    const said = await shop.run(
      `keytool ${quick} -list -v -storetype PKCS12 -keystore out.p12 -storepass '${password}' 2>&1`,
    );
    assert.match(said, /Alias name: mx1\n[\s\S]*Entry type: PrivateKeyEntry\nCertificate chain length: 3\n/);
    assert.ok(said.includes(certificateOf("rsa").fingerprint));
    // Java opens the key too.
    await shop.run(
      `rm -f copy.p12; keytool ${quick} -importkeystore -noprompt -srckeystore out.p12 -srcstorepass '${password}' ` +
        `-destkeystore copy.p12 -deststoretype PKCS12 -deststorepass '${password}' 2>&1`,
    );
    assert.equal((await read(shop.read("copy.p12"), password)).entries[0].key.pem, text("rsa.key"));
  });
}

Deno.test("writePkcs12 refuses a key of another certificate", async () => {
  const mixed = { ...await content("rsa"), certificate: certificateOf("ec"), protection: "modern" } as const;
  const found = await fault(() => writePkcs12(mixed, engine), { secrets: [password] });
  assert.deepEqual(found, {
    fault: "mismatch",
    message: "Cannot write a PKCS#12 file: the key is another certificate's",
  });
});

/** A file that asks for so many rounds. */
const slowMac = (rounds: number) => {
  const info = sequence(sequence(oid("1.3.14.3.2.26"), der(0x05)), octetString(new Uint8Array(20)));
  const safe = sequence(oid("1.2.840.113549.1.7.1"), der(0xa0, octetString(sequence())));
  return sequence(integer(3), safe, sequence(info, octetString(new Uint8Array(8)), integer(rounds)));
};
const refused: { name: string; bytes: () => Octets | Promise<Octets>; kind: string; says: RegExp }[] = [
  { name: "an empty file", bytes: () => octets(""), kind: "empty", says: /^Cannot read mx\.p12: it is empty$/ },
  {
    name: "10 MB of noise",
    bytes: () => new Uint8Array(10_000_000).fill(0x5a),
    kind: "format",
    says: /it is no PKCS#12 file/,
  },
  {
    name: "a certificate",
    bytes: () => shop.read("rsa.crt"),
    kind: "kind",
    says: /^Cannot read mx\.p12: it is a certificate, not a PKCS#12 file$/,
  },
  {
    name: "a key and a certificate in PEM",
    bytes: () => octets(text("rsa.key") + text("rsa.crt")),
    kind: "kind",
    says: /it holds a private key, a certificate, but not a PKCS#12 file$/,
  },
  {
    name: "a file that is cut off",
    bytes: async () => {
      await export12("whole.p12", "");
      return shop.read("whole.p12").slice(0, 1_500);
    },
    kind: "format",
    says: /^Cannot read mx\.p12: it is no PKCS#12 file, or it is cut off or broken$/,
  },
  {
    name: "a file in which a bit fell over",
    bytes: async () => {
      await export12("whole.p12", "");
      const bytes = shop.read("whole.p12");
      bytes[900] ^= 1;
      return bytes;
    },
    kind: "password_wrong",
    says: /the password does not open it, or it is damaged$/,
  },
  {
    name: "2³¹ rounds of its checksum",
    bytes: () => slowMac(2 ** 31 - 1),
    kind: "unsupported",
    says: /more than 5000000 rounds/,
  },
  { name: "no rounds at all", bytes: () => slowMac(0), kind: "format", says: /its checksum has no rounds\)$/ },
  {
    name: "a checksum of an unknown make",
    bytes: () => {
      const info = sequence(sequence(oid("1.2.3.4")), octetString(new Uint8Array(20)));
      const safe = sequence(oid("1.2.840.113549.1.7.1"), der(0xa0, octetString(sequence())));
      return sequence(integer(3), safe, sequence(info, octetString(new Uint8Array(8))));
    },
    kind: "unsupported",
    says: /its checksum is made in a way that is not known \(1\.2\.3\.4\)$/,
  },
  {
    name: "a signature instead of a password",
    bytes: () => sequence(integer(3), sequence(oid("1.2.840.113549.1.7.2"), der(0xa0, sequence()))),
    kind: "unsupported",
    says: /it is protected by a signature, not by a password$/,
  },
  {
    name: "bags within bags without end",
    bytes: () => {
      let contents = sequence();
      for (let depth = 0; depth < 6; depth++) {
        contents = sequence(sequence(oid("1.2.840.113549.1.12.10.1.6"), der(0xa0, contents)));
      }
      const data = (bytes: Octets) => sequence(oid("1.2.840.113549.1.7.1"), der(0xa0, octetString(bytes)));
      return sequence(integer(3), data(sequence(data(contents))));
    },
    kind: "format",
    says: /it is a broken PKCS#12 file \(it is nested too deeply\)$/,
  },
];

for (const { name, bytes, kind, says } of refused) {
  Deno.test(`readPkcs12 refuses ${name}`, async () => {
    const input = await bytes();
    const from = performance.now();
    const found = await fault(() => read(input, password), { secrets: [password] });
    assert.equal(found.fault, kind, found.message);
    assert.match(found.message, says);
    assert.ok(performance.now() - from < 10_000, `${performance.now() - from} ms`);
  });
}

Deno.test("RoundsBudget counts all rounds of a file together", async () => {
  const budget = new RoundsBudget("mx.p12");
  for (let part = 0; part < 5; part++) budget.take(1_000_000);
  const found = await fault(() => budget.take(1));
  assert.deepEqual(found, {
    fault: "unsupported",
    message: "Cannot read mx.p12: its password takes more than 5000000 rounds to check",
  });
});

Deno.test("chosenEntry refuses a file without a key, and says what there is", async () => {
  await shop.run(`openssl pkcs12 -export -nokeys -in chain.crt -passout 'pass:${password}' -out keyless.p12`);
  const reading = await read(shop.read("keyless.p12"), password);
  const found = await fault(() => chosenEntry(reading, { what: "mx.p12" }));
  assert.deepEqual(found, {
    fault: "count",
    message: "Cannot import mx.p12: it holds no private key, only 2 certificates",
  });
});
