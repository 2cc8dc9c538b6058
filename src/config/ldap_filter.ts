/**
 * LDAP filters as text: RFC 4515. Templates with places for an address, filled in and read.
 *
 * What stands for an address is escaped before it gets into the text, so that `*)(uid=*` in a local part is looked for and changes nothing about the
 * question. A place stands for a value only: whom a client names never chooses the attribute. The grammar is taken by the letter, blanks between
 * parentheses included, which other readers pass over and mean different things by.
 *
 * @module
 */
import { type Octets, octets } from "../base/octets.ts";
import { fault, type Parsed } from "./values.ts";

/** A filter: RFC 4511 §4.5.1.7. */
export type LdapFilter =
  | { kind: "and" | "or"; of: LdapFilter[] }
  | { kind: "not"; of: LdapFilter }
  | { kind: "present"; attribute: string }
  | { kind: "equal" | "approximate" | "at_least" | "at_most"; attribute: string; value: Octets }
  /** Pieces in their order; the first and the last are empty where the value may begin or end with anything. */
  | { kind: "substrings"; attribute: string; pieces: Octets[] }
  | { kind: "extensible"; attribute: string; rule: string; dn: boolean; value: Octets };

/** What a template may have in a value. */
export interface LdapPlaces {
  /** The whole address. */
  a: string;
  /** Its local part, as a person would write it: without quotes. */
  u: string;
  /** Its domain. */
  d: string;
}

const depthMax = 16;
const lengthMax = 4_000;
const unseen = /(?! )[\p{C}\p{Z}]/u;
const right = 'an LDAP filter with {a}, {u} or {d} in a value, as in "(mail={a})"';

// RFC 4512 §2.5: a name or an object identifier, with options.
const attribute = "(?:[A-Za-z][A-Za-z0-9-]*|\\d+(?:\\.\\d+)*)(?:;[A-Za-z0-9-]+)*";
const rule = "(?:[A-Za-z][A-Za-z0-9-]*|\\d+(?:\\.\\d+)*)";
const simple = new RegExp(`^(${attribute})(=|~=|>=|<=)(.*)$`, "s");
const extensible = new RegExp(`^(${attribute})?(:dn)?(?::(${rule}))?:=(.*)$`, "si");
const place = /\{[^}]*\}?/g;

/** Reads a template: that it is a filter once it is filled in, and asks about the recipient. */
export function parseLdapTemplate(text: string): Parsed<string> {
  if (text.length > lengthMax) return fault(`is longer than ${lengthMax} characters`, "a shorter one");
  if (unseen.test(text)) return fault("has characters that cannot be seen", right);
  const parsed = parseLdapFilter(text);
  if (!parsed.ok) return parsed;
  const places = text.match(place) ?? [];
  const unknown = places.find((each) => !/^\{[aud]\}$/.test(each));
  if (unknown !== undefined) return fault(`has ${unknown} in it`, "{a}, {u} or {d}; a brace is written \\7b");
  return places.length > 0 ? { ok: true, value: text } : fault("asks the same about every recipient", right);
}

/** The template with these in its places, as it is sent. */
export function fillLdapTemplate(template: string, places: LdapPlaces): string {
  return template.replace(/\{([aud])\}/g, (_, name: keyof LdapPlaces) => escapeLdapValue(places[name]));
}

/** A value as it stands in a filter: RFC 4515 §3. What cannot be seen is escaped too, so that a filter can be printed as it is. */
export function escapeLdapValue(text: string): string {
  return text.replace(/[*()\\]|(?! )[\p{C}\p{Z}]/gu, (each) => {
    const escaped = [...octets(each)].map((octet) => `\\${octet.toString(16).padStart(2, "0")}`);
    return escaped.join("");
  });
}

/** Reads a filter. */
export function parseLdapFilter(text: string): Parsed<LdapFilter> {
  try {
    const reader = new Reader(text);
    const filter = reader.filter(depthMax);
    reader.end();
    return { ok: true, value: filter };
  } catch (thrown) {
    if (thrown instanceof FilterError) return fault(thrown.message, right);
    throw thrown;
  }
}

class FilterError extends Error {
  override name = "FilterError";
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  filter(depth: number): LdapFilter {
    if (depth === 0) throw new FilterError("is nested too deeply");
    this.#take("(");
    const filter = this.#inner(depth);
    this.#take(")");
    return filter;
  }

  end(): void {
    if (this.#at < this.#text.length) throw new FilterError(`goes on behind its end: character ${this.#at + 1}`);
  }

  #inner(depth: number): LdapFilter {
    switch (this.#text[this.#at]) {
      case "&":
        return { kind: "and", of: this.#list(depth) };
      case "|":
        return { kind: "or", of: this.#list(depth) };
      case "!":
        this.#at++;
        return { kind: "not", of: this.filter(depth - 1) };
      default:
        return this.#item();
    }
  }

  #list(depth: number): LdapFilter[] {
    this.#at++;
    const found: LdapFilter[] = [];
    while (this.#text[this.#at] === "(") found.push(this.filter(depth - 1));
    if (found.length === 0) throw new FilterError("has an empty list");
    return found;
  }

  #item(): LdapFilter {
    const from = this.#at;
    while (this.#at < this.#text.length && !"()".includes(this.#text[this.#at])) this.#at++;
    const text = this.#text.slice(from, this.#at);
    const plain = simple.exec(text);
    if (plain !== null) return itemOf(plain[1], { operator: plain[2], value: plain[3] });
    const [, attribute = "", dn, rule = "", value] = extensible.exec(text) ?? [];
    if (value === undefined || attribute + rule === "") {
      throw new FilterError(`is no LDAP filter at character ${from + 1}`);
    }
    return { kind: "extensible", attribute, rule, dn: dn !== undefined, value: valueOf(value) };
  }

  #take(character: string): void {
    if (this.#text[this.#at] !== character) {
      throw new FilterError(`lacks ${character} at character ${this.#at + 1}`);
    }
    this.#at++;
  }
}

function itemOf(attribute: string, { operator, value }: { operator: string; value: string }): LdapFilter {
  switch (operator) {
    case "~=":
      return { kind: "approximate", attribute, value: valueOf(value) };
    case ">=":
      return { kind: "at_least", attribute, value: valueOf(value) };
    case "<=":
      return { kind: "at_most", attribute, value: valueOf(value) };
    default:
      if (value === "*") return { kind: "present", attribute };
      if (!value.includes("*")) return { kind: "equal", attribute, value: valueOf(value) };
      return { kind: "substrings", attribute, pieces: piecesOf(value) };
  }
}

function piecesOf(value: string): Octets[] {
  const pieces = value.split("*").map(valueOf);
  // RFC 4511 §4.5.1.7.2: a piece is not empty.
  if (pieces.slice(1, -1).some(({ length }) => length === 0)) throw new FilterError("has ** in a value");
  return pieces;
}

/** RFC 4515 §3: an octet as `\2a`. */
function valueOf(text: string): Octets {
  if (text.includes("*")) throw new FilterError("has * where no part of a value can be left open");
  if (!text.includes("\\")) return octets(text);
  const parts = text.split("\\");
  const bytes = [...octets(parts[0])];
  for (const part of parts.slice(1)) {
    if (!/^[0-9a-fA-F]{2}/.test(part)) throw new FilterError("has \\ without two hexadecimal digits");
    bytes.push(Number.parseInt(part.slice(0, 2), 16), ...octets(part.slice(2)));
  }
  return Uint8Array.from(bytes);
}
