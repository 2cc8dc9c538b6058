import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { joined, type Octets, octets, textOf } from "../../src/base/octets.ts";
import { seededRandom } from "../../src/base/random.ts";
import { type Conn, DeadlineError, type Endpoint } from "../../src/net/net.ts";
import type { Session, Step } from "../../src/tls/engine.ts";
import { startTls, TlsConn, TlsStreamError } from "../../src/tls/pump.ts";
import { makeAuthority, makeLeaf } from "../support/certs.ts";
import { engine, pairOf, profileOf, sockets, trustIn } from "../support/tls_world.ts";

const dir = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(dir, { recursive: true }));
const ca = await makeAuthority(dir);
const leaf = await makeLeaf({ ca, names: ["mx.example.test"] });

/** Two ends of a TCP connection on the loopback. */
async function wire(): Promise<[Conn, Conn]> {
  using listener = sockets.listen({ address: "127.0.0.1", port: 0 });
  const [near, far] = await Promise.all([sockets.dial(listener.local, { ms: 30_000 }), listener.accept()]);
  return [near, far!];
}

function contexts(methods = profileOf().methods) {
  const server = engine.serverContext({
    profile: profileOf(),
    keyPairs: [pairOf("mx", leaf)],
    askClientCertificate: false,
    sessionIdContext: "pump",
  });
  const client = engine.clientContext({ profile: profileOf({ methods }), trust: trustIn([ca]) });
  return {
    server,
    client,
    [Symbol.dispose]() {
      server[Symbol.dispose]();
      client[Symbol.dispose]();
      assert.deepEqual(engine.alive, { contexts: 0, sessions: 0 });
    },
  };
}

/** Both ends after the handshake, over TCP. */
async function linked(made: ReturnType<typeof contexts>): Promise<{ near: TlsConn; far: TlsConn } & Disposable> {
  const [nearConn, farConn] = await wire();
  const [near, far] = await Promise.all([
    startTls(nearConn, made.client.session({})),
    startTls(farConn, made.server.session()),
  ]);
  assert(near.kind === "done" && far.kind === "done");
  return {
    near: near.conn,
    far: far.conn,
    [Symbol.dispose]() {
      near.conn.close();
      far.conn.close();
    },
  };
}

async function readAll(conn: Conn, length = Infinity, size = 65_536): Promise<Octets> {
  const chunks: Octets[] = [];
  let octets = 0;
  while (octets < length) {
    const into = new Uint8Array(size);
    const read = await conn.read(into);
    if (read === null) break;
    chunks.push(into.subarray(0, read));
    octets += read;
  }
  return joined(chunks);
}

Deno.test("startTls runs the handshake and TlsConn carries both directions at once", async () => {
  for (const method of ["TLSv1.0", "TLSv1.2", "TLSv1.3"] as const) {
    using made = contexts([method]);
    using link = await linked(made);
    const { near, far } = link;
    assert.equal(near.facts.protocol, method);
    assert.deepEqual(near.remote, far.local);
    const there = seededRandom(1).bytes(3_000_000);
    const back = seededRandom(2).bytes(2_000_000);
    const [, , gotThere, gotBack] = await Promise.all([
      near.write(there),
      far.write(back),
      readAll(far, there.length),
      readAll(near, back.length, 1_000),
    ]);
    assert.deepEqual(gotThere, there);
    assert.deepEqual(gotBack, back);
  }
});

Deno.test("TlsConn writes any length, and reads into any buffer", async () => {
  using made = contexts();
  using link = await linked(made);
  const lengths = [0, 1, 100, 3_583, 3_584, 3_585, 16_383, 16_384, 16_385, 32_768, 33_792, 33_793, 100_000];
  for (const length of lengths) {
    const sent = seededRandom(length).bytes(length);
    const [, got] = await Promise.all([link.near.write(sent), readAll(link.far, length, 7_000)]);
    assert.deepEqual(got, sent, String(length));
  }
  for (const size of [1, 2, 20, 50_000]) {
    const [, got] = await Promise.all([
      link.far.write(octets("250 2.0.0 Ok: queued\r\n")),
      readAll(link.near, 22, size),
    ]);
    assert.equal(textOf(got), "250 2.0.0 Ok: queued\r\n", String(size));
  }
});

Deno.test("TlsConn.write waits for a peer that does not read", async () => {
  using made = contexts();
  using link = await linked(made);
  let written = false;
  const sent = new Uint8Array(16_000_000);
  const writing = link.near.write(sent).then(() => written = true);
  await new Promise((go) => systemClock.after(200, () => go(undefined)));
  assert.equal(written, false);
  assert.equal((await readAll(link.far, sent.length)).length, sent.length);
  await writing;
});

