/**
 * Staged changes: each editor changes a candidate of his own, looks at the difference, and commits it or abandons it.
 *
 * A candidate outlives a restart. It was begun on some text of `config.yaml`; where the file says something else when it is committed, be it
 * another editor's commit or somebody's hand, the editor is told with the difference, and merges where the keys differ: nothing is overwritten unseen.
 * A commit validates, writes, keeps a history entry and is put in force; where it cannot be put in force, the file is what it was.
 * A commit from the admin page that changes how the page is reached has to be confirmed over a new connection, else it is taken back.
 *
 * What is given out has no secrets in it, the texts that {@linkcode Staging.source} gives left out.
 *
 * @module
 */
import { causeOf } from "../base/text.ts";
import { noteHandEdit, type Rewrite, rewriteConfig, type WriteOptions } from "./change.ts";
import type { Candidate } from "./candidate_file.ts";
import { type Change, EditError } from "./edit.ts";
import { faultText } from "./faults.ts";
import { type HistoryFacts, type HistoryPlace, lockHistory } from "./history.ts";
import { type LoadResult, loadSource, readSource } from "./load.ts";
import type { Conflict } from "./merge.ts";
import { putBack } from "./restore.ts";
import { SourceReader } from "./source_reader.ts";
import { Confirmation, type ConfirmResult, type Waiting } from "./stage_confirm.ts";
import type { CommitResult, CommitWish, Pending, Staged, WriteWish } from "./stage_results.ts";
import { StageStore, type Unconfirmed } from "./stage_store.ts";
import type { StagingWorld } from "./stage_world.ts";
import { directTexts, type TextWork } from "./text_work.ts";

export type { CommitResult, CommitWish, Pending, Staged, WriteWish } from "./stage_results.ts";
export type { StagingWorld } from "./stage_world.ts";

const editorMax = 100;
/** Candidates whose changes are counted already. */
const countedMax = 10;

/** See the module. */
export class Staging {
  readonly #world: StagingWorld;
  readonly #store: StageStore;
  readonly #confirmation: Confirmation;
  readonly #history: string;
  readonly #reader: SourceReader;
  readonly #counted = new Map<string, { base: string; text: string; count: number }>();

  constructor(world: StagingWorld) {
    this.#world = world;
    this.#history = `${world.directory}/history`;
    this.#reader = new SourceReader(world.file);
    this.#store = new StageStore(`${world.directory}/staged`, this.texts);
    this.#confirmation = new Confirmation({ ...world, store: this.#store, takeBack: (each) => this.#takeBack(each) });
  }

  /** The gateway runs: what nobody confirmed is taken back in time, and what an editor has put into the file meanwhile gets its entry. */
  async start(): Promise<void> {
    await this.noticed();
    this.#confirmation.start();
  }

  /** No commit is taken back from now on, before the next start. */
  stop(): void {
    this.#confirmation.stop();
  }

