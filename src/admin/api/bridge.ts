/**
 * The operator's commands for programs: the same code as the command line's, plain data in and out.
 *
 * @module
 */
import type { Commands } from "../../control/commands.ts";
import type { Caller, CommandArgs, SentFiles } from "../../control/protocol.ts";
import type { Identity } from "../identity.ts";
import { Problem, type ProblemStatus } from "../problem.ts";
import type { Told } from "../../base/told.ts";

/** What a command gave. */
export interface CommandAnswer<T> {
  items: T[];
  warnings: string[];
  /** What was told by codes, for readers of another language. */
  told: Told[];
  /** Files that it made, in base64, by the option that asks for them. */
  files: SavedFile[];
}

/** A file that a command made. */
export interface SavedFile {
  option: string;
  content: string;
}

/** A command, its words, and what its refusal is. */
export interface CommandCall {
  name: string;
  args?: CommandArgs;
  /** Files by the option that names them, in base64. */
  files?: SentFiles;
  /** On whose behalf; absent: it changes no configuration. */
  caller?: Caller;
  signal: AbortSignal;
  /** The status of a refusal; 422 where nothing is said. */
  refused?: ProblemStatus;
  /** What it gave before it failed counts: then its failure is the last warning. */
  keep?: true;
}

/** From where somebody asks who is logged in: a program that a change cuts off has its own ways to see to that. */
export function originOf({ via }: Pick<Identity, "via">): NonNullable<Caller["from"]> {
  return via === "token" ? "program" : "page";
}

/** Runs a command to its end. Rejects with a {@linkcode Problem} that says what the command says. */
export async function call<T>(
  commands: Pick<Commands, "run">,
  { name, args = {}, files: sent, caller, signal, refused = 422, keep }: CommandCall,
): Promise<CommandAnswer<T>> {
  const items: T[] = [];
  const warnings: string[] = [];
  const files: SavedFile[] = [];
  let fault: string | undefined;
  const told: Told[] = [];
  await commands.run({ command: name, args, files: sent, caller }, {
    signal,
    send(answer) {
      if (answer.item !== undefined) items.push(answer.item as T);
      if (answer.file !== undefined) files.push(answer.file);
      if (answer.warning !== undefined) warnings.push(answer.warning);
      if (answer.told !== undefined) told.push(answer.told);
      fault ??= answer.error;
      return Promise.resolve();
    },
  });
  if (fault !== undefined && keep && items.length > 0) return { items, warnings: [...warnings, fault], told, files };
  if (fault !== undefined) {
    throw new Problem(refused, {
      detail: [fault, ...warnings].join("\n"),
      told: told.find(({ text }) => text === fault),
    });
  }
  return { items, warnings, told, files };
}

/** Runs a command that gives one value. */
export async function callOne<T>(commands: Pick<Commands, "run">, asked: CommandCall): Promise<T> {
  const { items: [item] } = await call<T>(commands, asked);
  return item;
}
