/**
 * One destination in trouble, the others none: dead, silent, never reading, very large, or very many.
 */
import assert from "node:assert/strict";
import { limits } from "../../src/base/limits.ts";
import { octets } from "../../src/base/octets.ts";
import type { NextHop as Hop } from "../../src/config/config.ts";
import { type Conn, DeadlineError, endpointText } from "../../src/net/net.ts";
import { tcp } from "../../src/net/tcp.ts";
import { systemClock } from "../../src/base/clock.ts";
import { type Bench, type BenchWish, type Mail, ShiftedClock, startBench } from "../support/delivery_bench.ts";
import { until } from "../gateway/rig.ts";
import { type NextHop, startNextHop } from "../support/next_hop.ts";

const many = (count: number, to: string): Mail[] => Array.from({ length: count }, () => ({ to: [to] }));
const at = ({ port }: NextHop): Hop => ({ host: "127.0.0.1", port });
const pause = (ms: number) => new Promise<void>((go) => setTimeout(go, ms));

/** 192.0.2.0/24 belongs to nobody (RFC 5737): a dial there hangs until it is given up, and nothing leaves this machine. */
const nobody = (n = 1): Hop => ({ host: `192.0.2.${n}`, port: 25 });

/** Lets dials to nobody hang until `release`; counts them. */
function hangDials(bench: Bench, release: Promise<void>): { dials: number; asked: number[]; open: number } {
  const { dialer } = bench.world;
  const dial = dialer.dial.bind(dialer);
  const seen = { dials: 0, asked: [] as number[], open: 0 };
  dialer.dial = async (to, options) => {
    if (!to.address.startsWith("192.0.2.")) return await dial(to, options);
    seen.dials++;
    seen.open++;
    seen.asked.push(options.ms);
    await release;
    seen.open--;
    throw new DeadlineError(`no connection to ${endpointText(to)} within ${options.ms} ms`);
  };
  return seen;
}

/** How long delivery of everything but `dead…test` takes, for which nothing comes to an end meanwhile. */
async function timed(wish: BenchWish, { mails, early = [] }: { mails: Mail[]; early?: Mail[] }) {
  await using bench = startBench(wish, early);
  const { promise, resolve: release } = Promise.withResolvers<void>();
  using _released = { [Symbol.dispose]: release };
  const dials = hangDials(bench, promise);
  const wanted = mails.filter(({ to: [to] }) => !to.includes("dead")).length;
  const dead = wanted < mails.length || early.length > 0;
  const began = performance.now();
  for (const mail of mails) bench.spool.add(mail);
  const done = () => bench.spool.settled.filter(({ outcomes: [end] }) => end.kind === "delivered").length;
  await until("the others", () => done() >= wanted, { ms: 60_000, every: 2 });
  const ms = performance.now() - began;
  assert.ok(!dead || dials.open > 0, "the dead ones still hang");
  return { ms, dials };
}

Deno.test("a destination whose connections time out does not slow a thousand messages to others", async () => {
  await using next = startNextHop();
  const others = Array.from({ length: 1_000 }, (_, n): Mail => ({ to: [`b@d${n % 50}.live.test`] }));
  const wish: BenchWish = {
    control: { tls: "none", max_messages_per_connection: 1_000 },
    routes: { ".live.test": [at(next)], "dead.test": [nobody()] },
  };
  // Warm, then each way twice; the best of two is compared, since the machine does other things besides.
  await timed(wish, { mails: others });
  const alone: number[] = [];
  const beside: number[] = [];
  for (let round = 0; round < 2; round++) {
    alone.push((await timed(wish, { mails: others })).ms);
    const mails = others.flatMap((mail): Mail[] => [{ to: ["x@dead.test"] }, mail]);
    beside.push((await timed(wish, { mails })).ms);
  }
  const [best, worst] = [Math.min(...alone), Math.min(...beside)];
  console.log(`1,000 messages: ${best.toFixed(0)} ms, beside a dead destination ${worst.toFixed(0)} ms`);
  assert.ok(worst < 4 * best + 3_000, `${worst} ms beside it, ${best} ms alone`);
});

