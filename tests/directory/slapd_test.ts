/**
 * Debian's slapd as the directory of a gateway that runs, and of `postern ldaptest`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { octets } from "../../src/base/octets.ts";
import { readSecretFile } from "../../src/config/secret_file.ts";
import { Client, greeted } from "../gateway/client.ts";
import { gatewayConfig, until } from "../gateway/rig.ts";
import { makeAuthority, makeLeaf } from "../support/certs.ts";
import { type ConfigObject, GatewayProcess } from "../support/gateway_process.ts";
import { runHere } from "../support/here.ts";
import { startNextHop } from "../support/next_hop.ts";
import { peerTest } from "../support/peers.ts";
import { postern } from "../support/postern.ts";
import { base, reader, Slapd } from "../support/slapd.ts";
import { engine } from "../support/tls_world.ts";

const people = [
  { uid: "bert", mail: "bert@example.test" },
  { uid: "jürgen", mail: "juergen@example.test" },
  { uid: "*)(uid=*", mail: "star@example.test" },
];

interface Site extends AsyncDisposable {
  slapd: Slapd;
  /** Below it lie `password` and `wrong`. */
  folder: string;
  /** The top of a configuration that trusts the server, and has a certificate `far`. */
  top: ConfigObject;
  /** A directory under `services.ldap`. */
  directory(url: string, changes?: ConfigObject): ConfigObject;
}

