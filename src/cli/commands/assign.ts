/**
 * Commands that assign certificates, as the command line knows them. What they do stands in `src/control/assign_commands.ts`.
 *
 * @module
 */
import type { AssignFacts } from "../../control/assign_commands.ts";
import type { CliCommand } from "../command.ts";

const places = {
  listener: "value",
  delivery: "flag",
  destination: "value",
  https: "flag",
  ldap: "value",
  syslog: "value",
  updater: "flag",
} as const;

const details = [
  "  --listener L     what a listener shows; several are chosen by the name that a client asks for and by kind of key",
  "  --delivery       what is shown to servers that ask for a certificate",
  "  --destination D  the same, for one destination: a domain, .domain, or default",
  "  --https          what the admin page shows",
  "  --ldap NAME, --syslog NAME, --updater",
  "                   what is shown to the servers of a service",
];

/** See the module. */
export const assignCommands: readonly CliCommand[] = [
  {
    name: "certconfig assign",
    usage: "NAME --listener L [--add]|--https [--add]|--delivery|--destination D|…",
    summary: "show a certificate at a listener, to next hops, on the admin page",
    options: { ...places, add: "flag" },
    operands: { name: "name", min: 1, max: 1 },
    offline: "files",
    details: [
      ...details,
      "  --add            beside what is shown there already, instead of in its place",
      "",
      "Refused: a profile that is not there, a key that does not fit or that no cipher of the service can use. Warned",
      "about: one that is expired, for another name, or not made for the purpose. No session is dropped.",
    ],
    view: assignText,
  },
  {
    name: "certconfig unassign",
    usage: "NAME --listener L|--https|--delivery|--destination D|…",
    summary: "show a certificate there no more",
    options: places,
    operands: { name: "name", min: 1, max: 1 },
    offline: "files",
    details: [
      ...details,
      "",
      "Where none is left, what the file would say without it counts: demo for listeners and the admin page.",
    ],
    view: assignText,
  },
];

function assignText({ where, file, before, now, state }: AssignFacts): string {
  if (before.join() === now.join()) return `${where} shows ${now.join(", ")} already: nothing was changed`;
  const text = (names: readonly string[]) => names.length === 0 ? "(nothing is said)" : names.join(", ");
  const end = {
    "staged": "It waits for commit",
    "in force": `${file} is written and in force`,
    "written": `${file} is written; no gateway runs`,
  };
  return [`${where}`, `  before  ${text(before)}`, `  now     ${text(now)}`, end[state]].join("\n");
}
