/**
 * Where a value comes from: the line that says it, the line of `default` that it is inherited from, or nowhere in the file.
 *
 * @module
 */
import type { Said } from "../config/document.ts";
import { type Path, quoted } from "../config/faults.ts";

/** What the file says under a path. */
export type Source = (path: Path) => Said | undefined;

/** Something that was decided, and the line that decided it. */
export interface Note {
  text: string;
  line?: number;
}

/** One key with its value in force. */
export interface KeyNote extends Note {
  /** `own`: in the block itself; `default`: in the block that it inherits from; `built-in`: nowhere in the file. */
  from: "own" | "default" | "built-in";
}

/** A note with the line of `path`, where the file has it. */
export function noteAt(source: Source, { text, path }: { text: string; path: Path }): Note {
  const line = source(path)?.line;
  return line === undefined ? { text } : { text, line };
}

/**
 * Every key of a block that inherits, in the order of `builtin`: its value as the file writes it, and the line. `blocks` are the paths of the
 * block itself and of the one that it inherits from.
 */
export function keyNotes(
  source: Source,
  { builtin, blocks: [own, fallback] }: { builtin: Readonly<Record<string, unknown>>; blocks: readonly [Path, Path] },
): KeyNote[] {
  return Object.entries(builtin).map(([key, usual]) => {
    const said = source([...own, key]);
    if (said !== undefined) return { text: `${key}: ${shown(said.value)}`, line: said.line, from: "own" };
    const inherited = source([...fallback, key]);
    if (inherited !== undefined) {
      return { text: `${key}: ${shown(inherited.value)}`, line: inherited.line, from: "default" };
    }
    return { text: `${key}: ${shown(usual)}`, from: "built-in" };
  });
}

/** A value as a file would write it. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shown).join(", ")}]`;
  if (typeof value === "object" && value !== null) return JSON.stringify(value);
  if (typeof value === "string") return /^[\w.@/-]+$/.test(value) ? value : quoted(value);
  return `${value}`;
}
