/**
 * Chance for fuzzers: one small object, made anew for each input, so that a seed, a target's name and a number say what the input is.
 *
 * @module
 */
import { type Octets } from "../../src/base/octets.ts";
import { type Random, seededRandom } from "../../src/base/random.ts";

/** The 32 bits that stand for a text: FNV-1a. */
function hash(text: string): number {
  let sum = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193);
  return sum >>> 0;
}

/** Draws. The same words, the same draws. */
export class Chance {
  readonly #random: Random;

  constructor(...words: (string | number)[]) {
    this.#random = seededRandom(hash(words.join("/")));
  }

  /** A whole number from 0 up to, but not including, `end`. */
  below(end: number): number {
    return Math.floor(this.#random.fraction() * end);
  }

  /** A whole number from `from` to `to`, both included. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  /** True in one of `n` cases. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  /** One of the items. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }

  /** `from` to `to` items. */
  many<T>(from: number, to: number, make: () => T): T[] {
    return Array.from({ length: this.between(from, to) }, make);
  }

  /** `from` to `to` of these texts, one behind the other. */
  text(from: number, to: number, parts: readonly string[]): string {
    let text = "";
    for (let count = this.between(from, to); count > 0; count--) text += this.pick(parts);
    return text;
  }

  /** Any octets. */
  octets(count: number): Octets {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count; at++) bytes[at] = this.below(256);
    return bytes;
  }

  /** A length that is short as a rule and long at times. */
  length(most: number): number {
    return this.below(Math.max(1, Math.floor(most / this.pick([1, 4, 16, 64, 256])))) + 1;
  }
}
