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
import { createHash } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { causeOf } from "../base/text.ts";
import { noteHandEdit, type Rewrite, rewriteConfig, type WriteOptions } from "./change.ts";
import { cutOffBetween } from "./cut_off.ts";
import { type Change, EditError, editSource, plainSource } from "./edit.ts";
import { faultText } from "./faults.ts";
import { type HistoryFacts, type HistoryPlace, lastEntry, lockHistory, readEntry, readHistory } from "./history.ts";
import { type LoadResult, loadSource, type LoadWorld, readSource } from "./load.ts";
import { maskedDifference, maskSource, unmaskChanges } from "./mask.ts";
import { type Conflict, mergeChanges } from "./merge.ts";
import { changesBetween } from "./plain.ts";
import { putBack } from "./restore.ts";
import { Confirmation, type ConfirmResult, type Waiting } from "./stage_confirm.ts";
import type { CommitResult, CommitWish, Pending, Staged, WriteWish } from "./stage_results.ts";
import { type Candidate, StageStore, type Unconfirmed } from "./stage_store.ts";

export type { CommitResult, CommitWish, Pending, Staged, WriteWish } from "./stage_results.ts";

/** What staging works on. */
export interface StagingWorld {
  /** The configuration file, as the owner named it. */
  file: string;
  /** `storage.directory`: candidates are in `staged/`, the history in `history/`. */
  directory: string;
  clock: Clock;
  /** `admin.history` of the configuration in force. */
  keep(): number;
  /** What validates: with `checkTls` it is what `postern check` does. */
  load(): LoadWorld;
  /** Puts in force what the file says: the lines that say what is wrong; none where it is in force, or where no gateway runs. */
  apply(): Promise<readonly string[]>;
  /** Does work that leaves files half changed meanwhile: nobody reads the configuration before it is done. It must not call `apply`. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  /** A line for the log. */
  report(level: "critical" | "warning" | "info", text: string): void;
}

const editorMax = 100;

/** See the module. */
export class Staging {
  readonly #world: StagingWorld;
  readonly #store: StageStore;
  readonly #confirmation: Confirmation;
  readonly #history: string;

  constructor(world: StagingWorld) {
    this.#world = world;
    this.#history = `${world.directory}/history`;
    this.#store = new StageStore(`${world.directory}/staged`);
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
    if (typeof now !== "string" || lastEntry(this.#history)?.source === now) return;
    const tell = (cause: string) => report("warning", `Cannot keep a history of ${file}: ${cause}`);
    await noteHandEdit(now, { history: this.#place, clock, report: tell });
  }

  /**
   * Changes the editor's candidate. Faults that the file did not have are refused, unless `keepFaults`: whoever writes line by line may name a policy
   * before it is there; a commit refuses them in any case.
   */
  async stage(editor: string, wish: { changes: readonly Change[]; keepFaults?: boolean }): Promise<Staged> {
    return await this.#stageText(editor, {
      ...wish,
      edit: (text) => editSource(text, unmaskChanges(wish.changes, plainSource(text))),
    });
  }

  /** Puts a whole text in the place of the editor's candidate: a file that was uploaded. */
  async replace(editor: string, { source, keepFaults }: { source: string; keepFaults?: boolean }): Promise<Staged> {
    return await this.#stageText(editor, {
      keepFaults,
      edit: (text) => {
        const said = plainSource(source);
        const [{ value }] = unmaskChanges([{ path: [], value: said }], plainSource(text));
        return editSource(source, changesBetween(said ?? {}, value ?? {}));
      },
    });
  }

