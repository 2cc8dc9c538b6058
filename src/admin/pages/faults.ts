/**
 * What the program finds wrong, for readers of every language.
 *
 * The words of `postern check`, of the commands and of the API are English, and they are what a search, a colleague or a log finds: so they are kept, and
 * the kinds that are met most on forms are said in the reader's language before them. In English the words stand as they are.
 *
 * @module
 */
import type { WordKey, Words } from "./words.ts";

// deno-fmt-ignore
/** Kinds of faults by how the program tells them; the first that fits counts. */
const kinds: readonly (readonly [RegExp, WordKey])[] = [
  [/^User name, password or code is wrong$/,                          "fault.login"],
  [/^Too many failures/i,                                             "fault.locked"],
  [/^is missing\b|needs one value$|a key needs a name$|^is empty\b/,  "fault.missing"],
  [/\bis an unknown key\b/,                                           "fault.unknown_key"],
  [/\bin sequence\b|\bbetween them\b|without a gap/,                  "fault.sequence"],
  [/\bused by\b|\bis in use\b|\bstill names? it\b/,                   "fault.in_use"],
  [/\bis set twice\b|\balready\b|\bis there already\b/,               "fault.twice"],
  [/\bis no size\b/,                                                  "fault.size"],
  [/\bis no (?:time|span)\b/,                                         "fault.time"],
  [/\bciphers\b/,                                                     "fault.ciphers"],
  [/\bis no (?:e-?mail|mail) address\b/,                              "fault.mail"],
  [/\bis no (?:IP )?address\b|\bhas no port\b|\bis no host:port\b/,   "fault.address"],
  [/\bis no (?:domain|host) name\b|\bcannot be a name\b/,             "fault.name"],
  [/\bis no such number\b|, not a (?:whole )?number\b/,               "fault.number"],
  [/\bis unknown\b|\bis none of\b|\bis no \w+(?: \w+)? "/,            "fault.unknown"],
];

/** A fault in the reader's language, with the program's own words. */
export function faultWords(words: Words, text: string): string {
  const kind = kinds.find(([pattern]) => pattern.test(text));
  return kind === undefined ? text : words(kind[1], { text });
}
