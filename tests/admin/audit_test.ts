/**
 * The audit log searched: by who, what, outcome and time; over files that were rotated; page by page.
 *
 * @module
 */
import assert from "node:assert/strict";
import { findAudit, scanOctets } from "../../src/admin/audit_search.ts";

const begin = Date.UTC(2026, 0, 1);
const minute = 60_000;

/** A line, one a minute from `begin` on. */
function lineOf(index: number, more: Record<string, unknown> = {}): string {
  const time = new Date(begin + index * minute).toISOString();
  return `${JSON.stringify({ time, action: "queue.delete", ok: index % 3 > 0, user: `user${index % 5}`, ...more })}\n`;
}

function linesOf(from: number, to: number, more?: Record<string, unknown>): string {
  return Array.from({ length: to - from }, (_, index) => lineOf(from + index, more)).join("");
}

async function logs(...files: string[]): Promise<{ path: string; folder: string } & AsyncDisposable> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/audit.log`;
  for (const [age, text] of files.entries()) await Deno.writeTextFile(age === 0 ? path : `${path}.${age}`, text);
  return { path, folder, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

const indexOf = (line: { time: string }) => (Date.parse(line.time) - begin) / minute;

Deno.test("findAudit: finds nothing where there is no file, and leaves out what is no line", async () => {
  await using none = await logs();
  assert.deepEqual(await findAudit(none.path, {}, 10), { lines: [] });
  await using odd = await logs(`{"time":"x"\n\n[]\n${lineOf(1)}null\n"x"\n${lineOf(2)}{"time":"2026`);
  assert.deepEqual((await findAudit(odd.path, {}, 10)).lines.map(indexOf), [2, 1]);
});

Deno.test("findAudit: goes through all files from the end back, whatever the size of a page", async () => {
  await using at = await logs(linesOf(1_500, 2_000), linesOf(700, 1_500), linesOf(0, 700));
  for (const count of [1_999, 700, 333]) {
    const found: number[] = [];
    let cursor: string | undefined;
    do {
      const { lines, next } = await findAudit(at.path, { cursor }, count);
      assert.ok(lines.length <= count);
      found.push(...lines.map(indexOf));
      cursor = next;
    } while (cursor !== undefined);
    assert.deepEqual(found, Array.from({ length: 2_000 }, (_, index) => 1_999 - index), `pages of ${count}`);
  }
});

Deno.test("findAudit: lines that come and a rotation between two pages shift nothing", async () => {
  await using at = await logs(linesOf(0, 300));
  const first = await findAudit(at.path, {}, 100);
  await Deno.writeTextFile(at.path, linesOf(300, 350), { append: true });
  const second = await findAudit(at.path, { cursor: first.next }, 100);
  await Deno.rename(at.path, `${at.path}.1`);
  await Deno.writeTextFile(at.path, linesOf(350, 400));
  const third = await findAudit(at.path, { cursor: second.next }, 100);
  const all = [first, second, third].flatMap(({ lines }) => lines.map(indexOf));
  assert.deepEqual(all, Array.from({ length: 300 }, (_, index) => 299 - index));
  await Deno.remove(`${at.path}.1`);
  assert.deepEqual(await findAudit(at.path, { cursor: second.next }, 100), { lines: [] });
  for (const cursor of ["", "x", "1-1", "-", "99999999999999999999-9"]) {
    assert.deepEqual((await findAudit(at.path, { cursor }, 100)).lines, [], cursor);
  }
});

Deno.test("findAudit: by who, what, outcome and time, and by all of them", async () => {
  const own = lineOf(900, { user: "Ann", address: "192.0.2.7", action: "config.commit", target: "x", detail: "MIND" });
  await using at = await logs(own + linesOf(901, 1_000), linesOf(0, 900));
  const find = async (wanted: Parameters<typeof findAudit>[1]) =>
    (await findAudit(at.path, wanted, 2_000)).lines.map(indexOf);
  for (const wanted of [{ who: "ann" }, { who: "2.0.2" }, { what: "CONFIG." }, { what: "mind" }]) {
    assert.deepEqual(await find(wanted), [900], JSON.stringify(wanted));
  }
  assert.deepEqual(await find({ who: "nobody" }), []);
  assert.equal((await find({ ok: false })).length, 334);
  const since = begin + 890 * minute;
  assert.deepEqual(await find({ since, until: since + 5 * minute }), [895, 894, 893, 892, 891, 890]);
  assert.deepEqual(await find({ until: begin + minute }), [1, 0]);
  const all = { since, until: since + 20 * minute, who: "user1", ok: true };
  assert.deepEqual(await find(all), [901, 896]);
});

Deno.test("findAudit: one search reads no more than its bound, and a time is found without reading up to it", async () => {
  const detail = "x".repeat(400);
  await using at = await logs(linesOf(0, 20_000, { detail }));
  const { size } = await Deno.stat(at.path);
  assert.ok(size > 2 * scanOctets);
  const first = await findAudit(at.path, { who: "nobody" }, 10);
  assert.equal(first.lines.length, 0);
  assert.ok(size - Number(first.next!.split("-")[1]) < scanOctets + 65_536);
  let pages = 1;
  for (let { next } = first; next !== undefined; pages++) {
    ({ next } = await findAudit(at.path, { who: "nobody", cursor: next }, 10));
  }
  assert.equal(pages, Math.ceil(size / scanOctets));
  const { lines } = await findAudit(at.path, { until: begin + 5 * minute }, 3);
  assert.deepEqual(lines.map(indexOf), [5, 4, 3]);
});
