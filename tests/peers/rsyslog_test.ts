/**
 * Debian's rsyslogd as the log host of a gateway that runs: datagrams, TCP, and TLS with a client certificate demanded.
 *
 * @module
 */
import assert from "node:assert/strict";
import { octets } from "../../src/base/octets.ts";
import { greeted } from "../gateway/client.ts";
import { gatewayConfig, until } from "../gateway/rig.ts";
import { makeAuthority, makeLeaf } from "../support/certs.ts";
import { type ConfigObject, GatewayProcess } from "../support/gateway_process.ts";
import { startNextHop } from "../support/next_hop.ts";
import { peerTest } from "../support/peers.ts";
import { postern } from "../support/postern.ts";
import { Rsyslog, type Taken } from "../support/rsyslog.ts";

/** PRI by facility and level: RFC 5424 §6.2.1. */
const infoOf = { mail: 2 * 8 + 6, local1: 17 * 8 + 6, local2: 18 * 8 + 6 };

peerTest(
  ["rsyslogd", "openssl"],
  "services.syslog: rsyslogd takes the mail log over udp, tcp and tls, which is verified; what it missed comes when it is back",
  async (t) => {
    const folder = await Deno.makeTempDir();
    try {
      const ca = await makeAuthority(folder);
      // One label, and a key usage for another kind of handshake: sound enough for OpenSSL, and for neither of our own checks.
      const names = ["localhost", "127.0.0.1"];
      const server = await makeLeaf({ ca, names, key: "rsa:2048", extensions: ["keyUsage=keyEncipherment"] });
      const client = await makeLeaf({ ca, names: ["gw.example.test"], purpose: "clientAuth" });
      await using hop = startNextHop({});
      await using host = await Rsyslog.start({
        ca: ca.certificatePath,
        certificate: server.certificatePath,
        key: server.keyPath,
      });
      const tls: ConfigObject = { server: `localhost:${host.ports.tls}`, transport: "tls", facility: "local1" };
      const config = (inbound: number, { far = tls, peer = {}, more = {} }: Record<string, ConfigObject> = {}) =>
        gatewayConfig({
          inbound,
          nextHop: hop.port,
          more: {
            certificates: { far: { certificate: "client.crt", key: "client.key" } },
            certificate_authorities: { system: false, custom: [ca.certificatePath] },
            tls: { peer_certificate: peer },
            services: {
              syslog: {
                near: { server: `127.0.0.1:${host.ports.tcp}`, transport: "tcp" },
                quick: { server: `127.0.0.1:${host.ports.udp}`, transport: "udp", facility: "local2" },
                far,
              },
            },
            ...more,
          },
        });
      await using gateway = await GatewayProcess.start({
        ports: ["inbound"],
        files: { "client.crt": client.certificatePem, "client.key": client.keyPem },
        config: ({ inbound }) => config(inbound),
      });
      const { inbound } = gateway.ports;
      const mail = async (subject: string) => {
        using session = await greeted(inbound);
        await session.begin();
        await session.writeOctets(octets(`Subject: ${subject}\r\n\r\nx\r\n.\r\n`));
        assert.match(await session.reply(), /^250 /);
      };
      const taken = async (pri: number, text: RegExp): Promise<Taken[]> =>
        (await host.taken()).filter((each) => each.pri === pri && text.test(each.text));
      const arrived = (pri: number, text: RegExp) =>
        until(`${text} with PRI ${pri}`, async () => (await taken(pri, text)).length > 0);

      await t.step("a host that demands a certificate and is shown none: told once, the other ways work", async () => {
        const [line] = await gateway.logged(/Warning: Cannot send the log to far .*/);
        assert.match(line, /far \(localhost:\d+, tls\): .*; lines wait in memory/);
        await mail("caf\u00e9");
        for (const pri of [infoOf.mail, infoOf.local2]) {
          await arrived(pri, /^ ?Info: Postern \S+ is running with OpenSSL/);
          await arrived(pri, /Info: MID \d+ Subject 'caf\u00e9'/);
        }
        const [first] = await taken(infoOf.mail, /Subject/);
        assert.deepEqual([first.host, first.app, first.id], ["gw.example.test", "postern", "mail_log"]);
        assert.match(first.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}/);
        assert.equal((await taken(infoOf.local1, /./)).length, 0);
        await arrived(2 * 8 + 4, /Warning: Cannot send the log to far/);
      });

      await t.step("with its certificate: everything that waited comes, and the trouble's end is told", async () => {
        await gateway.apply(config(inbound, { far: { ...tls, certificate: "far" } }));
        await arrived(infoOf.local1, /Info: Postern \S+ is running with/);
        await arrived(infoOf.local1, /Info: MID \d+ Subject 'caf\u00e9'/);
        await gateway.logged(/Warning: The log host far \S+ tls\) takes lines again/);
        assert.deepEqual(await taken(17 * 8 + 4, /Cannot send the log to far/), [], "its own trouble feeds on itself");
        const refused = await postern(gateway, "certconfig", "delete", "far");
        assert.equal(refused.code, 1);
        assert.match(refused.stderr, /far.*syslog far/);
      });

      for (
        const { peer, reason } of [
          { peer: { fqdn_validation: true }, reason: "fqdn_invalid" },
          { peer: { x509_validation: true }, reason: "x509_invalid" },
        ]
      ) {
        await t.step(`${reason}: nothing is sent, which is Critical`, async () => {
          const from = gateway.log.length;
          await gateway.apply(config(inbound, { far: { ...tls, certificate: "far" }, peer }));
          await gateway.logged(new RegExp(`Critical: Cannot send the log to far .* is not verified \\(${reason}\\)`), {
            from,
          });
          await mail(reason);
          await arrived(infoOf.mail, new RegExp(`Subject '${reason}'`));
          assert.deepEqual(await taken(infoOf.local1, new RegExp(`Subject '${reason}'`)), []);
          await gateway.apply(config(inbound, { far: { ...tls, certificate: "far" } }));
          await arrived(infoOf.local1, new RegExp(`Subject '${reason}'`));
        });
      }

      await t.step("a host that stops keeps no mail, and gets what it missed when it is back", async () => {
        await host.stop();
        for (const subject of ["missed one", "missed two"]) await mail(subject);
        await gateway.logged(/Warning: Cannot send the log to near .*; lines wait/);
        await until("mail meanwhile", () => hop.taken.length === 5);
        await host.launch();
        for (const pri of [infoOf.mail, infoOf.local1]) {
          for (const subject of ["missed one", "missed two"]) await arrived(pri, new RegExp(`Subject '${subject}'`));
        }
      });

      await t.step("a gateway that stops hands everything over, its last line too", async () => {
        assert.equal((await gateway.stop()).code, 0);
        for (const pri of Object.values(infoOf)) await arrived(pri, /Info: Postern has stopped/);
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
