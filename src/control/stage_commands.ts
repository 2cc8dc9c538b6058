/**
 * The commands about changes that wait and changes that were made: `showchanges`, `commit`, `abandon`, `history`, `rollback`.
 *
 * @module
 */
import type { HistoryFacts } from "../config/history.ts";
import type { Pending } from "../config/stage.ts";
import { faultText } from "../config/faults.ts";
import { type Command, CommandError } from "./commands.ts";
import { tellCommit } from "./config_ground.ts";
import type { FileGround } from "./file_commands.ts";

/** What `showchanges` gives for each editor. */
export interface PendingFacts extends Pick<Pending, "editor" | "since" | "changed" | "difference" | "outdated"> {
  /** It is the caller's own. */
  own: boolean;
  /** What keeps it from being committed, one line each. */
  faults: string[];
}

/** What `commit` and `rollback` give. */
export interface CommitFacts {
  /** The history's entry; `null`: the file said it already. */
  entry: Omit<HistoryFacts, "difference"> | null;
  difference: string;
}

/** What `history` gives for each entry: the newest first, without their differences. Of one entry alone all of it. */
export type HistoryLine = Omit<HistoryFacts, "difference"> & { difference?: string };

const commentMax = 500;

/** See the module. */
export function stageCommands({ file, staging }: FileGround): Command[] {
  const made = (entry: HistoryFacts | undefined): CommitFacts => {
    const { difference = "", ...facts } = entry ?? {};
    return { entry: entry === undefined ? null : facts as CommitFacts["entry"], difference };
  };
  const show: Command["run"] = async (_args, { caller }): Promise<{ changes: PendingFacts[] }> => {
    const changes = (await staging.pending()).map(({ errors, warnings: _warnings, ...pending }) => ({
      ...pending,
      own: pending.editor === caller.name,
      faults: errors.map(faultText),
    }));
    return { changes };
  };
  return [
    { name: "showchanges", run: show },
    { name: "changes", run: show },
    {
      name: "commit",
      async run(args, { caller, warn }): Promise<CommitFacts> {
        const comment = commentOf(args.list("comment").join(" "));
        const result = await staging.commit(caller.name, { comment, merge: args.has("merge") });
        if (result.kind === "changed") {
          for (const { who, at, comment } of result.by) {
            const when = new Date(at).toISOString().slice(0, 19).replace("T", " ");
            warn(`${file} was changed meanwhile by ${who} at ${when} UTC${comment === "" ? "" : `: ${comment}`}`);
          }
          for (const line of result.difference.trimEnd().split("\n")) warn(line);
        }
        return made(tellCommit(result, { file, warn }).entry);
      },
    },
    {
      name: "abandon",
      async run(_args, { caller }): Promise<{ editor: string }> {
        if (!await staging.abandon(caller.name)) throw new CommandError("Cannot abandon: nothing is pending");
        return { editor: caller.name };
      },
    },
    {
      name: "history",
      async *run(args): AsyncGenerator<HistoryLine> {
        const wanted = args.text("id");
        if (wanted === undefined) {
          for (const { difference: _difference, ...facts } of await staging.history()) yield facts;
          return;
        }
        const id = idOf(wanted, await staging.history());
        const entry = (await staging.history()).find((each) => each.id === id);
        if (entry === undefined) throw new CommandError(`Cannot show ${wanted}: the history has no such entry`);
        yield entry;
      },
    },
    {
      name: "rollback",
      async run(args, { caller, warn }): Promise<CommitFacts> {
        const wanted = args.needed("id");
        const id = idOf(wanted, await staging.history());
        const difference = await staging.rollbackDifference(id);
        if (difference === undefined) {
          throw new CommandError(`Cannot roll back to ${wanted}: the history has no such entry`);
        }
        if (args.has("dry-run")) return { entry: null, difference };
        const comment = commentOf(args.text("comment") ?? `rolled back to ${id}`);
        const result = await staging.rollback(id, { who: caller.name, comment });
        return made(tellCommit(result, { file, warn }).entry);
      },
    },
  ];
}

/** An entry's number; `@1`: the one before what the file says now. */
function idOf(text: string, history: readonly HistoryFacts[]): number {
  const back = /^@(\d{1,6})$/.exec(text)?.[1];
  if (back !== undefined) return history[Number(back)]?.id ?? NaN;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new CommandError(`Cannot use ${text}: the number of an entry, as history has it, or @1 for the one before now`);
}

function commentOf(text: string): string {
  if (text.length > commentMax) throw new CommandError(`Cannot use the comment: more than ${commentMax} characters`);
  return text;
}
