/**
 * The updater of a gateway that runs, against OpenSSL's own web server, which demands a certificate of its clients.
 *
 * @module
 */
import assert from "node:assert/strict";
import { makeAuthority, makeLeaf } from "../support/certs.ts";
import { type ConfigObject, freePort, GatewayProcess, isListening } from "../support/gateway_process.ts";
import { startNextHop } from "../support/next_hop.ts";
import { needPeer, peerTest } from "../support/peers.ts";
import { postern } from "../support/postern.ts";
import { engine, pairOf, profileOf } from "../support/tls_world.ts";
import { greeted } from "./client.ts";
import { gatewayConfig, until } from "./rig.ts";

/** `openssl s_server -WWW`: files of a folder over TLS, for clients with a certificate of the authority. */
class FileServer implements AsyncDisposable {
  readonly port = freePort();
  readonly #child: Deno.ChildProcess;
  #ended = false;

  constructor(folder: string, files: { certificate: string; key: string; ca: string }) {
    this.#child = new Deno.Command(needPeer("openssl"), {
      args: [
        ...["s_server", "-WWW", "-accept", `127.0.0.1:${this.port}`, "-cert", files.certificate, "-key", files.key],
        ...["-Verify", "1", "-verify_return_error", "-CAfile", files.ca],
      ],
      cwd: folder,
      env: { OPENSSL_CONF: "/dev/null" },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }
}

peerTest(
  ["openssl"],
  "services.updater: authorities from an https server count at once in place of the system's list, and after a restart without it",
  async (t) => {
    const folder = await Deno.makeTempDir();
    try {
      const [own, system, partner] = await Promise.all([1, 2, 3].map(() => makeAuthority(folder)));
      // One label, and a key usage for another kind of handshake: sound enough for OpenSSL, and for neither of our own checks.
      const names = ["localhost", "127.0.0.1"];
      const [web, client, hopLeaf] = await Promise.all([
        makeLeaf({ ca: own, names, key: "rsa:2048", extensions: ["keyUsage=keyEncipherment"] }),
        makeLeaf({ ca: own, names: ["gw.example.test"], purpose: "clientAuth" }),
        makeLeaf({ ca: partner, names: ["example.test"] }),
      ]);
      await Deno.writeTextFile(`${folder}/ca_bundle.pem`, partner.certificatePem);
      const files = { certificate: web.certificatePath, key: web.keyPath, ca: own.certificatePath };
      using tls = engine.serverContext({
        profile: profileOf(),
        keyPairs: [pairOf("hop", hopLeaf)],
        askClientCertificate: false,
        sessionIdContext: "hop",
      });
      await using hop = startNextHop({ tls });
      await using server = new FileServer(folder, files);
      await until("the web server", () => isListening(server.port));
      const config = (
        inbound: number,
        { updater = {}, peer = {}, authorities = {} }: Record<string, ConfigObject> = {},
      ) =>
        gatewayConfig({
          inbound,
          nextHop: hop.port,
          more: {
            certificates: { up: { certificate: "client.crt", key: "client.key" } },
            certificate_authorities: { custom: [own.certificatePath], ...authorities },
            destination_controls: { default: { tls: "required-verify" } },
            tls: { peer_certificate: peer },
            services: {
              updater: {
                url: `https://localhost:${server.port}/`,
                items: ["ca_bundle"],
                certificate: "up",
                ...updater,
              },
            },
          },
        });
      await using gateway = await GatewayProcess.start({
        ports: ["inbound"],
        env: { SSL_CERT_FILE: system.certificatePath },
        files: { "client.crt": client.certificatePem, "client.key": client.keyPem },
        config: ({ inbound }) => config(inbound, { peer: { fqdn_validation: true } }),
      });
      const { inbound } = gateway.ports;
      const delivered = async (count: number) => {
        using session = await greeted(inbound);
        assert.match(await session.send("Subject: x\r\n\r\nx"), /^250 /);
        await until("the message", () => hop.taken.length === count);
      };

      await t.step("a server that is not proven is believed nothing, by its reason word", async () => {
        await gateway.logged(
          /Warning: Cannot fetch authorities from \S+: its certificate is not verified \(fqdn_invalid\).*; the system's list/,
        );
        await gateway.apply(config(inbound, { peer: { x509_validation: true } }));
        await gateway.logged(
          /Warning: Cannot fetch authorities from \S+: its certificate is not verified \(x509_invalid\)/,
        );
      });
      await t.step("one that is shown no certificate gives none", async () => {
        const from = gateway.log.length;
        await gateway.apply(config(inbound, { updater: { certificate: undefined } }));
        await gateway.logged(/Warning: Cannot fetch authorities from \S+: (?!its certificate).*; the system's list/, {
          from,
        });
        assert.doesNotMatch(gateway.log, /were fetched/);
      });
      await t.step("what it gives is trusted at once", async () => {
        await gateway.apply(config(inbound));
        await gateway.logged(/Info: 1 authorities were fetched from \S+ and stand in for the system's list/);
        await gateway.logged(/Warning: Updates are fetched from \S+ again/);
        await delivered(1);
        const { code, stdout, stderr } = await postern(gateway, "updatenow");
        assert.equal(code, 0, stderr);
        assert.match(stdout, /^updater ca_bundle: https:\S+\n {2}fetched {2}20\d\d-/);
        const list = await postern(gateway, "certconfig", "authorities", "list");
        assert.match(
          list.stdout,
          /^system {5}trusted: \S+\/certificates\/updates\/\w+\.pem, 1 certificate\nupdater ca_bundle/,
        );
      });
      await t.step(
        "a list that leaves out the authority of its own server would be the last, and is not taken",
        async () => {
          const list = `${folder}/ca_bundle.pem`;
          await Deno.writeTextFile(list, partner.certificatePem + own.certificatePem);
          assert.equal((await postern(gateway, "updatenow")).code, 0);
          await gateway.apply(config(inbound, { authorities: { custom: [] } }));
          await Deno.writeTextFile(list, partner.certificatePem);
          const refused = await postern(gateway, "updatenow");
          assert.match(
            refused.stdout + refused.stderr,
            /under it nothing more could be fetched: localhost: its certificate is not verified \(\w+\)/,
          );
          const { stdout } = await postern(gateway, "certconfig", "authorities", "list");
          assert.match(stdout, /^system {5}trusted: \S+, 2 certificates\n/);
          await Deno.writeTextFile(list, own.certificatePem + partner.certificatePem);
          assert.equal((await postern(gateway, "updatenow")).code, 0);
        },
      );
      await t.step("a restart without the server goes by what was fetched", async () => {
        assert.equal((await gateway.stop()).code, 0);
        await server[Symbol.asyncDispose]();
        await gateway.launch();
        await delivered(2);
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