Deno.test("TlsConn.close tells the peer, and a cut stream is told apart", async () => {
  using made = contexts();
  {
    using link = await linked(made);
    await link.far.write(octets("221 Bye\r\n"));
    link.far.close();
    assert.equal(textOf(await readAll(link.near)), "221 Bye\r\n");
    assert.equal(await link.near.read(new Uint8Array(10)), null);
    assert.equal(link.near.truncated, false);
  }
  const [nearConn, farConn] = await wire();
  const [near, far] = await Promise.all([
    startTls(nearConn, made.client.session({})),
    startTls(farConn, made.server.session()),
  ]);
  assert(near.kind === "done" && far.kind === "done");
  await far.conn.write(octets("half"));
  farConn.close();
  assert.equal(textOf(await readAll(near.conn)), "half");
  assert.equal(near.conn.truncated, true);
  assert.equal(await near.conn.read(new Uint8Array(10)), null);
  far.conn.close();
  near.conn.close();
});

Deno.test("TlsConn frees its session once, and refuses calls after close", async () => {
  using made = contexts();
  using link = await linked(made);
  const pending = link.near.read(new Uint8Array(100));
  link.near.close();
  link.near.close();
  await assert.rejects(pending);
  await assert.rejects(link.near.read(new Uint8Array(1)), /closed/);
  await assert.rejects(link.near.write(new Uint8Array(1)), /closed/);
  assert.equal(engine.alive.sessions, 1);
});

Deno.test("TlsConn rejects with the failure when a record was changed on the way, and sends the alert", async () => {
  using made = contexts();
  const [nearConn, farConn] = await wire();
  const [near, far] = await Promise.all([
    startTls(nearConn, made.client.session({})),
    startTls(farConn, made.server.session()),
  ]);
  assert(near.kind === "done" && far.kind === "done");
  await nearConn.write(Uint8Array.of(23, 3, 3, 0, 40, ...new Uint8Array(40)));
  const broken = (error: unknown) => error instanceof TlsStreamError && /bad record mac/.test(error.failure.error);
  await assert.rejects(far.conn.read(new Uint8Array(100)), broken);
  await assert.rejects(far.conn.read(new Uint8Array(100)), broken);
  await assert.rejects(far.conn.write(octets("x")), broken);
  const alerted = (error: unknown) =>
    error instanceof TlsStreamError && /alert bad record mac/.test(error.failure.error);
  await assert.rejects(near.conn.read(new Uint8Array(100)), alerted);
  near.conn.close();
  far.conn.close();
});

Deno.test("startTls ends a handshake that fails, stalls, floods or is none, and sends the alert", async (t) => {
  await t.step("version mismatch: both sides know", async () => {
    using made = contexts(["TLSv1.2"]);
    using modern = engine.serverContext({
      profile: profileOf({ methods: ["TLSv1.3"] }),
      keyPairs: [pairOf("mx", leaf)],
      askClientCertificate: false,
      sessionIdContext: "pump",
    });
    const [nearConn, farConn] = await wire();
    const [near, far] = await Promise.all([
      startTls(nearConn, made.client.session({})),
      startTls(farConn, modern.session()),
    ]);
    assert.equal(near.kind === "failed" && near.failure.reason, "version_mismatch");
    assert.equal(far.kind === "failed" && far.failure.reason, "version_mismatch");
    nearConn.close();
    farConn.close();
  });
  const cases: [about: string, reason: string, act: (conn: Conn) => Promise<void> | void][] = [
    ["clear text", "not_tls", (conn) => conn.write(octets("EHLO client.example.test\r\n"))],
    ["the peer leaves", "closed", (conn) => conn.close()],
    ["the peer says nothing", "timeout", () => {}],
    ["the peer stops in the middle", "timeout", (conn) => conn.write(Uint8Array.of(22, 3, 1, 2, 0, 1, 0, 1))],
    ["a ClientHello without end", "too_large", (conn) => conn.write(endlessHello())],
  ];
  for (const [about, reason, act] of cases) {
    await t.step(about, async () => {
      using made = contexts();
      const [nearConn, farConn] = await wire();
      const started = startTls(farConn, made.server.session(), { handshakeMs: 300, octetsMax: 20_000 });
      await act(nearConn);
      const start = await started;
      assert.equal(start.kind === "failed" && start.failure.reason, reason);
      assert(start.kind === "failed" && start.failure.error.length > 0);
      nearConn.close();
      farConn.close();
    });
  }
});

/** Records of a ClientHello of 60,000 bytes. */
function endlessHello(): Octets {
  const record = new Uint8Array(5 + 10_000);
  record.set([22, 3, 1, 0x27, 0x10]);
  const first = record.slice();
  first.set([1, 0, 0xea, 0x60], 5);
  return joined([first, record, record, record]);
}

