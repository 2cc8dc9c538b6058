/**
 * How commands change `config.yaml`: at once, or staged until `commit`, as the caller wants it.
 *
 * A one-shot command writes and returns when the change is in force; in the shell the same command changes the candidate of whoever sits there. A
 * command calls {@linkcode changeConfig} and cannot tell the difference.
 *
 * @module
 */
import { tlsCheck } from "../certs/check.ts";
import { type Fault, faultText, warningText } from "../config/faults.ts";
import type { Change } from "../config/plain.ts";
import { type CommitResult, Staging } from "../config/stage.ts";
import { type CommandContext, CommandError } from "./commands.ts";
import type { FileGround } from "./file_commands.ts";
import type { Caller } from "./protocol.ts";

/** Staging on the files that commands stand on. `keep`: `admin.history`. */
export function openStaging(ground: Omit<FileGround, "staging">, { keep }: { keep: () => number }): Staging {
  const { file, storage, clock, hostname, log, engine, alone, apply, texts } = ground;
  return new Staging({
    file,
    directory: storage.directory,
    clock,
    keep,
    load: () => ({
      hostname,
      generation: 1,
      checkTls: (config) => tlsCheck({ engine: engine(), now: clock.now })(config),
    }),
    texts,
    alone,
    apply,
    report: (level, text) => log[level]({ event: "note", reason: "config_change", text }),
  });
}

/** What became of a change by a command. */
export interface ConfigChanged {
  /** It waits for `commit`; else it is in the file and in force. */
  staged: boolean;
}

/**
 * Makes changes on behalf of a command. Warnings go to the operator; throws {@linkcode CommandError} where the file would have faults, and then
 * nothing has changed.
 */
export async function changeConfig(
  { file, staging }: Pick<FileGround, "file" | "staging">,
  { changes, comment, context }: { changes: readonly Change[]; comment: string; context: CommandContext },
): Promise<ConfigChanged> {
  const { caller, warn } = context;
  if (!caller.stages) {
    tellCommit(await staging.write(changes, { who: caller.name, comment, from: placeOf(caller) }), { file, warn });
    return { staged: false };
  }
  const staged = await staging.stage(caller.name, { changes, keepFaults: true });
  if (!staged.ok) throw refused(staged.errors, { file, warn });
  for (const fault of staged.pending?.errors ?? []) warn(`${faultText(fault)} (a commit would be refused)`);
  for (const fault of staged.pending?.warnings ?? []) warn(warningText(fault));
  return { staged: true };
}

/** Whether a commit of the caller's is to be confirmed where it changes how the page is reached. */
export function placeOf({ from }: Caller): "page" | "elsewhere" {
  return from === "page" ? "page" : "elsewhere";
}

/** Tells warnings of a commit that was made; throws for one that was not. */
export function tellCommit(
  result: CommitResult,
  { file, warn }: { file: string; warn: (text: string) => void },
): Extract<CommitResult, { kind: "committed" }> {
  switch (result.kind) {
    case "committed":
      for (const fault of result.warnings) warn(warningText(fault));
      if (result.confirm !== undefined) {
        const { id, keys, until } = result.confirm;
        warn(
          `Change ${id} (${keys.join(", ")}) is taken back unless it is confirmed over a new connection until ${
            timeOf(until)
          }`,
        );
      }
      return result;
    case "nothing":
      throw new CommandError("Cannot commit: nothing is pending");
    case "faults":
      throw refused(result.errors, { file, warn });
    case "changed":
      for (const { text } of result.conflicts) warn(text);
      throw new CommandError(
        result.conflicts.length > 0
          ? `Cannot commit: ${file} says something else in the same places now; abandon, and change it again`
          : `Cannot commit: ${file} was changed meanwhile; commit --merge makes both changes`,
      );
    case "not applied":
      for (const line of result.lines) warn(line);
      throw new CommandError(`Cannot put the change of ${file} in force: what was there before is there again`);
    case "waiting": {
      const { id, who, until } = result.confirm;
      throw new CommandError(
        `Cannot change ${file}: change ${id} of ${who} waits for a confirmation until ${timeOf(until)}`,
      );
    }
    default:
      return result satisfies never;
  }
}

function timeOf(at: number): string {
  return `${new Date(at).toISOString().slice(11, 19)} UTC`;
}

/** One fault is the answer itself; of several each is told. */
function refused(
  errors: readonly Fault[],
  { file, warn }: { file: string; warn: (text: string) => void },
): CommandError {
  if (errors.length === 1) return new CommandError(faultText(errors[0]));
  for (const fault of errors) warn(faultText(fault));
  return new CommandError(`Cannot change ${file}: ${errors.length} faults, and nothing was changed`);
}
