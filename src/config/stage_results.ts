/**
 * What staging gives: plain data for pages, programs and the shell.
 *
 * @module
 */
import type { Fault } from "./faults.ts";
import type { HistoryFacts } from "./history.ts";
import type { Conflict } from "./merge.ts";
import type { FilesBefore } from "./restore.ts";
import type { Waiting } from "./stage_confirm.ts";

/** What somebody has pending. */
export interface Pending {
  editor: string;
  /** Wall milliseconds of the first change and of the last. */
  since: number;
  changed: number;
  /** Unified, of `config.yaml` as it was at the first change; without secrets. */
  difference: string;
  /** The file says something else by now. */
  outdated: boolean;
  /** What `postern check` would say of the candidate. */
  errors: Fault[];
  warnings: Fault[];
}

/** What came of a change. `undefined` as pending: the candidate says what the file says, so there is none any more. */
export type Staged = { ok: true; pending: Pending | undefined } | { ok: false; errors: Fault[] };

/** How a commit is meant. */
export interface CommitWish {
  comment?: string;
  /** Where the file was changed meanwhile, and keys differ: both. */
  merge?: boolean;
  /** `page`: it is to be confirmed where it changes how the page is reached. */
  from?: "page" | "elsewhere";
}

/** What came of a commit. */
export type CommitResult =
  | { kind: "committed"; entry: HistoryFacts | undefined; warnings: Fault[]; confirm: Waiting | undefined }
  | { kind: "nothing" }
  /** The file says something else than it did: by whom, and what. Mergeable where there are no conflicts. */
  | { kind: "changed"; by: HistoryFacts[]; difference: string; conflicts: Conflict[] }
  | { kind: "faults"; errors: Fault[] }
  /** It was written, could not be put in force (an address is taken), and the file is what it was. */
  | { kind: "not applied"; lines: readonly string[] }
  /** Another commit waits to be confirmed. */
  | { kind: "waiting"; confirm: Waiting };

/** A change that is written at once. */
export type WriteWish = CommitWish & {
  who: string;
  /** Files that were put in place with it: what they were goes back where the commit is taken back. */
  files?: FilesBefore;
  /** Puts it in force, where whoever writes has the files for himself. */
  apply?: () => Promise<readonly string[]>;
};
