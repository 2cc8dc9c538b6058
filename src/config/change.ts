/**
 * Changes of `config.yaml` by a program: validated as `postern check` does, written in one step, kept in the history.
 *
 * One writer at a time, in whichever process: the history's folder is held from reading to writing. Where the file says something else than
 * the change was made for, keys that differ are merged and others refused; what an editor wrote is never overwritten unseen. Nothing is written
 * where there are faults.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import { causeOf } from "../base/text.ts";
import { readDocument } from "./document.ts";
import { type Change, EditError, editSource, plainSource } from "./edit.ts";
import { type Fault, type Path, pathText } from "./faults.ts";
import { type HistoryNote, type HistoryPlace, lockHistory } from "./history.ts";
import { loadSource, type LoadWorld, readSource } from "./load.ts";
import { mergeChanges } from "./merge.ts";
import { directTexts } from "./text_work.ts";

/** What a program writes with. */
export interface WriteOptions {
  /** Who changes it; stands in the history. */
  who: string;
  comment?: string;
  /** What validates: with `checkTls` it is what `postern check` does. */
  load: LoadWorld;
  history: HistoryPlace;
  clock: Clock;
}

/** What is changed, and how. */
export interface CommitOptions extends WriteOptions {
  changes: readonly Change[];
  /** The text that the changes were made for. Another one in the file now: merged where keys differ, else refused. */
  expected?: string;
}

/** What came of it. `before` and `after` are the whole texts. */
export type Committed =
  | { ok: true; before: string; after: string; warnings: Fault[] }
  | { ok: false; errors: Fault[] };

/** The text that is to be in the file, made of the one that is; or why it cannot be. */
export type Rewrite = (now: string) => Rewritten | Promise<Rewritten>;

/** A text, or why there is none. */
export type Rewritten = string | { errors: Fault[] };

/**
 * Validates and writes atomically (owner, mode kept), keeps a history entry. Nothing is written where there are faults. Rejects only where the disk
 * does not do as it is told, with one clear line.
 */
export async function commitChanges(file: string, options: CommitOptions): Promise<Committed> {
  const { changes, expected } = options;
  return await rewriteConfig(file, (now) => {
    if (expected === undefined || expected === now) return editSource(now, changes);
    const merged = mergeChanges(changes, { base: plainSource(expected), now: plainSource(now) });
    if ("changes" in merged) return editSource(now, merged.changes);
    return { errors: merged.conflicts.map(({ path, text }) => placed(file, now, { path, text })) };
  }, options);
}

/** As {@linkcode commitChanges}, for a text that is made of the one in the file in whatever way. */
export async function rewriteConfig(file: string, rewrite: Rewrite, options: WriteOptions): Promise<Committed> {
  const { history, clock, load, who, comment = "" } = options;
  using _held = await lockHistory(history.directory, clock);
  const before = await readSource(file);
  if (typeof before !== "string") return failed(file, before.cause);
  let after: Rewritten;
  try {
    after = await rewrite(before);
  } catch (error) {
    if (!(error instanceof EditError)) throw error;
    const { path, cause } = error;
    const place = await (load.texts ?? directTexts).run("locate", { text: before, path });
    return { ok: false, errors: [{ file, ...place, path: pathText(path), text: cause }] };
  }
  if (typeof after !== "string") return { ok: false, errors: after.errors };
  if (new TextEncoder().encode(after).length > limits.configOctetsMax) {
    return failed(file, `would be larger than ${limits.configOctetsMax} octets; a smaller file`);
  }
  const loaded = await loadSource(after, { ...load, file });
  if (!loaded.ok) return { ok: false, errors: loaded.errors };
  if (after === before) return { ok: true, before, after, warnings: loaded.warnings };
  await remember(history, { at: clock.now(), who: "file", comment: "", source: before });
  // An editor knows nothing of our lock: what it wrote while this was validated is not lost.
  if (!await (load.texts ?? directTexts).run("write", { file, before, text: after })) {
    return failed(file, "was changed by somebody else at this moment; look at it and try again");
  }
  await remember(history, { at: clock.now(), who, comment, source: after });
  return { ok: true, before, after, warnings: loaded.warnings };
}

/** Writes down what an editor put into the file and the gateway applied. Never rejects: the file is what counts. */
export async function noteHandEdit(
  source: string,
  { history, clock, report }: { history: HistoryPlace; clock: Clock; report: (cause: string) => void },
): Promise<void> {
  try {
    using _held = await lockHistory(history.directory, clock);
    await remember(history, { at: clock.now(), who: "file", comment: "", source });
  } catch (error) {
    report(causeOf(error));
  }
}

async function remember({ directory, keep, texts = directTexts }: HistoryPlace, note: HistoryNote): Promise<void> {
  await texts.run("remember", { directory, keep, ...note });
}

function failed(file: string, text: string): Committed {
  return { ok: false, errors: [{ file, line: 1, column: 1, path: "config", text }] };
}

function placed(file: string, source: string, { path, text }: { path: Path; text: string }): Fault {
  return { file, ...readDocument(source).place({ path, at: "value" }), path: pathText(path), text };
}
