/**
 * What the program tells a person, so that it can be told in every language: a code, what it names, and the English text made of both.
 *
 * Each part of the program has one table of its texts, and a {@linkcode Teller} for it. The English text is what logs, the command line and the API say;
 * pages look the code up in the catalogue of their reader's language, which has the same placeholders. A text that has no code is told as it is.
 *
 * @module
 */

/** A value that a text names. What is told itself is said in the same language, and several of that as a list. */
export type ToldValue = string | number | Told | readonly Told[];

/** See the module. Plain data: it goes to other threads and through the control socket. */
export interface Told {
  /** The key of the text in every catalogue. */
  readonly code: string;
  readonly values: Readonly<Record<string, ToldValue>>;
  /** In English. */
  readonly text: string;
}

/** What a text names in braces. */
export type NamesIn<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest>
  : never;

/** Tells by the code of a table; the values are those that its text names. */
export type Teller<Texts extends Readonly<Record<string, string>>> = <Code extends keyof Texts & string>(
  code: Code,
  ...values: NamesIn<Texts[Code]> extends never ? [] : [Readonly<Record<NamesIn<Texts[Code]>, ToldValue>>]
) => Told;

/** The teller of a table: English text, with the names of values in braces, by code. */
export function tellerOf<const Texts extends Readonly<Record<string, string>>>(texts: Texts): Teller<Texts> {
  return (code, ...[values = {}]) => ({
    code,
    values,
    text: texts[code].replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
      if (!Object.hasOwn(values, name)) return whole;
      return toldText((values as Readonly<Record<string, ToldValue>>)[name]);
    }),
  });
}

function toldText(value: ToldValue): string {
  if (typeof value !== "object") return `${value}`;
  return "text" in value ? value.text : value.map(({ text }) => text).join(", ");
}

/** An error that is told to whoever can put it right. */
export class ToldError extends Error {
  /** Absent where there is only an English text. */
  readonly told: Told | undefined;

  constructor(what: string | Told) {
    super(typeof what === "string" ? what : what.text);
    this.told = typeof what === "string" ? undefined : what;
  }
}

/** What an error tells, for another one with the same message. */
export function tellingOf(error: Error): string | Told {
  return error instanceof ToldError && error.told !== undefined ? error.told : error.message;
}
