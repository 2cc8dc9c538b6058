/** Sizes, times, addresses, domains, senders: tables of what is taken and what is refused. */
import assert from "node:assert/strict";
import { parseAddress, parseSender, type SenderPattern } from "../../src/config/addresses.ts";
import { nearest, pathText, quoted } from "../../src/config/faults.ts";
import {
  type Parsed,
  parseDomain,
  parseDomainPattern,
  parseDuration,
  parseHostPort,
  parseMailAddress,
  parseRecipientPattern,
  parseSize,
} from "../../src/config/values.ts";

/** Text → value; `null`: refused; a string behind `!`: refused with these words. */
function table<T>(name: string, parse: (text: string) => Parsed<T>, rows: [string, T | null | `!${string}`][]): void {
  for (const [text, expected] of rows) {
    Deno.test(`${name}: ${JSON.stringify(text)}`, () => {
      const parsed = parse(text);
      if (expected === null) assert.ok(!parsed.ok);
      else if (typeof expected === "string" && expected.startsWith("!")) {
        assert.ok(!parsed.ok);
        assert.equal(`!${parsed.what}; ${parsed.right}`, expected);
      } else assert.deepEqual(parsed, { ok: true, value: expected });
    });
  }
}

table("parseSize", parseSize, [
  ["0", 0],
  ["512", 512],
  ["1K", 1024],
  ["10M", 10_485_760],
  ["2G", 2_147_483_648],
  ["10m", "!is no size; 10M"],
  ["10MB", "!is no size; 10M"],
  ["10 MiB", "!is no size; 10M"],
  ["1.5M", null],
  ["-1", null],
  ["", null],
  ["1e3", null],
  ["999999999999999G", "!is too large; a whole number of octets, or one with K, M or G, as in 10M"],
]);

table("parseDuration", parseDuration, [
  ["0s", 0],
  ["5s", 5000],
  ["30m", 1_800_000],
  ["72h", 259_200_000],
  ["4d", 345_600_000],
  ["5", "!has no unit; 5s for seconds; s, m, h and d are known"],
  ["5ms", null],
  ["1h30m", null],
  ["5 s", null],
  ["", null],
]);

table("parseHostPort", parseHostPort, [
  ["127.0.0.1:25", { host: "127.0.0.1", port: 25, address: true }],
  ["[::1]:0", { host: "::1", port: 0, address: true }],
  ["[2001:DB8::1]:587", { host: "2001:db8::1", port: 587, address: true }],
  ["Mail.Example.test:25", { host: "mail.example.test", port: 25, address: false }],
  ["localhost:2525", { host: "localhost", port: 2525, address: false }],
  ["127.0.0.1", "!has no port; 127.0.0.1:25"],
  ["mail.example.test", "!has no port; mail.example.test:25"],
  ["[::1]", "!has no port; [::1]:25"],
  ["::1", "!has no brackets and no port; [::1]:25"],
  ["::1:25", "!has no brackets; [::1]:25"],
  ["25", "!is a port without an address; 127.0.0.1:25"],
  ["127.0.0.1:65536", null],
  ["127.0.0:25", null],
  ["[127.0.0.1]:25", null],
  ["-x:25", null],
  [":25", null],
  ["a:b:25", null],
  ["", null],
]);

table("parseDomain", parseDomain, [
  ["Example.TEST", "example.test"],
  ["example.test.", "example.test"],
  ["localhost", "localhost"],
  ["_dmarc.example.test", "_dmarc.example.test"],
  ["xn--mnchen-3ya.example", "xn--mnchen-3ya.example"],
  ["münchen.example", "!has letters outside ASCII; its A-label form xn--mnchen-3ya.example"],
  [`${"a".repeat(63)}.test`, `${"a".repeat(63)}.test`],
  [`${"a".repeat(64)}.test`, null],
  [`${"a.".repeat(126)}ab`, null],
  ["a..b", null],
  ["-a.test", null],
  ["a-.test", null],
  ["10.0.0.1", null],
  [".", null],
  ["", null],
  ["a b", null],
]);

table("parseDomainPattern", parseDomainPattern, [
  [".Example.test", ".example.test"],
  ["example.test", "example.test"],
  ["*.example.test", "!is no domain name; .example.test, which means every subdomain"],
  ["..example.test", null],
  [".", null],
]);

table("parseRecipientPattern", parseRecipientPattern, [
  ["ALL", "ALL"],
  ["all", "ALL"],
  ["Example.test", "example.test"],
  [".Example.test", ".example.test"],
  ["Bob@", "Bob@"],
  ["Bob@Example.test", "Bob@example.test"],
  ['"a b"@example.test', '"a b"@example.test'],
  ["jörg@example.test", "jörg@example.test"],
  ["a+b.c@example.test", "a+b.c@example.test"],
  ["bob@[192.0.2.1]", "bob@[192.0.2.1]"],
  ["[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]"],
  ["[192.0.2]", null],
  ["@example.test", null],
  ["a..b@example.test", null],
  ["a b@example.test", null],
  ["bob@.example.test", null],
  [`${"a".repeat(65)}@`, null],
  ["", null],
]);

