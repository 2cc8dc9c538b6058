import assert from "node:assert/strict";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { seededRandom, systemRandom } from "../../src/base/random.ts";
import { findAddresses, findExchangers } from "../../src/dns/exchangers.ts";
import { createResolver, type StubResolver } from "../../src/dns/resolver.ts";
import { reverseName } from "../../src/dns/reverse.ts";
import type { FileReader } from "../../src/dns/system_files.ts";
import { tcp } from "../../src/net/tcp.ts";
import { systemUdp } from "../../src/net/udp.ts";
import { type FakeAnswer, type FakeDns, type FakeQuestion, soa, startFakeDns, zone } from "../support/fake_dns.ts";

/** The machine's clock, which a test can put forward. */
class ShiftedClock implements Clock {
  shift = 0;
  now = () => systemClock.now() + this.shift;
  monotonic = () => systemClock.monotonic() + this.shift;
  after = systemClock.after;
  every = systemClock.every;
}

const noFiles: FileReader = { stamp: () => undefined, text: () => "" };

interface Bench {
  dns: FakeDns;
  resolver: StubResolver;
  clock: ShiftedClock;
}

async function withDns(
  reply: (question: FakeQuestion) => FakeAnswer,
  run: (bench: Bench) => Promise<void>,
  { timeout = 30_000, files = noFiles, more = [] as { address: string; port: number }[] } = {},
): Promise<void> {
  await using dns = startFakeDns(reply);
  const clock = new ShiftedClock();
  const resolver = createResolver({
    clock,
    random: systemRandom,
    udp: systemUdp,
    tcp: tcp(clock),
    settings: () => ({ servers: [...more, dns.server], timeout }),
    files,
  });
  await run({ dns, resolver, clock });
}

const example = zone([
  { name: "example.test", type: "MX", ttl: 300, data: { preference: 20, exchange: "mx2.example.test" } },
  { name: "example.test", type: "MX", ttl: 200, data: { preference: 10, exchange: "MX1.Example.test" } },
  { name: "mx1.example.test", type: "A", ttl: 60, data: "192.0.2.1" },
  { name: "mx1.example.test", type: "AAAA", ttl: 60, data: "2001:db8::1" },
  { name: "alias.test", type: "CNAME", ttl: 30, data: "mx1.example.test" },
  { name: "null.test", type: "MX", data: { preference: 0, exchange: "." } },
  { name: "xn--bcher-kva.test", type: "A", data: "192.0.2.7" },
  { name: "text.test", type: "TXT", data: ["v=one ", "two"] },
]);

Deno.test("resolve gives the records of a type, names in lower case and the least TTL", () =>
  withDns(example, async ({ resolver }) => {
    assert.deepEqual(await resolver.resolve("Example.TEST.", "MX"), {
      kind: "found",
      records: [{ preference: 20, exchange: "mx2.example.test" }, { preference: 10, exchange: "mx1.example.test" }],
      ttl: 200,
      authentic: false,
    });
    assert.deepEqual(await resolver.resolve("text.test", "TXT"), {
      kind: "found",
      records: ["v=one two"],
      ttl: 60,
      authentic: false,
    });
  }));

Deno.test("resolve asks with IDNA's name", () =>
  withDns(example, async ({ resolver, dns }) => {
    const answer = await resolver.resolve("Bücher.test", "A");
    assert.equal(answer.kind, "found");
    assert.equal(dns.questions[0].name, "xn--bcher-kva.test");
  }));

Deno.test("resolve tells no data from no such domain, and asks nothing for an impossible name", () =>
  withDns(example, async ({ resolver, dns }) => {
    assert.equal((await resolver.resolve("mx1.example.test", "MX")).kind, "no_data");
    assert.equal((await resolver.resolve("nowhere.test", "MX")).kind, "no_such_domain");
    const asked = dns.questions.length;
    for (const name of ["", ".", "a..b", "a b.test", "x".repeat(64) + ".test", "<x>.test"]) {
      assert.deepEqual(await resolver.resolve(name, "A"), { kind: "failed", reason: "bad_name" }, name);
    }
    assert.equal(dns.questions.length, asked);
  }));

