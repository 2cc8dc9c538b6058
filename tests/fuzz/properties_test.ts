/** Properties of what encodes and decodes; fast-check shrinks what breaks them and prints it with its seed and path. */
// @ts-types="@types/dns-packet"
import packet from "dns-packet";
import fc from "fast-check";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { systemRandom } from "../../src/base/random.ts";
import { joined, type Octets, octets, textOf } from "../../src/base/octets.ts";
import { printable } from "../../src/base/text.ts";
import { BerError } from "../../src/certs/ber.ts";
import { MessageReader } from "../../src/directory/message.ts";
import { encodeQuestion } from "../../src/dns/message.ts";
import { asciiName, canonicalAddress, reverseNameOf } from "../../src/dns/names.ts";
import type { Reply } from "../../src/mail/reply.ts";
import { forwardPath, isDomain, reversePath } from "../../src/smtp/address.ts";
import { DataEncoder } from "../../src/smtp/data_encoder.ts";
import { ReplyReader } from "../../src/smtp/reply_reader.ts";
import { replyWire } from "../../src/smtp/reply_text.ts";
import { TextReader } from "../../src/smtp/text_reader.ts";
import { decodeXtext, encodeXtext, isXtext } from "../../src/smtp/xtext.ts";
import { answers } from "../directory/fake_server.ts";
import { leaseOne, textOfLease, World } from "../queue/world.ts";
import { latin1Text, pieces } from "./bytes.ts";
import * as legal from "./legal.ts";
import { Way } from "./way.ts";

const seed = Number(Deno.env.get("POSTERN_FUZZ_SEED") || Math.floor(systemRandom.fraction() * 2 ** 31));
console.log(`POSTERN_FUZZ_SEED=${seed}`);
const times = Deno.env.get("CI") ? 10 : 1;
const runs = (numRuns: number): fc.Parameters<unknown> => ({ seed, numRuns: numRuns * times });

Deno.test("encodeXtext is undone by decodeXtext, for any text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assert.ok(isXtext(encodeXtext(text)));
      assert.equal(decodeXtext(encodeXtext(text)), text);
    }),
    runs(1_000),
  );
});

Deno.test("MessageReader gives the same LDAP messages however a stream is cut, and a BerError where it is none", () => {
  const messages = fc.array(
    fc.constantFrom(answers.bound(1), answers.entry(2), answers.done(2), answers.extended(3), answers.disconnection()),
    { maxLength: 6 },
  );
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 2 });
  fc.assert(
    fc.property(messages, changes, legal.cuts, fc.uint8Array({ maxLength: 20 }), (made, changes, cuts, noise) => {
      const stream = joined([...made.map((message) => message.slice()), Uint8Array.from(noise)]);
      for (const [at, octet] of changes) if (stream.length > 0) stream[at % stream.length] = octet;
      const read = (parts: Iterable<Octets>): string => {
        const reader = new MessageReader();
        const found: string[] = [];
        try {
          for (const part of parts) {
            reader.push(part);
            for (let next = reader.next(); next !== undefined; next = reader.next()) found.push(JSON.stringify(next));
          }
        } catch (error) {
          assert.ok(error instanceof BerError, String(error));
          found.push(error.message);
        }
        return found.join("\n");
      };
      assert.equal(read(pieces(stream, cuts)), read([stream]));
    }),
    runs(500),
  );
});

function decoded(
  wire: Octets,
  { dots, cuts }: { dots: boolean; cuts: number[] },
): { text: Octets; reader: TextReader } {
  const reader = new TextReader({ dots, fix: false });
  const out: Octets[] = [];
  for (const piece of pieces(wire, cuts)) {
    assert.equal(reader.push(piece, 0, piece.length), piece.length);
    out.push(reader.take() ?? new Uint8Array(0));
  }
  if (!dots) out.push(reader.finish() ?? new Uint8Array(0));
  return { text: joined([...out, new Uint8Array(0)]), reader };
}

