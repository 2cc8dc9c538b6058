/**
 * Commands about ACME, as the command line knows them. What they do stands in `src/control/acme_commands.ts`.
 *
 * @module
 */
import { printable } from "../../base/text.ts";
import type { AcmeStatus } from "../../acme/status.ts";
import type { CliCommand } from "../command.ts";

/** See the module. */
export const acmeCommands: readonly CliCommand[] = [
  {
    name: "certconfig acme",
    usage: "NAME",
    summary: "order a profile's certificate from its authority now",
    operands: { name: "profile", min: 1, max: 1 },
    details: [
      "For a profile with `acme`. What is missing is ordered, and what is there is renewed, without this command too: at two",
      "thirds of the certificate's life. It waits until the authority has answered, and the certificate is in service then;",
      "sessions that run keep the one that they began with. Authorities count orders: too many in a week are refused.",
    ],
    view: (status: AcmeStatus) =>
      `${status.profile}: ${status.last?.text ?? "nothing was ordered yet"}\n${acmeLines(status).join("\n")}`,
  },
];

/** How it goes with a profile, in lines; what came of the last attempt left out. */
export function acmeLines({ directory, challenge, names, next, failures, ordering }: AcmeStatus): string[] {
  const failed = failures === 0 ? "" : `; ${failures} ${failures === 1 ? "attempt" : "attempts"} in a row failed`;
  return [
    `By ACME from ${printable(directory)}, by ${challenge}, for ${names.join(", ")}`,
    ordering ? "An order runs now" : `Next order: ${dateText(next.at)}: ${next.why}${failed}`,
  ];
}

/** `2026-11-22 08:15 UTC`. */
export function dateText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
