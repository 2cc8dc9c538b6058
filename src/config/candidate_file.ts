/**
 * A candidate on the disk: what one editor has changed and not committed.
 *
 * @module
 */
import { writePrivate } from "./history.ts";

/** What one editor has pending. */
export interface Candidate {
  /** Who: a user of the page, `root (shell)`. */
  editor: string;
  /** Wall milliseconds of the first change and of the last. */
  since: number;
  changed: number;
  /** The file as it was at the first change. */
  base: string;
  /** The file as the editor wants it. */
  text: string;
}

/** Keeps a candidate in a file of its own. */
export function writeCandidate(path: string, candidate: Candidate): void {
  writePrivate(path, JSON.stringify(candidate, null, 1) + "\n");
}

/** One that was kept; `undefined` where there is none, or the file is none. */
export function readCandidate(path: string): Candidate | undefined {
  try {
    const found: Candidate = JSON.parse(Deno.readTextFileSync(path));
    return [found.editor, found.base, found.text].every((each) => typeof each === "string") ? found : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