Deno.test("DataEncoder is undone by TextReader for any legal text, both cut anywhere", () => {
  fc.assert(
    fc.property(legal.text, legal.cuts, legal.cuts, (text, out, cuts) => {
      const encoder = new DataEncoder();
      const wire = joined([...[...pieces(text, out)].map((piece) => encoder.encode(piece)), encoder.end()]);
      const whole = latin1Text(text);
      // What does not end with CRLF gets one: RFC 5321 §4.1.1.4.
      const expected = whole === "" || whole.endsWith("\r\n") ? whole : `${whole}\r\n`;
      const { text: read, reader } = decoded(wire, { dots: true, cuts });
      assert.equal(latin1Text(read), expected);
      assert.deepEqual([reader.ended, reader.fault, reader.octets], [true, undefined, expected.length]);
    }),
    runs(2_000),
  );
});

Deno.test("TextReader gives a counted text (BDAT) as it came, for any legal text cut anywhere", () => {
  fc.assert(
    fc.property(legal.text, legal.cuts, (text, cuts) => {
      const { text: read, reader } = decoded(text, { dots: false, cuts });
      assert.equal(latin1Text(read), latin1Text(text));
      assert.deepEqual([reader.ended, reader.fault, reader.octets], [false, undefined, text.length]);
    }),
    runs(2_000),
  );
});

Deno.test("paths are read as they are written, for any mailbox", () => {
  fc.assert(
    fc.property(legal.mailbox, fc.array(legal.domain, { maxLength: 3 }), fc.string(), (mailbox, route, behind) => {
      const source = route.length === 0 ? "" : `${route.map((domain) => `@${domain}`).join(",")}:`;
      const path = `<${source}${mailbox}>`;
      const expected = { address: mailbox, end: path.length };
      assert.deepEqual(reversePath(path + behind, 0), expected);
      assert.deepEqual(forwardPath(path + behind, 0), expected);
    }),
    runs(1_000),
  );
});

Deno.test("isDomain takes every domain and address literal", () => {
  fc.assert(fc.property(fc.oneof(legal.domain, legal.literal), (domain) => isDomain(domain)), runs(1_000));
});

const replyOf: fc.Arbitrary<Reply> = fc.record({
  code: fc.integer({ min: 200, max: 559 }),
  enhanced: fc.option(fc.tuple(fc.nat(999), fc.nat(999)), { nil: undefined }),
  // Texts have no controls, and none of ours begins like an enhanced code.
  lines: fc.array(fc.string({ unit: "grapheme", maxLength: 60 }).map((text) => `~${text}`), {
    minLength: 1,
    maxLength: 8,
  }),
}).map(({ code, enhanced, lines }) => ({
  code,
  ...enhanced === undefined || code < 400 && code >= 300
    ? {}
    : { enhanced: `${Math.floor(code / 100)}.${enhanced.join(".")}` },
  lines,
}));

Deno.test("replyWire is undone by ReplyReader for any replies, cut anywhere", () => {
  fc.assert(
    fc.property(fc.array(replyOf, { maxLength: 4 }), legal.cuts, (replies, cuts) => {
      const reader = new ReplyReader();
      for (const piece of pieces(octets(replies.map(replyWire).join("")), cuts)) reader.push(piece);
      assert.deepEqual(replies.map(() => reader.next()), replies.map((reply) => ({ kind: "reply", reply })));
      assert.equal(reader.pending, false);
    }),
    runs(1_000),
  );
});

Deno.test("encodeQuestion carries every name, in lower case", () => {
  fc.assert(
    fc.property(legal.domain, fc.nat(65_535), fc.boolean(), (domain, id, edns) => {
      const name = asciiName(domain);
      assert.equal(name, domain.toLowerCase());
      const message = packet.decode(Buffer.from(encodeQuestion({ id, name: name!, type: "MX", edns })));
      assert.equal(message.id, id);
      assert.deepEqual(message.questions?.map(({ name, type }) => [name, type]), [[name, "MX"]]);
    }),
    runs(500),
  );
});

