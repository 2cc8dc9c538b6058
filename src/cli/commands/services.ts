/**
 * `services` and `updatenow` as the command line knows them. What they do stands in `src/control/service_commands.ts`.
 *
 * @module
 */
import { printable } from "../../base/text.ts";
import { day } from "../../certs/lists.ts";
import type { UpdateStatus } from "../../certs/updates.ts";
import type { DirectoryItem, LogHostItem, ServicesItem, UpdateItem } from "../../control/service_commands.ts";
import type { CliCommand } from "../command.ts";

/** See the module. */
export const serviceCommands: readonly CliCommand[] = [
  {
    name: "services",
    usage: "",
    summary: "how the directories, the log hosts and the updater do",
    view: servicesText,
  },
  {
    name: "updatenow",
    usage: "",
    summary: "fetch what services.updater names now",
    details: ["Exit code 1 where it cannot be had; what was fetched before, or the system's list, goes on."],
    view: ({ updates }: UpdateItem) => updateLines(updates).join("\n"),
  },
];

function servicesText({ directories, logHosts, updates }: ServicesItem): string {
  const lines = [
    ...directories.flatMap(directoryLines),
    ...logHosts.flatMap(hostLines),
    ...updates === undefined ? [] : updateLines(updates),
  ];
  return lines.join("\n") ||
    "There are no client services: no directory was asked so far, services.syslog and services.updater are empty";
}

function directoryLines({ name, servers, known, unknown, failed, remembered }: DirectoryItem): string[] {
  return [
    `ldap ${
      printable(name)
    }: ${known} known, ${unknown} unknown, ${failed} without an answer; ${remembered} from memory`,
    ...servers.flatMap(({ url, state, fault }) => [
      `  server   ${printable(url)}: ${state}`,
      ...fault === undefined ? [] : [`  failed   ${fault}`],
    ]),
  ];
}

function hostLines({ name, server, transport, state, sent, waiting, dropped, fault }: LogHostItem): string[] {
  const counts = `${sent} lines sent, ${waiting} waiting, ${dropped} dropped`;
  return [
    `syslog ${printable(name)} (${printable(server)}, ${transport}): ${state}`,
    `  lines    ${counts}`,
    ...fault === undefined ? [] : [`  failed   ${fault}`],
  ];
}

/** How the fetching of the list goes that stands in for the system's. */
export function updateLines({ url, held, fetching }: UpdateStatus): string[] {
  const fetched = fetching?.fetched === undefined ? "not yet" : day(fetching.fetched);
  return [
    `updater ca_bundle: ${printable(url)}`,
    `  fetched  ${fetched}${held ? "" : "; the system's own list is used"}`,
    ...fetching === undefined ? [] : [`  next     ${day(fetching.next)}`],
    ...fetching?.failure === undefined ? [] : [`  failed   ${printable(fetching.failure)}`],
  ];
}
