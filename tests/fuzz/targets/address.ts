/**
 * Addresses: what the grammar makes is taken as it is, what is taken is harmless, and address literals are what the platform takes for addresses.
 *
 * @module
 */
import assert from "node:assert/strict";
import { isIPv4, isIPv6 } from "node:net";
import { limits } from "../../../src/base/limits.ts";
import { octets } from "../../../src/base/octets.ts";
import { printable } from "../../../src/base/text.ts";
import { isSafePath } from "../../../src/deliver/commands.ts";
import { addressFamily, asciiName, canonicalAddress, reverseNameOf } from "../../../src/dns/names.ts";
import { domainOf, localPartOf } from "../../../src/mail/envelope.ts";
import { literalAddress } from "../../../src/policy/route.ts";
import { forwardPath, isDomain, reversePath } from "../../../src/smtp/address.ts";
import { decodeXtext, encodeXtext, isXtext } from "../../../src/smtp/xtext.ts";
import { spoiled } from "../bytes.ts";
import { addressLiteral, mailbox, path, xtext } from "../smtp.ts";
import { target } from "../target.ts";

interface Input {
  /** In front of the path. */
  before: string;
  path: string;
  /** The mailbox, where the path was not spoiled. */
  meant: string | undefined;
  literal: string;
  xtext: string;
}

const words = [
  "<",
  ">",
  "@",
  '"',
  "\\",
  '\\"',
  "[IPv6:",
  "[127.0.0.1]",
  "::",
  "]",
  ":",
  ",@a.test",
  "..",
  ".",
  "\u2028",
  "\u202e",
  "\ufeff",
  "\ud800",
  "\u{10ffff}",
  "xn--",
  "\u00ad",
  "\u3002",
  "%2e",
  "a".repeat(63),
  "a.".repeat(130),
  "b".repeat(1_000),
  "\\\\".repeat(500),
  "é".repeat(40),
];

function literalOracle(text: string): boolean {
  if (!/^\[[^\]%]*\]$/.test(text)) return false;
  const inner = text.slice(1, -1);
  return isIPv4(inner) || (/^ipv6:/i.test(inner) && isIPv6(inner.slice(5)));
}

export const addressTarget = target<Input>({
  name: "address",
  reaches: [
    "meant",
    "taken",
    "refused",
    "null",
    "postmaster",
    "literal",
    "no literal",
    "xtext",
    "no xtext",
    "name",
    "no name",
  ],
  make(chance) {
    const address = mailbox(chance, chance.oneIn(3));
    const sound = chance.oneIn(3);
    const whole = chance.oneIn(30) ? chance.pick(["<>", "<postmaster>", "<PostMaster>"]) : path(chance, address);
    const literal = addressLiteral(chance);
    const text = chance.oneIn(2)
      ? xtext(chance)
      : chance.text(0, 6, ["a", "+", "=", "\u00e4", " ", "+41", "\0", "+4a", "😀"]);
    return {
      before: chance.text(0, 3, ["MAIL FROM:", " ", "x", "<"]),
      path: sound ? whole : spoiled(whole, chance, words),
      meant: sound && whole.includes("@") ? address : undefined,
      literal: chance.oneIn(2)
        ? literal
        : spoiled(literal, chance, ["::", ":", ".", "256", "0", "g", "%eth0", "IPv6:"]),
      xtext: text,
    };
  },
  check(input) {
    const ends: string[] = [];
    const line = input.before + input.path;
    const from = input.before.length;
    const found = reversePath(line, from);
    const forward = forwardPath(line, from);
    if (input.meant !== undefined) {
      assert.deepEqual(found, { address: input.meant, end: line.length });
      assert.deepEqual(forward, found);
      ends.push("meant");
    }
    ends.push(found === undefined ? "refused" : found.address === "" ? "null" : "taken");
    if (forward !== undefined && !forward.address.includes("@")) ends.push("postmaster");
    for (const one of [found, forward]) {
      if (one === undefined || one.address === "") continue;
      const { address, end } = one;
      assert.ok(end > from && end <= line.length && line[end - 1] === ">");
      assert.deepEqual(
        forwardPath(`<${address}>`, 0),
        { address, end: address.length + 2 },
        "it goes in as it came out",
      );
      assert.equal(isSafePath(address), true, "it can stand in a command");
      assert.equal(
        printable(address).replaceAll("\\\\", "\\"),
        address,
        "nothing in it needs an escape but a backslash",
      );
      if (!address.includes("@")) continue;
      assert.ok(octets(localPartOf(address)).length <= limits.localPartOctetsMax);
      assert.ok(octets(domainOf(address)).length <= limits.domainOctetsMax + 64);
      assert.ok(isDomain(address.slice(address.lastIndexOf("@") + 1)), "the part behind the last @ is the domain");
    }
    assert.equal(
      isDomain(input.literal) && input.literal[0] === "[",
      literalOracle(input.literal),
      "an address literal",
    );
    if (literalOracle(input.literal)) {
      const inner = literalAddress(input.literal)!;
      assert.ok(addressFamily(inner) > 0);
      assert.match(reverseNameOf(inner)!, /^[0-9a-f.]+\.(?:in-addr|ip6)\.arpa$/);
      assert.equal(canonicalAddress(canonicalAddress(inner)), canonicalAddress(inner));
    }
    ends.push(literalOracle(input.literal) ? "literal" : "no literal");
    const name = asciiName(input.path.slice(input.path.lastIndexOf("@") + 1, -1));
    if (name !== undefined) assert.ok(name.length <= 253 && /^[\x21-\x7e]+$/.test(name) && asciiName(name) === name);
    ends.push(name === undefined ? "no name" : "name");
    const decoded = decodeXtext(input.xtext);
    assert.equal(decoded === undefined, !isXtext(input.xtext));
    ends.push(decoded === undefined ? "no xtext" : "xtext");
    const encoded = encodeXtext(input.xtext);
    assert.ok(isXtext(encoded));
    assert.equal(decodeXtext(encoded), input.xtext);
    return ends;
  },
});
