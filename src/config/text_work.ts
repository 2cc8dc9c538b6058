/**
 * What is done with the texts of configurations, by name: read, changed, compared.
 *
 * All of it has plain data in and out, and takes seconds of a core for the longest file: `text_thread.ts` does it beside a gateway that runs.
 *
 * @module
 */
import { type Candidate, readCandidate, writeCandidate } from "./candidate_file.ts";
import { cutOffBetween, type CutOffQuestion } from "./cut_off.ts";
import { type Place, readDocument } from "./document.ts";
import { type Change, EditError, editSource, plainSource } from "./edit.ts";
import type { Path } from "./faults.ts";
import {
  addToHistory,
  entriesSince,
  type HistoryEntry,
  type HistoryFacts,
  type HistoryNote,
  newestEntry,
  readEntry,
  readHistory,
} from "./history.ts";
import { maskedDifference, maskSource, unmaskChanges, unmaskStray } from "./mask.ts";
import { type Conflict, mergeChanges } from "./merge.ts";
import { changesBetween } from "./plain.ts";
import { placeFindings, type ReadQuestion, type ReadText, readText } from "./read_text.ts";
import { replaceConfig } from "./write.ts";

export { historySize } from "./history.ts";

/** What is done, by name. All of it throws {@linkcode EditError} where a text is no YAML, or a change cannot be made. */
export const textTasks = {
  /** See `readText`. */
  read: readText,
  /** See `placeFindings`. */
  place: placeFindings,
  /** What pages show: the snapshot, and what the text itself says; `undefined` where it is no YAML. */
  view: (question: ReadQuestion): ReadText & { said: unknown } => ({
    ...readText(question),
    said: plainOrNothing(question.text),
  }),
  plain: ({ text }: { text: string }): unknown => plainSource(text),
  /** The text with changes made; words that stand for secrets mean those that are there. */
  edit: ({ text, changes }: { text: string; changes: readonly Change[] }): string =>
    editSource(text, unmaskChanges(changes, plainSource(text))),
  /** A text that came back from where secrets were not shown, with those of `text`. */
  adopt({ text, source: shown }: { text: string; source: string }): string {
    const source = unmaskStray(shown, text);
    const said = plainSource(source);
    const [{ value }] = unmaskChanges([{ path: [], value: said }], plainSource(text));
    return editSource(source, changesBetween(said ?? {}, value ?? {}));
  },
  /** What leads from `base` to `wanted`, made to `now`; or why that does not go together. */
  merge({ now, base, wanted }: { now: string; base: string; wanted: string }): Merged {
    const said = plainSource(base);
    const changes = changesBetween(said ?? {}, plainSource(wanted) ?? {});
    const merged = mergeChanges(changes, { base: said, now: plainSource(now) });
    return "conflicts" in merged ? merged : { text: editSource(now, merged.changes) };
  },
  /** Values that differ. */
  count: ({ base, text }: { base: string; text: string }): number =>
    changesBetween(plainSource(base) ?? {}, plainSource(text) ?? {}).length,
  /** Without secrets. */
  difference: ({ before, after, names }: { before: string; after: string; names: readonly [string, string] }): string =>
    maskedDifference(before, after, { names }),
  mask: ({ text }: { text: string }): string => maskSource(text),
  /** Where a path is in the text. */
  locate: ({ text, path }: { text: string; path: Path }): Place => readDocument(text).place({ path, at: "value" }),
  cutOff: ({ hostname, file, ...question }: CutOffQuestion & { hostname: string; file: string }): Promise<string[]> =>
    cutOffBetween(question, { hostname, file }),
  history: ({ directory }: { directory: string }): HistoryFacts[] => readHistory(directory),
  since: ({ directory, text }: { directory: string; text: string }): HistoryFacts[] => entriesSince(directory, text),
  /** An entry of the history with its text. */
  entry: ({ directory, id }: { directory: string; id: number }): HistoryEntry | undefined => readEntry(directory, id),
  /** The newest one, and whether it says the text. */
  newest: ({ directory, text }: { directory: string; text?: string }): ReturnType<typeof newestEntry> =>
    newestEntry(directory, text),
  /** See `addToHistory`. */
  remember: ({ directory, keep, ...note }: HistoryNote & { directory: string; keep: number }): unknown =>
    addToHistory({ directory, keep }, note),
  /** See `replaceConfig`. */
  write: ({ file, ...texts }: { file: string; before: string; text: string }): boolean => replaceConfig(file, texts),
  /** Keeps a candidate in a file of its own. */
  keep: ({ path, ...candidate }: Candidate & { path: string }): void => writeCandidate(path, candidate),
  /** One that was kept; `octets`: the size of the file. */
  kept: ({ path }: { path: string; octets: number }): Candidate | undefined => readCandidate(path),
};

/** What came of a merge. */
export type Merged = { text: string } | { conflicts: Conflict[] };

/** A task's name. */
export type TextTask = keyof typeof textTasks;
/** What a task is asked. */
export type TextQuestion<N extends TextTask> = Parameters<(typeof textTasks)[N]>[0];
/** What it answers. */
export type TextResult<N extends TextTask> = Awaited<ReturnType<(typeof textTasks)[N]>>;

/** Does what is done with texts, somewhere. */
export interface TextWork {
  /** Rejects as the task throws; where there is a thread, also with `ThreadBusyError`, and where it takes too long. */
  run<N extends TextTask>(task: N, question: TextQuestion<N>): Promise<TextResult<N>>;
}

/** Here and now. */
export const directTexts: TextWork = {
  run: async (task, question) => await (textTasks[task] as (question: unknown) => never)(question),
};

function plainOrNothing(text: string): unknown {
  try {
    return plainSource(text);
  } catch (error) {
    if (error instanceof EditError) return undefined;
    throw error;
  }
}
