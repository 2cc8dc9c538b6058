/**
 * Certificates and TLS settings that change while the gateway runs: new sessions get the new ones, a session that is open keeps its own.
 *
 * @module
 */
import assert from "node:assert/strict";
import { GatewayProcess } from "../support/gateway_process.ts";
import { makeCertificate, type Pem } from "../support/openssl_certs.ts";
import { peerTest } from "../support/peers.ts";
import { type Client, greeted } from "./client.ts";
import { gatewayConfig, inForceMs, startEmptyDns, until } from "./rig.ts";

/** A certificate for the name that clients ask for, and who signed it. */
async function signed(): Promise<{ authority: Pem; leaf: Pem }> {
  const authority = await makeCertificate({ names: [], authority: true });
  return { authority, leaf: await makeCertificate({ names: ["DNS:mx.example.test"], issuer: authority }) };
}

/** Whether the listener shows a certificate of this authority. */
async function shows(port: number, authority: Pem): Promise<boolean> {
  using client = await greeted(port);
  return await client.startTls(authority).then(() => true, () => false);
}

/** Does STARTTLS and a command; the version that the log then names for the session. */
async function versionOf(client: Client, { gateway, authority }: { gateway: GatewayProcess; authority: Pem }) {
  const from = gateway.log.length;
  await client.startTls(authority);
  await client.expect(["EHLO c.example.test", "250"]);
  return (await gateway.logged(/TLS success protocol (TLSv[\d.]+)/, { from }))[1];
}

peerTest(
  ["openssl"],
  "tls.inbound_smtp.methods: a session that waits with STARTTLS keeps those it began with, others get the new ones",
  async () => {
    const { authority, leaf } = await signed();
    const config = ({ inbound }: Readonly<Record<string, number>>, method: string) =>
      gatewayConfig({
        inbound,
        nextHop: 9,
        listener: { certificate: "mx" },
        more: {
          certificates: { mx: { certificate: "mx.crt", key: "mx.key" } },
          tls: { inbound_smtp: { methods: [method] } },
        },
      });
    await using gateway = await GatewayProcess.start({
      ports: ["inbound"],
      files: { "mx.crt": leaf.certificatePem, "mx.key": leaf.keyPem },
      config: (ports) => config(ports, "TLSv1.2"),
    });
    const { inbound } = gateway.ports;
    using old = await greeted(inbound);
    using older = await greeted(inbound);
    for (const method of ["TLSv1.3", "TLSv1.2", "TLSv1.3"]) await gateway.apply(config(gateway.ports, method));
    using fresh = await greeted(inbound);
    assert.equal(await versionOf(old, { gateway, authority }), "TLSv1.2");
    assert.equal(await versionOf(fresh, { gateway, authority }), "TLSv1.3");
    await gateway.apply(config(gateway.ports, "TLSv1.2"));
    // Both sides of the change go on, under TLS and before it.
    assert.match(await old.ask("NOOP"), /^250 /);
    assert.match(await fresh.ask("NOOP"), /^250 /);
    assert.equal(await versionOf(older, { gateway, authority }), "TLSv1.2");
    assert.equal((await gateway.stop()).code, 0);
  },
);

peerTest(
  ["openssl"],
  "certificate files: replaced ones are shown at once, halves of a pair wait for the other, missing ones are waited for",
  async (t) => {
    const [first, second, third] = await Promise.all([signed(), signed(), signed()]);
    await using empty = startEmptyDns();
    const dns = empty.settings;
    const config = ({ inbound }: Readonly<Record<string, number>>, profile: string, folder: string) =>
      gatewayConfig({
        inbound,
        nextHop: 9,
        listener: { certificate: profile },
        more: { dns, certificates: { [profile]: { certificate: `${folder}/mx.crt`, key: `${folder}/mx.key` } } },
      });
    await using gateway = await GatewayProcess.start({
      ports: ["inbound"],
      config: ({ inbound }) => gatewayConfig({ inbound, nextHop: 9, more: { dns } }),
    });
    const { folder, ports } = gateway;
    // certbot's way: live/ is made of links into an archive.
    for (const name of ["archive", "live"]) await Deno.mkdir(`${folder}/${name}`);
    await link(folder, { name: "mx1", pem: first.leaf });
    const inForce = async (what: string, authority: Pem) => {
      const ms = await until(what, () => shows(ports.inbound, authority));
      assert.ok(ms < inForceMs, `${what}: in force after ${ms} ms`);
    };
    await gateway.apply(config(ports, "mx", "live"));
    assert.ok(await shows(ports.inbound, first.authority));

    await t.step("links that lead elsewhere", async () => {
      await link(folder, { name: "mx2", pem: second.leaf });
      await inForce("the second certificate", second.authority);
      assert.ok(!await shows(ports.inbound, first.authority));
    });
    await t.step("files that are written in place, the halves a while apart", async () => {
      const from = gateway.log.length;
      await Deno.writeTextFile(`${folder}/archive/mx2.crt`, third.leaf.certificatePem);
      await gateway.logged(
        /Critical: Cannot use the certificate mx: .*; until its files fit the one from before serves/,
        {
          from,
        },
      );
      assert.ok(await shows(ports.inbound, second.authority), "half a pair is not applied");
      await Deno.writeTextFile(`${folder}/archive/mx2.key`, third.leaf.keyPem);
      await inForce("the third certificate", third.authority);
    });
    await t.step("files that are named and not there yet", async () => {
      const from = gateway.log.length;
      await gateway.configure(config(ports, "new", "new"));
      await gateway.logged(/Critical: Cannot apply \S+:\d+:\d+: certificates\.new\.certificate: /, { from });
      await Deno.mkdir(`${folder}/new`);
      await Deno.writeTextFile(`${folder}/new/mx.key`, first.leaf.keyPem);
      await Deno.writeTextFile(`${folder}/new/mx.crt`, first.leaf.certificatePem);
      await inForce("the certificate that came late", first.authority);
    });
  },
);

/** Puts a pair into the archive and lets live/ lead there, each link replaced by a rename. */
async function link(folder: string, { name, pem }: { name: string; pem: Pem }): Promise<void> {
  for (const [part, text] of [["crt", pem.certificatePem], ["key", pem.keyPem]]) {
    await Deno.writeTextFile(`${folder}/archive/${name}.${part}`, text, { mode: 0o600 });
    await Deno.symlink(`../archive/${name}.${part}`, `${folder}/live/new`);
    await Deno.rename(`${folder}/live/new`, `${folder}/live/mx.${part}`);
  }
}
