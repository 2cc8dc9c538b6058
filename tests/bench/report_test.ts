import assert from "node:assert/strict";
import type { Run } from "./measure.ts";
import { median, ratios, report } from "./report.ts";

function run(target: string, round: number, rates: { accepted: number; delivered: number; cpu: number }): Run {
  return {
    at: "2026-01-01T00:00:00Z",
    target,
    scenario: "S1a",
    round,
    ok: true,
    cpuProbeMs: 1,
    fsyncMs: 1,
    foreign: 0,
    peakRss: 0,
    cpu: rates.cpu,
    acceptRate: rates.accepted,
    deliverRate: rates.delivered,
    load: {
      why: "complete",
      accepted: 1000,
      handshakes: 0,
      fails: 0,
      lost_held: 0,
      t0_ns: 0,
      t_last_ns: 1,
      total_s: 1,
      lat_ms: { p50: 1, p95: 1, p99: 1, max: 1 },
      tls: "",
      cpu_s: 0,
      samples: [],
    },
  };
}

Deno.test("median takes the middle, the mean of two middles, and nothing of nothing", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.equal(median([5, undefined, NaN]), 5);
  assert.ok(Number.isNaN(median([])));
});

Deno.test("ratios compares within a round, so that a slow round does not count as a slow target", () => {
  const runs = [
    run("postfix", 0, { accepted: 1000, delivered: 500, cpu: 2 }),
    run("postern", 0, { accepted: 2000, delivered: 1500, cpu: 1 }),
    run("postfix", 1, { accepted: 100, delivered: 50, cpu: 4 }),
    run("postern", 1, { accepted: 200, delivered: 150, cpu: 2 }),
    run("postern", 2, { accepted: 9000, delivered: 9000, cpu: 9 }),
  ];
  assert.match(ratios(runs, "postfix"), /\| S1a \| postern \| 2\.00 \| 3\.00 \| 0\.50 \| 2 \|/);
});

Deno.test("report leaves failed runs out of the medians and counts them", () => {
  const failed: Run = { ...run("postern", 1, { accepted: 1, delivered: 1, cpu: 1 }), ok: false };
  assert.match(
    report([run("postern", 0, { accepted: 2000, delivered: 1500, cpu: 1 }), failed]),
    /\| postern \| 2,000 \| 1,500 \| 1,500 to 1,500 \| 1\.00 .* \| 1\/2 \|/,
  );
});
