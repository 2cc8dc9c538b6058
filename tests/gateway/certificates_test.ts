/**
 * From a self-signed certificate to a signed one on a gateway that runs: the whole procedure, with OpenSSL's and Postfix's clients.
 *
 * @module
 */
import assert from "node:assert/strict";
import { startFakeDns } from "../support/fake_dns.ts";
import { freePort, GatewayProcess } from "../support/gateway_process.ts";
import { peerTest, runCommand } from "../support/peers.ts";
import { postern } from "../support/postern.ts";
import { Session } from "../support/s_client.ts";
import { SmallCa } from "../support/small_ca.ts";
import { gatewayConfig, listenerAt } from "./rig.ts";

const host = "mx1.example.test";

/** What a new connection sees: how s_client verifies it, and the certificate's public key. */
async function seen(port: number, root: string): Promise<{ verified: boolean; key: string }> {
  const { stdout, stderr } = await runCommand("openssl", [
    ...["s_client", "-connect", `127.0.0.1:${port}`, "-starttls", "smtp", "-CAfile", root, "-verify_hostname", host],
  ], { input: "QUIT\n" });
  const pem = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/s.exec(stdout)?.[0] ?? stderr;
  const { stdout: key } = await runCommand("openssl", ["x509", "-noout", "-pubkey"], { input: pem });
  return { verified: /Verify return code: 0 \(ok\)/.test(stdout), key };
}

