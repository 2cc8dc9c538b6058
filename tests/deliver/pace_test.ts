/**
 * `max_recipients` and `recipients_interval`: the counting, and whole deliveries by a clock that the test moves.
 */
import assert from "node:assert/strict";
import type { MailLog } from "../../src/mail/events.ts";
import { type Held, Pace } from "../../src/deliver/pace.ts";
import { type Bench, type BenchWish, startBench, tableResolver } from "../support/delivery_bench.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { startNextHop } from "../support/next_hop.ts";

const quietLog: MailLog = {
  critical: () => {},
  warning: () => {},
  info: () => {},
  debug: () => {},
  trace: () => {},
};

const rule = { max_recipients: 10, recipients_interval: 60_000 };

Deno.test("Pace grants what is left of an interval, which begins with its first recipient", async () => {
  const clock = new FakeClock();
  const pace = new Pace({ clock, log: quietLog });
  await clock.advance(30_000);
  assert.equal(pace.take("a", { rule, wanted: 4 }), 4);
  await clock.advance(30_000);
  assert.deepEqual([pace.take("a", { rule, wanted: 8 }), pace.left("a", rule)], [6, 0]);
  assert.deepEqual([pace.take("b", { rule, wanted: 3 }), pace.left("b", rule)], [3, 7], "others have their own");
  assert.deepEqual([pace.take("a", { rule, wanted: 1 }), pace.rest("a", rule)], [0, 30_000]);
  await clock.advance(29_999);
  assert.equal(pace.left("a", rule), 0);
  await clock.advance(1);
  assert.deepEqual([pace.left("a", rule), pace.rest("a", rule)], [10, 0]);
  pace.take("a", { rule, wanted: 9 });
  pace.giveBack("a", 2);
  assert.equal(pace.left("a", rule), 3);
  const none = { max_recipients: 0, recipients_interval: 60_000 };
  assert.deepEqual([pace.take("a", { rule: none, wanted: 1_000 }), pace.left("a", none)], [1_000, Infinity]);
});

Deno.test("Pace follows a rule that changed, and tells each who waits once, with all that he has", async () => {
  const clock = new FakeClock();
  const pace = new Pace({ clock, log: quietLog });
  const told: string[] = [];
  const held = (who: string, messages: number): Held => ({
    who,
    messages,
    resume: (all) => told.push(`${who} ${all}`),
  });
  pace.take("a", { rule, wanted: 10 });
  assert.equal(pace.left("a", { ...rule, max_recipients: 12 }), 2);
  pace.hold("a", { rule, held: held("x", 1) });
  pace.hold("a", { rule, held: held("x", 4) });
  pace.hold("a", { rule, held: held("y", 2) });
  assert.equal(clock.timers, 1, "one timer for all");
  await clock.advance(60_000);
  assert.deepEqual(told.splice(0), ["x 5", "y 2"]);
  assert.equal(clock.timers, 0);
  pace.take("a", { rule, wanted: 10 });
  pace.hold("a", { rule, held: held("x", 1) });
  await clock.advance(10_000);
  // A reload made the interval shorter: whoever asks next finds it over, and who waits is told at once.
  assert.equal(pace.left("a", { ...rule, recipients_interval: 5_000 }), 10);
  assert.deepEqual(told.splice(0), ["x 1"]);
  pace.take("a", { rule, wanted: 10 });
  pace.hold("a", { rule, held: held("x", 1) });
  pace.stop();
  assert.equal(clock.timers, 0);
  await clock.advance(120_000);
  assert.deepEqual(told, [], "nobody is told when delivery has ended");
});

Deno.test("Pace is bounded, and forgets nobody who waits", async () => {
  const clock = new FakeClock();
  const pace = new Pace({ clock, log: quietLog });
  let resumed = 0;
  pace.take("waits", { rule, wanted: 10 });
  pace.hold("waits", { rule, held: { who: 1, messages: 1, resume: () => resumed++ } });
  for (let n = 0; n < 250_000; n++) pace.take(`d${n}.test`, { rule, wanted: 1 });
  assert.equal(pace.left("waits", rule), 0);
  assert.equal(pace.left("d249999.test", rule), 9);
  assert.equal(pace.left("d0.test", rule), 10, "forgotten");
  await clock.advance(60_000);
  assert.equal(resumed, 1);
});

