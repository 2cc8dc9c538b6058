/**
 * A wall clock that jumps: nothing is stuck, and nothing is given up before its time.
 *
 * What is right: due times follow the clock forward, so that a retry may come early, and never follow it back; the age that
 * ends a message follows no jump at all. `src/queue/queue_clock.ts` says why.
 *
 * @module
 */
import assert from "node:assert/strict";
import { countOf, until } from "../gateway/rig.ts";
import { pause } from "../support/gateway_process.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { Ledger, sendLoad, startLedgerSink } from "../support/ledger.ts";
import { peerTest } from "../support/peers.ts";
import { deferred, put, World } from "../queue/world.ts";
import { assertEmptyQueue, emptied, mixedShape, settleBooks, startRig } from "./rig.ts";

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];
const rule = { max_retries: 1000, max_queue_time: 12 * hour, initial_retry: 10 * minute, max_retry_interval: hour };
const step = 5 * minute;
/** A retry's pause may be a fifth longer than its interval; an alarm looks at the clock once a minute. */
const longestWait = 1.2 * rule.max_retry_interval + 2 * step;

const jumps: [name: string, first: number, second: number][] = [
  ["forward a day, for good", day, 0],
  ["forward a day, and back after an hour", day, -day],
  ["back a day, for good", -day, 0],
  ["back a day, and forward after an hour", -day, day],
];

for (const [name, first, second] of jumps) {
  Deno.test(`DurableSpool with a clock that goes ${name}: tries within the interval, bounces at its time and not before`, async () => {
    await using world = new World();
    const clock = new FakeClock();
    const spool = await world.open(clock);
    const due: string[] = [];
    spool.onDue((destination) => void due.push(destination));
    await put(spool, { receivedAt: clock.now() });
    let [passed, lastTry, longest, tries] = [0, 0, 0, 0];
    let bouncedAt = NaN;
    for (; passed < 14 * hour && Number.isNaN(bouncedAt); passed += step) {
      // One jump in the first hour, one an hour later.
      if (passed === 30 * minute) clock.jump(first);
      if (passed === 90 * minute) clock.jump(second);
      await clock.advance(step);
      if (due.splice(0).length === 0) continue;
      for (const lease of await spool.lease("example.test", 10)) {
        if (lease.envelope.sender === "") continue;
        longest = Math.max(longest, passed - lastTry);
        [lastTry, tries] = [passed, tries + 1];
        const { bounced } = await spool.settle(lease, [deferred(0)], rule);
        if (bounced.length > 0) bouncedAt = passed;
      }
    }
    assert.ok(Math.abs(bouncedAt - rule.max_queue_time) <= 2 * step, `bounced after ${bouncedAt / hour} h`);
    assert.ok(longest <= longestWait, `${longest / minute} minutes without a try`);
    assert.ok(tries >= 10 && tries < 30, `${tries} tries`);
  });
}

Deno.test("DurableSpool after a restart with a clock that is a day ahead or behind: nothing waits longer than the interval", async () => {
  for (const jump of [day, -day, -30 * day]) {
    await using world = new World();
    const clock = new FakeClock();
    const spool = await world.open(clock);
    await put(spool, { receivedAt: clock.now() });
    const [lease] = await spool.lease("example.test", 1);
    await spool.settle(lease, [deferred(0)], { ...rule, max_queue_time: 90 * day });
    await clock.advance(minute);
    await spool.close();
    clock.jump(jump);
    const again = await world.open(clock);
    await clock.advance(longestWait);
    assert.equal((await again.lease("example.test", 1)).length, 1, `after a jump of ${jump / day} days`);
  }
});

const library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/** The test's peers; libfaketime has no command of its own, its library is what counts. */
peerTest(
  [],
  "a gateway whose clock jumps a day forward, back, and a day behind: no bounce, all is tried and delivered",
  async () => {
    if (!await Deno.stat(library).then(() => true, () => false)) {
      if (Deno.env.get("CI") !== undefined) throw new Error("Cannot test: libfaketime is missing; run tests/setup.sh");
      console.error("skipped: libfaketime is missing; run tests/setup.sh");
      return;
    }
    const folder = await Deno.makeTempDir({ prefix: "postern-time-" });
    try {
      const offset = (text: string) => Deno.writeTextFile(`${folder}/offset`, text);
      await offset("+0");
      const ledger = new Ledger();
      await using sink = startLedgerSink(ledger);
      let tried = 0;
      let defers = true;
      sink.answer = () => {
        tried++;
        return defers ? "451 4.3.0 later" : "250 ok";
      };
      await using gateway = await startRig({
        sink,
        env: {
          LD_PRELOAD: library,
          FAKETIME_TIMESTAMP_FILE: `${folder}/offset`,
          FAKETIME_NO_CACHE: "1",
          FAKETIME_DONT_FAKE_MONOTONIC: "1",
          DONT_FAKE_MONOTONIC: "1",
        },
        more: {
          logs: { level: "info" },
          bounce_profiles: {
            default: { initial_retry: "1s", max_retry_interval: "1s", max_retries: 1000, max_queue_time: "6h" },
          },
        },
      });
      const today = dayOf(gateway.log);
      const load = { ledger, sessions: 2, shape: mixedShape };
      const more = async (count: number) => {
        const wanted = ledger.acknowledged.size + count;
        await sendLoad(gateway.ports.inbound, { ...load, more: () => ledger.acknowledged.size < wanted });
      };
      await more(10);
      for (const jump of ["+1d", "+0", "-1d", "+0"]) {
        const before = tried;
        await offset(jump);
        await more(3);
        await until(`tries after ${jump}`, () => tried > before + 20);
        await pause(300);
        if (jump !== "+0") assert.notEqual(dayOf(gateway.log), today, "the gateway's clock did not jump");
      }
      defers = false;
      await ledger.drained(60_000);
      settleBooks(ledger, "clock jumps", gateway);
      assert.equal(countOf(gateway.log, /Bounced: /), 0);
      await emptied(`${gateway.folder}/data`);
      assert.equal((await gateway.stop()).code, 0);
      assertEmptyQueue(`${gateway.folder}/data`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

/** The day of the last line of a log: `Sun Nov 22`. */
function dayOf(log: string): string {
  return log.trimEnd().split("\n").at(-1)!.slice(0, 10);
}
