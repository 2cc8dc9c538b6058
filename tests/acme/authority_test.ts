/**
 * The client against an authority that does as a test says: nonces, limits, hostile answers; and the doors that it knocks at.
 *
 * @module
 */
import assert from "node:assert/strict";
import { AccountKey } from "../../src/acme/account_key.ts";
import { AcmeClient } from "../../src/acme/client.ts";
import type { HttpAnswer, HttpRequest } from "../../src/acme/http.ts";
import { openHttpDoor } from "../../src/acme/http_door.ts";
import { runOrder } from "../../src/acme/order.ts";
import { AcmeError } from "../../src/acme/problem.ts";
import { TlsChallenges } from "../../src/acme/tls_door.ts";
import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/random.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { runCommand } from "../support/peers.ts";
import { peerTest } from "../support/peers.ts";
import { engine, sockets } from "../support/tls_world.ts";

const base = "https://ca.example.test";
const directory = {
  newNonce: `${base}/nonce`,
  newAccount: `${base}/account`,
  newOrder: `${base}/order`,
  meta: { externalAccountRequired: false },
};

type Reply = { status?: number; headers?: Record<string, string>; body?: unknown; text?: string };

/** What a test's authority answers, by path; the directory and nonces by itself. */
async function clientOf(answer: (request: HttpRequest, path: string) => Reply, clock = new FakeClock()) {
  const asked: string[] = [];
  let nonces = 0;
  const exchange = (request: HttpRequest): Promise<HttpAnswer> => {
    const path = request.url.replace(base, "");
    asked.push(`${request.method} ${path}`);
    const { status = 200, headers = {}, body, text } = path === "/dir"
      ? { body: directory }
      : path === "/nonce"
      ? { headers: { "replay-nonce": `n${nonces++}` } }
      : answer(request, path) as Reply;
    return Promise.resolve({ status, headers: new Headers(headers), text: text ?? JSON.stringify(body ?? {}) });
  };
  const { key } = await AccountKey.make();
  const signal = new AbortController().signal;
  return { asked, clock, signal, client: new AcmeClient({ directory: `${base}/dir`, key, exchange, clock, signal }) };
}

const problem = (type: string, more: Partial<Reply> = {}): Reply => ({
  status: 400,
  body: { type: `urn:ietf:params:acme:error:${type}`, detail: "said the authority" },
  ...more,
});

Deno.test("AcmeClient: a nonce that is refused is replaced, ten times and no more; each request is signed for its URL", async () => {
  let refusals = 4;
  const seen: Record<string, unknown>[] = [];
  const { client, asked } = await clientOf(({ body }) => {
    seen.push(
      JSON.parse(
        new TextDecoder().decode(Uint8Array.fromBase64(JSON.parse(body!).protected, { alphabet: "base64url" })),
      ),
    );
    return refusals-- > 0
      ? problem("badNonce", { headers: { "replay-nonce": `r${refusals}` } })
      : { status: 201, headers: { location: `${base}/me` } };
  });
  assert.equal(await client.newAccount({ email: "ops@example.test" }), `${base}/me`);
  assert.deepEqual(seen.map(({ nonce, url, alg }) => [nonce, url, alg]), [
    ...["n0", "r3", "r2", "r1", "r0"].map((nonce) => [nonce, `${base}/account`, "ES256"]),
  ]);
  assert.equal(new Set(asked).size, 3);
  refusals = Infinity;
  await assert.rejects(client.newOrder(["a.test"]), { type: "badNonce" });
  assert.equal(asked.filter((line) => line === "POST /order").length, 10);
});

Deno.test("AcmeClient: a rate limit keeps its Retry-After and its words", async () => {
  const { client } = await clientOf(() => problem("rateLimited", { status: 429, headers: { "retry-after": "3600" } }));
  await assert.rejects(client.newAccount({}), {
    name: "AcmeError",
    type: "rateLimited",
    retryAfterMs: 3_600_000,
    message: "Cannot make an account: rateLimited: said the authority",
  });
});

const hostile: [what: string, reply: Reply, message: RegExp][] = [
  ["no JSON", { headers: { location: `${base}/o` }, text: "<html>" }, /it is no JSON/],
  ["an order without anything", { headers: { location: `${base}/o` } }, /a list is missing|status is unknown/],
  ["an unknown status", {
    headers: { location: `${base}/o` },
    body: { status: "x", authorizations: [], finalize: `${base}/f` },
  }, /status is unknown/],
  ["a URL in clear", {
    headers: { location: "http://ca.example.test/o" },
    body: { status: "pending", authorizations: [], finalize: `${base}/f` },
  }, /order URL/],
  ["another scheme", {
    headers: { location: `${base}/o` },
    body: { status: "pending", authorizations: ["file:///etc/passwd"], finalize: `${base}/f` },
  }, /authorization URL/],
  ["a thousand authorizations", {
    headers: { location: `${base}/o` },
    body: { status: "pending", authorizations: Array(1000).fill(`${base}/a`), finalize: `${base}/f` },
  }, /too long/],
  [
    "an error page",
    { status: 502, text: "<html>\nInfo: forged" },
    /^Cannot order a certificate: the authority answers with HTTP status 502$/,
  ],
  ["a redirect", { status: 302, headers: { location: "https://elsewhere.test/" } }, /HTTP status 302/],
];

