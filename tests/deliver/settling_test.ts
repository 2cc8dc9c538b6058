/**
 * Outcomes that cannot be written down.
 */
import assert from "node:assert/strict";
import type { Spool } from "../../src/queue/spool.ts";
import { eventText, type MailEvent, type MailLog } from "../../src/mail/events.ts";
import type { Outcome } from "../../src/mail/outcome.ts";
import { settle } from "../../src/deliver/settling.ts";
import { until } from "../gateway/rig.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { MemorySpool, startBench } from "../support/delivery_bench.ts";
import { startNextHop } from "../support/next_hop.ts";

const rule = { max_retries: 1, max_queue_time: 1, initial_retry: 1, max_retry_interval: 1 };

/** A settlement that fails so often; what happened. */
function rig(failures: number, { lost = false }: { lost?: boolean } = {}) {
  const spool = new MemorySpool();
  const clock = new FakeClock();
  const lines: string[] = [];
  const at = (level: string) => (event: MailEvent) => void lines.push(`${level}: ${eventText(event)}`);
  const [critical, warning, info, debug, trace] = ["Critical", "Warning", "Info", "Debug", "Trace"].map(at);
  const log: MailLog = { critical, warning, info, debug, trace };
  const lease = spool.add({ to: ["b@example.test"] });
  const tries: number[] = [];
  const back: (number | undefined)[] = [];
  const failing: Spool = Object.assign(Object.create(spool) as Spool, {
    settle: (...[of, outcomes, rule]: Parameters<Spool["settle"]>) => {
      tries.push(clock.monotonic());
      return tries.length <= failures ? Promise.reject(new Error("I/O error")) : spool.settle(of, outcomes, rule);
    },
    giveBack: (_: unknown, until?: number) => {
      if (lost) throw new Error("Cannot take lease 1 back: it is not out");
      back.push(until);
    },
  });
  const stop = new AbortController();
  const outcomes: Outcome[] = [{ kind: "refused", rid: 0 }];
  const run = async () => {
    await spool.lease("example.test", 1);
    const connection = { dcid: 1, tlsLevel: "preferred", encrypted: false };
    return await settle({ spool: failing, log, clock }, {
      ...connection,
      lease,
      outcomes,
      rule,
      stopping: stop.signal,
    });
  };
  return { spool, clock, lines, tries, back, stop, run };
}

Deno.test("settle: an outcome that cannot be written down is tried again, and not delivered again", async () => {
  const { spool, clock, lines, tries, back, run } = rig(3);
  const running = run();
  await clock.advance(60_000);
  await running;
  assert.deepEqual(tries, [0, 1_000, 3_000, 7_000]);
  assert.equal(spool.settled.length, 1);
  assert.deepEqual(back, []);
  assert.equal(lines[0], "Critical: Cannot write down what became of MID 1: I/O error");
  assert.deepEqual(lines.slice(1).map((line) => line.split(":")[0]), ["Info", "Info"]);
  assert.equal(lines.at(-1), "Info: Message finished MID 1 done");
});

Deno.test("settle: what cannot be written down for minutes goes back to the queue for later", async () => {
  const { clock, lines, tries, back, run } = rig(Infinity);
  const running = run();
  await clock.advance(600_000);
  await running;
  assert.equal(tries.length, 8);
  assert.equal(back.length, 1);
  assert.equal(back[0], Date.UTC(2025, 10, 22, 1, 20) + tries.at(-1)! + 900_000);
  assert.equal(lines.length, 2);
  assert.match(lines[1], /^Critical: Cannot write down .*: I\/O error; it goes back to the queue$/);
});

Deno.test("settle: a lease that the queue does not know any more is told, once", async () => {
  const { clock, lines, run } = rig(Infinity, { lost: true });
  const running = run();
  await clock.advance(600_000);
  await running;
  assert.match(lines.at(-1)!, /; it is tried again after a restart$/);
  assert.equal(lines.length, 2);
});

Deno.test("settle: a shutdown does not wait for it", async () => {
  const { clock, tries, back, stop, run } = rig(Infinity);
  const running = run();
  await clock.advance(2_000);
  stop.abort();
  await running;
  assert.equal(tries.length, 3);
  assert.equal(back.length, 1);
  assert.equal(clock.timers, 0);
  await settled();
});

Deno.test("delivery goes on with other messages while one cannot be settled, and ends in time", async () => {
  await using next = startNextHop();
  const bench = startBench({
    control: { tls: "none", max_connections: 1 },
    routes: { "example.test": [{ host: "127.0.0.1", port: next.port }] },
  }, Array.from({ length: 5 }, () => ({ to: ["b@example.test"] })));
  const { spool } = bench;
  const write = spool.settle.bind(spool);
  spool.settle = (lease, outcomes, rule) =>
    lease.envelope.mid === 2 ? Promise.reject(new Error("I/O error")) : write(lease, outcomes, rule);
  await spool.whenSettled(4);
  assert.equal(next.taken.length, 5);
  const began = performance.now();
  await bench.delivery.stop(60_000);
  assert.ok(performance.now() - began < 30_000);
  assert.equal(spool.givenBack, 1);
  assert.equal(bench.delivery.connections, 0);
});

Deno.test("a queue that cannot be read for a thousand destinations is one Critical line, and one when it can", async () => {
  await using next = startNextHop();
  const bench = startBench({ control: { tls: "none" }, routes: { ".test": [{ host: "127.0.0.1", port: next.port }] } });
  const { spool } = bench;
  const lease = spool.lease.bind(spool);
  let broken = true;
  let failures = 0;
  spool.lease = (destination, count) => {
    if (!broken) return lease(destination, count);
    failures++;
    return Promise.reject(new Error("disk I/O error"));
  };
  for (let n = 0; n < 1_000; n++) spool.add({ to: [`b@d${n}.test`] });
  const trouble = () => bench.lines().filter((line) => line.startsWith("Cannot take mail"));
  await until("a failure for each", () => failures >= 1_000 && trouble().length > 0);
  assert.equal(trouble().length, 1);
  broken = false;
  await spool.whenSettled(1_000);
  assert.equal(trouble().length, 1);
  await bench[Symbol.asyncDispose]();
});
