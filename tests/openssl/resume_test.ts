import assert from "node:assert/strict";
import { limits } from "../../src/base/limits.ts";
import { systemRandom } from "../../src/base/random.ts";
import { openSslEngine, ticketKeysOctets } from "../../src/openssl/engine.ts";
import type { ClientContext, ServerContext, TrustAnchors } from "../../src/tls/engine.ts";
import { methods } from "../../src/tls/method.ts";
import { makeAuthority, makeLeaf, makeRevocationList } from "../support/certs.ts";
import { carry, engine, pairOf, profileOf, shake, tell, trustIn } from "../support/tls_world.ts";

const dir = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(dir, { recursive: true }));
const ca = await makeAuthority(dir);
const leaf = await makeLeaf({ ca, names: ["mx.example.test"] });
const keyPair = pairOf("mx", leaf);

function serverWith(sessionIdContext = "a", from = engine): ServerContext {
  return from.serverContext({
    profile: profileOf(),
    keyPairs: [keyPair],
    askClientCertificate: false,
    sessionIdContext,
  });
}

function clientWith(trust: TrustAnchors = trustIn([ca]), from = engine): ClientContext {
  return from.clientContext({ profile: profileOf(), trust });
}

/** One connection with a word both ways; whether it was resumed. */
function visit(serverContext: ServerContext, clientContext: ClientContext, cacheKey: string | null = "k") {
  using server = serverContext.session();
  using client = clientContext.session({ cacheKey: cacheKey ?? undefined });
  const steps = shake(server, client);
  assert.equal(steps.client.kind, "done");
  assert.equal(steps.server.kind, "done");
  assert.equal(tell(server, client, "220"), "220");
  const facts = client.facts();
  const known = { resumed: facts.resumed, chain: facts.chain, certificates: facts.certificates().length };
  assert.equal(server.facts().resumed, known.resumed);
  assert(facts.matches("mx.example.test"), "the name is asked of a resumed session too");
  client.shutdown();
  carry(client, server);
  return known;
}

Deno.test("ClientContext resumes a session in each version, and the chain is there to be verified again", () => {
  for (const method of methods) {
    using server = serverWith();
    using client = engine.clientContext({ profile: profileOf({ methods: [method] }), trust: trustIn([ca]) });
    assert.equal(visit(server, client).resumed, false, method);
    for (let more = 0; more < 3; more++) {
      assert.deepEqual(visit(server, client), { resumed: true, chain: { trusted: true }, certificates: 1 }, method);
    }
    assert.equal(visit(server, client, "another").resumed, false, "under another key nothing is remembered");
    assert.equal(visit(server, client, null).resumed, false, "nor without a key");
  }
  assert.deepEqual(engine.alive, { contexts: 0, sessions: 0 });
});

Deno.test("PeerFacts.chain of a resumed session is of today: a certificate that expired meanwhile is not trusted", () => {
  let now = Date.now();
  const moving = openSslEngine({ now: () => now });
  using server = serverWith("a", moving);
  using client = clientWith(trustIn([ca]), moving);
  assert.deepEqual(visit(server, client).chain, { trusted: true });
  now += 60 * 86_400_000;
  const { resumed, chain } = visit(server, client);
  assert.equal(resumed, true);
  assert.equal(!chain.trusted && chain.reason, "expired");
});

Deno.test("PeerFacts.chain of a resumed session is not better than the first one's", async () => {
  const stranger = await makeAuthority(dir, { name: "Stranger" });
  const crl = await makeRevocationList(ca, { revoked: [leaf] });
  for (const trust of [trustIn([stranger]), trustIn([ca], [crl])]) {
    using server = serverWith();
    using client = clientWith(trust);
    const first = visit(server, client);
    const second = visit(server, client);
    assert.equal(second.resumed, true);
    assert.equal(first.chain.trusted, false);
    assert.deepEqual(second.chain, first.chain);
  }
});

Deno.test("ServerContext takes no ticket of another session id context", () => {
  for (const method of ["TLSv1.2", "TLSv1.3"] as const) {
    using one = serverWith("listener one");
    using same = serverWith("listener one");
    using two = serverWith("listener two");
    using client = engine.clientContext({ profile: profileOf({ methods: [method] }), trust: trustIn([ca]) });
    visit(one, client);
    assert.equal(visit(two, client).resumed, false, method);
    assert.equal(visit(one, client).resumed, false, "the ticket is now of the other");
    assert.equal(visit(same, client).resumed, true, "a context of the same name and keys takes it");
  }
});

Deno.test("OpenSslEngine shares tickets by their keys, and rotation voids them", () => {
  const ticketKeys = systemRandom.bytes(ticketKeysOctets);
  const [one, two] = [openSslEngine({ ticketKeys }), openSslEngine({ ticketKeys })];
  using first = serverWith("a", one);
  using second = serverWith("a", two);
  using client = clientWith();
  visit(first, client);
  assert.equal(visit(second, client).resumed, true);
  one.rotateTicketKeys(systemRandom.bytes(ticketKeysOctets));
  assert.equal(visit(first, client).resumed, false);
  assert.equal(visit(first, client).resumed, true);
  assert.throws(() => one.rotateTicketKeys(new Uint8Array(3)), /they have 3 bytes and not 80/);
});

Deno.test("ClientContext remembers a bounded number of sessions, and forgets the longest unused first", () => {
  using server = serverWith();
  using client = clientWith();
  for (let number = 0; number <= limits.tlsSessionsCachedMax; number++) visit(server, client, `k${number}`);
  assert.equal(visit(server, client, "k0").resumed, false);
  assert.equal(visit(server, client, `k${limits.tlsSessionsCachedMax}`).resumed, true);
});

Deno.test("ClientContext does not resume a session that failed", () => {
  using server = engine.serverContext({
    profile: profileOf({ methods: ["TLSv1.2"] }),
    keyPairs: [keyPair],
    askClientCertificate: false,
    sessionIdContext: "a",
  });
  using clientContext = clientWith();
  {
    using one = server.session();
    using client = clientContext.session({ cacheKey: "k" });
    shake(one, client);
    client.feed(Uint8Array.of(23, 3, 3, 0, 32, ...new Uint8Array(32)));
    assert.equal(client.read(new Uint8Array(10)).kind, "failed");
  }
  assert.equal(visit(server, clientContext).resumed, false);
});
