/**
 * Certificates from Pebble, by the real gateway: both challenges, renewal under an open session, refusals, restarts.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type ConfigObject, freePorts, GatewayProcess } from "../support/gateway_process.ts";
import { Pebble } from "../support/pebble.ts";
import { peerTest, runCommand } from "../support/peers.ts";
import { postern } from "../support/postern.ts";
import { countOf, gatewayConfig, startEmptyDns, until } from "../gateway/rig.ts";
import { greeted } from "../gateway/client.ts";

/** A gateway whose listener and HTTPS front show `profiles`. */
function config(
  ports: Readonly<Record<string, number>>,
  { dns, profiles, front = null }: { dns: ConfigObject; profiles: ConfigObject; front?: string | null },
): ConfigObject {
  const admin = front === null ? { address: null } : { address: `127.0.0.1:${ports.front}`, certificate: front };
  return gatewayConfig({
    inbound: ports.inbound,
    nextHop: 9,
    listener: { certificate: "mx" },
    more: { dns, admin, certificates: profiles },
  });
}

/** What a client on a port is shown: subject, issuer, serial, and whether it verifies by `root`. */
async function shown(port: number, { root, smtp, name }: { root: string; smtp: boolean; name: string }) {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, root);
    const { stdout } = await runCommand("openssl", [
      ...["s_client", "-connect", `127.0.0.1:${port}`, "-CAfile", file, "-servername", name, "-verify_hostname", name],
      ...(smtp ? ["-starttls", "smtp"] : []),
    ]);
    const pem = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/.exec(stdout)?.[0] ?? "";
    const { stdout: facts } = await runCommand("openssl", ["x509", "-noout", "-serial", "-pubkey"], { input: pem });
    return { verified: /Verify return code: 0 /.test(stdout), serial: /serial=(\w+)/.exec(facts)?.[1] ?? "", facts };
  } finally {
    await Deno.remove(file);
  }
}

const keyOf = (facts: string) => /-----BEGIN PUBLIC KEY[^]*/.exec(facts)![0];

