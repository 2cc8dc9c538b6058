/**
 * OpenSSL's s_client against each selection of methods and ciphers, applied while the gateway runs.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Method, methods } from "../../src/tls/method.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { peerTest } from "../support/peers.ts";
import { relayConfig } from "../support/relay.ts";
import { handshake, Session } from "../support/s_client.ts";

/** Every selection without a gap: ten of four. */
const selections: Method[][] = methods.flatMap((_, first) =>
  methods.slice(first).map((_, length) => methods.slice(first, first + length + 1))
);

function configWith(inbound_smtp: Record<string, unknown>): (ports: Record<string, number>) => Record<string, unknown> {
  return ({ inbound, nextHop }) => relayConfig({ inbound, nextHop, more: { tls: { inbound_smtp } } });
}

function start(inbound_smtp: Record<string, unknown>): Promise<GatewayProcess> {
  return GatewayProcess.start({
    ports: ["inbound", "nextHop"],
    listening: ["inbound"],
    config: configWith(inbound_smtp),
  });
}

peerTest(["openssl"], "inbound_smtp.methods: each selection takes exactly its versions, over STARTTLS", async (t) => {
  assert.equal(selections.length, 10);
  await using gateway = await start({ methods: selections.at(-1)! });
  for (const selection of selections) {
    await t.step(selection.join(" "), async () => {
      await gateway.apply(configWith({ methods: selection })(gateway.ports));
      for (const version of methods) {
        const from = gateway.log.length;
        const { protocol, error, output } = await handshake(gateway.ports.inbound, { version });
        if (selection.includes(version)) {
          assert.equal(protocol, version, output);
          await gateway.logged(
            new RegExp(`Info: ICID \\d+ TLS success protocol ${version.replace(".0", "(\\.0)?")} cipher \\S+\\n`),
            { from },
          );
        } else {
          assert.equal(protocol, null, output);
          assert.match(error ?? "", /alert protocol version|unsupported protocol|wrong version number/, output);
          await gateway.logged(/Info: ICID \d+ TLS failed: \(\d+, 'error:[0-9A-F]{8}:SSL routines:[^']+'\)\n/, {
            from,
          });
        }
      }
      // Without a version of its own s_client gets the newest that both know.
      assert.equal((await handshake(gateway.ports.inbound, {})).protocol, selection.at(-1));
    });
  }
});

peerTest(["openssl"], "inbound_smtp.ciphers restricts TLS 1.2 and leaves TLS 1.3 its three suites", async () => {
  await using gateway = await start({ methods: ["TLSv1.2", "TLSv1.3"], ciphers: "ECDHE-RSA-AES256-GCM-SHA384" });
  const { inbound } = gateway.ports;
  const any = await handshake(inbound, { version: "TLSv1.2" });
  assert.equal(any.cipher, "ECDHE-RSA-AES256-GCM-SHA384", any.output);
  for (const ciphers of ["ECDHE-RSA-AES128-GCM-SHA256", "AES256-SHA", "ECDHE-ECDSA-AES256-GCM-SHA384"]) {
    const from = gateway.log.length;
    const other = await handshake(inbound, { version: "TLSv1.2", ciphers });
    assert.equal(other.protocol, null, other.output);
    assert.match(other.error ?? "", /handshake failure/, other.output);
    await gateway.logged(/ICID \d+ TLS failed: \(\d+, '[^']*no shared cipher'\)\n/, { from });
  }
  for (const suite of ["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"]) {
    const { cipher, output } = await handshake(inbound, { version: "TLSv1.3", extra: ["-ciphersuites", suite] });
    assert.equal(cipher, suite, output);
  }
  const ccm = await handshake(inbound, { version: "TLSv1.3", extra: ["-ciphersuites", "TLS_AES_128_CCM_SHA256"] });
  assert.equal(ccm.protocol, null, ccm.output);
});

peerTest(["openssl"], "certificate: the key type follows what the client can check", async () => {
  await using gateway = await start({ methods: ["TLSv1.2"] });
  const { inbound } = gateway.ports;
  for (const [ciphers, kind] of [["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDSA"], ["ECDHE-RSA-AES128-GCM-SHA256", "RSA"]]) {
    const { cipher, output } = await handshake(inbound, { version: "TLSv1.2", ciphers });
    assert.equal(cipher, ciphers, output);
    assert.match(output, new RegExp(`^Signature type: .*${kind}`, "m"), output);
  }
});

/** A renegotiation, and whether the session still answers. */
async function renegotiate(session: Session): Promise<boolean> {
  await session.write("R");
  assert.ok(await session.until(/RENEGOTIATING/), session.output);
  await session.write("NOOP");
  return await session.until(/^250 .*$/m) !== null;
}

peerTest(["openssl"], "inbound_smtp.renegotiation: off, a client that asks for it ends its session", async () => {
  await using gateway = await start({ methods: ["TLSv1.2"], renegotiation: false });
  await using session = new Session(gateway.ports.inbound, { version: "TLSv1.2" });
  assert.ok(await session.until(/Verify return code/), session.output);
  await session.write("NOOP");
  assert.ok(await session.until(/^250 [25].*$/m), session.output);
  assert.equal(await renegotiate(session), false, session.output);
});

peerTest(["openssl"], "inbound_smtp.renegotiation: on, it is done three times and no more", async () => {
  await using gateway = await start({ methods: ["TLSv1.2"], renegotiation: true });
  await using session = new Session(gateway.ports.inbound, { version: "TLSv1.2" });
  assert.ok(await session.until(/Verify return code/), session.output);
  await session.write("NOOP");
  assert.ok(await session.until(/^250 [25].*$/m), session.output);
  for (let times = 1; times <= 3; times++) {
    assert.equal(await renegotiate(session), true, `renegotiation ${times}: ${session.output}`);
  }
  assert.equal(await renegotiate(session), false, session.output);
});
