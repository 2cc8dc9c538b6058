import assert from "node:assert/strict";
import { seededRandom } from "../../src/base/random.ts";
import { type PlacedRange, RangeIndex } from "../../src/policy/ranges.ts";

Deno.test("RangeIndex finds the first of ranges that overlap, at their ends too", () => {
  const index = RangeIndex.of([
    { first: 10n, last: 20n, place: 3 },
    { first: 0n, last: 12n, place: 5 },
    { first: 15n, last: 15n, place: 7 },
    { first: 18n, last: 30n, place: 8 },
  ]);
  for (const [value, place] of [[0, 5], [9, 5], [10, 3], [15, 3], [20, 3], [21, 8], [30, 8], [31, Infinity]]) {
    assert.equal(index.placeOf(BigInt(value)), place, `${value}`);
  }
  assert.equal(index.placeOf(-1n), Infinity);
  assert.equal(RangeIndex.of([]).placeOf(0n), Infinity);
});

Deno.test("RangeIndex agrees with going through the ranges, and knows the last address there is", () => {
  const random = seededRandom(7);
  const draw = (below: number) => random.bytes(1)[0] % below;
  for (let round = 0; round < 200; round++) {
    const ranges = Array.from({ length: draw(12) }, (_, place): PlacedRange => {
      const first = draw(40);
      return { first: BigInt(first), last: BigInt(first + draw(12)), place };
    });
    const index = RangeIndex.of(ranges);
    for (let value = 0n; value < 55n; value++) {
      const expected = ranges.find(({ first, last }) => first <= value && value <= last)?.place ?? Infinity;
      assert.equal(index.placeOf(value), expected, JSON.stringify(ranges.map(({ first, last }) => `${first}-${last}`)));
    }
  }
  const last = (1n << 128n) - 1n;
  assert.equal(RangeIndex.of([{ first: 0n, last, place: 0 }]).placeOf(last), 0);
});