peerTest(
  ["pebble", "openssl", "posttls-finger"],
  "AcmeKeeper: Pebble issues by http-01 and tls-alpn-01, and renews while a session goes on",
  async (t) => {
    await using empty = startEmptyDns();
    const { http, front } = freePorts(["http", "front"]);
    await using pebble = await Pebble.start({ ports: { http, tls: front }, nonceReject: 30 });
    const root = await pebble.root();
    const acme = { directory: pebble.directory, terms_agreed: true, ca: `${pebble.folder}/ca.pem` };
    const profiles = {
      mx: {
        acme: {
          ...acme,
          names: ["mx.example.test", "mail.example.test"],
          email: "ops@example.test",
          http_address: `127.0.0.1:${http}`,
        },
      },
      gui: { acme: { ...acme, names: ["gui.example.test"], challenge: "tls-alpn-01", key: "rsa:2048" } },
    };
    await using gateway = await GatewayProcess.start({
      ports: ["inbound"],
      config: (ports) => config({ ...ports, front }, { dns: empty.settings, profiles, front: "gui" }),
    });
    const { inbound } = gateway.ports;
    const atListener = () => shown(inbound, { root, smtp: true, name: "mx.example.test" });
    const atFront = () => shown(front, { root, smtp: false, name: "gui.example.test" });

    await t.step("both are issued at the start", async () => {
      await gateway.logged(/Info: Certificate mx: issued for mx\.example\.test, mail\.example\.test until /);
      await gateway.logged(/Info: Certificate gui: issued for gui\.example\.test until /);
      await until("the listener shows it", async () => (await atListener()).verified, { every: 100 });
      await until("the front shows it", async () => (await atFront()).verified, { every: 100 });
      await until("the word on both", () => countOf(gateway.log, /Configuration applied/) >= 2);
      assert.equal(countOf(gateway.log, /Configuration applied/), 2);
      for await (const { name, isFile } of Deno.readDir(`${gateway.folder}/data/certificates/acme`)) {
        const { mode } = await Deno.stat(`${gateway.folder}/data/certificates/acme/${name}`);
        assert.equal(mode! & 0o777, isFile ? 0o600 : 0o700, name);
      }
    });

    await t.step("certconfig show tells how it goes, and renew says what renews it", async () => {
      const { stdout } = await postern(gateway, "certconfig", "show", "mx");
      assert.match(stdout, /^By ACME from https:\S+, by http-01, for mx\.example\.test, mail\.example\.test$/m);
      assert.match(stdout, /^Next order: \d{4}-\d\d-\d\d \d\d:\d\d UTC: two thirds of its life are over$/m);
      assert.match(stdout, /^Last attempt: .* UTC: issued for mx\.example\.test, /m);
      const renew = await postern(gateway, "certconfig", "renew", "mx");
      assert.equal(renew.code, 1);
      assert.match(renew.stderr, /ACME has it issued; certconfig acme mx renews it now/);
    });

    await t.step("Postfix's client verifies the listener", async () => {
      const folder = await Deno.makeTempDir();
      try {
        await Deno.writeTextFile(`${folder}/main.cf`, `compatibility_level = 3.6\nqueue_directory = ${folder}\n`);
        await Deno.writeTextFile(`${folder}/root.pem`, root);
        const { stdout, stderr } = await runCommand("posttls-finger", [
          ...[
            "-c",
            "-t",
            "20",
            "-l",
            "verify",
            "-F",
            `${folder}/root.pem`,
            `[127.0.0.1]:${inbound}`,
            "mail.example.test",
          ],
        ], { env: { MAIL_CONFIG: folder } });
        assert.match(stdout + stderr, /Verified TLS connection established/);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    });

    await t.step("a renewal has a new key, the one that was kept for it, and drops no session", async () => {
      const before = await atListener();
      using open = await greeted(inbound);
      await open.startTls({ certificatePem: root });
      await open.expect(["EHLO c.example.test", "250"], ["MAIL FROM:<a@example.org>", "250"]);
      const kept = await Deno.readTextFile(`${gateway.folder}/data/certificates/acme/mx.next.key`);
      const { code, stdout, stderr } = await postern(gateway, "certconfig", "acme", "mx");
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^mx: issued for mx\.example\.test, mail\.example\.test until /);
      const after = await atListener();
      assert.ok(after.verified);
      assert.notEqual(after.serial, before.serial);
      const { stdout: expected } = await runCommand("openssl", ["pkey", "-pubout"], { input: kept });
      assert.equal(keyOf(after.facts), expected);
      await open.expect(["RCPT TO:<b@example.test>", "250"], ["RSET", "250"], ["NOOP", "250"]);
    });

    await t.step("a restart orders nothing, and goes on with the account", async () => {
      const { serial } = await atListener();
      assert.equal((await gateway.stop()).code, 0);
      const from = gateway.log.length;
      await gateway.launch();
      await until("the front listens", async () => (await atFront()).verified, { every: 100 });
      assert.equal((await atListener()).serial, serial);
      assert.doesNotMatch(gateway.log.slice(from), /is ordered|made: self-signed/);
      assert.equal((await postern(gateway, "certconfig", "acme", "mx")).code, 0);
      assert.equal(countOf(pebble.output, /There are now \d+ accounts in memory/), 1, "one account for all");
    });

    await t.step("a name more is ordered as soon as the configuration says so; keep_key keeps the key", async () => {
      const before = await atListener();
      const from = gateway.log.length;
      const more = {
        ...profiles,
        mx: { acme: { ...profiles.mx.acme, names: [...profiles.mx.acme.names, "third.example.test"] } },
      };
      await gateway.apply(config({ ...gateway.ports, front }, { dns: empty.settings, profiles: more, front: "gui" }));
      await gateway.logged(/Certificate mx is ordered: the one in service lacks third\.example\.test/, { from });
      // It is told first and put in force next.
      await gateway.logged(/Certificate mx: issued for .*third\.example\.test until [^]*Configuration applied/, {
        from,
      });
      const kept = { ...more, mx: { acme: { ...more.mx.acme, keep_key: true } } };
      await gateway.apply(config({ ...gateway.ports, front }, { dns: empty.settings, profiles: kept, front: "gui" }));
      const middle = await atListener();
      assert.notEqual(keyOf(middle.facts), keyOf(before.facts));
      assert.equal((await postern(gateway, "certconfig", "acme", "mx")).code, 0);
      const after = await atListener();
      assert.notEqual(after.serial, middle.serial);
      assert.equal(keyOf(after.facts), keyOf(middle.facts));
    });

    await t.step("no secret is in the log", async () => {
      for (const file of ["mx.pem", "mx.next.key"]) {
        const pem = await Deno.readTextFile(`${gateway.folder}/data/certificates/acme/${file}`).catch(() => "");
        for (const line of pem.split("\n").filter((line) => line.length > 40)) assert.ok(!gateway.log.includes(line));
      }
      assert.doesNotMatch(gateway.log, /PRIVATE KEY/);
    });
  },
);

