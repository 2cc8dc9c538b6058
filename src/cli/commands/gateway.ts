/**
 * Commands about the gateway as a whole, as the command line knows them. What they do stands in `src/control/gateway_commands.ts`.
 *
 * @module
 */
import type { ReloadFacts } from "../../control/gateway_commands.ts";
import type { CliCommand } from "../command.ts";

/** See the module. */
export const gatewayCommands: readonly CliCommand[] = [
  {
    name: "reload",
    usage: "",
    summary: "read the configuration again, and say what is wrong with it",
    view: ({ file }: ReloadFacts) => `The configuration ${file} is in force`,
  },
  {
    name: "stop",
    usage: "",
    summary: "stop the gateway: sessions may finish, for 30 s at most",
    view: ({ pid }: { pid: number }) => `The gateway (process ${pid}) is stopping`,
  },
];
