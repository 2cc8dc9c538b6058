/**
 * Authorities of the owner's, taken in and out by command while the gateway runs.
 *
 * @module
 */
import assert from "node:assert/strict";
import { makeAuthority, makeLeaf } from "../support/certs.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { peerTest, runCommand } from "../support/peers.ts";
import { postern } from "../support/postern.ts";
import { gatewayConfig } from "./rig.ts";

peerTest(["openssl"], "certconfig authorities add and remove count for the next connection", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const ca = await makeAuthority(folder, { name: "Partner CA" });
    const { certificatePath, keyPath } = await makeLeaf({ ca, names: ["mx.partner.test"] });
    await using gateway = await GatewayProcess.start({
      ports: ["inbound"],
      config: ({ inbound }) =>
        gatewayConfig({
          inbound,
          nextHop: 9,
          policy: { verify_client_certificate: "preferred" },
          more: { certificate_authorities: { system: false } },
        }),
    });
    const verdict = async () => {
      const from = gateway.log.length;
      await runCommand("openssl", [
        ...["s_client", "-connect", `127.0.0.1:${gateway.ports.inbound}`, "-starttls", "smtp", "-crlf", "-ign_eof"],
        ...["-cert", certificatePath, "-key", keyPath],
      ], { input: "EHLO x.test\nQUIT\n", env: { OPENSSL_CONF: "/dev/null" } });
      return (await gateway.logged(/client certificate (verified|not verified)/, { from }))[1];
    };
    assert.equal(await verdict(), "not verified");
    const added = await postern(gateway, "certconfig", "authorities", "add", ca.certificatePath, "--name", "partner");
    assert.equal(added.code, 0, added.stderr);
    assert.equal(await verdict(), "verified");
    const listed = await postern(gateway, "certconfig", "authorities", "list", "--json");
    const { system, bundles } = JSON.parse(listed.stdout);
    assert.equal(system.trusted, false);
    assert.deepEqual(bundles.map(({ name, ours }: { name: string; ours: boolean }) => [name, ours]), [[
      "partner",
      true,
    ]]);
    const removed = await postern(gateway, "certconfig", "authorities", "remove", "partner");
    assert.equal(removed.code, 0, removed.stderr);
    assert.equal(await verdict(), "not verified");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
