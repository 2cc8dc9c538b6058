import assert from "node:assert/strict";
import { limits } from "../../src/base/limits.ts";
import { octets } from "../../src/base/octets.ts";
import { seededRandom } from "../../src/base/random.ts";
import type { ClientSessionOptions, TlsProfile } from "../../src/tls/engine.ts";
import { methodRange, methods } from "../../src/tls/method.ts";
import { makeAuthority, makeLeaf } from "../support/certs.ts";
import { carry, engine, methodSets, pairOf, profileOf, shake, tell, trustIn } from "../support/tls_world.ts";

const dir = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(dir, { recursive: true }));
const ca = await makeAuthority(dir);
const leaf = await makeLeaf({ ca, names: ["mx.example.test", "127.0.0.1"] });
const rsaLeaf = await makeLeaf({ ca, names: ["mx.example.test"], key: "rsa:2048" });
const edLeaf = await makeLeaf({ ca, names: ["mx.example.test"], key: "ed25519" });
const trust = trustIn([ca]);

interface World {
  server?: Partial<TlsProfile>;
  client?: Partial<TlsProfile>;
  keyPairs?: ReturnType<typeof pairOf>[];
  alpn?: string[];
}

function world({ server = {}, client = {}, keyPairs = [pairOf("mx", leaf)], alpn }: World = {}) {
  const serverContext = engine.serverContext({
    profile: profileOf(server),
    keyPairs,
    askClientCertificate: false,
    sessionIdContext: "test",
    alpn,
  });
  const clientContext = engine.clientContext({ profile: profileOf(client), trust });
  return {
    serverContext,
    pair: (options: ClientSessionOptions = {}) => ({
      server: serverContext.session(),
      client: clientContext.session(options),
      [Symbol.dispose]() {
        this.server[Symbol.dispose]();
        this.client[Symbol.dispose]();
      },
    }),
    [Symbol.dispose]() {
      serverContext[Symbol.dispose]();
      clientContext[Symbol.dispose]();
    },
  };
}

Deno.test("Session agrees on the newest common method for each pair of method sets, and fails where there is none", () => {
  for (const ours of methodSets) {
    for (const theirs of methodSets) {
      using tls = world({ server: { methods: ours }, client: { methods: theirs } });
      using pair = tls.pair();
      const { server, client } = shake(pair.server, pair.client);
      const newest = methods.filter((method) => ours.includes(method) && theirs.includes(method)).at(-1);
      const about = `server ${ours}, client ${theirs}`;
      if (newest !== undefined) {
        assert.equal(server.kind, "done", about);
        assert.equal(client.kind, "done", about);
        assert.equal(pair.server.facts().protocol, newest, about);
        assert.equal(pair.client.facts().protocol, newest, about);
        assert.equal(tell(pair.server, pair.client, "220 mx"), "220 mx");
        assert.equal(tell(pair.client, pair.server, "EHLO"), "EHLO");
      } else {
        assert(server.kind === "failed" || client.kind === "failed", about);
        const failures = [server, client].flatMap((step) => step.kind === "failed" ? [step.failure] : []);
        for (const { code, error, reason } of failures) {
          assert.equal(reason, "version_mismatch", `${about}: ${error}`);
          assert.match(error, /^error:0A[0-9A-F]{6}:SSL routines::/);
          assert.equal(code, parseInt(error.slice(6, 14), 16));
        }
      }
    }
  }
  assert.deepEqual(engine.alive, { contexts: 0, sessions: 0 });
});

Deno.test("Session gives OpenSSL's packed code and words: unsupported protocol on the server, its alert on the client", () => {
  using tls = world({ server: { methods: ["TLSv1.3"] }, client: { methods: ["TLSv1.2"] } });
  using pair = tls.pair();
  const { server, client } = shake(pair.server, pair.client);
  assert.deepEqual(server, {
    kind: "failed",
    failure: {
      code: 167772418,
      error: "error:0A000102:SSL routines::unsupported protocol",
      reason: "version_mismatch",
    },
  });
  assert.deepEqual(client, {
    kind: "failed",
    failure: {
      code: 167773230,
      error: "error:0A00042E:SSL routines::tlsv1 alert protocol version",
      reason: "version_mismatch",
    },
  });
});

