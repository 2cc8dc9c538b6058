/**
 * Commands about alerts, as the command line knows them. What they do stands in `src/control/alert_commands.ts`.
 *
 * @module
 */
import type { AlertTestFacts } from "../../control/alert_commands.ts";
import type { CliCommand } from "../command.ts";

/** See the module. */
export const alertCommands: readonly CliCommand[] = [
  {
    name: "alerts test",
    usage: "",
    summary: "send a test to every recipient of alerts, the way that alerts take",
    details: ["What the next hop said is shown for each recipient; the exit code is 1 where one could not be reached."],
    view: ({ recipient, sent, text }: AlertTestFacts) => `${recipient}: ${sent ? "sent" : "not sent"}: ${text}`,
  },
];
