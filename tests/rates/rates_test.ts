import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { Note } from "../../src/base/repeated_fault.ts";
import { LineLog } from "../../src/base/log.ts";
import { hourMs } from "../../src/rates/hourly_counts.ts";
import { KeptRates, writeMs } from "../../src/rates/rates.ts";
import { FakeClock } from "../support/fake_clock.ts";

interface World {
  directory: string;
  path: string;
  lines: string[];
  /** A process that starts at a wall time. */
  open: (wall?: number) => { clock: FakeClock; rates: KeptRates };
}

const start = Date.UTC(2026, 0, 1);

async function withFolder(body: (world: World) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "postern-rates-" });
  const lines: string[] = [];
  const log = new LineLog<Note>({
    level: "info",
    format: "text",
    render: ({ text }) => text,
    now: () => start,
    sinks: [{ write: (line) => void lines.push(line.replace(/^.*? \d{4} /, "").trimEnd()), flush: () => {} }],
  });
  const open = (wall = start) => {
    const clock = new FakeClock(wall);
    return { clock, rates: new KeptRates({ directory, clock, log }) };
  };
  try {
    await body({ directory, path: `${directory}/rates.db`, lines, open });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("KeptRates outlive a process that stops, for what is left of the hour", () =>
  withFolder(async ({ open, lines }) => {
    const first = open();
    for (let each = 0; each < 20; each++) first.rates.recipients.add("192.0.2.7");
    first.rates.senders.add("a@example.test");
    first.rates.invalid.add("2001:db8::/64");
    first.rates.auth.add("192.0.2.8");
    await first.clock.advance(600_000);
    first.rates[Symbol.dispose]();
    assert.equal(first.clock.timers, 0);

    const second = open(start + 1_200_000);
    assert.equal(second.rates.recipients.count("192.0.2.7"), 20);
    assert.equal(second.rates.senders.count("a@example.test"), 1);
    assert.equal(second.rates.invalid.count("2001:db8::/64"), 1);
    assert.equal(second.rates.auth.count("192.0.2.8"), 1);
    assert.equal(second.rates.auth.count("192.0.2.7"), 0, "kinds are apart");
    await second.clock.advance(hourMs - 1_200_000 - 10);
    assert.equal(second.rates.recipients.count("192.0.2.7"), 20);
    await second.clock.advance(20);
    assert.equal(second.rates.recipients.count("192.0.2.7"), 0);
    second.rates[Symbol.dispose]();
    assert.deepEqual(lines, []);
  }));

Deno.test("KeptRates lose at most the last seconds of a process that is killed", () =>
  withFolder(async ({ open }) => {
    const first = open();
    first.rates.recipients.add("written");
    await first.clock.advance(writeMs);
    first.rates.recipients.add("lost");
    // Nothing is closed: this is what a dead process leaves.
    const second = open(start + 5_000);
    assert.equal(second.rates.recipients.count("written"), 1);
    assert.equal(second.rates.recipients.count("lost"), 0);
    second.rates[Symbol.dispose]();
    first.rates[Symbol.dispose]();
  }));

Deno.test("KeptRates forget in the file what is forgotten in memory", () =>
  withFolder(async ({ open, path }) => {
    const { rates, clock } = open();
    rates.recipients.add("a");
    await clock.advance(writeMs);
    await clock.advance(hourMs);
    rates[Symbol.dispose]();
    using db = new DatabaseSync(path, { readOnly: true });
    assert.equal(db.prepare("SELECT count(*) AS n FROM rate").get()?.n, 0);
  }));

Deno.test("KeptRates write many changes in pieces, all of them", () =>
  withFolder(async ({ open }) => {
    const first = open();
    for (let each = 0; each < 12_000; each++) first.rates.senders.add(`s${each}@example.test`);
    await first.clock.advance(writeMs + 200);
    const second = open();
    assert.equal(second.rates.senders.size, 12_000);
    second.rates[Symbol.dispose]();
    first.rates[Symbol.dispose]();
  }));

// deno-fmt-ignore
const jumps: [name: string, whileRunning: number, between: number][] = [
  ["no jump",                           0,           0],
  ["a day forward while it runs",       86_400_000,  86_400_000],
  ["a day back while it runs",         -86_400_000, -86_400_000],
  ["a day back between two processes",  0,          -86_400_000],
];

for (const [name, running, between] of jumps) {
  Deno.test(`KeptRates lock nobody out for longer than an hour, nor out of turn: ${name}`, () =>
    withFolder(async ({ open }) => {
      const first = open();
      first.rates.invalid.add("a");
      await first.clock.advance(5_000);
      first.clock.jump(running);
      await first.clock.advance(5_000);
      first.rates.invalid.add("a");
      await first.clock.advance(writeMs);
      first.rates[Symbol.dispose]();
      const second = open(start + 12_000 + between);
      assert.equal(second.rates.invalid.count("a"), 2);
      await second.clock.advance(hourMs - 20_000);
      assert.equal(second.rates.invalid.count("a"), 2);
      await second.clock.advance(20_000);
      assert.equal(second.rates.invalid.count("a"), 0);
      second.rates[Symbol.dispose]();
    }));
}

Deno.test("KeptRates believe a clock that was set forward between two processes: the hour may be over", () =>
  withFolder(async ({ open }) => {
    const first = open();
    first.rates.invalid.add("a");
    await first.clock.advance(writeMs);
    first.rates[Symbol.dispose]();
    const second = open(start + 86_400_000);
    assert.equal(second.rates.invalid.count("a"), 0);
    second.rates[Symbol.dispose]();
  }));

for (
  const [what, damage] of [
    ["is no database", (path: string) => Deno.writeTextFileSync(path, "not a database".repeat(1_000))],
    ["is cut off", (path: string) => Deno.truncateSync(path, 5_000)],
    ["has other tables", (path: string) => {
      using db = new DatabaseSync(path);
      db.exec("DROP TABLE rate; CREATE TABLE rate (x INTEGER) STRICT");
    }],
    ["is of a later version", (path: string) => {
      using db = new DatabaseSync(path);
      db.exec("PRAGMA user_version = 99");
    }],
  ] as [string, (path: string) => void][]
) {
  Deno.test(`KeptRates set a file aside that ${what}, and begin anew`, () =>
    withFolder(async ({ open, path, lines }) => {
      const first = open();
      for (let each = 0; each < 500; each++) first.rates.recipients.add(`198.51.100.${each}`);
      await first.clock.advance(writeMs);
      first.rates[Symbol.dispose]();
      damage(path);
      const second = open();
      assert.match(
        lines.join("\n"),
        /^Warning: Limits per hour begin anew: \S+rates\.db could not be read and is \S+\.damaged now: /,
      );
      assert.ok(Deno.statSync(`${path}.damaged`).isFile);
      assert.equal(second.rates.recipients.count("198.51.100.1"), 0);
      second.rates.recipients.add("a");
      second.rates[Symbol.dispose]();
      const third = open();
      assert.equal(third.rates.recipients.count("a"), 1);
      third.rates[Symbol.dispose]();
      assert.equal(lines.length, 1);
    }));
}

Deno.test("KeptRates count in memory where there is no file to be had", () =>
  withFolder(async ({ open, path, lines }) => {
    Deno.mkdirSync(path);
    Deno.mkdirSync(`${path}.damaged`);
    Deno.writeTextFileSync(`${path}.damaged/x`, "");
    const { rates, clock } = open();
    assert.match(lines[0], /^Warning: Limits per hour will not outlive this process: cannot open /);
    assert.equal(rates.recipients.add("a"), 1);
    await clock.advance(writeMs);
    assert.equal(rates.recipients.count("a"), 1);
    rates[Symbol.dispose]();
  }));

Deno.test("KeptRates tell a file that cannot be written, and write everything when it can be again", () =>
  withFolder(async ({ open, path, lines }) => {
    const first = open();
    first.rates.recipients.add("before");
    await first.clock.advance(writeMs);
    {
      using other = new DatabaseSync(path);
      other.exec("BEGIN IMMEDIATE");
      first.rates.recipients.add("during");
      await first.clock.advance(writeMs);
      other.exec("ROLLBACK");
    }
    assert.match(lines[0], /^Critical: Cannot write limits per hour down: .*locked/);
    assert.equal(first.rates.recipients.count("during"), 1);
    first.rates.recipients.add("after");
    await first.clock.advance(60_000);
    const second = open();
    for (const key of ["before", "during", "after"]) assert.equal(second.rates.recipients.count(key), 1, key);
    assert.match(lines[1], /^Warning: Limits per hour are written down again/);
    second.rates[Symbol.dispose]();
    first.rates[Symbol.dispose]();
  }));
