/**
 * The life of certificate files as those leave them who renew: certbot, acme.sh, Kubernetes; and what a pair that does not fit does.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type ConfigObject, freePort, GatewayProcess, pause } from "../support/gateway_process.ts";
import { makeCertificate, type Pem } from "../support/openssl_certs.ts";
import { peerTest, runCommand } from "../support/peers.ts";
import { postern } from "../support/postern.ts";
import { greeted } from "./client.ts";
import { countOf, gatewayConfig, inForceMs, startEmptyDns, until } from "./rig.ts";

/** A certificate for the name that clients ask for, with whoever signed it. */
interface Signed {
  authority: Pem;
  leaf: Pem;
}

async function signed(): Promise<Signed> {
  const authority = await makeCertificate({ names: [], authority: true });
  return { authority, leaf: await makeCertificate({ names: ["DNS:mx.example.test"], issuer: authority }) };
}

/** Whether the listener shows a certificate of this authority. */
async function shows(port: number, { authority }: Signed): Promise<boolean> {
  using client = await greeted(port);
  return await client.startTls(authority).then(() => true, () => false);
}

/** How one tool renews: the profile's files, how the first pair comes there, and each half of the next. */
interface Renewal {
  tool: string;
  files: { certificate: string; key: string };
  first(folder: string, pem: Pem): Promise<void>;
  certificate(folder: string, pem: Pem): Promise<void>;
  key(folder: string, pem: Pem): Promise<void>;
  /** Both at once, where the tool does it so. */
  both?(folder: string, pem: Pem): Promise<void>;
}

let version = 1;

async function swapLink(path: string, target: string): Promise<void> {
  await Deno.symlink(target, `${path}.new`);
  await Deno.rename(`${path}.new`, path);
}

/** A half in certbot's archive, and live/ leads there. */
async function certbotHalf(folder: string, half: "fullchain" | "privkey", text: string): Promise<void> {
  const name = `${half}${++version}.pem`;
  await Deno.writeTextFile(`${folder}/archive/mx.example.test/${name}`, text, { mode: 0o600 });
  // certbot removes the link before it makes the next.
  const link = `${folder}/live/mx.example.test/${half}.pem`;
  await Deno.remove(link).catch(() => {});
  await Deno.symlink(`../../archive/mx.example.test/${name}`, link);
}

const renewals: Renewal[] = [
  {
    tool: "certbot",
    files: { certificate: "live/mx.example.test/fullchain.pem", key: "live/mx.example.test/privkey.pem" },
    async first(folder, pem) {
      for (const part of ["live", "archive"]) {
        await Deno.mkdir(`${folder}/${part}/mx.example.test`, { recursive: true });
      }
      await this.certificate(folder, pem);
      await this.key(folder, pem);
    },
    certificate: (folder, pem) => certbotHalf(folder, "fullchain", pem.certificatePem),
    key: (folder, pem) => certbotHalf(folder, "privkey", pem.keyPem),
  },
  {
    tool: "acme.sh",
    files: { certificate: "mx.cer", key: "mx.key" },
    async first(folder, pem) {
      await this.certificate(folder, pem);
      await this.key(folder, pem);
    },
    certificate: (folder, pem) => Deno.writeTextFile(`${folder}/mx.cer`, pem.certificatePem),
    key: (folder, pem) => Deno.writeTextFile(`${folder}/mx.key`, pem.keyPem),
  },
  {
    tool: "Kubernetes",
    files: { certificate: "secret/tls.crt", key: "secret/tls.key" },
    async first(folder, pem) {
      await Deno.mkdir(`${folder}/secret`);
      await this.both!(folder, pem);
      for (const name of ["tls.crt", "tls.key"]) await Deno.symlink(`..data/${name}`, `${folder}/secret/${name}`);
    },
    certificate: (folder, pem) => secret(folder, { certificatePem: pem.certificatePem }),
    key: (folder, pem) => secret(folder, { keyPem: pem.keyPem }),
    both: (folder, pem) => secret(folder, pem),
  },
];

/** A new folder of the secret, and ..data leads there; what is not given stays as it was. */
async function secret(folder: string, { certificatePem, keyPem }: Partial<Pem>): Promise<void> {
  const was = (name: string) => Deno.readTextFile(`${folder}/secret/${name}`);
  const dated = `..2026_11_22_${++version}`;
  await Deno.mkdir(`${folder}/secret/${dated}`);
  await Deno.writeTextFile(`${folder}/secret/${dated}/tls.crt`, certificatePem ?? await was("tls.crt"));
  await Deno.writeTextFile(`${folder}/secret/${dated}/tls.key`, keyPem ?? await was("tls.key"));
  await swapLink(`${folder}/secret/..data`, dated);
}

const unfit = /Critical: Cannot use the certificate mx: .*; until its files fit the one from before serves/;

