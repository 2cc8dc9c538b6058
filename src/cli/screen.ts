/**
 * The owner's own lines on a terminal.
 *
 * @module
 */
import { printable } from "../base/text.ts";

/** Text of several lines as it is, but for lines with something in them that would move the cursor: these are escaped. */
export function screen(text: string): string {
  return text.split("\n").map((line) => {
    const harmless = line.replaceAll("\\", "/");
    return printable(harmless, Infinity) === harmless ? line : printable(line, Infinity);
  }).join("\n");
}
