import assert from "node:assert/strict";
import { calmSamples, Pressure, type PressureKind, sampleMs, sessionsAlways } from "../../src/base/pressure.ts";
import { RepeatedFault } from "../../src/base/repeated_fault.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** A log that keeps `level: text (reason)`. */
function linesLog() {
  const lines: string[] = [];
  const at = (level: string) => ({ text, reason }: { text: string; reason?: string }) =>
    void lines.push(`${level}: ${text} (${reason})`);
  const [critical, warning, info, debug, trace] = ["critical", "warning", "info", "debug", "trace"].map(at);
  return { lines, log: { critical, warning, info, debug, trace } };
}

/** A clock whose samplers come late by `late`, as those of a loop that is busy do. */
class LateClock extends FakeClock {
  late = 0;
  override monotonic(): number {
    return super.monotonic() + this.late;
  }
}

function rig() {
  const clock = new LateClock();
  const { lines, log } = linesLog();
  const machine = { sessions: 0, messages: 0, octets: 1_000, inodes: 1_000, memory: 0 };
  const limits = {
    max_sessions: 50,
    max_memory: 100 * 1048576,
    max_event_loop_lag: 2_000,
    max_queue_messages: 20,
    min_free_disk: 500,
  };
  const pressure = new Pressure({
    clock,
    log,
    limits: () => limits,
    sessions: () => machine.sessions,
    messages: () => machine.messages,
    space: () => machine,
    memory: () => machine.memory,
  });
  return { clock, lines, machine, limits, pressure };
}

type Machine = ReturnType<typeof rig>["machine"];

for (
  const [kind, bad, sways, good, whom, level] of [
    ["memory", { memory: 100 * 1048576 }, { memory: 91 * 1048576 }, { memory: 90 * 1048576 }, "sessions", "critical"],
    ["queue", { messages: 20 }, { messages: 19 }, { messages: 18 }, "mail", "critical"],
    ["disk", { octets: 499 }, { octets: 549 }, { octets: 550 }, "mail", "critical"],
    ["inodes", { inodes: 99 }, { inodes: 109 }, { inodes: 110 }, "mail", "critical"],
  ] as [PressureKind, Partial<Machine>, Partial<Machine>, Partial<Machine>, string, string][]
) {
  Deno.test(`Pressure: ${kind} turns ${whom} away until there is some to spare, with two lines in all`, async () => {
    const { clock, lines, machine, pressure } = rig();
    using _ = pressure;
    const shortage = () => whom === "mail" ? pressure.mailShortage : pressure.sessionShortage(sessionsAlways);
    const other = () => whom === "mail" ? pressure.sessionShortage(sessionsAlways) : pressure.mailShortage;
    await clock.advance(5 * sampleMs);
    assert.equal(shortage(), undefined);
    Object.assign(machine, bad);
    await clock.advance(sampleMs);
    assert.equal(shortage()?.kind, kind);
    assert.equal(other(), undefined);
    assert.equal(pressure.state().healthy, false);
    assert.deepEqual(pressure.state().pressures.map((each) => [each.kind, each.since]), [[kind, clock.now()]]);
    for (let turned = 0; turned < 1_000; turned++) pressure.refused(shortage()!);
    // What sways around the limit is one pressure.
    for (let time = 0; time < 30; time++) {
      Object.assign(machine, time % 2 === 0 ? sways : bad);
      await clock.advance(sampleMs);
      assert.equal(shortage()?.kind, kind);
    }
    Object.assign(machine, good);
    await clock.advance((calmSamples - 1) * sampleMs);
    assert.equal(shortage()?.kind, kind);
    await clock.advance(sampleMs);
    assert.equal(shortage(), undefined);
    assert.deepEqual(pressure.state().pressures, []);
    assert.equal(lines.length, 2, lines.join("\n"));
    assert.match(lines[0], new RegExp(`^${level}: Pressure: .*; .* \\(pressure_${kind}\\)$`));
    assert.match(lines[1], /^warning: Pressure is gone after 33 s: .*; 1000 \w+ were turned away /);
  });
}

Deno.test("Pressure: memory and lag turn nobody away while few sessions run", async () => {
  const { clock, machine, pressure } = rig();
  using _ = pressure;
  machine.memory = 2 ** 40;
  await clock.advance(sampleMs);
  assert.equal(pressure.sessionShortage(sessionsAlways)?.kind, "memory");
  assert.equal(pressure.sessionShortage(sessionsAlways - 1), undefined);
});

