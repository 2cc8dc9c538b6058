/** Certificates of every format that authorities and administrators hand in, and what is said of everything else. */
import assert from "node:assert/strict";
import { joined, type Octets, octets, textOf } from "../../src/base/octets.ts";
import { writePem } from "../../src/certs/pem.ts";
import { readCertificates } from "../../src/certs/read.ts";
import { asBer, der, integer, oid, sequence } from "../support/der.ts";
import { engine, fault, Workshop } from "./formats_rig.ts";

const shop = new Workshop();
await shop.run(`
for name in a b; do
  openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout $name.key -out $name.crt -days 30 \
    -subj "/O=Schöne Post/CN=$name.test" -utf8 -addext subjectAltName=DNS:$name.test,DNS:mx.$name.test,IP:10.0.0.1,IP:2001:db8::1 \
    -addext basicConstraints=critical,CA:TRUE,pathlen:3 -addext keyUsage=digitalSignature,keyCertSign \
    -addext extendedKeyUsage=serverAuth,clientAuth,1.2.3.4 -addext tlsfeature=status_request \
    -addext crlDistributionPoints=URI:http://ca.test/list.crl \
    -addext "authorityInfoAccess=OCSP;URI:http://ocsp.test,caIssuers;URI:http://ca.test/up.crt" 2>/dev/null
done
openssl x509 -in a.crt -outform DER -out a.der
openssl x509 -in a.crt -text -out a.txt
openssl x509 -in a.crt -trustout -addtrust serverAuth -out a.trusted
openssl crl2pkcs7 -nocrl -certfile a.crt -certfile b.crt -out ab.p7b
openssl crl2pkcs7 -nocrl -certfile a.crt -certfile b.crt -outform DER -out ab.der.p7b
openssl crl2pkcs7 -nocrl -outform DER -out none.p7b
openssl req -new -key a.key -subj /CN=a.test -out a.csr
openssl req -in a.csr -outform DER -out a.csr.der
openssl pkcs8 -topk8 -in a.key -passout pass:geheim -out a.key8
openssl pkey -in a.key -outform DER -out a.key.der
openssl pkey -in a.key -pubout -out a.pub
openssl pkey -in a.key -pubout -outform DER -out a.pub.der
openssl pkcs12 -export -in a.crt -inkey a.key -passout pass:geheim -out a.p12
openssl dhparam -dsaparam -out dh.pem 512 2>/dev/null
touch index.txt; echo 01 >crlnumber
printf '[ca]\\ndefault_ca=o\\n[o]\\ndatabase=index.txt\\ncrlnumber=crlnumber\\ndefault_md=sha256\\ndefault_crl_days=30\\n' >ca.cnf
openssl ca -config ca.cnf -gencrl -keyfile a.key -cert a.crt -out a.crl 2>/dev/null
openssl crl -in a.crl -outform DER -out a.crl.der
`);

const read = (bytes: Octets) => readCertificates(bytes, { engine, what: "mx.crt" });
const text = (name: string) => textOf(shop.read(name));
const a = read(shop.read("a.crt")).certificates[0];
const utf16 = (of: string, big: boolean) => {
  const view = new DataView(new ArrayBuffer(of.length * 2 + 2));
  [...`\ufeff${of}`].forEach((char, at) => view.setUint16(2 * at, char.charCodeAt(0), !big));
  return new Uint8Array(view.buffer);
};
const key = () => text("a.key");

