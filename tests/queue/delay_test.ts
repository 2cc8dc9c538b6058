/**
 * Delay warnings, and recipients that are held back: what is counted, told and kept.
 */
import assert from "node:assert/strict";
import { seededRandom } from "../../src/base/random.ts";
import type { Notify } from "../../src/mail/envelope.ts";
import type { RetryRule } from "../../src/queue/spool.ts";
import { planSettlement } from "../../src/queue/settlement.ts";
import { parsedReport } from "../support/dsn.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { deferred, delivered, leaseOne, put, refused, rule, World } from "./world.ts";

const hour = 3_600_000;
const warning: RetryRule = { ...rule, send_delay_warning: true, delay_warning_after: 4 * hour };

Deno.test("planSettlement warns by age, NOTIFY, sender, and whether it was done", () => {
  const cases: [
    string,
    { age?: number; notify?: Notify[]; sender?: string; warned?: true; rule?: RetryRule },
    { reported: boolean; pause: number },
  ][] = [
    ["too young: the next attempt is when it is old enough", { age: 4 * hour - 1_000 }, {
      reported: false,
      pause: 1_000,
    }],
    ["old enough", {}, { reported: true, pause: hour }],
    ["NOTIFY=DELAY", { notify: ["DELAY"] }, { reported: true, pause: hour }],
    ["NOTIFY=FAILURE", { notify: ["FAILURE"] }, { reported: false, pause: hour }],
    ["NOTIFY=NEVER", { notify: ["NEVER"] }, { reported: false, pause: hour }],
    ["NOTIFY=NEVER, young", { notify: ["NEVER"], age: 4 * hour - 1_000 }, { reported: false, pause: hour }],
    ["the null sender", { sender: "" }, { reported: false, pause: hour }],
    ["told already", { warned: true }, { reported: false, pause: hour }],
    ["told already, and the clock went back", { warned: true, age: 0 }, { reported: false, pause: hour }],
    ["switched off", { rule: { ...warning, send_delay_warning: false } }, { reported: false, pause: hour }],
    ["never said", { rule }, { reported: false, pause: hour }],
  ];
  const middle = { ...seededRandom(1), fraction: () => 0.5 };
  for (const [name, { age = 4 * hour, notify, sender = "a@example.com", warned, rule = warning }, expected] of cases) {
    const recipient = { rid: 0, address: "b@example.test", ...notify && { notify }, ...warned && { warned } };
    const envelope = { mid: 1, sender, eightBit: false, smtputf8: false, receivedAt: 0 };
    const plan = planSettlement(
      { envelope, recipients: [recipient], attempts: 9, outcomes: [deferred(0)], age },
      rule,
      middle,
    );
    const { reported, pause } = plan;
    assert.deepEqual({ reported: reported.length > 0, pause }, expected, name);
    assert.deepEqual(reported.map(({ action }) => action), expected.reported ? ["delayed"] : [], name);
  }
});

Deno.test("DurableSpool.settle sends one delay warning for each recipient, over restarts too, and a bounce at the end", async () => {
  await using world = new World();
  const clock = new FakeClock();
  const receivedAt = clock.now();
  const first = await world.open(clock);
  const to = [
    "slow@example.test",
    { address: "quiet@example.test", notify: ["FAILURE" as const] },
    "gone@example.test",
  ];
  const mid = await put(first, { to, receivedAt, envid: "QQ314159", text: "Subject: secret\r\n\r\nthe body\r\n" });
  const early = await first.settle(await leaseOne(first), [0, 1, 2].map(deferred), warning);
  assert.deepEqual([early.report, first.messages], [undefined, 1]);
  await clock.advance(4 * hour);
  const late = await settling(
    clock,
    first.settle(await leaseOne(first), [deferred(0), deferred(1), refused(2)], warning),
  );
  assert.ok(typeof late.report === "object");
  assert.deepEqual([late.report.about, late.finished, late.bounced.length], ["failed", false, 1]);
  const report = await leaseOne(first, "example.com");
  const { fields, status, parts } = parsedReport(report.held!);
  assert.equal(fields.subject, "Undelivered mail returned to sender");
  assert.equal(status[0]["original-envelope-id"], "QQ314159");
  assert.deepEqual(status.slice(1).map((each) => [each["final-recipient"], each.action, each.status]), [
    ["rfc822; slow@example.test", "delayed", "4.4.1"],
    ["rfc822; gone@example.test", "failed", "5.1.1"],
  ]);
  assert.equal(status[1]["will-retry-until"], "Tue, 25 Nov 2025 01:20:00 +0000");
  assert.ok(!("will-retry-until" in status[2]));
  assert.match(
    parts[0].body,
    /could not be delivered yet[^]*slow@example\.test[^]*It will be tried until Tue, 25 Nov 2025/,
  );
  await first.settle(report, [delivered(0)], rule);
  await clock.advance(100);
  await first.close();

  // The mark is in the row that the same transaction wrote: a restart repeats nothing.
  const second = await world.open(clock);
  await clock.advance(4 * hour);
  const again = await leaseOne(second);
  assert.deepEqual(again.recipients.map(({ address, warned }) => [address, warned]), [
    ["slow@example.test", true],
    ["quiet@example.test", undefined],
  ]);
  const silent = await second.settle(again, [deferred(0), deferred(1)], warning);
  assert.deepEqual([silent.report, silent.bounced], [undefined, []]);
  await clock.advance(72 * hour);
  const end = await settling(clock, second.settle(await leaseOne(second), [deferred(0), deferred(1)], warning));
  assert.ok(typeof end.report === "object");
  assert.deepEqual([end.finished, end.report.about], [true, "failed"]);
  const bounce = parsedReport((await leaseOne(second, "example.com")).held!);
  assert.deepEqual(bounce.status.slice(1).map(({ action, status }) => [action, status]), [
    ["failed", "5.4.7"],
    ["failed", "5.4.7"],
  ]);
  assert.equal(mid, 1);
});