table("parseMailAddress", parseMailAddress, [
  ["ops@Example.test", "ops@example.test"],
  ["ops@", null],
  ["example.test", null],
  ["ALL", null],
  [".example.test", null],
]);

const v4 = (text: string) => parseAddress(text)!.value;
const range = (bits: 32 | 128, first: string, last: string, canonical = true): SenderPattern => ({
  kind: "range",
  bits,
  first: v4(first),
  last: v4(last),
  canonical,
});
const host = (name: string, subdomains = false): SenderPattern => ({ kind: "host", name, subdomains });

const senders: [string, SenderPattern | undefined][] = [
  ["ALL", { kind: "all" }],
  ["all", { kind: "all" }],
  ["10.0.0.1", range(32, "10.0.0.1", "10.0.0.1")],
  ["10.0.0.0/8", range(32, "10.0.0.0", "10.255.255.255")],
  ["10.0.0.1/8", range(32, "10.0.0.0", "10.255.255.255", false)],
  ["0.0.0.0/0", range(32, "0.0.0.0", "255.255.255.255")],
  ["192.0.2.1/32", range(32, "192.0.2.1", "192.0.2.1")],
  ["10/8", range(32, "10.0.0.0", "10.255.255.255")],
  ["10.1", range(32, "10.1.0.0", "10.1.255.255")],
  ["10.10", range(32, "10.10.0.0", "10.10.255.255")],
  ["10.0.", range(32, "10.0.0.0", "10.0.255.255")],
  ["10.0.0.", range(32, "10.0.0.0", "10.0.0.255")],
  ["10", range(32, "10.0.0.0", "10.255.255.255")],
  ["10.0.0.1-10.0.1.9", range(32, "10.0.0.1", "10.0.1.9")],
  ["10.0.0.1-9", range(32, "10.0.0.1", "10.0.0.9")],
  ["::1", range(128, "::1", "::1")],
  ["::ffff:192.0.2.1", range(128, "::ffff:c000:201", "::ffff:c000:201")],
  ["2001:db8::/32", range(128, "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff")],
  ["2001:db8::1-2001:db8::ff", range(128, "2001:db8::1", "2001:db8::ff")],
  ["1:2:3:4:5:6:7:8", range(128, "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8")],
  ["Mail.Example.test", host("mail.example.test")],
  [".Example.test", host("example.test", true)],
  ["localhost", host("localhost")],
  ["mail-1.example.test", host("mail-1.example.test")],
  ["dnslist[bl.Example.test]", { kind: "dnslist", zone: "bl.example.test", codes: [] }],
  ["certificate[mx.example.test]", { kind: "certificate", name: "mx.example.test", subdomains: false }],
  ["10.0.0.0/33", undefined],
  ["10.0.0.0/", undefined],
  ["10.0.0.0/-1", undefined],
  ["256.0.0.1", undefined],
  ["010.0.0.1", undefined],
  ["10..0", undefined],
  ["10.0.0.0.0", undefined],
  ["10.0.0.9-10.0.0.1", undefined],
  ["10.0.0.1-::1", undefined],
  ["::/129", undefined],
  ["1:2:3:4:5:6:7", undefined],
  ["1:2:3:4:5:6:7:8:9", undefined],
  ["1::2::3", undefined],
  [":::", undefined],
  ["1:2:3:4:5:6:7::8:9", undefined],
  ["fe80::1%eth0", undefined],
  ["::12345", undefined],
  ["::256.0.0.1", undefined],
  ["*.example.test", undefined],
  ["a_b!.test", undefined],
  ["-a.test", undefined],
  [".", undefined],
  ["", undefined],
  ["dnslist[]", undefined],
  ["dnslist[a b]", undefined],
];

for (const [text, expected] of senders) {
  Deno.test(`parseSender: ${JSON.stringify(text)}`, () => assert.deepEqual(parseSender(text), expected));
}

Deno.test("nearest: the word that was meant, or none", () => {
  const known = ["methods", "ciphers", "renegotiation", "max_message_size", "max_messages_per_connection"];
  const meant: [string, string | undefined][] = [
    ["cipher", "ciphers"],
    ["Methods", "methods"],
    ["mehtods", "methods"],
    ["max-message-size", "max_message_size"],
    ["renegotation", "renegotiation"],
    ["x", undefined],
    ["certificate", undefined],
    ["y".repeat(100_000), undefined],
  ];
  for (const [word, expected] of meant) assert.equal(nearest(word, known), expected, word.slice(0, 20));
});

Deno.test("pathText, quoted: what a file holds cannot end a line or write on a terminal", () => {
  assert.equal(pathText(["listeners", "a", "sender_groups", 0, "name"]), "listeners.a.sender_groups[0].name");
  assert.equal(pathText([]), "config");
  assert.equal(pathText(["a\nb", "\x1b[31m"]), "a\\nb.\\x1b[31m");
  assert.equal(quoted("x\r\nCritical: y"), '"x\\r\\nCritical: y"');
  assert.ok(quoted("z".repeat(1000)).length < 70);
});
