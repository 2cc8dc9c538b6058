/**
 * The command line: which command, on which file.
 *
 * @module
 */

import { type Call, helpText, parseWords, tableOf } from "./command.ts";
import { cliCommands } from "./commands/all.ts";
import { type ArgumentsWorld, wordsOf } from "./words.ts";

/** What `--help` prints. */
export const usage: string = `Postern, a secure email gateway

  postern run [--config FILE]      run the gateway until SIGTERM or SIGINT; SIGHUP rereads the file
  postern check [--config FILE]    report every error in the file; exit code 1 if there is one
  postern cli [--config FILE]      a shell for the commands below
  postern COMMAND [--config FILE] [--json]
  postern --version
  postern --help

FILE is $POSTERN_CONFIG if that is set, else ./config.yaml, else /etc/postern/config.yaml.
A command goes to the gateway that runs on the file's storage.directory; trace, tlsverify and hash-password need none. --json gives data, one value a line.

${tableOf(cliCommands).replaceAll(/^/gm, "  ")}
`;

/** A command line, understood or not. */
export type Invocation =
  | { command: "run" | "check" | "cli"; config: string }
  | { command: "call"; call: Call; config: string }
  | { command: "version" }
  | { command: "help"; text: string }
  | { command: "misused"; fault: string };

/** Reads a command line. */
export function parseArguments(args: readonly string[], world: ArgumentsWorld): Invocation {
  const found = wordsOf(args, world);
  if ("fault" in found) return misused(found.fault);
  const { words, file } = found;
  const command = words[0];
  switch (command) {
    case undefined:
      return misused("no command; try postern --help");
    case "--version":
    case "-V":
      return { command: "version" };
    case "--help":
    case "-h":
    case "help":
      return words.length === 1 ? { command: "help", text: usage } : called([...words.slice(1), "--help"], file);
    case "run":
    case "check":
    case "cli":
      return alone(command, { words: words.slice(1), file });
    default:
      if (command.startsWith("-")) return misused(`unknown option ${command}`);
      return called(words, file);
  }
}

/** A command that takes no words of its own. */
function alone(
  command: "run" | "check" | "cli",
  { words: [word], file }: { words: readonly string[]; file: string },
): Invocation {
  if (word === undefined) return { command, config: file };
  if (word === "--help" || word === "-h") return { command: "help", text: usage };
  return misused(word.startsWith("-") ? `unknown option ${word}` : `${command} takes no argument ${word}`);
}

/** A command of the table. */
function called(words: readonly string[], file: string): Invocation {
  const parsed = parseWords(words, cliCommands);
  switch (parsed.kind) {
    case "call":
      return { command: "call", call: parsed.call, config: file };
    case "help":
      return { command: "help", text: helpText(parsed.about) };
    case "misused":
      return misused(parsed.fault);
    default:
      return parsed satisfies never;
  }
}

function misused(fault: string): Invocation {
  return { command: "misused", fault };
}
