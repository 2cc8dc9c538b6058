/**
 * Handshakes that another thread answers.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Session, Step } from "../../src/tls/engine.ts";
import { type Method, methods } from "../../src/tls/method.ts";
import { startTls } from "../../src/tls/pump.ts";
import { makeAuthority, makeLeaf } from "../support/certs.ts";
import { carry, engine, pairOf, profileOf, sockets, trustIn } from "../support/tls_world.ts";

const dir = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(dir, { recursive: true }));
const ca = await makeAuthority(dir);
const leaf = await makeLeaf({ ca, names: ["mx.example.test"] });

function contexts(options: { server?: readonly Method[]; client?: readonly Method[]; ciphers?: string } = {}) {
  const { server: ours = methods, client: theirs = methods, ciphers } = options;
  const server = engine.serverContext({
    profile: profileOf({ methods: ours, ...(ciphers === undefined ? {} : { ciphers }) }),
    keyPairs: [pairOf("mx", leaf)],
    askClientCertificate: false,
    sessionIdContext: "apart",
  });
  const client = engine.clientContext({ profile: profileOf({ methods: theirs }), trust: trustIn([ca]) });
  return {
    server,
    client,
    [Symbol.dispose]() {
      server[Symbol.dispose]();
      client[Symbol.dispose]();
      engine.threads = 1;
      assert.deepEqual(engine.alive, { contexts: 0, sessions: 0 });
    },
  };
}

/** A server's session that has a whole ClientHello. */
function greeted(made: ReturnType<typeof contexts>): { server: Session; client: Session } & Disposable {
  const [server, client] = [made.server.session(), made.client.session({})];
  client.handshake();
  carry(client, server);
  return {
    server,
    client,
    [Symbol.dispose]() {
      server[Symbol.dispose]();
      client[Symbol.dispose]();
    },
  };
}

Deno.test("Session.handshakeApart answers a ClientHello in each version, once and with more than one thread only", async () => {
  for (const method of methods) {
    using made = contexts({ server: [method] });
    using one = greeted(made);
    assert.equal(one.server.handshakeApart?.(), undefined, "one thread");
    engine.threads = 2;
    using pair = greeted(made);
    const { server, client } = pair;
    const away = server.handshakeApart!();
    assert.notEqual(away, undefined);
    assert.equal((await away)!.kind, "want_read");
    assert.equal(server.handshakeApart!(), undefined, "nothing to answer");
    let step: Step = { kind: "want_read" };
    for (let round = 0; round < 5 && step.kind === "want_read"; round++) {
      carry(server, client);
      client.handshake();
      carry(client, server);
      step = server.handshake();
    }
    assert.equal(step.kind, "done");
    assert.equal(server.facts().protocol, method);
  }
});

Deno.test("Session.handshakeApart tells the same failure as handshake, and leaves the same alert", async () => {
  const cases = [
    [{ server: ["TLSv1.3"], client: ["TLSv1.2"] }, "version_mismatch"],
    [{ server: ["TLSv1.2"], client: ["TLSv1.3"] }, "version_mismatch"],
    [{ server: ["TLSv1.2"], client: ["TLSv1.2"], ciphers: "kRSA" }, "no_shared_cipher"],
  ] as const;
  for (const [options, reason] of cases) {
    using made = contexts(options);
    using plain = greeted(made);
    const expected = plain.server.handshake();
    assert(expected.kind === "failed" && expected.failure.reason === reason);
    engine.threads = 2;
    using apart = greeted(made);
    assert.deepEqual(await apart.server.handshakeApart!(), expected);
    const [alert, alertApart] = [new Uint8Array(64), new Uint8Array(64)];
    assert.deepEqual(
      alertApart.subarray(0, apart.server.drain(alertApart)),
      alert.subarray(0, plain.server.drain(alert)),
    );
  }
});

Deno.test("Session.handshakeApart may be abandoned: the object goes when the other thread is done with it", async () => {
  using made = contexts();
  engine.threads = 2;
  const pair = greeted(made);
  const away = pair.server.handshakeApart!();
  pair[Symbol.dispose]();
  assert.equal(engine.alive.sessions, 1, "still in use");
  assert.equal((await away)!.kind, "closed");
  assert.equal(engine.alive.sessions, 0);
});

Deno.test("startTls spreads handshakes over threads, and all of them are done", async () => {
  using made = contexts();
  engine.threads = 3;
  using listener = sockets.listen({ address: "127.0.0.1", port: 0 });
  const one = async () => {
    const [near, far] = await Promise.all([sockets.dial(listener.local, { ms: 5_000 }), listener.accept()]);
    const [client, server] = await Promise.all([
      startTls(near, made.client.session({})),
      startTls(far!, made.server.session()),
    ]);
    assert(client.kind === "done" && server.kind === "done");
    const buffer = new Uint8Array(16);
    await server.conn.write(new TextEncoder().encode("220 hello"));
    assert.equal(await client.conn.read(buffer), 9);
    client.conn.close();
    server.conn.close();
  };
  for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 20 }, one));
});
