/**
 * Many messages, many hosts, many destinations: who gets a connection, and what happens when there is none.
 */
import assert from "node:assert/strict";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { limits } from "../../src/base/limits.ts";
import type { Config, NextHop as Hop } from "../../src/config/config.ts";
import { growthMs } from "../../src/deliver/lane.ts";
import { until } from "../gateway/rig.ts";
import {
  type Bench,
  type Mail,
  MemorySpool,
  ShiftedClock,
  startBench,
  tableResolver,
} from "../support/delivery_bench.ts";
import { type NextHop, startNextHop } from "../support/next_hop.ts";

const mail: Mail = { to: ["b@example.test"] };
const many = (count: number, to = "b@example.test"): Mail[] => Array.from({ length: count }, () => ({ to: [to] }));
const at = (next: NextHop, host = "127.0.0.1"): Hop => ({ host, port: next.port });
const pause = (ms: number) => new Promise((go) => setTimeout(go, ms));

/** A message's text has come to a next hop. */
const isAtText = ({ sessions: [first] }: NextHop) => first?.commands.some((line) => line.startsWith("BDAT")) === true;

/** A port of loopback where nobody listens. */
function deadPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** MX hosts listen on port 25; here that port means this next hop, or any by address. */
function redirect(bench: Bench, ports: Record<string, number>): void {
  const { dialer } = bench.world;
  const dial = dialer.dial.bind(dialer);
  dialer.dial = (to, options) => dial({ ...to, port: to.port === 25 ? ports[to.address] : to.port }, options);
}

Deno.test("a lane reuses connections up to max_messages_per_connection", async () => {
  await using next = startNextHop();
  await using bench = startBench({
    control: { tls: "none", max_connections: 1, max_messages_per_connection: 10 },
    routes: { "example.test": [at(next)] },
  }, many(35));
  await bench.spool.whenSettled(35);
  assert.deepEqual(next.sessions.map(({ taken }) => taken.length), [10, 10, 10, 5]);
  await bench.delivery.stop();
  assert.ok(next.sessions.every(({ commands }) => commands.at(-1) === "QUIT"));
});

Deno.test("a lane opens one connection for five messages, and no more than max_connections", async () => {
  for (const [waiting, most, expected] of [[3, 500, 1], [23, 500, 5], [400, 500, 20], [400, 3, 3]]) {
    const gate = Promise.withResolvers<void>();
    await using next = startNextHop({
      answer: (command) => command.startsWith("BDAT") ? { wait: gate.promise } : undefined,
    });
    // Whether the lane should grow is another test's question: here it never looks.
    const clock: Clock = {
      ...systemClock,
      after: (ms, run) => systemClock.after(ms === growthMs ? 600_000 : ms, run),
    };
    await using bench = startBench({
      clock,
      control: { tls: "none", max_connections: most },
      routes: { "example.test": [at(next)] },
    }, many(waiting));
    using _opened = { [Symbol.dispose]: gate.resolve }; // also where an assertion fails, or next would wait for ever
    await until(`${expected} connections`, () => next.sessions.length >= expected);
    await pause(60);
    assert.equal(next.sessions.length, expected, `${waiting} messages`);
    gate.resolve();
    await bench.spool.whenSettled(waiting);
  }
});

Deno.test("a lane with a fast next hop stays with few connections, with a slow one it grows", async () => {
  const run = async (ms: number): Promise<number> => {
    await using next = startNextHop({
      answer: (command) => ms > 0 && command.startsWith("BDAT") ? { wait: pause(ms).then(() => {}) } : undefined,
    });
    await using bench = startBench({
      control: { tls: "none", max_messages_per_connection: 100_000 },
      routes: { "example.test": [at(next)] },
    });
    for (let round = 0; round < 50; round++) {
      for (let count = 0; count < 4; count++) bench.spool.add(mail);
      await pause(10);
    }
    await bench.spool.whenSettled(200);
    return next.sessions.length;
  };
  const fast = await run(0);
  assert.ok(fast <= 4, `${fast} connections`); // one or two; a busy machine may once look like a slow next hop
  const slow = await run(100);
  assert.ok(slow > 8, `${slow} connections`);
});

