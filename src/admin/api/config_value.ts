/**
 * A configuration's text as data.
 *
 * @module
 */
import { plainSource } from "../../config/edit.ts";

/** What JSON can say. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** What a text says; `null` where it is no YAML now. */
export function configValue(text: string): Json {
  try {
    return JSON.parse(JSON.stringify(plainSource(text) ?? null));
  } catch {
    return null;
  }
}
