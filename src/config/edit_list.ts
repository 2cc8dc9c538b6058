/**
 * How one list becomes another with few steps, so that the rows that stay keep their comments.
 *
 * @module
 */
import { isPlainMap, samePlain } from "./plain.ts";

/** One step; indices are those at the time of the step. */
export type ListStep =
  | { kind: "remove"; index: number }
  | { kind: "insert"; index: number; items: unknown[] }
  | { kind: "change"; index: number; value: unknown };

/** Rows that are compared with each other; more are taken one by one in their order. */
const comparisonsMax = 1_000_000;

/** The steps that make `after` of `before`. */
export function listSteps(before: readonly unknown[], after: readonly unknown[]): ListStep[] {
  let head = 0;
  while (head < Math.min(before.length, after.length) && samePlain(before[head], after[head])) head++;
  let tail = 0;
  const most = Math.min(before.length, after.length) - head;
  while (tail < most && samePlain(before[before.length - 1 - tail], after[after.length - 1 - tail])) tail++;
  const old = before.slice(head, before.length - tail);
  const fresh = after.slice(head, after.length - tail);
  const steps: ListStep[] = [];
  let index = head;
  let [atOld, atFresh] = [0, 0];
  for (const { inOld, inFresh } of [...common(old, fresh), { inOld: old.length, inFresh: fresh.length }]) {
    // Between two rows that stay: rows of the same kind are changed in place, what is left comes or goes.
    while (atOld < inOld && atFresh < inFresh && alike(old[atOld], fresh[atFresh])) {
      steps.push({ kind: "change", index, value: fresh[atFresh] });
      [atOld, atFresh, index] = [atOld + 1, atFresh + 1, index + 1];
    }
    for (; atOld < inOld; atOld++) steps.push({ kind: "remove", index });
    if (atFresh < inFresh) {
      const items = fresh.slice(atFresh, inFresh);
      steps.push({ kind: "insert", index, items });
      index += items.length;
      atFresh = inFresh;
    }
    [atOld, atFresh, index] = [atOld + 1, atFresh + 1, index + 1];
  }
  return steps;
}

/** Rows with a name are the same row where the name is. */
function alike(a: unknown, b: unknown): boolean {
  if (!isPlainMap(a) || !isPlainMap(b)) return !isPlainMap(a) && !isPlainMap(b);
  const name = ["name", "address", "sender"].find((key) => key in a && key in b);
  return name === undefined || samePlain(a[name], b[name]);
}

/** The longest common run of rows, in order. */
function common(old: readonly unknown[], fresh: readonly unknown[]): { inOld: number; inFresh: number }[] {
  if (old.length * fresh.length > comparisonsMax) return [];
  const width = fresh.length + 1;
  const longest = new Uint32Array((old.length + 1) * width);
  for (let a = old.length - 1; a >= 0; a--) {
    for (let b = fresh.length - 1; b >= 0; b--) {
      longest[a * width + b] = samePlain(old[a], fresh[b])
        ? longest[(a + 1) * width + b + 1] + 1
        : Math.max(longest[(a + 1) * width + b], longest[a * width + b + 1]);
    }
  }
  const found: { inOld: number; inFresh: number }[] = [];
  for (let a = 0, b = 0; a < old.length && b < fresh.length;) {
    if (samePlain(old[a], fresh[b])) found.push({ inOld: a++, inFresh: b++ });
    else if (longest[(a + 1) * width + b] >= longest[a * width + b + 1]) a++;
    else b++;
  }
  return found;
}
