/**
 * DNS messages: answers that a server could give, and what a forger or a broken server makes of them.
 *
 * @module
 */
// @ts-types="@types/dns-packet"
import packet from "dns-packet";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { isIPv4, isIPv6 } from "node:net";
import { type Octets } from "../../../src/base/octets.ts";
import { encodeQuestion, type Question, readAnswer, type Reading } from "../../../src/dns/message.ts";
import { asciiName } from "../../../src/dns/names.ts";
import type { MxData, RecordType, TlsaData } from "../../../src/dns/records.ts";
import { latin1, latin1Text, spoiled } from "../bytes.ts";
import type { Chance } from "../chance.ts";
import { domainName } from "../smtp.ts";
import { target } from "../target.ts";

interface Input {
  message: Octets;
  question: Question;
  /** The values of the answer, where nothing was spoiled. */
  meant: unknown[] | undefined;
}

const types: RecordType[] = ["A", "AAAA", "PTR", "MX", "TXT", "TLSA"];

/** A record's data for the encoder, and what it means. */
function valueOf(type: RecordType, chance: Chance): { data: unknown; means: unknown } {
  const name = domainName(chance).toLowerCase();
  switch (type) {
    case "A": {
      const data = chance.many(4, 4, () => chance.below(256)).join(".");
      return { data, means: data };
    }
    case "AAAA": {
      const data = `2001:db8:${chance.many(6, 6, () => chance.between(1, 0xffff).toString(16)).join(":")}`;
      return { data, means: data };
    }
    case "PTR":
      return { data: name, means: name };
    case "MX": {
      const data = { preference: chance.below(65_536), exchange: chance.oneIn(10) ? "." : name };
      return { data, means: data };
    }
    case "TXT": {
      const data = chance.many(1, 3, () => chance.text(0, 5, ["v=x ", '"', "\\", "ü", "\n"]));
      return { data, means: data.join("") };
    }
    case "TLSA": {
      const certificate = chance.octets(chance.pick([0, 32, 64]));
      const [usage, selector, matchingType] = chance.many(3, 3, () => chance.below(4));
      return {
        data: { usage, selector, matchingType, certificate: Buffer.from(certificate) },
        means: { usage, selector, matchingType, certificate },
      };
    }
  }
}

const words = [
  "\xc0\x0c",
  "\xc0\x0d",
  "\xc0\xff",
  "\xff\xff",
  "\x3f",
  "\0\0\x05\0\x01",
  "\0\0\x06\0\x01",
  "\0\0\x29\x04\xd0",
  "\x80\0\0\0",
  "\x7f\xff\xff\xff",
  "\xc0\x2b",
  "\xc0\x0c\0\x05\0\x01\0\0\0\x3c\0\x02\xc0\x0c",
  "\x01a".repeat(120),
  "\xff\xff\xff\xff\xff\xff",
];

function message(chance: Chance, question: Question): { wire: string; meant: unknown[] } {
  let name = question.name;
  const answers: unknown[] = [];
  const ttl = () => chance.pick([0, 1, 300, 86_400, 0x7fffffff]);
  for (let hop = chance.oneIn(3) ? chance.pick([1, 2, 8]) : 0; hop > 0; hop--) {
    const next = domainName(chance).toLowerCase();
    // One name twice would be a loop or two aliases of one name.
    if (answers.some((record) => (record as { name: string }).name === next) || next === name) continue;
    answers.push({ type: "CNAME", name, ttl: ttl(), class: "IN", data: next });
    name = next;
  }
  const values = chance.many(0, chance.oneIn(50) ? 300 : 4, () => valueOf(question.type, chance));
  for (const { data } of values) answers.push({ type: question.type, name, ttl: ttl(), class: "IN", data });
  if (chance.oneIn(3)) answers.sort(() => chance.below(3) - 1);
  const soa = { mname: "ns.test", rname: "root.test", serial: 1, refresh: 2, retry: 3, expire: 4, minimum: ttl() };
  const bytes = packet.encode({
    type: "response",
    id: question.id,
    flags: packet.RECURSION_AVAILABLE | (chance.oneIn(4) ? packet.AUTHENTIC_DATA : 0),
    questions: [{ type: question.type, name: question.name, class: "IN" }],
    answers: answers as packet.Answer[],
    authorities: chance.oneIn(2)
      ? [{ type: "SOA", name: "test", ttl: ttl(), class: "IN", data: soa } as packet.Answer]
      : [],
  });
  // An answer without values means no data, which is an end of its own.
  return { wire: latin1Text(bytes), meant: values.map(({ means }) => means) };
}