Deno.test("reverseNameOf names every address so that it can be told again", () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      assert.equal(reverseNameOf(address)!.replace(".in-addr.arpa", "").split(".").reverse().join("."), address);
    }),
    runs(300),
  );
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      const digits = reverseNameOf(address)!.replace(/\.(?:ip6|in-addr)\.arpa$/, "").split(".").reverse();
      // A mapped IPv4 address has the IPv4 one's name.
      const again = digits.length === 4
        ? `::ffff:${digits.join(".")}`
        : digits.join("").match(/.{4}/g)!.map((group) => parseInt(group, 16).toString(16)).join(":");
      assert.equal(canonicalAddress(again), canonicalAddress(address));
    }),
    runs(500),
  );
});

Deno.test("printable shows no two texts alike, and none with a control", () => {
  const text = fc.array(
    fc.oneof(fc.string({ unit: "binary", maxLength: 5 }), fc.constantFrom("\\", "\\n", "\n", "\u2028", "\\x0a")),
  ).map((parts) => parts.join("").slice(0, 1_000));
  fc.assert(
    fc.property(text, text, (one, other) => {
      assert.equal(printable(one) === printable(other), one === other);
      // deno-lint-ignore no-control-regex
      assert.doesNotMatch(printable(one), /[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]/);
    }),
    runs(1_000),
  );
});

Deno.test("an envelope comes out of the queue as it went in, over a restart too", async () => {
  await using world = new World();
  let spool = await world.open();
  await fc.assert(
    fc.asyncProperty(legal.envelope, legal.text, fc.boolean(), async (envelope, text, restart) => {
      const mid = spool.ids.next("mid");
      const draft = spool.draft(mid);
      await draft.write(text.slice());
      await spool.put(structuredClone({ mid, ...envelope }), draft);
      if (restart) {
        await spool.close();
        spool = await world.open();
      }
      const lease = await leaseOne(spool);
      const { recipients, ...rest } = envelope;
      assert.deepEqual(lease.recipients, recipients);
      assert.deepEqual(lease.envelope, { mid, ...rest });
      assert.equal(await textOfLease(lease), textOf(text));
      const outcomes = recipients.map(({ rid }) => ({ kind: "refused" as const, rid }));
      await spool.settle({ ...lease, envelope: { ...lease.envelope, sender: "" } }, outcomes, {
        max_retries: 1,
        max_queue_time: 1,
        initial_retry: 1,
        max_retry_interval: 1,
      });
    }),
    { ...runs(30), endOnFailure: true },
  );
});

Deno.test("the way of a message is byte-exact for any legal text: DATA or BDAT in, the queue, DATA or BDAT out", async () => {
  await using way = await Way.open();
  const texts = fc.oneof({ weight: 6, arbitrary: legal.text }, { weight: 1, arbitrary: legal.largeText });
  const offers = fc.constantFrom<string[]>(["PIPELINING", "CHUNKING", "8BITMIME"], ["PIPELINING"], ["CHUNKING"], []);
  await fc.assert(
    fc.asyncProperty(texts, fc.boolean(), legal.cuts, offers, async (text, counted, cuts, extensions) => {
      const whole = latin1Text(text);
      // What begins with a blank would go on with our Received field: an empty line is put between.
      const began = /^[ \t]/.test(whole) ? `\r\n${whole}` : whole;
      // DATA carries lines: RFC 5321 §4.1.1.4.
      const sent = counted || began === "" || began.endsWith("\r\n") ? began : `${began}\r\n`;
      const kept = await way.send(text, { counted, cuts });
      const head = kept.search(/\r\n(?![\t ])/) + 2;
      assert.match(kept.slice(0, head), /^Received: from /);
      assert.equal(kept.slice(head), sent, "in the queue");
      const chunked = extensions.includes("CHUNKING");
      const passed = await way.deliver(extensions);
      assert.equal(passed, chunked || kept.endsWith("\r\n") ? kept : `${kept}\r\n`, "at the next hop");
    }),
    // A queue has a past: to try smaller ones on it would tell little.
    { ...runs(40), endOnFailure: true },
  );
});
