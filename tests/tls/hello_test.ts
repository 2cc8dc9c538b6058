import assert from "node:assert/strict";
import { limits } from "../../src/base/limits.ts";
import { joined, type Octets, octets } from "../../src/base/octets.ts";
import { seededRandom } from "../../src/base/random.ts";
import { type Hello, HelloReader } from "../../src/tls/hello.ts";

const sixteen = (n: number): number[] => [n >> 8, n & 255];
const vector = (
  bytes: number[],
  octets: 1 | 2,
): number[] => [...(octets === 1 ? [bytes.length] : sixteen(bytes.length)), ...bytes];
const text = (characters: string): number[] => [...octets(characters)];

/** A server_name extension with one name. */
const sni = (name: number[], type = 0): number[] => [0, 0, ...vector(vector([type, ...vector(name, 2)], 2), 2)];
const other = (type: number): number[] => [...sixteen(type), ...vector([1, 2, 3], 2)];

/** A ClientHello message with these extensions; `undefined`: none at all (RFC 5246 §7.4.1.2). */
function message(extensions: number[] | undefined): number[] {
  const body = [
    ...[3, 3, ...new Array<number>(32).fill(7)],
    ...vector(new Array<number>(32).fill(9), 1),
    ...vector([0x13, 0x01, 0x13, 0x02], 2),
    ...vector([0], 1),
    ...(extensions === undefined ? [] : vector(extensions, 2)),
  ];
  return [1, 0, ...sixteen(body.length), ...body];
}

/** Handshake records with at most `size` bytes of the message in each. */
function records(bytes: number[], size = 16_384): Octets {
  const parts: Octets[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    parts.push(Uint8Array.from([22, 3, 1, ...vector(bytes.slice(at, at + size), 2)]));
  }
  return joined(parts);
}

function read(bytes: Octets, cut = bytes.length): Hello {
  const reader = new HelloReader();
  let hello: Hello = { kind: "more" };
  for (let at = 0; at < bytes.length && hello.kind === "more"; at += cut) {
    hello = reader.push(bytes.slice(at, at + cut));
  }
  return hello;
}

const plain = message([...other(11), ...sni(text("MX.example.test")), ...other(43)]);

Deno.test("HelloReader finds the name in any cut of reads and records", () => {
  for (const size of [1, 2, 3, 4, 5, 17, 100, 16_384]) {
    const bytes = records(plain, size);
    for (let cut = 1; cut <= bytes.length; cut++) {
      assert.deepEqual(
        read(bytes, cut),
        { kind: "hello", serverName: "mx.example.test" },
        `records ${size}, cut ${cut}`,
      );
    }
    for (let first = 1; first < bytes.length; first++) {
      const reader = new HelloReader();
      assert.deepEqual(reader.push(bytes.slice(0, first)), { kind: "more" });
      assert.equal(reader.push(bytes.slice(first)).kind, "hello");
      assert.deepEqual(reader.bytes(), bytes, "and hands on everything");
    }
  }
});

Deno.test("HelloReader finds the name before and behind other extensions", () => {
  const status = [0, 5, ...vector([1, 0, 0, 0, 0], 2)];
  const cases = [
    [[...status, ...sni(text("mx.example.test"))], { serverName: "mx.example.test" }],
    [[...sni(text("mx.example.test")), ...other(11), ...status], { serverName: "mx.example.test" }],
    [[...other(6), ...status], {}],
    [[...other(17), ...other(0x0500)], {}],
  ] as const;
  for (const [extensions, wishes] of cases) {
    assert.deepEqual(read(records(message([...extensions]))), { kind: "hello", ...wishes });
  }
});

Deno.test("HelloReader keeps what follows the ClientHello", () => {
  const bytes = joined([records(plain), Uint8Array.of(20, 3, 3, 0, 1, 1)]);
  const reader = new HelloReader();
  assert.equal(reader.push(bytes).kind, "hello");
  assert.deepEqual(reader.bytes(), bytes);
});

