/**
 * The shipped presets: each a whole configuration, and what OpenSSL's own client and server make of AsyncOS' settings.
 *
 * @module
 */
import assert from "node:assert/strict";
import { tlsCheck } from "../../src/certs/check.ts";
import type { Config } from "../../src/config/config.ts";
import { warningText } from "../../src/config/faults.ts";
import { loadConfig } from "../../src/config/load.ts";
import { type Method, methods } from "../../src/tls/method.ts";
import { startTls } from "../../src/tls/pump.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { runHere } from "../support/here.ts";
import { makeCertificate } from "../support/openssl_certs.ts";
import { needPeer, peerTest } from "../support/peers.ts";
import { handshake } from "../support/s_client.ts";
import { engine, sockets } from "../support/tls_world.ts";

const folder = new URL("../../config/presets/", import.meta.url).pathname;
const names = ["modern", "compatible", "asyncos-15.5"];

async function checked(name: string): Promise<{ config: Config; warnings: string[] }> {
  const checkTls = tlsCheck({ engine, now: () => Date.now() });
  const loaded = await loadConfig(`${folder}${name}.yaml`, { hostname: "gw.example.test", generation: 1, checkTls });
  assert.ok(loaded.ok, loaded.ok ? "" : JSON.stringify(loaded.errors));
  return { config: loaded.config, warnings: loaded.warnings.map((each) => warningText(each).slice(folder.length)) };
}

Deno.test("presets are all there, and each is valid", async () => {
  const files = [...Deno.readDirSync(folder)].map((entry) => entry.name).toSorted();
  assert.deepEqual(files, names.map((name) => `${name}.yaml`).toSorted());
  for (const name of ["modern", "compatible"]) assert.deepEqual((await checked(name)).warnings, [], name);
});

Deno.test("presets: asyncos-15.5 has that release's defaults, and check warns about TLS 1.1 of the first string alone", async () => {
  const { config: { tls }, warnings } = await checked("asyncos-15.5");
  for (const service of ["gui_https", "inbound_smtp", "outbound_smtp"] as const) {
    assert.deepEqual(tls[service].methods, ["TLSv1.1", "TLSv1.2"]);
  }
  const servers =
    "HIGH:MEDIUM:@STRENGTH:!aNULL:!eNULL:!LOW:!DES:!MD5:!EXP:!PSK:!DSS:!RC2:!RC4:!SEED:!ECDSA:!ADH:!IDEA:!3DES:!SSLv2:!SSLv3:!TLSv1:-aNULL:-EXPORT:-IDEA:!DHE-RSA-AES128-CCM:!DHE-RSA-AES256-CCM:!DHE-RSA-AES256-SHA";
  assert.deepEqual(tls.gui_https, { methods: tls.gui_https.methods, ciphers: servers, renegotiation: true });
  assert.deepEqual(tls.inbound_smtp, tls.gui_https);
  assert.equal(
    tls.outbound_smtp.ciphers,
    "ECDH+aRSA:ECDH+ECDSA:DHE+DSS+AES:AES128:AES256:!3DES:!IDEA:!SRP:!AESGCM+DH+aRSA:!AESGCM+RSA:!aNULL:!eNULL:!kRSA:@STRENGTH:-aNULL:-EXPORT:-IDEA:!DHE-RSA-AES128-CCM:!DHE-RSA-AES256-CCM:!ECDHE-ECDSA-CAMELLIA128-SHA256:!ECDHE-RSA-CAMELLIA128-SHA256:!ECDHE-ECDSA-CAMELLIA256-SHA384:!ECDHE-RSA-CAMELLIA256-SHA384:!ECDHE-ECDSA-AES128-CCM:!ECDHE-ECDSA-AES256-CCM:!DHE-RSA-AES256-SHA",
  );
  const told = "warning: TLSv1.1 is enabled, but no selected cipher can serve it; other methods or ciphers";
  assert.deepEqual(warnings.map((line) => line.replace(/^[^:]+:\d+:\d+: /, "")), [
    `tls.gui_https.methods: ${told}`,
    `tls.inbound_smtp.methods: ${told}`,
  ]);
});

Deno.test("presets are listed and printed whole", async () => {
  const listed = await runHere(["presets"], { file: "none.yaml" });
  assert.deepEqual(listed.out.map((line) => line.split(" ")[0]), names);
  for (const name of names) {
    const { code, out } = await runHere(["presets", name], { file: "none.yaml" });
    assert.deepEqual([code, `${out.join("\n")}\n`], [0, await Deno.readTextFile(`${folder}${name}.yaml`)]);
  }
  const unknown = await runHere(["presets", "../config"], { file: "none.yaml" });
  assert.deepEqual([unknown.code, unknown.out, unknown.err.length], [1, [], 1]);
  assert.match(
    unknown.err[0],
    /^Cannot print \.\.\/config: there is no such preset; there are modern, compatible, asyncos-15\.5$/,
  );
});

