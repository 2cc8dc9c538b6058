/**
 * `saveconfig` and `loadconfig`, as the command line knows them. What they do stands in `src/control/backup_commands.ts`.
 *
 * @module
 */
import { printable } from "../../base/text.ts";
import type { LoadedFacts, SavedFacts } from "../../control/backup_commands.ts";
import type { CliCommand } from "../command.ts";
import { countText, sizeText } from "../format.ts";
import { screen } from "../screen.ts";

const passwordHelp = "--password-file F  the password is the first line of F; - asks for it, or reads it from a pipe";

/** See the module. */
export const backupCommands: readonly CliCommand[] = [
  {
    name: "saveconfig",
    usage: "FILE --password-file F [--force]",
    summary: "configuration, certificates and keys in one file under a password",
    options: { "password-file": "value", force: "flag" },
    operands: { name: "file", min: 1, max: 1 },
    files: { file: "save", "password-file": "secret" },
    offline: "files",
    details: [
      passwordHelp,
      "--force            replaces FILE",
      "It holds config.yaml, what is under certificates in the storage, and the files that the configuration names. Mail and logs are not in it.",
    ],
    view: ({ files, octets }: SavedFacts) =>
      `Saved: the configuration and ${countText(files.length, "file")}, ${sizeText(octets)}`,
  },
  {
    name: "loadconfig",
    usage: "FILE --password-file F [--yes|--dry-run] [--outside]",
    summary: "show what an archive of saveconfig would change, and restore it",
    options: { "password-file": "value", yes: "flag", "dry-run": "flag", outside: "flag" },
    operands: { name: "file", min: 1, max: 1 },
    files: { file: "read", "password-file": "secret" },
    offline: "files",
    asks: "Restore this?",
    details: [
      passwordHelp,
      "--yes              restores without asking",
      "--dry-run          only shows",
      "--outside          also writes files outside of the storage and of the folder of config.yaml; without it they are left alone",
      "This gateway keeps its own storage.directory. What a symbolic link leads to is never written.",
      "Where there is no config.yaml yet, as on a new machine, it is made.",
    ],
    begins: true,
    // Shown and asked about already where it is the second result: then it is done, and that is all there is to say.
    view: (facts: LoadedFacts, index) => facts.done && index > 0 ? "Restored" : loadedText(facts),
  },
];

function loadedText({ made, hostname, difference, files, done }: LoadedFacts): string {
  const when = new Date(made).toISOString().slice(0, 19).replace("T", " ");
  const lines = [`Made ${when} UTC on ${printable(hostname)}`];
  lines.push(difference === "" ? "config.yaml stays as it is" : screen(difference.trimEnd()));
  for (const { path, deed, was, will, why } of files) {
    if (deed === "same") continue;
    lines.push(`${deed.padEnd(8)} ${printable(path)}${why === undefined ? "" : ` (${printable(why)})`}`);
    if (was !== undefined) lines.push(`    now  ${was}`);
    if (will !== undefined) lines.push(`    then ${will}`);
  }
  const unchanged = files.filter(({ deed }) => deed === "same").length;
  if (unchanged > 0) {
    lines.push(
      `${countText(unchanged, "file")} stay${unchanged === 1 ? "s" : ""} as ${unchanged === 1 ? "it is" : "they are"}`,
    );
  }
  if (done) lines.push("Restored");
  return lines.join("\n");
}