peerTest(
  ["pebble", "openssl"],
  "AcmeKeeper: what the authority refuses is told in its words, and an authority that is down changes nothing",
  async (t) => {
    await using empty = startEmptyDns();
    const { http, tls, elsewhere } = freePorts(["http", "tls", "elsewhere"]);
    const ports = { http, tls };
    const externalKeys = { "kid-1": "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W" };
    let pebble = await Pebble.start({
      ports,
      externalKeys,
      blocked: ["blocked.example.test"],
      unknown: ["nowhere.example.test"],
    });
    const { port, folder } = pebble;
    try {
      const acme = (names: string[], more: ConfigObject = {}) => ({
        acme: {
          directory: pebble.directory,
          terms_agreed: true,
          ca: `${folder}/ca.pem`,
          names,
          http_address: `127.0.0.1:${ports.http}`,
          external_account: { key_id: "kid-1", key_file: "eab.key" },
          ...more,
        },
      });
      await using gateway = await GatewayProcess.start({
        ports: ["inbound"],
        files: { "eab.key": `${externalKeys["kid-1"]}\n` },
        config: (found) =>
          config(found, {
            dns: empty.settings,
            profiles: {
              mx: acme(["mx.example.test"]),
              blocked: acme(["blocked.example.test"]),
              nowhere: acme(["nowhere.example.test"]),
              closed: acme(["closed.example.test"], { http_address: `127.0.0.1:${elsewhere}` }),
              alpn: acme(["alpn.example.test"], { challenge: "tls-alpn-01", tls_address: `127.0.0.1:${ports.tls}` }),
            },
          }),
      });
      await t.step("an account is bound to an external one", async () => {
        await gateway.logged(/Info: Certificate mx: issued for mx\.example\.test until /);
      });
      await t.step("tls-alpn-01 on an address of its own", async () => {
        await gateway.logged(/Info: Certificate alpn: issued for alpn\.example\.test until /);
      });
      await t.step("each refusal is one Warning with the problem's type and detail", async () => {
        await gateway.logged(
          /Warning: Certificate blocked: Cannot order a certificate: rejectedIdentifier: .*; tried again at /,
        );
        await gateway.logged(
          /Warning: Certificate nowhere: Cannot prove nowhere\.example\.test by http-01: \w+: .*; tried again at /,
        );
        await gateway.logged(
          /Warning: Certificate closed: Cannot prove closed\.example\.test by http-01: (unauthorized|connection): .*; tried again at /,
        );
        assert.equal(countOf(gateway.log, /Certificate blocked: Cannot/), 1);
      });
      await t.step("the command says so, and exits 1", async () => {
        const { code, stdout, stderr } = await postern(gateway, "certconfig", "acme", "blocked");
        assert.deepEqual([code, stdout], [1, ""]);
        assert.match(stderr, /^Cannot order a certificate: rejectedIdentifier: [^\n]*\n$/);
        const none = await postern(gateway, "certconfig", "acme", "demo");
        assert.deepEqual([none.code, none.stderr], [1, "Cannot order demo: it is no profile with acme\n"]);
      });
      await t.step("an authority that is down", async () => {
        const root = await pebble.root();
        const before = await shown(gateway.ports.inbound, { root, smtp: true, name: "mx.example.test" });
        assert.ok(before.verified);
        await pebble.stop();
        const { code, stderr } = await postern(gateway, "certconfig", "acme", "mx");
        assert.equal(code, 1);
        assert.match(stderr, /^Cannot reach https:\/\/127\.0\.0\.1:\d+\/\S+: .*refused/);
        const during = await shown(gateway.ports.inbound, { root, smtp: true, name: "mx.example.test" });
        assert.deepEqual(during, before);
      });
      await t.step("one that has forgotten us gets a new account", async () => {
        pebble = await Pebble.start({ ports, externalKeys, again: { port, folder } });
        const { code, stderr } = await postern(gateway, "certconfig", "acme", "mx");
        assert.equal(code, 0, stderr);
        const root = await pebble.root();
        assert.ok((await shown(gateway.ports.inbound, { root, smtp: true, name: "mx.example.test" })).verified);
      });
      await t.step("a CA whose HTTPS nobody signed is not spoken to", async () => {
        const from = gateway.log.length;
        await gateway.apply(config(gateway.ports, {
          dns: empty.settings,
          profiles: { mx: acme(["mx.example.test"], { ca: undefined, key: "ec:p384" }) },
        }));
        await gateway.logged(/Warning: Certificate mx: Cannot reach https:\S+: .*(UnknownIssuer|certificate)/, {
          from,
        });
      });
    } finally {
      await pebble[Symbol.asyncDispose]();
    }
  },
);