Deno.test("Session uses the cipher that both strings select, in the server's order", () => {
  const cases: [server: string, client: string, cipher: string | undefined][] = [
    ["ECDHE-ECDSA-AES128-GCM-SHA256", "ALL", "ECDHE-ECDSA-AES128-GCM-SHA256"],
    [
      "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384",
      "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256",
      "ECDHE-ECDSA-AES128-GCM-SHA256",
    ],
    ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", undefined],
    ["ECDHE+aRSA", "ALL", undefined], // the key is ECDSA
  ];
  for (const [ours, theirs, cipher] of cases) {
    using tls = world({
      server: { methods: ["TLSv1.2"], ciphers: ours },
      client: { methods: ["TLSv1.2"], ciphers: theirs },
    });
    using pair = tls.pair();
    const { server } = shake(pair.server, pair.client);
    if (cipher !== undefined) assert.equal(pair.client.facts().cipher, cipher);
    else assert.equal(server.kind === "failed" && server.failure.reason, "no_shared_cipher", `${ours} and ${theirs}`);
  }
});

Deno.test("Session serves DHE suites, whose parameters OpenSSL chooses", () => {
  using tls = world({
    server: { methods: ["TLSv1.2"], ciphers: "DHE+aRSA" },
    client: { methods: ["TLSv1.2"] },
    keyPairs: [pairOf("rsa", rsaLeaf)],
  });
  using pair = tls.pair();
  shake(pair.server, pair.client);
  assert.match(pair.client.facts().cipher, /^DHE-RSA-/);
});

