/**
 * `postern tlsverify` against Postfix, with certificates of each kind, beside a gateway that runs; and what it says of a chain against what
 * OpenSSL's commands say.
 *
 * @module
 */
import assert from "node:assert/strict";
import { until } from "../gateway/rig.ts";
import { makeAuthority, makeLeaf } from "../support/certs.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { peerTest, runCommand } from "../support/peers.ts";
import { postern } from "../support/postern.ts";
import { type Postfix, startPostfix } from "../support/postfix.ts";

const name = "mx.example.test";

const kinds = ["good", "selfSigned", "expired", "wrongName", "stranger"] as const;
type Kind = typeof kinds[number] | "none";

/** What is expected of each: the exit code, the reason, and the ends of the levels from none to required-verify. */
const expected: Record<Kind, { code: number; text: RegExp; required: string; requiredVerify: string }> = {
  good: {
    code: 0,
    text: /^ {2}verified {3}the chain ends in an authority$/m,
    required: "delivered, encrypted: verified for mx.example.test",
    requiredVerify: "delivered, encrypted: verified for mx.example.test",
  },
  selfSigned: {
    code: 1,
    text: /^ {2}verified {3}no, certificate 0: self-signed certificate \(self_signed\)$/m,
    required: "delivered, encrypted: not verified, which it need not be: self-signed certificate",
    requiredVerify: "deferred: self-signed certificate",
  },
  expired: {
    code: 1,
    text: /^ {2}verified {3}no, certificate 0: certificate has expired \(expired\)$/m,
    required: "delivered, encrypted: not verified, which it need not be: certificate has expired",
    requiredVerify: "deferred: certificate has expired",
  },
  wrongName: {
    code: 1,
    text: /^ {2}name {7}mx\.example\.test: not on the certificate$/m,
    required: "delivered, encrypted: not verified, which it need not be: the certificate is not for mx.example.test",
    requiredVerify: "deferred: the certificate is not for mx.example.test",
  },
  stranger: {
    code: 1,
    text: /^ {2}verified {3}no, certificate 0: unable to get local issuer certificate \(untrusted\)$/m,
    required: "delivered, encrypted: not verified, which it need not be: unable to get local issuer certificate",
    requiredVerify: "deferred: unable to get local issuer certificate",
  },
  none: {
    code: 1,
    text: /^ {2}TLS {8}none: STARTTLS not offered \(no_starttls\)$/m,
    required: "deferred: STARTTLS not offered",
    requiredVerify: "deferred: STARTTLS not offered",
  },
};

peerTest(["postfix", "openssl"], "tlsverify tells Postfix with each kind of certificate apart", async (t) => {
  const dir = await Deno.makeTempDir();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const root = await makeAuthority(dir);
  const intermediate = await makeAuthority(dir, { name: "Intermediate", parent: root });
  const good = await makeLeaf({ ca: intermediate, names: [name], key: "rsa:2048" });
  const certificates = {
    good: { ...good, certificatePem: good.certificatePem + intermediate.certificatePem },
    selfSigned: await makeLeaf({ names: [name] }, dir),
    expired: await makeLeaf({
      ca: root,
      names: [name],
      notBefore: new Date("2020-01-01"),
      notAfter: new Date("2020-02-01"),
    }),
    wrongName: await makeLeaf({ ca: root, names: ["other.example.test"] }),
    stranger: await makeLeaf({ ca: await makeAuthority(dir, { name: "Stranger" }), names: [name] }),
  };
  const settings = { virtual_mailbox_domains: "example.test" };
  const started = await Promise.all(
    [...kinds.map((kind) => certificates[kind]), undefined].map((certificate) =>
      startPostfix({ settings, certificate })
    ),
  );
  stack.defer(async () => void await Promise.all(started.map((hop) => hop[Symbol.asyncDispose]())));
  const hops = Object.fromEntries([...kinds, "none"].map((kind, at) => [kind, started[at]])) as Record<Kind, Postfix>;
  // It runs the whole time, and has the lock: the command needs none.
  const gateway = stack.use(
    await GatewayProcess.start({
      ports: ["inbound"],
      files: { "root.pem": root.certificatePem },
      config: ({ inbound }) => ({
        version: 1,
        hostname: "gw.example.test",
        listeners: { inbound: { address: `127.0.0.1:${inbound}` } },
        certificate_authorities: { system: false, custom: ["root.pem"] },
      }),
    }),
  );

  for (const kind of [...kinds, "none"] as const) {
    await t.step(kind, async () => {
      const { code, stdout, stderr } = await postern(gateway, "tlsverify", name, `127.0.0.1:${hops[kind].port}`);
      const { text, required, requiredVerify, ...end } = expected[kind];
      assert.equal(stderr, "");
      assert.deepEqual({ code }, end, stdout);
      assert.match(stdout, text);
      assert.ok(stdout.includes(`    required          ${required}\n`), stdout);
      assert.ok(stdout.includes(`    required-verify   ${requiredVerify}\n`), stdout);
      assert.match(stdout, /^ {2}S: 220 postfix\.example\.test ESMTP/m);
      assert.match(stdout, /^ {2}C: EHLO gw\.example\.test$/m);
      await until("the end of the session", () => /disconnect from .* commands=/.test(hops[kind].log()));
      assert.doesNotMatch(hops[kind].log(), /mail=/);
    });
  }

  await t.step("the chain is what OpenSSL sees", async () => {
    const { stdout } = await postern(gateway, "tlsverify", name, `127.0.0.1:${hops.good.port}`, "--json");
    const { hosts: [{ met: { facts } }], verified } = JSON.parse(stdout);
    assert.equal(verified, true);
    const shown = await runCommand("openssl", [
      ...["s_client", "-starttls", "smtp", "-connect", `127.0.0.1:${hops.good.port}`, "-showcerts"],
    ], { input: "QUIT\r\n" });
    const pems = shown.stdout.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----\n/g)!;
    assert.equal(facts.certificates.length, 2);
    assert.ok(pems.length >= 2, shown.stdout);
    for (const [index, certificate] of facts.certificates.entries()) {
      const fields = ["-subject", "-issuer", "-serial", "-dates", "-fingerprint", "-sha256"];
      const { stdout: said } = await runCommand("openssl", [
        ...["x509", "-noout", "-nameopt", ["RFC", 2253].join(""), "-dateopt", "iso_8601", ...fields],
      ], { input: pems[index] });
      const field = (title: string) => said.match(new RegExp(`^${title}=(.*)$`, "mi"))?.[1];
      const iso = (ms: number) => new Date(ms).toISOString().replace("T", " ").replace(".000Z", "Z");
      assert.deepEqual(
        {
          subject: certificate.subject,
          issuer: certificate.issuer,
          serial: certificate.serial,
          notBefore: iso(certificate.notBefore),
          notAfter: iso(certificate.notAfter),
          fingerprint: certificate.fingerprint,
        },
        {
          subject: field("subject"),
          issuer: field("issuer"),
          serial: field("serial"),
          notBefore: field("notBefore"),
          notAfter: field("notAfter"),
          fingerprint: field("sha256 Fingerprint"),
        },
      );
    }
    assert.deepEqual(facts.certificates.map(({ key, signature }: Record<string, string>) => [key, signature]), [
      ["RSA 2048", "ecdsa-with-SHA256"],
      ["EC P-256", "ecdsa-with-SHA256"],
    ]);
    assert.equal(facts.built.certificates.at(-1).subject, "CN=Test Authority");
  });
});
