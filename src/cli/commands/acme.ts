/**
 * Commands about ACME, as the command line knows them. What they do stands in `src/control/acme_commands.ts`.
 *
 * @module
 */
import type { AcmeStatus } from "../../acme/keeper.ts";
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
    view: ({ profile, last, next }: AcmeStatus) =>
      [
        `${profile}: ${last?.text ?? "nothing was ordered yet"}`,
        ...(next === undefined
          ? []
          : [`The next order: ${new Date(next.at).toISOString().slice(0, 10)}, when ${next.why}`]),
      ].join("\n"),
  },
];
