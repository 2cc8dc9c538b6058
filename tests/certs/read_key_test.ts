/** Private keys of every kind and form, as openssl writes them, and what is said of everything else. */
import assert from "node:assert/strict";
import { type Octets, octets, textOf } from "../../src/base/octets.ts";
import { writePem } from "../../src/certs/pem.ts";
import { readCertificates } from "../../src/certs/read.ts";
import { fits, readKey } from "../../src/certs/read_key.ts";
import { der, integer, octetString, oid, sequence } from "../support/der.ts";
import { engine, fault, Workshop } from "./formats_rig.ts";

const password = "geheim&wahr";
const shop = new Workshop();
await shop.run(`
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.key 2>/dev/null
openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out pss.key 2>/dev/null
for curve in P-256 P-384 P-521; do openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:$curve -out $curve.key; done
for kind in ED25519 ED448 X25519; do openssl genpkey -algorithm $kind -out $kind.key; done
openssl dsaparam -genkey -out dsa.key 1024 2>/dev/null
openssl pkcs8 -topk8 -nocrypt -in dsa.key -out dsa8.key
openssl dsa -in dsa.key -outform DER -out dsa.der 2>/dev/null
for key in rsa P-256 ED25519; do openssl req -x509 -new -key $key.key -subj /CN=a.test -days 30 -out $key.crt; done
openssl ecparam -name prime256v1 -genkey -out params.key 2>/dev/null
for key in rsa P-256; do
  openssl pkey -in $key.key -traditional -out $key.old
  openssl pkey -in $key.key -outform DER -out $key.der
  for cipher in aes128 aes256 des3; do
    openssl pkey -in $key.key -traditional -$cipher -passout 'pass:${password}' -out $key.$cipher
  done
done
openssl rsa -in rsa.key -traditional -outform DER -out rsa.old.der 2>/dev/null
openssl ec -in P-256.key -outform DER -out P-256.old.der 2>/dev/null
openssl pkcs8 -topk8 -in rsa.key -v2 aes-256-cbc -v2prf hmacWithSHA512 -passout 'pass:${password}' -out rsa.v2
openssl pkcs8 -topk8 -in rsa.key -v2 des3 -passout 'pass:${password}' -out rsa.v2des3
openssl pkcs8 -topk8 -in P-256.key -v2 aes-128-cbc -passout 'pass:${password}' -outform DER -out P-256.v2.der
openssl pkcs8 -topk8 -in P-256.key -scrypt -passout 'pass:${password}' -out P-256.scrypt
openssl pkcs8 -topk8 -in rsa.key -v1 PBE-SHA1-3DES -passout 'pass:${password}' -out rsa.v1
openssl pkcs8 -topk8 -in rsa.key -v1 PBE-SHA1-RC2-40 -provider legacy -provider default -passout 'pass:${password}' -out rsa.v1rc2
openssl pkcs8 -topk8 -in rsa.key -v1 PBE-MD5-DES -provider legacy -provider default -passout 'pass:${password}' -out rsa.v1des
openssl pkcs8 -topk8 -in rsa.key -v2 rc2 -provider legacy -provider default -passout 'pass:${password}' -out rsa.v2rc2
openssl req -new -key rsa.key -subj /CN=a.test -out a.csr
`);

const text = (name: string) => textOf(shop.read(name));
const read = (bytes: Octets, given?: string) => readKey(bytes, { engine, what: "mx.key", password: given });

const plain: [file: string, key: string, like?: string][] = [
  ["rsa.key", "RSA 2048"],
  ["rsa.old", "RSA 2048", "rsa.key"],
  ["rsa.der", "RSA 2048", "rsa.key"],
  ["rsa.old.der", "RSA 2048", "rsa.key"],
  ["pss.key", "RSA-PSS 2048"],
  ["P-256.key", "EC P-256"],
  ["P-256.old", "EC P-256", "P-256.key"],
  ["P-256.der", "EC P-256", "P-256.key"],
  ["P-256.old.der", "EC P-256", "P-256.key"],
  ["params.key", "EC P-256"],
  ["P-384.key", "EC P-384"],
  ["P-521.key", "EC P-521"],
  ["ED25519.key", "ED25519"],
  ["ED448.key", "ED448"],
];

for (const [file, kind, like] of plain) {
  Deno.test(`readKey takes ${file}`, async () => {
    const found = await read(shop.read(file));
    assert.deepEqual([found.key, found.encrypted], [kind, false]);
    // Whatever it came as, it is PKCS#8 afterwards.
    assert.equal(found.pem, text(like ?? file).match(/-----BEGIN PRIVATE KEY-----/) ? text(like ?? file) : found.pem);
    assert.match(found.pem, /^-----BEGIN PRIVATE KEY-----\n[\s\S]+\n-----END PRIVATE KEY-----\n$/);
    // A password that is not needed does no harm.
    assert.deepEqual(await read(shop.read(file), password), found);
  });
}

