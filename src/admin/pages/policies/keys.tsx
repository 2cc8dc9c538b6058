/**
 * A block of keys as a form: what the file says, what is inherited where it says nothing, and the changes that a form makes of it.
 *
 * Only what was changed is written: a value that was inherited and is left alone stays inherited, and a field that is emptied makes it so again.
 *
 * @module
 */
import type { Change } from "../../../config/edit.ts";
import { type Fault, type Path, pathText } from "../../../config/faults.ts";
import { mayAct } from "../../identity.ts";
import type { FieldFault } from "../../problem.ts";
import { type Candidate, faultAt, namesUnder, otherFaults } from "../candidate.ts";
import type { FormFields, PageCall } from "../desk.tsx";
import { NoticeBox, type View } from "../frame.tsx";
import { ChoiceField, Field, fieldState, folded, TextField } from "../parts.tsx";
import type { WordKey, Words } from "../words.ts";
import { sentences } from "../words.ts";

/** A value that a key may have, and what is shown for it. */
export type Choice = readonly [string, string];

/** One key of a block. */
export interface KeySpec {
  key: string;
  label: WordKey;
  hint?: WordKey;
  /** `number`: digits become a number; `lines`: a list, one in a line; `radio`: drawn by the page itself. */
  kind: "text" | "number" | "lines" | "choice" | "radio";
  /** Of a choice. */
  choices?: (words: Words, candidate: Candidate) => readonly Choice[];
  /** What 0 means. */
  zero?: WordKey;
  /** What the file may say instead of a choice. */
  alias?: Readonly<Record<string, string>>;
}

/** A block of the file, and where it inherits from. */
export interface KeyBlock {
  path: Path;
  /** What the file says; `undefined`: nothing. */
  said(key: string): unknown;
  /** What counts then. */
  inherited(key: string): unknown;
  /** Where that comes from. */
  from: "default" | "built_in";
}

/** What a form is drawn with: as the file is, or as it was typed with what is wrong. */
export interface KeyState {
  typed?: FormFields;
  errors: readonly FieldFault[];
}

/** Stands for `null` in a choice. */
export const noneChoice = "~";

/** `off` and `on` are not said: the file says true and false. */
export function flagChoices(words: Words): readonly Choice[] {
  return [["true", words("common.yes")], ["false", words("common.no")]];
}

/** Choices that are shown as the file has them. */
export function plainChoices(names: readonly string[]): () => readonly Choice[] {
  return () => names.map((name) => [name, name]);
}

/** Every bounce profile. */
export function bounceChoices(_: Words, candidate: Candidate): readonly Choice[] {
  return named(candidate, { path: ["bounce_profiles"], always: "default" });
}

/** Every certificate profile. */
export function certificateChoices(candidate: Candidate): readonly Choice[] {
  return named(candidate, { path: ["certificates"], always: "demo" });
}

/** Every mail flow policy. */
export function policyChoices(candidate: Candidate): readonly Choice[] {
  return named(candidate, { path: ["mail_flow_policies"], always: "default" });
}

function named(candidate: Candidate, { path, always }: { path: Path; always: string }): readonly Choice[] {
  return [...new Set([always, ...namesUnder(candidate, path)])].map((name) => [name, name]);
}

/** A block of the candidate. `fallback`: the block that it inherits from; without one it is the first, and only the built-in values are behind it. */
export function blockOf(
  { said }: Candidate,
  { path, fallback, builtIn }: { path: Path; fallback?: Path; builtIn: Readonly<Record<string, unknown>> },
): KeyBlock {
  return {
    path,
    said: (key) => said([...path, key]),
    inherited: (key) => (fallback === undefined ? undefined : said([...fallback, key])) ?? builtIn[key],
    from: fallback === undefined ? "built_in" : "default",
  };
}

/** A value of the file as a form has it; empty where there is none. */
export function typedOf({ alias = {} }: Pick<KeySpec, "alias">, value: unknown): string {
  if (value === undefined) return "";
  if (value === null) return noneChoice;
  const text = Array.isArray(value) ? value.map(String).join("\n") : String(value);
  return alias[text] ?? text;
}

/** A value as it is read: the words of a choice, a list in one line. */
export function readableOf(
  spec: KeySpec,
  { value, words, candidate }: { value: unknown; words: Words; candidate: Candidate },
): string {
  const text = typedOf(spec, value);
  if (text === "0" && spec.zero !== undefined) return words(spec.zero);
  const choice = spec.choices?.(words, candidate).find(([name]) => name === text);
  if (choice !== undefined) return choice[1];
  return text === "" || text === noneChoice ? words("common.none") : text.split("\n").join(", ");
}

/** What is inherited, in words that say where from. */
export function inheritedText(
  spec: KeySpec,
  { block, words, candidate }: { block: KeyBlock; words: Words; candidate: Candidate },
): string {
  const value = readableOf(spec, { value: block.inherited(spec.key), words, candidate });
  return words(block.from === "default" ? "common.inherited" : "keys.built_in", { value });
}

/** A value in a table or a list of facts: inherited ones are muted and say so. */
export function KeyValue(
  { spec, block, words, candidate }: { spec: KeySpec; block: KeyBlock; words: Words; candidate: Candidate },
): View {
  const value = block.said(spec.key);
  return value === undefined
    ? <span class="muted">{inheritedText(spec, { block, words, candidate })}</span>
    : <span class="break">{readableOf(spec, { value, words, candidate })}</span>;
}

