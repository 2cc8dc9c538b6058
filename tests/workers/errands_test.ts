/**
 * Delivery's connections in other threads: where they are made, what passes, and what becomes of mail when a thread dies.
 */
import assert from "node:assert/strict";
import { FarResolver } from "../../src/workers/errands.ts";
import { until } from "../gateway/rig.ts";
import { type Bench, startBench, tableResolver } from "../support/delivery_bench.ts";
import { type NextHop, type Script, startNextHop } from "../support/next_hop.ts";

const mail = { to: ["a@example.test"] };

/** Delivery in so many threads to one next hop. */
function started(next: NextHop, { threads, connections = 1 }: { threads: number; connections?: number }): Bench {
  const control = { tls: "none", max_connections: connections } as const;
  return startBench({ threads, control, routes: { "example.test": [{ host: "127.0.0.1", port: next.port }] } });
}

/** A next hop that waits before its answer to the first command that begins so, of all sessions. */
function waitingAt(start: string): { script: Script; waits: () => boolean; go: () => void } {
  const gate = Promise.withResolvers<void>();
  let waits = false;
  const script: Script = {
    answer(command) {
      if (waits || !command.startsWith(start)) return undefined;
      waits = true;
      return { wait: gate.promise };
    },
  };
  return { script, waits: () => waits, go: () => gate.resolve() };
}

const linksOf = ({ far }: Bench) => far.map(({ links }) => links);

Deno.test("FarCaller connects where the fewest connections are, and all of them count as the lane's", async () => {
  const gate = Promise.withResolvers<void>();
  await using next = startNextHop({
    answer: (command) => command.startsWith("BDAT") ? { wait: gate.promise } : undefined,
  });
  await using bench = started(next, { threads: 3, connections: 6 });
  for (let n = 0; n < 60; n++) bench.spool.add(mail);
  await until("six connections", () => next.open === 6);
  assert.equal(bench.delivery.connections, 6);
  assert.deepEqual(linksOf(bench), [2, 2, 2]);
  gate.resolve();
  await bench.spool.whenSettled(60);
  assert.equal(next.taken.length, 60);
  await bench.delivery.stop();
  assert.deepEqual(linksOf(bench), [0, 0, 0]);
  assert.ok(next.sessions.every(({ commands }) => commands.at(-1) === "QUIT"));
});

Deno.test("FarCaller: a host that cannot be reached leaves nothing behind", async () => {
  const next = startNextHop();
  await next[Symbol.asyncDispose]();
  await using bench = started(next, { threads: 2 });
  bench.spool.add(mail);
  await bench.spool.whenSettled(1);
  const [{ outcomes: [outcome] }] = bench.spool.settled;
  assert.equal(outcome.kind === "deferred" && outcome.failure?.reason, "connection_refused");
  assert.deepEqual(linksOf(bench), [0, 0]);
});

Deno.test("FarLink: a message whose thread dies is offered once more, over a connection of another thread", async () => {
  const { script, waits, go } = waitingAt("BDAT");
  await using next = startNextHop(script);
  await using bench = started(next, { threads: 2 });
  bench.spool.add(mail);
  await until("the text", waits);
  const [busy] = bench.far.filter(({ links }) => links > 0);
  busy.die();
  go();
  await bench.spool.whenSettled(1);
  assert.deepEqual(bench.spool.settled.map(({ outcomes: [{ kind }] }) => kind), ["delivered"]);
  assert.equal(bench.delivery.failingHosts, 0, "that is no fault of the host's");
  assert.equal(next.sessions.length, 2);
  assert.equal(bench.spool.leased, 0);
});

Deno.test("FarLink: a message with which two threads die waits for its retry, as any that broke off", async () => {
  const gate = Promise.withResolvers<void>();
  await using next = startNextHop({
    answer: (command) => command.startsWith("BDAT") ? { wait: gate.promise } : undefined,
  });
  await using bench = started(next, { threads: 3 });
  bench.spool.add(mail);
  for (let dead = 1; dead <= 2; dead++) {
    const texts = () => next.sessions.filter(({ commands }) => commands.some((line) => line.startsWith("BDAT")));
    await until("the text", () => texts().length === dead);
    bench.far.find(({ links, dead }) => links > 0 && !dead)!.die();
  }
  await bench.spool.whenSettled(1);
  gate.resolve();
  assert.deepEqual(bench.spool.settled.map(({ outcomes: [{ kind }] }) => kind), ["deferred"]);
});

