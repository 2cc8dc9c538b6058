/**
 * What a browser may see of a configuration: everything but its secrets.
 *
 * Keys that hold a secret (`password_hash`) get a word in place of it. The word, given back as the value, means the secret as it is; so a form that was
 * not touched, or a file that was downloaded and comes back, changes no password. Hashes that stand elsewhere, in a comment or under a key that was
 * mistyped, get words of their own, by which they are put back.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { type Document, isAlias, isMap, isScalar } from "yaml";
import { printable } from "../base/text.ts";
import { differenceOf } from "./difference.ts";
import type { Path } from "./faults.ts";
import { valueAt } from "./issues.ts";
import { type Change, EditError, isPlainMap } from "./plain.ts";
import { eachNode, parseYaml } from "./yaml_tables.ts";

/** What stands in place of a secret. */
export const maskWord = "(secret)";
/** What stands in place of a secret that was another one before. */
export const newSecretWord = "(new secret)";

const secretKey = /(^|_)(password|password_hash|passphrase|secret|token)$/;

/** Whether the value of a key is a secret. Keys that end in `_file` name a file, which is none. */
export function isSecretKey(key: string | number | undefined): boolean {
  return typeof key === "string" && secretKey.test(key);
}

/** A hash wherever it stands, also one that was cut off. */
const strayHash = /scrypt\$\d[\w+/=$]*/g;

/** A hash in a comment is one that was in force, or may be again: the owner's user whom he switched off by a `#`. */
function maskStray(text: string): string {
  return text.replaceAll(strayHash, strayWord);
}

/** A word for one hash and no other; of what is salted it tells nothing. */
function strayWord(hash: string): string {
  return `(secret ${createHash("sha256").update(hash).digest("hex").slice(0, 16)})`;
}

/** A text that came back from where hashes had words, with those that `text` has. */
export function unmaskStray(source: string, text: string): string {
  const hashes = new Map((text.match(strayHash) ?? []).map((hash) => [strayWord(hash), hash]));
  return source.replaceAll(/\(secret [0-9a-f]{16}\)/g, (word) => hashes.get(word) ?? word);
}

/** Plain data without secrets. */
export function maskPlain(value: unknown): unknown {
  if (typeof value === "string") return maskStray(value);
  if (Array.isArray(value)) return value.map(maskPlain);
  if (!isPlainMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, isSecretKey(key) && item !== null ? maskWord : maskPlain(item)]),
  );
}

/** One value, short, for a message. */
export function maskedText(path: Path, value: unknown): string {
  if (isSecretKey(path.at(-1))) return maskWord;
  return printable(JSON.stringify(maskPlain(value)) ?? "nothing", 200);
}

/** Changes with the secrets that the word stands for; `now` is what the file says. Throws {@linkcode EditError} where there is no such secret. */
export function unmaskChanges(changes: readonly Change[], now: unknown): Change[] {
  return changes.map(({ path, value }) => ({ path, value: restored(value, { path, now }) }));
}

function restored(value: unknown, { path, now }: { path: Path; now: unknown }): unknown {
  if (isSecretKey(path.at(-1)) && (value === maskWord || value === newSecretWord)) {
    const old = valueAt(now, path);
    if (typeof old !== "string") {
      throw new EditError(path, "there is no secret yet that could stay as it is; a new one");
    }
    return old;
  }
  if (Array.isArray(value)) return value.map((item, index) => restored(item, { path: [...path, index], now }));
  if (!isPlainMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, restored(item, { path: [...path, key], now })]),
  );
}

/**
 * The text of a file without secrets, line by line as it was. Text that is no YAML is not shown at all. `known`: secrets that are not in it are told as
 * new ones.
 */
export function maskSource(source: string, known?: ReadonlySet<string>): string {
  const secrets = secretsIn(source);
  if (secrets === undefined) return "";
  let shown = 0;
  const parts = secrets.toSorted((a, b) => a.from - b.from).map(({ from, to, value }) => {
    const word = known === undefined || known.has(value) ? maskWord : newSecretWord;
    const part = `${maskStray(source.slice(shown, from))}"${word}"${source.slice(from, to).endsWith("\n") ? "\n" : ""}`;
    shown = to;
    return part;
  });
  return parts.join("") + maskStray(source.slice(shown));
}

/** The difference of two files, secrets left out: one that changed is told by the words that stand for it. */
export function maskedDifference(
  before: string,
  after: string,
  options: { names?: readonly [string, string] } = {},
): string {
  const known = new Set((secretsIn(before) ?? []).map(({ value }) => value));
  return differenceOf(maskSource(before), maskSource(after, known), options);
}

interface Secret {
  from: number;
  to: number;
  /** Its text, to be compared. */
  value: string;
}

/** `undefined` for text that is no YAML. */
function secretsIn(source: string): Secret[] | undefined {
  let document: Document.Parsed;
  try {
    document = parseYaml(source);
  } catch {
    return undefined;
  }
  if (document.errors.length > 0) return undefined;
  const found: Secret[] = [];
  const anchors = new Set<string>();
  const add = (node: unknown): void => {
    const { range } = node as { range?: [number, number, number] };
    const empty = isScalar(node) && node.value === null;
    // What is within a secret is part of it.
    const inner = range && found.some(({ from, to }) => from <= range[0] && range[1] <= to);
    if (!range || range[1] <= range[0] || empty || inner) return;
    const value = isScalar(node) ? String(node.value) : source.slice(range[0], range[1]);
    found.push({ from: range[0], to: range[1], value });
  };
  eachNode(document.contents, (node) => {
    if (!isMap(node)) return;
    for (const { key, value } of node.items) {
      if (!isScalar(key) || !isSecretKey(String(key.value)) || value === null) continue;
      if (isAlias(value)) anchors.add(value.source);
      else add(value);
    }
  });
  if (anchors.size > 0) {
    eachNode(document.contents, (node) => {
      if (!isAlias(node) && node.anchor !== undefined && anchors.has(node.anchor)) add(node);
    });
  }
  return found;
}
