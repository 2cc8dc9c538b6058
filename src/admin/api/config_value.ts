/**
 * A configuration's text as data.
 *
 * @module
 */
import { EditError } from "../../config/plain.ts";
import type { TextWork } from "../../config/text_work.ts";

/** What JSON can say. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** What a text says; `null` where it is no YAML now. */
export async function configValue(texts: TextWork, text: string): Promise<Json> {
  try {
    return await texts.run("plain", { text }) as Json;
  } catch (error) {
    if (error instanceof EditError) return null;
    throw error;
  }
}
