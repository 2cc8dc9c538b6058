import assert from "node:assert/strict";
import { type Octets, octets } from "../../src/base/octets.ts";
import { seededRandom } from "../../src/base/random.ts";
import { loadTrust } from "../../src/certs/inventory.ts";
import { updateStatus } from "../../src/certs/updates.ts";
import type { Config } from "../../src/config/config.ts";
import type { MailLog } from "../../src/mail/events.ts";
import type { HttpsFetched, HttpsWish } from "../../src/services/https_fetch.ts";
import { authoritiesIn, type DoubtWish, Updater } from "../../src/services/updater.ts";
import { configOf, listenerOf, recordingLog } from "../accept/accept_rig.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { authorityExtensions, makeOdd } from "../support/odd_certs.ts";
import { engine } from "../support/tls_world.ts";

const from = new Date(Date.UTC(2025, 0, 1));
const until = new Date(Date.UTC(2035, 0, 1));
const authority = async (name: string, dates: { from?: Date; until?: Date } = {}) =>
  (await makeOdd({ commonNames: [name], extensions: authorityExtensions, from, until, ...dates })).certificatePem;
const [one, two, over] = await Promise.all([
  authority("One"),
  authority("Two"),
  authority("Over", { until: new Date(Date.UTC(2025, 5, 1)) }),
]);
const { certificatePem: leaf, keyPem } = await makeOdd({
  commonNames: ["leaf.test"],
  names: ["leaf.test"],
  from,
  until,
});

const hour = 3_600_000;
const url = "https://updates.example.test/ca.pem";
const servers = [{ host: "updates.example.test", port: 443, certificate: null }];

/** An updater over a server that a test plays, with a storage of its own. */
class Rig implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly lines: string[] = [];
  readonly wishes: HttpsWish[] = [];
  renewed = 0;
  /** Why the server would not be proven under what came, and what was asked about. */
  doubt: string | undefined;
  readonly asked: DoubtWish[] = [];
  answer: () => Promise<{ status?: 200 | 304; body?: string | Octets; headers?: Record<string, string> }> = () =>
    Promise.resolve({ body: one });
  config: Config;
  readonly updater: Updater;

  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
    this.config = {
      ...configOf(listenerOf({}), {}),
      storage: { directory },
      services: {
        ldap: new Map(),
        syslog: new Map(),
        updater: { url, interval: 6 * hour, certificate: null, items: ["ca_bundle"] },
      },
    };
    this.updater = new Updater({
      clock: this.clock,
      random: { ...seededRandom(1), fraction: () => 0.5 },
      log: recordingLog(this.lines) as MailLog,
      version: "1",
      engine: engine.certificates,
      fetch: (wish) => this.#fetch(wish),
      doubt: (wish) => {
        this.asked.push(wish);
        return Promise.resolve(this.doubt);
      },
      config: () => this.config,
      renew: () => Promise.resolve(void this.renewed++),
    });
  }

  static async make(): Promise<Rig> {
    const directory = await Deno.makeTempDir();
    await Deno.mkdir(`${directory}/certificates`);
    return new Rig(directory);
  }

  async #fetch(wish: HttpsWish): Promise<HttpsFetched> {
    this.wishes.push(wish);
    const { status = 200, body = "", headers } = await this.answer();
    return { status, body: typeof body === "string" ? octets(body) : body, headers: new Headers(headers), servers };
  }

  /** What is trusted now, in place of the system's list. */
  async trusted(): Promise<string> {
    const { anchors } = await loadTrust(this.config);
    return [["One", one], ["Two", two]].filter(([, pem]) =>
      anchors.bundles.some((bundle) => bundle.includes(pem.trim()))
    )
      .map(([name]) => name).join();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.updater.stop();
    await Deno.remove(this.directory, { recursive: true });
  }
}

Deno.test("Updater: fetches at once and at each interval, with conditions, and puts in force what is new", async () => {
  await using rig = await Rig.make();
  rig.answer = () =>
    Promise.resolve({ body: one, headers: { etag: '"1"', "last-modified": "Sat, 22 Nov 2025 00:00:00 GMT" } });
  rig.updater.apply();
  await rig.updater.refresh();
  assert.equal(await rig.trusted(), "One");
  assert.deepEqual([rig.wishes.length, rig.renewed, rig.wishes[0].url], [2, 1, url]);
  assert.deepEqual(rig.wishes[0].headers, {});
  assert.deepEqual(rig.wishes[1].headers, {
    "if-none-match": '"1"',
    "if-modified-since": "Sat, 22 Nov 2025 00:00:00 GMT",
  });
  rig.answer = () => Promise.resolve({ status: 304 });
  await rig.updater.refresh();
  assert.deepEqual([await rig.trusted(), rig.renewed], ["One", 1]);

  const status = await updateStatus(rig.config);
  assert.deepEqual([status?.held, status?.fetching?.failures, status?.fetching?.next], [
    true,
    0,
    rig.clock.now() + 6 * hour,
  ]);
  rig.answer = () => Promise.resolve({ body: `${one}${two}` });
  rig.config = {
    ...rig.config,
    services: { ...rig.config.services, updater: { ...rig.config.services.updater, interval: hour / 4 } },
  };
  await rig.clock.advance(hour);
  rig.updater.apply();
  await rig.updater.refresh();
  assert.deepEqual([await rig.trusted(), rig.renewed], ["One,Two", 2]);
  assert.deepEqual(rig.lines, [
    `Info: 1 authorities were fetched from ${url} and stand in for the system's list`,
    `Info: 2 authorities were fetched from ${url} and stand in for the system's list`,
  ]);
});

