/**
 * The operator's commands for programs: the same code as the command line's, plain data in and out.
 *
 * @module
 */
import type { Commands } from "../../control/commands.ts";
import type { CommandArgs } from "../../control/protocol.ts";
import { Problem, type ProblemStatus } from "../problem.ts";

/** What a command gave. */
export interface CommandAnswer<T> {
  items: T[];
  warnings: string[];
}

/** A command, its words, and what its refusal is. */
export interface CommandCall {
  name: string;
  args?: CommandArgs;
  signal: AbortSignal;
  /** The status of a refusal; 422 where nothing is said. */
  refused?: ProblemStatus;
  /** What it gave before it failed counts: then its failure is the last warning. */
  keep?: true;
}

/** Runs a command to its end. Rejects with a {@linkcode Problem} that says what the command says. */
export async function call<T>(
  commands: Pick<Commands, "run">,
  { name, args = {}, signal, refused = 422, keep }: CommandCall,
): Promise<CommandAnswer<T>> {
  const items: T[] = [];
  const warnings: string[] = [];
  let fault: string | undefined;
  await commands.run({ command: name, args }, {
    signal,
    send(answer) {
      if (answer.item !== undefined) items.push(answer.item as T);
      if (answer.warning !== undefined) warnings.push(answer.warning);
      fault ??= answer.error;
      return Promise.resolve();
    },
  });
  if (fault !== undefined && keep && items.length > 0) return { items, warnings: [...warnings, fault] };
  if (fault !== undefined) throw new Problem(refused, { detail: [fault, ...warnings].join("\n") });
  return { items, warnings };
}

/** Runs a command that gives one value. */
export async function callOne<T>(commands: Pick<Commands, "run">, asked: CommandCall): Promise<T> {
  const { items: [item] } = await call<T>(commands, asked);
  return item;
}