const taken: { name: string; bytes: () => Octets; certificates?: string[]; notes?: RegExp[] }[] = [
  { name: "PEM", bytes: () => shop.read("a.crt") },
  { name: "PEM with CRLF", bytes: () => octets(text("a.crt").replaceAll("\n", "\r\n")) },
  { name: "PEM with CR alone", bytes: () => octets(text("a.crt").replaceAll("\n", "\r")) },
  { name: "PEM with a byte order mark", bytes: () => octets(`\ufeff${text("a.crt")}`) },
  { name: "PEM in UTF-16 of Windows", bytes: () => utf16(text("a.crt"), false) },
  { name: "PEM in UTF-16, the other end first", bytes: () => utf16(text("a.crt"), true) },
  { name: "PEM with text around", bytes: () => shop.read("a.txt") },
  { name: "PEM that a mail program indented", bytes: () => octets(text("a.crt").replaceAll(/^/gm, "   ")) },
  { name: "PEM in one long line", bytes: () => octets(text("a.crt").replaceAll(/([\w+/=])\n(?=[\w+/=])/g, "$1")) },
  { name: "PEM without a line end at its end", bytes: () => octets(text("a.crt").trimEnd()) },
  { name: "OpenSSL's trusted certificate", bytes: () => shop.read("a.trusted") },
  { name: "the old label", bytes: () => octets(text("a.crt").replaceAll("CERTIFICATE", "X509 CERTIFICATE")) },
  { name: "DER", bytes: () => shop.read("a.der") },
  { name: "DER with a line end behind it", bytes: () => joined([shop.read("a.der"), octets("\r\n")]) },
  { name: "PKCS#7 in PEM", bytes: () => shop.read("ab.p7b"), certificates: ["a.test", "b.test"] },
  { name: "PKCS#7 in DER", bytes: () => shop.read("ab.der.p7b"), certificates: ["a.test", "b.test"] },
  {
    name: "PKCS#7 in BER, as a stream",
    bytes: () => bareSigned(Uint8Array.of(0x30, 0x80), Uint8Array.of(0, 0)),
    certificates: ["a.test", "b.test"],
  },
  {
    name: "PKCS#7 under the label of a certificate",
    bytes: () => octets(text("ab.p7b").replaceAll("PKCS7", "CERTIFICATE")),
    certificates: ["a.test", "b.test"],
  },
  {
    name: "a text that speaks of another block",
    bytes: () => octets(`friendlyName: x -----BEGIN PRIVATE KEY-----\n${text("a.crt")}`),
  },
  {
    name: "several in one file",
    bytes: () => octets(text("b.crt") + text("a.crt")),
    certificates: ["b.test", "a.test"],
  },
  {
    name: "a file with its key, which is left out",
    bytes: () => octets(key() + text("a.crt")),
    notes: [/^In mx\.crt there is a private key too: it is left out$/],
  },
  {
    name: "key parameters, of which nobody has to hear",
    bytes: () => octets(text("dh.pem") + text("a.crt")),
  },
];

/** SignedData whose outer lengths are indefinite. */
function bareSigned(open: Octets, close: Octets): Octets {
  const certificates = joined([shop.read("a.der"), der0(text("b.crt"))]);
  const signed = joined([
    open,
    integer(1),
    der(0x31),
    sequence(oid("1.2.840.113549.1.7.1")),
    joined([Uint8Array.of(0xa0, 0x80), certificates, close]),
    der(0x31),
    close,
  ]);
  return joined([open, oid("1.2.840.113549.1.7.2"), Uint8Array.of(0xa0, 0x80), signed, close, close]);
}

function der0(pem: string): Octets {
  return Uint8Array.fromBase64(pem.replaceAll(/-----.*-----/g, ""));
}

for (const { name, bytes, certificates = ["a.test"], notes = [] } of taken) {
  Deno.test(`readCertificates takes ${name}`, () => {
    const found = read(bytes());
    assert.deepEqual(found.certificates.map(({ commonNames }) => commonNames[0]), certificates);
    const first = found.certificates.find(({ commonNames }) => commonNames[0] === "a.test");
    assert.deepEqual(first, a);
    assert.equal(found.notes.length, notes.length, found.notes.join("\n"));
    notes.forEach((note, index) => assert.match(found.notes[index], note));
  });
}