  /** The file was read and is in force: an edit by hand gets a history entry. Never rejects. */
  async noticed(): Promise<void> {
    const { file, clock, report } = this.#world;
    const now = await readSource(file);
    const tell = (cause: string) => report("warning", `Cannot keep a history of ${file}: ${cause}`);
    if (typeof now !== "string" || (await this.#newest(now))?.same) return;
    await noteHandEdit(now, { history: this.#place, clock, report: tell });
  }

  /**
   * Changes the editor's candidate. Faults that the file did not have are refused, unless `keepFaults`: whoever writes line by line may name a policy
   * before it is there; a commit refuses them in any case.
   */
  async stage(editor: string, wish: { changes: readonly Change[]; keepFaults?: boolean }): Promise<Staged> {
    const { changes } = wish;
    return await this.#stageText(editor, { ...wish, edit: (text) => this.texts.run("edit", { text, changes }) });
  }

  /** Puts a whole text in the place of the editor's candidate: a file that was uploaded. */
  async replace(editor: string, { source, keepFaults }: { source: string; keepFaults?: boolean }): Promise<Staged> {
    return await this.#stageText(editor, {
      keepFaults,
      edit: (text) => this.texts.run("adopt", { text, source }),
    });
  }

  /**
   * The editor has changed the file past his candidate, when it said `before`. A candidate of that text takes the change in, so that its commit is not
   * told about what the editor did himself; one of an older text, or with other words in the same places, stays as it is.
   */
  async follow(editor: string, before: string): Promise<void> {
    using _held = await this.#hold();
    const candidate = await this.#store.get(editor);
    if (candidate === undefined || candidate.base !== before) return;
    const base = await this.#read();
    const merged = await this.texts.run("merge", { now: base, base: before, wanted: candidate.text });
    if ("text" in merged) await this.#store.put({ ...candidate, base, text: merged.text });
  }

  /** Drops the editor's candidate. False where there was none. */
  async abandon(editor: string): Promise<boolean> {
    using _held = await this.#hold();
    return this.#store.remove(editor);
  }

  /** What everybody has pending, the oldest first. */
  async pending(): Promise<Pending[]> {
    const all: Pending[] = [];
    for (const candidate of await this.#store.all()) all.push(await this.#pendingOf(candidate));
    return all;
  }

  /** What one editor has pending. */
  async pendingOf(editor: string): Promise<Pending | undefined> {
    const candidate = await this.#store.get(editor);
    return candidate && await this.#pendingOf(candidate);
  }

  /** How many values the editor's candidate changes: 0 where he has none. It is counted once for each candidate, so a page may ask each time. */
  async changed(editor: string): Promise<number> {
    const candidate = await this.#store.get(editor);
    if (candidate === undefined) return 0;
    const { base, text } = candidate;
    const known = this.#counted.get(editor);
    if (known?.base === base && known.text === text) return known.count;
    const count = await this.texts.run("count", { base, text });
    this.#counted.delete(editor);
    this.#counted.set(editor, { base, text, count });
    if (this.#counted.size > countedMax) this.#counted.delete(this.#counted.keys().next().value!);
    return count;
  }

  /** The text of the editor's candidate, else of the file; with secrets. `etag` changes with it. Rejects where the file cannot be read. */
  async source(editor?: string): Promise<{ text: string; etag: string }> {
    const text = (editor === undefined ? undefined : (await this.#store.get(editor))?.text) ??
      await this.#reader.text();
    return { text, etag: this.#reader.etag(text) };
  }

  /** As {@linkcode Staging.source}, without secrets. */
  async shown(editor?: string): Promise<{ text: string; etag: string }> {
    const { text, etag } = await this.source(editor);
    return { text: await this.texts.run("mask", { text }), etag };
  }

  /** Commits the editor's candidate. Rejects where the disk does not do as it is told. */
  async commit(editor: string, wish: CommitWish = {}): Promise<CommitResult> {
    const candidate = await this.#store.get(editor);
    if (candidate === undefined) return { kind: "nothing" };
    const { base, text } = candidate;
    const result = await this.#write({ ...wish, who: editor }, {
      expected: base,
      make: (now) => now === base ? text : this.#merged(now, { base, wanted: text }),
      may: (now) => now === base || wish.merge === true,
      conflicts: (now) => now === base ? [] : this.#conflicts(now, { base, wanted: text }),
    });
    if (result.kind === "committed") this.#store.remove(editor);
    return result;
  }

  /** Writes changes at once, past any candidate. */
  async write(changes: readonly Change[], wish: WriteWish): Promise<CommitResult> {
    return await this.#write(wish, { make: (now) => this.texts.run("edit", { text: now, changes }) });
  }

  /** Puts a text in the place of the file at once; what is in it now stays in the history. */
  async writeSource(source: string, wish: WriteWish): Promise<CommitResult> {
    return await this.#write(wish, { make: () => source });
  }

  /** The history, the newest entry first. */
  history(): Promise<HistoryFacts[]> {
    return this.texts.run("history", { directory: this.#history });
  }

  /** The text of an entry, without secrets; `undefined` where there is none. */
  async entry(id: number): Promise<HistoryFacts & { text: string } | undefined> {
    const entry = await this.texts.run("entry", { directory: this.#history, id });
    if (entry === undefined) return undefined;
    const { source, ...facts } = entry;
    return { ...facts, text: await this.texts.run("mask", { text: source }) };
  }

  /** What a roll back to an entry would change; `undefined` where there is no such entry. */
  async rollbackDifference(id: number): Promise<string | undefined> {
    const entry = await this.texts.run("entry", { directory: this.#history, id });
    if (entry === undefined) return undefined;
    return await this.#difference(await this.#read(), entry.source, ["config.yaml", `config.yaml (${id})`]);
  }

  /** Puts the text of an entry into the file. `nothing`: there is no such entry. What the file said is an entry itself, also what was edited by hand. */
  async rollback(id: number, { who, comment = `rolled back to ${id}`, from }: WriteWish): Promise<CommitResult> {
    const entry = await this.texts.run("entry", { directory: this.#history, id });
    if (entry === undefined) return { kind: "nothing" };
    return await this.#write({ who, comment, from }, { make: () => entry.source });
  }

  /** The commit that waits to be confirmed. */
  get waiting(): Waiting | undefined {
    return this.#confirmation.waiting;
  }

  /** Confirms a commit. `openedAt`: wall milliseconds at which the connection began that the word came over; it has to be a new one. */
  confirm(id: number, { openedAt }: { openedAt: number }): ConfirmResult {
    return this.#confirmation.confirm(id, { openedAt });
  }

  get #place(): HistoryPlace {
    return { directory: this.#history, keep: this.#world.keep(), texts: this.texts };
  }

  /** What works on long texts. */
  get texts(): TextWork {
    return this.#world.texts ?? directTexts;
  }

  #difference(before: string, after: string, names: readonly [string, string]): Promise<string> {
    return this.texts.run("difference", { before, after, names });
  }

  #hold(): Promise<Disposable> {
    return lockHistory(this.#history, this.#world.clock);
  }

  #read(): Promise<string> {
    return this.#reader.fresh();
  }

  async #stageText(
    editor: string,
    { edit, keepFaults = false }: { edit: (text: string) => Promise<string>; keepFaults?: boolean },
  ): Promise<Staged> {
    if (editor === "" || editor.length > editorMax) throw new Error("Cannot stage: an editor needs a name");
    using _held = await this.#hold();
    const now = this.#world.clock.now();
    const old = await this.#store.get(editor);
    const base = old?.base ?? await this.#read();
    let text: string;
    try {
      text = await edit(old?.text ?? base);
    } catch (error) {
      if (!(error instanceof EditError)) throw error;
      const fault = { file: this.#world.file, line: 1, column: 1, path: "config", text: error.message };
      return { ok: false, errors: [fault] };
    }
    if (text === base) {
      this.#store.remove(editor);
      return { ok: true, pending: undefined };
    }
    const candidate = { editor, since: old?.since ?? now, changed: now, base, text };
    const loaded = await this.#load(text);
    if (!loaded.ok && !keepFaults) {
      const known = await this.#load(old?.text ?? base);
      const before = new Set(known.ok ? [] : known.errors.map((fault) => `${fault.path} ${fault.text}`));
      const errors = loaded.errors.filter((fault) => !before.has(`${fault.path} ${fault.text}`));
      if (errors.length > 0) return { ok: false, errors };
    }
    await this.#store.put(candidate);
    return { ok: true, pending: await this.#pendingOf(candidate, loaded) };
  }

  async #pendingOf({ editor, since, changed, base, text }: Candidate, known?: LoadResult): Promise<Pending> {
    const loaded = known ?? await this.#load(text);
    const difference = await this.#difference(base, text, ["config.yaml", `config.yaml (${editor})`]);
    const outdated = await this.#reader.text().catch(() => undefined) !== base;
    const errors = loaded.ok ? [] : loaded.errors;
    return { editor, since, changed, difference, outdated, errors, warnings: loaded.warnings };
  }

  #load(text: string): Promise<LoadResult> {
    return loadSource(text, { ...this.#world.load(), texts: this.texts, file: this.#world.file });
  }

  async #conflicts(now: string, { base, wanted }: { base: string; wanted: string }): Promise<Conflict[]> {
    const merged = await this.texts.run("merge", { now, base, wanted });
    return "conflicts" in merged ? merged.conflicts : [];
  }

  async #merged(now: string, { base, wanted }: { base: string; wanted: string }): Promise<string> {
    const merged = await this.texts.run("merge", { now, base, wanted });
    if ("text" in merged) return merged.text;
    throw new EditError(merged.conflicts[0].path, merged.conflicts[0].text);
  }

  async #write(
    { who, comment = "", from = "elsewhere", files, apply = this.#world.apply }: WriteWish,
    { make, expected, may = () => true, conflicts = () => [] }: {
      make: (now: string) => string | Promise<string>;
      expected?: string;
      may?: (now: string) => boolean;
      conflicts?: (now: string) => Conflict[] | Promise<Conflict[]>;
    },
  ): Promise<CommitResult> {
    const { waiting } = this.#confirmation;
    if (waiting !== undefined) return { kind: "waiting", confirm: waiting };
    const { file, clock, load, report } = this.#world;
    let changed: CommitResult | undefined;
    let keys: string[] = [];
    const rewrite: Rewrite = async (now) => {
      const found = await conflicts(now);
      if (may(now) && found.length === 0) {
        const text = await make(now);
        if (from === "page") {
          const paths = files?.back.map(({ path }) => path);
          const { hostname } = load();
          keys = await this.texts.run("cutOff", { before: now, after: text, files: paths, hostname, file });
        }
        return text;
      }
      const by = await this.texts.run("since", { directory: this.#history, text: expected! });
      const difference = await this.#difference(expected!, now, ["config.yaml (then)", "config.yaml (now)"]);
      changed = { kind: "changed", by, difference, conflicts: found };
      return { errors: [] };
    };
    const options: WriteOptions = {
      who,
      comment,
      load: { ...load(), texts: this.texts },
      history: this.#place,
      clock,
    };
    const written = await rewriteConfig(file, rewrite, options);
    if (changed !== undefined) return changed;
    if (!written.ok) return { kind: "faults", errors: written.errors };
    const { before, after, warnings } = written;
    const same = before === after;
    if (same && keys.length === 0) return { kind: "committed", entry: undefined, warnings, confirm: undefined };
    const entry = (await this.#newest())?.facts;
    // Written down before it is put in force: a gateway that dies in between takes it back when it starts.
    const confirm = keys.length > 0
      ? this.#confirmation.begin({ id: entry?.id ?? 1, who, before, after, keys, files })
      : undefined;
    const lines = await apply();
    if (lines.length === 0) return { kind: "committed", entry: same ? undefined : entry, warnings, confirm };
    if (confirm !== undefined) this.#confirmation.end();
    const restored = await this.#restore({ before, after }, { comment: `${entry?.id} could not be put in force` });
    if (restored !== undefined) report("critical", `Cannot put ${file} back: ${restored}`);
    return { kind: "not applied", lines };
  }

  #newest(text?: string): Promise<{ facts: HistoryFacts; same: boolean } | undefined> {
    return this.texts.run("newest", { directory: this.#history, text });
  }

  /** Undoes a commit; what was changed since stays. What went wrong, else `undefined`. */
  async #restore(
    { before, after }: { before: string; after: string },
    { comment }: { comment: string },
  ): Promise<string | undefined> {
    const { file, clock, load } = this.#world;
    try {
      const written = await rewriteConfig(
        file,
        (now) => now === after ? before : this.#merged(now, { base: after, wanted: before }),
        { who: "postern", comment, load: { ...load(), texts: this.texts }, history: this.#place, clock },
      );
      return written.ok ? undefined : written.errors.map(faultText).join("; ");
    } catch (error) {
      return causeOf(error);
    }
  }

  async #takeBack({ id, before, after, files }: Unconfirmed): Promise<void> {
    const { file, alone, apply, report } = this.#world;
    const fault = await alone(async () => {
      try {
        if (files !== undefined) putBack(files);
      } catch (error) {
        return causeOf(error);
      }
      return await this.#restore({ before, after }, { comment: `${id} was not confirmed` });
    });
    if (fault !== undefined) {
      return report("critical", `Cannot take back change ${id} of ${file}, which nobody confirmed: ${fault}`);
    }
    report("warning", `Change ${id} of ${file} was not confirmed from a new connection and is taken back`);
    await apply();
  }
}
