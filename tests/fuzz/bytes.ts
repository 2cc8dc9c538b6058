/**
 * Inputs as bytes: spoiled, cut, and written as literals.
 *
 * @module
 */
import type { Octets } from "../../src/base/octets.ts";
import type { Chance } from "./chance.ts";

/** An octet for each character. */
export function latin1(text: string): Octets {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/** A character for each octet. */
export function latin1Text(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8_192) text += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  return text;
}

const interesting = [
  "\r",
  "\n",
  "\r\n",
  "\0",
  ".",
  "\r\n.\r\n",
  " ",
  "\t",
  "\x7f",
  "\xff",
  "\xc0\x80",
  "\x80",
  "<",
  ">",
  ":",
];

/** The text, spoiled in a few places; `words` are put in besides what every protocol stumbles over. */
export function spoiled(text: string, chance: Chance, words: readonly string[] = interesting): string {
  for (let count = chance.between(1, 4); count > 0; count--) {
    const at = chance.below(text.length + 1);
    const to = Math.min(text.length, at + chance.length(32));
    switch (chance.below(7)) {
      case 0:
        text = text.slice(0, at) + text.slice(to);
        break;
      case 1:
        text = text.slice(0, to) + text.slice(at);
        break;
      case 2:
        text = text.slice(0, at) + chance.pick(interesting) + text.slice(at);
        break;
      case 3:
        text = text.slice(0, at) + chance.pick(words) + text.slice(to);
        break;
      case 4:
        text = text.slice(0, at) + String.fromCharCode(chance.below(256)) + text.slice(at + 1);
        break;
      case 5:
        if (at < text.length) {
          const flipped = text.charCodeAt(at) ^ (1 << chance.below(8));
          text = text.slice(0, at) + String.fromCharCode(flipped & 255) + text.slice(at + 1);
        }
        break;
      case 6:
        text = chance.oneIn(4) ? text.slice(0, at) : text.slice(0, at) + text.slice(at, to).repeat(chance.below(20)) +
          text.slice(to);
        break;
    }
  }
  return text;
}

/**
 * Sizes of pieces for so many octets, see {@linkcode pieces}: whole, octet by octet, or anything between. Long inputs are cut into
 * hundreds of pieces, not into tens of thousands, which would tell no more and cost seconds.
 */
export function cutSizes(chance: Chance, octets: number): number[] {
  const least = octets < 5_000 ? 1 : 97;
  switch (chance.below(6)) {
    case 0:
      return [least];
    case 1:
      return [Infinity];
    case 2:
      return [chance.between(1, 70_000), 1, Math.ceil(octets / 10) + 1];
    default:
      return chance.many(1, 6, () => least - 1 + chance.length(chance.pick([4, 60, 2_000])));
  }
}

/** The bytes in pieces of these sizes, which are begun again where they are used up. Each is a copy. */
export function* pieces(bytes: Octets, sizes: readonly number[]): Generator<Octets> {
  for (let at = 0, which = 0; at < bytes.length; which++) {
    const to = Math.min(bytes.length, at + sizes[which % sizes.length]);
    yield bytes.slice(at, to);
    at = to;
  }
}

/** A value as source text: what a failure prints, to be pasted into a test. */
export function literal(value: unknown): string {
  if (typeof value === "string") return textLiteral(value);
  if (value instanceof Uint8Array) return `latin1(${textLiteral(latin1Text(value))})`;
  if (value instanceof Error) return textLiteral(value.message);
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (value instanceof Map) return `new Map(${literal([...value])})`;
  if (typeof value === "object" && value !== null) {
    return `{ ${Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${literal(item)}`).join(", ")} }`;
  }
  return String(value);
}

/** Long runs of one character are written as such. */
function textLiteral(text: string): string {
  const parts: string[] = [];
  let from = 0;
  for (const run of text.matchAll(/([\s\S])\1{63,}/g)) {
    if (run.index > from) parts.push(plainLiteral(text.slice(from, run.index)));
    parts.push(`${plainLiteral(run[1])}.repeat(${run[0].length})`);
    from = run.index + run[0].length;
  }
  if (from < text.length || parts.length === 0) parts.push(plainLiteral(text.slice(from)));
  return parts.join(" + ");
}

function plainLiteral(text: string): string {
  return JSON.stringify(text).replace(
    /[\x7f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
