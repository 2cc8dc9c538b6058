/**
 * A value of any size, cut into pieces that pass from one thread to another one by one.
 *
 * A message between threads is copied in one go, on both sides: for a table of a hundred thousand rows that takes the better part of a second, and
 * whoever serves mail serves none meanwhile. What is cut is lists, maps and plain objects, however deep; a piece has some thousand values.
 *
 * @module
 */

/** Values of a piece, lists and objects counted with what is in them; no more than twice as many. */
const valuesMax = 3_000;

/** Entries of one list, map or object; or a whole value, where it is small. */
export interface Piece {
  /** Which one; 0: the value itself. */
  id: number;
  kind: "whole" | "list" | "map" | "record";
  /** Of a map or an object. */
  keys: unknown[];
  values: unknown[];
  /** Values that have come in pieces of their own. */
  filled: { at: number; id: number }[];
  /** It has no more entries. */
  ends: boolean;
}

type Kind = Exclude<Piece["kind"], "whole">;

/** Cuts a value. Each piece is made when it is asked for. */
export function* piecesOf(value: unknown): Generator<Piece, void, void> {
  const kind = weigh(value, valuesMax) > valuesMax ? kindOf(value) : undefined;
  if (kind === undefined) yield { id: 0, kind: "whole", keys: [], values: [value], filled: [], ends: true };
  else yield* cut(value as object, { kind, id: 0, ids: { last: 0 } });
}

function* cut(
  value: object,
  { kind, id, ids }: { kind: Kind; id: number; ids: { last: number } },
): Generator<Piece, void, void> {
  const fresh = (): Piece => ({ id, kind, keys: [], values: [], filled: [], ends: false });
  let piece = fresh();
  let weight = 0;
  for (const [key, item] of entriesOf(value, kind)) {
    const own = weigh(item, valuesMax);
    const inner = own > valuesMax ? kindOf(item) : undefined;
    if (inner !== undefined) {
      const innerId = ++ids.last;
      yield* cut(item as object, { kind: inner, id: innerId, ids });
      piece.filled.push({ at: piece.values.length, id: innerId });
    }
    if (kind !== "list") piece.keys.push(key);
    piece.values.push(inner === undefined ? item : null);
    weight += inner === undefined ? own : 1;
    if (weight < valuesMax) continue;
    yield piece;
    piece = fresh();
    weight = 0;
  }
  yield { ...piece, ends: true };
}

function* entriesOf(value: object, kind: Kind): Generator<[unknown, unknown]> {
  switch (kind) {
    case "list":
      for (const item of value as unknown[]) yield [undefined, item];
      return;
    case "map":
      yield* value as Map<unknown, unknown>;
      return;
    case "record":
      for (const key of Object.keys(value)) yield [key, (value as Record<string, unknown>)[key]];
      return;
    default:
      kind satisfies never;
  }
}

/** How it is cut; `undefined`: it is not. */
function kindOf(value: unknown): Kind | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) return "list";
  if (value instanceof Map) return "map";
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype ? "record" : undefined;
}

/** Values in a value; counted no further than just above `most`. */
function weigh(value: unknown, most: number): number {
  const kind = kindOf(value);
  let weight = 1;
  if (kind === "list") {
    for (const item of value as unknown[]) if ((weight += weigh(item, most - weight)) > most) break;
  } else if (kind === "map") {
    for (const item of (value as Map<unknown, unknown>).values()) {
      if ((weight += weigh(item, most - weight)) > most) break;
    }
  } else if (kind === "record") {
    for (const key in value as object) {
      if ((weight += weigh((value as Record<string, unknown>)[key], most - weight)) > most) break;
    }
  }
  return weight;
}

type Container = unknown[] | Map<unknown, unknown> | Record<string, unknown>;

/** Puts a value together again. */
export class Parcel {
  readonly #seal: (value: unknown) => void;
  readonly #containers = new Map<number, Container>();
  #whole: { value: unknown } | undefined;

  /** `seal`: called with each entry as it comes, what is in it included, and with each list that came in pieces when it is complete. */
  constructor(seal: (value: unknown) => void = () => {}) {
    this.#seal = seal;
  }

  /** The value, once all of it has come. */
  get whole(): { value: unknown } | undefined {
    return this.#whole;
  }

  /** Takes a piece in. They come in the order in which they were made. */
  add({ id, kind, keys, values, filled, ends }: Piece): void {
    for (const value of values) this.#seal(value);
    for (const { at, id: inner } of filled) {
      values[at] = this.#containers.get(inner);
      this.#containers.delete(inner);
    }
    if (kind === "whole") {
      this.#whole = { value: values[0] };
      return;
    }
    const container = this.#containers.get(id) ?? (kind === "list" ? [] : kind === "map" ? new Map() : {});
    this.#containers.set(id, container);
    if (Array.isArray(container)) { for (const value of values) container.push(value); }
    else if (container instanceof Map) { for (const [at, value] of values.entries()) container.set(keys[at], value); }
    else {
      for (const [at, value] of values.entries()) {
        // An assignment to `__proto__` would set what it is.
        Object.defineProperty(container, keys[at] as string, {
          value,
          writable: true,
          enumerable: true,
          configurable: true,
        });
      }
    }
    if (!ends) return;
    if (Array.isArray(container)) this.#seal(container);
    if (id === 0) this.#whole = { value: container };
  }
}
