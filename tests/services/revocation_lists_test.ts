/**
 * Revocation lists from URLs: what is taken, what is refused, when they are fetched, and what the log says.
 *
 * @module
 */
import assert from "node:assert/strict";
import { octets } from "../../src/base/octets.ts";
import { seededRandom } from "../../src/base/random.ts";
import { Kept } from "../../src/certs/kept.ts";
import type { Config } from "../../src/config/config.ts";
import type { Fetched, FetchWish } from "../../src/services/fetch_bounded.ts";
import { RevocationLists } from "../../src/services/revocation_lists.ts";
import { type Authority, makeAuthority, makeLeaf, makeRevocationList } from "../support/certs.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { until } from "../gateway/rig.ts";
import { Lines } from "../queue/world.ts";
import { engine, trustIn } from "../support/tls_world.ts";

const dir = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(dir, { recursive: true }));
const ca = await makeAuthority(dir);
const hour = 3_600_000;
const url = "http://crl.example.test/ca.crl";

const listOf = (from: number, end: number, by: Authority = ca) =>
  makeRevocationList(by, { revoked: [], from: new Date(from), until: new Date(end) });

/** Lists on a clock of their own; what a fetch gives is the test's. */
class Rig implements AsyncDisposable {
  readonly clock = new FakeClock(Math.floor(Date.now() / 1000) * 1000);
  readonly log = new Lines();
  readonly asked: FetchWish[] = [];
  renewed = 0;
  answer: string | Error | 304 = new Error("Connection refused");
  headers: Record<string, string> = {};
  readonly directory = Deno.makeTempDirSync({ dir });
  readonly lists: RevocationLists;
  sources: string[];

  constructor(sources = [url]) {
    this.sources = sources;
    Deno.mkdirSync(`${this.directory}/certificates`);
    const { clock, log } = this;
    this.lists = new RevocationLists({
      clock,
      log,
      random: seededRandom(1),
      engine,
      config: () =>
        ({
          storage: { directory: this.directory },
          certificate_authorities: { crls: this.sources },
        }) as unknown as Config,
      trust: () => trust,
      renew: () => Promise.resolve(void this.renewed++),
      fetch: (wish) => {
        this.asked.push(wish);
        return this.#answered();
      },
    });
  }

  get kept(): Kept {
    return new Kept(this.directory, "crls");
  }

  /** Lets time pass, and waits until a fetch more was made and written down. */
  async fetchAfter(ms: number): Promise<void> {
    const before = this.asked.length;
    await this.clock.advance(ms);
    // A look that found nothing may have been under way.
    await until("a fetch", async () => {
      await this.clock.advance(15_000);
      return this.asked.length > before;
    }, { ms: 3000, every: 5 });
    await until("its record", async () => ((await this.kept.record(url))?.tried ?? 0) >= this.clock.now() - 15_000, {
      every: 5,
    });
  }

  #answered(): Promise<Fetched> {
    const { answer } = this;
    if (answer instanceof Error) return Promise.reject(answer);
    const headers = new Headers(this.headers);
    return Promise.resolve(
      answer === 304
        ? { status: 304, body: new Uint8Array(0), headers }
        : { status: 200, body: octets(answer), headers },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lists.stop();
    assert.equal(this.clock.timers, 0);
  }
}

const trust = trustIn([ca]);

Deno.test("RevocationLists: a failure is told once, tried again in pauses that grow to an hour, and its end is told", async () => {
  await using rig = new Rig();
  await rig.lists.refresh();
  const pauses: number[] = [];
  for (let attempt = 1; attempt <= 9; attempt++) {
    const { next, failures } = (await rig.kept.record(url))!;
    assert.equal(failures, attempt);
    pauses.push((next - rig.clock.now()) / 60_000);
    await rig.clock.advance(next - rig.clock.now());
    await rig.lists.refresh();
  }
  for (const [index, minutes] of [1, 2, 4, 8, 16, 32, 60, 60].entries()) {
    assert.ok(Math.abs(pauses[index] / minutes - 1) <= 0.1, `${pauses[index]} is about ${minutes}`);
  }
  assert.deepEqual(rig.log.lines, [
    `warning: Cannot fetch the revocation list ${url}: Connection refused; there is none yet`,
  ]);
  assert.equal(rig.renewed, 0);

  const now = rig.clock.now();
  rig.answer = await listOf(now - hour, now + 10 * hour);
  await rig.lists.refresh();
  assert.equal(rig.renewed, 1);
  assert.match(rig.log.lines[1], /^info: Revocation list \S+: CN=Test Authority, 0 revoked, until /);
  const record = (await rig.kept.record(url))!;
  assert.deepEqual([record.failures, record.failure], [0, undefined]);
  assert.ok(Math.abs((record.next - now) / (5 * hour) - 1) <= 0.1, "halfway to the next update");
});