for (const [what, reply, message] of hostile) {
  Deno.test(`AcmeClient.newOrder: ${what} is one clear line`, async () => {
    const { client } = await clientOf(() => reply);
    await assert.rejects(client.newOrder(["a.test"]), (thrown: unknown) => {
      assert.ok(thrown instanceof AcmeError);
      assert.match(thrown.message, message);
      assert.ok(!thrown.message.includes("\n"));
      return true;
    });
  });
}

/** An order at an authority whose answers change as it goes. */
function orderAt(replies: Record<string, Reply[]>) {
  return (_request: HttpRequest, path: string): Reply => {
    const list = replies[path] ?? [problem("malformed", { status: 404 })];
    return list.length > 1 ? list.shift()! : list[0];
  };
}

const order = (status: string, more: Record<string, unknown> = {}): Reply => ({
  headers: { location: `${base}/o1` },
  body: { status, authorizations: [`${base}/a1`], finalize: `${base}/f1`, ...more },
});
const challenge = { type: "http-01", url: `${base}/c1`, token: "tok_en-1", status: "pending" };
const authorization = (status: string, more: Record<string, unknown> = {}): Reply => ({
  body: { status, identifier: { type: "dns", value: "a.test" }, challenges: [{ ...challenge, ...more }] },
});

async function run(replies: Record<string, Reply[]>, { begun }: { begun?: string } = {}) {
  const kept: (string | undefined)[] = [];
  const answers: unknown[] = [];
  const { client, clock, signal, asked } = await clientOf(orderAt(replies));
  const running = runOrder({
    client,
    clock,
    signal,
    begun,
    names: ["a.test"],
    challenge: "http-01",
    door: {
      add: (answer) => Promise.resolve(void answers.push(answer)),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    },
    request: () => Promise.resolve(Uint8Array.of(1, 2, 3)),
    keep: (url) => Promise.resolve(void kept.push(url)),
  });
  const end = running.then((chain) => chain, (thrown: Error) => thrown);
  let ended = false;
  void end.then(() => ended = true);
  for (let turn = 0; turn < 100 && !ended; turn++) await clock.advance(1_000);
  return { end: await end, kept, answers, asked, key: client.key };
}

const whole = {
  "/order": [order("pending")],
  "/o1": [order("pending"), order("ready"), order("valid", { certificate: `${base}/cert` })],
  "/a1": [authorization("pending"), authorization("pending"), authorization("valid")],
  "/c1": [{}],
  "/f1": [order("processing")],
  "/cert": [{ text: "the chain" }],
};

Deno.test("runOrder: through every state; the order is kept when it is begun", async () => {
  const { end, kept, answers, key } = await run(structuredClone(whole));
  assert.equal(end, "the chain");
  assert.deepEqual(kept, [`${base}/o1`]);
  assert.deepEqual(answers, [{ name: "a.test", token: "tok_en-1", authorization: `tok_en-1.${key.thumbprint}` }]);
});

Deno.test("runOrder: one that was begun is gone on with; one that the authority has lost is begun anew", async () => {
  const resumed = await run({
    ...structuredClone(whole),
    "/o1": [order("ready"), order("valid", { certificate: `${base}/cert` })],
  }, { begun: `${base}/o1` });
  assert.equal(resumed.end, "the chain");
  assert.ok(!resumed.asked.includes("POST /order"));
  const lost = await run(structuredClone(whole), { begun: `${base}/gone` });
  assert.equal(lost.end, "the chain");
  assert.deepEqual(lost.kept, [undefined, `${base}/o1`]);
});

Deno.test("runOrder: what was proven before is not proven again", async () => {
  const { end, answers, asked } = await run({ ...structuredClone(whole), "/a1": [authorization("valid")] });
  assert.equal(end, "the chain");
  assert.deepEqual([answers, asked.includes("POST /c1")], [[], false]);
});

const ends: [what: string, replies: Record<string, Reply[]>, message: RegExp][] = [
  [
    "a challenge that failed, in the authority's words",
    {
      "/a1": [
        authorization("pending"),
        authorization("invalid", { error: { type: "urn:ietf:params:acme:error:dns", detail: "no such\nname" } }),
      ],
    },
    /^Cannot prove a\.test by http-01: dns: no such\\nname$/,
  ],
  [
    "a challenge that is not offered",
    { "/a1": [authorization("pending", { type: "dns-01" })] },
    /the authority offers dns-01/,
  ],
  ["a token that is a path", { "/a1": [authorization("pending", { token: "../../x" })] }, /token is none/],
  [
    "an order that failed at the end",
    {
      "/o1": [
        order("ready"),
        order("invalid", { error: { type: "urn:ietf:params:acme:error:badCSR", detail: "weak" } }),
      ],
    },
    /^Cannot get the certificate: badCSR: weak$/,
  ],
];