Deno.test("destinations that share a route share connections and take turns", async () => {
  await using next = startNextHop();
  await using bench = startBench(
    { control: { tls: "none", max_connections: 1 }, routes: { ".test": [at(next)] } },
    [...many(40, "b@big.test"), ...many(2, "b@small.test")],
  );
  await bench.spool.whenSettled(42);
  assert.equal(next.sessions.length, 1);
  const order = next.taken.map(({ rcpts: [rcpt] }) => rcpt.includes("small"));
  assert.ok(order.lastIndexOf(true) < 15, `the small one waited for ${order.lastIndexOf(true)} messages`);
});

Deno.test("idle connections are closed in order after a while", async () => {
  await using next = startNextHop();
  // The time of idle connections is the test's: a busy machine makes a pause of any length as long as theirs.
  const clock = new ShiftedClock();
  const looks = new Set<() => void>();
  clock.after = (ms, look) => {
    if (ms > limits.deliveryIdleMs || ms < limits.deliveryIdleMs - 500) return systemClock.after(ms, look);
    looks.add(look);
    return { cancel: () => void looks.delete(look) };
  };
  const routes = { "example.test": [at(next)] };
  await using bench = startBench({ clock, control: { tls: "none" }, routes }, [mail]);
  await bench.spool.whenSettled(1);
  await pause(50);
  assert.equal(next.open, 1);
  bench.spool.add(mail);
  await bench.spool.whenSettled(2);
  assert.equal(next.sessions.length, 1);
  await until("an idle connection", () => looks.size === 1);
  clock.shift += limits.deliveryIdleMs;
  for (const look of looks) look();
  await until("the end of the connection", () => next.open === 0 && bench.delivery.lanes === 0);
  assert.equal(next.sessions[0].commands.at(-1), "QUIT");
  assert.equal(bench.delivery.connections, 0);
  assert.equal(bench.lines().at(-1), "DCID 1 close");
});

Deno.test("the next host is tried when one fails, in the order of the route", async () => {
  await using refusing = startNextHop({
    answer: (command) => command === "GREETING" ? { text: "421 busy\r\n", close: true } : undefined,
  });
  await using good = startNextHop();
  await using bench = startBench({
    control: { tls: "none", max_connections: 1 },
    routes: { "example.test": [{ host: "127.0.0.1", port: deadPort() }, at(refusing), at(good)] },
  }, many(3));
  await bench.spool.whenSettled(3);
  assert.equal(good.taken.length, 3);
  assert.equal(refusing.sessions.length, 1);
  const errors = bench.lines().filter((line) => line.startsWith("Connection Error"));
  assert.equal(errors.length, 2);
  assert.match(errors[0], /details: Connection refused interface: auto reason: network error$/);
  assert.match(errors[1], /details: 421-'busy' interface: 127\.0\.0\.1 reason: unexpected SMTP response$/);
});

Deno.test("a TLS level that one host does not meet is tried with the next", async () => {
  await using plain = startNextHop();
  await using other = startNextHop();
  await using bench = startBench({
    control: { tls: "required" },
    routes: { "example.test": [at(plain), at(other)] },
  }, [mail]);
  await bench.spool.whenSettled(1);
  assert.equal(plain.sessions.length, 1);
  assert.equal(other.sessions.length, 1);
  assert.equal(plain.taken.length + other.taken.length, 0);
  assert.equal(bench.spool.settled[0].outcomes[0].kind, "deferred");
});

