/**
 * A trace as text: a decision a line with its place in the file, what belongs to it below.
 *
 * Keys that the file says nothing about share one line, so that the eye finds what the owner wrote.
 *
 * @module
 */
import { printable } from "../base/text.ts";
import type { KeyNote, Note } from "./source.ts";
import type { Trace } from "./trace.ts";

const stepWidth = 12;
const indent = " ".repeat(stepWidth + 2);

/** The lines of a trace; `file` is the configuration as the owner named it. */
export function traceLines({ decisions, verdict }: Trace, file: string): string[] {
  const shown = ({ text, line, from }: Note & Partial<KeyNote>) => {
    const inherited = from === "default" ? ", default" : "";
    return `${printable(text)}${line === undefined ? "" : `  [${file}:${line}${inherited}]`}`;
  };
  const lines: string[] = [];
  for (const { step, notes, ...decision } of decisions) {
    lines.push(step.padEnd(stepWidth) + shown(decision));
    const isBuiltIn = (note: Note | KeyNote) => "from" in note && note.from === "built-in";
    for (const note of notes) if (!isBuiltIn(note)) lines.push(indent + shown(note));
    const usual = notes.filter(isBuiltIn).map(({ text }) => text);
    if (usual.length > 0) lines.push(`${indent}built in: ${printable(usual.join(", "))}`);
  }
  return [...lines, `${"verdict".padEnd(stepWidth)}${printable(verdict.text)}`];
}
