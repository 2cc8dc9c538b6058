import assert from "node:assert/strict";
import { octets, textOf } from "../../src/base/octets.ts";
import { limits } from "../../src/base/limits.ts";
import type { ServerOptions } from "../../src/tls/engine.ts";
import { type Method, methods } from "../../src/tls/method.ts";
import { startTls, type TlsStart } from "../../src/tls/pump.ts";
import { makeAuthority, makeLeaf } from "../support/certs.ts";
import { needPeer, peerTest, runCommand } from "../support/peers.ts";
import { echo, engine, methodSets, pairOf, profileOf, sockets, TlsServer, trustIn } from "../support/tls_world.ts";

const dir = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(dir, { recursive: true }));
const ca = await makeAuthority(dir);
const leaf = await makeLeaf({ ca, names: ["mx.example.test"] });
const flags: Record<Method, string> = {
  "TLSv1.0": "-tls1",
  "TLSv1.1": "-tls1_1",
  "TLSv1.2": "-tls1_2",
  "TLSv1.3": "-tls1_3",
};
const env = { OPENSSL_CONF: "/dev/null" };

function serve(options: Partial<ServerOptions> = {}): { server: TlsServer; [Symbol.asyncDispose](): Promise<void> } {
  const context = engine.serverContext({
    profile: profileOf(),
    keyPairs: [pairOf("mx", leaf)],
    askClientCertificate: false,
    sessionIdContext: "peers",
    ...options,
  });
  const server = new TlsServer(context, echo);
  return {
    server,
    async [Symbol.asyncDispose]() {
      await server.close();
      context[Symbol.dispose]();
      assert.deepEqual(engine.alive, { contexts: 0, sessions: 0 });
    },
  };
}

/** s_client against a port: what it printed, with `ping` sent and awaited where the handshake is done. */
async function sClient(port: number, extra: readonly string[] = [], input = "ping\n"): Promise<string> {
  const { stdout, stderr } = await runCommand("openssl", [
    ...["s_client", "-connect", `127.0.0.1:${port}`, "-brief", "-CAfile", ca.certificatePath],
    ...(extra.includes("-cipher") ? [] : ["-cipher", "ALL:@SECLEVEL=0"]),
    ...extra,
  ], { input, env });
  return stdout + stderr;
}

peerTest(["openssl"], "TlsConn serves s_client in each version exactly where the method set has it", async (t) => {
  for (const set of methodSets) {
    await t.step(set.join(" "), async () => {
      await using serving = serve({ profile: profileOf({ methods: set }) });
      for (const [index, method] of methods.entries()) {
        const output = await sClient(serving.server.port, [flags[method]]);
        const start = await serving.server.ended(index + 1);
        if (set.includes(method)) {
          assert(start.kind === "done", output);
          assert.equal(start.facts.protocol, method);
          assert.match(output, new RegExp(`Protocol version: ${method.replace("TLSv1.0", "TLSv1")}\n`));
          assert.match(output, /Verification: OK/);
        } else {
          assert(start.kind === "failed", output);
          assert.equal(start.failure.reason, "version_mismatch", start.failure.error);
          assert.match(output, /alert protocol version|wrong version number|unsupported protocol/);
        }
      }
    });
  }
});

