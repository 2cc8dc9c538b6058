/**
 * SMTP's words by their grammar: what RFC 5321 §4.1.2 allows, with what it means.
 *
 * @module
 */
import type { Chance } from "./chance.ts";

const letters = [..."abcxyzABZ0129"];
const atomText = [...letters, ..."!#$%&'*+-/=?^_`{|}~"];
const international = ["ü", "é", "日", "😀", "ß", "Ω"];

/** A text of an atom's characters. */
function atom(chance: Chance, utf8: boolean): string {
  return chance.text(
    1,
    chance.oneIn(30) ? 20 : 6,
    utf8 && chance.oneIn(2) ? [...atomText, ...international] : atomText,
  );
}

/** A local part: dot-string or quoted string. */
export function localPart(chance: Chance, utf8 = false): string {
  if (chance.oneIn(4)) {
    const parts = [
      " ",
      "@",
      "<",
      ">",
      '\\"',
      "\\\\",
      "\\ ",
      "a",
      "Z",
      ".",
      ",",
      ":",
      "[",
      ...(utf8 ? international : []),
    ];
    return `"${chance.text(0, 8, parts)}"`;
  }
  return chance.many(1, 3, () => atom(chance, utf8)).join(".");
}

function label(chance: Chance, utf8: boolean): string {
  const middle = chance.text(0, chance.oneIn(20) ? 58 : 5, [...letters, "-", "_"]);
  return utf8 && chance.oneIn(2) ? chance.pick(international) + middle + "x" : `a${middle}${middle === "" ? "" : "z"}`;
}

/** A domain of names. */
export function domainName(chance: Chance, utf8 = false): string {
  return chance.many(1, 4, () => label(chance, utf8)).join(".");
}

function group(chance: Chance): string {
  return chance.text(1, 4, [..."0123456789abcdefABCDEF"]);
}

/** An address literal that is well-formed. */
export function addressLiteral(chance: Chance): string {
  const ipv4 = chance.many(4, 4, () => chance.below(256)).join(".");
  if (chance.oneIn(2)) return `[${ipv4}]`;
  const count = chance.between(0, 6);
  const groups = chance.many(count, count, () => group(chance));
  if (chance.oneIn(3)) return `[IPv6:${chance.many(8, 8, () => group(chance)).join(":")}]`;
  const split = chance.between(0, count);
  const tail = groups.slice(split);
  if (count <= 5 && chance.oneIn(3)) tail.push(ipv4);
  return `[IPv6:${groups.slice(0, split).join(":")}::${tail.join(":")}]`;
}

/** A domain or an address literal. */
export function domain(chance: Chance, utf8 = false): string {
  return chance.oneIn(5) ? addressLiteral(chance) : domainName(chance, utf8);
}

/** A mailbox, always within the limits of RFC 5321 §4.5.3.1. */
export function mailbox(chance: Chance, utf8 = false): string {
  for (;;) {
    const local = localPart(chance, utf8);
    const host = domain(chance, utf8);
    if (new TextEncoder().encode(local).length <= 64 && new TextEncoder().encode(host).length <= 255) {
      return `${local}@${host}`;
    }
  }
}

/** A path around a mailbox; a source route is in front at times. */
export function path(chance: Chance, address: string): string {
  const route = chance.oneIn(10) ? `${chance.many(1, 3, () => `@${domainName(chance)}`).join(",")}:` : "";
  return `<${route}${address}>`;
}

/** The text with any case. */
export function anyCase(chance: Chance, text: string): string {
  if (!chance.oneIn(3)) return text;
  return [...text].map((letter) => chance.oneIn(2) ? letter.toLowerCase() : letter.toUpperCase()).join("");
}

/** xtext, RFC 3461 §4. */
export function xtext(chance: Chance): string {
  return chance.text(1, 12, ["a", "B", "9", "-", "@", ".", "+2B", "+3D", "+20", "+E4", ";"]);
}

/** Well-formed parameters of MAIL in any order, and what they mean. */
export function mailParameters(chance: Chance): { text: string; meaning: Record<string, unknown> } {
  const size = chance.below(2_000);
  const body = chance.pick(["7BIT", "8BITMIME"]);
  const ret = chance.pick(["FULL", "HDRS"]);
  const envid = xtext(chance);
  return chosen(chance, [
    [`SIZE=${size}`, { size }],
    [`BODY=${anyCase(chance, body)}`, { body }],
    ["SMTPUTF8", { smtputf8: true }],
    [`RET=${anyCase(chance, ret)}`, { ret }],
    [`ENVID=${envid}`, { envid }],
  ]);
}

/** Well-formed parameters of RCPT in any order, and what they mean. */
export function rcptParameters(chance: Chance): { text: string; meaning: Record<string, unknown> } {
  const words = ["SUCCESS", "FAILURE", "DELAY"].filter(() => chance.oneIn(2));
  const notify = words.length === 0 ? ["NEVER"] : words;
  const orcpt = `rfc822;${xtext(chance)}`;
  return chosen(chance, [
    [`NOTIFY=${anyCase(chance, notify.join(","))}`, { notify }],
    [`ORCPT=${orcpt}`, { orcpt }],
  ]);
}

function chosen(
  chance: Chance,
  offers: [string, Record<string, unknown>][],
): { text: string; meaning: Record<string, unknown> } {
  let text = "";
  const meaning = {};
  while (offers.length > 0 && !chance.oneIn(2)) {
    const [[word, means]] = offers.splice(chance.below(offers.length), 1);
    text += (chance.oneIn(8) ? "  " : " ") + word;
    Object.assign(meaning, means);
  }
  return { text, meaning };
}
