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
      const heard = client.rest();
      await rig.clock.advance(limits.httpIdleMs + 1000);
      assert.match(await heard, answer);
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
  for (const octet of "GET / HTT") {
    await client.send(octet).catch(() => {});
    await rig.clock.advance(limits.httpHeadMs / 8);
  }
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
  const heard = client.rest();
  await rig.clock.advance(limits.httpIdleMs + 1000);
  assert.equal(await heard, "");
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
  const size = 2 * limits.httpBodyOctetsMax;
  await client.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n`);
  await client.send("x".repeat(size)).catch(() => {});
  assert.doesNotMatch(await heard, /200/);
  assert.ok(octets <= limits.httpBodyOctetsMax, `${octets} octets`);
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