for (const renewal of renewals) {
  peerTest(
    ["openssl"],
    `certificate files: ${renewal.tool} renews; halves are kept out with one line until they fit, and no session is dropped`,
    async (t) => {
      const [first, second, third, fourth] = await Promise.all([signed(), signed(), signed(), signed()]);
      await using empty = startEmptyDns();
      const port = freePort();
      await using gateway = await GatewayProcess.start({
        ports: ["plain"],
        config: ({ plain }) => gatewayConfig({ inbound: plain, nextHop: 9, more: { dns: empty.settings } }),
      });
      const { folder } = gateway;
      await renewal.first(folder, first.leaf);
      await gateway.apply(gatewayConfig({
        inbound: port,
        nextHop: 9,
        listener: { certificate: "mx" },
        more: { dns: empty.settings, certificates: { mx: renewal.files } },
      }));
      assert.ok(await shows(port, first));
      using open = await greeted(port);
      await open.startTls(first.authority);
      await open.expect(["EHLO c.example.test", "250"], ["MAIL FROM:<a@example.org>", "250"]);

      /** Brings a pair half by half, seconds apart as it may be; then it is in force at once. */
      const halves = async (pair: Signed, before: Signed, order: ("certificate" | "key")[]) => {
        const from = gateway.log.length;
        await renewal[order[0]](folder, pair.leaf);
        await gateway.logged(unfit, { from });
        assert.ok(await shows(port, before), "half a pair is kept out");
        await pause(800); // more than a look apart
        assert.equal(countOf(gateway.log.slice(from), unfit), 1, "one line, not one for each look");
        await renewal[order[1]](folder, pair.leaf);
        const ms = await until("the fitting pair", () => shows(port, pair));
        assert.ok(ms < inForceMs, `in force after ${ms} ms`);
        await gateway.logged(/Info: The files of the certificate mx fit again/, { from });
      };
      await t.step("the certificate first", () => halves(second, first, ["certificate", "key"]));
      await t.step("the key first", () => halves(third, second, ["key", "certificate"]));
      await t.step("both within a moment", async () => {
        const from = gateway.log.length;
        if (renewal.both === undefined) {
          await renewal.key(folder, fourth.leaf);
          await renewal.certificate(folder, fourth.leaf);
        } else await renewal.both(folder, fourth.leaf);
        const ms = await until("the fourth pair", () => shows(port, fourth));
        assert.ok(ms < inForceMs, `in force after ${ms} ms`);
        assert.doesNotMatch(gateway.log.slice(from), /Critical/);
      });
      await open.expect(["RCPT TO:<b@example.test>", "250"], ["RSET", "250"]);
      assert.equal((await gateway.stop()).code, 0);
    },
  );
}

peerTest(
  ["openssl"],
  "certificate files: a pair that does not fit keeps neither a start nor other changes away, and what is new has to be right",
  async (t) => {
    const [mx, gui] = await Promise.all([signed(), signed()]);
    const front = freePort();
    await using empty = startEmptyDns();
    const config = ({ inbound }: Readonly<Record<string, number>>, more: ConfigObject = {}) =>
      gatewayConfig({
        inbound,
        nextHop: 9,
        listener: { certificate: "mx" },
        more: {
          dns: empty.settings,
          certificates: {
            mx: { certificate: "mx.crt", key: "mx.key" },
            gui: { certificate: "gui.crt", key: "gui.key" },
          },
          admin: { address: `127.0.0.1:${front}`, certificate: "gui" },
          ...more,
        },
      });
    await using gateway = await GatewayProcess.start({
      ports: ["inbound"],
      files: {
        "mx.crt": mx.leaf.certificatePem,
        "mx.key": mx.leaf.keyPem,
        "gui.crt": gui.leaf.certificatePem,
        "gui.key": mx.leaf.keyPem,
      },
      config,
    });
    const { folder, ports: { inbound } } = gateway;
    const frontSubject = async () => {
      const { stdout } = await runCommand("openssl", ["s_client", "-connect", `127.0.0.1:${front}`]);
      return /^subject=(.*)$/m.exec(stdout)?.[1];
    };

    await t.step("at the start: mail goes on, and the admin page is there with a self-signed stand-in", async () => {
      await gateway.logged(
        /Critical: Cannot use the certificate gui: .*public key.*; until its files fit a self-signed one stands in/,
      );
      assert.ok(await shows(inbound, mx));
      await until("the admin page", async () => await frontSubject() === "CN = gw.example.test", { every: 100 });
    });
    await t.step("postern check names it all the same, and reload warns", async () => {
      const check = await postern(gateway, "check");
      assert.equal(check.code, 1);
      assert.match(check.stdout + check.stderr, /config\.yaml:\d+:\d+: certificates\.gui\.key: /);
      const reload = await postern(gateway, "reload");
      assert.equal(reload.code, 0, reload.stderr);
      assert.match(reload.stderr, /^Cannot use the certificate gui: /m);
    });
    await t.step("other changes are applied", async () => {
      const from = gateway.log.length;
      await gateway.apply(config(gateway.ports, { logs: { level: "debug" } }));
      assert.doesNotMatch(gateway.log.slice(from), /Critical/);
    });
    await t.step("its own files put it right", async () => {
      await Deno.writeTextFile(`${folder}/gui.key`, gui.leaf.keyPem);
      await until("the admin page's own", async () => await frontSubject() === "CN = mx.example.test", { every: 100 });
      await gateway.logged(/Info: The files of the certificate gui fit again/);
    });
    await t.step("a profile that leads to what does not fit is refused", async () => {
      const from = gateway.log.length;
      await Deno.writeTextFile(`${folder}/other.key`, gui.leaf.keyPem);
      await gateway.configure(config(gateway.ports, {
        certificates: {
          mx: { certificate: "mx.crt", key: "other.key" },
          gui: { certificate: "gui.crt", key: "gui.key" },
        },
      }));
      await gateway.logged(/Critical: Cannot apply \S+:\d+:\d+: certificates\.mx\.key: /, { from });
      assert.ok(await shows(inbound, mx));
    });
    await t.step("a renewal does not wait for a configuration that is refused", async () => {
      const next = await signed();
      await Deno.writeTextFile(`${folder}/mx.key`, next.leaf.keyPem);
      await Deno.writeTextFile(`${folder}/mx.crt`, next.leaf.certificatePem);
      const ms = await until("the renewed certificate", () => shows(inbound, next));
      assert.ok(ms < inForceMs, `in force after ${ms} ms`);
      await gateway.logged(/Info: Certificates that changed are in service, under the configuration from before/);
    });
  },
);
