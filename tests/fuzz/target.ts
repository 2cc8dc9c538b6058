/**
 * What a fuzzer is: it makes inputs out of chance and checks what becomes of each.
 *
 * @module
 */
import type { Chance } from "./chance.ts";

/** One fuzzer. `I` is plain data: it is printed as a literal when something is found. */
export interface Target<I = unknown> {
  name: string;
  /** Ends that inputs have to come to: a fuzzer that reaches less has gone blind. */
  reaches: readonly string[];
  /** An input. */
  make(chance: Chance): I;
  /** Throws where something is wrong; else the ends that the input came to. */
  check(input: I): readonly string[] | Promise<readonly string[]>;
}

/** Hides what the input of a target is. */
export function target<I>(made: Target<I>): Target {
  return made as Target<unknown> as Target;
}

/** What a worker is told to do. */
export interface Order {
  target: string;
  seed: string;
  /** How long it goes on. */
  ms: number;
  /** Only this input. */
  only: number | undefined;
  /** Where the worker notes the number of the input that it is at. */
  shared: SharedArrayBuffer;
}

/** What a worker has found. */
export type Found =
  | {
    kind: "done";
    inputs: number;
    ms: number;
    /** How many inputs came to each end. */
    reached: Record<string, number>;
    /** What the heap grew by between two collections, octets. */
    grown: number;
    /** The slowest input and its milliseconds. */
    slowest: { input: number; ms: number };
  }
  | { kind: "failed"; input: number; literal: string; cause: string };