Deno.test("RevocationLists fetches what is due, by itself, and what is gone again", async () => {
  await using rig = new Rig();
  const now = rig.clock.now();
  rig.answer = await listOf(now - hour, now + 4 * hour);
  rig.lists.apply();
  await until("the first fetch", () => rig.renewed === 1);
  await rig.clock.advance(hour);
  await rig.clock.advance(15_000);
  assert.equal(rig.asked.length, 1);
  rig.answer = await listOf(now, now + 20 * hour);
  await rig.fetchAfter(1.3 * hour);
  await until("the second list", () => rig.renewed === 2);
  // A clock that was set back a year puts nothing off.
  rig.clock.jump(-365 * 24 * hour);
  rig.answer = new Error("no route");
  await rig.fetchAfter(15_000);
  // A source that is taken out takes its files along.
  rig.sources = [];
  rig.lists.apply();
  const folder = `${rig.directory}/certificates/crls`;
  await until("an empty folder", () => [...Deno.readDirSync(folder)].length === 0);
});

Deno.test("RevocationLists keeps the list that is there where another one does not count", async () => {
  await using rig = new Rig();
  const now = rig.clock.now();
  const held = await listOf(now - hour, now + 10 * hour);
  rig.answer = held;
  await rig.lists.refresh();
  const namesake = await makeAuthority(dir);
  const stranger = await makeAuthority(dir, { name: "Stranger" });
  const cases: [answer: string, why: RegExp][] = [
    ["<html>not here</html>", /it is no revocation list: it is neither PEM nor DER/],
    ["", /it is no revocation list/],
    [ca.certificatePem, /it is no revocation list/],
    [await listOf(now - 2 * hour, now + 10 * hour), /older than the one of/],
    [await listOf(now - 3 * hour, now - hour), /it is out of date since/],
    [await listOf(now + hour, now + 10 * hour), /it does not count before/],
    [await listOf(now, now + 10 * hour, namesake), /its issuer, CN=Test Authority, did not sign it/],
    [
      await listOf(now, now + 10 * hour, stranger),
      /its issuer, CN=Stranger, is no authority of ours, and that of the list that is there is/,
    ],
  ];
  for (const [answer, why] of cases) {
    rig.answer = answer;
    await rig.lists.refresh();
    assert.match((await rig.kept.record(url))!.failure!, why);
    assert.equal(new TextDecoder().decode(await rig.kept.read(url)), held);
  }
  assert.equal(rig.renewed, 1);
  assert.equal(rig.log.lines.length, 2, "one Warning for all of them");
  assert.match(rig.log.lines[1], /^warning: Cannot fetch .*; the one that is there counts until /);
});

Deno.test("RevocationLists asks with what the server told, and takes its word that nothing has changed", async () => {
  await using rig = new Rig();
  const now = rig.clock.now();
  rig.headers = { etag: '"one"', "last-modified": "Sun, 22 Nov 2026 08:00:00 GMT" };
  rig.answer = await listOf(now - hour, now + 10 * hour);
  await rig.lists.refresh();
  assert.deepEqual(rig.asked[0].headers, {});
  rig.answer = 304;
  await rig.lists.refresh();
  assert.deepEqual(rig.asked[1].headers, {
    "if-none-match": '"one"',
    "if-modified-since": "Sun, 22 Nov 2026 08:00:00 GMT",
  });
  assert.equal((await rig.kept.record(url))!.failures, 0);
  assert.equal(rig.renewed, 1);
  // Without a list of its own the answer would be none.
  await Deno.remove(rig.kept.pathOf(url));
  await rig.lists.refresh();
  assert.deepEqual(rig.asked[2].headers, {});
  assert.match((await rig.kept.record(url))!.failure!, /304/);
});

Deno.test("RevocationLists tells when a list runs out, of a URL or a file, and when there is a current one", async () => {
  const file = `${dir}/own.crl`;
  await using rig = new Rig([url, file]);
  const now = rig.clock.now();
  await Deno.writeTextFile(file, await listOf(now - hour, now + 2 * hour));
  rig.answer = await listOf(now - hour, now + hour);
  rig.lists.apply();
  await until("the first fetch", () => rig.renewed === 1);
  rig.answer = new Error("no route");
  await rig.clock.advance(3 * hour);
  const told = (pattern: RegExp) => rig.log.lines.filter((line) => pattern.test(line)).length;
  const expired =
    /^warning: The revocation list \S+ \(CN=Test Authority\) is out of date since .*: nobody is refused by it any more/;
  await until("both warnings", () => told(expired) === 2);
  await rig.clock.advance(hour);
  assert.equal(told(expired), 2, "once each");
  rig.answer = await listOf(now, now + 10 * hour);
  await rig.lists.refresh();
  assert.equal(told(/^info: The revocation list \S+ \(CN=Test Authority\) is current again/), 1);
});

Deno.test("RevocationLists: a list of an authority that is not ours is taken, and said to be", async () => {
  await using rig = new Rig();
  const now = rig.clock.now();
  const stranger = await makeAuthority(dir, { name: "Somebody" });
  await makeLeaf({ ca: stranger, names: ["x.test"] });
  rig.answer = await listOf(now - hour, now + 10 * hour, stranger);
  await rig.lists.refresh();
  assert.match(rig.log.lines[0], /CN=Somebody.*; its issuer is no authority of ours/);
});
