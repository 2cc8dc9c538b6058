/**
 * `suspend` and `resume`, as the command line knows them. What they do stands in `src/control/suspension_commands.ts`.
 *
 * @module
 */
import { printable } from "../../base/text.ts";
import { suspendedTexts, type SuspensionFacts } from "../../control/suspension.ts";
import type { CliCommand } from "../command.ts";

const shared: Pick<CliCommand, "usage" | "options" | "operands" | "offline" | "view"> = {
  usage: "[listeners|delivery] [--listener NAME] [--domain D]",
  options: { listener: "values", domain: "values" },
  operands: { name: "what", min: 0, max: 1 },
  offline: "queue",
  view: (facts: SuspensionFacts) =>
    suspendedTexts(facts).map((text) => printable(text)).join("\n") || "Nothing is suspended",
};

/** See the module. */
export const suspensionCommands: readonly CliCommand[] = [
  {
    ...shared,
    name: "suspend",
    summary: "take no new sessions, leave mail in the queue; until resume",
    details: [
      "Without words: all listeners and all delivery.",
      "--listener NAME  this listener; it answers 421, and sessions that run may finish",
      "--domain D       delivery to this domain, or to those below .domain",
      "It lasts over reloads and restarts.",
    ],
  },
  {
    ...shared,
    name: "resume",
    summary: "end what was suspended",
    details: ["Without words: everything."],
  },
];
