/**
 * What the program finds wrong, for readers of every language.
 *
 * What was told by a code is said by the catalogue of the reader's language. The faults of a configuration file have none: they are the words of
 * `postern check`, English, and what a search, a colleague or a log finds, so they are kept, and the kinds that are met most on forms are said in
 * the reader's language before them. In English all words stand as they are.
 *
 * @module
 */
import type { Told, ToldValue } from "../../base/told.ts";
import type { BoardRow } from "../../services/alert_board.ts";
import type { FieldFault, Problem } from "../problem.ts";
import type { WordKey, Words } from "./words.ts";

// deno-fmt-ignore
/** Kinds of faults by how the program tells them; the first that fits counts. */
const kinds: readonly (readonly [RegExp, WordKey])[] = [
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

/** A fault in the reader's language. What has no code keeps the program's own words. */
export function faultWords(words: Words, fault: string | Pick<FieldFault, "detail" | "told">): string {
  if (typeof fault !== "string" && fault.told !== undefined) {
    const { detail, told } = fault;
    // Warnings may follow in lines of their own.
    return toldWords(words, told) + (detail.startsWith(told.text) ? detail.slice(told.text.length) : "");
  }
  const text = typeof fault === "string" ? fault : fault.detail;
  const kind = kinds.find(([pattern]) => pattern.test(text));
  return kind === undefined ? text : words(kind[1], { text });
}

/** What was told by a code. */
export function toldWords(words: Words, told: Told): string {
  const { code, values, text } = told;
  if (words.language === "en" || !words.has(code)) return text;
  const shown = Object.entries(values).map(([name, value]) => [name, valueWords(words, value)]);
  return words(code, Object.fromEntries(shown));
}

function valueWords(words: Words, value: ToldValue): string | number {
  if (typeof value !== "object") return value;
  if ("code" in value) return toldWords(words, value);
  return new Intl.ListFormat(words.language).format(value.map((each) => toldWords(words, each)));
}

/** What a refusal says to a person. */
export function problemWords(words: Words, { status, words: { detail, told } }: Problem): string {
  return detail === undefined ? words(`problem.${status}`) : faultWords(words, { detail, told });
}

/** Title and advice of an alert, as sentences. */
export function alertWords(
  words: Words,
  { title, advice, words: told }: Pick<BoardRow, "title" | "advice" | "words">,
): {
  title: string;
  advice: string;
} {
  const said = told === undefined ? title : toldWords(words, told.title);
  return {
    title: said[0].toUpperCase() + said.slice(1),
    advice: told === undefined ? advice : toldWords(words, told.advice),
  };
}
