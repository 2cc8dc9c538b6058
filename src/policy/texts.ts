/**
 * Texts of a policy with their variables filled in, safe for an SMTP reply.
 *
 * An entry of the table may hold what no reply can: a common name in any script. And a text that was short becomes long: RFC 5321
 * §4.5.3.1.5 allows 512 octets for a line of a reply.
 *
 * @module
 */
import { type TextVariable, variablePattern } from "../config/variables.ts";

/** What the variables stand for in one session. */
export type TextValues = Record<TextVariable, string>;

/** A line without code, host name and line end: what is left for it in 512 octets beside a name of 255. */
const textOctetsMax = 500;
/** One value: a name of the DNS is no longer. */
const valueOctetsMax = 255;

/** `text` with its variables filled in; what is none stays. */
export function filledIn(text: string, values: TextValues): string {
  if (!text.includes("$")) return text;
  return text.replace(variablePattern, (name) => {
    const value = Object.hasOwn(values, name) ? values[name as TextVariable] : undefined;
    return value === undefined ? name : value.slice(0, valueOctetsMax).replace(/[^\x20-\x7e]/g, "?");
  }).slice(0, textOctetsMax);
}