Deno.test("nobody listens: everything is deferred, at once and in the classic words", async () => {
  await using bench = startBench({
    control: { tls: "none" },
    routes: { "example.test": [{ host: "127.0.0.1", port: deadPort() }] },
  }, many(120));
  await bench.spool.whenSettled(120);
  assert.ok(bench.spool.settled.every(({ outcomes: [outcome] }) => outcome.kind === "deferred"));
  const lines = bench.lines();
  assert.ok(
    lines.some((line) =>
      /^Delayed: DCID \d+ MID 1 to RID 0 - 4\.4\.0 - Other network problem \('000', \['Connection refused'\]\)$/.test(
        line,
      )
    ),
  );
  const dials = lines.filter((line) => line.startsWith("Connection Error")).length;
  assert.ok(dials <= 20, `${dials} dials`);
});

Deno.test("a failing host is left alone for a pause, then one connection tries it, then it works again", async () => {
  const clock = new ShiftedClock();
  const port = deadPort();
  await using bench = startBench({
    control: { tls: "none" },
    routes: { "example.test": [{ host: "127.0.0.1", port }] },
    clock,
  }, [mail]);
  const dials = () => bench.lines().filter((line) => line.startsWith("Connection Error")).length;
  await bench.spool.whenSettled(1);
  assert.equal(dials(), 1);
  for (let count = 0; count < 10; count++) bench.spool.add(mail);
  await bench.spool.whenSettled(11);
  assert.equal(dials(), 1, "paused");
  clock.shift += 31_000;
  for (let count = 0; count < 100; count++) bench.spool.add(mail);
  await bench.spool.whenSettled(111);
  assert.equal(dials(), 2, "one probe");
  assert.equal(bench.delivery.failingHosts, 1);
  clock.shift += 61_000;
  await using next = startNextHop({}, { address: "127.0.0.1", port });
  bench.spool.retry();
  await bench.spool.whenSettled(222);
  assert.equal(next.taken.length, 111);
  assert.equal(bench.delivery.failingHosts, 0);
});

Deno.test("a next hop that takes only so many connections is served with those", async () => {
  // Counted when they are let in: a server that counts all that knock at once may refuse every one of them.
  let admitted = 0;
  await using next: NextHop = startNextHop({
    answer: (command) => {
      if (command === "GREETING" && ++admitted > 2) {
        admitted--;
        return { text: "421 4.7.0 too many connections\r\n", close: true };
      }
      if (command === "QUIT") admitted--;
      if (command.startsWith("BDAT")) return { wait: pause(2).then(() => {}) };
      return undefined;
    },
  });
  await using bench = startBench({
    control: { tls: "none", max_messages_per_connection: 10 },
    routes: { "example.test": [at(next)] },
  }, many(200));
  await bench.spool.whenSettled(200);
  assert.ok(bench.spool.settled.every(({ outcomes: [outcome] }) => outcome.kind === "delivered"));
  assert.equal(bench.delivery.failingHosts, 0);
});

Deno.test("a next hop that refuses while it hears a goodbye is waited for", async () => {
  let admitted = 0;
  await using next: NextHop = startNextHop({
    answer: (command) => {
      if (command === "GREETING" && ++admitted > 1) {
        admitted--;
        return { text: "421 4.7.0 too many connections\r\n", close: true };
      }
      if (command === "QUIT") return { wait: pause(30).then(() => void admitted--) };
      return undefined;
    },
  });
  await using bench = startBench({
    control: { tls: "none", max_messages_per_connection: 2 },
    routes: { "example.test": [at(next)] },
  }, many(20));
  await bench.spool.whenSettled(20);
  assert.deepEqual(new Set(bench.spool.settled.map(({ outcomes: [outcome] }) => outcome.kind)), new Set(["delivered"]));
  assert.equal(next.taken.length, 20);
});

