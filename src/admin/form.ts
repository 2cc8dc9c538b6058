/**
 * What a browser's form sends.
 *
 * @module
 */
import type { Context } from "hono";
import { Problem } from "./problem.ts";

/** The fields of a form, each with its last value. Throws a {@linkcode Problem} for a body that is no form: half a part, or none of the boundary's. */
export async function formOf(context: Context): Promise<Record<string, string | File>> {
  return await readable(() => context.req.parseBody());
}

/** The same with all values of a name that comes several times. */
export async function fullFormOf(context: Context): Promise<Record<string, string | File | (string | File)[]>> {
  return await readable(() => context.req.parseBody({ all: true }));
}

async function readable<T>(parse: () => Promise<T>): Promise<T> {
  try {
    return await parse();
  } catch (error) {
    // What the runtime says of the body's form; a body that is too long is something else, and told by who measures it.
    if (error instanceof TypeError) throw new Problem(400, { detail: "The form cannot be read" });
    throw error;
  }
}