Deno.test("two hundred dead destinations leave connections for the others", async () => {
  await using next = startNextHop();
  const routes: Record<string, Hop[]> = { "live.test": [at(next)] };
  const dead: Mail[] = [];
  for (let n = 0; n < 200; n++) {
    routes[`dead${n}.test`] = [nobody(n)];
    dead.push(...many(100, `x@dead${n}.test`));
  }
  const { dials } = await timed({ control: { tls: "none" }, routes }, {
    // They wait when delivery starts, so that each would open as many connections as it may.
    early: dead,
    mails: many(100, "b@live.test"),
  });
  assert.ok(dials.dials < limits.deliveryConnectionsMax * 0.8, `${dials.dials} dials hang`);
  assert.equal(dials.asked[0], limits.connectMs);
  assert.equal(dials.asked.at(-1), limits.connectCrowdedMs, "less patience while connections are scarce");
});

Deno.test("the breaker of a dead destination: pauses grow, one connection tries, and it recovers by itself", async () => {
  await using next = startNextHop();
  const clock = new ShiftedClock();
  await using bench = startBench({
    control: { tls: "none", max_connections: 3 },
    routes: { "dead.test": [{ host: "192.0.2.1", port: 25 }] },
    initialRetry: 60_000,
    clock,
  }, many(12, "b@dead.test"));
  const { dialer } = bench.world;
  const dial = dialer.dial.bind(dialer);
  const dials: number[] = [];
  let dead = true;
  dialer.dial = (_to, options) => {
    dials.push(clock.monotonic());
    if (dead) return Promise.reject(new DeadlineError("no connection"));
    return dial({ address: "127.0.0.1", port: next.port }, options);
  };
  await bench.spool.whenSettled(12);
  assert.equal(dials.length, 3, "several connections find out at once");
  const gaps: number[] = [];
  for (let last = dials.at(-1)!; gaps.length < 7;) {
    clock.shift += 5_000;
    const settled = bench.spool.settled.length;
    bench.spool.retry();
    await bench.spool.whenSettled(settled + 12);
    const news = dials.filter((when) => when > last);
    if (news.length === 0) continue;
    assert.equal(news.length, 1, "one connection tries");
    gaps.push(news[0] - last);
    last = news[0];
  }
  assert.ok(gaps[1] > gaps[0] * 0.99 && Math.max(...gaps) > 4 * gaps[0], gaps.join());
  for (const gap of gaps) assert.ok(gap <= 606_000, `${gap} ms`);
  assert.equal(bench.delivery.failingHosts, 1);
  dead = false;
  clock.shift += 600_001;
  bench.spool.retry();
  while (next.taken.length < 12) await pause(5);
  assert.equal(bench.delivery.failingHosts, 0);
  assert.ok(dials.length < 3 + 7 + 1 + 3);
});

Deno.test("a destination with 10,000 messages does not starve one with 10, whether they share a route or not", async () => {
  for (const shared of [true, false]) {
    await using next = startNextHop();
    await using bench = startBench({
      control: { tls: "none", max_connections: 2, max_messages_per_connection: 100_000 },
      routes: shared
        ? { ".test": [at(next)] }
        : { "big.test": [at(next)], "small.test": [at(next), { host: "127.0.0.1", port: next.port }] },
    }, many(10_000, "b@big.test"));
    while (next.taken.length < 50) await pause(1);
    const before = next.taken.length;
    for (const mail of many(10, "b@small.test")) bench.spool.add(mail);
    const small = () => next.taken.filter(({ rcpts: [rcpt] }) => rcpt.includes("small")).length;
    while (small() < 10) await pause(1);
    const passed = next.taken.length - before;
    console.log(`${shared ? "one route" : "two routes"}: ${passed - 10} of 10,000 went before the last of 10`);
    assert.ok(passed < 1_000, `${passed} went before`);
  }
});

