/**
 * ASN.1 in BER and DER, as far as certificates, keys and PKCS#12 need it: ITU-T X.690 §8.
 *
 * Files come from strangers: a CA's answer, a colleague's backup. So what is read here is bounded in depth and in the number of
 * items, lengths never reach behind the end, and what is asked for is named, so that another thing in its place is a {@linkcode BerError}
 * and no surprise. Indefinite lengths and octet strings in pieces are read too, since old PKCS#12 writers make them.
 *
 * @module
 */
import { joined, type Octets } from "../base/octets.ts";

/** What was read is not what was expected. Callers say what that means. */
export class BerError extends Error {
  override name = "BerError";
}

/** Tags of the universal class. */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  sequence: 0x30,
  set: 0x31,
  bmp: 0x1e,
} as const;

/** One element. */
export interface Ber {
  /** The identifier octet: class, the constructed bit and number. */
  tag: number;
  /** Header and content. */
  whole: Octets;
  content: Octets;
}

const depthMax = 32;
const itemsMax = 20_000;
const constructed = 0x20;

/** The element at the beginning of `bytes`; more may follow it. Throws {@linkcode BerError}. */
export function readBer(bytes: Octets): Ber {
  return element(bytes, 0, depthMax);
}

/** The elements within a constructed one, at most so many. */
export function items(within: Ber): Ber[] {
  if ((within.tag & constructed) === 0) throw new BerError("a constructed value was expected");
  const found: Ber[] = [];
  for (let at = 0; at < within.content.length;) {
    if (found.length === itemsMax) throw new BerError("it has too many items");
    const next = element(within.content, at, depthMax);
    found.push(next);
    at += next.whole.length;
  }
  return found;
}

/** The items of a value that has to have this tag. */
export function itemsOf(value: Ber | undefined, tag: number): Ber[] {
  return items(tagged(value, tag));
}

/** The value, which has to have this tag. */
export function tagged(value: Ber | undefined, tag: number): Ber {
  if (value?.tag !== tag) throw new BerError("it is made of other parts");
  return value;
}

/** The tag `[number]` of a constructed value. */
export function context(number: number): number {
  return 0xa0 | number;
}

/** An object identifier as `1.2.840.113549`. */
export function oidText(value: Ber | undefined): string {
  const { content } = tagged(value, tags.oid);
  if (content.length === 0 || content.length > 64) throw new BerError("an object identifier is broken");
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of content) {
    arc = arc * 128 + (octet & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER) throw new BerError("an object identifier is broken");
    if ((octet & 0x80) !== 0) continue;
    arcs.push(arc);
    arc = 0;
  }
  if (arcs.length === 0) throw new BerError("an object identifier is broken");
  const first = Math.min(Math.floor(arcs[0] / 40), 2);
  return [first, arcs[0] - first * 40, ...arcs.slice(1)].join(".");
}

/** A whole number that is not negative. What is larger than a safe integer is `Infinity`: it exceeds every bound. */
export function wholeNumber(value: Ber | undefined): number {
  const { content } = tagged(value, tags.integer);
  if (content.length === 0 || content[0] >= 0x80) throw new BerError("a number is broken");
  let number = 0;
  for (const octet of content) {
    number = number * 256 + octet;
    if (number > Number.MAX_SAFE_INTEGER) return Infinity;
  }
  return number;
}

/** The octets of an octet string, which BER may cut into pieces; `tag` where it is tagged implicitly (`0x80`: [0]). */
export function octetString(value: Ber | undefined, tag: number = tags.octetString): Octets {
  if (value?.tag === (tag | constructed)) {
    // Pieces of pieces are allowed and never made: they would be a way to exhaust the stack.
    return joined([...items(value).map((piece) => tagged(piece, tags.octetString).content), empty]);
  }
  return tagged(value, tag).content;
}

const empty: Octets = new Uint8Array(0);

/** The element at `at`. Lengths that are said are not looked into; indefinite ones have to be, to find their end. */
function element(bytes: Octets, at: number, depth: number): Ber {
  if (depth === 0) throw new BerError("it is nested too deeply");
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) throw new BerError("it is cut off");
  if (tag === 0) throw new BerError("it ends early");
  // Tags above 30 take further octets: nothing that we read has them.
  if ((tag & 0x1f) === 0x1f) throw new BerError("it is made of other parts");
  if (first < 0x80) return cut(bytes, { tag, at, header: 2, length: first });
  if (first === 0x80) return indefinite(bytes, { tag, at, depth });
  const octets = first & 0x7f;
  if (octets > 4) throw new BerError("a length is beyond all measure");
  let length = 0;
  for (let index = 0; index < octets; index++) {
    const octet = bytes[at + 2 + index];
    if (octet === undefined) throw new BerError("it is cut off");
    length = length * 256 + octet;
  }
  return cut(bytes, { tag, at, header: 2 + octets, length });
}

function cut(bytes: Octets, part: { tag: number; at: number; header: number; length: number }): Ber {
  const from = part.at + part.header;
  const to = from + part.length;
  if (to > bytes.length) throw new BerError("it is cut off");
  return { tag: part.tag, whole: bytes.subarray(part.at, to), content: bytes.subarray(from, to) };
}

/** X.690 §8.1.3.6: the content ends with two zero octets. */
function indefinite(bytes: Octets, { tag, at, depth }: { tag: number; at: number; depth: number }): Ber {
  if ((tag & constructed) === 0) throw new BerError("it is made of other parts");
  const from = at + 2;
  let end = from;
  for (let count = 0; bytes[end] !== 0 || bytes[end + 1] !== 0; count++) {
    if (count === itemsMax) throw new BerError("it has too many items");
    end += element(bytes, end, depth - 1).whole.length;
  }
  return { tag, whole: bytes.subarray(at, end + 2), content: bytes.subarray(from, end) };
}