peerTest(["openssl"], "TlsConn restricts s_client to the configured ciphers", async () => {
  await using serving = serve({ profile: profileOf({ ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256" }) });
  const { port } = serving.server;
  assert.match(await sClient(port, ["-tls1_2"]), /Ciphersuite: ECDHE-ECDSA-AES128-GCM-SHA256/);
  assert.match(await sClient(port, ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"]), /handshake failure/);
  const refused = await serving.server.ended(2);
  assert.equal(refused.kind === "failed" && refused.failure.reason, "no_shared_cipher");
  for (const suite of ["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"]) {
    assert.match(await sClient(port, ["-tls1_3", "-ciphersuites", suite]), new RegExp(`Ciphersuite: ${suite}`));
  }
});

peerTest(["openssl"], "TlsConn resumes s_client's sessions, without and with TLS 1.3", async () => {
  await using serving = serve();
  for (const version of ["-tls1_2", "-tls1_3"]) {
    const file = `${dir}/session${version}`;
    // s_client writes the session when it has one: in TLS 1.3 with the ticket, which comes before the echo.
    const first = await held(serving.server.port, [version, "-sess_out", file], async (client) => {
      await client.write("ping");
      await client.until("ping");
    });
    assert.match(first, /\nNew, TLSv1/);
    const second = await held(serving.server.port, [version, "-sess_in", file], async (client) => {
      await client.write("ping");
      await client.until("ping");
    });
    assert.match(second, /\nReused, TLSv1/);
  }
  const resumed = serving.server.starts.map((start) => start.kind === "done" && start.facts.resumed);
  assert.deepEqual(resumed, [false, true, false, true]);
});

peerTest(["openssl"], "TlsConn answers SNI and ALPN of s_client", async () => {
  const other = await makeLeaf({ ca, names: ["other.test"] });
  await using serving = serve({ keyPairs: [pairOf("mx", leaf), pairOf("other", other)], alpn: ["h2", "http/1.1"] });
  const { port } = serving.server;
  assert.match(await sClient(port, ["-servername", "other.test"]), /Peer certificate: CN = other\.test/);
  assert.match(await sClient(port, ["-noservername"]), /Peer certificate: CN = mx\.example\.test/);
  await sClient(port, ["-alpn", "http/1.1"]);
  const start = await serving.server.ended(3);
  assert.equal(start.kind === "done" && start.facts.alpn, "http/1.1");
});

peerTest(["openssl"], "TlsConn reads the certificate that s_client shows", async () => {
  const client = await makeLeaf({ ca, names: ["client.test"] });
  await using serving = serve({ askClientCertificate: true, trust: trustIn([ca]) });
  for (const version of ["-tls1", "-tls1_2", "-tls1_3"]) {
    const output = await sClient(serving.server.port, [
      version,
      "-cert",
      client.certificatePath,
      "-key",
      client.keyPath,
    ]);
    const start = await serving.server.ended(serving.server.starts.length);
    assert(start.kind === "done", output);
    assert.equal(start.facts.certificate, true);
  }
});

/** s_client held by hand. */
interface HeldClient {
  write(line: string): Promise<void>;
  /** Waits for text in what was printed since the last time. */
  until(text: string): Promise<void>;
}

/** Runs s_client with a script; what it printed until it ended. */
async function held(
  port: number,
  extra: readonly string[],
  run: (client: HeldClient) => Promise<void>,
): Promise<string> {
  const child = new Deno.Command(needPeer("openssl"), {
    args: [
      ...["s_client", "-connect", `127.0.0.1:${port}`, "-cipher", "ALL:@SECLEVEL=0", ...extra],
    ],
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let output = "";
  let seen = 0;
  let changed = Promise.withResolvers<void>();
  let ended = false;
  const reading = Promise.all([child.stdout, child.stderr].map(async (stream) => {
    for await (const chunk of stream) {
      output += textOf(chunk);
      changed.resolve();
      changed = Promise.withResolvers();
    }
  })).then(() => {
    ended = true;
    changed.resolve();
  });
  const writer = child.stdin.getWriter();
  await run({
    write: (line) => writer.write(octets(line + "\n")).catch(() => {}),
    async until(text) {
      while (output.indexOf(text, seen) < 0) {
        if (ended) throw new Error(`Cannot find "${text}" in what s_client printed: ${output}`);
        await changed.promise;
      }
      seen = output.indexOf(text, seen) + text.length;
    },
  }).finally(async () => {
    await writer.close().catch(() => {});
    try {
      child.kill("SIGTERM");
    } catch {
      // it ended by itself
    }
    await reading;
    await child.status;
  });
  return output;
}

peerTest(["openssl"], "TlsConn refuses a renegotiation where it is off, and allows a few where it is on", async (t) => {
  for (const version of ["-tls1", "-tls1_1", "-tls1_2"]) {
    await t.step(`off, ${version}`, async () => {
      await using serving = serve();
      const output = await held(serving.server.port, [version], async (client) => {
        await client.write("hello there");
        await client.until("hello there");
        await client.write("R"); // as a whole line by itself: a command to s_client
        await client.until("RENEGOTIATING");
        await client.until("no renegotiation");
      });
      assert.match(output, /RENEGOTIATING/);
    });
    await t.step(`on, ${version}`, async () => {
      await using serving = serve({ profile: profileOf({ renegotiation: true }) });
      const output = await held(serving.server.port, [version], async (client) => {
        for (let round = 1; round <= limits.renegotiationsMax; round++) {
          await client.write(`round ${round}`);
          await client.until(`round ${round}`);
          await client.write("R");
          await client.until("RENEGOTIATING");
          await client.write(`after ${round}`);
          await client.until(`after ${round}`);
        }
        await client.write("R");
        await client.until("RENEGOTIATING");
        await client.write("one too many");
        // The server hangs up: s_client ends by itself, without the echo.
        await assert.rejects(client.until("one too many"), /Cannot find/);
      });
      assert.equal(output.split("RENEGOTIATING").length - 1, limits.renegotiationsMax + 1);
    });
  }
});

/** s_server on a port of its own, and what it printed. */
async function withSServer(extra: readonly string[], run: (port: number) => Promise<void>): Promise<void> {
  const child = new Deno.Command(needPeer("openssl"), {
    args: [
      ...["s_server", "-accept", "127.0.0.1:0", "-cert", leaf.certificatePath, "-key", leaf.keyPath, "-rev"],
      ...["-cipher", "ALL:@SECLEVEL=0", ...extra],
    ],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const port = Promise.withResolvers<number>();
  let output = "";
  const reading = (async () => {
    for await (const chunk of child.stdout) {
      output += textOf(chunk);
      const accepting = /ACCEPT .*:(\d+)/.exec(output);
      if (accepting !== null) port.resolve(Number(accepting[1]));
    }
    port.reject(new Error(`s_server ended: ${output}`));
  })();
  try {
    await run(await port.promise);
  } finally {
    child.kill("SIGTERM");
    await reading;
    await child.status;
  }
}

/** Our client: one line there and its reverse back. */
async function visit(port: number, context: ReturnType<typeof engine.clientContext>): Promise<TlsStart> {
  const conn = await sockets.dial({ address: "127.0.0.1", port }, { ms: 30_000 });
  const start = await startTls(conn, context.session({ serverName: "mx.example.test", cacheKey: "k" }));
  if (start.kind === "failed") {
    conn.close();
    return start;
  }
  using stream = start.conn;
  await stream.write(octets("abc\n"));
  const into = new Uint8Array(100);
  const length = await stream.read(into);
  assert.equal(textOf(into.subarray(0, length ?? 0)), "cba\n");
  assert.deepEqual(start.facts.chain, { trusted: true });
  assert(start.facts.matches("mx.example.test"));
  return start;
}

peerTest(
  ["openssl"],
  "TlsConn talks to s_server in each version, resumes there, and fails where versions differ",
  async (t) => {
    for (const method of methods) {
      await t.step(method, async () => {
        await withSServer([flags[method]], async (port) => {
          using context = engine.clientContext({ profile: profileOf(), trust: trustIn([ca]) });
          const first = await visit(port, context);
          const second = await visit(port, context);
          assert(first.kind === "done" && second.kind === "done");
          assert.equal(first.facts.protocol, method);
          assert.deepEqual([first.facts.resumed, second.facts.resumed], [false, true]);
          const others = methods.filter((each) =>
            each !== method && (method === "TLSv1.0" ? each > method : each < method)
          ).slice(0, 1);
          using other = engine.clientContext({ profile: profileOf({ methods: others }), trust: trustIn([ca]) });
          const failed = await visit(port, other);
          assert.equal(failed.kind === "failed" && failed.failure.reason, "version_mismatch");
        });
      });
    }
    assert.deepEqual(engine.alive, { contexts: 0, sessions: 0 });
  },
);

peerTest(["openssl"], "TlsConn shows its certificate to s_server, and learns where it is refused", async () => {
  const good = await makeLeaf({ ca, names: ["client.test"] });
  const stranger = await makeAuthority(dir, { name: "Stranger" });
  const bad = await makeLeaf({ ca: stranger, names: ["client.test"] });
  await withSServer(
    ["-Verify", "2", "-verify_return_error", "-CAfile", ca.certificatePath, "-tls1_2"],
    async (port) => {
      const cases = [[good, undefined], [bad, "certificate_refused"], [undefined, "handshake_failure"]] as const;
      for (const [made, reason] of cases) {
        const keyPair = made && pairOf("client", made);
        using context = engine.clientContext({ profile: profileOf(), keyPair, trust: trustIn([ca]) });
        const start = await visit(port, context);
        assert.equal(start.kind === "failed" ? start.failure.reason : undefined, reason);
      }
    },
  );
});