peerTest(
  ["pebble", "openssl"],
  "AcmeKeeper: a certificate that lives for seconds is renewed by itself, and goes on after a damaged file",
  async (t) => {
    await using empty = startEmptyDns();
    const { http, tls } = freePorts(["http", "tls"]);
    await using pebble = await Pebble.start({ ports: { http, tls }, seconds: 9 });
    const root = await pebble.root();
    await using gateway = await GatewayProcess.start({
      ports: ["inbound"],
      config: (ports) =>
        config(ports, {
          dns: empty.settings,
          profiles: {
            mx: {
              acme: {
                directory: pebble.directory,
                terms_agreed: true,
                ca: `${pebble.folder}/ca.pem`,
                names: ["mx.example.test"],
                http_address: `127.0.0.1:${http}`,
              },
            },
          },
        }),
    });
    const path = `${gateway.folder}/data/certificates/acme/mx.pem`;
    // What is issued is told first and served next.
    const isShown = async () =>
      (await shown(gateway.ports.inbound, { root, smtp: true, name: "mx.example.test" })).verified;
    await t.step("at two thirds of its life", async () => {
      const first = await gateway.logged(/Info: Certificate mx: issued for /);
      const since = performance.now();
      await gateway.logged(
        /Info: Certificate mx is ordered: two thirds of its life are over\n[^]*Certificate mx: issued for /,
        {
          from: first.index,
        },
      );
      const seconds = (performance.now() - since) / 1000;
      // Six seconds are two thirds; the rest is for a machine that other tests keep busy.
      assert.ok(seconds > 3 && seconds < 20, `renewed after ${seconds} s`);
      await until("the listener shows it", isShown, { every: 100 });
      assert.doesNotMatch(gateway.log, /expires in/, "nobody is told of what renews itself");
    });
    await t.step("a damaged file costs an order, not the start", async () => {
      assert.equal((await gateway.stop()).code, 0);
      await Deno.writeTextFile(path, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
      const from = gateway.log.length;
      await gateway.launch();
      await gateway.logged(/Warning: Certificate mx: what the authority issued cannot be used: /, { from });
      await gateway.logged(/Info: Certificate mx: issued for /, { from });
      await until("the listener shows it", isShown, { every: 100 });
    });
  },
);
