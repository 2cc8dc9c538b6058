/**
 * The kinds of keys that the schema is made of.
 *
 * A kind knows how its text is parsed, what a fault is called and what would be right, and how an editor checks it (JSON
 * Schema). A number where a text is wanted is taken by its source text: the document keeps `10.10` apart from `10.1`.
 *
 * @module
 */
import * as z from "zod";
import { limits } from "../base/limits.ts";
import { kindOf, nearest, quoted } from "./faults.ts";
import { parseSource } from "./sources.ts";
import { type Parsed, parseDomain, parseDuration, parseHostPort, parseMailAddress, parseSize } from "./values.ts";

// A configuration is parsed a few times in the life of a process: compiling parsers for that costs more than it saves.
z.config({ jitless: true });

type RawIssue = { code?: string; input?: unknown };

/** What a key of a text kind gets for something that is no text. */
function wrongKind(noun: string, right: string): (issue: RawIssue) => string {
  return ({ input }) => {
    if (input === undefined) return `is missing; ${right}`;
    if (typeof input === "boolean") return `is ${input}, not ${noun}; ${right}; a text like this goes in quotes`;
    return `is ${kindOf(input)}, not ${noun}; ${right}`;
  };
}

const fromSource = (input: unknown): unknown => typeof input === "number" ? String(input) : input;

/** How a kind of text is made. */
export interface TextKind<T> {
  /** With its article: `a time`. */
  noun: string;
  /** What would be right, for a value that is no text. */
  right: string;
  parse: (text: string) => Parsed<T>;
  /** For editors; what counts is `parse`. */
  pattern?: string;
  /** The value is not repeated in messages. */
  secret?: boolean;
}

/** A key whose value is a text with a grammar of its own. */
export function textKey<T>({ noun, right, parse, pattern, secret }: TextKind<T>): TextSchema<T> {
  const schema = z.string({ error: wrongKind(noun, right) });
  return z.preprocess(
    fromSource,
    (pattern === undefined ? schema : schema.meta({ pattern })).transform((text, context) => {
      const parsed = parse(text);
      if (parsed.ok) return parsed.value;
      const subject = secret ? "" : `${quoted(text)} `;
      context.issues.push({ code: "custom", message: `${subject}${parsed.what}; ${parsed.right}`, input: text });
      return z.NEVER;
    }),
  );
}

/** What {@linkcode textKey} makes. */
export type TextSchema<T> = z.ZodPreprocess<z.ZodPipe<z.ZodString, z.ZodTransform<Awaited<T>, string>>>;

/** A number within bounds, for sizes, times and counts. */
export interface Bounds {
  min?: number;
  max?: number;
}

/** `parse`, and then the bounds, which messages name as the owner would write them. */
function bounded(
  parse: (text: string) => Parsed<number>,
  { min, max }: { min?: string; max?: string },
): (text: string) => Parsed<number> {
  const limit = (text: string): number => {
    const parsed = parse(text);
    if (!parsed.ok) throw new Error(`Cannot use the bound ${text}: it ${parsed.what}`);
    return parsed.value;
  };
  const least = min === undefined ? 0 : limit(min);
  const most = max === undefined ? Infinity : limit(max);
  const right = min === undefined ? `at most ${max}` : max === undefined ? `at least ${min}` : `${min} to ${max}`;
  return (text) => {
    const parsed = parse(text);
    if (!parsed.ok || (parsed.value >= least && parsed.value <= most)) return parsed;
    return { ok: false, what: parsed.value < least ? "is too small" : "is too large", right };
  };
}

/** Octets: `512`, `10M`. */
export function sizeKey(bounds: { min?: string; max?: string } = {}): TextSchema<number> {
  const right = "a size, as in 10M";
  return textKey({ noun: "a size", right, parse: bounded(parseSize, bounds), pattern: "^[0-9]+[KMG]?$" });
}

/** Milliseconds: `5s`, `30m`. */
export function durationKey(bounds: { min?: string; max?: string } = {}): TextSchema<number> {
  const right = "a time with its unit, as in 5m";
  return textKey({ noun: "a time", right, parse: bounded(parseDuration, bounds), pattern: "^[0-9]+[smhd]$" });
}

