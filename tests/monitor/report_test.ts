/**
 * The report over all domains: order, filter, pages, and that it holds nobody up.
 */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { systemClock } from "../../src/base/clock.ts";
import { type CountName, hourMs, noCounts } from "../../src/monitor/counts.ts";
import { type ReportQuestion, Reports } from "../../src/monitor/report.ts";
import { MonitorStore, reportPage } from "../../src/monitor/store.ts";

const until = 100 * hourMs;
const question: ReportQuestion = {
  direction: "outbound",
  since: until - 23 * hourMs,
  until,
  filter: "",
  order: "connections",
  descending: true,
  offset: 0,
  count: 10,
};

function row(domain: string, counts: Partial<Record<CountName, number>>, hour = until) {
  return { hour, direction: "outbound" as const, domain, counts: { ...noCounts(), ...counts } };
}

async function withStore(run: (path: string, store: MonitorStore) => void | Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "postern-report-" });
  try {
    using store = new MonitorStore(`${folder}/monitor.db`);
    await run(`${folder}/monitor.db`, store);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("reportPage sorts, filters and pages, over the sums of the span", () =>
  withStore((path, store) => {
    const at = until;
    const value = {
      at,
      result: "failed" as const,
      demand: "required",
      protocol: "",
      cipher: "",
      verified: false,
      reason: "no_starttls",
      text: "not offered",
      peer: "192.0.2.1",
    };
    store.write({
      buckets: [
        row("a.example", { connections: 3, tls_preferred_success: 3, messages: 9 }),
        row("a.example", { connections: 4, clear: 1, tls_preferred_success: 3 }, until - hourMs),
        row("a.example", { connections: 1_000 }, until - 30 * hourMs),
        row("b.example", { connections: 5, clear: 5 }),
        row("c.test", { connections: 1, tls_required_failed: 1 }),
      ],
      tls: [{ direction: "outbound", domain: "c.test", value }],
      refusals: [],
    });
    const db = new DatabaseSync(path, { readOnly: true });
    const page = (more: Partial<ReportQuestion>) => reportPage(db, { ...question, ...more });
    const domains = (more: Partial<ReportQuestion>) => page(more).rows.map(({ domain }) => domain);
    assert.deepEqual(domains({}), ["a.example", "b.example", "c.test"]);
    assert.deepEqual(page({}).rows[0].counts.connections, 7);
    assert.deepEqual(domains({ order: "domain", descending: true }), ["c.test", "b.example", "a.example"]);
    assert.deepEqual(domains({ order: "share", descending: false }), ["b.example", "a.example", "c.test"]);
    assert.deepEqual(domains({ order: "failed" })[0], "c.test");
    assert.deepEqual(domains({ filter: "example" }), ["a.example", "b.example"]);
    assert.deepEqual(domains({ filter: "%" }), []);
    assert.deepEqual(domains({ direction: "inbound" }), []);
    assert.deepEqual([domains({ count: 2 }), page({ count: 2 }).more], [["a.example", "b.example"], true]);
    assert.deepEqual([domains({ count: 2, offset: 2 }), page({ count: 2, offset: 2 }).more], [["c.test"], false]);
    assert.deepEqual(page({ filter: "c.test" }).rows[0].last, value);
    assert.equal(page({}).rows[0].last, undefined);
    db.close();
  }));

Deno.test("Reports makes a page of 100,000 domains without holding the gateway's own thread up", () =>
  withStore(async (path, store) => {
    for (let at = 0; at < 100_000; at += 10_000) {
      const buckets = Array.from(
        { length: 10_000 },
        (_, index) => row(`d${at + index}.example`, { connections: at + index }),
      );
      store.write({ buckets, tls: [], refusals: [] });
    }
    const monitor = { read: <T>(query: (of: MonitorStore) => T) => query(store) } as never;
    const reports = new Reports({ monitor, clock: systemClock, directory: path.slice(0, -"/monitor.db".length) });
    let turns = 0;
    const timer = systemClock.every(10, () => void turns++);
    const page = await reports.page({ ...question, count: 50, offset: 99_900 });
    timer.cancel();
    assert.equal(page?.rows.length, 50);
    assert.equal(page?.rows[0].domain, "d99.example");
    assert.ok(turns > 3, `the loop turned ${turns} times meanwhile`);
  }));
