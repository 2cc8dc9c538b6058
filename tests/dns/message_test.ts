import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { seededRandom } from "../../src/base/random.ts";
import { encodeQuestion, readAnswer } from "../../src/dns/message.ts";
import { asciiName, canonicalAddress, reverseNameOf } from "../../src/dns/names.ts";
import type { RecordType } from "../../src/dns/records.ts";
import { parseHosts, parseResolvConf } from "../../src/dns/system_files.ts";
// @ts-types="@types/dns-packet"
import packet from "dns-packet";

const types: RecordType[] = ["A", "AAAA", "PTR", "MX", "TXT", "TLSA"];

function answerTo(type: RecordType): Uint8Array {
  const data: Record<RecordType, unknown> = {
    A: "192.0.2.1",
    AAAA: "2001:db8::1",
    PTR: "host.test",
    MX: { preference: 10, exchange: "mx.test" },
    TXT: [new TextEncoder().encode("text")],
    TLSA: { usage: 3, selector: 1, matchingType: 1, certificate: Buffer.alloc(32) },
  };
  const txt = type === "TXT" ? ["text"] : data[type];
  return new Uint8Array(packet.encode({
    type: "response",
    id: 7,
    questions: [{ type, name: "a.test", class: "IN" }],
    answers: [
      { type: "CNAME", name: "a.test", ttl: 5, class: "IN", data: "b.test" },
      { type, name: "b.test", ttl: 9, class: "IN", data: txt } as packet.Answer,
    ],
  }));
}

Deno.test("readAnswer takes every type, through an alias", () => {
  for (const type of types) {
    const reading = readAnswer(answerTo(type), { id: 7, name: "a.test", type, edns: true });
    assert.equal(reading.kind, "found", type);
    assert.equal(reading.kind === "found" && reading.ttl, 5);
  }
});

Deno.test("readAnswer survives every cut and every flipped octet, and never takes another's answer", () => {
  const seed = Number(Deno.env.get("SEED") ?? 20_260_101);
  const random = seededRandom(seed);
  for (const type of types) {
    const whole = answerTo(type);
    const question = { id: 7, name: "a.test", type, edns: true };
    for (let length = 0; length < whole.length; length++) readAnswer(whole.subarray(0, length), question);
    for (let round = 0; round < 20_000; round++) {
      const bytes = whole.slice();
      const flips = 1 + Math.floor(random.fraction() * 4);
      for (let flip = 0; flip < flips; flip++) {
        bytes[Math.floor(random.fraction() * bytes.length)] = Math.floor(random.fraction() * 256);
      }
      const reading = readAnswer(bytes, question);
      if (((bytes[0] << 8) | bytes[1]) !== 7) assert.equal(reading.kind, "foreign", `seed ${seed} round ${round}`);
      if (reading.kind !== "found") continue;
      assert.ok(
        reading.records.length > 0 && reading.ttl >= 0 && reading.ttl <= 0x7fffffff,
        `seed ${seed} round ${round}`,
      );
    }
  }
});

Deno.test("readAnswer does not follow an alias that points to itself", () => {
  const looped = new Uint8Array(packet.encode({
    type: "response",
    id: 7,
    questions: [{ type: "A", name: "a.test", class: "IN" }],
    answers: [{ type: "CNAME", name: "a.test", ttl: 5, class: "IN", data: "a.test" }],
  }));
  const reading = readAnswer(looped, { id: 7, name: "a.test", type: "A", edns: true });
  assert.deepEqual(reading, { kind: "failed", reason: "alias_loop" });
});

Deno.test("encodeQuestion asks for recursion, AD and DO, and for none of the latter without EDNS0", () => {
  for (const edns of [true, false]) {
    const question = encodeQuestion({ id: 513, name: "a.test", type: "MX", edns });
    const decoded = packet.decode(Buffer.from(question));
    assert.deepEqual([decoded.id, decoded.flag_rd, decoded.flag_ad], [513, true, edns]);
    assert.equal(decoded.additionals?.length, edns ? 1 : 0);
  }
});