Deno.test("DurableSpool.settle: a delay warning has the header only, whatever RET says, and is told as what it is", async () => {
  await using world = new World();
  const clock = new FakeClock();
  const spool = await world.open(clock);
  await put(spool, { receivedAt: clock.now() - 5 * hour, ret: "FULL", text: "Subject: secret\r\n\r\nthe body\r\n" });
  const settled = await settling(clock, spool.settle(await leaseOne(spool), [deferred(0)], warning));
  assert.ok(typeof settled.report === "object");
  assert.equal(settled.report.about, "delayed");
  assert.deepEqual(settled.deferred?.outcomes, [deferred(0)]);
  const { fields, parts } = parsedReport((await leaseOne(spool, "example.com")).held!);
  assert.equal(fields.subject, "Delayed mail, still being tried");
  assert.deepEqual([parts[2].type, parts[2].body.trim()], ["text/rfc822-headers", "Subject: secret"]);
  assert.doesNotMatch(parts.map(({ body }) => body).join(), /the body/);
});

Deno.test("DurableSpool.settle: recipients that were held back cost no attempt and come back in time", async () => {
  await using world = new World();
  const clock = new FakeClock();
  const spool = await world.open(clock);
  await put(spool, { receivedAt: clock.now(), to: [0, 1, 2].map((n) => `u${n}@example.test`) });
  const strict = { ...rule, max_retries: 0 };
  const lease = await leaseOne(spool);
  const held = await spool.settle(lease, [delivered(0)], { ...strict, held: 40_000 });
  assert.deepEqual([held.finished, held.bounced, held.deferred?.outcomes], [false, [], []]);
  await clock.advance(39_000);
  assert.equal((await spool.lease("example.test", 1)).length, 0, "not yet");
  await clock.advance(1_100);
  const again = await leaseOne(spool);
  assert.deepEqual([again.attempts, again.recipients.map(({ rid }) => rid)], [0, [1, 2]]);
  // Some held, some deferred: the deferred ones had their attempt, and are not tried in the rhythm of the limit.
  const mixed = await spool.settle(again, [deferred(1)], { ...rule, initial_retry: 10 * 60_000, held: 40_000 });
  await clock.advance(41_000);
  assert.equal((await spool.lease("example.test", 1)).length, 0);
  await clock.advance(12 * 60_000);
  const last = await leaseOne(spool);
  assert.deepEqual([last.attempts, last.recipients.map(({ rid }) => rid)], [1, [1, 2]]);
  assert.equal(mixed.finished, false);
  assert.equal((await spool.settle(last, [delivered(1), delivered(2)], strict)).finished, true);
});

/** A report is made and written while the clock goes on. */
async function settling<T>(clock: FakeClock, settled: Promise<T>): Promise<T> {
  let done = false;
  const end = settled.finally(() => done = true);
  for (let turn = 0; !done && turn < 5_000; turn++) {
    await clock.advance(1);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return await end;
}