/** `host:port` or `[IPv6]:port`. */
export function hostPortKey(
  { addressOnly = false, portMin = 1, usualPort = 25 }: {
    addressOnly?: boolean;
    portMin?: number;
    usualPort?: number;
  } = {},
): TextSchema<{ host: string; port: number }> {
  const right = addressOnly
    ? `an IP address and a port, as in 127.0.0.1:${usualPort}`
    : `host:port, as in mail.example.test:${usualPort}`;
  return textKey({
    noun: addressOnly ? "an address with a port" : "a host with a port",
    right,
    parse(text) {
      const parsed = parseHostPort(text, usualPort);
      if (!parsed.ok) return parsed;
      const { host, port: number, address } = parsed.value;
      if (addressOnly && !address) return { ok: false, what: "has a name where an IP address is needed", right };
      if (number < portMin) return { ok: false, what: "has port 0", right };
      return { ok: true, value: { host, port: number } };
    },
    pattern: "^.+:[0-9]{1,5}$",
  });
}

/** A domain name, in lower case. */
export function domainKey(): TextSchema<string> {
  return textKey({ noun: "a domain name", right: "a domain name, as in mail.example.test", parse: parseDomain });
}

/** `local@domain`. */
export function mailAddressKey(): TextSchema<string> {
  return textKey({ noun: "a mail address", right: "local@domain, as in ops@example.test", parse: parseMailAddress });
}

/** A path, as written. */
export function fileKey(noun = "a file"): TextSchema<string> {
  const right = "a path; relative ones start at the folder of this file";
  return textKey({ noun, right, parse: (text) => plainText(text, { right, max: 4096 }) });
}

/** A path, or a URL that something is fetched from. */
export function sourceKey(): TextSchema<string> {
  const right = "a file or an http URL";
  return textKey({
    noun: right,
    right,
    // A URL may have a password in it, which is refused.
    secret: true,
    parse(text) {
      const plain = plainText(text, { right, max: 4096 });
      return plain.ok ? parseSource(plain.value) : plain;
    },
  });
}

/** A text without control characters. */
export function plainKey({ right, max = 200 }: { right: string; max?: number }): TextSchema<string> {
  return textKey({ noun: "a text", right, parse: (text) => plainText(text, { right, max }) });
}

function plainText(text: string, { right, max }: { right: string; max: number }): Parsed<string> {
  if (text.trim() === "") return { ok: false, what: "is empty", right };
  if (text.length > max) return { ok: false, what: `is longer than ${max} characters`, right };
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x1f\x7f]/.test(text)) return { ok: false, what: "has control characters", right };
  return { ok: true, value: text };
}

/** The text of an SMTP reply: one line, which may begin with an enhanced code. */
export function replyTextKey(): TextSchema<string> {
  const right = "one line of ASCII, at most 400 characters";
  return textKey({
    noun: "a text",
    right,
    parse: (text) =>
      /^[\x20-\x7e]{1,400}$/.test(text)
        ? { ok: true, value: text }
        : { ok: false, what: "cannot stand in an SMTP reply", right },
  });
}

/** A name that other keys refer to, or that names something: it is part of file names and log lines. */
export function nameKey(noun: string): TextSchema<string> {
  const right = "letters, digits, _ - and . , at most 64, a letter or digit first";
  return textKey({ noun, right, parse: (text) => nameParsed(text, right) });
}

function nameParsed(text: string, right: string): Parsed<string> {
  return namePattern.test(text) ? { ok: true, value: text } : { ok: false, what: "cannot be a name", right };
}

const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** A key that may be left out, and what it is then; both stand in its description. */
export function withDefault<T extends z.ZodType>(
  schema: T,
  fallback: Exclude<z.input<T>, undefined>,
  sentence: string,
): z.ZodPrefault<T> {
  const block = typeof fallback === "object" && fallback !== null && !Array.isArray(fallback);
  return schema.prefault(fallback).describe(block ? sentence : `${sentence} Default: ${shown(fallback)}.`);
}

/** A key of a block that inherits: left out, it is taken from the block named `default`, and from `builtin` at the last. */
export function inheritedKey<T extends z.ZodType>(schema: T, builtin: unknown, sentence: string): z.ZodOptional<T> {
  return schema.optional().describe(`${sentence} Default: what \`default\` says; there ${shown(builtin)}.`);
}

