/**
 * Runs one command on the gateway that a configuration file belongs to, or here where it needs none, and prints what it gives.
 *
 * Results go to standard output, warnings and errors to standard error. The exit code: 0 where all was done, else 1, unless the command
 * runs here and says otherwise.
 *
 * @module
 */
import { causeOf } from "../base/text.ts";
import { storageDirectoryOf } from "../config/where.ts";
import { callGateway, type CallOptions } from "../control/client.ts";
import type { Caller, ControlRequest } from "../control/protocol.ts";
import type { Call, CliCommand, HereWorld } from "./command.ts";
import { callFiles } from "./files.ts";
import { beginFile } from "./first_file.ts";
import { callOffline } from "./offline.ts";

/** What a command prints with; lines come without line end. */
export interface Terminal {
  out(line: string): void;
  err(line: string): void;
}

/** What a command runs with. */
export interface CallWorld extends Terminal, Omit<HereWorld, "item" | "call"> {
  commands: readonly CliCommand[];
  /** Who sits there. */
  caller?: Caller;
  /** Asks a person a question. Absent where nobody is there. */
  ask?: (question: string) => Promise<boolean>;
}

/** See the module. */
export async function callCommand({ name, args, json }: Call, world: CallWorld): Promise<0 | 1 | 2> {
  const { file, clock, out, err } = world;
  const command = world.commands.find((each) => each.name === name)!;
  let index = 0;
  let print = out;
  const item = (value: unknown) => {
    const text = json ? JSON.stringify(value) : command.view(value, index++);
    if (text !== "") print(text);
  };
  const call: HereWorld["call"] = (other, words) => callCommand({ name: other, args: words, json }, world);
  try {
    if (command.here !== undefined) return await command.here(args, { ...world, item, call });
    using begun = command.begins === true ? beginFile(file) : undefined;
    const at = begun?.path ?? file;
    const named = (text: string) => begun === undefined ? text : text.replaceAll(begun.path, file);
    const directory = await storageDirectoryOf(at);
    const { sent, save, piped } = await callFiles(command.files ?? {}, { args, world });
    if (piped) print = err;
    const { caller } = world;
    const request = { command: name, args, caller, ...command.files === undefined ? {} : { files: sent } };
    const options: CallOptions = { directory, clock, item, save, warning: (text) => err(named(text)) };
    const run = async (request: ControlRequest) => {
      const called = await callGateway(request, options);
      if (called.kind !== "not running" || command.offline === undefined) return called;
      return await callOffline(request, { ...world, file: at, needs: command.offline, call: options });
    };
    let called = await run(request);
    if (called.kind === "done" && command.asks !== undefined && args.yes !== true && args["dry-run"] !== true) {
      if (world.ask === undefined) return told(err, "Nothing was changed; --yes does it");
      if (!await world.ask(command.asks)) return told(err, "Nothing was changed");
      called = await run({ ...request, args: { ...args, yes: true } });
    }
    switch (called.kind) {
      case "done":
        begun?.keep();
        return 0;
      case "failed":
        err(named(called.text));
        return 1;
      case "not running":
        err(`Cannot run ${name}: no gateway is running on ${directory}`);
        return 1;
      default:
        return called satisfies never;
    }
  } catch (error) {
    err(causeOf(error));
    return 1;
  }
}

/** A word to the person, and the exit code of something that was not done. */
function told(err: (line: string) => void, text: string): 1 {
  err(text);
  return 1;
}