Deno.test("FarCaller: a thread that dies while it connects, or in the dialogue's beginning, says nothing about the host", async () => {
  for (const start of ["GREETING", "EHLO"]) {
    const { script, waits, go } = waitingAt(start);
    await using next = startNextHop(script);
    await using bench = started(next, { threads: 2 });
    bench.spool.add(mail);
    await until("the beginning", waits);
    bench.far.find(({ links }) => links > 0)!.die();
    go();
    await bench.spool.whenSettled(1);
    const text = bench.lines().join("\n");
    assert.deepEqual(bench.spool.settled.map(({ outcomes: [{ kind }] }) => kind), ["delivered"], text);
    assert.equal(bench.delivery.failingHosts, 0);
  }
});

Deno.test("FarCaller and FarResolver: while no thread lives the main one does it", async () => {
  await using next = startNextHop();
  const table = tableResolver({
    "MX example.test": [{ preference: 1, exchange: "mx.example.test" }],
    "A mx.example.test": ["127.0.0.1"],
  });
  await using bench = startBench({ threads: 2, control: { tls: "none" }, resolver: table });
  const { dial } = bench.world.dialer;
  bench.world.dialer.dial = (to, options) => dial.call(bench.world.dialer, { ...to, port: next.port }, options);
  for (const thread of bench.far) thread.die();
  bench.spool.add(mail);
  await bench.spool.whenSettled(1);
  assert.equal(next.taken.length, 1, bench.lines().join("\n"));
  assert.deepEqual(bench.far.map(({ calls, names }) => [calls, names]), [[0, []], [0, []]]);
});

Deno.test("FarResolver asks for a name always in the same thread, and all threads are asked for some", async () => {
  const names = Array.from({ length: 30 }, (_, n) => `d${n}.test`);
  await using bench = startBench({ threads: 3, resolver: tableResolver({}) });
  assert.ok(bench.world.resolver instanceof FarResolver);
  for (const _ of [1, 2]) {
    for (const name of names) assert.equal((await bench.world.resolver.resolve(name, "MX")).kind, "no_such_domain");
  }
  const asked = bench.far.map((thread) => new Set(thread.names));
  assert.equal(asked.reduce((sum, { size }) => sum + size, 0), names.length);
  assert.ok(asked.every(({ size }) => size > 0));
});

Deno.test("FarLink: a file that the thread cannot read is told to the queue, and nothing is sent for whole", async () => {
  await using next = startNextHop();
  await using bench = started(next, { threads: 1 });
  const lease = bench.spool.add({ ...mail, pieces: 10 });
  const told: unknown[] = [];
  lease.unread = (trouble) => void told.push(trouble);
  lease.text = async function* () {
    yield await Promise.resolve(new Uint8Array(5));
    throw new Deno.errors.NotFound("no such file");
  };
  await bench.spool.whenSettled(1);
  assert.deepEqual(told, [{ lost: true, cause: "no such file" }]);
  assert.deepEqual(bench.spool.settled.map(({ outcomes: [{ kind }] }) => kind), ["deferred"]);
  assert.equal(next.taken.length, 0);
});

Deno.test("FarLink: a text that is in no file and cannot be read costs no connection", async () => {
  await using next = startNextHop();
  await using bench = started(next, { threads: 1 });
  Object.assign(bench.spool.add(mail), { held: undefined });
  bench.spool.add(mail);
  await bench.spool.whenSettled(2);
  assert.deepEqual(bench.spool.settled.map(({ outcomes: [{ kind }] }) => kind).sort(), ["deferred", "delivered"]);
  assert.equal(next.sessions.length, 1);
});

Deno.test("FarLink sends the text alone, and not what lies beside it in memory", async () => {
  await using next = startNextHop();
  await using bench = started(next, { threads: 1 });
  const memory = new TextEncoder().encode("secret of anothera: b\r\n\r\nmine\r\nsecret of a third");
  const { held } = Object.assign(bench.spool.add({ ...mail, text: "a: b\r\n\r\nmine\r\n" }), {
    held: memory.subarray(17, 31),
  });
  const sent: number[] = [];
  const { ask } = bench.far[0].wire;
  bench.far[0].wire.ask = function (word, value, transfer) {
    if (word === "offer") sent.push((value as { text: Uint8Array }).text.buffer.byteLength);
    return ask.call(bench.far[0].wire, word, value, transfer) as ReturnType<typeof ask>;
  } as typeof ask;
  await bench.spool.whenSettled(1);
  assert.deepEqual(sent, [held.length]);
  assert.equal(new TextDecoder().decode(next.taken[0].text), "a: b\r\n\r\nmine\r\n");
});
