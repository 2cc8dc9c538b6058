/**
 * Destination controls from config.yaml to the wire: the certificate that each destination is shown, before and after a reload.
 */
import assert from "node:assert/strict";
import { makeAuthority, makeLeaf } from "../support/certs.ts";
import { GatewayProcess, pause } from "../support/gateway_process.ts";
import { startNextHop } from "../support/next_hop.ts";
import { relayConfig } from "../support/relay.ts";
import { engine, pairOf, profileOf, trustIn } from "../support/tls_world.ts";
import { Client } from "./client.ts";

for (const workers of [1, 3]) {
  const name =
    `certificate: the running gateway shows each destination its own, and another one after a reload, workers: ${workers}`;
  Deno.test(name, () => shownAndReloaded(workers));
}

async function shownAndReloaded(workers: number): Promise<void> {
  const folder = await Deno.makeTempDir();
  const ca = await makeAuthority(folder);
  const server = await makeLeaf({ ca, names: ["hop.test"] });
  const shown = {
    all: await makeLeaf({ ca, names: ["all.gw.test"], purpose: "clientAuth" }),
    own: await makeLeaf({ ca, names: ["own.gw.test"], purpose: "clientAuth" }),
  };
  await Deno.remove(folder, { recursive: true });
  using tls = engine.serverContext({
    profile: profileOf({}),
    keyPairs: [pairOf("hop", server)],
    askClientCertificate: true,
    trust: trustIn([ca]),
    sessionIdContext: "test",
  });
  await using next = startNextHop({ tls });
  const config = (inbound: number, controls: object) =>
    relayConfig({
      inbound,
      nextHop: next.port,
      more: {
        workers,
        certificates: Object.fromEntries(
          Object.keys(shown).map((name) => [name, { certificate: `${name}.crt`, key: `${name}.key` }]),
        ),
        smtp_routes: { "a.test": [`127.0.0.1:${next.port}`], "partner.test": [`127.0.0.1:${next.port}`] },
        destination_controls: controls,
      },
    });
  await using gateway = await GatewayProcess.start({
    ports: ["inbound"],
    files: Object.fromEntries(
      Object.entries(shown).flatMap(([name, { certificatePem, keyPem }]) => [
        [`${name}.crt`, certificatePem],
        [`${name}.key`, keyPem],
      ]),
    ),
    config: ({ inbound }) =>
      config(inbound, { certificate: "all", domains: { "partner.test": { certificate: "own" } } }),
  });
  /** What the hop was shown by the connection that brought mail for this address. */
  const shownFor = async (to: string): Promise<string> => {
    using client = await Client.open(gateway.ports.inbound);
    for (const line of ["EHLO client.test", "MAIL FROM:<s@sender.test>", `RCPT TO:<${to}>`, "DATA"]) {
      assert.match(await client.ask(line), /^[23]/);
    }
    assert.match(await client.ask("Subject: x\r\n\r\nx\r\n."), /^250 /);
    for (let waited = 0; waited < 30_000; waited += 20) {
      const session = next.sessions.find(({ taken }) => taken.some(({ rcpts }) => rcpts[0].includes(to)));
      if (session !== undefined) {
        return Object.keys(shown).find((name) => session.facts?.matches(`${name}.gw.test`)) ?? "none";
      }
      await pause(20);
    }
    throw new Error(`Cannot find the mail for ${to}:\n${gateway.log}`);
  };
  assert.deepEqual([await shownFor("1@a.test"), await shownFor("1@partner.test")], ["all", "own"]);
  await gateway.apply(config(gateway.ports.inbound, { domains: { "a.test": { certificate: "own" } } }));
  assert.deepEqual([await shownFor("2@a.test"), await shownFor("2@partner.test")], ["own", "none"]);
}
