/**
 * What the schema complains about, as findings; and the rest of a faulty document, so that it can be checked on.
 *
 * @module
 */
import type * as z from "zod";
import { type Finding, nearest, type Path } from "./faults.ts";

/** A complaint of the schema. */
export type Issue = z.core.$ZodIssue;
/** A schema or a part of one. */
export type AnySchema = z.core.$ZodType;

/** Each issue in our words. `schema` is asked for the keys that are known where one is not. */
export function findingsOf(schema: AnySchema, issues: readonly Issue[]): Finding[] {
  return issues.flatMap((issue, index): Finding[] => {
    const path = issue.path as Path;
    if (issue.code === "too_big" && isAbout(issues[index - 1], path)) return [];
    if (issue.code === "unrecognized_keys") {
      const known = keysAt(schema, path);
      return issue.keys.map((key) => ({ path: [...path, key], at: "key", text: unknownKey(key, known) }));
    }
    if (issue.code === "invalid_key") return [{ path, at: "key", text: issue.issues[0].message }];
    return [{ path, at: "value", text: issue.message }];
  });
}

/** A text in the place of a list has been told as that already: how long it is says nothing. */
function isAbout(before: Issue | undefined, path: Path): boolean {
  return before?.code === "invalid_type" && before.path.length === path.length &&
    before.path.every((part, at) => part === path[at]);
}

function unknownKey(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  return meant === undefined
    ? `is an unknown key; known here: ${known.join(", ")}`
    : `is an unknown key; did you mean ${meant}?`;
}

/** The keys of the block that `path` leads to; none where it has names of the owner's choice. */
export function keysAt(schema: AnySchema, path: Path): string[] {
  let at: AnySchema | undefined = schema;
  for (const part of path) {
    const block: Block | undefined = unwrapped(at);
    at = block?.kind === "object" ? block.shape[String(part)] : block?.item;
  }
  const block = unwrapped(at);
  return block?.kind === "object" ? Object.keys(block.shape) : [];
}

/** The default of a key or block, as a file would say it; `undefined` where there is none. */
export function defaultAt(schema: AnySchema, path: Path): unknown {
  let at: AnySchema | undefined = schema;
  for (const part of path) {
    const block: Block | undefined = unwrapped(at);
    at = block?.kind === "object" ? block.shape[String(part)] : block?.item;
  }
  return (at?._zod.def as { defaultValue?: unknown } | undefined)?.defaultValue;
}

type Block =
  | { kind: "object"; shape: Readonly<Record<string, AnySchema>> }
  | { kind: "many"; item: AnySchema };

/** The object, record or list inside defaults, `optional` and `preprocess`. */
function unwrapped(schema: AnySchema | undefined): Block | undefined {
  const def = schema?._zod.def as
    | (z.core.$ZodTypeDef & {
      innerType?: AnySchema;
      out?: AnySchema;
      shape?: Record<string, AnySchema>;
      valueType?: AnySchema;
      element?: AnySchema;
    })
    | undefined;
  if (def === undefined) return undefined;
  if (def.shape !== undefined) return { kind: "object", shape: def.shape };
  const item = def.valueType ?? def.element;
  return item !== undefined ? { kind: "many", item } : unwrapped(def.innerType ?? def.out);
}

/** A document that faulty parts were taken out of. */
export class Remains {
  /** What is left. */
  readonly root: unknown;
  /** The indices that the entries of a shortened list had in the file. */
  readonly #origins = new WeakMap<unknown[], number[]>();
  /** Keys that were taken out of a block. */
  readonly #lost = new WeakMap<object, Set<string>>();

  constructor(root: unknown) {
    this.root = root;
  }

  /**
   * Takes out what the issues point at. A missing key takes its block along, since the block cannot be without it; two keys get a
   * stand-in instead, so that a listener with a bad port is still checked. False where an issue is about the whole document.
   */
  prune(issues: readonly Issue[]): boolean {
    const touched = new Set<unknown[]>();
    const paths = issues.flatMap((issue) => this.#goners(issue));
    for (const path of paths) {
      if (path.length === 0) return false;
      const parent = valueAt(this.root, path.slice(0, -1));
      const last = path[path.length - 1];
      const standIn = standIns.find(({ test }) => test(path))?.value;
      if (Array.isArray(parent)) {
        parent[Number(last)] = hole;
        touched.add(parent);
      } else if (typeof parent === "object" && parent !== null) {
        const block = parent as Record<string, unknown>;
        this.#lost.set(block, (this.#lost.get(block) ?? new Set()).add(String(last)));
        if (standIn === undefined || block[last] === standIn) delete block[last];
        else block[last] = standIn;
      }
    }
    for (const list of touched) this.#close(list);
    return true;
  }

  #goners(issue: Issue): Path[] {
    const path = issue.path as Path;
    if (issue.code === "unrecognized_keys") return issue.keys.map((key) => [...path, key]);
    const missing = valueAt(this.root, path) === undefined && !standIns.some(({ test }) => test(path));
    return [missing ? path.slice(0, -1) : path];
  }

  /** Indices are those of the file again. */
  original(path: Path): Path {
    let value = this.root;
    return path.map((part) => {
      const origin = Array.isArray(value) ? this.#origins.get(value)?.[Number(part)] : undefined;
      value = valueAt(value, [part]);
      return origin ?? part;
    });
  }

  /** Whether the value at `path` lost an entry, or is not there any more. */
  damaged(path: Path): boolean {
    const value = valueAt(this.root, path);
    return value === undefined || Array.isArray(value) && this.#origins.has(value);
  }

  /** Whether the key that `path` ends in stands in the file, with a value that was refused. */
  refused(path: Path): boolean {
    const block = valueAt(this.root, path.slice(0, -1));
    return typeof block === "object" && block !== null && (this.#lost.get(block)?.has(String(path.at(-1))) ?? false);
  }

  /** Whether the value at `path` is a list in the file. */
  isList(path: Path): boolean {
    return Array.isArray(valueAt(this.root, path));
  }

  /** The names of a block as the file has them. */
  keys(path: Path): string[] {
    const value = valueAt(this.root, path);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
  }

  #close(list: unknown[]): void {
    const before = this.#origins.get(list) ?? list.map((_, index) => index);
    this.#origins.set(list, before.filter((_, index) => list[index] !== hole));
    for (let index = list.length - 1; index >= 0; index--) if (list[index] === hole) list.splice(index, 1);
  }
}

const hole = Symbol("hole");

/** Required keys with a value that offends no other check. */
const standIns: readonly { test: (path: Path) => boolean; value: string }[] = [
  { test: (path) => path.length === 3 && path[0] === "listeners" && path[2] === "address", value: "127.0.0.1:0" },
  { test: (path) => path.length === 5 && path[2] === "sender_groups" && path[4] === "policy", value: "default" },
];

/** The value that a path leads to. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}
