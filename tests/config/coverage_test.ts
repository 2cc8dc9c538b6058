/**
 * Rows that are covered by rows above them: tables, and the slow and simple way on tables drawn by chance.
 */
import assert from "node:assert/strict";
import { parseSender } from "../../src/config/addresses.ts";
import { coveredRecipients, coveredSenders } from "../../src/config/coverage.ts";

/** A row that begins with `+` goes on to the next group. */
function covers(rows: readonly string[]): (readonly number[] | undefined)[] {
  return coveredSenders(rows.map((text) => {
    const pattern = parseSender(text.replace(/^\+/, ""));
    assert.ok(pattern !== undefined, text);
    return { pattern, takes: !text.startsWith("+") };
  }));
}

const senderTables: { what: string; rows: string[]; covered: Record<number, number[]> }[] = [
  { what: "an address in a CIDR above", rows: ["10.0.0.0/8", "10.1.2.3"], covered: { 1: [0] } },
  { what: "an address above its CIDR", rows: ["10.1.2.3", "10.0.0.0/8"], covered: {} },
  { what: "a CIDR in a wider one", rows: ["10.0.0.0/8", "10.1.0.0/16", "11.0.0.0/8"], covered: { 1: [0] } },
  { what: "a CIDR in a part of an address", rows: ["10.0.", "10.0.7.0/24"], covered: { 1: [0] } },
  { what: "a range in a CIDR", rows: ["10.0.0.0/24", "10.0.0.1-10.0.0.20"], covered: { 1: [0] } },
  { what: "a range that goes beyond", rows: ["10.0.0.0/24", "10.0.0.250-10.0.1.3"], covered: {} },
  { what: "a CIDR in a range", rows: ["10.0.0.0-10.0.0.20", "10.0.0.8/29"], covered: { 1: [0] } },
  { what: "two halves together", rows: ["10.0.0.0/9", "10.128.0.0/9", "10.0.0.0/8"], covered: { 2: [0, 1] } },
  { what: "two halves with a hole", rows: ["10.0.0.0/9", "10.128.0.1-10.255.255.255", "10.0.0.0/8"], covered: {} },
  {
    what: "the row that covers alone before those that do together",
    rows: ["10.0.0.0/9", "10.0.0.0/8", "10.0.0.0/8"],
    covered: { 2: [1] },
  },
  { what: "IPv6 networks", rows: ["2001:db8::/32", "2001:db8:1::/48", "2001:db9::1"], covered: { 1: [0] } },
  { what: "the whole of IPv6", rows: ["::/0", "2001:db8::1", "10.0.0.1"], covered: { 1: [0] } },
  { what: "families apart", rows: ["0.0.0.0/0", "::/0"], covered: {} },
  { what: "a host below a .domain", rows: [".example.test", "mx.example.test", "example.test"], covered: { 1: [0] } },
  { what: "a .domain below a .domain", rows: [".example.test", ".sub.example.test"], covered: { 1: [0] } },
  { what: "a .domain below its own subdomain", rows: [".sub.example.test", ".example.test"], covered: {} },
  { what: "a name that only ends alike", rows: [".ample.test", "mx.example.test"], covered: {} },
  { what: "names written large", rows: [".Example.test", "MX.example.TEST"], covered: { 1: [0] } },
  {
    what: "certificates below a .domain, and hosts apart from them",
    rows: ["certificate[.a.test]", "certificate[mx.a.test]", "mx.a.test", "certificate[a.test]"],
    covered: { 1: [0] },
  },
  {
    what: "no list by another",
    rows: ["dnslist[a.test]", "dnslist[a.test, 127.0.0.2]", "dnslist[b.test]"],
    covered: {},
  },
  { what: "everything behind ALL", rows: ["ALL", "10.0.0.1", ".example.test"], covered: { 1: [0], 2: [0] } },
  { what: "nothing by a group that continues", rows: ["+10.0.0.0/8", "10.1.2.3", "+ALL", ".a.test"], covered: {} },
  { what: "a group that continues, by one that does not", rows: ["10.0.0.0/8", "+10.1.2.3"], covered: { 1: [0] } },
];

for (const { what, rows, covered } of senderTables) {
  Deno.test(`coveredSenders: ${what}`, () => {
    assert.deepEqual(covers(rows), rows.map((_, place) => covered[place]));
  });
}

const recipientTables: { what: string; rows: string[]; covered: Record<number, number[]> }[] = [
  { what: "a user of a domain above", rows: ["example.test", "bob@example.test"], covered: { 1: [0] } },
  { what: "a user above its domain", rows: ["bob@example.test", "example.test"], covered: {} },
  { what: "a user everywhere, then in a domain", rows: ["abuse@", "Abuse@example.test"], covered: { 1: [0] } },
  { what: "a user in a domain, then everywhere", rows: ["abuse@example.test", "abuse@"], covered: {} },
  {
    what: "a subdomain of a .domain",
    rows: [".example.test", "sub.example.test", "example.test"],
    covered: { 1: [0] },
  },
  { what: "a user of a subdomain", rows: [".example.test", "bob@sub.example.test"], covered: { 1: [0] } },
  { what: "a .domain below a .domain", rows: [".example.test", ".sub.example.test"], covered: { 1: [0] } },
  { what: "a .domain below its domain", rows: ["example.test", ".example.test"], covered: {} },
  { what: "a user of an address", rows: ["[10.0.0.1]", "bob@[10.0.0.1]", "[10.0.0.2]"], covered: { 1: [0] } },
  {
    what: "an IPv6 address in two spellings",
    rows: ["[IPv6:2001:db8::1]", "[IPv6:2001:DB8:0:0:0:0:0:1]"],
    covered: { 1: [0] },
  },
  { what: "everything behind ALL", rows: ["ALL", "example.test", "abuse@"], covered: { 1: [0], 2: [0] } },
];

for (const { what, rows, covered } of recipientTables) {
  Deno.test(`coveredRecipients: ${what}`, () => {
    assert.deepEqual(coveredRecipients(rows), rows.map((_, place) => covered[place]));
  });
}

Deno.test("coveredSenders agrees with counting address by address", () => {
  let state = 12_345;
  const below = (count: number) => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) % count;
  let found = 0;
  for (let round = 0; round < 300; round++) {
    const rows = Array.from({ length: 1 + below(12) }, () => {
      const first = below(64);
      const row = `10.0.0.${first}-10.0.0.${first + below(64 - first)}`;
      return below(5) === 0 ? `+${row}` : row;
    });
    const taken = new Set<number>();
    const expected = rows.map((row) => {
      const [first, last] = row.match(/\d+(?=-|$)/g)!.map(Number);
      const all = Array.from({ length: last - first + 1 }, (_, at) => first + at);
      const covered = all.every((address) => taken.has(address));
      if (!row.startsWith("+")) { for (const address of all) taken.add(address); }
      return covered;
    });
    found += expected.filter((covered) => covered).length;
    assert.deepEqual(covers(rows).map((cover) => cover !== undefined), expected, rows.join(" "));
  }
  assert.ok(found > 100, `only ${found} rows were covered`);
});

Deno.test("coveredSenders takes a moment for a file full of networks", () => {
  const rows = Array.from({ length: 20_000 }, (_, at) => `10.${(at * 7919) % 256}.${at % 251}.${(at * 31) % 256}`);
  const before = performance.now();
  const covered = covers(["192.0.2.0/24", ...rows, "10.0.0.0/8", ...rows]);
  assert.ok(covered.slice(20_002).every((cover) => cover !== undefined));
  assert.ok(performance.now() - before < 5_000);
});
