/**
 * DER and BER, written by hand: what no tool would write.
 *
 * @module
 */
import { joined, type Octets } from "../../src/base/octets.ts";

/** One element. */
export function der(tag: number, ...contents: readonly Octets[]): Octets {
  const content = joined([...contents, new Uint8Array(0)]);
  return joined([Uint8Array.of(tag, ...lengthOf(content.length)), content]);
}

/** SEQUENCE. */
export function sequence(...contents: readonly Octets[]): Octets {
  return der(0x30, ...contents);
}

/** INTEGER. */
export function integer(value: number): Octets {
  const octets: number[] = [];
  for (let rest = value; rest > 0 || octets.length === 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  if (octets[0] >= 0x80) octets.unshift(0);
  return der(0x02, Uint8Array.from(octets));
}

/** OCTET STRING. */
export function octetString(bytes: Octets): Octets {
  return der(0x04, bytes);
}

/** OBJECT IDENTIFIER. */
export function oid(text: string): Octets {
  const [first, second, ...arcs] = text.split(".").map(Number);
  const octets = [first * 40 + second, ...arcs].flatMap((arc) => {
    const digits = [arc % 128];
    for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) digits.unshift(rest % 128 + 128);
    return digits;
  });
  return der(0x06, Uint8Array.from(octets));
}

/** The same value in BER as streaming writers make it: indefinite lengths, octet strings in pieces of `size`. */
export function asBer(bytes: Octets, size = 100): Octets {
  const out: Octets[] = [];
  for (let at = 0; at < bytes.length;) {
    const { tag, content, end } = element(bytes, at);
    at = end;
    if ((tag & 0x20) !== 0) out.push(Uint8Array.of(tag, 0x80), asBer(content, size), Uint8Array.of(0, 0));
    else if (tag === 0x04 && content.length > size) {
      out.push(Uint8Array.of(0x24, 0x80));
      for (let from = 0; from < content.length; from += size) out.push(octetString(content.slice(from, from + size)));
      out.push(Uint8Array.of(0, 0));
    } else out.push(bytes.slice(at - content.length - headerOf(content.length), at));
  }
  return joined([...out, new Uint8Array(0)]);
}

function element(bytes: Octets, at: number): { tag: number; content: Octets; end: number } {
  let length = bytes[at + 1];
  let from = at + 2;
  if (length >= 0x80) {
    const octets = length & 0x7f;
    length = bytes.subarray(from, from + octets).reduce((sum, octet) => sum * 256 + octet, 0);
    from += octets;
  }
  return { tag: bytes[at], content: bytes.slice(from, from + length), end: from + length };
}

function headerOf(length: number): number {
  return 1 + lengthOf(length).length;
}

function lengthOf(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return [0x80 | octets.length, ...octets];
}
