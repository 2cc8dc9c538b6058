/**
 * Paths as an operator writes them: `listeners.inbound.sender_groups[0].policy`, `smtp_routes["example.test"][1]`.
 *
 * Names may have dots themselves. What is in the file is found by its longest name; a new name below `domains` or `listeners` ends where a key follows
 * that the schema has. A name in brackets and quotes is taken as it is.
 *
 * @module
 */
import { keysAt, valueAt } from "./issues.ts";
import { isPlainMap } from "./plain.ts";
import { configSchema } from "./schema.ts";
import { nearest, type Path, pathText } from "./faults.ts";

/** A path, or why the text is none. */
export type PathRead = { ok: true; path: Path } | { ok: false; why: string };

/** Reads a path. `root` is what the file says. */
export function readPath(text: string, root: unknown): PathRead {
  const path: (string | number)[] = [];
  let rest = text;
  while (rest !== "") {
    const bracket = /^\[(?:(\d{1,9})|"((?:[^"\\]|\\.)*)"|'([^']*)')\]\.?/.exec(rest);
    if (bracket !== null) {
      const [whole, index, double, single] = bracket;
      path.push(
        index !== undefined ? Number(index) : double !== undefined ? double.replaceAll(/\\(.)/g, "$1") : single,
      );
      rest = rest.slice(whole.length);
      continue;
    }
    const name = nameAt(rest, path, root);
    if (name === "") return { ok: false, why: `a name is missing at "${rest.slice(0, 40)}"` };
    const known = keysAt(configSchema, path);
    if (known.length > 0 && !known.includes(name)) {
      const meant = nearest(name, known);
      const right = meant === undefined ? `known here: ${known.join(", ")}` : `did you mean ${meant}?`;
      return { ok: false, why: `${pathText([...path, name])} is an unknown key; ${right}` };
    }
    path.push(name);
    rest = rest.slice(name.length).replace(/^\./, "");
  }
  return path.length === 0 ? { ok: false, why: "it is empty" } : { ok: true, path };
}

/** The name that `rest` begins with. */
function nameAt(rest: string, path: Path, root: unknown): string {
  const ends = (name: string) => rest.length === name.length || /[.[]/.test(rest[name.length]);
  const here = valueAt(root, path);
  const there = isPlainMap(here) ? Object.keys(here) : [];
  const longest = there.filter((key) => rest.startsWith(key) && ends(key)).sort((a, b) => b.length - a.length)[0];
  if (longest !== undefined) return longest;
  const cut = rest.search(/\[/);
  const words = (cut < 0 ? rest : rest.slice(0, cut)).split(".");
  // A leading dot belongs to a name such as `.gov.example`.
  const first = words[0] === "" ? 2 : 1;
  if (keysAt(configSchema, path).length > 0) return words[0];
  for (let count = first; count < words.length; count++) {
    const name = words.slice(0, count).join(".");
    if (keysAt(configSchema, [...path, name]).includes(words[count])) return name;
  }
  return words.join(".");
}
