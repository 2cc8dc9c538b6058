/**
 * `postern sslconfig set` on a gateway that runs, seen by OpenSSL's s_client: in force when the command returns, while a session that is open goes on.
 *
 * @module
 */
import assert from "node:assert/strict";
import { GatewayProcess } from "../support/gateway_process.ts";
import { peerTest, runCommand } from "../support/peers.ts";
import { postern } from "../support/postern.ts";
import { handshake, Session } from "../support/s_client.ts";
import { gatewayConfig } from "../gateway/rig.ts";

/** The version that a TLS server speaks with s_client. */
async function version(port: number, flag: string): Promise<string | undefined> {
  const { stdout, stderr } = await runCommand(
    "openssl",
    ["s_client", "-connect", `127.0.0.1:${port}`, "-brief", flag, "-cipher", "ALL:@SECLEVEL=0"],
    { env: { OPENSSL_CONF: "/dev/null" } },
  );
  return /^Protocol version: (\S+)$/m.exec(stdout + stderr)?.[1];
}

peerTest(["openssl"], "sslconfig set is in force when it returns, and no session is dropped", async () => {
  await using gateway = await GatewayProcess.start({
    ports: ["inbound", "admin"],
    config: ({ inbound, admin }) =>
      gatewayConfig({ inbound, nextHop: 9, more: { admin: { address: `127.0.0.1:${admin}` } } }),
  });
  const { inbound, admin } = gateway.ports;
  await using open = new Session(inbound, { version: "TLSv1.3" });
  assert.ok(await open.until(/Verify return code/), open.output);
  assert.equal((await handshake(inbound, { version: "TLSv1.1" })).protocol, null);

  const set = await postern(gateway, "sslconfig", "set", "inbound", "--methods", "2-3");
  assert.deepEqual([set.code, set.stderr], [0, ""]);
  assert.match(
    set.stdout,
    /^inbound methods\n {2}before {2}TLSv1\.2, TLSv1\.3\n {2}now {5}TLSv1\.1, TLSv1\.2\n.* is written and in force\n$/,
  );
  assert.equal((await handshake(inbound, { version: "TLSv1.1" })).protocol, "TLSv1.1");
  assert.equal((await handshake(inbound, { version: "TLSv1.3" })).protocol, null);
  await open.write("NOOP");
  assert.ok(await open.until(/^250 [25].*$/m), open.output);

  assert.equal(await version(admin, "-tls1_2"), "TLSv1.2");
  const gui = await postern(gateway, "sslconfig", "set", "gui", "--methods", "TLSv1.3");
  assert.equal(gui.code, 0, gui.stderr);
  assert.equal(await version(admin, "-tls1_2"), undefined);
  assert.equal(await version(admin, "-tls1_3"), "TLSv1.3");

  const before = await Deno.readTextFile(gateway.configPath);
  const bad = await postern(gateway, "sslconfig", "set", "inbound", "--ciphers", "NONSENSE");
  assert.deepEqual([bad.code, bad.stdout, bad.stderr], [1, "", 'Cannot set the ciphers: "NONSENSE" selects none\n']);
  assert.equal(await Deno.readTextFile(gateway.configPath), before);
  const shown = await postern(gateway, "sslconfig", "show", "--json");
  const services = shown.stdout.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(services.map(({ methods }) => methods.length), [1, 2, 2, 2]);
});