Deno.test("a silent destination does not slow others", async () => {
  const never = Promise.withResolvers<void>();
  await using dead = startNextHop({
    answer: (command) =>
      command === "GREETING" ? { wait: never.promise, text: "421 late\r\n", close: true } : undefined,
  });
  await using next = startNextHop();
  await using bench = startBench({
    control: { tls: "none" },
    routes: { "dead.test": [at(dead)], "example.test": [at(next)] },
  }, [...many(200, "b@dead.test"), ...many(200)]);
  const began = performance.now();
  await bench.spool.whenSettled(200);
  assert.ok(performance.now() - began < 20_000);
  assert.equal(next.taken.length, 200);
  never.resolve();
});

Deno.test("delivery by MX: best first, the next one on failure, the family by ip_preference", async () => {
  await using one = startNextHop({
    answer: (command) => command === "GREETING" ? { text: "450 no\r\n", close: true } : undefined,
  });
  await using two = startNextHop({}, { address: "127.0.0.2", port: 0 });
  const bench = startBench({
    control: { tls: "none" },
    resolver: tableResolver({
      "MX example.test": [{ preference: 20, exchange: "mx2.test" }, { preference: 10, exchange: "mx1.test" }],
      "A mx1.test": ["127.0.0.1"],
      "A mx2.test": ["127.0.0.2"],
      "AAAA mx2.test": ["::1"],
    }),
    controls: { "example.test": { ip_preference: "require_v4" } },
  });
  redirect(bench, { "127.0.0.1": one.port, "127.0.0.2": two.port });
  bench.spool.add(mail);
  await bench.spool.whenSettled(1);
  assert.equal(one.sessions.length, 1);
  assert.equal(two.taken.length, 1);
  await bench[Symbol.asyncDispose]();
});

Deno.test("delivery by MX: null MX, no domain, our own name, no address, and a DNS that fails", async () => {
  const table = {
    "MX null.test": [{ preference: 0, exchange: "." }],
    "MX loop.test": [{ preference: 5, exchange: "gw.test" }, { preference: 5, exchange: "x.test" }],
    "MX empty.test": [{ preference: 5, exchange: "no-address.test" }],
    "TXT bare.test": ["no address either"],
  };
  const cases: [string, "refused" | "deferred", string][] = [
    ["null.test", "refused", "5.1.10"],
    ["nowhere.test", "refused", "5.1.2"],
    ["loop.test", "refused", "5.4.6"],
    ["gw.test", "refused", "5.1.2"],
    ["empty.test", "refused", "5.4.4"],
    ["bare.test", "refused", "5.4.4"],
    ["broken.test", "deferred", "4.4.3"],
  ];
  const resolver = tableResolver(table);
  const resolve = resolver.resolve.bind(resolver);
  resolver.resolve = (name, type) =>
    name === "broken.test" ? Promise.resolve({ kind: "failed", reason: "timeout" }) : resolve(name, type);
  await using bench = startBench({ resolver }, cases.map(([domain]) => ({ to: [`b@${domain}`] })));
  await bench.spool.whenSettled(cases.length);
  for (const [domain, kind, enhanced] of cases) {
    const { outcomes: [outcome] } = bench.spool.settled.find(({ lease }) => lease.destination === domain)!;
    assert.equal(outcome.kind, kind, domain);
    assert.equal("failure" in outcome && outcome.failure?.enhanced, enhanced, domain);
  }
});

Deno.test("delivery by MX: a host that calls itself by our name is a loop", async () => {
  await using next = startNextHop({ name: "GW.test" });
  const bench = startBench({
    control: { tls: "none" },
    resolver: tableResolver({ "A example.test": ["127.0.0.1"] }),
  });
  redirect(bench, { "127.0.0.1": next.port });
  bench.spool.add(mail);
  await bench.spool.whenSettled(1);
  const [{ outcomes: [outcome] }] = bench.spool.settled;
  assert.equal(outcome.kind === "refused" && outcome.failure?.reason, "loop");
  await bench[Symbol.asyncDispose]();
});

