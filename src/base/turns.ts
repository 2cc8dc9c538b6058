/**
 * Long work of one thread, done in steps with turns of the event loop between them, so that mail goes on meanwhile.
 *
 * The work is a generator that stops every few thousand rows, some milliseconds; whoever nobody waits for behind it does all steps at once.
 *
 * @module
 */
import { setImmediate } from "node:timers";

/** Work that stops here and there, and what comes of it. */
export type Steps<T> = Generator<void, T, void>;

/** Rows of a table that are worked on in one step. */
export const rowsPerStep = 2_000;

/** All steps, here and now. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** One step in each turn. */
export async function inTurns<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await turn();
  }
}

/** Lets everything else have its turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** The list in order, as `toSorted` has it: runs that are sorted one by one, and merged. */
export function* sortSteps<T>(list: readonly T[], compare: (a: T, b: T) => number): Steps<T[]> {
  if (list.length <= rowsPerStep) return list.toSorted(compare);
  let runs: T[][] = [];
  for (let at = 0; at < list.length; at += rowsPerStep) {
    runs.push(list.slice(at, at + rowsPerStep).sort(compare));
    yield;
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let at = 0; at < runs.length; at += 2) {
      merged.push(at + 1 < runs.length ? yield* merge(runs[at], runs[at + 1], compare) : runs[at]);
    }
    runs = merged;
  }
  return runs[0];
}

/** Both are in order; of equals those of `first` come first. */
function* merge<T>(first: readonly T[], second: readonly T[], compare: (a: T, b: T) => number): Steps<T[]> {
  const all: T[] = [];
  for (let [one, two] = [0, 0]; one < first.length || two < second.length;) {
    const next = two >= second.length || one < first.length && compare(first[one], second[two]) <= 0;
    all.push(next ? first[one++] : second[two++]);
    if (all.length % (rowsPerStep * 10) === 0) yield;
  }
  return all;
}
