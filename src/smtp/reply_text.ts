/**
 * Replies as they go over the wire: RFC 5321 §4.2, RFC 2034 §4.
 *
 * @module
 */
import type { Reply } from "../mail/reply.ts";

// deno-lint-ignore no-control-regex
const lineBreaking = /[\x00-\x1f\x7f]/g;

/** All lines with their CRLF; each carries the enhanced code. What could end a line inside a text is left out. */
export function replyWire({ code, enhanced, lines }: Reply): string {
  const lead = enhanced === undefined ? "" : `${enhanced} `;
  if (lines.length === 1) return `${code} ${lead}${lines[0].replace(lineBreaking, "")}\r\n`;
  let wire = "";
  for (let at = 0; at < lines.length; at++) {
    wire += `${code}${at === lines.length - 1 ? " " : "-"}${lead}${lines[at].replace(lineBreaking, "")}\r\n`;
  }
  return wire;
}