Deno.test("resolve follows an alias within an answer and across answers, and ends a loop", async () => {
  await withDns(example, async ({ resolver }) => {
    assert.deepEqual(await resolver.resolve("alias.test", "A"), {
      kind: "found",
      records: ["192.0.2.1"],
      ttl: 30,
      authentic: false,
    });
  });
  const hops = (question: FakeQuestion): FakeAnswer => {
    const number = Number(question.name.split(".")[0]);
    if (number === 3) return { answers: [{ name: question.name, type: "A", data: "192.0.2.3" }] };
    return { answers: [{ name: question.name, type: "CNAME", ttl: 9, data: `${number + 1}.test` }] };
  };
  await withDns(hops, async ({ resolver }) => {
    assert.deepEqual(await resolver.resolve("1.test", "A"), {
      kind: "found",
      records: ["192.0.2.3"],
      ttl: 9,
      authentic: false,
    });
    assert.deepEqual(await resolver.resolve("4.test", "A"), { kind: "failed", reason: "alias_loop" });
  });
});

Deno.test("resolve keeps answers for their TTL, and shares a question that is under way", () =>
  withDns(example, async ({ resolver, dns, clock }) => {
    await Promise.all([resolver.resolve("mx1.example.test", "A"), resolver.resolve("MX1.example.test", "A")]);
    assert.equal(dns.questions.length, 1);
    clock.shift += 59_000;
    await resolver.resolve("mx1.example.test", "A");
    assert.equal(dns.questions.length, 1);
    clock.shift += 2_000;
    await resolver.resolve("mx1.example.test", "A");
    assert.equal(dns.questions.length, 2);
  }));

Deno.test("resolve keeps a negative answer as long as its SOA says, and not at all without one", async () => {
  let authorities = [soa(30, 3600)];
  await withDns(() => ({ rcode: 3, authorities }), async ({ resolver, dns, clock }) => {
    await resolver.resolve("a.test", "A");
    clock.shift += 29_000;
    assert.deepEqual(await resolver.resolve("a.test", "A"), { kind: "no_such_domain", ttl: 30, authentic: false });
    assert.equal(dns.questions.length, 1);
    clock.shift += 2_000;
    await resolver.resolve("a.test", "A");
    assert.equal(dns.questions.length, 2);
    authorities = [];
    await resolver.resolve("b.test", "A");
    await resolver.resolve("b.test", "A");
    assert.equal(dns.questions.length, 4);
  });
});

Deno.test("resolve asks again over TCP when the answer was cut", () =>
  withDns((question) => ({ ...example(question), truncated: true }), async ({ resolver, dns }) => {
    assert.equal((await resolver.resolve("example.test", "MX")).kind, "found");
    assert.deepEqual(dns.questions.map(({ transport }) => transport), ["udp", "tcp"]);
  }));

Deno.test("resolve passes over answers with another id, name or type", () => {
  const forge = (message: Uint8Array): Uint8Array[] => {
    const otherId = message.slice();
    otherId[0] ^= 1;
    const otherName = message.slice();
    otherName[13] ^= 1;
    const otherType = message.slice();
    otherType[12 + 18 + 1] = 28;
    const question = message.slice();
    question[2] &= 0x7f;
    return [otherId, otherName, otherType, question, message];
  };
  return withDns((question) => ({ ...example(question), forge }), async ({ resolver, dns }) => {
    assert.equal((await resolver.resolve("mx1.example.test", "A")).kind, "found");
    assert.deepEqual(dns.questions.map(({ transport }) => transport), ["udp"]);
  });
});

Deno.test("resolve moves to TCP when somebody guesses", () => {
  const forge = (message: Uint8Array): Uint8Array[] =>
    Array.from({ length: 40 }, (_, guess) => {
      const forged = message.slice();
      forged[1] ^= guess + 1;
      return forged;
    });
  return withDns((question) => ({ ...example(question), forge }), async ({ resolver, dns }) => {
    assert.equal((await resolver.resolve("mx1.example.test", "A")).kind, "found");
    assert.deepEqual(dns.questions.map(({ transport }) => transport), ["udp", "tcp"]);
  });
});