async function site(): Promise<Site> {
  const folder = await Deno.makeTempDir({ prefix: "postern-directory-" });
  const ca = await makeAuthority(folder);
  // One after the other: an authority has one list of serial numbers.
  const server = await makeLeaf({ ca, names: ["localhost"] });
  const client = await makeLeaf({ ca, names: ["gw.example.test"], purpose: "clientAuth" });
  const slapd = await Slapd.start({
    ca: ca.certificatePath,
    certificate: server.certificatePath,
    key: server.keyPath,
  }, people);
  const write = (name: string, text: string) => Deno.writeTextFile(`${folder}/${name}`, text, { mode: 0o600 });
  await Promise.all([
    write("password", `${reader.password}\n`),
    write("wrong", "open sesam\n"),
    write("client.crt", client.certificatePem),
    write("client.key", client.keyPem),
  ]);
  return {
    slapd,
    folder,
    top: {
      certificates: { far: { certificate: `${folder}/client.crt`, key: `${folder}/client.key` } },
      certificate_authorities: { system: false, custom: [ca.certificatePath] },
    },
    directory: (urls, changes = {}) => ({
      urls,
      base,
      bind_dn: reader.dn,
      password_file: `${folder}/password`,
      queries: { accept: "(|(mail={a})(uid={u}))" },
      ...changes,
    }),
    async [Symbol.asyncDispose]() {
      await slapd[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

peerTest(
  ["slapd", "slapadd", "openssl"],
  "ldaptest: slapd over ldaps, StartTLS and in clear, by password, certificate and nobody",
  async () => {
    await using here = await site();
    const { slapd: { ports }, folder, top, directory } = here;
    const ldaps = `ldaps://localhost:${ports.ldaps}`;
    const ldap = `ldap://localhost:${ports.ldap}`;
    const byNobody = { bind_dn: undefined, password_file: undefined };
    const file = `${folder}/config.yaml`;
    const config = (peer: ConfigObject) => ({
      version: 1,
      hostname: "gw.example.test",
      storage: { directory: `${folder}/data` },
      ...top,
      tls: { peer_certificate: peer },
      services: {
        ldap: {
          tls: directory(ldaps),
          start: directory(ldap),
          clear: directory(ldap, { starttls: false }),
          wrong: directory(ldaps, { password_file: `${folder}/wrong` }),
          external: directory(ldap, { ...byNobody, certificate: "far", sasl_external: true }),
          nobody: directory(ldaps, byNobody),
          elsewhere: directory(ldaps, { base: "dc=elsewhere,dc=test" }),
          unnamed: directory(`ldaps://127.0.0.1:${ports.ldaps}`),
          second: directory("ldaps://localhost:1", { urls: ["ldaps://localhost:1", ldap] }),
        },
      },
    });
    await Deno.writeTextFile(file, JSON.stringify(config({})));
    const ask = async (name: string, address: string) => {
      const { code, out, err } = await runHere(["ldaptest", name, address], { file, engine });
      return { code, text: [...out, ...err].join("\n") };
    };
    // deno-fmt-ignore
    const cases: [name: string, address: string, code: number, ...patterns: RegExp[]][] = [
    ["tls", "bert@example.test", 0, /TLS {5}TLSv1\.2 \S+, verified\n +CN=localhost, issued by CN=Test Authority/, /bound {3}cn=reader/, /is a recipient$/],
    ["tls", '"bert"@EXAMPLE.test', 0, /filter {2}\(\|\(mail=bert@example\.test\)\(uid=bert\)\)/],
    ["tls", "bernd@example.test", 1, /answer {2}unknown/, /is no recipient$/],
    ["tls", "jürgen@example.test", 0, /uid=jürgen/],
    ["tls", "*@example.test", 1, /uid=\\2a\)/],
    ["tls", '"*)(uid=*"@example.test', 0, /uid=\\2a\\29\\28uid=\\2a\)/],
    ["tls", '"*)(mail=*"@example.test', 1],
    ["start", "bert@example.test", 0, /TLS {5}TLSv1\.2/],
    ["clear", "bert@example.test", 0, /TLS {5}none: the connection is in clear/],
    ["external", "bert@example.test", 0, /shown {3}the certificate far/, /bound {3}by certificate \(EXTERNAL\)/],
    ["wrong", "bert@example.test", 2, /failed {2}the server refuses the bind: invalidCredentials \(49\)/, /recipients are deferred$/],
    ["nobody", "bert@example.test", 2, /bound {3}anonymous/, /refuses the search: noSuchObject \(32\)/],
    ["elsewhere", "bert@example.test", 2, /noSuchObject \(32\)/],
    ["unnamed", "bert@example.test", 2, /its certificate is not verified \(name_mismatch\)/],
    ["second", "bert@example.test", 0, /localhost:1\n {2}failed/, new RegExp(`${ldap}\n {2}TLS`)],
    ["stafff", "bert@example.test", 2, /^Cannot ask the directory stafff: there are tls, start/],
    ["tls", "bert", 2, /^Cannot ask about bert: it is no mail address$/],
  ];
    for (const [name, address, code, ...patterns] of cases) {
      const end = await ask(name, address);
      assert.equal(end.code, code, `${name} ${address}: ${end.text}`);
      for (const pattern of patterns) assert.match(end.text, pattern);
      assert.ok(!end.text.includes(reader.password), "no password is printed");
    }
    await Deno.writeTextFile(file, JSON.stringify(config({ fqdn_validation: true })));
    assert.match((await ask("start", "bert@example.test")).text, /not verified \(fqdn_invalid\)/);
    await Deno.chmod(`${folder}/password`, 0o640);
    assert.match((await ask("tls", "bert@example.test")).text, /others may use it \(mode 640\); chmod 600/);
  },
);

peerTest(
  ["slapd", "slapadd", "openssl"],
  "recipient_validation: a gateway of three threads asks slapd, which goes and comes back",
  async (t) => {
    await using here = await site();
    const { slapd, top, directory } = here;
    await using hop = startNextHop({});
    const urls = [`ldaps://localhost:${slapd.ports.ldaps}`, `ldap://localhost:${slapd.ports.ldap}`];
    const config = (inbound: number, changes: ConfigObject = {}) => {
      const made = gatewayConfig({
        inbound,
        nextHop: hop.port,
        more: {
          ...top,
          workers: 3,
          services: { ldap: { staff: directory(urls[0], { urls, cache: "0s", ...changes }) } },
        },
      }) as { listeners: { inbound: ConfigObject }; mail_flow_policies: ConfigObject };
      // Who asks again and again is not what is tried here.
      made.mail_flow_policies.default = { max_invalid_recipients_per_hour: 0, max_connections_per_ip: 600 };
      Object.assign(made.listeners.inbound, {
        type: "public",
        recipient_validation: "staff",
        sender_groups: [{ name: "ALL", policy: "default" }],
        recipients: [
          { address: "lists@example.test", action: "accept", bypass_recipient_validation: true },
          { address: "example.test", action: "accept" },
        ],
      });
      return made;
    };
    await using gateway = await GatewayProcess.start({
      ports: ["inbound"],
      config: ({ inbound }) => config(inbound),
    });
    await gateway.logged(/Postern \S+ is running/);
    const { inbound } = gateway.ports;
    const answerTo = async (address: string): Promise<string> => {
      using client: Client = await greeted(inbound);
      await client.writeOctets(
        octets(`MAIL FROM:<a@example.net>${/[^ -~]/.test(address) ? " SMTPUTF8" : ""}\r\nRCPT TO:<${address}>\r\n`),
      );
      assert.match(await client.reply(), /^250 /);
      return (await client.reply()).slice(0, 9);
    };

    await t.step("each thread's sessions hear what the directory says", async () => {
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, at) => answerTo(at % 2 === 0 ? "bert@example.test" : `x${at}@example.test`)),
      );
      assert.deepEqual(answers, answers.map((_, at) => at % 2 === 0 ? "250 2.1.5" : "550 5.1.1"));
      assert.equal(await answerTo("lists@example.test"), "250 2.1.5");
      assert.equal(await answerTo("jürgen@example.test"), "250 2.1.5");
      assert.equal(await answerTo('"*)(uid=*"@example.test'), "250 2.1.5");
      assert.equal(await answerTo('"*)(mail=*"@example.test'), "550 5.1.1");
      await gateway.logged(/To: <x1@example\.test> Rejected by LDAP query staff\.accept/);
    });

    await t.step("services, trace and the explanation show it", async () => {
      const { stdout } = await postern(gateway, "services");
      assert.match(
        stdout,
        /^ldap staff: \d+ known, \d+ unknown, 0 without an answer; 0 from memory\n {2}server {3}ldaps:\/\/localhost:\d+: open/m,
      );
      const traced = await postern(
        gateway,
        "trace",
        "--ip",
        "192.0.2.7",
        "--no-dns",
        "--from",
        "a@b.test",
        "--to",
        "x@example.test",
      );
      assert.equal(traced.code, 1);
      assert.match(
        traced.stdout,
        /recipient_validation: LDAP query staff\.accept, \(\|\(mail=x@example\.test\)\(uid=x\)\) at ldaps:\S+: unknown/,
      );
    });

    await t.step("while it is gone recipients are deferred, which is told; then it is asked again", async () => {
      await slapd.stop();
      await until("451", async () => await answerTo("bert@example.test") === "451 4.4.3");
      await gateway.logged(
        /Critical: Cannot ask the directory staff: ldaps:.*; ldap:.*; recipients are deferred meanwhile/,
      );
      assert.equal(await answerTo("lists@example.test"), "250 2.1.5", "nobody is asked about it");
      await slapd.launch();
      await until("250", async () => await answerTo("bert@example.test") === "250 2.1.5", { ms: 60_000 });
    });

    await t.step(
      "other settings are in force at once: another password, and what happens without an answer",
      async () => {
        await gateway.apply(config(inbound, { password_file: `${here.folder}/wrong`, on_temporary_failure: "accept" }));
        await until("250", async () => await answerTo("x@example.test") === "250 2.1.5");
        await gateway.logged(
          /Warning: Cannot ask the directory staff: .*invalidCredentials \(49\).*; recipients are taken unchecked/,
        );
        await gateway.logged(/RCPT taken unchecked: <x@example\.test>, LDAP query staff\.accept has no answer/);
        assert.ok(!gateway.log.includes(reader.password) && !gateway.log.includes("open sesam"));
      },
    );
  },
);

