/**
 * Commands on behalf of whoever reads the page: the same as on the command line, with the files that his browser sent.
 *
 * What concerns the configuration alone is staged. What writes keys and certificates is done at once, as in the shell: a staged change would name files that
 * are not there. His candidate then takes in what he changed himself.
 *
 * @module
 */
import { octets } from "../../../base/octets.ts";
import type { Changed } from "../../../certs/profile_store.ts";
import type { CommandArgs, SentFile, SentFiles } from "../../../control/protocol.ts";
import { call, type CommandAnswer, originOf } from "../../api/bridge.ts";
import { Problem } from "../../problem.ts";
import type { FormCall, FormFields, PageCall } from "../desk.tsx";
import type { Words } from "../words.ts";
import { problemWords } from "../faults.ts";

/** What came of a command: what it gave, or why not, in lines. */
export type Acted<T> = { ok: true } & CommandAnswer<T> | { ok: false; lines: readonly string[]; faults: FieldFaults };

/** Why not, by the option that it is about: `--days 400` in the program's own words, and the line in the reader's. */
export type FieldFaults = readonly { about: string; line: string }[];

/** A command, and what it is told. */
export interface ActedCommand {
  name: string;
  args?: CommandArgs;
  files?: SentFiles;
}

/** On whose behalf. */
export type Actor = Pick<PageCall, "world" | "identity" | "signal" | "words">;

/** Runs a command that may change something. Rejects for nothing that an administrator could put right. */
export async function act<T>(actor: Actor, command: ActedCommand): Promise<Acted<T>> {
  const { world: { staging }, identity: { user } } = actor;
  const { text: before } = await staging.source();
  try {
    return await look<T>(actor, command);
  } finally {
    await staging.follow(user, before);
  }
}

/** Runs a command that changes nothing. */
export async function look<T>(
  { world: { commands }, identity, signal, words }: Actor,
  command: ActedCommand,
): Promise<Acted<T>> {
  try {
    const caller = { name: identity.user, stages: true, from: originOf(identity) };
    const answer = await call<T>(commands, { ...command, signal, caller });
    return { ok: true, ...answer, warnings: answer.warnings.map((text) => text.replace(/^Warning: /, "")) };
  } catch (thrown) {
    if (!(thrown instanceof Problem) || thrown.status >= 500) throw thrown;
    return { ok: false, ...refusalOf(words, thrown) };
  }
}

/** Why a command was refused. */
export function refusalOf(words: Words, problem: Problem): { lines: readonly string[]; faults: FieldFaults } {
  const lines = problemWords(words, problem).split("\n");
  const about = (problem.words.detail ?? problem.title).split("\n");
  return { lines, faults: lines.map((line, at) => ({ line, about: about[at] ?? "" })) };
}

/** Options with a value; empty fields say nothing. */
export function argsOf(fields: FormFields, names: readonly string[]): CommandArgs {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = fields.text(name);
      return value === "" ? [] : [[name, value]];
    }),
  );
}

/** Files that were chosen, and texts that were pasted in their place (`NAME-text`), by the option that would name them. */
export async function filesOf(
  { fields, words }: Pick<FormCall, "fields" | "words">,
  names: readonly string[],
): Promise<Record<string, SentFile[]>> {
  const files: Record<string, SentFile[]> = {};
  for (const name of names) {
    const file = fields.file(name);
    const pasted = fields.text(`${name}-text`);
    if (file !== undefined) files[name] = [{ name: file.name, content: (await file.bytes()).toBase64() }];
    else if (pasted !== "") files[name] = [{ name: words("cert.pasted_text"), content: octets(pasted).toBase64() }];
  }
  return files;
}

/** A password as commands take one: the first line of a file. */
export function passwordFile(password: string): SentFile {
  return { name: "the field", content: octets(password).toBase64() };
}

/** The line that names an option, for the field of the same name; the others stand above the form. */
export function faultOf(faults: FieldFaults | undefined, option: string): string | undefined {
  return faults?.find(({ about }) => names(about, option))?.line;
}

/** The lines that name none of these options. */
export function restOf(faults: FieldFaults, options: readonly string[]): string[] {
  return faults.filter(({ about }) => !options.some((option) => names(about, option))).map(({ line }) => line);
}

const aboutName =
  /^Cannot use the name |: there is a certificate of this name; |: the gateway makes the certificate of this name /;

function names(line: string, option: string): boolean {
  if (option === "password-file") return /\bpassword\b/.test(line);
  return option === "name" ? aboutName.test(line) : new RegExp(`--${option}(?![\\w-])`).test(line);
}

/** Warnings of a command besides those about the chain, which the certificate's page shows as long as they are true. */
export function newsOf({ items: [item], warnings }: CommandAnswer<Changed>): string[] {
  return warnings.filter((warning) => !item.warnings.some(({ text }) => text === warning));
}