/** What a field has in it: what was typed, else what the file says. */
export function fieldValue(spec: KeySpec, { block, state }: { block: KeyBlock; state: KeyState }): string {
  return state.typed === undefined ? typedOf(spec, block.said(spec.key)) : state.typed.exact(spec.key);
}

/** The fault of a key. */
export function keyFault({ key }: Pick<KeySpec, "key">, block: KeyBlock, { errors }: KeyState): string | undefined {
  return faultAt(errors, pathText([...block.path, key]));
}

/** The field of one key. */
export function KeyField(
  { spec, block, state, words, candidate }: {
    spec: KeySpec;
    block: KeyBlock;
    state: KeyState;
    words: Words;
    candidate: Candidate;
  },
): View {
  const { key: id, kind, label, hint } = spec;
  const value = fieldValue(spec, { block, state });
  const error = keyFault(spec, block, state);
  const inherited = inheritedText(spec, { block, words, candidate });
  const shared = { id, label: words(label), error };
  if (kind === "choice") {
    const choices: Choice[] = [["", inherited], ...spec.choices?.(words, candidate) ?? []];
    if (!choices.some(([name]) => name === value)) choices.push([value, value]);
    return <ChoiceField {...shared} value={value} choices={choices} hint={hint && words(hint)} />;
  }
  if (kind === "lines") {
    const own = state.typed === undefined ? block.said(id) !== undefined : state.typed.text(`${id}_from`) === "own";
    const told = hint === undefined ? undefined : words(hint);
    return (
      <fieldset>
        <legend>{words(label)}</legend>
        <ChoiceField
          id={`${id}_from`}
          label={words("keys.list_from")}
          value={own ? "own" : ""}
          choices={[["", inherited], ["own", words("keys.own_list")]]}
        />
        <Field id={id} label={words("keys.entries")} hint={told} error={error}>
          <textarea {...fieldState({ id, hint: told, error })} spellcheck={false}>{value}</textarea>
        </Field>
      </fieldset>
    );
  }
  const told = sentences(words, [hint === undefined ? "" : words(hint), words("keys.empty", { inherited })]);
  return (
    <TextField
      {...shared}
      value={value}
      hint={told}
      autocomplete="off"
      inputmode={kind === "number" ? "numeric" : undefined}
    />
  );
}

/** The changes that a form makes of a block. */
export function keyChanges(
  specs: readonly KeySpec[],
  { block, fields }: { block: KeyBlock; fields: FormFields },
): Change[] {
  const changes: Change[] = [];
  for (const spec of specs) {
    // A field that was not sent is not changed.
    if (!fields.names.includes(spec.key)) continue;
    const before = typedOf(spec, block.said(spec.key));
    const path = [...block.path, spec.key];
    if (spec.kind === "lines") {
      const list = fields.lines(spec.key);
      const differs = list.join("\n") !== before;
      const own = fields.text(`${spec.key}_from`) === "own" || differs && list.length > 0;
      if (!own && block.said(spec.key) !== undefined) changes.push({ path });
      if (own && (differs || block.said(spec.key) === undefined)) changes.push({ path, value: list });
      continue;
    }
    const typed = fields.text(spec.key);
    if (typed === before) continue;
    changes.push(typed === "" ? { path } : { path, value: plainValue(spec, typed) });
  }
  return changes;
}

/** The block that a form for a new one makes. */
export function keyBlock(specs: readonly KeySpec[], fields: FormFields): Record<string, unknown> {
  const block: KeyBlock = { path: [], said: () => undefined, inherited: () => undefined, from: "default" };
  return Object.fromEntries(keyChanges(specs, { block, fields }).map(({ path, value }) => [path[0], value]));
}

function plainValue({ kind }: KeySpec, typed: string): unknown {
  if (kind === "number" && /^\d{1,15}$/.test(typed)) return Number(typed);
  if (kind !== "choice") return typed;
  if (typed === noneChoice) return null;
  return typed === "true" ? true : typed === "false" ? false : typed;
}

/** What is wrong beside the fields that a page shows: above the form. */
export function FormFaults(
  { words, errors, shown }: { words: Words; errors: readonly FieldFault[]; shown: readonly string[] },
): View {
  if (errors.length === 0) return null;
  const lines = otherFaults(errors, shown);
  const text = words(lines.length === 0 ? "common.marked" : "common.errors");
  return <NoticeBox notice={{ kind: "bad", text, lines }} />;
}

/** What the candidate itself has against it below a path: faults, then what is shown is in force and not staged; and warnings. */
export function CandidateNotices(
  { words, candidate: { errors, warnings }, path }: { words: Words; candidate: Candidate; path: string },
): View {
  const about = warnings.filter((warning) =>
    warning.path === path || warning.path.startsWith(`${path}.`) || warning.path.startsWith(`${path}[`)
  );
  const told = (faults: readonly Fault[]) => folded(words, faults.map(({ path, text }) => `${path}: ${text}`));
  return (
    <>
      {errors.length > 0 && (
        <NoticeBox
          notice={{ kind: "bad", text: words("keys.candidate_faults"), ...told(errors) }}
        />
      )}
      {about.length > 0 && <NoticeBox notice={{ kind: "warn", text: words("keys.warnings"), ...told(about) }} />}
    </>
  );
}

/** Whether the reader may change settings. */
export function mayChange({ identity }: Pick<PageCall, "identity">): boolean {
  return mayAct(identity.role, "administrator");
}