Deno.test("HelloReader gives no name where there is none, or none that could be a host's", () => {
  const cases: [about: string, extensions: number[] | undefined][] = [
    ["no extensions", undefined],
    ["empty extensions", []],
    ["other extensions", other(11)],
    ["an empty name", sni([])],
    ["another type of name", sni(text("mx.example.test"), 1)],
    ["a NUL inside", sni(text("mx\0.example.test"))],
    ["a space inside", sni(text("mx example.test"))],
    ["a line end inside", sni(text("mx\r\nexample.test"))],
    ["bytes above ASCII", sni(text("müller.test"))],
    ["a name that is too long", sni(text("a".repeat(limits.domainOctetsMax + 1)))],
    ["a length beyond the list", [0, 0, 0, 9, 0, 7, 0, 0, 99, 97, 98, 99, 100]],
    ["an extension beyond the message", [0, 0, 0xff, 0xff, 0, 5, 0, 0, 2, 97, 98]],
  ];
  for (const [about, extensions] of cases) {
    assert.deepEqual(read(records(message(extensions))), { kind: "hello" }, about);
  }
});

Deno.test("HelloReader tells TLS from other protocols at their first bytes", () => {
  const cases: [bytes: number[], kind: Hello["kind"]][] = [
    [text("E"), "alien"],
    [text("GET / HTTP/1.1\r\n"), "alien"],
    [[0x80, 46, 1, 3, 1], "alien"],
    [[22, 2], "alien"],
    [[22], "more"],
    [[22, 3, 1, 0], "more"],
    [[22, 3, 1, 0, 0], "other"], // an empty handshake record
    [[22, 3, 1, 0x40, 1], "other"], // longer than a record may be
    [[21, 3, 1, 0, 2, 2, 40], "other"], // an alert
    [[23, 3, 3, 0, 1, 0], "other"],
    [[22, 3, 1, 0, 4, 2, 0, 0, 0], "other"], // a ServerHello
    [[22, 3, 1, 0, 4, 1, 1, 0, 0], "too_large"], // 65,536 and the header
  ];
  for (const [bytes, kind] of cases) assert.equal(read(Uint8Array.from(bytes)).kind, kind, String(bytes));
});

Deno.test("HelloReader is bounded: records of one byte without end", () => {
  const reader = new HelloReader();
  let pushed = 0;
  let hello = reader.push(records([1, 0, 0xff, 0]));
  const one = Uint8Array.of(22, 3, 1, 0, 1, 0);
  while (hello.kind === "more") {
    hello = reader.push(one);
    pushed += one.length;
    assert(pushed <= limits.handshakeOctetsMax + one.length);
  }
  assert.equal(hello.kind, "too_large");
});

Deno.test("HelloReader never throws (seeded)", () => {
  const seed = 60_6_6;
  const random = seededRandom(seed);
  const whole = records(plain, 40);
  for (let round = 0; round < 20_000; round++) {
    const bytes = whole.slice(0, Math.ceil(random.fraction() * whole.length));
    for (let changes = random.fraction() * 6; changes > 0; changes--) {
      bytes[Math.floor(random.fraction() * bytes.length)] = random.bytes(1)[0];
    }
    assert.doesNotThrow(
      () => read(bytes, 1 + Math.floor(random.fraction() * bytes.length)),
      `seed ${seed}, round ${round}`,
    );
  }
});

Deno.test("HelloReader takes thousands of records of one octet in a time that grows with them, not with their square", () => {
  const whole = message([...sni(text("a.example")), ...[0, 21, ...vector(new Array<number>(18_000).fill(0), 2)]]);
  const wire = records(whole, 1);
  assert.ok(wire.length < limits.handshakeOctetsMax);
  const begun = performance.now();
  assert.deepEqual(read(wire), { kind: "hello", serverName: "a.example" });
  // It took 30 s and more; what is left are milliseconds, with room for a busy machine.
  assert.ok(performance.now() - begun < 10_000);
});
