/**
 * DNS lists: asked together, within their time, and kept; and what their owner is told when one does not work.
 */
import assert from "node:assert/strict";
import { seededRandom } from "../../src/base/random.ts";
import { systemClock } from "../../src/base/clock.ts";
import { dnsLists } from "../../src/dns/lists.ts";
import { reversedAddress } from "../../src/dns/names.ts";
import type { Answer, RecordType, RecordTypes, Resolver } from "../../src/dns/records.ts";
import { createResolver } from "../../src/dns/resolver.ts";
import { tcp } from "../../src/net/tcp.ts";
import { systemUdp } from "../../src/net/udp.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { startFakeDns, zone } from "../support/fake_dns.ts";

interface Bench {
  clock: FakeClock;
  asked: string[];
  told: string[];
  ask: (address: string, ...zones: string[]) => Promise<Record<string, readonly string[]>>;
  /** What each zone answers; one that is missing is silent for ever. */
  answers: Map<string, Answer<string>>;
}

function bench(): Bench {
  const clock = new FakeClock();
  const asked: string[] = [];
  const told: string[] = [];
  const answers = new Map<string, Answer<string>>();
  const resolver: Resolver = {
    resolve<T extends RecordType>(name: string, type: T): Promise<Answer<RecordTypes[T]>> {
      asked.push(`${type} ${name}`);
      const [, answer] = [...answers].find(([zone]) => name.endsWith(`.${zone}`)) ?? [];
      return answer === undefined
        ? new Promise(() => {})
        : Promise.resolve(answer as unknown as Answer<RecordTypes[T]>);
    },
  };
  const report = ({ level, text }: { level: string; text: string }) => void told.push(`${level}: ${text}`);
  const lookUp = dnsLists({ resolver, clock, ms: () => 5_000, report });
  return {
    clock,
    asked,
    told,
    answers,
    ask: async (address, ...zones) => Object.fromEntries(await lookUp(address, zones)),
  };
}

const listed = (...records: string[]): Answer<string> => ({ kind: "found", records, ttl: 60, authentic: false });
const unlisted: Answer<string> = { kind: "no_such_domain", ttl: 60, authentic: false };

Deno.test("reversedAddress writes addresses as RFC 5782 has them", () => {
  for (
    const [address, labels] of [
      ["192.0.2.99", "99.2.0.192"],
      ["::ffff:192.0.2.99", "99.2.0.192"],
      [
        "2001:db8:1:2:3:4:567:89ab",
        "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2",
      ],
      ["fe80::1%eth0", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.e.f"],
      ["nothing", undefined],
    ]
  ) assert.equal(reversedAddress(address!), labels);
});

Deno.test("dnsLists asks all zones at the same time, and waits no longer than it may for one that is silent", async () => {
  const { ask, asked, answers, clock, told } = bench();
  answers.set("bl.test", listed("127.0.0.2", "127.0.0.4"));
  answers.set("wl.test", unlisted);
  let over = false;
  const asking = ask("192.0.2.99", "bl.test", "silent.test", "wl.test", "dead.test").finally(() => over = true);
  await settled();
  assert.deepEqual(asked, [
    "A 99.2.0.192.bl.test",
    "A 99.2.0.192.silent.test",
    "A 99.2.0.192.wl.test",
    "A 99.2.0.192.dead.test",
  ]);
  await clock.advance(4_900);
  assert.equal(over, false);
  await clock.advance(200);
  assert.deepEqual(await asking, {
    "bl.test": ["127.0.0.2", "127.0.0.4"],
    "silent.test": [],
    "wl.test": [],
    "dead.test": [],
  });
  assert.deepEqual(told, [
    "warning: DNS list silent.test does not answer in time: 192.0.2.99 counts as not listed",
    "warning: DNS list dead.test does not answer in time: 192.0.2.99 counts as not listed",
  ]);
});

Deno.test("dnsLists tells of a zone that does not work once in ten minutes, with a count, and when it works again", async () => {
  const { ask, answers, clock, told } = bench();
  answers.set("bl.test", { kind: "failed", reason: "server_failure" });
  for (let n = 1; n <= 40; n++) assert.deepEqual(await ask(`192.0.2.${n}`, "bl.test"), { "bl.test": [] });
  assert.deepEqual(told.splice(0), [
    "warning: DNS list bl.test cannot be asked (server_failure): 192.0.2.1 counts as not listed",
  ]);
  await clock.advance(600_000);
  await ask("192.0.2.41", "bl.test");
  assert.deepEqual(told.splice(0), [
    "warning: DNS list bl.test cannot be asked (server_failure): 192.0.2.41 counts as not listed, and 39 clients before",
  ]);
  answers.set("bl.test", unlisted);
  await ask("192.0.2.42", "bl.test");
  assert.deepEqual(told, [], "a list that fails now and then is not told of each time");
  await clock.advance(600_000);
  await ask("192.0.2.43", "bl.test");
  await ask("192.0.2.44", "bl.test");
  assert.deepEqual(told, ["info: DNS list bl.test answers again"]);
});

Deno.test("dnsLists warns of answers that no list gives, and of lists that refuse", async () => {
  const { ask, answers, told } = bench();
  answers.set("sold.test", listed("203.0.113.80"));
  answers.set("refusing.test", listed("127.255.255.254"));
  answers.set("mixed.test", listed("203.0.113.80", "127.0.0.2"));
  assert.deepEqual(await ask("192.0.2.1", "sold.test", "refusing.test", "mixed.test"), {
    "sold.test": [],
    // Policy does not count it unless an entry names it.
    "refusing.test": ["127.255.255.254"],
    "mixed.test": ["127.0.0.2"],
  });
  assert.deepEqual(told, [
    "warning: DNS list sold.test answers 203.0.113.80, as no list does: 192.0.2.1 counts as not listed",
    "warning: DNS list refusing.test refuses to answer (127.255.255.254): 192.0.2.1 counts as not listed",
  ]);
});

Deno.test("dnsLists keeps answers for their time, those of clients that are not listed too", async () => {
  await using dns = startFakeDns(zone([{ name: "2.0.0.127.bl.test", type: "A", ttl: 60, data: "127.0.0.2" }]));
  const resolver = createResolver({
    clock: systemClock,
    random: seededRandom(1),
    udp: systemUdp,
    tcp: tcp(systemClock),
    settings: () => ({ servers: [dns.server], timeout: 30_000 }),
    files: { stamp: () => undefined, text: () => "" },
  });
  const lookUp = dnsLists({ resolver, clock: systemClock, ms: () => 30_000, report: () => {} });
  for (let n = 0; n < 3; n++) {
    assert.deepEqual([...await lookUp("127.0.0.2", ["bl.test"])], [["bl.test", ["127.0.0.2"]]]);
    assert.deepEqual([...await lookUp("127.0.0.1", ["bl.test"])], [["bl.test", []]]);
  }
  assert.deepEqual(dns.questions.map(({ name }) => name), ["2.0.0.127.bl.test", "1.0.0.127.bl.test"]);
});
