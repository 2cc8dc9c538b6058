/**
 * Forms that act at once, and what is wrong with them beside their fields.
 *
 * @module
 */
import type { Told } from "../../../base/told.ts";
import { type FieldFault, Problem, saying } from "../../problem.ts";
import type { FormEnd } from "../desk.tsx";
import { faultWords } from "../faults.ts";
import type { View } from "../frame.tsx";
import type { Words } from "../words.ts";

/** Runs what a form does; what it refuses is shown on the page again, one's own faults by field and the others in a line. */
export async function attempt(
  act: () => Promise<FormEnd>,
  { words, again }: { words: Words; again: (errors: readonly FieldFault[]) => View },
): Promise<FormEnd> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Problem) || error.status === 403 || error.status === 404 || error.status >= 500) throw error;
    const { detail, told, errors = [] } = error.words;
    const whole = detail === undefined ? [] : [{ path: "", detail, told }];
    return {
      again: again([...whole, ...errors].map((fault) => ({ path: fault.path, detail: faultWords(words, fault) }))),
    };
  }
}

/** Refuses what was typed into a field: by a code, or in the reader's words. */
export function refuseField(path: string, what: Told | string): never {
  throw new Problem(422, { errors: [{ path, ...(typeof what === "string" ? { detail: what } : saying(what)) }] });
}

/** What is wrong with one field. */
export function fieldFault(errors: readonly FieldFault[], path: string): string | undefined {
  return errors.find((error) => error.path === path)?.detail;
}

/** What is wrong besides, as lines. */
export function otherLines(errors: readonly FieldFault[], fields: readonly string[]): string[] {
  return errors.filter(({ path }) => !fields.includes(path))
    .map(({ path, detail }) => path === "" ? detail : `${path}: ${detail}`);
}