Deno.test("Session offers TLS 1.3 its three suites whatever the cipher string says", () => {
  using tls = world({ server: { methods: ["TLSv1.3"], ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256" } });
  using pair = tls.pair();
  shake(pair.server, pair.client);
  assert.equal(pair.client.facts().cipher, "TLS_AES_256_GCM_SHA384");
  assert.equal(pair.client.facts().bits, 256);
});

Deno.test("ServerContext serves several key types: OpenSSL picks what the client can use", () => {
  const keyPairs = [pairOf("rsa", rsaLeaf), pairOf("ec", leaf), pairOf("ed", edLeaf)];
  for (
    const [ciphers, expected] of [
      ["aRSA", "RSA 2048"],
      ["aECDSA", /^(EC P-256|ED25519)$/],
    ] as const
  ) {
    using tls = world({ keyPairs, client: { methods: ["TLSv1.2"], ciphers } });
    using pair = tls.pair();
    assert.equal(shake(pair.server, pair.client).client.kind, "done");
    const { key } = pair.client.facts().certificates()[0];
    assert.match(key, typeof expected === "string" ? new RegExp(`^${expected}$`) : expected);
  }
  for (const [name, made] of [["rsa", rsaLeaf], ["ec", leaf], ["ed", edLeaf]] as const) {
    using tls = world({ keyPairs: [pairOf(name, made)] });
    using pair = tls.pair();
    assert.equal(shake(pair.server, pair.client).client.kind, "done", name);
    assert.deepEqual(pair.client.facts().chain, { trusted: true }, name);
  }
});

Deno.test("ServerContext chooses the certificate by the name that the client asks for", async () => {
  const other = await makeLeaf({ ca, names: ["other.test", "*.wild.test"] });
  const rsaOther = await makeLeaf({ ca, names: ["other.test"], key: "rsa:2048" });
  using tls = world({ keyPairs: [pairOf("mx", leaf), pairOf("other", other), pairOf("rsaOther", rsaOther)] });
  const cases: [serverName: string | undefined, subject: string][] = [
    [undefined, "CN=mx.example.test"],
    ["mx.example.test", "CN=mx.example.test"],
    ["MX.Example.TEST", "CN=mx.example.test"],
    ["other.test", "CN=other.test"],
    ["a.wild.test", "CN=other.test"],
    ["a.b.wild.test", "CN=mx.example.test"], // a wildcard stands for one label
    ["wild.test", "CN=mx.example.test"],
    ["unknown.test", "CN=mx.example.test"],
  ];
  for (const [serverName, subject] of cases) {
    using pair = tls.pair({ serverName });
    assert.equal(shake(pair.server, pair.client).client.kind, "done");
    assert.equal(pair.client.facts().certificates()[0].subject, subject, serverName ?? "no SNI");
    assert.equal(pair.server.facts().serverName, serverName?.toLowerCase());
  }
  // Two contexts: that of mx, that of the others with both key types; a.wild.test has a third with one.
  assert.equal(engine.alive.contexts, 4);
});

Deno.test("ServerContext agrees on ALPN by its own order, and refuses a client without a common protocol", () => {
  using tls = world({ alpn: ["h2", "http/1.1"] });
  for (
    const [offered, chosen] of [
      [["http/1.1", "h2"], "h2"],
      [["http/1.1"], "http/1.1"],
      [undefined, undefined],
    ] as const
  ) {
    using pair = tls.pair({ alpn: offered });
    assert.equal(shake(pair.server, pair.client).client.kind, "done");
    assert.equal(pair.client.facts().alpn, chosen);
    assert.equal(pair.server.facts().alpn, chosen);
  }
  using pair = tls.pair({ alpn: ["smtp"] });
  const { client } = shake(pair.server, pair.client);
  assert(client.kind === "failed");
  assert.match(client.failure.error, /no application protocol/);
});

Deno.test("Session is done with the handshake wherever its bytes are cut", () => {
  for (const method of ["TLSv1.2", "TLSv1.3"] as const) {
    using tls = world({ client: { methods: [method] } });
    for (const cut of [1, 2, 3, 5, 7, 50, 300]) {
      using pair = tls.pair({ serverName: "mx.example.test" });
      const { server, client } = shake(pair.server, pair.client, cut);
      assert.equal(server.kind, "done", `cut ${cut}`);
      assert.equal(client.kind, "done", `cut ${cut}`);
      assert.equal(pair.server.facts().serverName, "mx.example.test");
    }
  }
});

Deno.test("Session takes a ClientHello cut at every byte", () => {
  using tls = world();
  const bytes = new Uint8Array(4096);
  using first = tls.pair({ serverName: "mx.example.test" });
  first.client.handshake();
  const hello = bytes.slice(0, first.client.drain(bytes));
  for (let cut = 1; cut < hello.length; cut++) {
    using server = tls.serverContext.session();
    server.feed(hello.subarray(0, cut));
    assert.deepEqual(server.handshake(), { kind: "want_read" });
    assert.equal(server.drain(bytes), 0);
    server.feed(hello.subarray(cut));
    assert.deepEqual(server.handshake(), { kind: "want_read" });
    assert(server.drain(bytes) > 100, `cut at ${cut}`);
  }
});

Deno.test("Session tells what is not TLS", () => {
  const strangers = [
    "EHLO client.example.test\r\n",
    "GET / HTTP/1.1\r\n\r\n",
    "\x80\x2e\x01\x03\x01",
    "\0\0\0\0\0\0",
    "\x16\x02\x00\x00\x01",
  ];
  using tls = world();
  for (const text of strangers) {
    using server = tls.serverContext.session();
    server.feed(Uint8Array.from(text, (character) => character.charCodeAt(0)));
    const step = server.handshake();
    assert.equal(step.kind === "failed" && step.failure.reason, "not_tls", JSON.stringify(text));
    assert.deepEqual(server.handshake(), step, "and goes on telling it");
    assert.deepEqual(server.write(octets("x")), step);
  }
});

Deno.test("Session survives random bytes in place of each message (seeded)", () => {
  const seed = 20260722;
  const random = seededRandom(seed);
  using tls = world();
  for (let round = 0; round < 300; round++) {
    using pair = tls.pair();
    pair.client.handshake();
    const bytes = new Uint8Array(4096);
    const hello = bytes.slice(0, pair.client.drain(bytes));
    for (let changes = 0; changes < 3; changes++) {
      hello[Math.floor(random.fraction() * hello.length)] = random.bytes(1)[0];
    }
    pair.server.feed(hello);
    const step = pair.server.handshake();
    assert(step.kind === "failed" || step.kind === "want_read", `seed ${seed}, round ${round}: ${step.kind}`);
    carry(pair.server, pair.client);
    pair.client.handshake();
  }
  assert.deepEqual(engine.alive.sessions, 0);
});

Deno.test("Session refuses a ClientHello without end", () => {
  using tls = world();
  using server = tls.serverContext.session();
  const record = new Uint8Array(5 + 16_384);
  record.set([22, 3, 1, 0x40, 0, 1, 0x7f, 0xff, 0xff]);
  server.feed(record);
  const step = server.handshake();
  assert.equal(step.kind === "failed" && step.failure.reason, "too_large");
  server.feed(record); // and takes no more
  assert.equal(server.handshake().kind, "failed");
});

Deno.test("Session carries a megabyte in both directions, in records", () => {
  for (const method of methods) {
    using tls = world({ client: { methods: [method] } });
    using pair = tls.pair();
    shake(pair.server, pair.client);
    const sent = seededRandom(1).bytes(1_000_000);
    const into = new Uint8Array(40_000);
    for (const [from, to] of [[pair.client, pair.server], [pair.server, pair.client]]) {
      let at = 0;
      for (let start = 0; start < sent.length; start += 50_000) {
        assert.equal(from.write(sent.subarray(start, start + 50_000)).kind, "done");
        carry(from, to);
        for (let step = to.read(into); step.kind === "done"; step = to.read(into)) {
          assert.deepEqual(into.subarray(0, step.octets), sent.subarray(at, at + step.octets));
          at += step.octets;
        }
      }
      assert.equal(at, sent.length, method);
    }
  }
});

Deno.test("Session tells an orderly end from none", () => {
  using tls = world();
  using pair = tls.pair();
  shake(pair.server, pair.client);
  carry(pair.server, pair.client); // tickets
  const into = new Uint8Array(100);
  assert.deepEqual(pair.client.read(into), { kind: "want_read" });
  pair.server.shutdown();
  carry(pair.server, pair.client);
  assert.deepEqual(pair.client.read(into), { kind: "closed" });
});

Deno.test("Session reports a changed record as a failure, with an alert for the peer", () => {
  using tls = world();
  using pair = tls.pair();
  shake(pair.server, pair.client);
  pair.client.write(octets("MAIL FROM:<a@example.com>"));
  const bytes = new Uint8Array(1000);
  const length = pair.client.drain(bytes);
  bytes[length - 1] ^= 1;
  pair.server.feed(bytes.subarray(0, length));
  const step = pair.server.read(new Uint8Array(100));
  assert.match(step.kind === "failed" ? step.failure.error : "", /decryption failed or bad record mac/);
  assert(pair.server.drain(bytes) > 0);
});

Deno.test("Session is freed once and refuses every call afterwards", () => {
  using tls = world();
  using pair = tls.pair();
  shake(pair.server, pair.client);
  const facts = pair.client.facts();
  assert.equal(engine.alive.sessions, 2);
  pair.client[Symbol.dispose]();
  pair.client[Symbol.dispose]();
  assert.equal(engine.alive.sessions, 1);
  for (
    const call of [
      () => pair.client.feed(new Uint8Array(1)),
      () => pair.client.drain(new Uint8Array(1)),
      () => pair.client.handshake(),
      () => pair.client.read(new Uint8Array(1)),
      () => pair.client.write(new Uint8Array(1)),
      () => pair.client.shutdown(),
      () => facts.certificates(),
      () => facts.matches("mx.example.test"),
    ]
  ) assert.throws(call, /freed/);
});

Deno.test("ServerContext goes with its last session", () => {
  const tls = world();
  const pair = tls.pair();
  assert.deepEqual(engine.alive, { contexts: 2, sessions: 2 });
  tls[Symbol.dispose]();
  tls[Symbol.dispose]();
  assert.throws(() => tls.pair(), /given up/);
  assert.deepEqual(engine.alive, { contexts: 2, sessions: 2 });
  assert.equal(shake(pair.server, pair.client).client.kind, "done", "an open session goes on");
  assert.equal(tell(pair.client, pair.server, "NOOP"), "NOOP");
  pair.server[Symbol.dispose]();
  assert.deepEqual(engine.alive, { contexts: 1, sessions: 1 });
  pair.client[Symbol.dispose]();
  assert.deepEqual(engine.alive, { contexts: 0, sessions: 0 });
});

Deno.test("methodRange of each set is what the context enables", () => {
  for (const set of methodSets) {
    using tls = world({ server: { methods: set } });
    using pair = tls.pair();
    shake(pair.server, pair.client);
    assert.equal(pair.client.facts().protocol, methodRange(set).newest);
  }
  assert(limits.renegotiationsMax > 0);
});