Deno.test("readCertificates tells what openssl x509 tells", async () => {
  const said = await shop.run(
    "openssl x509 -in a.crt -noout -fingerprint -sha256; openssl x509 -in a.crt -noout -fingerprint -sha1; " +
      "openssl x509 -in a.crt -noout -serial; openssl x509 -in a.crt -noout -pubkey | openssl pkey -pubin -outform DER | " +
      "openssl dgst -sha256 -c",
  );
  const [sha256, sha1, serial, publicKey] = said.trim().split("\n").map((line) => line.split("=")[1].trim());
  assert.equal(a.fingerprint, sha256);
  assert.equal(a.fingerprintSha1, sha1);
  assert.equal(a.serial, serial);
  assert.equal(a.publicKeySha256, publicKey.toUpperCase());
  assert.equal(a.pem, text("a.crt"));
  assert.deepEqual(a.dnsNames, ["a.test", "mx.a.test"]);
  assert.deepEqual(a.addresses, ["10.0.0.1", "2001:db8::1"]);
  assert.deepEqual([a.authority, a.pathLengthMax, a.selfSigned, a.mustStaple], [true, 3, true, true]);
  assert.deepEqual(a.keyUsage, ["digitalSignature", "keyCertSign"]);
  assert.deepEqual(a.purposes, ["serverAuth", "clientAuth", "1.2.3.4"]);
  assert.deepEqual([a.key, a.signature], ["EC P-256", "ecdsa-with-SHA256"]);
  assert.deepEqual([a.issuerUrls, a.ocspUrls, a.crlUrls], [
    ["http://ca.test/up.crt"],
    ["http://ocsp.test"],
    ["http://ca.test/list.crl"],
  ]);
  assert.equal(a.authorityKeyId, a.subjectKeyId);
  assert.deepEqual(a.unreadable, []);
});

const noise = (size: number) => {
  const bytes = new Uint8Array(size);
  for (let at = 0, state = 7; at < size; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = state >>> 16;
  }
  return bytes;
};
const half = (bytes: Octets) => bytes.slice(0, bytes.length >> 1);

