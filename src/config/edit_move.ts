/**
 * A row of a list in another place, with the owner's words about it: the remarks right above it, and the one behind it.
 *
 * @module
 */
import { isSeq } from "yaml";
import { follow, type SeqNode, Source } from "./edit_source.ts";
import type { Path } from "./faults.ts";
import { samePlain } from "./plain.ts";

/** Where a row was and where it is then: the only difference between the lists. `undefined`: they differ otherwise. */
export function moveOf(
  before: readonly unknown[],
  after: readonly unknown[],
): { from: number; to: number } | undefined {
  if (before.length !== after.length) return undefined;
  const first = before.findIndex((row, index) => !samePlain(row, after[index]));
  if (first < 0) return undefined;
  const last = before.findLastIndex((row, index) => !samePlain(row, after[index]));
  const shifted = (from: number, to: number) => {
    const rows = before.toSpliced(from, 1);
    rows.splice(to, 0, before[from]);
    return rows.every((row, index) => samePlain(row, after[index]));
  };
  if (shifted(first, last)) return { from: first, to: last };
  return shifted(last, first) ? { from: last, to: first } : undefined;
}

/** The text with the row moved; `undefined` where its rows do not stand in lines of their own. */
export function movedRow(
  text: string,
  { path, from, to }: { path: Path; from: number; to: number },
): string | undefined {
  const source = new Source(text);
  const node = follow(source, path).nodes[path.length];
  if (!isSeq(node) || node.flow) return undefined;
  const list = node as SeqNode;
  const spans = list.items.map((_, index) => spanOf(source, list, index));
  if (!source.isFirstInLine(source.entryStart(list, 0))) return undefined;
  // What stands between rows, blank lines and remarks about nothing, stays where it is.
  const gaps = spans.map(({ to }, index) => text.slice(to, spans[index + 1]?.from ?? to));
  const rows = spans.map((span) => text.slice(span.from, span.to))
    // The last line of a file may have no end.
    .map((lines) => lines.endsWith("\n") ? lines : lines + source.newline);
  const moved = rows.toSpliced(from, 1).toSpliced(to, 0, rows[from]);
  const whole = moved.map((lines, index) => lines + gaps[index]).join("");
  return text.slice(0, spans[0].from) + whole + text.slice(spans[spans.length - 1].to);
}

/** From the remarks right above a row to the end of its last line. */
function spanOf(source: Source, list: SeqNode, index: number): { from: number; to: number } {
  const { text } = source;
  let from = source.lineStart(source.entryStart(list, index));
  const floor = index === 0 ? 0 : source.nextLine(source.entryEnd(list, index - 1));
  const column = source.column(source.entryStart(list, index));
  while (from > floor) {
    const above = source.lineStart(from - 1);
    const words = text.slice(above, from);
    // Remarks that are moved in further belong to the row before; those further out to what is around the list.
    if (!words.trimStart().startsWith("#") || words.length - words.trimStart().length !== column) break;
    from = above;
  }
  return { from, to: ownEnd(source, source.entryEnd(list, index), column) };
}

/** Remarks below a row that are moved in further are its own. */
function ownEnd(source: Source, end: number, column: number): number {
  const { text } = source;
  let at = source.nextLine(end);
  for (let line = at; line < text.length; line = source.nextLine(line)) {
    const words = text.slice(line, source.nextLine(line));
    if (!words.trimStart().startsWith("#") || words.length - words.trimStart().length <= column) break;
    at = source.nextLine(line);
  }
  return at;
}
