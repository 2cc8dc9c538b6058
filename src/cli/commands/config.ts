/**
 * Commands on `config.yaml`, on what is staged and on its history, as the command line knows them. What they do stands in
 * `src/control/config_commands.ts` and `src/control/stage_commands.ts`.
 *
 * @module
 */
import { printable } from "../../base/text.ts";
import { flowText, yamlText } from "../../config/edit_render.ts";
import type { ConfigSet, ConfigText, ConfigValue } from "../../control/config_commands.ts";
import type { CommitFacts, HistoryLine, PendingFacts } from "../../control/stage_commands.ts";
import type { CliCommand } from "../command.ts";
import { screen } from "../screen.ts";

const staged =
  "In the shell `postern cli` it is staged until commit; else it is written at once and in force when the command returns.";

const pathHelp = [
  'PATH  keys with dots, rows in brackets: listeners.inbound.sender_groups[0].policy, smtp_routes["example.test"][1]',
];

const showchanges: CliCommand = {
  name: "showchanges",
  usage: "",
  summary: "who has changed what and not committed it",
  offline: "files",
  view: ({ changes }: { changes: PendingFacts[] }) => changes.map(pendingText).join("\n\n") || "Nothing is pending",
};

/** See the module. */
export const configCommands: readonly CliCommand[] = [
  {
    name: "showconfig",
    usage: "[--secrets]",
    summary: "the configuration file; in the shell with what is staged",
    options: { secrets: "flag" },
    offline: "files",
    details: ["--secrets  with the hashes of passwords"],
    view: ({ text }: ConfigText) => screen(text.replace(/\n$/, "")),
  },
  {
    name: "config get",
    usage: "PATH [--secrets]",
    summary: "what the file says under a path, or its default",
    options: { secrets: "flag" },
    operands: { name: "path", min: 1, max: 1 },
    offline: "files",
    details: [...pathHelp, "--secrets  with the hashes of passwords"],
    view: ({ value, set }: ConfigValue) => screen(yamlText(value)) + (set ? "" : "   # default"),
  },
  {
    name: "config set",
    usage: "PATH VALUE [--comment C]",
    summary: "change one value in the file",
    options: { comment: "value" },
    operands: { name: "path", min: 2, max: 2 },
    offline: "files",
    details: [
      ...pathHelp,
      "VALUE  as it stands behind the colon: 10M, true, '[TLSv1.2, TLSv1.3]', '{ tls: required }'",
      staged,
    ],
    view: ({ path, value, staged }: ConfigSet) =>
      `${printable(path)}: ${printable(flowText(value), 200)}${staged ? " (staged)" : ""}`,
  },
  {
    name: "config unset",
    usage: "PATH [--comment C]",
    summary: "take a key or row out of the file",
    options: { comment: "value" },
    operands: { name: "path", min: 1, max: 1 },
    offline: "files",
    details: [...pathHelp, staged],
    view: ({ path, staged }: ConfigSet) => `${printable(path)} is taken out${staged ? " (staged)" : ""}`,
  },
  showchanges,
  { ...showchanges, name: "changes", summary: "the same" },
  {
    name: "commit",
    usage: "[COMMENT] [--merge]",
    summary: "write what is staged into the file and put it in force",
    options: { merge: "flag" },
    operands: { name: "comment", min: 0, max: 100 },
    offline: "files",
    details: [
      "--merge  the file was changed meanwhile, by hand or by somebody else's commit: both changes, where they are about different keys",
    ],
    view: ({ entry, difference }: CommitFacts) =>
      entry === null ? "The file says so already" : `${screen(difference.trimEnd())}\nCommitted as ${entry.id}`,
  },
  {
    name: "abandon",
    usage: "",
    summary: "drop what is staged",
    offline: "files",
    view: () => "What was staged is dropped",
  },
  {
    name: "history",
    usage: "[ID|@N]",
    summary: "configurations that were committed; the difference of one",
    operands: { name: "id", min: 0, max: 1 },
    offline: "files",
    details: ["@N  N entries before what the file says now", "An entry of `file` is an edit by hand."],
    view: (line: HistoryLine, index) => historyText(line, index),
  },
  {
    name: "rollback",
    usage: "ID|@N [--comment C] [--dry-run]",
    summary: "put an earlier configuration into the file and in force",
    options: { comment: "value", "dry-run": "flag" },
    operands: { name: "id", min: 1, max: 1 },
    offline: "files",
    details: ["@1  what the file said before its last change", "--dry-run  only show what would change"],
    view: ({ entry, difference }: CommitFacts) =>
      entry === null
        ? screen(difference.trimEnd()) || "The file says so already"
        : `${screen(difference.trimEnd())}\nRolled back; this is entry ${entry.id}`,
  },
];

function pendingText({ editor, changed, difference, outdated, own, faults }: PendingFacts): string {
  const lines = [`${printable(editor)}${own ? " (you)" : ""}, last changed ${when(changed)}`];
  if (outdated) {
    lines.push("The file was changed since; commit --merge makes both changes where they are about different keys");
  }
  lines.push(screen(difference.trimEnd()));
  for (const fault of faults) lines.push(`Not fit for a commit: ${fault}`);
  return lines.join("\n");
}

function historyText({ id, at, who, comment, difference }: HistoryLine, index: number): string {
  const line = `${String(id).padStart(5)}  ${when(at)}  ${printable(who).padEnd(16)}  ${printable(comment)}`.trimEnd();
  if (difference !== undefined) return `${line}\n${screen(difference.trimEnd())}`;
  return index === 0 ? `   ID  ${"TIME (UTC)".padEnd(19)}  ${"WHO".padEnd(16)}  COMMENT\n${line}` : line;
}

function when(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace("T", " ");
}