  /**
   * The editor has changed the file past his candidate, when it said `before`. A candidate of that text takes the change in, so that its commit is not
   * told about what the editor did himself; one of an older text, or with other words in the same places, stays as it is.
   */
  async follow(editor: string, before: string): Promise<void> {
    using _held = await this.#hold();
    const candidate = this.#store.get(editor);
    if (candidate === undefined || candidate.base !== before) return;
    const base = await this.#read();
    if (this.#conflicts(base, { base: before, wanted: candidate.text }).length > 0) return;
    this.#store.put({ ...candidate, base, text: this.#merged(base, { base: before, wanted: candidate.text }) });
  }

  /** Drops the editor's candidate. False where there was none. */
  async abandon(editor: string): Promise<boolean> {
    using _held = await this.#hold();
    return this.#store.remove(editor);
  }

  /** What everybody has pending, the oldest first. */
  async pending(): Promise<Pending[]> {
    const all: Pending[] = [];
    for (const candidate of this.#store.all()) all.push(await this.#pendingOf(candidate));
    return all;
  }

  /** What one editor has pending. */
  async pendingOf(editor: string): Promise<Pending | undefined> {
    const candidate = this.#store.get(editor);
    return candidate && await this.#pendingOf(candidate);
  }

  /** How many values the editor's candidate changes: 0 where he has none. It asks the disk alone, so a page may ask for it each time. */
  changed(editor: string): number {
    const candidate = this.#store.get(editor);
    if (candidate === undefined) return 0;
    return changesBetween(plainSource(candidate.base) ?? {}, plainSource(candidate.text) ?? {}).length;
  }

  /** The text of the editor's candidate, else of the file; with secrets. `etag` changes with it. Rejects where the file cannot be read. */
  async source(editor?: string): Promise<{ text: string; etag: string }> {
    const text = (editor === undefined ? undefined : this.#store.get(editor)?.text) ?? await this.#read();
    return { text, etag: etagOf(text) };
  }

  /** As {@linkcode Staging.source}, without secrets. */
  async shown(editor?: string): Promise<{ text: string; etag: string }> {
    const { text, etag } = await this.source(editor);
    return { text: maskSource(text), etag };
  }

  /** Commits the editor's candidate. Rejects where the disk does not do as it is told. */
  async commit(editor: string, wish: CommitWish = {}): Promise<CommitResult> {
    const candidate = this.#store.get(editor);
    if (candidate === undefined) return { kind: "nothing" };
    const { base, text } = candidate;
    const result = await this.#write({ ...wish, who: editor }, {
      expected: base,
      make: (now) => now === base ? text : this.#merged(now, { base, wanted: text }),
      may: (now) => now === base || wish.merge === true,
      conflicts: (now) => this.#conflicts(now, { base, wanted: text }),
    });
    if (result.kind === "committed") this.#store.remove(editor);
    return result;
  }

  /** Writes changes at once, past any candidate. */
  async write(changes: readonly Change[], wish: WriteWish): Promise<CommitResult> {
    return await this.#write(wish, { make: (now) => editSource(now, unmaskChanges(changes, plainSource(now))) });
  }

  /** Puts a text in the place of the file at once; what is in it now stays in the history. */
  async writeSource(source: string, wish: WriteWish): Promise<CommitResult> {
    return await this.#write(wish, { make: () => source });
  }

  /** The history, the newest entry first. */
  history(): HistoryFacts[] {
    return readHistory(this.#history);
  }

  /** The text of an entry, without secrets; `undefined` where there is none. */
  entry(id: number): HistoryFacts & { text: string } | undefined {
    const entry = readEntry(this.#history, id);
    if (entry === undefined) return undefined;
    const { source, ...facts } = entry;
    return { ...facts, text: maskSource(source) };
  }

  /** What a roll back to an entry would change; `undefined` where there is no such entry. */
  async rollbackDifference(id: number): Promise<string | undefined> {
    const entry = readEntry(this.#history, id);
    return entry &&
      maskedDifference(await this.#read(), entry.source, { names: ["config.yaml", `config.yaml (${id})`] });
  }

  /** Puts the text of an entry into the file. `nothing`: there is no such entry. What the file said is an entry itself, also what was edited by hand. */
  async rollback(id: number, { who, comment = `rolled back to ${id}`, from }: WriteWish): Promise<CommitResult> {
    const entry = readEntry(this.#history, id);
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
    return { directory: this.#history, keep: this.#world.keep() };
  }

  #hold(): Promise<Disposable> {
    return lockHistory(this.#history, this.#world.clock);
  }

  async #read(): Promise<string> {
    const text = await readSource(this.#world.file);
    if (typeof text === "string") return text;
    throw new Error(`Cannot read ${this.#world.file}: it ${text.cause}`);
  }

  async #stageText(
    editor: string,
    { edit, keepFaults = false }: { edit: (text: string) => string; keepFaults?: boolean },
  ): Promise<Staged> {
    if (editor === "" || editor.length > editorMax) throw new Error("Cannot stage: an editor needs a name");
    using _held = await this.#hold();
    const now = this.#world.clock.now();
    const old = this.#store.get(editor);
    const base = old?.base ?? await this.#read();
    let text: string;
    try {
      text = edit(old?.text ?? base);
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
    this.#store.put(candidate);
    return { ok: true, pending: await this.#pendingOf(candidate, loaded) };
  }

  async #pendingOf({ editor, since, changed, base, text }: Candidate, known?: LoadResult): Promise<Pending> {
    const loaded = known ?? await this.#load(text);
    const difference = maskedDifference(base, text, { names: ["config.yaml", `config.yaml (${editor})`] });
    const outdated = await readSource(this.#world.file) !== base;
    const errors = loaded.ok ? [] : loaded.errors;
    return { editor, since, changed, difference, outdated, errors, warnings: loaded.warnings };
  }

  #load(text: string): Promise<LoadResult> {
    return loadSource(text, { ...this.#world.load(), file: this.#world.file });
  }

  #conflicts(now: string, { base, wanted }: { base: string; wanted: string }): Conflict[] {
    const merged = merge(now, { base, wanted });
    return "conflicts" in merged ? merged.conflicts : [];
  }

  #merged(now: string, { base, wanted }: { base: string; wanted: string }): string {
    const merged = merge(now, { base, wanted });
    if ("conflicts" in merged) throw new EditError(merged.conflicts[0].path, merged.conflicts[0].text);
    return editSource(now, merged.changes);
  }

  async #write(
    { who, comment = "", from = "elsewhere", files }: WriteWish,
    { make, expected, may = () => true, conflicts = () => [] }: {
      make: (now: string) => string;
      expected?: string;
      may?: (now: string) => boolean;
      conflicts?: (now: string) => Conflict[];
    },
  ): Promise<CommitResult> {
    const { waiting } = this.#confirmation;
    if (waiting !== undefined) return { kind: "waiting", confirm: waiting };
    const { file, clock, load, apply, report } = this.#world;
    let changed: CommitResult | undefined;
    let keys: string[] = [];
    const rewrite: Rewrite = async (now) => {
      const found = conflicts(now);
      if (may(now) && found.length === 0) {
        const text = make(now);
        if (from === "page") {
          const paths = files?.back.map(({ path }) => path);
          keys = await cutOffBetween({ before: now, after: text, files: paths }, { ...load(), file });
        }
        return text;
      }
      const by = this.#since(expected!);
      const difference = maskedDifference(expected!, now, { names: ["config.yaml (then)", "config.yaml (now)"] });
      changed = { kind: "changed", by, difference, conflicts: found };
      return { errors: [] };
    };
    const options: WriteOptions = { who, comment, load: load(), history: this.#place, clock };
    const written = await rewriteConfig(file, rewrite, options);
    if (changed !== undefined) return changed;
    if (!written.ok) return { kind: "faults", errors: written.errors };
    const { before, after, warnings } = written;
    const same = before === after;
    if (same && keys.length === 0) return { kind: "committed", entry: undefined, warnings, confirm: undefined };
    const entry = readHistory(this.#history)[0];
    // Written down before it is put in force: a gateway that dies in between takes it back when it starts.
    const confirm = keys.length > 0
      ? this.#confirmation.begin({ id: entry?.id ?? 1, who, before, after, keys, files })
      : undefined;
    const lines = await apply();
    if (lines.length === 0) return { kind: "committed", entry: same ? undefined : entry, warnings, confirm };
    if (confirm !== undefined) this.#confirmation.end();
    const restored = await this.#restore({ before, after }, { comment: `${entry.id} could not be put in force` });
    if (restored !== undefined) report("critical", `Cannot put ${file} back: ${restored}`);
    return { kind: "not applied", lines };
  }

  /** Commits since a text was in the file, the newest first; the last one, where that is too long ago. */
  #since(source: string): HistoryFacts[] {
    const entries = readHistory(this.#history);
    const at = entries.findIndex(({ id }) => readEntry(this.#history, id)?.source === source);
    return at < 0 ? entries.slice(0, 1) : entries.slice(0, at);
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
        { who: "postern", comment, load: load(), history: this.#place, clock },
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

/** What is said of a text in `If-Match`. */
export function etagOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

function merge(
  now: string,
  { base, wanted }: { base: string; wanted: string },
): ReturnType<typeof mergeChanges> {
  const said = plainSource(base);
  return mergeChanges(changesBetween(said ?? {}, plainSource(wanted) ?? {}), { base: said, now: plainSource(now) });
}
