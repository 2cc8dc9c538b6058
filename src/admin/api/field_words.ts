/**
 * What the library finds wrong with a field, in the words of `postern check`: what is there; what would be right.
 *
 * A message that a schema brought along is said as it is.
 *
 * @module
 */

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
