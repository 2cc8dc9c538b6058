/**
 * What is wrong with a field, in the words of `postern check`: what is there; what would be right.
 *
 * What the library finds is put into these words; a message that a schema brought along is said as it is. What a command of the operator finds names an
 * option, which is told by the field that it came in.
 *
 * @module
 */
import { type FieldFault, Problem } from "../problem.ts";

/** One complaint of the library. */
export interface FieldIssue {
  code: string;
  message: string;
  path: readonly PropertyKey[];
  /** Of a wrong type: which is wanted. */
  expected?: string;
  /** Of a wrong word: which there are. */
  values?: readonly unknown[];
  /** Of what is too small or too big: the bound, and of what. */
  minimum?: number | bigint;
  maximum?: number | bigint;
  origin?: string;
  /** Fields that are unknown. */
  keys?: readonly string[];
}

/** How the library begins its own messages. */
const own = /^(Invalid (input|option|string)|Too (small|big)): /;

// deno-fmt-ignore
const kinds: Readonly<Record<string, string>> = {
  string:  "a text",
  number:  "a number",
  int:     "a whole number",
  boolean: "true or false",
  array:   "a list",
  object:  "an object",
  record:  "an object",
  null:    "null",
};

/** See the module. */
export function fieldWords(issue: FieldIssue): string {
  const { code, message, expected = "", values = [], minimum, maximum, origin = "" } = issue;
  if (!own.test(message)) return message;
  switch (code) {
    case "invalid_type":
      return `${found(message)}; ${kinds[expected] ?? expected}`;
    case "invalid_value":
      return `is missing or unknown; ${values.length > 1 ? "one of " : ""}${values.map(String).join(", ")}`;
    case "too_small":
      return `is too ${shortOf(origin)}; at least ${sized(minimum, origin)}`;
    case "too_big":
      return `is too ${longOf(origin)}; at most ${sized(maximum, origin)}`;
    default:
      return "is nothing that is taken here";
  }
}

/** The library tells what it got in its message alone. */
function found(message: string): string {
  const received = /received (\w+)$/.exec(message)?.[1] ?? "";
  if (received === "undefined") return "is missing";
  return `is ${kinds[received] ?? "something else"}`;
}

function shortOf(origin: string): string {
  return origin === "string" || origin === "array" ? "short" : "small";
}

function longOf(origin: string): string {
  return origin === "string" || origin === "array" ? "long" : "large";
}

function sized(bound: number | bigint | undefined, origin: string): string {
  const unit = origin === "string" ? "character" : origin === "array" ? "entry" : "";
  if (unit === "") return `${bound}`;
  return `${bound} ${bound === 1 ? unit : unit === "entry" ? "entries" : "characters"}`;
}

/** What came in: the objects in which a field may be. */
export type Sent = Readonly<Record<"params" | "query" | "body", unknown>>;

/** Options whose fields have another name. */
const renamed: Readonly<Record<string, string>> = { san: "names" };

/** A problem that names an option, with the path of the field that was sent for it; any other as it is. */
export function withField(thrown: unknown, sent: Sent): unknown {
  if (!(thrown instanceof Problem) || thrown.words.errors !== undefined || ![404, 422].includes(thrown.status)) {
    return thrown;
  }
  const [line] = (thrown.words.detail ?? "").split("\n", 1);
  const option = /--([a-z][a-z-]*)/.exec(line)?.[1];
  const path = option === undefined ? undefined : pathOf(option, sent);
  if (path === undefined) return thrown;
  const errors: FieldFault[] = [{ path, detail: line }];
  return new Problem(422, { ...thrown.words, errors });
}

function pathOf(option: string, { params, query, body }: Sent): string | undefined {
  const name = renamed[option] ?? option.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const { filter } = (body ?? {}) as { filter?: unknown };
  const places: readonly [prefix: string, place: unknown][] = [["", body], ["filter.", filter], ["", query], [
    "",
    params,
  ]];
  for (const key of [name, `${name}s`]) {
    for (const [prefix, place] of places) {
      if (typeof place === "object" && place !== null && Object.hasOwn(place, key)) return `${prefix}${key}`;
    }
  }
  return undefined;
}