/** A message that is only a header, a question and any number of the same few octets: what costs most to take apart. */
function heavy(chance: Chance, question: Question): string {
  const asked = latin1Text(encodeQuestion({ ...question, edns: false }));
  const record = chance.pick([
    "\xc0\x0c\0\x05\0\x01\0\0\0\x3c\0\x02\xc0\x0c",
    "\xc0\x0c\0\x10\0\x01\0\0\0\x3c\0\x01\0",
    "\x01a\xc0\x0c\0\x01\0\x01\0\0\0\0\0\x04abcd",
  ]);
  const count = Math.floor(chance.between(100, 65_000) / record.length);
  const head = asked.slice(0, 2) + "\x81\x80\0\x01" + String.fromCharCode(count >> 8, count & 255) + "\0\0\0\0";
  return head + asked.slice(12) + record.repeat(count);
}

function judge(reading: Reading, question: Question): void {
  if ("ttl" in reading) {
    assert.ok(Number.isInteger(reading.ttl) && reading.ttl >= 0 && reading.ttl <= 0x7fffffff, `ttl ${reading.ttl}`);
  }
  if (reading.kind === "alias") assert.equal(asciiName(reading.target), reading.target);
  if (reading.kind !== "found") return;
  assert.ok(reading.records.length > 0 && reading.records.length <= 256);
  for (const record of reading.records) {
    switch (question.type) {
      case "A":
        assert.ok(isIPv4(record as string), `A ${record}`);
        break;
      case "AAAA":
        assert.ok(isIPv6(record as string), `AAAA ${record}`);
        break;
      case "PTR":
        assert.equal(asciiName(record as string), record);
        break;
      case "MX": {
        const { preference, exchange } = record as MxData;
        assert.ok(preference >= 0 && preference <= 65_535);
        assert.ok(exchange === "." || asciiName(exchange) === exchange);
        break;
      }
      case "TXT":
        assert.equal(typeof record, "string");
        break;
      case "TLSA": {
        const { usage, selector, matchingType, certificate } = record as TlsaData;
        for (const one of [usage, selector, matchingType]) assert.ok(one >= 0 && one <= 255);
        assert.ok(certificate instanceof Uint8Array);
        break;
      }
      default:
        question.type satisfies never;
    }
  }
}

export const dnsTarget = target<Input>({
  name: "dns",
  reaches: ["foreign", "truncated", "no_edns", "failed", "found", "alias", "no_data", "no_such_domain", "meant"],
  make(chance) {
    const question: Question = {
      id: chance.below(65_536),
      name: domainName(chance).toLowerCase(),
      type: chance.pick(types),
      edns: chance.oneIn(2),
    };
    let { wire, meant }: { wire: string; meant: unknown[] | undefined } = message(chance, question);
    if (!chance.oneIn(3)) {
      meant = undefined;
      const [id, flags] = [wire.slice(0, 2), wire.slice(2, 4)];
      if (chance.oneIn(60)) wire = heavy(chance, question);
      else wire = spoiled(wire, chance, words);
      // A forger who has the id right is the one to fear.
      if (!chance.oneIn(8)) wire = id + wire.slice(2);
      if (chance.oneIn(2)) {
        wire = wire.slice(0, 2) + flags[0] +
          String.fromCharCode((flags.charCodeAt(1) & 0xf0) | chance.pick([0, 1, 2, 3, 3, 5])) + wire.slice(4);
      }
    }
    return { message: latin1(wire), question, meant };
  },
  check({ message, question, meant }) {
    const sent = encodeQuestion(question);
    assert.equal(packet.decode(Buffer.from(sent)).questions?.[0].name, question.name);
    assert.equal(readAnswer(sent, question).kind, "foreign", "a question is no answer");
    const reading = readAnswer(message, question);
    judge(reading, question);
    if (((message[0] << 8) | message[1]) !== question.id) assert.equal(reading.kind, "foreign");
    if (meant === undefined) return [reading.kind];
    if (meant.length === 0) assert.ok(["no_data", "alias"].includes(reading.kind), reading.kind);
    else if (meant.length > 256) assert.equal(reading.kind === "found" && reading.records.length, 256, "bounded");
    else assert.deepEqual(sorted(reading.kind === "found" ? reading.records : reading), sorted(meant));
    return [reading.kind, "meant"];
  },
});

/** Records have no order. */
function sorted(records: unknown): unknown {
  return Array.isArray(records) ? records.map((record) => JSON.stringify(record)).sort() : records;
}