/** Whether Postfix's client calls the connection verified, as it would for `verify`. */
async function verifiedByPostfix(port: number, root: string): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/main.cf`, `compatibility_level = 3.6\nqueue_directory = ${folder}\n`);
    const { stdout, stderr } = await runCommand("posttls-finger", [
      ...["-c", "-t", "20", "-l", "verify", "-F", root, `[127.0.0.1]:${port}`, host],
    ], { env: { MAIL_CONFIG: folder } });
    return stdout + stderr;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

peerTest(
  ["openssl", "posttls-finger"],
  "a running gateway has its certificate signed, renewed on a new key and exported, and no session ends",
  async () => {
    await using dns = startFakeDns(({ name, type }) =>
      name === "example.test" && type === "MX"
        ? { answers: [{ name, type, data: { preference: 10, exchange: host } }] }
        : { rcode: 3 }
    );
    await using ca = await SmallCa.make();
    const root = ca.at("root.crt");
    await using gateway = await GatewayProcess.start({
      ports: ["inbound"],
      config: ({ inbound }) => ({
        ...gatewayConfig({ inbound, nextHop: freePort() }),
        dns: { servers: [`127.0.0.1:${dns.server.port}`] },
        admin: { address: null },
        certificates: { mx1: { self_signed: true } },
        listeners: {
          inbound: listenerAt(`127.0.0.1:${inbound}`, {
            hostname: host,
            certificate: "mx1",
            recipients: [{ address: "example.test", action: "accept" }],
          }),
        },
      }),
    });
    const { inbound } = gateway.ports;
    const run = async (...words: string[]) => {
      const { code, stdout, stderr } = await postern(gateway, "certconfig", ...words);
      assert.equal(code, 0, `${words.join(" ")}: ${stderr}`);
      return stdout;
    };
    const csr = async (name: string) => await run("csr", name);

    // A new profile beside the one in service, which takes its place by a rename of both.
    await run("new", "signed", "--common-name", host, "--key", "ec:p256");
    await run("rename", "mx1", "before");
    await run("rename", "signed", "mx1");
    const config = JSON.parse(await Deno.readTextFile(gateway.configPath));
    assert.equal(config.listeners.inbound.certificate, "before");
    await gateway.apply({ ...config, listeners: { inbound: { ...config.listeners.inbound, certificate: "mx1" } } });
    await run("delete", "before");
    assert.equal((await seen(inbound, root)).verified, false);

    await using open = new Session(inbound, { version: "TLSv1.3" });
    assert.ok(await open.until(/250 CHUNKING/));
    const answer = await ca.sign("mx1.crt", { request: await csr("mx1") });
    await ca.run("cat int1.crt int2.crt > chain.pem");
    const applied = () => gateway.log.match(/Configuration applied/g)?.length;
    await gateway.logged(/Certificate before was deleted/);
    const before = applied()!;
    await run("upload", "mx1", "--certificate", answer, "--intermediates", ca.at("chain.pem"));
    // In force when the command returns, and the session that was open goes on.
    const first = await seen(inbound, root);
    assert.ok(first.verified);
    await gateway.logged(/Certificate mx1 was uploaded/);
    // Files and the configuration that names them are one step, and the watch has nothing to tell behind it.
    assert.equal(applied(), before + 1, gateway.log);
    assert.doesNotMatch(gateway.log, /Cannot apply|Critical/);
    await open.write("EHLO still.example.test");
    assert.ok(await open.until(/250 CHUNKING/));
    assert.match(await verifiedByPostfix(inbound, root), /Verified TLS connection established/);
    assert.match(
      await run("check", "mx1"),
      /^ok {2}Listener inbound.*\nok {2}The MX record of example\.test names mx1\.example\.test: .*\nok .*\n$/,
    );
    const wrong = await postern(gateway, "certconfig", "check", "mx1", "--for", "elsewhere.test");
    assert.deepEqual([wrong.code, wrong.stdout.split("\n")[1]], [
      1,
      "NO  Mail for elsewhere.test: the DNS knows no such domain",
    ]);

    await run("renew", "mx1", "--new-key");
    assert.deepEqual(await seen(inbound, root), first);
    const renewed = await ca.sign("renewed.crt", { request: await csr("mx1") });
    await run("upload", "mx1", "--certificate", renewed);
    const second = await seen(inbound, root);
    assert.ok(second.verified);
    assert.notEqual(second.key, first.key);
    await open.write("NOOP");
    assert.ok(await open.until(/250 2\.0\.0/));

    await Deno.writeTextFile(`${gateway.folder}/pw`, "correct horse\n");
    const p12 = `${gateway.folder}/mx1.p12`;
    await run("export", "mx1", "--pkcs12", p12, "--password-file", `${gateway.folder}/pw`);
    const { stdout: exported } = await runCommand("openssl", [
      "pkcs12",
      "-in",
      p12,
      "-nodes",
      "-passin",
      "pass:correct horse",
    ]);
    assert.equal(exported.match(/BEGIN CERTIFICATE/g)?.length, 3);

    const used = await postern(gateway, "certconfig", "delete", "mx1");
    assert.deepEqual([used.code, used.stderr], [1, "Cannot delete mx1: it is used by listener inbound\n"]);
    assert.doesNotMatch(gateway.log, /correct horse|PRIVATE KEY|Cannot apply|Critical/);
  },
);

peerTest(
  ["openssl"],
  "attack: a key swap that a power cut interrupted is ended before the gateway reads a certificate",
  async () => {
    await using gateway = await GatewayProcess.start({
      ports: ["inbound"],
      config: ({ inbound }) => ({
        ...gatewayConfig({ inbound, nextHop: freePort() }),
        admin: { address: null },
        listeners: { inbound: listenerAt(`127.0.0.1:${inbound}`) },
      }),
    });
    await gateway.stop();
    for (const name of ["one", "two"]) {
      const made = await postern(gateway, "certconfig", "new", name, "--common-name", host, "--key", "ec:p256");
      assert.equal(made.code, 0, made.stderr);
    }
    const at = (name: string) => `${gateway.folder}/data/certificates/${name}`;
    const [key, certificate] = await Promise.all(["two.key", "two.crt"].map((name) => Deno.readTextFile(at(name))));
    const [oldKey, oldCertificate] = await Promise.all(
      ["one.key", "one.crt"].map((name) => Deno.readTextFile(at(name))),
    );
    // The journal stands, the new key is in place, the new certificate is not.
    const journal = {
      first: { "one.key": key, "one.crt": certificate },
      back: { "one.key": oldKey, "one.crt": oldCertificate },
    };
    await Deno.writeTextFile(at(".swap"), JSON.stringify(journal), { mode: 0o600 });
    await Deno.writeTextFile(at("one.key"), key);
    const config = JSON.parse(await Deno.readTextFile(gateway.configPath));
    config.listeners.inbound.certificate = "one";
    await gateway.configure(config);
    await gateway.launch();
    assert.doesNotMatch(gateway.log, /Critical|Cannot/);
    assert.equal(await Deno.readTextFile(at("one.crt")), certificate);
    await assert.rejects(Deno.stat(at(".swap")), Deno.errors.NotFound);
  },
);