Deno.test("readSecretFile: the first line of a file that is its owner's alone, and no word of it in what is refused", async () => {
  const file = await Deno.makeTempFile();
  try {
    // deno-fmt-ignore
    const cases: [content: string | Uint8Array, mode: number, end: string | RegExp][] = [
      ["hunter2", 0o600, "hunter2"], ["hunter2\r\nmore\n", 0o400, "hunter2"], [" a b \n", 0o600, " a b "],
      ["hunter2", 0o640, /others may use it \(mode 640\); chmod 600$/], ["hunter2", 0o604, /mode 604/],
      ["\nhunter2", 0o600, /its first line is empty$/], ["", 0o600, /its first line is empty$/],
      [Uint8Array.of(0xff, 0x41), 0o600, /it is not UTF-8$/], ["x".repeat(5_000), 0o600, /too long for a password$/],
    ];
    for (const [content, mode, end] of cases) {
      await Deno.chmod(file, 0o600);
      await (typeof content === "string" ? Deno.writeTextFile(file, content) : Deno.writeFile(file, content));
      await Deno.chmod(file, mode);
      if (typeof end === "string") assert.equal(await readSecretFile(file), end);
      else {
        await assert.rejects(readSecretFile(file), (thrown: Error) => {
          assert.match(thrown.message, end);
          return thrown.name === "SecretFileError" && !thrown.message.includes("hunter2");
        });
      }
    }
    await assert.rejects(readSecretFile(`${file}.none`), /no such file$/);
    await assert.rejects(readSecretFile("/tmp"), /Cannot use \/tmp: it is no file$/);
  } finally {
    await Deno.remove(file);
  }
});
