/**
 * What is different between two configurations, as a unified difference: what `diff -u` prints, three lines around each change.
 *
 * @module
 */
import { formatPatch, structuredPatch } from "diff";

/** A difference that takes longer to find is told as one piece that goes and one that comes. */
const searchMs = 2_000;

/** The difference of two texts; empty where there is none. `names`: of the old and the new one. */
export function differenceOf(
  before: string,
  after: string,
  { names = ["before", "after"] }: { names?: readonly [string, string] } = {},
): string {
  if (before === after) return "";
  const found = structuredPatch(names[0], names[1], before, after, undefined, undefined, {
    context: 3,
    timeout: searchMs,
  });
  if (found !== undefined) return formatPatch(found).replace(/^=+\n/, "");
  const lines = (text: string, sign: string) => text.split("\n").map((line) => `${sign}${line}\n`).join("");
  return `--- ${names[0]}\n+++ ${names[1]}\n${lines(before, "-")}${lines(after, "+")}`;
}
