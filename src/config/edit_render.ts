/**
 * Values as YAML text, in the way that owners write `config.yaml`: rows in one line, blocks one key a line, quotes where they are needed or help the
 * eye.
 *
 * @module
 */
import { Scalar, stringify } from "yaml";
import { isPlainMap } from "./plain.ts";

/** The quotes that a text had before it was changed. */
export type Quotes = "double" | "single" | undefined;

/** Where a value will stand. */
export interface Place {
  /** Columns of the key or dash that it belongs to. */
  indent: number;
  /** Columns that a block within a block is moved. */
  step: number;
  /** The line end. */
  newline: string;
  /** Rows may stand in one line. */
  rows: boolean;
}

/** A row that is longer is written as a block. */
const rowCharactersMax = 140;

const options = { lineWidth: 0, blockQuote: false, version: "1.2" } as const;

/** A text, number, flag or nothing. `flow`: within brackets, where more has to be quoted. */
export function scalarText(value: unknown, { flow, quotes }: { flow: boolean; quotes?: Quotes }): string {
  if (typeof value !== "string") return String(value);
  const scalar = new Scalar(value);
  // `:` within brackets is sound YAML, but nobody believes it.
  if (quotes === "double" || flow && quotes === undefined && /[:'"]/.test(value)) scalar.type = "QUOTE_DOUBLE";
  else if (quotes === "single") scalar.type = "QUOTE_SINGLE";
  if (!flow) return stringify(scalar, options).replace(/\n$/, "");
  return stringify([scalar], { ...options, collectionStyle: "flow", flowCollectionPadding: false }).trim().slice(1, -1);
}

/** A value in one line, in brackets where it is no scalar. `json`: keys and texts in double quotes, for a file that is JSON. */
export function flowText(value: unknown, { json = false, quotes }: { json?: boolean; quotes?: Quotes } = {}): string {
  if (json) return jsonText(value);
  if (Array.isArray(value)) return `[${value.map((item) => flowText(item)).join(", ")}]`;
  if (!isPlainMap(value)) return scalarText(value, { flow: true, quotes });
  const pairs = Object.entries(value).map(([key, item]) => `${scalarText(key, { flow: true })}: ${flowText(item)}`);
  return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
}

function jsonText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonText).join(", ")}]`;
  if (!isPlainMap(value)) return JSON.stringify(value);
  const pairs = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${jsonText(item)}`);
  return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
}

/** Whether a value is written in the line of its key: a scalar, a list of scalars, and, where rows are wanted, a map of those. */
export function inOneLine(value: unknown, { rows, indent }: Place): boolean {
  if (!isCollection(value)) return true;
  if (isEmpty(value)) return true;
  const scalars = (list: unknown) => Array.isArray(list) && !list.some(isCollection);
  const row = isPlainMap(value) && rows &&
    Object.values(value).every((item) => !isCollection(item) || isEmpty(item) || scalars(item));
  return (scalars(value) || row) && indent + flowText(value).length <= rowCharactersMax;
}

/** What stands behind a colon or dash: with a blank in front where it stays in the line, else with line ends in front of all its lines. */
export function valueText(value: unknown, place: Place): string {
  if (!isCollection(value)) return ` ${scalarText(value, { flow: false })}`;
  if (inOneLine(value, place)) return ` ${flowText(value)}`;
  return blockLines(value, place).map((line) => `${place.newline}${line}`).join("");
}

/** `key: value`, in as many lines as it takes, the first without its indentation. */
export function pairText(key: string, value: unknown, place: Place): string {
  return `${scalarText(key, { flow: false })}:${valueText(value, place)}`;
}

/** `- value` likewise. */
export function itemText(value: unknown, place: Place): string {
  const row = { ...place, rows: true };
  if (!isCollection(value) || inOneLine(value, row)) return `-${valueText(value, row)}`;
  // The first line of a block stands behind its dash.
  const [first, ...rest] = blockLines(value, { ...place, step: 2 });
  return [`- ${first.trimStart()}`, ...rest].join(place.newline);
}

/** The lines of a list or map that stands below its key. */
function blockLines(value: unknown, { indent, step, newline }: Place): string[] {
  const inner: Place = { indent: indent + step, step, newline, rows: true };
  const margin = " ".repeat(inner.indent);
  const parts = Array.isArray(value)
    ? value.map((item) => itemText(item, inner))
    : Object.entries(value as object).map(([key, item]) => pairText(key, item, inner));
  return parts.map((part) => margin + part);
}

/** Whether a value is a list or a map. */
export function isCollection(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}

/** A value as a file of its own would say it. */
export function yamlText(value: unknown): string {
  const text = valueText(value, { indent: -2, step: 2, newline: "\n", rows: false });
  return text.replace(/^[ \n]/, "");
}