/** A server that takes the commands up to the text, and then never reads again. */
function neverReading(): { port: number; conns: Conn[]; talking: Set<Conn>; [Symbol.asyncDispose](): Promise<void> } {
  const listener = tcp(systemClock).listen({ address: "127.0.0.1", port: 0 });
  const conns: Conn[] = [];
  const talking = new Set<Conn>();
  const serve = async (conn: Conn) => {
    const buffer = new Uint8Array(4_096);
    await conn.write(octets("220 hop.test\r\n"));
    for (const reply of ["250-hop.test\r\n250 8BITMIME\r\n", "250 Ok\r\n", "250 Ok\r\n", "354 go on\r\n"]) {
      if (await conn.read(buffer) === null) return;
      await conn.write(octets(reply));
    }
  };
  const accepting = (async () => {
    for (let conn = await listener.accept(); conn !== null; conn = await listener.accept()) {
      conns.push(conn);
      talking.add(conn);
      serve(conn).catch(() => {}).finally(() => talking.delete(conn));
    }
  })();
  return {
    port: listener.local.port,
    conns,
    talking,
    async [Symbol.asyncDispose]() {
      for (const conn of conns) conn.close();
      void listener.close();
      await accepting;
    },
  };
}

Deno.test("a next hop that never reads is given up in time, and holds five sockets at the most", async () => {
  await using hop = neverReading();
  const clock = new ShiftedClock();
  await using bench = startBench({
    control: { tls: "none", max_connections: 3 },
    routes: { "slow.test": [{ host: "127.0.0.1", port: hop.port }] },
    initialRetry: 1_000,
    clock,
  });
  const text = new Uint8Array(8 * 1_048_576).fill(120);
  for (let n = 0; n < 30; n++) bench.spool.add({ to: ["b@slow.test"], text, pieces: 65_536 });
  const failures = new Set<string>();
  for (let round = 0; round < 12; round++) {
    const before = bench.spool.settled.length;
    while (bench.spool.settled.length < before + 30 && bench.delivery.lanes > 0) {
      // Everybody is stuck: what is waited for is the time-out of a block of text.
      await until("everybody to be at the text", () => hop.talking.size === 0);
      await pause(150);
      clock.shift += limits.dataBlockMs;
    }
    await pause(1_200);
    bench.spool.retry();
    for (const { outcomes: [end] } of bench.spool.settled) {
      if (end.kind === "deferred") failures.add(end.failure?.text ?? "");
    }
    if ([...failures].some((failure) => failure.includes("reading nothing"))) break;
  }
  assert.ok(failures.has("Connection timed out"), [...failures].join());
  assert.ok([...failures].some((failure) => failure.includes("reading nothing from them")), [...failures].join());
  // Eight as a rule; whoever was not stuck yet when his time was over holds no socket, and makes room for another one.
  assert.ok(hop.conns.length <= 16, `${hop.conns.length} connections were made`);
});

Deno.test("a next hop that says an octet a minute is given up in the time of one reply", async () => {
  const clock = new ShiftedClock();
  const listener = tcp(systemClock).listen({ address: "127.0.0.1", port: 0 });
  await using bench = startBench({
    control: { tls: "none", max_connections: 1 },
    routes: { "slow.test": [{ host: "127.0.0.1", port: listener.local.port }] },
    clock,
  }, many(3, "b@slow.test"));
  using conn = (await listener.accept())!;
  let minutes = 0;
  for (; minutes < 30 && bench.spool.settled.length < 3; minutes++) {
    await conn.write(octets("2")).catch(() => {});
    await pause(120);
    clock.shift += 60_000;
  }
  // Five, where nothing holds the machine up; an octet that began the time anew would keep it for ever.
  assert.ok(minutes < 30, `${minutes} minutes`);
  assert.equal(bench.delivery.connections, 0);
  listener.close();
});
