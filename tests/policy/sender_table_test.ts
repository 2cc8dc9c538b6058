/**
 * The host access table as a table of decisions: facts in, group and entry out.
 */
import assert from "node:assert/strict";
import type { PtrCondition, SenderGroup } from "../../src/config/config.ts";
import { type SenderFacts, SenderTable } from "../../src/policy/sender_table.ts";

type Row = [name: string, senders: string[], conditions?: PtrCondition[], policy?: string];

function groups(...rows: Row[]): SenderGroup[] {
  return rows.map(([name, senders, conditions = [], policy = "p"], row) => ({
    name,
    policy,
    conditions,
    senders: senders.map((sender, place) => ({ sender, line: 10 * row + place })),
    line: 10 * row,
  }));
}

const all: Row = ["ALL", ["ALL"]];
const takesAll = () => true;

function found(table: SenderTable, facts: Partial<SenderFacts>): string {
  const match = table.match({ address: "192.0.2.7", host: undefined, verified: false, ...facts }, takesAll);
  return match === undefined ? "nobody" : `${match.group} ${match.pattern} ${match.line}`;
}

const lists = new SenderTable(groups(
  ["GOOD", ["dnslist[wl.test]", "10.0.0.1"]],
  ["BAD", ["198.51.100.1", "dnslist[bl.test, 127.0.0.2, 127.0.0.4-127.0.0.8]", "dnslist[BL.test, 127.1.0.0/16]"]],
  ["ODD", ["dnslist[bl.test, 127.255.255.254]", "dnslist[other.test]"]],
  all,
));

// deno-fmt-ignore
const listRows: [answers: Record<string, string[]> | undefined, address: string, expected: string][] = [
  [undefined, "192.0.2.7", "ALL ALL 30"],
  [{}, "192.0.2.7", "ALL ALL 30"],
  [{ "wl.test": [], "bl.test": [] }, "192.0.2.7", "ALL ALL 30"],
  [{ "wl.test": ["127.0.0.2"], "bl.test": ["127.0.0.2"] }, "192.0.2.7", "GOOD dnslist[wl.test] 0"],
  [{ "wl.test": ["127.0.0.2"] }, "10.0.0.1", "GOOD dnslist[wl.test] 0"],
  [{ "wl.test": [] }, "10.0.0.1", "GOOD 10.0.0.1 1"],
  [{ "bl.test": ["127.0.0.2"] }, "192.0.2.7", "BAD dnslist[bl.test, 127.0.0.2, 127.0.0.4-127.0.0.8] 11"],
  [{ "bl.test": ["127.0.0.3"] }, "192.0.2.7", "ALL ALL 30"],
  [{ "bl.test": ["127.0.0.3", "127.0.0.8"] }, "192.0.2.7", "BAD dnslist[bl.test, 127.0.0.2, 127.0.0.4-127.0.0.8] 11"],
  [{ "bl.test": ["127.0.0.9"] }, "192.0.2.7", "ALL ALL 30"],
  [{ "bl.test": ["127.1.9.9"] }, "192.0.2.7", "BAD dnslist[BL.test, 127.1.0.0/16] 12"],
  [{ "bl.test": ["127.0.0.2"] }, "198.51.100.1", "BAD 198.51.100.1 10"],
  // By 127.255.255.0/24 a list says that it does not answer: only who names such a code wants it.
  [{ "other.test": ["127.255.255.254"] }, "192.0.2.7", "ALL ALL 30"],
  [{ "bl.test": ["127.255.255.254"] }, "192.0.2.7", "ODD dnslist[bl.test, 127.255.255.254] 20"],
  [{ "other.test": ["127.255.254.255"] }, "192.0.2.7", "ODD dnslist[other.test] 21"],
  // A zone that was sold answers with the address of a shop.
  [{ "other.test": ["203.0.113.80"] }, "192.0.2.7", "ALL ALL 30"],
  [{ "other.test": ["no address"] }, "192.0.2.7", "ALL ALL 30"],
];

Deno.test("SenderTable.match counts the answers of DNS lists that an entry names, or all that a list may give", () => {
  for (const [answers, address, expected] of listRows) {
    const facts = { address, ...answers === undefined ? {} : { lists: new Map(Object.entries(answers)) } };
    assert.equal(found(lists, facts), expected, JSON.stringify([answers, address]));
  }
});

