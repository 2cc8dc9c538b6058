/**
 * Memory after many TLS sessions: nothing native is left behind.
 *
 * @module
 */
import assert from "node:assert/strict";
import { GatewayProcess, pause } from "../support/gateway_process.ts";
import { makeCertificate, type Pem } from "../support/openssl_certs.ts";
import { peerTest } from "../support/peers.ts";
import { relayConfig } from "../support/relay.ts";

/** Resident octets of a process. */
function resident(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))![1]) * 1024;
}

/** STARTTLS, a command, QUIT. */
async function session(port: number, authority: Pem): Promise<void> {
  const clear = await Deno.connect({ hostname: "127.0.0.1", port });
  const buffer = new Uint8Array(4096);
  const ask = async (conn: Deno.Conn, text: string, code: string) => {
    if (text !== "") await conn.write(new TextEncoder().encode(text));
    for (let reply = ""; !/^\d{3} .*\r\n$/m.test(reply);) {
      const count = await conn.read(buffer);
      assert.ok(count !== null, `the session ended after ${text}`);
      reply += new TextDecoder().decode(buffer.subarray(0, count));
      assert.ok(reply.startsWith(code), reply);
    }
  };
  await ask(clear, "", "220");
  await ask(clear, "EHLO client.example.test\r\n", "250");
  await ask(clear, "STARTTLS\r\n", "220");
  using conn = await Deno.startTls(clear, { hostname: "mx.example.test", caCerts: [authority.certificatePem] });
  await ask(conn, "EHLO client.example.test\r\n", "250");
  await ask(conn, "QUIT\r\n", "221");
}

async function sessions(port: number, { count, authority }: { count: number; authority: Pem }): Promise<void> {
  let left = count;
  await Promise.all(Array.from({ length: 10 }, async () => {
    while (left-- > 0) await session(port, authority);
  }));
}

peerTest(["openssl"], "5,000 TLS sessions leave the gateway's memory near where it was", async () => {
  const authority = await makeCertificate({ names: [], authority: true });
  const { certificatePem, keyPem } = await makeCertificate({ names: ["DNS:mx.example.test"], issuer: authority });
  await using gateway = await GatewayProcess.start({
    ports: ["inbound", "nextHop"],
    listening: ["inbound"],
    // A JavaScript heap that is kept small stops growing soon; what grows then is native.
    env: { DENO_V8_FLAGS: "--max-semi-space-size=2,--max-old-space-size=64" },
    files: { "mx.crt": certificatePem, "mx.key": keyPem },
    config: ({ inbound, nextHop }) =>
      relayConfig({
        inbound,
        nextHop,
        listener: { certificate: "mx" },
        more: { logs: { level: "warning" }, certificates: { mx: { certificate: "mx.crt", key: "mx.key" } } },
      }),
  });
  await sessions(gateway.ports.inbound, { count: 2000, authority }); // code gets compiled, pools and heaps reach their size
  await pause(1000);
  const before = resident(gateway.pid);
  await sessions(gateway.ports.inbound, { count: 5000, authority });
  await pause(1000);
  const grown = resident(gateway.pid) - before;
  // 3 KB a session: an SSL object with its BIOs takes more than ten times that, a certificate about as much.
  assert.ok(grown < 15_000_000, `grown by ${Math.round(grown / 1e6)} MB from ${Math.round(before / 1e6)} MB`);
});
