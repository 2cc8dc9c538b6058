/**
 * `postern certconfig` on the files of a gateway that has not started yet, against OpenSSL's command.
 *
 * @module
 */
import assert from "node:assert/strict";
import { engine } from "../support/tls_world.ts";
import { type HereResult, runHere } from "../support/here.ts";
import { peerTest, runCommand } from "../support/peers.ts";
import { SmallCa } from "../support/small_ca.ts";

// The library of outdated algorithms is opened once a process: inside a test it would look like a leak to Deno.
await engine.certificates.macKey({ digest: "SHA1", password: null, salt: new Uint8Array(8), rounds: 1 });

const source = `version: 1
hostname: gw.example.test
listeners:
  inbound:                       # the world
    address: 127.0.0.1:2525
    hostname: mx1.example.test
    certificate: demo            # until there is a better one
    recipients: [{ address: example.test, action: accept }]
admin: { address: null }
`;

/** A folder with a configuration and nothing else. */
class Desk implements AsyncDisposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "postern-desk-" });
  readonly file = `${this.folder}/config.yaml`;

  constructor(text = source) {
    Deno.writeTextFileSync(this.file, text);
  }

  at(name: string): string {
    return `${this.folder}/${name}`;
  }

  run(...words: string[]): Promise<HereResult> {
    return runHere(["certconfig", ...words], { file: this.file, engine });
  }

  /** A command that has to go well: its lines. */
  async ok(...words: string[]): Promise<string[]> {
    const { code, out, err } = await this.run(...words);
    assert.equal(code, 0, err.join("\n"));
    return out;
  }

  // deno-lint-ignore no-explicit-any -- data as the command gives them
  async json(...words: string[]): Promise<any> {
    return JSON.parse((await this.ok(...words, "--json"))[0]);
  }

  /** A command that has to fail in one line. */
  async fails(...words: string[]): Promise<string> {
    const { code, out, err } = await this.run(...words);
    assert.deepEqual([code, out.length, err.length], [1, 0, 1], `${words.join(" ")}: ${[...out, ...err].join("\n")}`);
    assert.match(err[0], /^Cannot [^\n]{5,600}[^.]$/);
    return err[0];
  }

  async csr(name: string): Promise<string> {
    return (await this.ok("csr", name)).join("\n") + "\n";
  }

  /** Everything that is kept, by path. */
  state(): Record<string, string> {
    const found: Record<string, string> = { config: Deno.readTextFileSync(this.file) };
    for (const folder of ["certificates", "history"]) {
      for (const { name } of Deno.readDirSync(this.at(`data/${folder}`))) {
        const path = this.at(`data/${folder}/${name}`);
        found[`${folder}/${name}`] = Deno.readTextFileSync(path) + Deno.statSync(path).mode!.toString(8);
      }
    }
    return found;
  }

  certificates(): string[] {
    return [...Deno.readDirSync(this.at("data/certificates"))].map(({ name }) => name).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

async function openssl(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand("openssl", args);
  assert.equal(code, 0, stderr);
  return stdout + stderr;
}

peerTest(["openssl"], "certconfig new makes key, certificate and request before the first start", async () => {
  await using desk = new Desk();
  const words = [
    "--common-name",
    "mx1.example.test",
    "--san",
    "mx.example.test,192.0.2.1",
    "--san",
    "email:pm@example.test",
  ];
  const rest = ["--organization", 'Müller & "Söhne", Ltd', "--organizational-unit", "Mail", "--locality", "Bern"];
  const made = await desk.ok("new", "mx1", ...words, ...rest, "--state", "BE", "--country", "ch", "--days", "90");
  assert.match(
    made[0],
    /^Certificate mx1 was made: CN=mx1\.example\.test,.*O=Müller & \\"Söhne\\"\\, Ltd.*C=CH, issued by itself, until /,
  );
  assert.deepEqual(desk.certificates(), ["mx1.crt", "mx1.csr", "mx1.key"]);
  for (const name of desk.certificates()) {
    assert.equal((await Deno.stat(desk.at(`data/certificates/${name}`))).mode! & 0o777, 0o600);
  }
  const config = await Deno.readTextFile(desk.file);
  assert.match(config, /mx1: \{ certificate: data\/certificates\/mx1\.crt, key: data\/certificates\/mx1\.key \}/);
  assert.match(config, /certificate: demo {12}# until there is a better one/);

  const path = desk.at("data/certificates/mx1.csr");
  const request = await openssl(
    "req",
    "-in",
    path,
    "-verify",
    "-noout",
    "-text",
    "-nameopt",
    "sep_multiline,utf8,lname",
  );
  assert.match(request, /verify OK/);
  for (
    const expected of [
      /countryName=CH\n/,
      /stateOrProvinceName=BE\n/,
      /organizationName=Müller & \\?"Söhne\\?", Ltd\n|organizationName=Müller & "Söhne", Ltd\n/,
      /commonName=mx1\.example\.test\n/,
      /DNS:mx1\.example\.test, DNS:mx\.example\.test, IP Address:192\.0\.2\.1, email:pm@example\.test/,
      /Digital Signature, Key Encipherment/,
      /TLS Web Server Authentication, TLS Web Client Authentication/,
      /CA:FALSE/,
    ]
  ) assert.match(request, expected);
  const certificate = desk.at("data/certificates/mx1.crt");
  await openssl("verify", "-CAfile", certificate, "-x509_strict", "-verify_hostname", "mx.example.test", certificate);
  const text = await openssl("x509", "-in", certificate, "-noout", "-text", "-checkend", `${89 * 86_400}`);
  assert.match(text, /will not expire/);
  const serial = /Serial Number:\s+([0-9a-f:]+)/.exec(text)![1];
  assert.ok(serial.split(":").length >= 16, serial);

  const [row] = (await desk.json("list")).filter(({ name }: { name: string }) => name === "mx1");
  assert.deepEqual(
    { ...row, issuer: "", notAfter: 0 },
    {
      name: "mx1",
      kind: "files",
      status: "valid",
      commonName: "mx1.example.test",
      issuer: "",
      selfSigned: true,
      key: "RSA 2048",
      notAfter: 0,
      daysLeft: 90,
      request: "same_key",
      uses: [],
      fault: null,
    },
  );
  const lines = await desk.ok("list");
  assert.match(lines[2], /^mx1 +mx1\.example\.test +itself +valid +90 +-$/);
  assert.match(lines[1], /^demo +- +- +made when it is used +- +listener inbound$/);
  const log = await Deno.readTextFile(desk.at("data/logs/mail.log"));
  assert.match(log, /Info: Certificate mx1 was made: CN=mx1/);
  assert.doesNotMatch(log + made.join() + lines.join(), /PRIVATE KEY/);
});

peerTest(["openssl"], "certconfig new makes every kind of key, and OpenSSL takes each request", async () => {
  await using desk = new Desk();
  for (
    const [kind, expected] of [["rsa:3072", /3072 bit/], ["ec:p256", /P-256/], ["ec:p384", /P-384/], [
      "ED25519",
      /ED25519/,
    ]] as const
  ) {
    const name = kind.replace(":", "-").toLowerCase();
    await desk.ok("new", name, "--common-name", "mx1.example.test", "--key", kind);
    const at = (end: string) => desk.at(`data/certificates/${name}.${end}`);
    assert.match(await openssl("req", "-in", at("csr"), "-verify", "-noout", "-text"), expected);
    await openssl("verify", "-CAfile", at("crt"), at("crt"));
    const publicKeys = await Promise.all([
      openssl("pkey", "-in", at("key"), "-pubout"),
      openssl("x509", "-in", at("crt"), "-noout", "-pubkey"),
      openssl("req", "-in", at("csr"), "-noout", "-pubkey"),
    ]);
    assert.equal(new Set(publicKeys).size, 1, kind);
  }
});

peerTest(["openssl"], "certconfig upload puts an authority's answer in place, its intermediates in order", async () => {
  await using desk = new Desk();
  await using ca = await SmallCa.make();
  await desk.ok("new", "mx1", "--common-name", "mx1.example.test", "--key", "ec:p256");
  const key = await Deno.readTextFile(desk.at("data/certificates/mx1.key"));
  const signed = await ca.sign("mx1.crt", { request: await desk.csr("mx1") });
  // In the wrong order, one twice, a stranger among them.
  await ca.run(
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout s.key -out s.crt -subj /CN=Stranger",
  );
  await ca.run("cat int1.crt s.crt int2.crt int1.crt > chain.pem");
  const { code, out, err } = await desk.run(
    "upload",
    "mx1",
    "--certificate",
    signed,
    "--intermediates",
    ca.at("chain.pem"),
  );
  assert.equal(code, 0, err.join("\n"));
  const said = out.join("\n");
  assert.match(said, /^Certificate mx1 was uploaded: CN=mx1\.example\.test, issued by CN=int2,O=Small, until /);
  assert.match(said, /CN=Stranger does not belong to the chain/);
  assert.match(said, /given more than once/);
  assert.match(said, /were put in order/);
  assert.match(err.join("\n"), /^Warning: .*Small Root.*a peer that verifies will see/);
  assert.equal(await Deno.readTextFile(desk.at("data/certificates/mx1.key")), key);
  const at = (name: string) => desk.at(`data/certificates/${name}`);
  await openssl("verify", "-CAfile", ca.at("root.crt"), "-untrusted", at("mx1.chain.crt"), at("mx1.crt"));
  const chain = await desk.ok("show", "mx1", "--chain");
  const subjects = await runCommand("sh", [
    "-c",
    "openssl crl2pkcs7 -nocrl -certfile /dev/stdin | openssl pkcs7 -print_certs -noout",
  ], {
    input: chain.join("\n") + "\n",
  });
  assert.deepEqual(subjects.stdout.match(/subject=.*CN *= *\S+/g)?.map((line) => line.replace(/.*CN *= */, "")), [
    "mx1.example.test",
    "int2",
    "int1",
  ]);
  assert.match(await Deno.readTextFile(desk.file), /intermediates: data\/certificates\/mx1\.chain\.crt/);

  // DER, without intermediates: those that fit stay.
  await ca.run("openssl x509 -in mx1.crt -outform DER -out mx1.der");
  const again = await ca.sign("again.crt", { request: await desk.csr("mx1"), days: 60 });
  await ca.run("openssl x509 -in again.crt -outform DER -out again.der");
  await desk.ok("upload", "mx1", "--certificate", again.replace(/crt$/, "der"));
  const facts = await desk.json("show", "mx1");
  assert.equal(facts.daysLeft, 60);
  assert.deepEqual(facts.certificates.map(({ commonNames }: { commonNames: string[] }) => commonNames[0]), [
    "mx1.example.test",
    "int2",
    "int1",
  ]);
  assert.doesNotMatch(JSON.stringify(facts), /PRIVATE KEY/);
});

peerTest(["openssl"], "certconfig list tells a chain that no peer can verify from one that each can", async () => {
  await using desk = new Desk();
  await using ca = await SmallCa.make();
  const trusting = async (files: string[]) => {
    const text = (await Deno.readTextFile(desk.file)).replace(/^certificate_authorities:.*\n/m, "");
    const authorities = JSON.stringify({ system: false, custom: files });
    await Deno.writeTextFile(desk.file, `${text}certificate_authorities: ${authorities}\n`);
  };
  const status = async () => {
    const rows: { name: string; status: string }[] = await desk.json("list");
    const { status } = rows.find(({ name }) => name === "mx1")!;
    assert.equal((await desk.json("show", "mx1")).status, status);
    return status;
  };
  await desk.ok("new", "mx1", "--common-name", "mx1.example.test", "--key", "ec:p256");
  assert.equal(await status(), "valid", "self-signed: its owner knows");
  const signed = await ca.sign("mx1.crt", { request: await desk.csr("mx1") });
  await ca.run(`cat int1.crt int2.crt > chain.pem
openssl ca -config ca.cnf -cert int1.crt -keyfile int1.key -batch -notext -in int2.csr -extfile ca.ext \\
  -startdate 20200101000000Z -enddate 20210101000000Z -out old.crt 2>&1
cat int1.crt old.crt > expired.pem`);
  const upload = (chain: string) => desk.ok("upload", "mx1", "--certificate", signed, "--intermediates", ca.at(chain));
  await upload("chain.pem");
  assert.equal(await status(), "untrusted_chain", "it ends in a root that nobody knows");
  await trusting([ca.at("root.crt")]);
  assert.equal(await status(), "valid");
  await upload("int2.crt");
  assert.equal(await status(), "untrusted_chain", "an intermediate is missing");
  assert.match((await desk.ok("list"))[2], /^mx1 .* valid, CHAIN NOT TRUSTED +90 /);
  await upload("expired.pem");
  assert.equal(await status(), "untrusted_chain", "an intermediate has expired");
  await upload("chain.pem");
  await desk.ok(
    "upload",
    "mx1",
    "--certificate",
    await ca.sign("soon.crt", { request: await desk.csr("mx1"), days: 9 }),
  );
  assert.equal(await status(), "expiring");
  await trusting([ca.at("none.crt")]);
  const { out, err } = await desk.run("list");
  assert.match(out.join("\n"), /mx1 .* expires soon /);
  assert.match(err.join("\n"), /Cannot judge chains: Cannot read .*none\.crt: no such file/);
});

peerTest(
  ["openssl"],
  "certconfig renew waits with a new key for its certificate, and both come into service together",
  async () => {
    await using desk = new Desk();
    await using ca = await SmallCa.make();
    await desk.ok("new", "mx1", "--common-name", "mx1.example.test", "--key", "ec:p256", "--organization", "Example");
    const first = await ca.sign("first.crt", { request: await desk.csr("mx1") });
    await desk.ok("upload", "mx1", "--certificate", first, "--intermediates", ca.at("int2.crt"));
    const before = desk.state();
    const requestOnOldKey = await desk.csr("mx1");

    await desk.ok("renew", "mx1", "--new-key");
    const request = await desk.csr("mx1");
    assert.notEqual(request, requestOnOldKey);
    const waiting = desk.state();
    for (const name of ["key", "crt", "chain.crt"]) {
      assert.equal(waiting[`certificates/mx1.${name}`], before[`certificates/mx1.${name}`]);
    }
    assert.equal((await desk.json("show", "mx1")).request, "new_key");
    assert.match((await desk.ok("list"))[2], / valid, CHAIN NOT TRUSTED, waits for an answer/);
    assert.match(
      await openssl("req", "-in", desk.at("data/certificates/mx1.csr"), "-noout", "-subject"),
      /O ?= ?Example/,
    );

    // An answer to the old request still fits the old key; the new one goes on waiting.
    const late = await ca.sign("late.crt", { request: requestOnOldKey });
    const stays = await desk.ok("upload", "mx1", "--certificate", late);
    assert.match(stays.join("\n"), /the new key still waits/);
    assert.equal(desk.state()["certificates/mx1.key"], before["certificates/mx1.key"]);

    const answer = await ca.sign("answer.crt", { request });
    assert.match((await desk.ok("upload", "mx1", "--certificate", answer)).join("\n"), /The new key is in service/);
    assert.deepEqual(desk.certificates(), ["mx1.chain.crt", "mx1.crt", "mx1.csr", "mx1.key"]);
    const at = (name: string) => desk.at(`data/certificates/${name}`);
    assert.equal(
      await openssl("pkey", "-in", at("mx1.key"), "-pubout"),
      await openssl("x509", "-in", at("mx1.crt"), "-noout", "-pubkey"),
    );
    assert.notEqual(desk.state()["certificates/mx1.key"], before["certificates/mx1.key"]);

    await desk.ok("renew", "mx1");
    assert.equal((await desk.json("show", "mx1")).request, "same_key");
    await desk.ok("renew", "mx1", "--key", "rsa:2048");
    assert.match(await openssl("req", "-in", at("mx1.csr"), "-noout", "-text"), /2048 bit/);
    assert.match((await desk.ok("renew", "mx1")).join("\n"), /The request before it, on a new key, is void/);
    assert.deepEqual(desk.certificates(), ["mx1.chain.crt", "mx1.crt", "mx1.csr", "mx1.key"]);
  },
);

peerTest(["openssl"], "certconfig export and import keep key and chain, in PKCS#12 and in PEM", async () => {
  await using desk = new Desk();
  await using ca = await SmallCa.make();
  await desk.ok("new", "mx1", "--common-name", "mx1.example.test", "--key", "ec:p384");
  const signed = await ca.sign("mx1.crt", { request: await desk.csr("mx1") });
  await ca.run("cat int1.crt int2.crt > chain.pem");
  await desk.ok("upload", "mx1", "--certificate", signed, "--intermediates", ca.at("chain.pem"));
  await Deno.writeTextFile(desk.at("pw"), "correct horse\nsecond line\n");
  const { certificates } = await desk.json("show", "mx1");

  for (const form of [[], ["--legacy"]]) {
    const p12 = desk.at(`out${form.length}.p12`);
    const said = await desk.ok("export", "mx1", "--pkcs12", p12, "--password-file", desk.at("pw"), ...form);
    assert.match(said[0], /^Certificate mx1 exported: its key and 3 certificates/);
    assert.equal((await Deno.stat(p12)).mode! & 0o777, 0o600);
    const out = await openssl("pkcs12", "-in", p12, "-passin", "pass:correct horse", "-nodes", "-info");
    assert.equal(out.match(/BEGIN CERTIFICATE/g)?.length, 3);
    assert.match(out, /friendlyName: mx1/);
    assert.match(out, form.length > 0 ? /pbeWithSHA1And3-KeyTripleDES-CBC/ : /PBES2, PBKDF2, AES-256-CBC/);
    const name = `back${form.length}`;
    await desk.ok("import", name, "--pkcs12", p12, "--password-file", desk.at("pw"));
    assert.deepEqual((await desk.json("show", name)).certificates, certificates);
    assert.equal(desk.state()[`certificates/${name}.key`], desk.state()["certificates/mx1.key"]);
  }
  assert.equal(
    await desk.fails("export", "mx1", "--pkcs12", desk.at("out0.p12"), "--password-file", desk.at("pw")),
    `Cannot write ${desk.at("out0.p12")}: it exists; --force replaces it`,
  );

  // What openssl writes, in the old form too, and PEM with an encrypted key.
  const pem = desk.at("data/certificates/mx1");
  const inputs = [
    "-inkey",
    `${pem}.key`,
    "-in",
    `${pem}.crt`,
    "-certfile",
    `${pem}.chain.crt`,
    "-passout",
    "pass:correct horse",
  ];
  await openssl("pkcs12", "-export", ...inputs, "-legacy", "-out", desk.at("theirs.p12"), "-name", "Their Name");
  await desk.ok("import", "theirs", "--pkcs12", desk.at("theirs.p12"), "--password-file", desk.at("pw"));
  assert.deepEqual((await desk.json("show", "theirs")).certificates, certificates);
  // Who looks for his key by its name finds it in what is exported.
  await desk.ok("rename", "theirs", "ours");
  await desk.ok("export", "ours", "--pkcs12", desk.at("ours.p12"), "--password-file", desk.at("pw"));
  const bags = await openssl("pkcs12", "-in", desk.at("ours.p12"), "-passin", "pass:correct horse", "-nodes");
  assert.match(bags, /friendlyName: Their Name/);
  await desk.ok("rename", "ours", "theirs");
  await openssl(
    "pkey",
    "-in",
    `${pem}.key`,
    "-aes256",
    "-passout",
    "pass:correct horse",
    "-out",
    desk.at("sealed.key"),
  );
  const parts = ["--certificate", `${pem}.crt`, "--key", desk.at("sealed.key"), "--intermediates", `${pem}.chain.crt`];
  await desk.ok("import", "parts", ...parts, "--password-file", desk.at("pw"));
  assert.deepEqual((await desk.json("show", "parts")).certificates, certificates);
  assert.match(await Deno.readTextFile(desk.at("data/certificates/parts.key")), /^-----BEGIN PRIVATE KEY-----/);

  // In the place of one that is there only where that is said.
  assert.match(await desk.fails("import", "mx1", ...parts, "--password-file", desk.at("pw")), /--replace/);
  await desk.ok("import", "mx1", ...parts, "--password-file", desk.at("pw"), "--replace");
  const log = await Deno.readTextFile(desk.at("data/logs/mail.log"));
  assert.doesNotMatch(log, /correct horse|PRIVATE/);
});

Deno.test("certconfig rename and delete follow the uses, and refuse what is in use by their names", async () => {
  await using desk = new Desk(`version: 1
hostname: gw.example.test
listeners:
  inbound: { address: "127.0.0.1:2525", certificate: [mx1, demo] }   # both
  outbound: { address: "127.0.0.1:2526", type: private, certificate: mx1 }
destination_controls:
  certificate: mx1
  domains:
    partner.test: { certificate: mx1 }
admin: { address: "127.0.0.1:8443", certificate: mx1 }
certificates:
  mx1: { self_signed: true }
  spare: { self_signed: true }
`);
  const uses = "listener inbound, listener outbound, delivery, destination partner.test, admin";
  assert.equal(await desk.fails("delete", "mx1"), `Cannot delete mx1: it is used by ${uses}`);
  const [, , row] = await desk.ok("list");
  assert.ok(row.endsWith(uses), row);
  await desk.ok("rename", "mx1", "gate");
  const text = await Deno.readTextFile(desk.file);
  assert.doesNotMatch(text, /mx1/);
  assert.match(text, /certificate: \[gate, demo\] \} {3}# both/);
  assert.match(text, /gate: \{ self_signed: true \}/);
  assert.equal(await desk.fails("delete", "gate"), `Cannot delete gate: it is used by ${uses}`);
  await desk.ok("delete", "spare");
  assert.doesNotMatch(await Deno.readTextFile(desk.file), /spare/);
  assert.match(await desk.fails("delete", "spare"), /^Cannot find the certificate spare: there are demo, gate$/);
  assert.match(await desk.fails("delete", "demo"), /the gateway makes it itself/);
  assert.match(await desk.fails("rename", "demo", "other"), /the gateway makes it itself/);
});

peerTest(["openssl"], "certconfig leaves files of other programs alone: an upload goes to the storage", async () => {
  await using desk = new Desk(
    source.replace("certificate: demo", "certificate: mx1") +
      "certificates: { mx1: { certificate: live/fullchain.pem, key: live/key.pem } }\n",
  );
  await Deno.mkdir(desk.at("live"));
  await openssl(
    ..."req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=mx1.example.test -addext subjectAltName=DNS:mx1.example.test"
      .split(" "),
    "-keyout",
    desk.at("live/key.pem"),
    "-out",
    desk.at("live/fullchain.pem"),
  );
  // As certbot of old wrote it.
  await openssl("rsa", "-in", desk.at("live/key.pem"), "-traditional", "-out", desk.at("live/key.pem"));
  const theirs = () => ["key", "fullchain"].map((name) => Deno.readTextFileSync(desk.at(`live/${name}.pem`)));
  const before = theirs();
  assert.match(await desk.fails("csr", "mx1"), /certconfig renew mx1 makes one$/);
  await desk.ok("renew", "mx1");
  await using ca = await SmallCa.make();
  const answer = await ca.sign("mx1.crt", { request: await desk.csr("mx1") });
  await desk.ok("upload", "mx1", "--certificate", answer, "--intermediates", ca.at("int2.crt"));
  assert.deepEqual(theirs(), before);
  const { files, certificates } = await desk.json("show", "mx1");
  assert.deepEqual(files, {
    certificate: desk.at("data/certificates/mx1.crt"),
    key: desk.at("data/certificates/mx1.key"),
    intermediates: desk.at("data/certificates/mx1.chain.crt"),
  });
  assert.equal(certificates.length, 2);
  assert.match(await openssl("pkey", "-in", files.key, "-pubout"), /BEGIN PUBLIC KEY/);
});

peerTest(["openssl"], "certconfig refuses bad input in one line, and nothing on the disk changes", async () => {
  await using desk = new Desk();
  await using ca = await SmallCa.make();
  await desk.ok("new", "mx1", "--common-name", "mx1.example.test", "--key", "ec:p256");
  const good = await ca.sign("good.crt", { request: await desk.csr("mx1") });
  await ca.run(`
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -out other.crt -subj /CN=other -days 9
cat good.crt other.crt > two.crt
: > empty; printf 'wrong\\n' > wrong; printf 'right\\n' > right; printf '\\377\\n' > latin; : > void
head -c 20000000 /dev/urandom > noise; head -c 3000000 /dev/urandom > smaller-noise; head -c 200 good.crt > half.crt
openssl pkcs12 -export -inkey other.key -in other.crt -passout pass:right -out other.p12
openssl pkcs12 -export -nokeys -in other.crt -passout pass:right -out nokey.p12
openssl pkey -in other.key -aes256 -passout pass:right -out sealed.key
mkdir folder`);
  const f = (name: string) => ca.at(name);
  const upload = (name: string) => ["upload", "mx1", "--certificate", f(name)];
  const imported = (
    ...words: string[]
  ) => ["import", "fresh", ...words.map((word) => word.startsWith("--") ? word : f(word))];
  const fresh = (...words: string[]) => ["new", "fresh", ...words];
  const table: [words: string[], message: RegExp][] = [
    [upload("other.crt"), /other\.crt: it does not fit the key; .*SHA-256/],
    [upload("two.crt"), /two\.crt: it holds 2 certificates and one is wanted/],
    [upload("empty"), /empty: it is empty/],
    [upload("noise"), /noise: it is larger than 16777216 octets/],
    [upload("smaller-noise"), /smaller-noise: it is neither PEM nor DER/],
    [upload("half.crt"), /half\.crt: block 1 \(CERTIFICATE\) is cut off/],
    [upload("other.key"), /other\.key: it is a private key, not a certificate/],
    [upload("in.csr"), /in\.csr: it is a certificate signing request/],
    [upload("other.p12"), /other\.p12: it is a PKCS#12 file/],
    [upload("none"), /none: no such file/],
    [upload("folder"), /folder: it is a folder/],
    [[...upload("good.crt"), "--intermediates", f("other.key")], /other\.key: it is a private key/],
    [["upload", "mx1"], /without certificate/],
    [["upload", "demo", "--certificate", good], /demo: the gateway makes and renews it itself/],
    [["upload", "nobody", "--certificate", good], /^Cannot find the certificate nobody: there are demo, mx1$/],
    [imported("--pkcs12", "other.p12", "--password-file", "wrong"), /other\.p12: the password/],
    [imported("--pkcs12", "other.p12", "--password-file", "void"), /password in .*void: it is empty/],
    [imported("--pkcs12", "other.p12", "--password-file", "latin"), /password in .*latin: it is not UTF-8/],
    [imported("--pkcs12", "other.p12"), /other\.p12: .*password/],
    [imported("--pkcs12", "nokey.p12", "--password-file", "right"), /nokey\.p12: it holds no private key/],
    [imported("--pkcs12", "noise", "--password-file", "right"), /noise: it is larger/],
    [imported("--pkcs12", "smaller-noise", "--password-file", "right"), /smaller-noise: /],
    [
      imported("--certificate", "other.crt", "--key", "sealed.key", "--password-file", "wrong"),
      /sealed\.key: the password/,
    ],
    [imported("--certificate", "other.crt", "--key", "sealed.key"), /sealed\.key: .*encrypted/],
    [imported("--certificate", "good.crt", "--key", "other.key"), /does not fit the key/],
    [imported("--certificate", "good.crt"), /--pkcs12 FILE, or --certificate FILE and --key FILE/],
    [
      ["import", "mx1", "--certificate", f("other.crt"), "--key", f("other.key")],
      /there is a certificate of this name; --replace/,
    ],
    [["import", "a/b", "--certificate", f("other.crt"), "--key", f("other.key")], /the name a\/b: letters/],
    [["new", "..", "--common-name", "x.test"], /the name \.\.: letters/],
    [["new", "a..b", "--common-name", "x.test"], /two full stops/],
    [["new", "../../etc/x", "--common-name", "x.test"], /letters, digits/],
    [["new", "a\nb", "--common-name", "x.test"], /the name a\\nb: /],
    [["new", "x".repeat(65), "--common-name", "x.test"], /more than 64 characters/],
    [["new", "mx1.chain", "--common-name", "x.test"], /names that end in \.chain/],
    [["new", "mx1", "--common-name", "x.test"], /there is a certificate of this name; renew mx1/],
    [["new", "demo", "--common-name", "x.test"], /the gateway makes the certificate of this name itself/],
    [fresh(), /--common-name/],
    [fresh("--common-name", "x".repeat(65)), /--common-name x{65}: it has more than 64 characters/],
    [fresh("--common-name", "a\nb"), /--common-name a\\nb: it has control characters/],
    [fresh("--common-name", "x.test", "--country", "Germany"), /--country Germany: two letters/],
    [fresh("--common-name", "x.test", "--san", "a b"), /--san a b: it is no host name/],
    [fresh("--common-name", "x.test", "--san", "IP:300.1.1.1"), /--san IP:300\.1\.1\.1: it is no IP address/],
    [fresh("--common-name", "x.test", "--key", "dsa"), /kind dsa: one of rsa:2048, /],
    [fresh("--common-name", "x.test", "--days", "0"), /--days 0: a whole number from 1 to 3650/],
    [["renew", "demo"], /the gateway makes and renews it itself/],
    [["rename", "mx1", "demo"], /makes the certificate of this name itself/],
    [["rename", "mx1", "x/y"], /the name x\/y/],
    [["export", "mx1", "--pkcs12", f("out.p12")], /--password-file F/],
    [["export", "mx1", "--pkcs12", f("folder"), "--password-file", f("right")], /folder: it is a folder/],
    [["show", "mx1", "--pem", "--chain"], /exclude each other/],
    [["csr", "demo"], /demo: its certificate is renewed by itself, without one of yours$/],
  ];
  const before = desk.state();
  for (const [words, message] of table) {
    assert.match(await desk.fails(...words), message, words.join(" "));
    assert.deepEqual(desk.state(), before, words.join(" "));
  }
  await assert.rejects(Deno.stat(f("out.p12")), Deno.errors.NotFound);

  // A configuration that is faulty already is not written to.
  await Deno.writeTextFile(desk.file, source + "nonsense: 1\n");
  assert.match(await desk.fails(...fresh("--common-name", "x.test")), /config\.yaml:\d+:\d+: nonsense/);
  assert.deepEqual(desk.certificates(), ["mx1.crt", "mx1.csr", "mx1.key"]);
});