const refused: { name: string; bytes: () => Octets; kind: string; says: RegExp }[] = [
  { name: "an empty file", bytes: () => octets(""), kind: "empty", says: /^Cannot read mx\.crt: it is empty$/ },
  { name: "blank lines", bytes: () => octets(" \r\n\t\n"), kind: "empty", says: /: it is empty$/ },
  { name: "10 MB of noise", bytes: () => noise(10_000_000), kind: "format", says: /it is neither PEM nor DER/ },
  {
    name: "10 MB of noise that begins as DER does",
    bytes: () => joined([Uint8Array.of(0x30, 0x83, 0x98, 0x96, 0x7a), noise(9_999_994)]),
    kind: "format",
    says: /it is neither PEM nor DER/,
  },
  {
    name: "more than 16 MiB",
    bytes: () => new Uint8Array(16_777_217),
    kind: "too_large",
    says: /larger than 16777216/,
  },
  { name: "prose", bytes: () => octets("Dear customer,\n"), kind: "format", says: /it is neither PEM nor DER/ },
  {
    name: "a key in PEM",
    bytes: () => shop.read("a.key"),
    kind: "kind",
    says: /^Cannot read mx\.crt: it is a private key, not a certificate$/,
  },
  { name: "a key in DER", bytes: () => shop.read("a.key.der"), kind: "kind", says: /it is a private key, not a/ },
  {
    name: "an encrypted key",
    bytes: () => shop.read("a.key8"),
    kind: "kind",
    says: /it is an encrypted private key, not a certificate$/,
  },
  {
    name: "a request",
    bytes: () => shop.read("a.csr"),
    kind: "kind",
    says: /it is a certificate signing request, not/,
  },
  {
    name: "a request in DER",
    bytes: () => shop.read("a.csr.der"),
    kind: "kind",
    says: /a certificate signing request/,
  },
  {
    name: "a revocation list",
    bytes: () => shop.read("a.crl"),
    kind: "kind",
    says: /it is a certificate revocation list/,
  },
  { name: "a revocation list in DER", bytes: () => shop.read("a.crl.der"), kind: "kind", says: /revocation list, not/ },
  {
    name: "a PKCS#12 file",
    bytes: () => shop.read("a.p12"),
    kind: "kind",
    says: /it is a PKCS#12 file \(\.p12, \.pfx\), not/,
  },
  {
    name: "a public key",
    bytes: () => shop.read("a.pub"),
    kind: "kind",
    says: /it is a public key, not a certificate$/,
  },
  { name: "a public key in DER", bytes: () => shop.read("a.pub.der"), kind: "kind", says: /it is a public key, not/ },
  {
    name: "a key and a request",
    bytes: () => octets(text("a.key") + text("a.csr")),
    kind: "kind",
    says: /it holds a private key, a certificate signing request, but not a certificate$/,
  },
  {
    name: "a Java keystore of old",
    bytes: () => Uint8Array.of(0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2),
    kind: "kind",
    says: /it is a Java keystore in its old form, which keytool converts/,
  },
  {
    name: "a key of OpenSSH",
    bytes: () => octets(text("a.key").replaceAll("PRIVATE KEY", "OPENSSH PRIVATE KEY")),
    kind: "kind",
    says: /it is a key of OpenSSH, not a certificate$/,
  },
  { name: "a key of PuTTY", bytes: () => octets("PuTTY-User-Key-File-3: x\n"), kind: "kind", says: /a key of PuTTY/ },
  {
    name: "PKCS#7 without any",
    bytes: () => shop.read("none.p7b"),
    kind: "count",
    says: /a PKCS#7 file without a cert/,
  },
  {
    name: "PEM that is cut off",
    bytes: () => half(shop.read("a.crt")),
    kind: "format",
    says: /block 1 \(CERTIFICATE\) is cut off: it has no line "-----END CERTIFICATE-----"$/,
  },
  {
    name: "PEM whose second block is cut off",
    bytes: () => octets(text("a.crt") + text("b.crt").slice(0, 300)),
    kind: "format",
    says: /block 2 \(CERTIFICATE\) is cut off/,
  },
  {
    name: "PEM that is cut off before another block",
    bytes: () => octets(`${text("a.crt").slice(0, 300)}\n${text("b.crt")}`),
    kind: "format",
    says: /block 1 \(CERTIFICATE\) is cut off/,
  },
  {
    name: "PEM with a broken base64",
    bytes: () => octets(text("a.crt").replace(/\n(.{10})/, "\n$1!")),
    kind: "format",
    says: /block 1 \(CERTIFICATE\) is not sound base64$/,
  },
  {
    name: "PEM of nothing",
    bytes: () => octets("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"),
    kind: "format",
    says: /is not sound base64$/,
  },
  {
    name: "DER that is cut off",
    bytes: () => half(shop.read("a.der")),
    kind: "format",
    says: /neither PEM nor DER, or/,
  },
  {
    name: "DER within PEM that is cut off",
    bytes: () => octets(writePem("CERTIFICATE", half(shop.read("a.der")))),
    kind: "format",
    says: /^Cannot read mx\.crt: it is broken \(it is not DER\)|it is not DER/,
  },
  {
    name: "a certificate with a spoiled inside",
    bytes: () => {
      const bytes = shop.read("a.der");
      bytes[bytes.indexOf(0x17) + 1] = 0x7f; // the length of a date
      return octets(writePem("CERTIFICATE", bytes));
    },
    kind: "format",
    says: /^Cannot read mx\.crt: it is broken \(.+\)$/,
  },
  {
    name: "two certificates in DER behind each other",
    bytes: () => joined([shop.read("a.der"), shop.read("a.der")]),
    kind: "format",
    says: /\d+ octets follow behind the end of its DER$/,
  },
  {
    name: "a label with a line end in it",
    bytes: () => octets("-----BEGIN CERTI\nFICATE-----\nAAAA\n"),
    kind: "format",
    says: /block 1 has a broken first line$/,
  },
  {
    name: "100,000 certificates",
    bytes: () => octets("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n".repeat(100_000)),
    kind: "format",
    says: /it has more than 1000 blocks$/,
  },
  {
    name: "lengths within lengths, a million deep",
    bytes: () => new Uint8Array(2_000_000).map((_, at) => at % 2 === 0 ? 0x30 : 0x80),
    kind: "format",
    says: /it is neither PEM nor DER/,
  },
  {
    name: "eight million items",
    bytes: () =>
      joined([
        Uint8Array.of(0x30, 0x84, 0, 0xf4, 0x24, 0),
        new Uint8Array(16_000_000).map((_, at) => at % 2 === 0 ? 5 : 0),
      ]),
    kind: "format",
    says: /it is neither PEM nor DER/,
  },
];

for (const { name, bytes, kind, says } of refused) {
  Deno.test(`readCertificates refuses ${name}`, async () => {
    const input = bytes();
    const from = performance.now();
    const found = await fault(() => read(input));
    assert.equal(found.fault, kind, found.message);
    assert.match(found.message, says);
    assert.ok(performance.now() - from < 10_000, `${performance.now() - from} ms`);
  });
}

Deno.test("asBer writes what openssl reads as the same", async () => {
  shop.write("ber.p7b", asBer(shop.read("none.p7b")));
  assert.match(await shop.run("openssl asn1parse -inform DER -in ber.p7b"), /pkcs7-signedData/);
});