Deno.test("a new configuration routes what waits: also what was leased before it", async () => {
  const gate = Promise.withResolvers<void>();
  await using old = startNextHop({
    answer: (command) => command.startsWith("BDAT") ? { wait: gate.promise } : undefined,
  });
  await using next = startNextHop();
  await using bench = startBench({
    control: { tls: "none", max_connections: 1 },
    routes: { "example.test": [at(old)] },
  }, many(8));
  await until("the first message", () => isAtText(old));
  const changed: Config = { ...bench.config, generation: 2, smtp_routes: new Map([["example.test", [at(next)]]]) };
  bench.config = changed;
  gate.resolve();
  await bench.spool.whenSettled(8);
  assert.equal(old.taken.length, 1);
  assert.equal(next.taken.length, 7);
});

for (const threads of [0, 2]) {
  Deno.test(`stop lets messages under way finish and gives the rest back, threads: ${threads}`, () => stopped(threads));
  Deno.test(`stop cuts off what does not end, and that is no attempt, threads: ${threads}`, () => cutOff(threads));
}

async function stopped(threads: number): Promise<void> {
  const gate = Promise.withResolvers<void>();
  await using next = startNextHop({
    answer: (command) => command.startsWith("BDAT") ? { wait: gate.promise } : undefined,
  });
  await using bench = startBench({
    threads,
    control: { tls: "none", max_connections: 1 },
    routes: { "example.test": [at(next)] },
  }, many(9));
  await until("the first message", () => isAtText(next));
  const ending = bench.delivery.stop(5_000);
  gate.resolve();
  await ending;
  assert.equal(next.taken.length, 1);
  assert.equal(bench.spool.settled.length, 1);
  assert.equal(bench.spool.givenBack, 4);
  assert.equal(bench.spool.messages, 8);
}

async function cutOff(threads: number): Promise<void> {
  const never = Promise.withResolvers<void>();
  await using next = startNextHop({
    answer: (command) => command.startsWith("BDAT") ? { wait: never.promise } : undefined,
  });
  await using bench = startBench({ threads, control: { tls: "none" }, routes: { "example.test": [at(next)] } }, [mail]);
  await until("the first message", () => isAtText(next));
  await bench.delivery.stop(50);
  never.resolve();
  assert.equal(bench.spool.settled.length, 0);
  assert.equal(bench.spool.givenBack, 1);
}

Deno.test("a thousand destinations are served, each by its own route", async () => {
  await using next = startNextHop();
  const domains = Array.from({ length: 1_200 }, (_, n) => `d${n}.test`);
  const bench = startBench({
    control: { tls: "none", ip_preference: "require_v4" },
    resolver: {
      resolve: (_name, type) =>
        Promise.resolve(
          type === "A"
            ? { kind: "found", records: ["127.0.0.1"] as never[], ttl: 60, authentic: false }
            : { kind: "no_data", ttl: 60, authentic: false },
        ),
    },
  });
  redirect(bench, { "127.0.0.1": next.port });
  for (const domain of domains) bench.spool.add({ to: [`b@${domain}`] });
  let most = 0;
  const watch = setInterval(() => most = Math.max(most, bench.delivery.connections), 5);
  await bench.spool.whenSettled(1_200);
  clearInterval(watch);
  assert.equal(next.taken.length, 1_200);
  assert.ok(most <= 1_000, `${most} connections`);
  await bench[Symbol.asyncDispose]();
});

Deno.test("a queue that cannot be read for a moment is asked again", async () => {
  await using next = startNextHop();
  const bench = startBench({ control: { tls: "none" }, routes: { "example.test": [at(next)] } });
  const lease = MemorySpool.prototype.lease;
  let failures = 1;
  bench.spool.lease = function (destination, count) {
    return failures-- > 0 ? Promise.reject(new Error("disk")) : lease.call(this, destination, count);
  };
  bench.spool.add(mail);
  await bench.spool.whenSettled(1);
  assert.equal(next.taken.length, 1);
  assert.ok(bench.lines().includes("Cannot take mail for example.test from the queue: disk"));
  await bench[Symbol.asyncDispose]();
});
