/**
 * The configuration as its reader left it: his candidate where he has one, else the file; and what a form does to it.
 *
 * Pages about settings show this, so that what was submitted is seen before it is committed. A candidate that has faults still has everything
 * that the file says; its resolved values are then those in force.
 *
 * @module
 */
import { inTurns, sortSteps } from "../../base/turns.ts";
import type { Config } from "../../config/config.ts";
import type { Change } from "../../config/edit.ts";
import type { Fault } from "../../config/faults.ts";
import { sortedFaults } from "../../config/load.ts";
import { frozen } from "../../config/resolve.ts";
import type { TextWork } from "../../config/text_work.ts";
import { type FieldFault, Problem } from "../problem.ts";
import type { AdminWorld } from "../world.ts";
import { faultWords } from "./faults.ts";
import type { Words } from "./words.ts";

/** See the module. */
export interface Candidate {
  /** Resolved: every default filled in. */
  config: Config;
  /** What the text itself says at a path: `undefined` where it says nothing, and a default or inherited value counts. With secrets. */
  said(path: readonly (string | number)[]): unknown;
  /** What is wrong with it: then `config` is the one in force. */
  errors: readonly Fault[];
  warnings: readonly Fault[];
}

/** The texts that were read last under a configuration in force: with thousands of routes it takes a second each time. Of long ones fewer are kept. */
const readBefore = new WeakMap<Config, Map<string, Promise<Candidate>>>();
const readBeforeMax = 4;
const longReadBeforeMax = 2;
const longCharacters = 1_048_576;

/** The candidate of a user, or the file where he has none. Rejects where the file cannot be read. */
export async function candidateOf(
  { staging, config }: Pick<AdminWorld, "staging" | "config">,
  user: string,
): Promise<Candidate> {
  const { text } = await staging.source(user);
  const inForce = config();
  const texts = readBefore.get(inForce) ?? new Map<string, Promise<Candidate>>();
  readBefore.set(inForce, texts);
  const candidate = texts.get(text) ?? candidateIn(text, { texts: staging.texts, inForce });
  texts.delete(text);
  texts.set(text, candidate);
  if (texts.size > (text.length > longCharacters ? longReadBeforeMax : readBeforeMax)) {
    texts.delete(texts.keys().next().value!);
  }
  return await candidate;
}

async function candidateIn(text: string, { texts, inForce }: { texts: TextWork; inForce: Config }): Promise<Candidate> {
  const { file, generation, hostname } = inForce;
  const { config, errors, warnings, said } = await texts.run("view", { text, file, hostname, generation });
  return {
    config: config === undefined || errors.length > 0 ? inForce : frozen(config),
    said: (path) => path.reduce((value: unknown, key) => childOf(value, key), said),
    errors: sortedFaults(errors),
    warnings: sortedFaults(warnings),
  };
}

/** The names under a map of the text, in its order; none where it has no such map. */
export function namesUnder({ said }: Candidate, path: readonly (string | number)[]): string[] {
  const value = said(path);
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
}

/** Names in order, by the map of the text that they are of. */
const inOrder = new WeakMap<object, Promise<string[]>>();

/** As {@linkcode namesUnder}, in the order of the alphabet, subdomains beside their domain. A long map is put in order once, in turns. */
export function sortedNamesUnder(candidate: Candidate, path: readonly (string | number)[]): Promise<readonly string[]> {
  const map = candidate.said(path);
  if (typeof map !== "object" || map === null) return Promise.resolve([]);
  const known = inOrder.get(map);
  if (known !== undefined) return known;
  const bare = (name: string) => name.startsWith(".") ? name.slice(1) : name;
  const sorted = inTurns(sortSteps(namesUnder(candidate, path), (one, other) => {
    const [a, b] = [bare(one), bare(other)];
    return a < b ? -1 : a > b ? 1 : 0;
  }));
  inOrder.set(map, sorted);
  return sorted;
}

/** What became of changes that were submitted: nothing wrong, or what is, by field. */
export type Submitted = { ok: true } | { ok: false; errors: readonly FieldFault[] };

/** Stages changes in the user's candidate. */
export async function submit(
  { staging }: Pick<AdminWorld, "staging">,
  { user, words, changes }: { user: string; words: Words; changes: readonly Change[] },
): Promise<Submitted> {
  const staged = await staging.stage(user, { changes });
  if (staged.ok) return { ok: true };
  return { ok: false, errors: staged.errors.map(({ path, text }) => ({ path, detail: faultWords(words, text) })) };
}

/** The fault that concerns a key, or something below it. */
export function faultAt(errors: readonly FieldFault[], path: string): string | undefined {
  return errors.find((error) =>
    error.path === path || error.path.startsWith(`${path}.`) || error.path.startsWith(`${path}[`)
  )
    ?.detail;
}

/** Faults that concern none of these keys, as lines for a notice. */
export function otherFaults(errors: readonly FieldFault[], paths: readonly string[]): string[] {
  return errors.filter((error) => !paths.some((path) => faultAt([error], path) !== undefined))
    .map(({ path, detail }) => `${path}: ${detail}`);
}

/** Rejects what a form cannot have sent: a name that the page did not show. */
export function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Problem(404);
  return value;
}

function childOf(value: unknown, key: string | number): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string | number, unknown>)[key];
}
