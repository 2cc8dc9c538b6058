/**
 * The front over sockets: what its bounds do, and what a change of its doors does.
 *
 * @module
 */
import assert from "node:assert/strict";
import { limits } from "../../src/base/limits.ts";
import type { App } from "../../src/admin/app.ts";
import { type DoorWish, Front } from "../../src/admin/front.ts";
import type { MailLog } from "../../src/mail/events.ts";
import type { Handshakes } from "../../src/monitor/totals.ts";
import { tcp } from "../../src/net/tcp.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { recordingLog } from "../accept/accept_rig.ts";

/** A front on a clock of its own. */
class FrontRig implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly lines: string[] = [];
  readonly handshakes: Omit<Handshakes, "count">[] = [];
  readonly front: Front;
  readonly run: string;

  constructor(run: string) {
    this.run = run;
    const sockets = tcp(this.clock);
    this.front = new Front({
      clock: this.clock,
      log: recordingLog(this.lines) as MailLog,
      listen: (at) => sockets.listen(at),
      run,
      handshake: (kind) => void this.handshakes.push(kind),
    });
  }

  static async open(): Promise<FrontRig> {
    return new FrontRig(await Deno.makeTempDir({ prefix: "postern-front-" }));
  }

  /** Opens a door in clear on a port that is free; which one. */
  async door(app: App, more: Partial<DoorWish> = {}): Promise<number> {
    await this.front.apply({ name: "metrics", address: { address: "127.0.0.1", port: 0 }, app, ...more });
    return this.front.at("metrics")!.port;
  }

  /** Lets time pass until the connection is over: what came on it. Whoever waits for a real socket cannot say when the front has heard of it. */
  async over(heard: Promise<string>): Promise<string> {
    let over = false;
    void heard.finally(() => over = true);
    for (let round = 0; !over && round < 10_000; round++) await this.clock.advance(limits.httpHeadMs / 8);
    assert.ok(over, "the connection goes on");
    return await heard;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.front.close();
    assert.deepEqual([...Deno.readDirSync(this.run)], [], "sockets that were left behind");
    await Deno.remove(this.run, { recursive: true });
  }
}

const hello: App = (request, { address }) =>
  Promise.resolve(Response.json({ method: request.method, url: request.url, address }));