Deno.test("asciiName: case, last dot, IDNA, and what is no name", () => {
  const table: [string, string | undefined][] = [
    ["Example.TEST.", "example.test"],
    ["bücher.test", "xn--bcher-kva.test"],
    ["_25._tcp.a.test", "_25._tcp.a.test"],
    ["", undefined],
    [".", undefined],
    ["a..b", undefined],
    [".a", undefined],
    ["a b", undefined],
    ["a\0b", undefined],
    ["a\\.b", undefined],
    ["x".repeat(63) + ".test", "x".repeat(63) + ".test"],
    ["x".repeat(64) + ".test", undefined],
    [("x".repeat(49) + ".").repeat(5) + "tst", ("x".repeat(49) + ".").repeat(5) + "tst"],
    [("x".repeat(49) + ".").repeat(5) + "long", undefined],
  ];
  for (const [name, expected] of table) assert.equal(asciiName(name), expected, JSON.stringify(name));
});

Deno.test("reverseNameOf: IPv4, IPv6, mapped, and what is no address", () => {
  assert.equal(reverseNameOf("192.0.2.1"), "1.2.0.192.in-addr.arpa");
  assert.equal(reverseNameOf("::ffff:192.0.2.1"), "1.2.0.192.in-addr.arpa");
  assert.equal(reverseNameOf("::ffff:c000:201"), "1.2.0.192.in-addr.arpa");
  assert.equal(reverseNameOf("2001:db8::1"), `1.${"0.".repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`);
  assert.equal(reverseNameOf("fe80::1%eth0"), `1.${"0.".repeat(28)}8.e.f.ip6.arpa`.replace(/0\.8\.e\.f/, "0.8.e.f"));
  assert.equal(reverseNameOf("mail.test"), undefined);
});

Deno.test("readAnswer takes no address from a record that is cut short", () => {
  const short = answerTo("A").slice(0, -1);
  short[short.length - 4] = 3;
  // It was read as 192.0.2.undefined.
  assert.deepEqual(readAnswer(short, { id: 7, name: "a.test", type: "A", edns: true }), {
    kind: "failed",
    reason: "malformed",
  });
});

Deno.test("canonicalAddress gives one text for all spellings of an address", () => {
  const spellings = ["2001:db8::1", "2001:DB8:0:0::1", "2001:0db8:0000:0000:0000:0000:0000:0001"];
  assert.equal(new Set(spellings.map(canonicalAddress)).size, 1);
  assert.equal(canonicalAddress("::ffff:10.0.0.1"), canonicalAddress("::ffff:a00:1"));
  assert.equal(canonicalAddress("10.0.0.1"), "10.0.0.1");
});

Deno.test("parseResolvConf takes three servers, trust-ad, and this machine where there is none", () => {
  const text = "# c\nsearch a.test\nnameserver 10.0.0.1\nnameserver fe80::1%eth0\nnameserver nonsense\n" +
    "nameserver 10.0.0.3\nnameserver 10.0.0.4\noptions edns0 trust-ad\n";
  assert.deepEqual(parseResolvConf(text), {
    servers: [
      { address: "10.0.0.1", port: 53 },
      { address: "fe80::1%eth0", port: 53 },
      { address: "10.0.0.3", port: 53 },
    ],
    trustAd: true,
  });
  assert.deepEqual(parseResolvConf(""), { servers: [{ address: "127.0.0.1", port: 53 }], trustAd: false });
});

Deno.test("parseHosts takes all names of all lines", () => {
  const hosts = parseHosts("127.0.0.1 localhost lo # x y\n\nnonsense name\n::1 localhost\n10.0.0.1\tGW.test gw\r\n");
  assert.deepEqual(hosts.get("localhost"), ["127.0.0.1", "::1"]);
  assert.deepEqual(hosts.get("gw.test"), ["10.0.0.1"]);
  assert.deepEqual(hosts.get("gw"), ["10.0.0.1"]);
  assert.equal(hosts.has("name"), false);
  assert.equal(hosts.has("x"), false);
});