Deno.test("Pressure: one stall of the event loop is none, two in a row are", async () => {
  const { clock, lines, pressure } = rig();
  using _ = pressure;
  await clock.advance(sampleMs);
  clock.late += 10_000;
  await clock.advance(5 * sampleMs);
  assert.deepEqual(lines, []);
  for (const late of [2_000, 3_000]) {
    clock.late += late;
    await clock.advance(sampleMs);
  }
  assert.equal(pressure.sessionShortage(sessionsAlways)?.kind, "lag");
  assert.equal(pressure.mailShortage, undefined);
  await clock.advance((calmSamples + 1) * sampleMs);
  assert.equal(pressure.sessionShortage(sessionsAlways), undefined);
  assert.match(lines[0], /^warning: Pressure: the event loop runs too late: 2\.0 s, the limit is 2\.0 s; /);
  assert.equal(lines.length, 2);
});

Deno.test("Pressure: the limit of sessions is kept to the letter, its lines are not", async () => {
  const { clock, lines, machine, limits, pressure } = rig();
  using _ = pressure;
  for (let round = 0; round < 100; round++) {
    const shortage = pressure.sessionShortage(limits.max_sessions);
    assert.equal(shortage?.kind, "sessions");
    pressure.refused(shortage);
    assert.equal(pressure.sessionShortage(limits.max_sessions - 1), undefined, "a place is free");
  }
  assert.equal(lines.length, 1);
  machine.sessions = 10;
  await clock.advance(calmSamples * sampleMs);
  assert.match(lines[1], /: too many sessions; 100 connections were turned away/);
  assert.equal(lines.length, 2);
});

Deno.test("Pressure: a full queue that the sampler has not seen yet is told as such, not as a fault", () => {
  const { lines, machine, pressure } = rig();
  using _ = pressure;
  machine.messages = 20;
  pressure.storeFailed("Cannot store MID 1: 20 are queued, 20 may be", "full");
  assert.equal(lines.length, 1);
  assert.match(lines[0], /too many messages in the queue: 20, the limit is 20; MAIL gets 452/);
  assert.equal(pressure.state().pressures[0].refused, 1);
  machine.messages = 0;
  pressure.storeFailed("Cannot store MID 2: I/O error", "failed");
  assert.equal(lines.length, 1, "the queue is still counted as full");
});

Deno.test("Pressure: new limits count from the next sample on", async () => {
  const { clock, machine, limits, pressure } = rig();
  using _ = pressure;
  machine.messages = 30;
  await clock.advance(sampleMs);
  assert.equal(pressure.mailShortage?.kind, "queue");
  limits.max_queue_messages = 1_000;
  await clock.advance(calmSamples * sampleMs);
  assert.equal(pressure.mailShortage, undefined);
});

Deno.test("RepeatedFault: 100,000 failures within five minutes are five lines, and one when it is gone", async () => {
  const clock = new FakeClock();
  const { lines, log } = linesLog();
  const fault = new RepeatedFault({ clock, log, gone: "Works again" });
  fault.worked();
  for (let second = 0; second < 300; second++) {
    for (let time = 0; time < 333; time++) fault.failed("Cannot do it: no", "it");
    // One that works between those that fail ends nothing.
    fault.worked();
    await clock.advance(1_000);
  }
  assert.equal(lines.length, 5);
  assert.equal(lines[0], "critical: Cannot do it: no (it)");
  assert.equal(lines[1], `critical: Cannot do it: no; ${333 * 60 - 1} more since the last such line (it)`);
  assert.equal(fault.state?.count, 99_900);
  await clock.advance(20_000);
  assert.equal(lines.length, 5, "nobody has tried again");
  fault.worked();
  assert.equal(lines[5], "warning: Works again: 99900 failures within 299 s (it_over)");
  fault.worked();
  assert.equal(lines.length, 6);
  assert.equal(fault.state, undefined);
});

Deno.test("RepeatedFault: what nobody tries any more is over after a minute", async () => {
  const clock = new FakeClock();
  const { lines, log } = linesLog();
  const fault = new RepeatedFault({ clock, log, gone: "Works again" });
  fault.failed("Cannot do it: no", "it");
  await clock.advance(59_000);
  fault.check();
  assert.equal(lines.length, 1);
  await clock.advance(1_000);
  fault.check();
  assert.deepEqual(lines.slice(1), ["warning: Works again: 1 failure within 0 s (it_over)"]);
});