Deno.test("Updater: a list under which its own server would not be proven is not taken; the one before goes on", async () => {
  await using rig = await Rig.make();
  await rig.updater.refresh();
  rig.answer = () => Promise.resolve({ body: two });
  rig.doubt = "updates.example.test: its certificate is not verified (untrusted): self-signed";
  await rig.updater.refresh();
  assert.deepEqual([await rig.trusted(), rig.renewed], ["One", 1]);
  assert.deepEqual(rig.lines.slice(1), [
    `Warning: Cannot fetch authorities from ${url}: under it nothing more could be fetched: ${rig.doubt}; the list that was fetched before goes on`,
  ]);
  const asked = rig.asked.map(({ list, servers }) => [list.includes(two.trim()), servers]);
  assert.deepEqual(asked, [[false, servers], [true, servers]]);
  // Where the list does not count, the owner's authorities verified the server.
  rig.config = { ...rig.config, certificate_authorities: { ...rig.config.certificate_authorities, system: false } };
  await rig.updater.refresh();
  assert.deepEqual([rig.asked.length, rig.renewed], [2, 2]);
});

Deno.test("Updater: what is damaged, older, no authority or not to be had changes nothing; it is told once, and so is its end", async () => {
  await using rig = await Rig.make();
  const lastModified = "Sat, 22 Nov 2025 00:00:00 GMT";
  rig.answer = () => Promise.resolve({ body: one, headers: { "last-modified": lastModified } });
  await rig.updater.refresh();
  const answers: [typeof rig.answer, RegExp][] = [
    [() => Promise.resolve({ body: "<html>" }), /holds no certificate in PEM/],
    [() => Promise.resolve({ body: two.slice(0, -60) }), /Cannot read what came/],
    [() => Promise.resolve({ body: `${two}${leaf}` }), /leaf\.test in it is no authority/],
    [() => Promise.resolve({ body: over }), /no authority in it is in its time/],
    [
      () => Promise.resolve({ body: two, headers: { "last-modified": "Fri, 21 Nov 2025 00:00:00 GMT" } }),
      /older than the one/,
    ],
    [() => Promise.reject(new Error("the server answers 500")), /answers 500/],
  ];
  let pauses = 0;
  for (const [answer, why] of answers) {
    rig.answer = answer;
    await rig.updater.refresh();
    const { fetching, held } = (await updateStatus(rig.config))!;
    assert.match(fetching!.failure!, why);
    assert.ok(held);
    assert.equal(await rig.trusted(), "One");
    assert.ok(fetching!.next - rig.clock.now() > pauses, "pauses grow");
    pauses = fetching!.next - rig.clock.now();
  }
  rig.answer = () => Promise.resolve({ body: two, headers: { "last-modified": lastModified } });
  await rig.updater.refresh();
  assert.equal(await rig.trusted(), "Two");
  const [, failed, fetched, over_] = rig.lines;
  assert.match(
    failed,
    /^Warning: Cannot fetch authorities from \S+: it holds no certificate in PEM; the list that was fetched before goes on$/,
  );
  assert.match(fetched, /^Info: 1 authorities/);
  assert.equal(over_, `Warning: Updates are fetched from ${url} again`);
  assert.equal(rig.lines.length, 4);
});

Deno.test("Updater: a list that the disk has spoiled is as good as none, and is fetched again without conditions", async () => {
  await using rig = await Rig.make();
  rig.answer = () => Promise.resolve({ body: one, headers: { etag: '"1"' } });
  await rig.updater.refresh();
  const [path] = (await Array.fromAsync(Deno.readDir(`${rig.directory}/certificates/updates`)))
    .map(({ name }) => `${rig.directory}/certificates/updates/${name}`).filter((name) => name.endsWith(".pem"));
  assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  await Deno.writeTextFile(path, two);
  assert.equal(await rig.trusted(), "", "the system's list serves");
  rig.updater.apply();
  await rig.updater.stop();
  assert.deepEqual(rig.wishes.at(-1)!.headers, {});
});

Deno.test("Updater: another URL counts for itself, and nothing of the one before is kept", async () => {
  await using rig = await Rig.make();
  await rig.updater.refresh();
  const { updater } = rig.config.services;
  rig.answer = () => Promise.reject(new Error("the server answers 404"));
  rig.config = {
    ...rig.config,
    services: { ldap: new Map(), syslog: new Map(), updater: { ...updater, url: "https://other.example.test/lists/" } },
  };
  assert.equal(await rig.trusted(), "");
  rig.updater.apply();
  await rig.updater.refresh();
  assert.equal(rig.wishes.at(-1)!.url, "https://other.example.test/lists/ca_bundle.pem");
  assert.match(rig.lines.at(-1)!, /answers 404; the system's list goes on/);
  const files = await Array.fromAsync(Deno.readDir(`${rig.directory}/certificates/updates`));
  assert.equal(files.length, 1, "its record");
  const before = rig.wishes.length;
  rig.config = { ...rig.config, services: { ldap: new Map(), syslog: new Map(), updater: { ...updater, url: null } } };
  rig.updater.apply();
  await rig.updater.refresh();
  assert.equal(rig.wishes.length, before, "nothing is fetched any more");
});

Deno.test("authoritiesIn: remarks go, doubles count once, a key in between is never kept", () => {
  const world = { engine: engine.certificates, now: Date.UTC(2025, 10, 22) };
  const read = authoritiesIn(octets(`## Mozilla\nOne\n===\n${one}\n${one}\nTwo\n${two}${keyPem}`), world);
  assert.ok("pem" in read);
  assert.equal(read.count, 2);
  assert.equal(read.pem.includes("PRIVATE"), false);
  assert.equal(read.pem.trim(), `${one.trim()}\n${two.trim()}`);
});