function shown(value: unknown): string {
  if (value === null) return "none";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.join(", ");
  return `${value}`;
}

/** A whole number. */
export function countKey({ min = 0, max = 1_000_000_000 }: Bounds = {}): z.ZodNumber {
  const right = `a whole number from ${min} to ${max}`;
  const error = ({ input }: RawIssue) =>
    input === undefined
      ? `is missing; ${right}`
      : typeof input === "number" || typeof input === "string"
      ? `${quoted(input)} is no such number; ${right}`
      : `is ${kindOf(input)}; ${right}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/** `true` or `false`; the other words that YAML once took for them are refused with a hint. */
export function flagKey(): z.ZodBoolean {
  return z.boolean({
    error: ({ input }) => {
      // A map has no prototype here, so no text either.
      const word = typeof input === "string" ? input.toLowerCase() : "";
      const meant = ["yes", "on", "y"].includes(word)
        ? "true"
        : ["no", "off", "n"].includes(word)
        ? "false"
        : undefined;
      const shown = typeof input === "string" || typeof input === "number"
        ? quoted(input)
        : `this is ${kindOf(input)}, which`;
      return `${shown} is neither true nor false; ${meant ?? "true or false"}`;
    },
  });
}

/** One of a few words. */
export function choiceKey<const W extends readonly string[]>(words: W): z.ZodEnum<{ [K in W[number]]: K }> {
  return z.enum(words, {
    error: ({ input }) => {
      const right = `one of ${words.join(", ")}`;
      if (input === undefined) return `is missing; ${right}`;
      if (typeof input !== "string" && typeof input !== "number") return `is ${kindOf(input)}; ${right}`;
      const meant = nearest(String(input), words);
      return `${quoted(input)} is unknown; ${meant === undefined ? right : `did you mean ${meant}? (${right})`}`;
    },
  });
}

/** A list. `right` shows one. */
export function listKey<T extends z.ZodType>(
  item: T,
  { right, max = limits.configRowsMax }: { right: string; max?: number },
): z.ZodPreprocess<z.ZodArray<T>> {
  return z.preprocess(
    (input) => input === null ? [] : input,
    z.array(item, {
      error: ({ input }) => `is ${input === undefined ? "missing" : kindOf(input)}, not a list; ${right}`,
    })
      .max(max, { error: () => `has more than ${max} entries; fewer` }),
  );
}

/** A list in which a single entry may stand alone, without brackets. */
export function oneOrMoreKey<T extends z.ZodType>(item: T, right: string): z.ZodPreprocess<z.ZodArray<T>> {
  return z.preprocess(
    (input) => Array.isArray(input) || input === null || typeof input === "object" ? input : [input],
    z.array(item, { error: ({ input }) => `is ${kindOf(input)}; ${right}` })
      .min(1, { error: () => `is an empty list; ${right}` }).max(100, {
        error: () => "has more than 100 entries; fewer",
      }),
  ).meta({ itemAlone: true });
}

/** A block of known keys; another one is a fault. An empty block (`alerts:` and nothing) is taken for `{}`. */
export function section<S extends z.core.$ZodLooseShape>(
  shape: S,
): z.ZodPreprocess<z.ZodObject<S, z.core.$strict>> {
  const right = `a map of keys (${Object.keys(shape).join(", ")})`;
  return z.preprocess(
    (input) => input === null ? {} : input,
    z.strictObject(shape, {
      error: ({ code, input }) => code === "unrecognized_keys" ? undefined : wrongMap(input, right),
    }),
  );
}

/** A block of names that the owner chooses. */
export function namedKey<K extends z.ZodType<string | number | symbol>, V extends z.ZodType>(
  { name, value, right }: { name: K & z.core.$ZodRecordKey; value: V; right: string },
): z.ZodPreprocess<z.ZodRecord<K & z.core.$ZodRecordKey, V>> {
  return z.preprocess(
    (input) => input === null ? {} : input,
    z.record(name, value, { error: ({ code, input }) => code === "invalid_key" ? undefined : wrongMap(input, right) }),
  );
}

function wrongMap(input: unknown, right: string): string {
  return `is ${input === undefined ? "missing" : kindOf(input)}, not a map of keys; ${right}`;
}