/** A stream whose reads and writes a test plays. */
class PlayedConn implements Conn {
  readonly local: Endpoint = { address: "192.0.2.1", port: 25 };
  readonly remote: Endpoint = { address: "192.0.2.2", port: 25 };
  readonly sent: Octets[] = [];
  readonly reads = Promise.withResolvers<number | null>();
  write = (bytes: Octets): Promise<void> => {
    this.sent.push(bytes.slice());
    return Promise.resolve();
  };
  read = (): Promise<number | null> => this.reads.promise;
  deadline(): void {}
  close(): void {
    this.reads.reject(new Error("closed"));
  }
  [Symbol.dispose](): void {
    this.close();
  }
}

/** A session whose steps a test plays. */
class PlayedSession implements Session {
  freed = 0;
  fed = 0;
  readonly out: Octets[] = [];
  readonly writes: Step[] = [];
  readonly reads: Step[] = [];
  feed = (bytes: Octets): void => void (this.fed += bytes.length);
  drain(into: Octets): number {
    const bytes = this.out.shift();
    if (bytes === undefined) return 0;
    into.set(bytes);
    return bytes.length;
  }
  handshake = (): Step => ({ kind: "done", octets: 0 });
  read = (): Step => this.reads.shift() ?? { kind: "want_read" };
  write = (bytes: Octets): Step =>
    this.writes.shift() ?? (this.out.push(bytes.slice()), { kind: "done", octets: bytes.length });
  shutdown = (): void => void this.out.push(octets("<bye>"));
  facts = () => undefined as never;
  [Symbol.dispose](): void {
    this.freed++;
  }
}

Deno.test("TlsConn sends what a read has to answer in the session's order, after a write under way", async () => {
  const conn = new PlayedConn();
  const session = new PlayedSession();
  const stream = new TlsConn(conn, session, undefined as never);
  const held = Promise.withResolvers<void>();
  conn.write = (bytes) => {
    conn.sent.push(bytes.slice());
    return held.promise;
  };
  const first = stream.write(octets("first"));
  const second = stream.write(octets("second"));
  session.out.push(octets("<answer>"));
  const reading = stream.read(new Uint8Array(10)).catch(() => null); // sees the answer, but may not write now
  await Promise.resolve();
  assert.deepEqual(conn.sent.map(textOf), ["first"]);
  held.resolve();
  await Promise.all([first, second]);
  assert.deepEqual(conn.sent.map(textOf), ["first", "<answer>", "second"]);
  stream.close();
  await reading;
  assert.deepEqual(conn.sent.map(textOf).at(-1), "<bye>");
  assert.equal(session.freed, 1);
});

Deno.test("TlsConn.write hears the peer's part of a renegotiation, itself or through a read under way", async () => {
  for (const reading of [false, true]) {
    const conn = new PlayedConn();
    const session = new PlayedSession();
    const stream = new TlsConn(conn, session, undefined as never);
    // Both the quick way and the long way meet it.
    session.writes.push({ kind: "want_read" }, { kind: "want_read" });
    session.reads.push({ kind: "want_read" }, { kind: "done", octets: 3 });
    const read = reading ? stream.read(new Uint8Array(10)) : undefined;
    const write = stream.write(octets("reply"));
    await Promise.resolve();
    assert.deepEqual(conn.sent, []);
    conn.reads.resolve(7);
    await write;
    assert.equal(session.fed, 7);
    assert.deepEqual(conn.sent.map(textOf), ["reply"]);
    if (read !== undefined) assert.equal(await read, 3);
    stream.close();
  }
});

Deno.test("startTls gives a broken connection as a failure and frees the session", async () => {
  for (const [thrown, reason] of [[new DeadlineError("late"), "timeout"], [new Error("reset"), "closed"]] as const) {
    const conn = new PlayedConn();
    const session = new PlayedSession();
    session.handshake = () => ({ kind: "want_read" });
    conn.reads.reject(thrown);
    const start = await startTls(conn, session);
    assert.equal(start.kind === "failed" && start.failure.reason, reason);
    assert.equal(session.freed, 1);
  }
  const conn = new PlayedConn();
  const session = new PlayedSession();
  const failure = { code: 1, error: "error", reason: "version_mismatch" } as const;
  session.handshake = () => ({ kind: "failed", failure });
  session.out.push(octets("<alert>"));
  conn.write = () => Promise.reject(new Error("Broken pipe"));
  assert.deepEqual(
    await startTls(conn, session),
    { kind: "failed", failure },
    "an alert that cannot be sent hides nothing",
  );
});