/** A client that sends what it is told to, and hears everything until the end of the connection. */
class Raw implements Disposable {
  readonly #conn: Deno.TcpConn;

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  static async open(port: number): Promise<Raw> {
    return new Raw(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  async send(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
  }

  /** What comes until it matches. */
  async until(pattern: RegExp): Promise<string> {
    const buffer = new Uint8Array(65_536);
    let text = "";
    while (!pattern.test(text)) {
      const count = await this.#conn.read(buffer);
      assert.notEqual(count, null, `the connection ended after ${JSON.stringify(text)}`);
      text += new TextDecoder().decode(buffer.subarray(0, count!));
    }
    return text;
  }

  /** Everything to the end, a reset included. */
  async rest(): Promise<string> {
    const buffer = new Uint8Array(65_536);
    let text = "";
    try {
      for (let count = await this.#conn.read(buffer); count !== null; count = await this.#conn.read(buffer)) {
        text += new TextDecoder().decode(buffer.subarray(0, count));
      }
    } catch (error) {
      assert.ok(error instanceof Deno.errors.ConnectionReset, String(error));
    }
    return text;
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: gw.example.test:8443\r\n\r\n`;

Deno.test("Front shows the app the URL that the client asked for, and who he is", async () => {
  await using rig = await FrontRig.open();
  const port = await rig.door(hello);
  using client = await Raw.open(port);
  await client.send(get("/a/b?c=d%20e"));
  const answer = await client.until(/\}$/);
  assert.deepEqual(JSON.parse(answer.slice(answer.indexOf("{"))), {
    method: "GET",
    url: "http://gw.example.test:8443/a/b?c=d%20e",
    address: "127.0.0.1",
  });
});

Deno.test("Front answers many requests on one connection, cut anywhere", async () => {
  await using rig = await FrontRig.open();
  const port = await rig.door(hello);
  const request = get("/x");
  using client = await Raw.open(port);
  for (let cut = 1; cut < request.length; cut += 7) {
    await client.send(request.slice(0, cut));
    await client.send(request.slice(cut));
    assert.match(await client.until(/\}$/), /^HTTP\/1\.1 200 /);
  }
});

const hostile: { name: string; sent: string; answer: RegExp }[] = [
  { name: "HTTP/2 that nobody agreed on", sent: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", answer: /^$/ },
  { name: "a host that is none", sent: "GET / HTTP/1.1\r\nHost: a b:c\r\n\r\n", answer: /^HTTP\/1\.1 400 / },
  { name: "no HTTP at all", sent: "EHLO client.example.test\r\n", answer: /^(HTTP\/1\.1 400 |$)/ },
  {
    name: "a head that does not end",
    sent: `GET / HTTP/1.1\r\nHost: x\r\n${"X-Long: ".padEnd(1000, "a")}\r\n`.padEnd(100_000, "b"),
    answer: /^$|^HTTP\/1\.1 4/,
  },
];

for (const { name, sent, answer } of hostile) {
  Deno.test(`attack: ${name} ends the connection, and others are served`, async () => {
    await using rig = await FrontRig.open();
    const port = await rig.door(hello);
    {
      using client = await Raw.open(port);
      // The other side may have closed before everything is sent.
      await client.send(sent).catch(() => {});
      if (!answer.test("")) await client.until(answer);
      else assert.match(await rig.over(client.rest()), answer);
    }
    using other = await Raw.open(port);
    await other.send(get("/"));
    assert.match(await other.until(/\}$/), /^HTTP\/1\.1 200 /);
  });
}

Deno.test("attack: a head that comes octet by octet has no longer than one that comes at once", async () => {
  await using rig = await FrontRig.open();
  const port = await rig.door(hello);
  using client = await Raw.open(port);
  const heard = client.rest();
  let over = false;
  void heard.finally(() => over = true);
  // Each octet comes long before the time for a head is over; one that won time would keep the connection for all of them.
  for (const octet of "GET / HTTP/1.1\r\nX-Slow: ".padEnd(10_000, "x")) {
    if (over) break;
    await client.send(octet).catch(() => {});
    await rig.clock.advance(limits.httpHeadMs / 8);
  }
  assert.ok(over);
  assert.equal(await heard, "");
  assert.equal(rig.front.sessions, 0);
});

Deno.test("Front ends a connection that asks for nothing any more", async () => {
  await using rig = await FrontRig.open();
  const port = await rig.door(hello);
  using client = await Raw.open(port);
  await client.send(get("/"));
  await client.until(/\}$/);
  await rig.clock.advance(limits.httpIdleMs / 2);
  await client.send(get("/"));
  await client.until(/\}$/);
  assert.equal(await rig.over(client.rest()), "");
});

Deno.test("attack: a body beyond the bound ends the connection", async () => {
  await using rig = await FrontRig.open();
  let octets = 0;
  const port = await rig.door(async (request) => {
    for await (const chunk of request.body ?? []) octets += chunk.length;
    return new Response("read");
  });
  using client = await Raw.open(port);
  const heard = client.rest();
  const size = limits.httpBodyOctetsMax + 4_000_000;
  const sent = client.send(post(size) + "x".repeat(size)).catch(() => {});
  assert.doesNotMatch(await rig.over(heard), /200/);
  await sent;
  assert.ok(octets <= limits.httpBodyOctetsMax, `${octets} octets`);
});

const post = (size: number) => `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n`;

Deno.test("Front passes a body of two megabytes on that comes at once with its head", async () => {
  await using rig = await FrontRig.open();
  const port = await rig.door(async (request) => new Response(`read ${(await request.bytes()).length}.`));
  using client = await Raw.open(port);
  for (const size of [1, 33_000, 50_000, 400_000, 2_000_000]) {
    const sent = client.send(post(size) + "x".repeat(size));
    assert.match(await client.until(/\.$/), new RegExp(`read ${size}\\.$`));
    await sent;
  }
});

Deno.test("Front lets who sends more than is read hear the answer, with and without a length", async () => {
  await using rig = await FrontRig.open();
  const port = await rig.door(() => Promise.resolve(new Response("too large", { status: 413 })));
  const large = "x".repeat(2_000_000);
  for (
    const request of [
      post(limits.httpBodyOctetsMax) + large,
      `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${large.length.toString(16)}\r\n${large}\r\n`,
    ]
  ) {
    using client = await Raw.open(port);
    // Not read before everything is sent: a connection that was closed would take the answer along.
    await client.send(request);
    assert.match(await client.until(/too large$/), /^HTTP\/1\.1 413 [^]*^connection: close\r$/im);
    await rig.over(client.rest());
  }
});

Deno.test("Front leaves the tag of an answer strong that says no-transform", async () => {
  await using rig = await FrontRig.open();
  const text = JSON.stringify({ text: "a configuration ".repeat(100) });
  const port = await rig.door(({ url }) => {
    const headers = {
      "Content-Type": "application/json",
      ETag: '"abc"',
      "Cache-Control": new URL(url).searchParams.get("cache")!,
    };
    return Promise.resolve(new Response(text, { headers }));
  });
  for (const [cache, tag] of [["no-store, no-transform", 'etag: "abc"'], ["no-store", 'etag: W/"abc"']]) {
    using client = await Raw.open(port);
    await client.send(
      get(`/?cache=${encodeURIComponent(cache)}`).replace("\r\n\r\n", "\r\nAccept-Encoding: gzip\r\n\r\n"),
    );
    assert.ok((await client.until(/\r\n\r\n/)).includes(`${tag}\r\n`), cache);
  }
});

Deno.test("attack: a head beyond the bound is told so, and gets to nobody", async () => {
  await using rig = await FrontRig.open();
  let asked = 0;
  const port = await rig.door(() => Promise.resolve(new Response(`${asked++}`)));
  using client = await Raw.open(port);
  const sent = client.send(`GET / HTTP/1.1\r\nX: ${"a".repeat(200_000)}\r\n\r\n`).catch(() => {});
  await client.until(/^HTTP\/1\.1 431 [^]*\r\n\r\n$/);
  await rig.over(client.rest());
  await sent;
  assert.equal(asked, 0);
});

Deno.test("attack: smuggling: what comes behind a body without a plain length is no request", async () => {
  for (
    const framing of [
      "Content-Length: 4\r\nTransfer-Encoding: chunked",
      "Transfer-Encoding: chunked\r\nContent-Length: 4",
      "Transfer-Encoding: chunked",
    ]
  ) {
    await using rig = await FrontRig.open();
    const paths: string[] = [];
    const port = await rig.door(async (request) => {
      paths.push(new URL(request.url).pathname);
      return new Response(await request.text());
    });
    using client = await Raw.open(port);
    await client.send(`POST /a HTTP/1.1\r\nHost: x\r\n${framing}\r\n\r\n0\r\n\r\n${get("/b")}`);
    assert.match(await client.until(/\r\n\r\n/), /^HTTP\/1\.1 (200|400) [^]*^connection: close\r$/im);
    await rig.over(client.rest());
    assert.doesNotMatch(paths.join(), /b/, framing);
  }
});

for (
  const bad of [
    "Content-Length: 4\r\nContent-Length: 5",
    "Content-Length: 4, 4",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding : chunked",
  ]
) {
  Deno.test(`attack: smuggling: ${JSON.stringify(bad)} is refused, and the connection ends`, async () => {
    await using rig = await FrontRig.open();
    let asked = 0;
    const port = await rig.door(() => Promise.resolve(new Response(`${asked++}`)));
    using client = await Raw.open(port);
    await client.send(`POST /a HTTP/1.1\r\nHost: x\r\n${bad}\r\n\r\n0000${get("/b")}`);
    await client.until(/^HTTP\/1\.1 400 /);
    await rig.over(client.rest());
    assert.equal(asked, 0);
  });
}

Deno.test("Front answers methods that nobody needs by itself, with all headers and no word in the log", async () => {
  await using rig = await FrontRig.open();
  const port = await rig.door(hello);
  using client = await Raw.open(port);
  for (const method of ["TRACE /", "CONNECT x.example:25", "get /", "Post /"]) {
    await client.send(`${method} HTTP/1.1\r\nHost: x\r\n\r\n`);
    assert.match(await client.until(/\}$/), /^HTTP\/1\.1 405 [^]*^content-security-policy: default-src 'none';/im);
  }
  assert.deepEqual(rig.lines.filter((line) => line.includes("Warning")), []);
});

Deno.test("attack: more connections of one address than it may have are closed at once", async () => {
  await using rig = await FrontRig.open();
  const port = await rig.door(hello);
  const clients: Raw[] = [];
  try {
    for (let at = 0; at < limits.httpSessionsPerAddressMax; at++) {
      const client = await Raw.open(port);
      clients.push(client);
      await client.send(get("/"));
      await client.until(/\}$/);
    }
    using one = await Raw.open(port);
    assert.equal(await one.rest(), "");
    clients.pop()![Symbol.dispose]();
    while (rig.front.sessions === limits.httpSessionsPerAddressMax) await new Promise((go) => setTimeout(go, 1));
    using another = await Raw.open(port);
    await another.send(get("/"));
    await another.until(/\}$/);
  } finally {
    for (const client of clients) client[Symbol.dispose]();
  }
});

Deno.test("Front: an app that throws is a 500 and a Warning, and the next request is answered", async () => {
  await using rig = await FrontRig.open();
  let first = true;
  const port = await rig.door((request, client) => {
    if (!first) return hello(request, client);
    first = false;
    throw new Error("out of luck");
  });
  using client = await Raw.open(port);
  await client.send(get("/"));
  assert.match(await client.until(/\r\n\r\n/), /^HTTP\/1\.1 500 /);
  await client.send(get("/"));
  assert.match(await client.until(/\}$/), /^HTTP\/1\.1 200 /);
  assert.ok(rig.lines.includes("Warning: Cannot answer a request: out of luck"), rig.lines.join("\n"));
});

Deno.test("Front.apply: a new address takes new connections, a request under way on the old one is answered", async () => {
  await using rig = await FrontRig.open();
  const go = Promise.withResolvers<void>();
  const old = await rig.door(async (request, client) => {
    await go.promise;
    return await hello(request, client);
  });
  using waiting = await Raw.open(old);
  await waiting.send(get("/slow"));
  while (rig.front.sessions === 0) await new Promise((go) => setTimeout(go, 1));
  await rig.front.apply({ name: "metrics", address: { address: "127.0.0.2", port: 0 }, app: hello });
  const at = rig.front.at("metrics")!;
  assert.equal(at.address, "127.0.0.2");
  await assert.rejects(Raw.open(old), Deno.errors.ConnectionRefused);
  using fresh = new Raw(await Deno.connect({ hostname: at.address, port: at.port }));
  await fresh.send(get("/"));
  await fresh.until(/\}$/);
  go.resolve();
  assert.match(await waiting.until(/\}$/), /\/slow/);
  await rig.front.apply({ name: "metrics", address: null, app: hello });
  assert.equal(rig.front.at("metrics"), undefined);
});

Deno.test("Front.apply: an address that is taken is one Critical line, and is had as soon as it is free", async () => {
  await using rig = await FrontRig.open();
  const other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = other.addr as Deno.NetAddr;
  const wish = { name: "metrics", address: { address: "127.0.0.1", port }, app: hello };
  await rig.front.apply(wish);
  await rig.clock.advance(3 * limits.httpListenRetryMs);
  assert.deepEqual(rig.lines, [
    `Critical: Cannot listen on 127.0.0.1:${port}: the port is in use by another program (metrics)`,
  ]);
  other.close();
  await rig.clock.advance(limits.httpListenRetryMs);
  assert.equal(rig.lines.at(-1), `Info: Serving metrics on http://127.0.0.1:${port}`);
  using client = await Raw.open(port);
  await client.send(get("/"));
  await client.until(/\}$/);
});

Deno.test("Front.apply: all addresses after one of them on the same port, and back", async () => {
  await using rig = await FrontRig.open();
  const port = await rig.door(hello);
  for (const address of ["0.0.0.0", "127.0.0.1", "::"]) {
    await rig.front.apply({ name: "metrics", address: { address, port }, app: hello });
    assert.deepEqual(rig.front.at("metrics"), { address, port }, rig.lines.join("\n"));
    using client = await Raw.open(port);
    await client.send(get("/"));
    await client.until(/\}$/);
  }
  assert.deepEqual(rig.lines.filter((line) => !line.startsWith("Info")), []);
});

Deno.test("Front: a handshake that fails is counted with its reason and told at Debug", async () => {
  await using rig = await FrontRig.open();
  const failure = { code: 1, error: "error:0A00010B:SSL routines::wrong version number", reason: "not_tls" as const };
  const port = await rig.door(hello, { startTls: () => Promise.resolve({ kind: "failed", failure }) });
  using client = await Raw.open(port);
  assert.equal(await client.rest(), "");
  assert.deepEqual(rig.handshakes, [{ service: "gui", version: "", result: "failed", reason: "not_tls" }]);
  assert.match(rig.lines.at(-1)!, /^Debug: TLS failed for metrics, client 127\.0\.0\.1: error:0A00010B/);
});