/** Lets the sockets work, and then so much time pass. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  await quiet();
  for (let left = ms; left > 0; left -= 1_000) {
    await clock.advance(Math.min(left, 1_000));
    if (left % 10_000 === 0) await quiet();
  }
  await quiet();
}

/** Real time for real sockets: until nothing has happened for a while. */
async function quiet(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 60));
}

/** Comes to so many, in real time, and goes no further. */
async function comesTo(expected: number, { count, what }: { count: () => number; what: string }): Promise<void> {
  for (let waited = 0; count() < expected && waited < 60_000; waited += 20) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await quiet();
  assert.equal(count(), expected, what);
}

interface Paced extends AsyncDisposable {
  bench: Bench;
  clock: FakeClock;
  taken: () => number;
  open: () => number;
}

async function paced(wish: Partial<BenchWish>, mails: { to: string[] }[]): Promise<Paced> {
  const clock = new FakeClock();
  const next = startNextHop();
  const routes = Object.fromEntries(
    ["a.test", "b.test", "c.test"].map((domain) => [domain, [{ host: "127.0.0.1", port: next.port }]]),
  );
  const bench = startBench({ clock, routes, ...wish, control: { tls: "none", ...wish.control } }, mails);
  if (wish.resolver !== undefined) {
    const { dial } = bench.world.dialer;
    bench.world.dialer.dial = (to, options) =>
      dial.call(bench.world.dialer, { ...to, address: "127.0.0.1", port: next.port }, options);
  }
  await quiet();
  return {
    bench,
    clock,
    taken: () => next.taken.reduce((sum, { rcpts }) => sum + rcpts.length, 0),
    open: () => next.open,
    async [Symbol.asyncDispose]() {
      await Promise.all([bench[Symbol.asyncDispose](), clock.advance(10_000)]);
      await next[Symbol.asyncDispose]();
    },
  };
}

const to = (domain: string, count: number): { to: string[] }[] =>
  Array.from({ length: count }, (_, n) => ({ to: [`u${n}@${domain}`] }));

Deno.test("max_recipients: fifty messages leave ten a minute, nobody bounces, and others do not wait", async () => {
  const controls = { "a.test": { max_recipients: 10 } };
  await using world = await paced({ controls }, [...to("a.test", 50), ...to("b.test", 30)]);
  const { bench, clock, taken } = world;
  const settled = (domain: string) => bench.spool.settled.filter(({ lease }) => lease.destination === domain).length;
  await comesTo(30, { count: () => settled("b.test"), what: "b.test" });
  await comesTo(10, { count: () => settled("a.test"), what: "a.test" });
  for (let minute = 2; minute <= 5; minute++) {
    await pass(clock, 59_000);
    assert.equal(settled("a.test"), 10 * (minute - 1), `before minute ${minute}`);
    await pass(clock, 1_500);
    await comesTo(10 * minute, { count: () => settled("a.test"), what: `in minute ${minute}` });
  }
  assert.equal(taken(), 80);
  const ends = bench.spool.settled.flatMap(({ outcomes }) => outcomes.map(({ kind }) => kind));
  assert.deepEqual(new Set(ends), new Set(["delivered"]));
  const lines = bench.lines().filter((line) => line.startsWith("Recipient limit"));
  assert.equal(lines.length, 4, "one line for each interval in which something waits");
  assert.match(
    lines[0],
    /^Recipient limit: domain: a\.test got 10 recipients in 60 s, the next after 60 s, messages waiting: \d+$/,
  );
});