peerTest(["openssl"], "presets: asyncos-15.5 serves TLS 1.2 with RSA to s_client, and nothing else", async () => {
  const preset = await Deno.readTextFile(`${folder}asyncos-15.5.yaml`);
  await using gateway = await GatewayProcess.start({
    ports: ["inbound"],
    config: ({ inbound }) =>
      `${preset.replace("0.0.0.0:25", `127.0.0.1:${inbound}`)}
admin: { address: null }
dns: { servers: ["127.0.0.1:9"], timeout: 1s }
`,
  });
  const { inbound } = gateway.ports;
  const good = await handshake(inbound, { version: "TLSv1.2" });
  assert.equal(good.protocol, "TLSv1.2", good.output);
  assert.match(good.output, /^Signature type: RSA/m);
  assert.match(good.cipher ?? "", /RSA|^AES|^CAMELLIA|^ARIA/);
  const refused: [Parameters<typeof handshake>[1], RegExp][] = [
    [{ version: "TLSv1.0" }, /protocol version|unsupported protocol/],
    // It is on, and the string leaves it nothing: that is what the warning is about.
    [{ version: "TLSv1.1" }, /handshake failure|protocol version|internal error|insufficient security/],
    [{ version: "TLSv1.2", ciphers: "aECDSA" }, /handshake failure/],
    [{ version: "TLSv1.3" }, /protocol version/],
  ];
  for (const [wish, error] of refused) {
    const { protocol, output } = await handshake(inbound, wish);
    assert.equal(protocol, null, `${JSON.stringify(wish)}\n${output}`);
    assert.match(output, error);
  }
  await gateway.logged(/tls\.inbound_smtp\.methods: warning: TLSv1\.1 is enabled, but no selected cipher can serve it/);
});

/** s_server with one version and every suite, on a port of its own choice. */
async function startServer(method: Method, pem: { certificatePem: string; keyPem: string }) {
  const dir = await Deno.makeTempDir();
  await Deno.writeTextFile(`${dir}/pair.pem`, pem.certificatePem + pem.keyPem);
  const flag = { "TLSv1.0": "-tls1", "TLSv1.1": "-tls1_1", "TLSv1.2": "-tls1_2", "TLSv1.3": "-tls1_3" }[method];
  const child = new Deno.Command(needPeer("openssl"), {
    args: [
      "s_server",
      "-accept",
      "127.0.0.1:0",
      "-cert",
      `${dir}/pair.pem`,
      flag,
      "-cipher",
      "ALL:@SECLEVEL=0",
      "-quiet",
    ]
      .filter((word) => word !== "-quiet"),
    env: { OPENSSL_CONF: "/dev/null" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  let printed = "";
  while (!/^ACCEPT \S+:(\d+)$/m.test(printed)) printed += (await lines.next()).value ?? "";
  return {
    port: Number(/^ACCEPT \S+:(\d+)$/m.exec(printed)![1]),
    async [Symbol.asyncDispose](): Promise<void> {
      child.kill("SIGKILL");
      await child.stdin.close().catch(() => {});
      while (!(await lines.next()).done) { /* to its end */ }
      await child.status;
      await Deno.remove(dir, { recursive: true });
    },
  };
}

peerTest(
  ["openssl"],
  "presets: asyncos-15.5 delivers with TLS 1.1 and 1.2 to s_server, by RSA and ECDSA, and with nothing else",
  async () => {
    const { config: { tls: { outbound_smtp: profile } } } = await checked("asyncos-15.5");
    using context = engine.clientContext({ profile, trust: { bundles: [], crls: [], generation: 1 } });
    for (const key of ["rsa", "ec"] as const) {
      const pem = await makeCertificate({ names: ["DNS:mx.example.test"], key });
      for (const method of methods) {
        await using server = await startServer(method, pem);
        const conn = await sockets.dial({ address: "127.0.0.1", port: server.port }, { ms: 30_000 });
        const start = await startTls(conn, context.session({}));
        const served = profile.methods.includes(method);
        assert.equal(start.kind, served ? "done" : "failed", `${method} ${key}: ${JSON.stringify(start)}`);
        if (start.kind === "done") {
          assert.equal(start.facts.protocol, method);
          assert.match(start.facts.cipher, key === "rsa" ? /^(ECDHE|DHE)-RSA-/ : /^ECDHE-ECDSA-/);
          start.conn.close();
        } else conn.close();
      }
    }
  },
);