Deno.test("resolve asks without EDNS0 where the server does not know it", () =>
  withDns(
    (question) => question.edns ? { rcode: 1, noQuestion: true } : example(question),
    async ({ resolver, dns }) => {
      assert.equal((await resolver.resolve("mx1.example.test", "A")).kind, "found");
      assert.deepEqual(dns.questions.map(({ edns }) => edns), [true, false]);
    },
  ));

Deno.test("resolve fails with a reason, and keeps the failure for a moment only", async () => {
  const cases: [FakeAnswer, string][] = [
    [{ rcode: 2 }, "server_failure"],
    [{ rcode: 5 }, "refused"],
    [{ silent: true }, "timeout"],
    [{ forge: (message) => [message.slice(0, 20)] }, "malformed"],
  ];
  for (const [answer, reason] of cases) {
    await withDns(() => answer, async ({ resolver, dns, clock }) => {
      assert.deepEqual(await resolver.resolve("a.test", "A"), { kind: "failed", reason });
      const asked = dns.questions.length;
      await resolver.resolve("a.test", "A");
      assert.equal(dns.questions.length, asked);
      clock.shift += 6_000;
      await resolver.resolve("a.test", "A");
      assert.ok(dns.questions.length > asked);
    }, { timeout: reason === "timeout" ? 40 : 30_000 });
  }
});

Deno.test("resolve goes on to the next server, and begins there the next time", async () => {
  await using dead = startFakeDns(() => ({ silent: true }));
  await withDns(example, async ({ resolver }) => {
    assert.equal((await resolver.resolve("mx1.example.test", "A")).kind, "found");
    assert.equal((await resolver.resolve("mx1.example.test", "AAAA")).kind, "found");
    assert.equal(dead.questions.length, 1);
  }, { more: [dead.server], timeout: 1_500 });
});

Deno.test("resolve believes AD from a server on this machine", () =>
  withDns((question) => ({ ...example(question), ad: true }), async ({ resolver }) => {
    const answer = await resolver.resolve("example.test", "MX");
    assert.equal(answer.kind === "found" && answer.authentic, true);
  }));

Deno.test("resolve answers from /etc/hosts and for localhost without asking", () => {
  let stamp = "1";
  let text = "192.0.2.9 Gateway gw # comment\n2001:db8::9 gateway\n";
  const files: FileReader = { stamp: (path) => path === "/etc/hosts" ? stamp : undefined, text: () => text };
  return withDns(example, async ({ resolver, dns, clock }) => {
    const records = async (name: string, type: "A" | "AAAA") => {
      const answer = await resolver.resolve(name, type);
      return answer.kind === "found" ? answer.records : answer.kind;
    };
    assert.deepEqual(await records("gateway", "A"), ["192.0.2.9"]);
    assert.deepEqual(await records("gateway", "AAAA"), ["2001:db8::9"]);
    assert.deepEqual(await records("gw", "AAAA"), "no_data");
    assert.deepEqual(await records("localhost", "A"), ["127.0.0.1"]);
    text = "192.0.2.10 gateway\n";
    stamp = "2";
    clock.shift += 1_001;
    assert.deepEqual(await records("gateway", "A"), ["192.0.2.10"]);
    assert.equal(dns.questions.length, 0);
  }, { files });
});

const random = seededRandom(7);
const noName = () => false;

Deno.test("findExchangers gives MX hosts best first, and the domain itself where there is none", () =>
  withDns(example, async ({ resolver }) => {
    const found = await findExchangers("example.test", { resolver, random, isOwn: noName });
    assert.deepEqual(found.kind === "hosts" && found.hosts.map(({ name }) => name), [
      "mx1.example.test",
      "mx2.example.test",
    ]);
    assert.deepEqual(await findExchangers("mx1.example.test", { resolver, random, isOwn: noName }), {
      kind: "hosts",
      hosts: [{ name: "mx1.example.test", preference: 0 }],
      implicit: true,
      authentic: false,
    });
  }));

Deno.test("findExchangers knows a null MX, a missing domain and a DNS that fails", async () => {
  await withDns(example, async ({ resolver }) => {
    assert.deepEqual(await findExchangers("null.test", { resolver, random, isOwn: noName }), { kind: "null_mx" });
    const missing = await findExchangers("nowhere.test", { resolver, random, isOwn: noName });
    assert.equal(missing.kind, "no_such_domain");
  });
  await withDns(() => ({ rcode: 2 }), async ({ resolver }) => {
    assert.deepEqual(await findExchangers("a.test", { resolver, random, isOwn: noName }), {
      kind: "failed",
      reason: "server_failure",
    });
  });
});