const encrypted: [file: string, like: string][] = [
  ["rsa.aes128", "rsa.key"],
  ["rsa.aes256", "rsa.key"],
  ["rsa.des3", "rsa.key"],
  ["P-256.aes128", "P-256.key"],
  ["P-256.aes256", "P-256.key"],
  ["P-256.des3", "P-256.key"],
  ["rsa.v2", "rsa.key"],
  ["rsa.v2des3", "rsa.key"],
  ["P-256.v2.der", "P-256.key"],
  ["P-256.scrypt", "P-256.key"],
  ["rsa.v1", "rsa.key"],
  ["rsa.v1rc2", "rsa.key"],
  ["rsa.v1des", "rsa.key"],
  ["rsa.v2rc2", "rsa.key"],
];

for (const [file, like] of encrypted) {
  Deno.test(`readKey opens ${file} by its password and by no other`, async () => {
    const bytes = shop.read(file);
    const found = await read(bytes, password);
    assert.deepEqual([found.pem, found.encrypted], [text(like), true]);
    const secrets = [password, "falsches Wort"];
    const wrong = await fault(() => read(bytes, "falsches Wort"), { secrets });
    assert.deepEqual(wrong, {
      fault: "password_wrong",
      message: "Cannot read mx.key: the password does not open it",
    });
    const empty = await fault(() => read(bytes, ""), { secrets });
    assert.equal(empty.fault, "password_wrong");
    const missing = await fault(() => read(bytes), { secrets });
    assert.deepEqual(missing, {
      fault: "password_missing",
      message: "Cannot read mx.key: it is encrypted, and no password was given",
    });
  });
}

Deno.test("readKey takes CRLF, text and certificates around the key", async () => {
  const bytes = octets(`Bag Attributes\n${text("rsa.crt")}\n${text("rsa.aes128")}`.replaceAll("\n", "\r\n"));
  assert.equal((await read(bytes, password)).pem, text("rsa.key"));
});

Deno.test("fits tells which key is whose", async () => {
  const keys = await Promise.all(["rsa", "P-256", "ED25519"].map((name) => read(shop.read(`${name}.key`))));
  const certificates = ["rsa", "P-256", "ED25519"].map((name) =>
    readCertificates(shop.read(`${name}.crt`), { engine, what: name }).certificates[0]
  );
  assert.deepEqual(keys.map((key) => certificates.map((certificate) => fits(key, certificate))), [
    [true, false, false],
    [false, true, false],
    [false, false, true],
  ]);
});

/** An encrypted key that asks for so many rounds. */
function slow(derivation: Octets): Octets {
  const cipher = sequence(oid("2.16.840.1.101.3.4.1.42"), octetString(new Uint8Array(16)));
  const algorithm = sequence(oid("1.2.840.113549.1.5.13"), sequence(derivation, cipher));
  return sequence(algorithm, octetString(new Uint8Array(64)));
}
const pbkdf2 = (rounds: number) =>
  sequence(oid("1.2.840.113549.1.5.12"), sequence(octetString(new Uint8Array(8)), integer(rounds)));
const scrypt = (n: number, r: number, p: number) =>
  sequence(oid("1.3.6.1.4.1.11591.4.11"), sequence(octetString(new Uint8Array(8)), integer(n), integer(r), integer(p)));

/** A DSA key whose public half would take years to derive: 2^(2^20) to the power of as many bits. */
function hostileDsa(): Octets {
  const long = () => {
    const bytes = new Uint8Array(100_000).fill(0x55);
    return der(0x02, bytes);
  };
  const parameters = sequence(long(), long(), long());
  return sequence(integer(0), sequence(oid("1.2.840.10040.4.1"), parameters), octetString(long()));
}

