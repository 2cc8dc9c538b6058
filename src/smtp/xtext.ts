/**
 * xtext: RFC 3461 §4. Octets outside `!` to `~`, and `+` and `=`, are written `+HH` with capital digits.
 *
 * @module
 */
import { octets, textOf } from "../base/octets.ts";

const xtextPattern = /^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/;

/** Whether a text is well-formed xtext. */
export function isXtext(text: string): boolean {
  return xtextPattern.test(text);
}

/** The text behind xtext; `undefined` where it is malformed. */
export function decodeXtext(text: string): string | undefined {
  if (!isXtext(text)) return undefined;
  if (!text.includes("+")) return text;
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "+") {
      bytes.push(parseInt(text.slice(at + 1, at + 3), 16));
      at += 2;
    } else bytes.push(text.charCodeAt(at));
  }
  return textOf(Uint8Array.from(bytes));
}

/** A text as xtext. */
export function encodeXtext(text: string): string {
  let out = "";
  for (const octet of octets(text)) {
    const plain = octet > 0x20 && octet < 0x7f && octet !== 0x2b && octet !== 0x3d;
    out += plain ? String.fromCharCode(octet) : "+" + octet.toString(16).toUpperCase().padStart(2, "0");
  }
  return out;
}
