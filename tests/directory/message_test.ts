/** LDAP messages: what is sent, octet by octet, and what is read of what comes. */
import assert from "node:assert/strict";
import { joined, type Octets, octets } from "../../src/base/octets.ts";
import { BerError } from "../../src/certs/ber.ts";
import { type LdapFilter, parseLdapFilter } from "../../src/config/ldap_filter.ts";
import {
  abandonRequest,
  bindRequest,
  MessageReader,
  readMessage,
  searchRequest,
  startTlsRequest,
  unbindRequest,
} from "../../src/directory/message.ts";
import { answers } from "./fake_server.ts";

function filterOf(text: string): LdapFilter {
  const parsed = parseLdapFilter(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
}

Deno.test("requests are encoded as RFC 4511 has them", () => {
  const hex = (bytes: Octets) => bytes.toHex();
  assert.equal(
    hex(bindRequest(2, { kind: "simple", dn: "cn=x", password: "p" })),
    "30110201026" + "00c0201030404636e3d78800170",
  );
  assert.equal(hex(bindRequest(2, { kind: "external" })), "30180201026013020103" + "0400a30c040845585445524e414c0400");
  assert.equal(
    hex(startTlsRequest(1)),
    `301d02010177188016${"1.3.6.1.4.1.1466.20037".split("").map((c) => c.charCodeAt(0).toString(16)).join("")}`,
  );
  assert.equal(hex(unbindRequest(128)), "30060202008042" + "00");
  assert.equal(hex(abandonRequest(300, 5)), "30070202012c5001" + "05");
  assert.equal(
    hex(searchRequest(3, { base: "dc=t", filter: filterOf("(a=b)"), seconds: 10 })),
    "302902010363240404" + "64633d74" + "0a0102" + "0a0100" + "020101" + "02010a" + "0101ff" + "a306040161040162" +
      "3005" + "0403312e31",
  );
  const long = searchRequest(3, { base: "x".repeat(300), filter: filterOf("(a=b)"), seconds: 10 });
  assert.deepEqual([...long.subarray(0, 2)], [0x30, 0x82]);
});

// deno-fmt-ignore
Deno.test("filters are encoded with the tags of RFC 4511 §4.5.1.7", () => {
  const start = "30xx0201036324040464633d740a01020a0100020101" + "02010a0101ff";
  const cases: [text: string, hex: string][] = [
    ["(a=*)", "870161"],
    ["(!(a=*))", "a203870161"],
    ["(&(a=*)(b=*))", "a006870161870162"],
    ["(|(a=*))", "a103870161"],
    ["(a=b*c*d)", "a40e040161" + "3009" + "800162" + "810163" + "820164"],
    ["(a=*c*)", "a408040161" + "3003" + "810163"],
    ["(a>=b)", "a506040161040162"], ["(a<=b)", "a606040161040162"], ["(a~=b)", "a806040161040162"],
    ["(a:dn:1.2:=b)", "a90e8103312e32820161830162" + "8401ff"],
  ];
  for (const [text, wanted] of cases) {
    const bytes = searchRequest(3, { base: "dc=t", filter: filterOf(text), seconds: 10 }).toHex();
    assert.equal(bytes.slice(start.length, -14), wanted, text);
  }
});

Deno.test("MessageReader gives the same messages wherever a stream is cut", () => {
  const stream = joined([
    answers.bound(1),
    answers.entry(2),
    answers.reference(2),
    answers.done(2),
    answers.disconnection(),
  ]);
  for (let cut = 0; cut <= stream.length; cut++) {
    const reader = new MessageReader();
    const found = [];
    for (const piece of [stream.subarray(0, cut), stream.subarray(cut)]) {
      reader.push(piece);
      for (let next = reader.next(); next !== undefined; next = reader.next()) found.push(next);
    }
    assert.deepEqual(found.map(({ id, kind }) => `${id} ${kind}`), [
      "1 bound",
      "2 entry",
      "2 other",
      "2 done",
      "0 extended",
    ]);
    assert.equal(reader.left, 0);
  }
});

Deno.test("attack: what is no message, too long, or cut short within is a BerError, at once", () => {
  // deno-fmt-ignore
  const hostile = ["485454502f312e31", "3080", "30ff", "3085ffffffffff", "3084ffffffff", "3083010001", "30050201", "30020201", "3003020101",
    "3006020101610100", "300c0201016107020100040004ff", "300c02010161070a0100040004ff", "300c02010161070a01ff04000400"];
  for (const hex of hostile) {
    const reader = new MessageReader();
    // What is still to come is not waited for where the beginning is wrong already.
    reader.push(joined([Uint8Array.fromHex(hex), octets("\0".repeat(16))]));
    assert.throws(
      () => {
        while (reader.next() !== undefined);
      },
      BerError,
      hex,
    );
  }
});

Deno.test("readMessage: a result has its code and the server's words", () => {
  assert.deepEqual(readMessage(answers.done(7, { code: 32, text: "nö" })), {
    id: 7,
    kind: "done",
    result: { code: 32, text: "nö" },
  });
});
