/**
 * The command line: which command, on which file.
 *
 * @module
 */

/** What `--help` prints. */
export const usage = `Postern, a secure email gateway

  postern run [--config FILE]      run the gateway until SIGTERM or SIGINT; SIGHUP rereads the file
  postern check [--config FILE]    report every error in the file; exit code 1 if there is one
  postern --version
  postern --help

FILE is $POSTERN_CONFIG if that is set, else ./config.yaml, else /etc/postern/config.yaml.
`;

/** A command line, understood or not. */
export type Invocation =
  | { command: "run" | "check"; config: string }
  | { command: "version" | "help" }
  | { command: "misused"; fault: string };

/** What the command line reads of the world. */
export interface ArgumentsWorld {
  /** An environment variable. */
  env: (name: string) => string | undefined;
  /** Whether a file is there. */
  exists: (path: string) => boolean;
}

/** Reads a command line. */
export function parseArguments(args: readonly string[], world: ArgumentsWorld): Invocation {
  let command: string | undefined;
  let config: string | undefined;
  for (let at = 0; at < args.length; at++) {
    const word = args[at];
    if (word === "--version" || word === "-V") return { command: "version" };
    if (word === "--help" || word === "-h" || word === "help") return { command: "help" };
    if (word === "--config" || word === "-c") {
      config = args[++at];
      if (config === undefined) return misused("--config needs a file name behind it");
    } else if (word.startsWith("--config=")) config = word.slice("--config=".length);
    else if (word.startsWith("-")) return misused(`unknown option ${word}`);
    else if (command === undefined) command = word;
    else return misused(`${command} takes no argument ${word}`);
  }
  if (config === "") return misused("--config needs a file name behind it");
  if (command === undefined) return misused("no command; try postern --help");
  if (command !== "run" && command !== "check") return misused(`unknown command ${command}; there are run and check`);
  return { command, config: config ?? defaultConfig(world) };
}

function misused(fault: string): Invocation {
  return { command: "misused", fault };
}

function defaultConfig({ env, exists }: ArgumentsWorld): string {
  const named = env("POSTERN_CONFIG");
  if (named !== undefined && named !== "") return named;
  return exists("./config.yaml") || !exists("/etc/postern/config.yaml") ? "./config.yaml" : "/etc/postern/config.yaml";
}
