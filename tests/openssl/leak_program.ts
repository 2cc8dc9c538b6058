/**
 * Makes sessions of every kind and end, and says how much memory stayed. A program of its own, since only
 * `--v8-flags=--expose-gc` gives a garbage collection on demand: buffers of ours that wait for one would look like a leak.
 *
 * @module
 */
import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { octets } from "../../src/base/octets.ts";
import { makeAuthority, makeLeaf, makeRevocationList } from "../support/certs.ts";
import { carry, engine, pairOf, profileOf, shake, tell, trustIn } from "../support/tls_world.ts";

const dir = await Deno.makeTempDir();
const ca = await makeAuthority(dir);
const intermediate = await makeAuthority(dir, { name: "Intermediate", parent: ca });
const leaf = await makeLeaf({ ca: intermediate, names: ["mx.example.test"] });
const chain = { ...leaf, certificatePem: leaf.certificatePem + intermediate.certificatePem };
const clientLeaf = await makeLeaf({ ca, names: ["client.test"] });
const crl = await makeRevocationList(ca, { revoked: [clientLeaf] });

// glibc's mallinfo2(3): ten size_t, the eighth is what is allocated and not freed. OpenSSL allocates there, V8's heap does not.
const libc = Deno.dlopen("libc.so.6", {
  mallinfo2: { parameters: [], result: { struct: new Array(10).fill("usize") as "usize"[] } },
  malloc_trim: { parameters: ["usize"], result: "i32" },
});

async function allocated(): Promise<number> {
  for (let round = 0; round < 5; round++) { // buffers are swept by another thread, after the collection
    (globalThis as unknown as { gc(): void }).gc();
    await new Promise<void>((go) => systemClock.after(20, go));
  }
  return Number(new BigUint64Array(libc.symbols.mallinfo2().buffer)[7]);
}

function contexts() {
  const trust = trustIn([ca], [crl]);
  const server = (askClientCertificate: boolean) =>
    engine.serverContext({
      profile: profileOf({ renegotiation: true }),
      keyPairs: [pairOf("mx", chain)],
      askClientCertificate,
      trust,
      alpn: ["h2", "http/1.1"],
      sessionIdContext: "leak",
    });
  const client = (methods = profileOf().methods) =>
    engine.clientContext({ profile: profileOf({ methods }), keyPair: pairOf("client", clientLeaf), trust });
  const made = { plain: server(false), asking: server(true), client: client(), old: client(["TLSv1.2"]) };
  return {
    ...made,
    [Symbol.dispose]() {
      for (const context of Object.values(made)) context[Symbol.dispose]();
    },
  };
}

/** `count` sessions of every kind and end. */
function live(count: number): void {
  const into = new Uint8Array(40_000);
  const text = "x".repeat(20_000);
  for (let number = 0; number < count;) {
    using made = contexts(); // as a reload makes new ones
    for (let round = 0; round < 50 && number < count; round++, number += 2) {
      const kind = round % 10;
      using server = (kind % 2 === 0 ? made.plain : made.asking).session();
      using client = (kind % 3 === 0 ? made.old : made.client).session({
        serverName: "mx.example.test",
        cacheKey: kind < 5 ? "k" : undefined,
        alpn: kind === 4 ? ["h2"] : undefined,
      });
      if (kind === 7) { // not TLS
        server.feed(octets("EHLO client.example.test\r\n"));
        server.handshake();
        continue;
      }
      if (kind === 8) { // abandoned in the middle
        client.handshake();
        carry(client, server);
        server.handshake();
        continue;
      }
      assert.equal(shake(server, client).client.kind, "done");
      assert.equal(tell(server, client, "220 mx.example.test"), "220 mx.example.test");
      client.write(octets(text)); // more than a record, so that the BIOs grow
      carry(client, server);
      for (let step = server.read(into); step.kind === "done"; step = server.read(into));
      assert.deepEqual(client.facts().chain, { trusted: true });
      assert.equal(client.facts().certificates().length, 2);
      assert(client.facts().matches("mx.example.test"));
      const theirs = server.facts().chain;
      if (kind % 2 === 1) assert.equal(!theirs.trusted && theirs.reason, "revoked");
      if (kind === 9) { // broken in the middle
        server.feed(Uint8Array.of(23, 3, 3, 0, 30, ...new Uint8Array(30)));
        assert.equal(server.read(into).kind, "failed");
        carry(server, client);
        assert.equal(client.read(into).kind, "failed");
        continue;
      }
      client.shutdown();
      carry(client, server);
      assert.equal(server.read(into).kind, "closed");
    }
  }
}

/** Bytes that each of many sessions holds which carried something and now wait. */
async function idleOctets(): Promise<number> {
  using made = contexts();
  const sessions: Disposable[] = [];
  using _ = { [Symbol.dispose]: () => sessions.forEach((session) => session[Symbol.dispose]()) };
  const into = new Uint8Array(70_000);
  const pairs = 200;
  const before = await allocated();
  for (let number = 0; number < pairs; number++) {
    const server = made.plain.session();
    const client = made.client.session({});
    sessions.push(server, client);
    shake(server, client);
    client.write(octets("x".repeat(60_000)));
    carry(client, server);
    for (let step = server.read(into); step.kind === "done"; step = server.read(into));
    server.write(octets("250 Ok\r\n"));
    carry(server, client);
    for (let step = client.read(into); step.kind === "done"; step = client.read(into));
  }
  return Math.round((await allocated() - before) / (2 * pairs));
}

live(600);
const before = await allocated();
const residentBefore = Deno.memoryUsage().rss;
live(5_000);
const grown = await allocated() - before;
libc.symbols.malloc_trim(0n);
const resident = Deno.memoryUsage().rss - residentBefore;
console.log(JSON.stringify({ alive: engine.alive, grown, resident, idle: await idleOctets() }));
await Deno.remove(dir, { recursive: true });
