/** Values that pass between threads in pieces. */
import assert from "node:assert/strict";
import { Parcel, type Piece, piecesOf } from "../../src/base/parcel.ts";

function passed(value: unknown): { value: unknown; pieces: Piece[]; sealed: number } {
  let sealed = 0;
  const parcel = new Parcel((part) => {
    sealed++;
    if (typeof part === "object" && part !== null && !ArrayBuffer.isView(part)) Object.freeze(part);
  });
  const pieces: Piece[] = [];
  for (const piece of piecesOf(value)) {
    assert.equal(parcel.whole, undefined);
    pieces.push(structuredClone(piece));
    parcel.add(structuredClone(piece));
  }
  return { value: parcel.whole!.value, pieces, sealed };
}

const rows = Array.from({ length: 20_000 }, (_, at) => ({ address: `u${at}@example.com`, line: at }));
const record = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, [at]]));
const large: unknown = {
  rows,
  none: null,
  nothing: undefined,
  map: new Map<string, Map<unknown, unknown>>([["inner", new Map(Object.entries(record(9_000)))], [
    "small",
    new Map([[1, 2]]),
  ]]),
  record: { deep: { deeper: record(9_000) }, octets: new Uint8Array([1, 2]) },
  lists: [rows.slice(0, 4_000), [], rows.slice(0, 3)],
};

Deno.test("Parcel has what was cut, whatever is long in it and however deep", () => {
  const { value } = passed(large);
  assert.deepEqual(value, structuredClone(large));
  const keys = Object.keys((value as { record: { deep: { deeper: object } } }).record.deep.deeper);
  assert.deepEqual(keys.slice(0, 3), ["k0", "k1", "k2"]);
});

Deno.test("piecesOf leaves small values in one piece, and makes no piece of a long one long", () => {
  for (const small of [7, null, undefined, "text", { a: [1, new Map([[1, { b: 2 }]])] }, rows.slice(0, 100)]) {
    const { value, pieces } = passed(small);
    assert.deepEqual(value, small);
    assert.equal(pieces.length, 1);
  }
  const { pieces } = passed(large);
  assert.ok(pieces.length > 20, `${pieces.length} pieces`);
  for (const { values } of pieces) assert.ok(JSON.stringify(values).length < 200_000);
});

Deno.test("Parcel seals what has come, so that nothing is left to be done at the end", () => {
  const { value, sealed } = passed(rows);
  assert.ok((value as unknown[]).every(Object.isFrozen) && Object.isFrozen(value));
  assert.equal(sealed, rows.length + 1);
});

Deno.test("Parcel takes a key that names a prototype for a key", () => {
  const odd = JSON.parse(`{"__proto__": {"a": 1}, "rest": ${JSON.stringify(rows)}}`);
  const { value } = passed(odd);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.deepEqual(Object.keys(value as object), ["__proto__", "rest"]);
});
