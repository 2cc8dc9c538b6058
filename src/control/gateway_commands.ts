/**
 * Commands about the gateway as a whole: `reload`, `stop`.
 *
 * @module
 */
import { type Command, CommandError } from "./commands.ts";

/** What these commands do it with. */
export interface GatewayHands {
  /** The configuration file, as the owner named it. */
  file: string;
  /** Reads it again: the lines that say what is wrong; none where it is in force. */
  reload(): Promise<readonly string[]>;
  /** Certificates whose files cannot be used though the file is in force, a line each. */
  unfit(): readonly string[];
  /** Begins to stop. */
  stop(): void;
}

/** What `reload` gives. */
export interface ReloadFacts {
  file: string;
}

/** See the module. */
export function gatewayCommands({ file, reload, unfit, stop }: GatewayHands): Command[] {
  return [
    {
      name: "reload",
      async run(_args, { warn }): Promise<ReloadFacts> {
        const faults = await reload();
        for (const line of [...faults, ...unfit()]) warn(line);
        if (faults.length === 0) return { file };
        throw new CommandError(`Cannot apply ${file}: what was in force before still is`);
      },
    },
    {
      name: "stop",
      run(): { pid: number } {
        stop();
        return { pid: Deno.pid };
      },
    },
  ];
}