Deno.test("SenderTable.unasked names the lists above the first group that takes the client in any case", () => {
  const table = new SenderTable(groups(
    ["OWN", ["10.0.0.0/8"]],
    ["FIRST", ["dnslist[one.test]", "dnslist[two.test, 127.0.0.2]", "dnslist[two.test, 127.0.0.3]", "172.16.0.0/12"]],
    ["SKIPPED", ["dnslist[skipped.test]"], [], "continues"],
    ["NAMELESS", ["dnslist[three.test]"], ["no_ptr"]],
    ["LAST", ["dnslist[four.test]"]],
    all,
  ));
  const asked = (facts: Partial<SenderFacts>) =>
    table.unasked({ address: "192.0.2.7", host: "a.test", verified: true, ...facts }, (name) => name !== "continues");
  assert.deepEqual(asked({ address: "10.1.1.1" }), [], "a group above takes it");
  assert.deepEqual(asked({ address: "172.16.1.1" }), [], "its own group takes it without the lists");
  assert.deepEqual(asked({}), ["one.test", "two.test", "three.test", "four.test"]);
  assert.deepEqual(asked({ host: undefined, verified: false }), ["one.test", "two.test"], "down to the condition");
  assert.deepEqual(asked({ lists: new Map([["one.test", []], ["two.test", ["127.0.0.9"]]]) }), [
    "three.test",
    "four.test",
  ]);
  assert.deepEqual(asked({ lists: new Map([["two.test", ["127.0.0.3"]]]) }), [], "a list has taken it");
  assert.deepEqual(
    new SenderTable(groups(["A", ["10.0.0.1"]], all)).unasked({
      address: "192.0.2.7",
      host: undefined,
      verified: false,
    }, takesAll),
    [],
  );
});

const missing = new SenderTable(groups(
  ["NONE", [], ["no_ptr"]],
  ["SILENT", ["mail.silent.test"], ["ptr_lookup_failed"]],
  ["WRONG", [], ["ptr_mismatch"]],
  all,
));

// deno-fmt-ignore
const nameRows: [host: string | undefined, verified: boolean, failed: boolean | undefined, expected: string][] = [
  [undefined, false, undefined, "NONE no_ptr 0"],
  [undefined, false, false, "NONE no_ptr 0"],
  [undefined, false, true, "SILENT ptr_lookup_failed 10"],
  // There is a name, and nobody could be asked whether it has the address.
  ["mail.a.test", false, true, "SILENT ptr_lookup_failed 10"],
  ["mail.a.test", false, false, "WRONG ptr_mismatch 20"],
  ["mail.a.test", true, false, "ALL ALL 30"],
  ["mail.silent.test", true, false, "SILENT mail.silent.test 10"],
  ["mail.silent.test", false, false, "WRONG ptr_mismatch 20"],
];

Deno.test("SenderTable.match knows what a reverse name may lack", () => {
  for (const [host, verified, failed, expected] of nameRows) {
    assert.equal(found(missing, { host, verified, failed }), expected, `${host} ${verified} ${failed}`);
  }
  assert.equal(missing.needsNames, true);
});

const certificates = new SenderTable(groups(
  ["ONE", ["certificate[MX.Partner.test]"]],
  ["BELOW", ["certificate[.partner.test]"]],
  ["WORDS", ["certificate[Mail Gateway]", "certificate[grüße]"]],
  all,
));

// deno-fmt-ignore
const certificateRows: [names: string[] | undefined, expected: string][] = [
  [undefined, "ALL ALL 30"],
  [[], "ALL ALL 30"],
  [["mx.partner.test"], "ONE certificate[MX.Partner.test] 0"],
  [["other.test", "mx.partner.test"], "ONE certificate[MX.Partner.test] 0"],
  [["*.partner.test"], "ONE certificate[MX.Partner.test] 0"],
  [["a.partner.test"], "BELOW certificate[.partner.test] 10"],
  [["a.b.partner.test"], "BELOW certificate[.partner.test] 10"],
  [["partner.test"], "ALL ALL 30"],
  [["evilpartner.test"], "ALL ALL 30"],
  [["mx.partner.test.evil.test"], "ALL ALL 30"],
  // A wildcard stands for one whole label.
  [["*.test"], "ALL ALL 30"],
  [["*"], "ALL ALL 30"],
  [["m*.partner.test"], "BELOW certificate[.partner.test] 10"],
  [["mail gateway"], "WORDS certificate[Mail Gateway] 20"],
  [["grüße"], "WORDS certificate[grüße] 21"],
];

Deno.test("SenderTable.match takes a name that a certificate proved", () => {
  for (const [names, expected] of certificateRows) {
    assert.equal(found(certificates, names === undefined ? {} : { names }), expected, `${names}`);
  }
  assert.equal(certificates.needsCertificates, true);
  assert.equal(lists.needsCertificates, false);
});

Deno.test("SenderTable.match knows IPv6 ranges, and an IPv4 address in an IPv6 one", () => {
  const table = new SenderTable(groups(
    ["RANGE", ["2001:db8::10-2001:db8::1f", "10.0.0.1-10.0.0.20"]],
    ["PART", ["10.0."]],
    all,
  ));
  for (
    const [address, expected] of [
      ["2001:db8::f", "ALL ALL 20"],
      ["2001:db8::10", "RANGE 2001:db8::10-2001:db8::1f 0"],
      ["2001:db8::1f", "RANGE 2001:db8::10-2001:db8::1f 0"],
      ["2001:db8::20", "ALL ALL 20"],
      ["::ffff:10.0.0.20", "RANGE 10.0.0.1-10.0.0.20 1"],
      ["10.0.0.21", "PART 10.0. 10"],
      ["10.1.0.0", "ALL ALL 20"],
      ["not an address", "ALL ALL 20"],
    ]
  ) assert.equal(found(table, { address }), expected, address);
});
