/**
 * Forms that act at once, and what is wrong with them beside their fields.
 *
 * @module
 */
import { type FieldFault, Problem } from "../../problem.ts";
import type { FormEnd } from "../desk.tsx";
import type { View } from "../frame.tsx";

/** Runs what a form does; what it refuses is shown on the page again, one's own faults by field and the others in a line. */
export async function attempt(
  act: () => Promise<FormEnd>,
  again: (errors: readonly FieldFault[]) => View,
): Promise<FormEnd> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Problem) || error.status === 403 || error.status === 404 || error.status >= 500) throw error;
    const { detail, errors = [] } = error.words;
    return { again: again(detail === undefined ? errors : [{ path: "", detail }, ...errors]) };
  }
}

/** Refuses what was typed into a field. */
export function refuseField(path: string, detail: string): never {
  throw new Problem(422, { errors: [{ path, detail }] });
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
