/**
 * Certificates of one listener, chosen by name and kind of key, and assigned while it runs: seen by OpenSSL's s_client.
 *
 * @module
 */
import assert from "node:assert/strict";
import { gatewayConfig } from "../gateway/rig.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { makeCertificate } from "../support/openssl_certs.ts";
import { peerTest } from "../support/peers.ts";
import { postern } from "../support/postern.ts";
import { handshake, Session } from "../support/s_client.ts";

/** Name and kind of key of what is shown. */
async function shown(port: number, wish: { name?: string; ciphers?: string }): Promise<string> {
  const extra = wish.name === undefined ? ["-noservername"] : ["-servername", wish.name];
  const { output } = await handshake(port, { version: "TLSv1.2", ciphers: wish.ciphers, extra });
  const subject = /^Peer certificate: CN ?= ?(\S+)/m.exec(output)?.[1] ?? "none";
  return `${subject} ${/^Signature type: .*(RSA|ECDSA)/m.exec(output)?.[1] ?? output}`;
}

peerTest(
  ["openssl"],
  "certconfig assign: by SNI and kind of key, in force when it returns, and a session that is open goes on",
  async () => {
    const pairs = {
      a: await makeCertificate({ names: ["DNS:a.example.test"], key: "rsa" }),
      aec: await makeCertificate({ names: ["DNS:a.example.test"], key: "ec" }),
      b: await makeCertificate({ names: ["DNS:b.example.test"], key: "rsa" }),
    };
    const files = Object.entries(pairs).flatMap(([name, { certificatePem, keyPem }]) => [
      [`${name}.crt`, certificatePem],
      [`${name}.key`, keyPem],
    ]);
    const certificates = Object.fromEntries(
      Object.keys(pairs).map((name) => [name, { certificate: `${name}.crt`, key: `${name}.key` }]),
    );
    await using gateway = await GatewayProcess.start({
      ports: ["inbound"],
      files: Object.fromEntries(files),
      config: ({ inbound }) =>
        gatewayConfig({
          inbound,
          nextHop: 9,
          listener: { certificate: "a", hostname: "a.example.test" },
          more: { certificates, tls: { inbound_smtp: { methods: ["TLSv1.2"] } } },
        }),
    });
    const { inbound } = gateway.ports;
    await using open = new Session(inbound, { version: "TLSv1.2" });
    assert.ok(await open.until(/Verify return code/), open.output);
    assert.equal(await shown(inbound, { name: "b.example.test" }), "a.example.test RSA");

    const added = await postern(gateway, "certconfig", "assign", "b", "--listener", "inbound", "--add");
    assert.deepEqual([added.code, added.stderr], [0, ""]);
    assert.match(added.stdout, / {2}now {5}a, b\n.* is written and in force\n$/);
    assert.equal(await shown(inbound, { name: "b.example.test" }), "b.example.test RSA");

    assert.equal((await postern(gateway, "certconfig", "assign", "aec", "--listener", "inbound", "--add")).code, 0);
    assert.equal(await shown(inbound, { name: "a.example.test", ciphers: "aRSA" }), "a.example.test RSA");
    assert.equal(await shown(inbound, { name: "a.example.test", ciphers: "aECDSA" }), "a.example.test ECDSA");
    assert.equal(await shown(inbound, { name: "b.example.test", ciphers: "ALL" }), "b.example.test RSA");
    // Who asks for no name, or for another one, gets the first.
    assert.match(await shown(inbound, {}), /^a\.example\.test /);
    assert.match(await shown(inbound, { name: "c.example.test" }), /^a\.example\.test /);

    await open.write("NOOP");
    assert.ok(await open.until(/^250 [25].*$/m), open.output);
    assert.equal((await postern(gateway, "certconfig", "unassign", "a", "--listener", "inbound")).code, 0);
    assert.equal(await shown(inbound, {}), "b.example.test RSA");
    await open.write("NOOP");
    assert.ok(await open.until(/^250 [25].*$/m), open.output);
  },
);
