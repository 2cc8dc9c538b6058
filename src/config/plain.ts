/**
 * Plain data, as YAML can say it: compared, changed at a path, taken apart into the changes that lead from one to another.
 *
 * @module
 */
import { type Path, pathText } from "./faults.ts";

/** One change of the file: the value at a path, or its removal where `value` is undefined. Plain data (what YAML can say). */
export interface Change {
  path: readonly (string | number)[];
  value?: unknown;
}

/** A change that cannot be made; one clear line. */
export class EditError extends Error {
  override name = "EditError";
  readonly path: Path;
  /** What is wrong; what would be right. */
  override readonly cause: string;

  constructor(path: Path, cause: string) {
    super(`Cannot change ${pathText(path)}: ${cause}`);
    this.path = path;
    this.cause = cause;
  }
}

/** A map of keys. */
export type PlainMap = Record<string, unknown>;

/** Whether a value is a map of keys. */
export function isPlainMap(value: unknown): value is PlainMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether two values say the same. The order of keys says nothing, that of a list does. */
export function samePlain(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => samePlain(item, b[index]));
  }
  if (isPlainMap(a) && isPlainMap(b)) {
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length &&
      keys.every((key) => Object.hasOwn(b, key) && samePlain(a[key], b[key]));
  }
  return a === b;
}

/** The value as the file will say it. Throws {@linkcode EditError} for what YAML cannot say, or could not say twice alike. */
export function plainOf(value: unknown, path: Path, depth = 0): unknown {
  if (depth > 32) throw new EditError(path, "the value is nested too deeply");
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") {
    if (!Number.isFinite(value) || Object.is(value, -0) || /e/.test(String(value))) {
      throw new EditError(path, `${value} is no number for a configuration`);
    }
    return value;
  }
  if (Array.isArray(value)) return value.map((item, index) => plainOf(item, [...path, index], depth + 1));
  if (typeof value !== "object") throw new EditError(path, "the value is no plain data");
  const map: PlainMap = Object.create(null);
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    checkKey(key, path);
    map[key] = plainOf(item, [...path, key], depth + 1);
  }
  return map;
}

/** Throws {@linkcode EditError} for a key that no document has. */
export function checkKey(key: string, path: Path): void {
  if (key === "" || key === "__proto__") throw new EditError(path, "a key needs a name");
}

/**
 * A copy of `root` in which `path` has a value, or has none. Blocks on the way that are missing or empty are made; a list takes an entry behind
 * its last one. Throws {@linkcode EditError} where something else is in the way.
 */
export function withChange(root: unknown, { path, value }: Change, done = 0): unknown {
  if (done === path.length) return value;
  const part = path[done];
  const at = path.slice(0, done + 1);
  const inner = (old: unknown) => withChange(old, { path, value }, done + 1);
  if (Array.isArray(root)) {
    const index = Number(part);
    if (!Number.isInteger(index) || index < 0 || index > root.length) {
      throw new EditError(at, `the list has ${root.length} entries`);
    }
    const rest = [...root];
    if (index === root.length) {
      if (value === undefined) return root;
      if (done + 1 < path.length && typeof path[done + 1] === "number") return [...root, inner([])];
      return [...root, inner(done + 1 < path.length ? emptyMap() : undefined)];
    }
    if (value === undefined && done + 1 === path.length) rest.splice(index, 1);
    else rest[index] = inner(rest[index]);
    return rest;
  }
  if (root !== null && root !== undefined && !isPlainMap(root)) {
    throw new EditError(at, `${pathText(path.slice(0, done))} is no block of keys`);
  }
  if (value === undefined && (!isPlainMap(root) || !Object.hasOwn(root, String(part)))) return root;
  if (typeof part === "number" && (root === null || root === undefined)) {
    if (part !== 0) throw new EditError(at, "the list has 0 entries");
    return [inner(undefined)];
  }
  const map: PlainMap = Object.assign(emptyMap(), root);
  const key = String(part);
  checkKey(key, at);
  if (value === undefined && done + 1 === path.length) delete map[key];
  else map[key] = inner(Object.hasOwn(map, key) ? map[key] : undefined);
  return map;
}

function emptyMap(): PlainMap {
  return Object.create(null);
}

/** The changes that make `after` of `before`: of keys as deep as they go; a list that differs is one change. */
export function changesBetween(before: unknown, after: unknown, path: Path = []): Change[] {
  if (samePlain(before, after)) return [];
  if (!isPlainMap(before) || !isPlainMap(after)) return [{ path, value: after }];
  const gone = Object.keys(before).filter((key) => !Object.hasOwn(after, key));
  return [
    ...gone.map((key): Change => ({ path: [...path, key] })),
    ...Object.entries(after).flatMap(([key, value]): Change[] =>
      Object.hasOwn(before, key)
        ? changesBetween(before[key], value, [...path, key])
        : [{ path: [...path, key], value }]
    ),
  ];
}

/** Whether one path is the other, or leads to it. */
export function overlap(a: Path, b: Path): boolean {
  return Array.from({ length: Math.min(a.length, b.length) }).every((_, at) => String(a[at]) === String(b[at]));
}