Deno.test("findExchangers shuffles equal preferences", () => {
  const many = zone(
    [1, 2, 3, 4].map((n) => ({ name: "a.test", type: "MX", data: { preference: 5, exchange: `mx${n}.test` } })),
  );
  return withDns(many, async ({ resolver }) => {
    const firsts = new Set<string>();
    for (let draw = 0; draw < 60; draw++) {
      const found = await findExchangers("a.test", { resolver, random, isOwn: noName });
      if (found.kind === "hosts") firsts.add(found.hosts[0].name);
    }
    assert.equal(firsts.size, 4);
  });
});

Deno.test("findExchangers leaves out our own name and what is not better (RFC 5321 §5.1)", async () => {
  const records = (own: number) =>
    zone([
      { name: "a.test", type: "MX", data: { preference: own, exchange: "gw.test" } },
      { name: "a.test", type: "MX", data: { preference: 10, exchange: "inner.test" } },
      { name: "a.test", type: "MX", data: { preference: 30, exchange: "backup.test" } },
    ]);
  const isOwn = (name: string) => name === "gw.test";
  await withDns(records(20), async ({ resolver }) => {
    const found = await findExchangers("a.test", { resolver, random, isOwn });
    assert.deepEqual(found.kind === "hosts" && found.hosts.map(({ name }) => name), ["inner.test"]);
  });
  await withDns(records(10), async ({ resolver }) => {
    assert.equal((await findExchangers("a.test", { resolver, random, isOwn })).kind, "loop");
  });
});

Deno.test("findAddresses keeps to ip_preference", () =>
  withDns(example, async ({ resolver }) => {
    const table = [
      ["prefer_v6", "mx1.example.test", ["2001:db8::1", "192.0.2.1"]],
      ["prefer_v4", "mx1.example.test", ["192.0.2.1", "2001:db8::1"]],
      ["require_v6", "mx1.example.test", ["2001:db8::1"]],
      ["require_v4", "mx1.example.test", ["192.0.2.1"]],
      ["require_v6", "xn--bcher-kva.test", "none"],
      ["prefer_v6", "nowhere.test", "none"],
    ] as const;
    for (const [preference, host, expected] of table) {
      const found = await findAddresses(host, { resolver, random, preference });
      assert.deepEqual(found.kind === "found" ? found.addresses : found.kind, expected, `${preference} ${host}`);
    }
  }));

Deno.test("reverseName verifies that the name points back", () => {
  const records = zone([
    { name: "1.2.0.192.in-addr.arpa", type: "PTR", data: "Good.test" },
    { name: "good.test", type: "A", data: "192.0.2.1" },
    { name: "2.2.0.192.in-addr.arpa", type: "PTR", data: "good.test" },
    { name: `1.${"0.".repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`, type: "PTR", data: "six.test" },
    { name: "six.test", type: "AAAA", data: "2001:db8::1" },
  ]);
  return withDns(records, async ({ resolver, clock }) => {
    const of = (address: string) => reverseName(address, { resolver, clock, ms: 30_000 });
    assert.deepEqual(await of("192.0.2.1"), { host: "good.test", verified: true, failed: false });
    assert.deepEqual(await of("::ffff:192.0.2.1"), { host: "good.test", verified: true, failed: false });
    assert.deepEqual(await of("192.0.2.2"), { host: "good.test", verified: false, failed: false });
    assert.deepEqual(await of("192.0.2.3"), { verified: false, failed: false });
    assert.deepEqual(await of("2001:DB8:0::1"), { host: "six.test", verified: true, failed: false });
  });
});

Deno.test("reverseName ends in time", () =>
  withDns(() => ({ silent: true }), async ({ resolver, clock }) => {
    assert.deepEqual(await reverseName("192.0.2.1", { resolver, clock, ms: 30 }), { verified: false, failed: true });
    await resolver.resolve("1.2.0.192.in-addr.arpa", "PTR"); // the question that is under way, so that it ends here
  }, { timeout: 100 }));
