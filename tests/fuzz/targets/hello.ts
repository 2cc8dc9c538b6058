/**
 * ClientHellos: built by the grammar of RFC 8446 §4.1.2, split over records and reads in every way, and spoiled.
 *
 * @module
 */
import assert from "node:assert/strict";
import { limits } from "../../../src/base/limits.ts";
import { type Octets } from "../../../src/base/octets.ts";
import { type Hello, HelloReader } from "../../../src/tls/hello.ts";
import { cutSizes, latin1, latin1Text, pieces, spoiled } from "../bytes.ts";
import type { Chance } from "../chance.ts";
import { domainName } from "../smtp.ts";
import { target } from "../target.ts";

interface Input {
  wire: Octets;
  cuts: number[];
  /** The name that is asked for, where nothing was spoiled; `null`: none. */
  meant: string | null | undefined;
}

const u8 = (value: number) => String.fromCharCode(value & 255);
const u16 = (value: number) => u8(value >> 8) + u8(value);
const u24 = (value: number) => u8(value >> 16) + u16(value);
const vector8 = (text: string) => u8(text.length) + text;
const vector16 = (text: string) => u16(text.length) + text;

function extension(chance: Chance): string {
  const size = chance.oneIn(40) ? 2_000 : chance.below(20);
  return u16(chance.between(1, 60)) + vector16(latin1Text(chance.octets(size)));
}

function hello(chance: Chance, name: string | null): string {
  const others = chance.many(0, 5, () => extension(chance));
  if (name !== null) {
    const list = vector16(u8(0) + vector16(name));
    others.splice(chance.below(others.length + 1), 0, u16(0) + vector16(list));
  }
  const padding = chance.oneIn(60) ? u16(21) + vector16("\0".repeat(chance.below(60_000))) : "";
  const body = "\x03\x03" + latin1Text(chance.octets(32)) + vector8(latin1Text(chance.octets(chance.pick([0, 32])))) +
    vector16(latin1Text(chance.octets(2 * chance.between(1, 20)))) + vector8("\0") +
    (name === null && others.length === 0 && padding === "" ? "" : vector16(others.join("") + padding));
  return u8(1) + u24(body.length) + body;
}

/** The message in records of these sizes. */
function records(message: string, sizes: number[]): string {
  let wire = "";
  for (let at = 0, which = 0; at < message.length; which++) {
    const part = message.slice(at, at + Math.min(sizes[which % sizes.length], 16_384));
    wire += "\x16\x03\x01" + vector16(part);
    at += part.length;
  }
  return wire;
}

/** Pushes until something is said; what was said, and how many octets it took. */
function read(wire: Octets, cuts: number[]): { found: Hello; octets: number } {
  const reader = new HelloReader();
  let found: Hello = { kind: "more" };
  let octets = 0;
  for (const piece of pieces(wire, cuts)) {
    found = reader.push(piece);
    octets += piece.length;
    piece.fill(0);
    if (found.kind !== "more") break;
  }
  assert.deepEqual(latin1Text(reader.bytes()), latin1Text(wire.subarray(0, octets)), "nothing is lost for OpenSSL");
  return { found, octets };
}

const words = [
  "\x16\x03\x01\0\x01\x01",
  "\x16\x03\x03\0\0",
  "\x15\x03\x01\0\x02\x02\x28",
  "\x80\x2e\x01",
  "\xff\xff",
  "GET / HTTP/1.0\r\n",
  "\0\0",
];

export const helloTarget = target<Input>({
  name: "hello",
  reaches: ["more", "hello", "name", "other", "alien", "too_large", "meant"],
  make(chance) {
    const name = chance.oneIn(4) ? null : domainName(chance).slice(0, 255);
    const message = hello(chance, name);
    const sizes = chance.oneIn(3) ? [Infinity] : chance.many(1, 5, () => chance.oneIn(4) ? 1 : chance.length(400));
    let wire = records(message, sizes);
    const sound = chance.oneIn(3);
    if (!sound) wire = chance.oneIn(2) ? spoiled(wire, chance, words) : records(spoiled(message, chance, words), sizes);
    if (!sound && chance.oneIn(100)) {
      wire = records(u8(1) + u24(chance.between(60_000, 70_000)) + "\0".repeat(66_000), sizes);
    }
    if (!sound && chance.oneIn(10)) wire = chance.text(1, 3, words) + wire;
    return {
      wire: latin1(wire),
      cuts: cutSizes(chance, wire.length),
      meant: sound ? name?.toLowerCase() ?? null : undefined,
    };
  },
  check({ wire, cuts, meant }) {
    const { found, octets } = read(wire, cuts);
    const whole = read(wire, [Infinity]).found;
    const single = wire.length < 5_000 ? read(wire, [1]).found : found;
    // What is behind the ClientHello counts only where it came along.
    if (wire.length <= limits.handshakeOctetsMax) {
      assert.deepEqual(found, whole, "cuts change nothing");
      assert.deepEqual(single, whole, "octet by octet");
    }
    assert.ok(octets <= Math.max(limits.handshakeOctetsMax + Math.min(cuts[0], wire.length), wire.length));
    if (found.kind === "more") assert.ok(octets <= limits.handshakeOctetsMax, "what is gathered is bounded");
    const ends: string[] = [found.kind];
    if (found.kind === "hello" && found.serverName !== undefined) {
      assert.match(found.serverName, /^[a-z0-9_.-]{1,255}$/);
      ends.push("name");
    }
    if (meant !== undefined && wire.length <= limits.handshakeOctetsMax) {
      assert.deepEqual(found, meant === null ? { kind: "hello" } : { kind: "hello", serverName: meant });
      ends.push("meant");
    }
    return ends;
  },
});