for (const [what, replies, message] of ends) {
  Deno.test(`runOrder: ${what}`, async () => {
    const { end } = await run({ ...structuredClone(whole), ...replies });
    assert.ok(end instanceof AcmeError, String(end));
    assert.match(end.message, message);
  });
}

Deno.test("HttpDoor: answers its tokens and nothing else; heads are bounded", async (t) => {
  await using door = openHttpDoor((at) => sockets.listen(at), { address: "127.0.0.1", port: 0 });
  await door.add({ name: "a.test", token: "abc", authorization: "abc.print" });
  const ask = async (text: string): Promise<string> => {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port: door.local.port });
    await conn.write(new TextEncoder().encode(text)).catch(() => {});
    return await new Response(conn.readable).text().catch(() => "");
  };
  const path = "/.well-known/acme-challenge/";
  for (
    const [request, status, body] of [
      [`GET ${path}abc HTTP/1.1\r\nHost: a.test\r\n\r\n`, "200 OK", "abc.print"],
      [`GET ${path}abc?x=1 HTTP/1.0\r\n\r\n`, "200 OK", "abc.print"],
      [`HEAD ${path}abc HTTP/1.1\r\n\r\n`, "200 OK", ""],
      [`GET ${path}abcd HTTP/1.1\r\n\r\n`, "404 Not Found", ""],
      [`GET ${path} HTTP/1.1\r\n\r\n`, "404 Not Found", ""],
      [`GET ${path}../../etc/passwd HTTP/1.1\r\n\r\n`, "404 Not Found", ""],
      ["GET / HTTP/1.1\r\n\r\n", "404 Not Found", ""],
      [`POST ${path}abc HTTP/1.1\r\n\r\n`, "400 Bad Request", ""],
      ["\x16\x03\x01\r\n\r\n", "400 Bad Request", ""],
    ]
  ) {
    await t.step(request.split("\r\n")[0], async () => {
      const answer = await ask(request);
      assert.ok(answer.startsWith(`HTTP/1.1 ${status}\r\n`), answer);
      assert.equal(answer.split("\r\n\r\n")[1], body);
    });
  }
  await t.step("a head without end", async () => {
    assert.equal(await ask(`GET / HTTP/1.1\r\nX: ${"y".repeat(100_000)}`), "");
  });
});

peerTest(
  ["openssl"],
  "TlsChallenges: whoever offers acme-tls/1 gets the challenge, everybody else the page's own",
  async () => {
    const challenges = new TlsChallenges({
      engine,
      clock: systemClock,
      random: systemRandom,
      listen: (at) => sockets.listen(at),
    });
    const { makeCertificate } = await import("../support/openssl_certs.ts");
    const own = await makeCertificate({ names: ["DNS:gui.example.test"] });
    using context = engine.serverContext({
      profile: { methods: ["TLSv1.2", "TLSv1.3"], ciphers: "HIGH", renegotiation: false },
      keyPairs: [{ name: "gui", ...own }],
      askClientCertificate: false,
      alpn: ["http/1.1"],
      sessionIdContext: "test",
    });
    const listener = sockets.listen({ address: "127.0.0.1", port: 0 });
    const ends: string[] = [];
    const serving = (async () => {
      for (let conn = await listener.accept(); conn !== null; conn = await listener.accept()) {
        const start = await challenges.startTls(conn, () => context.session());
        ends.push(start.kind === "done" ? "done" : start.failure.error);
        if (start.kind === "done") start.conn.close();
        conn.close();
      }
    })();
    const shown = async (...extra: string[]) => {
      const { stdout } = await runCommand("openssl", [
        "s_client",
        "-connect",
        `127.0.0.1:${listener.local.port}`,
        ...extra,
      ]);
      const pem = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/.exec(stdout)?.[0] ?? "";
      return (await runCommand("openssl", ["x509", "-noout", "-text"], { input: pem })).stdout;
    };
    const acme = ["-alpn", "acme-tls/1", "-servername", "a.example.test"];
    try {
      await challenges.add({ name: "a.example.test", token: "t", authorization: "t.print" });
      await challenges.add({ name: "b.example.test", token: "u", authorization: "u.print" });
      const text = await shown(...acme);
      // RFC 8737 §3: one name, and the critical extension with the digest.
      assert.match(text, /DNS:a\.example\.test\n/);
      assert.match(text, /1\.3\.6\.1\.5\.5\.7\.1\.31: critical/);
      assert.match(await shown("-alpn", "acme-tls/1", "-servername", "b.example.test"), /DNS:b\.example\.test\n/);
      assert.match(await shown("-alpn", "http/1.1"), /DNS:gui\.example\.test/);
      assert.match(await shown(), /DNS:gui\.example\.test/);
      challenges.clear();
      assert.equal(await shown(...acme), "", "no protocol in common: no handshake");
      assert.deepEqual(ends.slice(0, 4), [
        ...Array(2).fill("it came for an ACME challenge, and has it"),
        ...Array(2).fill("done"),
      ]);
    } finally {
      challenges.clear();
      await listener.close();
      await serving;
    }
  },
);
