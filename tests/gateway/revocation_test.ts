/**
 * Revocation on a gateway that runs: lists from a URL against clients and servers, and the status that its own listeners show.
 *
 * @module
 */
import assert from "node:assert/strict";
import { makeAuthority, makeLeaf, makeRevocationList } from "../support/certs.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { startNextHop } from "../support/next_hop.ts";
import { peerTest, runCommand } from "../support/peers.ts";
import { postern } from "../support/postern.ts";
import { Responder } from "../support/responder.ts";
import { engine, pairOf, profileOf } from "../support/tls_world.ts";
import { Web } from "../support/web.ts";
import { gatewayConfig, until } from "./rig.ts";

const minute = 60_000;

/** A session of s_client over STARTTLS that says these lines. */
async function session(
  port: number,
  { args = [], lines = ["EHLO x.test", "QUIT"] }: { args?: readonly string[]; lines?: readonly string[] },
) {
  const { stdout, stderr } = await runCommand("openssl", [
    ...["s_client", "-connect", `127.0.0.1:${port}`, "-starttls", "smtp", "-crlf", "-ign_eof", ...args],
  ], { input: lines.map((line) => `${line}\n`).join(""), env: { OPENSSL_CONF: "/dev/null" } });
  return stdout + stderr;
}

peerTest(
  ["openssl"],
  "certificate_authorities.crls: a list from a URL counts against clients and servers as soon as it is there, and after a restart without a network",
  async (t) => {
    const folder = await Deno.makeTempDir();
    await using web = new Web();
    try {
      const ca = await makeAuthority(folder);
      const good = await makeLeaf({ ca, names: ["good.partner.test"] });
      const bad = await makeLeaf({ ca, names: ["bad.partner.test"] });
      const server = await makeLeaf({ ca, names: ["example.test"] });
      using tls = engine.serverContext({
        profile: profileOf(),
        keyPairs: [pairOf("hop", server)],
        askClientCertificate: false,
        sessionIdContext: "hop",
      });
      await using hop = startNextHop({ tls });
      // Not there yet: the gateway starts all the same.
      await using gateway = await GatewayProcess.start({
        ports: ["inbound"],
        config: ({ inbound }) =>
          gatewayConfig({
            inbound,
            nextHop: hop.port,
            policy: { verify_client_certificate: "preferred" },
            more: {
              certificate_authorities: { system: false, custom: [ca.certificatePath], crls: [web.url("/ca.crl")] },
              destination_controls: { default: { tls: "required-verify" } },
            },
          }),
      });
      const { inbound } = gateway.ports;
      const shown = ({ certificatePath, keyPath }: typeof good) => ({
        args: ["-cert", certificatePath, "-key", keyPath],
      });
      const mail = [
        "MAIL FROM:<a@sender.test>",
        "RCPT TO:<b@example.test>",
        "DATA",
        "Subject: x",
        "",
        "x",
        ".",
        "QUIT",
      ];

      await t.step("a server that does not answer with a list: a Warning, and mail goes on", async () => {
        await gateway.logged(
          /Warning: Cannot fetch the revocation list \S+ca\.crl: the server answers 404; there is none yet/,
        );
        assert.match(await session(inbound, { ...shown(bad), lines: ["EHLO x.test", ...mail] }), /250 .*queued/);
        await until("the first message", () => hop.taken.length === 1);
      });
      await t.step("the list comes: the client is refused, another is not", async () => {
        web.pages.set("/ca.crl", await makeRevocationList(ca, { revoked: [bad] }));
        const answer = await postern(gateway, "certconfig", "crls", "refresh");
        assert.equal(answer.code, 0, answer.stderr);
        const from = gateway.log.length;
        assert.match(await session(inbound, shown(bad)), /554 5\.7\.0 Client certificate not verified/);
        await gateway.logged(/takes no client certificate that does not verify \(revoked\)/, { from });
        assert.doesNotMatch(await session(inbound, shown(good)), /554/);
      });
      await t.step("a newer list: the server is refused, without resumption of what was proven before", async () => {
        web.pages.set("/ca.crl", await makeRevocationList(ca, { revoked: [server] }));
        assert.equal((await postern(gateway, "certconfig", "crls", "refresh")).code, 0);
        const from = gateway.log.length;
        assert.match(await session(inbound, { ...shown(good), lines: ["EHLO x.test", ...mail] }), /250 .*queued/);
        await gateway.logged(/DCID \d+ TLS .*(?:certificate revoked|revoked)/, { from });
        assert.equal(hop.taken.length, 1, "nothing was handed over");
      });
      await t.step("an older list, another authority's, and none: the one that is there goes on", async () => {
        const stranger = await makeAuthority(folder);
        const old = await makeRevocationList(ca, { revoked: [], from: new Date(Date.now() - 60 * minute) });
        for (
          const [page, why] of [
            [old, "older than the one of"],
            [await makeRevocationList(stranger, { revoked: [] }), "did not sign it"],
            ["<html>", "it is no revocation list"],
          ]
        ) {
          web.pages.set("/ca.crl", page);
          const { code, stderr } = await postern(gateway, "certconfig", "crls", "refresh");
          assert.deepEqual([code, stderr.split("\n").length], [1, 2], stderr);
          assert.match(stderr, new RegExp(why));
        }
        assert.match(await session(inbound, shown(bad)), /554 5\.7\.0/);
      });
      await t.step("a restart without the server: the list is kept", async () => {
        assert.equal((await gateway.stop()).code, 0);
        web.pages.clear();
        await gateway.launch();
        assert.match(await session(inbound, shown(bad)), /554 5\.7\.0/);
        const kept = `${gateway.folder}/data/certificates/crls`;
        assert.equal((await Deno.stat(kept)).mode! & 0o777, 0o700);
        for await (const { name } of Deno.readDir(kept)) {
          assert.equal((await Deno.stat(`${kept}/${name}`)).mode! & 0o777, 0o600, name);
        }
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

peerTest(
  ["openssl"],
  "listeners staple what the responder says, in TLS 1.2 and 1.3; a revoked certificate is Critical",
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      const ca = await makeAuthority(folder);
      const responder = await Responder.start({ ca, minutes: 10 });
      const leaf = await makeLeaf({
        ca,
        names: ["mx.example.test"],
        extensions: [`authorityInfoAccess=OCSP;URI:${responder.url}`, "tlsfeature=status_request"],
      });
      await responder[Symbol.asyncDispose]();
      const again = () => Responder.start({ ca, minutes: 10, port: responder.port });
      const files = { "mx.crt": leaf.certificatePem, "mx.key": leaf.keyPem, "chain.crt": ca.certificatePem };
      const profile = { certificate: "mx.crt", key: "mx.key", intermediates: "chain.crt" };
      await using gateway = await GatewayProcess.start({
        ports: ["inbound", "https"],
        files,
        config: ({ inbound, https }) =>
          gatewayConfig({
            inbound,
            nextHop: 9,
            listener: { certificate: "mx" },
            more: {
              certificates: { mx: profile },
              admin: { address: `127.0.0.1:${https}`, certificate: "mx" },
              workers: 2,
            },
          }),
      });
      const { inbound, https } = gateway.ports;
      const status = async (args: readonly string[]) => {
        const output = await session(inbound, { args: ["-status", ...args] });
        return /OCSP Response Status: (\S+)/.exec(output)?.[1] ?? /OCSP response: (.*)/.exec(output)?.[1];
      };
      await gateway.logged(/Warning: Cannot ask \S+ about the certificate mx .*nothing is stapled/);
      await gateway.logged(/Warning: The certificate mx .* promises that its status is stapled/);
      assert.equal(await status([]), "no response sent");
      {
        await using _running = await again();
        assert.equal((await postern(gateway, "certconfig", "ocsp", "refresh")).code, 0);
        await gateway.logged(/Info: The certificate mx .* is good, says/);
      }
      for (const args of [["-tls1_2"], ["-tls1_3"]]) {
        await until(`the status, ${args[0]}`, async () => await status(args) === "successful");
      }
      const front = () => runCommand("openssl", ["s_client", "-connect", `127.0.0.1:${https}`, "-status"]);
      await until("the page's", async () => /OCSP Response Status: successful/.test((await front()).stdout));

      await gateway.stop();
      await gateway.launch();
      await until("the kept answer", async () => await status([]) === "successful");
      await makeRevocationList(ca, { revoked: [leaf] });
      await using _running = await again();
      assert.equal((await postern(gateway, "certconfig", "ocsp", "refresh")).code, 0);
      await gateway.logged(/Critical: The certificate mx .* was revoked on .*: clients that check it refuse it/);
      await until("an end of the old answer", async () => await status([]) === "no response sent");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