Deno.test("max_recipients: what waits is in the queue, without a lease and without a connection", async () => {
  await using world = await paced(
    { control: { max_recipients: 3, recipients_interval: 150_000 } },
    to("a.test", 200),
  );
  const { bench, clock, open } = world;
  const settled = () => bench.spool.settled.length;
  await comesTo(3, { count: settled, what: "the first three" });
  assert.equal(bench.spool.leased, 0);
  await pass(clock, 60_000);
  assert.deepEqual([open(), bench.delivery.connections, bench.delivery.lanes], [0, 0, 0]);
  bench.spool.add({ to: ["late@a.test"] });
  await pass(clock, 10_000);
  assert.deepEqual([bench.spool.settled.length, open(), bench.delivery.lanes], [3, 0, 0], "no connection for nothing");
  await pass(clock, 150_000 - 70_000 + 1_000);
  await comesTo(6, { count: settled, what: "the next three" });
});

Deno.test("max_recipients: a message with more recipients than that goes out in parts, each recipient once", async () => {
  const recipients = Array.from({ length: 25 }, (_, n) => `u${n}@a.test`);
  await using world = await paced({ control: { max_recipients: 10 } }, [{ to: recipients }]);
  const { bench, clock, taken } = world;
  for (const [minute, expected] of [10, 20, 25, 25].entries()) {
    await comesTo(expected, { count: taken, what: `in minute ${minute + 1}` });
    await pass(clock, 61_000);
  }
  assert.deepEqual(bench.spool.settled.map(({ outcomes, lease }) => [outcomes.length, lease.attempts]), [
    ...[[10, 0], [10, 0], [5, 0]],
  ]);
  const lines = bench.lines().filter((line) => line.startsWith("Recipient limit"));
  assert.equal(lines.length, 2, "a part that waits is told too");
  assert.match(lines[0], /domain: a\.test got 10 recipients in 60 s, the next after \d+ s, messages waiting: 1$/);
  const rids = bench.spool.settled.flatMap(({ outcomes }) => outcomes.map(({ rid }) => rid));
  assert.deepEqual(rids, recipients.map((_, rid) => rid));
});

Deno.test("max_recipients: mail that demands TLS counts with its domain's", async () => {
  const controls = { "a.test": { max_recipients: 4 } };
  await using world = await paced({ controls }, to("a.test", 4));
  const { bench, clock } = world;
  await comesTo(4, { count: () => bench.spool.settled.length, what: "four" });
  bench.spool.add({ to: ["x@a.test"], envelope: { tls: "required" } });
  await pass(clock, 30_000);
  assert.equal(bench.spool.settled.length, 4, "held, not failed");
  await pass(clock, 31_000);
  await comesTo(5, { count: () => bench.spool.settled.length, what: "the one that was held" });
  const [last] = bench.spool.settled.slice(4);
  // The next hop of this test has no TLS.
  assert.deepEqual([last.lease.destination, last.outcomes[0].kind], ["a.test;required", "deferred"]);
});

Deno.test("max_recipients by mx_address: each address of the hosts gets its number, and then the mail waits", async () => {
  const resolver = tableResolver({
    "MX a.test": [{ preference: 1, exchange: "mx1.test" }, { preference: 2, exchange: "mx2.test" }],
    "A mx1.test": ["192.0.2.1"],
    "A mx2.test": ["192.0.2.2"],
  });
  const control = { max_recipients: 10, limit_apply_to: "mx_address", ip_preference: "require_v4" } as const;
  await using world = await paced({ control, resolver, routes: {} }, to("a.test", 50));
  const { bench, clock } = world;
  const settled = () => bench.spool.settled.length;
  await pass(clock, 10_000);
  await comesTo(20, { count: settled, what: bench.lines().join("\n") });
  assert.equal(bench.spool.leased, 0);
  const held = bench.lines().filter((line) => line.startsWith("Recipient limit"));
  assert.deepEqual(held.map((line) => /domain: \S+ IP: \S+ got 10/.exec(line)?.[0]).sort(), [
    "domain: a.test IP: 192.0.2.1 got 10",
    "domain: a.test IP: 192.0.2.2 got 10",
  ]);
  await pass(clock, 62_000);
  await comesTo(40, { count: settled, what: "the second interval" });
  await pass(clock, 62_000);
  await comesTo(50, { count: settled, what: "the third interval" });
  assert.deepEqual(new Set(bench.spool.settled.map(({ outcomes: [{ kind }] }) => kind)), new Set(["delivered"]));
});
