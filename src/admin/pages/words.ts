/**
 * Texts in the reader's language.
 *
 * One catalogue for each language, in `words/<language>/`, a file for each part of the pages; `all.ts` puts them together. A text may name values in braces, `{count}`;
 * numbers among them are written as the language writes them. What goes with a number has a word for one and a word for any other, `{count:message|messages}`: that is
 * as much grammar as the three languages need.
 *
 * @module
 */
import type { Language } from "./language.ts";
import type { Catalogue } from "./words/catalogue.ts";
import { english } from "./words/en/all.ts";
import { words as simplified } from "./words/zh_hans/all.ts";
import { words as traditional } from "./words/zh_hant/all.ts";

/** The key of a text. */
export type WordKey = keyof typeof english;

/** Every catalogue, by language. */
export const catalogues: Readonly<Record<Language, Catalogue<typeof english>>> = {
  "en": english,
  "zh-Hant": traditional,
  "zh-Hans": simplified,
};

/** What a text names in braces. */
export type WordValues = Readonly<Record<string, string | number>>;

/** Gives texts, numbers and times in one language. */
export interface Words {
  readonly language: Language;
  /** The text of a key. */
  (key: WordKey, values?: WordValues): string;
  /** The text of a key that is put together at run time, as `role.${role}`; the key itself where there is none. */
  maybe(key: string): string;
  /** Whether there is a text of this key. */
  has(key: string): key is WordKey;
  number(value: number): string;
  /** A share from 0 to 1; nothing of nothing is a dash. */
  share(part: number, whole: number): string;
  /** Octets, as `1.4 MB`. */
  octets(value: number): string;
  /** Wall milliseconds as date and time to the second, in the gateway's time zone. */
  time(at: number): string;
  /** Wall milliseconds as a day. */
  day(at: number): string;
  /** A span in milliseconds, in its two largest units. */
  span(ms: number): string;
}

/** A value's name, or the two forms of a word that goes with it. */
const placeholder = /\{(\w+)(?::([^{}|]*)\|([^{}|]*))?\}/g;

/** Sentences behind each other: Chinese has no space between them, and none between its own characters. */
export function sentences({ language }: Words, texts: readonly string[]): string {
  const told = texts.filter((text) => text !== "");
  if (language === "en") return told.join(" ");
  return told.join("").replaceAll(/(?<=\p{Script=Han}) +(?=\p{Script=Han})/gu, "");
}

const made = new Map<Language, Words>();

/** The words of a language. */
export function wordsOf(language: Language): Words {
  const known = made.get(language);
  if (known !== undefined) return known;
  const catalogue: Readonly<Record<string, string>> = catalogues[language];
  const number = new Intl.NumberFormat(language);
  const share = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
  const time = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
  const day = new Intl.DateTimeFormat(language, { dateStyle: "medium" });
  const plural = new Intl.PluralRules(language);
  const text = (key: string, values: WordValues = {}) =>
    (catalogue[key] ?? key).replaceAll(placeholder, (whole, name: string, one?: string, other?: string) => {
      if (!Object.hasOwn(values, name)) return whole;
      const value = values[name];
      if (one !== undefined && other !== undefined) return plural.select(Number(value)) === "one" ? one : other;
      return typeof value === "number" ? number.format(value) : value;
    });
  const words: Words = Object.assign((key: WordKey, values?: WordValues) => text(key, values), {
    language,
    maybe: (key: string) => text(key),
    has: (key: string): key is WordKey => Object.hasOwn(catalogue, key),
    number: (value: number) => number.format(value),
    share: (part: number, whole: number) => whole === 0 ? "–" : share.format(part / whole),
    octets: (value: number) => octetsText(value, language),
    time: (at: number) => time.format(at),
    day: (at: number) => day.format(at),
    span: (ms: number) => spanText(ms, language),
  });
  made.set(language, words);
  return words;
}

const octetUnits = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

function octetsText(value: number, language: Language): string {
  const step = value < 1 ? 0 : Math.min(Math.floor(Math.log(value) / Math.log(1024)), octetUnits.length - 1);
  const scaled = value / 1024 ** step;
  const maximumFractionDigits = step === 0 || scaled >= 100 ? 0 : 1;
  // What is short for bytes has no plural in English.
  const unitDisplay = step === 0 ? "long" : "short";
  // What the library has for Taiwan is the English word.
  if (step === 0 && language === "zh-Hant") return `${new Intl.NumberFormat(language).format(scaled)} 位元組`;
  const style = { style: "unit", unit: octetUnits[step], unitDisplay, maximumFractionDigits } as const;
  return new Intl.NumberFormat(language, style).format(scaled);
}

const spanUnits = [["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000], ["second", 1_000]] as const;

function spanText(ms: number, language: Language): string {
  const parts: string[] = [];
  let rest = Math.max(0, ms);
  for (const [unit, size] of spanUnits) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count === 0 && (parts.length > 0 || unit !== "second")) continue;
    parts.push(new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" }).format(count));
    if (parts.length === 2) break;
  }
  return parts.join(" ");
}
