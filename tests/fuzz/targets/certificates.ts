/**
 * Files of certificates, keys and PKCS#12: sound ones, in DER, BER and PEM, and spoiled ones. Whatever they are, they are read or refused in one
 * line, soon, and no secret is in the line.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Octets } from "../../../src/base/octets.ts";
import { FormatError } from "../../../src/certs/format_error.ts";
import { writePem } from "../../../src/certs/pem.ts";
import { chosenEntry, readPkcs12 } from "../../../src/certs/pkcs12.ts";
import { readCertificates } from "../../../src/certs/read.ts";
import { readKey } from "../../../src/certs/read_key.ts";
import { openSslEngine } from "../../../src/openssl/engine.ts";
import type { CertificateEngine } from "../../../src/tls/certificates.ts";
import { asBer } from "../../support/der.ts";
import { latin1, latin1Text, spoiled } from "../bytes.ts";
import type { Chance } from "../chance.ts";
import { material, materialPassword, oldPemKey } from "../material.ts";
import { target } from "../target.ts";

interface Input {
  file: Octets;
  password: string | undefined;
  /** What it is, where nothing was spoiled. */
  meant: "certificates" | "key" | "pkcs12" | undefined;
}

type Form = keyof typeof material;

const readAs: Record<Form, Input["meant"]> = {
  certificate: "certificates",
  pkcs7: "certificates",
  request: undefined,
  key: "key",
  sec1: "key",
  sealedKey: "key",
  oldSealedKey: "key",
  pkcs12: "pkcs12",
  legacyPkcs12: "pkcs12",
  openPkcs12: "pkcs12",
};

const labels: Partial<Record<Form, readonly string[]>> = {
  certificate: ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"],
  pkcs7: ["PKCS7", "CERTIFICATE"],
  request: ["CERTIFICATE REQUEST"],
  key: ["PRIVATE KEY", "EC PRIVATE KEY"],
  sec1: ["EC PRIVATE KEY"],
  sealedKey: ["ENCRYPTED PRIVATE KEY", "PRIVATE KEY"],
  oldSealedKey: ["ENCRYPTED PRIVATE KEY"],
};

const words = [
  "\x30\x80",
  "\0\0",
  "\x30\x84\x7f\xff\xff\xff",
  "\x24\x80",
  "\xa0\x80",
  "\x02\x04\x7f\xff\xff\xff",
  "\x02\x03\x0f\xff\xff",
  "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01",
  "-----BEGIN PRIVATE KEY-----\n",
  "-----END CERTIFICATE-----\n",
  "-----BEGIN ",
  "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n",
  "=",
];

let engine: CertificateEngine | undefined;

async function ended(read: () => unknown, password: string | undefined): Promise<string> {
  try {
    await read();
    return "read";
  } catch (thrown) {
    if (!(thrown instanceof FormatError)) throw thrown;
    assert.match(thrown.message, /^Cannot [^\n]{10,400}$/);
    assert.doesNotMatch(thrown.message, /-----BEGIN|geheim/);
    if (password !== undefined && password.length > 3) assert.ok(!thrown.message.includes(password));
    return thrown.fault;
  }
}

function shape(form: Form, chance: Chance): string {
  const der = form !== "certificate" && form !== "key" && chance.oneIn(4)
    ? asBer(material[form], chance.between(1, 200))
    : material[form];
  const label = labels[form];
  if (label === undefined || chance.oneIn(2)) return latin1Text(der);
  const pem = writePem(chance.pick(label), der);
  return chance.oneIn(3) ? `text around\r\n${pem.replaceAll("\n", "\r\n")}more` : pem;
}

export const certificatesTarget = target<Input>({
  name: "certificates",
  reaches: [
    ...["certificates", "key", "pkcs12"].map((reader) => `${reader} read`),
    ...["format", "kind", "password_wrong", "password_missing", "unsupported"].map((fault) => `key ${fault}`),
    ...["format", "kind", "password_wrong"].map((fault) => `pkcs12 ${fault}`),
    ...["format", "kind"].map((fault) => `certificates ${fault}`),
    "meant",
  ],
  make(chance) {
    if (chance.oneIn(20)) {
      const size = chance.length(20_000);
      return { file: chance.octets(size), password: "x", meant: undefined };
    }
    const form = chance.pick(Object.keys(material) as Form[]);
    const old = chance.oneIn(15);
    const whole = old ? oldPemKey : shape(form, chance);
    const sound = chance.oneIn(4);
    const text = sound ? whole : spoiled(chance.oneIn(10) ? whole + whole : whole, chance, words);
    const password = chance.oneIn(5) ? chance.pick([undefined, "", "falsch", "Schlüssel"]) : materialPassword;
    const meant = old ? "key" : readAs[form];
    return { file: latin1(text), password, meant: sound && password === materialPassword ? meant : undefined };
  },
  async check({ file, password, meant }) {
    const world = { engine: engine ??= openSslEngine().certificates, what: "the file", password };
    const ends = {
      certificates: await ended(() => readCertificates(file, world), password),
      key: await ended(() => readKey(file, world), password),
      pkcs12: await ended(async () => chosenEntry(await readPkcs12(file, world), world), password),
    };
    if (meant !== undefined) assert.equal(ends[meant], "read");
    return [
      ...Object.entries(ends).map(([reader, end]) => `${reader} ${end}`),
      ...(meant === undefined ? [] : ["meant"]),
    ];
  },
});
