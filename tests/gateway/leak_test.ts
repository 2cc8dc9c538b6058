/**
 * Memory and file descriptors after many TLS sessions, good and bad: nothing native is left behind.
 *
 * @module
 */
import assert from "node:assert/strict";
import { GatewayProcess } from "../support/gateway_process.ts";
import { startNextHop } from "../support/next_hop.ts";
import { makeCertificate, type Pem } from "../support/openssl_certs.ts";
import { peerTest } from "../support/peers.ts";
import { postern } from "../support/postern.ts";
import { greeted } from "./client.ts";
import { gatewayConfig, until } from "./rig.ts";

/** Sessions that warm up: code gets compiled, pools and heaps reach their size. */
const warmUp = 2000;
const measured = 5000;

/** Resident octets of a process. */
function resident(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))![1]) * 1024;
}

function descriptors(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}

/** Most sessions are a handshake and QUIT; of twenty, some end as they should not, and one brings a message. */
async function session(port: number, { number, authority }: { number: number; authority: Pem }): Promise<void> {
  using client = await greeted(port);
  switch (number % 20) {
    case 0: // octets that are no handshake
      await client.expect(["STARTTLS", "220"]);
      await client.write("\x16\x03\x01\x00\x05hello");
      await client.rest();
      return;
    case 1: // gone before the handshake
      return await client.expect(["STARTTLS", "220"]);
    case 2: // the server's certificate is not trusted: an alert
      await assert.rejects(client.startTls(authority, "other.example.test"));
      return;
    case 3: // gone without QUIT
      return await client.startTls(authority);
    case 4: // gone in the middle of a text
      await client.startTls(authority);
      await client.expect(["EHLO c.example.test", "250"]);
      await client.begin();
      return await client.write("Subject: half\r\n\r\nhalf");
    case 5:
      await client.startTls(authority);
      await client.expect(["EHLO c.example.test", "250"]);
      assert.match(await client.send("Subject: whole\r\n\r\nwhole"), /^250 /);
      return await client.expect(["QUIT", "221"]);
    default:
      await client.startTls(authority);
      return await client.expect(["EHLO c.example.test", "250"], ["QUIT", "221"]);
  }
}

async function sessions(port: number, { count, authority }: { count: number; authority: Pem }): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: 10 }, async () => {
    while (next < count) await session(port, { number: next++, authority });
  }));
}

peerTest(
  ["openssl"],
  `${measured} TLS sessions leave the gateway's memory near where it was, and no descriptor open`,
  async () => {
    const authority = await makeCertificate({ names: [], authority: true });
    const { certificatePem, keyPem } = await makeCertificate({ names: ["DNS:mx.example.test"], issuer: authority });
    await using hop = startNextHop();
    await using gateway = await GatewayProcess.start({
      ports: ["inbound"],
      // A JavaScript heap that is kept small stops growing soon; what grows then is native.
      env: { DENO_V8_FLAGS: "--max-semi-space-size=2,--max-old-space-size=64" },
      files: { "mx.crt": certificatePem, "mx.key": keyPem },
      config: ({ inbound }) =>
        gatewayConfig({
          inbound,
          nextHop: hop.port,
          listener: { certificate: "mx" },
          more: { logs: { level: "warning" }, certificates: { mx: { certificate: "mx.crt", key: "mx.key" } } },
        }),
    });
    const { pid, ports: { inbound } } = gateway;
    await sessions(inbound, { count: warmUp, authority });
    await until("the first deliveries", () => hop.taken.length === warmUp / 20 && hop.open === 0);
    // Statistics are opened with their first write, 15 s after the start, or when somebody asks.
    assert.equal((await postern(gateway, "status")).code, 0);
    // Files of the queue and watches are opened and closed at leisure.
    let idle = descriptors(pid);
    await until("rest", () => {
      const before = idle;
      idle = descriptors(pid);
      return idle === before;
    }, { every: 500 });
    const before = resident(pid);
    await sessions(inbound, { count: measured, authority });
    await until("the deliveries", () => hop.taken.length === (warmUp + measured) / 20 && hop.open === 0);
    await until("the end of all descriptors", () => descriptors(pid) <= idle);
    const grown = resident(pid) - before;
    const mb = (octets: number) => `${Math.round(octets / 1e6)} MB`;
    console.log(`${measured} sessions: grown by ${mb(grown)} from ${mb(before)}, ${descriptors(pid)} descriptors`);
    // 3 KB a session: an SSL object with its BIOs takes more than ten times that, a certificate about as much.
    assert.ok(grown < 15_000_000, `grown by ${mb(grown)} from ${mb(before)}`);
  },
);