const refused: { name: string; bytes: () => Octets; kind: string; says: RegExp; given?: string }[] = [
  { name: "an empty file", bytes: () => octets(""), kind: "empty", says: /^Cannot read mx\.key: it is empty$/ },
  { name: "10 MB of zeros", bytes: () => new Uint8Array(10_000_000), kind: "format", says: /neither PEM nor DER/ },
  {
    name: "a certificate",
    bytes: () => shop.read("rsa.crt"),
    kind: "kind",
    says: /^Cannot read mx\.key: it is a certificate, not a private key$/,
  },
  {
    name: "a request",
    bytes: () => shop.read("a.csr"),
    kind: "kind",
    says: /a certificate signing request, not a private/,
  },
  {
    name: "two keys",
    bytes: () => octets(text("rsa.key") + text("P-256.key")),
    kind: "count",
    says: /it holds 2 private keys, and one is wanted$/,
  },
  {
    name: "a DSA key",
    bytes: () => shop.read("dsa.key"),
    kind: "unsupported",
    says: /^Cannot use the key in mx\.key: it is for DSA/,
  },
  {
    name: "a DSA key in PKCS#8",
    bytes: () => shop.read("dsa8.key"),
    kind: "unsupported",
    says: /it is for DSA; RSA, EC or/,
  },
  {
    name: "a DSA key in DER",
    bytes: () => shop.read("dsa.der"),
    kind: "unsupported",
    says: /it is for DSA; RSA, EC or/,
  },
  {
    name: "a DSA key that would take years to derive",
    bytes: hostileDsa,
    kind: "too_large",
    says: /its key has more than 16384 octets$/,
  },
  {
    name: "an X25519 key",
    bytes: () => shop.read("X25519.key"),
    kind: "unsupported",
    says: /it is for X25519; RSA, EC or/,
  },
  {
    name: "a key that is cut off",
    bytes: () => shop.read("rsa.key").slice(0, 900),
    kind: "format",
    says: /block 1 \(PRIVATE KEY\) is cut off/,
  },
  {
    name: "a key whose DER is cut off",
    bytes: () => octets(writePem("PRIVATE KEY", shop.read("rsa.der").slice(0, 900))),
    kind: "format",
    says: /its key is broken/,
  },
  {
    name: "a key on a curve that nobody knows",
    bytes: () => sequence(integer(1), octetString(new Uint8Array(32).fill(7)), der(0xa0, oid("1.2.3.4"))),
    kind: "format",
    says: /^Cannot read mx\.key: its key is broken \(.+\)$/,
  },
  {
    name: "a key under the label of another",
    bytes: () => octets(writePem("PRIVATE KEY", shop.read("P-256.der").slice(0, 20))),
    kind: "format",
    says: /its key is broken/,
  },
  {
    name: "an EC key whose halves are two keys'",
    bytes: () => {
      const bytes = shop.read("P-256.old.der");
      bytes[20] ^= 1; // within the private half
      return bytes;
    },
    kind: "format",
    says: /its key is broken \(its private and its public half do not belong together\)$/,
  },
  {
    name: "an RSA key in which a bit fell over",
    bytes: () => {
      const bytes = shop.read("rsa.old.der");
      bytes[60] ^= 1; // within the modulus
      return bytes;
    },
    kind: "format",
    says: /its key is broken \(.+\)$/,
  },
  {
    name: "a certificate under the label of a key",
    bytes: () => octets(text("rsa.crt").replaceAll("CERTIFICATE", "PRIVATE KEY")),
    kind: "format",
    says: /its key is broken/,
  },
  {
    name: "2³¹ rounds of PBKDF2",
    bytes: () => slow(pbkdf2(2 ** 31 - 1)),
    given: password,
    kind: "unsupported",
    says: /its password takes more than 5000000 rounds to check$/,
  },
  {
    name: "more rounds than there are numbers",
    bytes: () =>
      slow(
        sequence(
          oid("1.2.840.113549.1.5.12"),
          sequence(octetString(new Uint8Array(8)), der(0x02, new Uint8Array(40).fill(0x7f))),
        ),
      ),
    given: password,
    kind: "unsupported",
    says: /more than 5000000 rounds/,
  },
  {
    name: "scrypt that is wide",
    bytes: () => slow(scrypt(131_072, 1, 131_072)),
    given: password,
    kind: "unsupported",
    says: /more than 5000000 rounds/,
  },
  {
    name: "an encryption that is not known",
    bytes: () => slow(sequence(oid("1.2.3"), sequence())),
    given: password,
    kind: "unsupported",
    says: /it is encrypted by a method that is not known \(1\.2\.840\.113549\.1\.5\.13\)$/,
  },
  {
    name: "an old cipher that nobody should use",
    bytes: () => octets(text("rsa.des3").replace("DES-EDE3-CBC", "DES-CBC")),
    given: password,
    kind: "unsupported",
    says: /it is encrypted by DES-CBC, which is not supported$/,
  },
  {
    name: "old encryption without its header",
    bytes: () => octets(text("rsa.des3").replace(/DEK-Info:.*/, "X: y")),
    given: password,
    kind: "format",
    says: /it does not say how it is encrypted$/,
  },
  {
    name: "a password with a NUL",
    bytes: () => shop.read("rsa.v2"),
    given: "geheim\0",
    kind: "password_wrong",
    says: /the password has a NUL or more than 1024 octets in it$/,
  },
  {
    name: "a password that OpenSSL would cut",
    bytes: () => shop.read("rsa.aes128"),
    given: "ü".repeat(513),
    kind: "password_wrong",
    says: /the password has a NUL or more than 1024 octets in it$/,
  },
];

for (const { name, bytes, kind, says, given } of refused) {
  Deno.test(`readKey refuses ${name}`, async () => {
    const input = bytes();
    const from = performance.now();
    const found = await fault(() => read(input, given), { secrets: given === undefined ? [] : [given] });
    assert.equal(found.fault, kind, found.message);
    assert.match(found.message, says);
    assert.ok(performance.now() - from < 10_000, `${performance.now() - from} ms`);
  });
}
