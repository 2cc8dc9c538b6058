/**
 * What the command line knows of a command that the gateway runs: its words, and how its results look as text.
 *
 * The words are only sorted here, into options and operands; their values are the gateway's to judge (`src/control/commands.ts`). The view
 * makes text of the plain data that the command gave; with `--json` the data are printed as they came, one value a line.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Octets } from "../base/octets.ts";
import type { Random } from "../base/random.ts";
import type { FileUse } from "./files.ts";
import type { Secret } from "./secret.ts";
import type { RecipientCheck } from "../mail/recipient_check.ts";
import type { FileEngine } from "../control/file_commands.ts";
import type { CommandArgs } from "../control/protocol.ts";

/** What a command works with that needs no gateway: the configuration file as the owner named it, and the machine. */
export interface HereWorld {
  file: string;
  clock: Clock;
  random: Random;
  /** The machine's name. */
  hostname: string;
  /** Opens the TLS engine; in the binary that unpacks its libraries to TMPDIR. */
  openEngine(): FileEngine;
  /** Who knows recipients, where a gateway runs here; absent: directories are asked over connections of our own. */
  recipients?: RecipientCheck;
  /** Asks a person, or reads from a pipe, what must not be shown. Absent where standard input is read by somebody else, as the shell. */
  secret?: () => Promise<Secret>;
  /** Standard input as octets; absent likewise. */
  input?: (into: Uint8Array) => Promise<number | null>;
  /** Standard output as octets: for a file called `-`. */
  output?: (content: Octets) => void;
  /** The next line that a person types, behind a prompt; null at the end. In the shell only. */
  askLine?: (prompt: string) => Promise<string | null>;
  /** Runs another command of the command line. */
  call?: (name: string, args: CommandArgs) => Promise<0 | 1 | 2>;
  /** Gives a result, as a gateway would. */
  item(value: unknown): void;
  /** A line for standard error. */
  err(line: string): void;
}

/** One command. Its entry stands in a table in `src/cli/commands/`. */
export interface CliCommand {
  /** `status`, `queue list`. */
  name: string;
  /** The words behind the name, for people: `[--sender S] MID…`. */
  usage: string;
  /** What it does, in a line. */
  summary: string;
  /** Options without their dashes: with a value, with one each time it stands there, or without. `json` and `config` are everybody's. */
  options?: Readonly<Record<string, "value" | "values" | "flag">>;
  /** Words that are no options: the name under which they are sent; a single text where `max` is 1, else a list. */
  operands?: { name: string; min: number; max: number };
  /** Options and operands whose words name files of the caller's; see `files.ts`. Beside `save` the option `force` lets a file be replaced. */
  files?: Readonly<Record<string, FileUse>>;
  /** It shows first and asks this question, unless `--yes` or `--dry-run` stands there; then it is called again with `yes`. */
  asks?: string;
  /** Explains options, one a line: what `help COMMAND` shows below the usage. */
  details?: readonly string[];
  /**
   * It changes or shows files, and so works on a gateway that does not run: on a `queue` that is there; or on the other `files`, which may not be there yet.
   */
  offline?: "queue" | "files";
  /** It may be the first on its machine: where the configuration file is missing it works on one that is begun; see `first_file.ts`. */
  begins?: boolean;
  /** Does it here, without a gateway. The exit code: 2 where words or the configuration make no sense; 1 means what the help says. */
  here?(args: CommandArgs, world: HereWorld): Promise<0 | 1 | 2>;
  /**
   * The text of one result, without the last line end; several lines where wanted, empty for nothing to say. `index` counts results from 0. Texts from
   * peers have to pass `printable`.
   */
  // deno-lint-ignore no-explicit-any -- each view knows the data of its own command
  view(item: any, index: number): string;
}

/** A command with its words sorted. */
export interface Call {
  name: string;
  args: CommandArgs;
  json: boolean;
}

/** Words that were understood, or not, or that ask for help on one command. */
export type ParsedWords =
  | { kind: "call"; call: Call }
  | { kind: "help"; about: readonly CliCommand[] }
  | { kind: "misused"; fault: string };

/** Sorts the words of a command. */
export function parseWords(words: readonly string[], commands: readonly CliCommand[]): ParsedWords {
  const command = commandOf(words, commands);
  if (command === undefined) return unknownCommand(words, commands);
  const args: Record<string, string | string[] | true> = {};
  const operands: string[] = [];
  const rest = words.slice(command.name.split(" ").length);
  let json = false;
  const misused = (what: string): ParsedWords => ({ kind: "misused", fault: `${command.name}: ${what}` });
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at];
    if (word === "--help" || word === "-h") return { kind: "help", about: [command] };
    if (word === "--json") {
      json = true;
      continue;
    }
    if (!word.startsWith("-") || word === "-") {
      operands.push(word);
      continue;
    }
    const [name, joined] = optionOf(word);
    const kind = Object.hasOwn(command.options ?? {}, name) ? command.options![name] : undefined;
    if (kind === undefined || !word.startsWith("--")) return misused(`unknown option ${word}; ${usageOf(command)}`);
    if (kind === "flag") {
      if (joined !== undefined) return misused(`--${name} takes no value`);
      args[name] = true;
      continue;
    }
    const value = joined ?? rest[++at];
    if (value === undefined) return misused(`--${name} needs a value behind it`);
    if (kind === "values") args[name] = [...(args[name] as string[] | undefined) ?? [], value];
    else if (name in args) return misused(`--${name} stands there twice`);
    else args[name] = value;
  }
  const { name, min, max } = command.operands ?? { name: "", min: 0, max: 0 };
  if (operands.length < min) return misused(`something is missing; ${usageOf(command)}`);
  if (operands.length > max) return misused(`it takes no ${operands[max]}; ${usageOf(command)}`);
  if (operands.length > 0) args[name] = max === 1 ? operands[0] : operands;
  return { kind: "call", call: { name: command.name, args, json } };
}

/** `postern queue show MID`. */
export function usageOf({ name, usage }: CliCommand): string {
  return `usage: ${name}${usage === "" ? "" : ` ${usage}`}`;
}

/** All of these in two columns: usage and summary. */
export function tableOf(commands: readonly CliCommand[]): string {
  const rows = commands.map((each) => [`${each.name} ${each.usage}`.trimEnd(), each.summary]);
  const width = Math.min(Math.max(...rows.map(([left]) => left.length)), usageWidthMax);
  return rows.map(([left, right]) => {
    const own = left.length > width ? `${left}\n${" ".repeat(width)}` : left.padEnd(width);
    return `${own}  ${right}`;
  }).join("\n");
}

/** The answer to `--help`: of one command alone its details too. */
export function helpText(about: readonly CliCommand[]): string {
  if (about.length > 1) return tableOf(about);
  const [{ summary, details = [] }] = about;
  return [usageOf(about[0]), "", summary, ...(details.length > 0 ? ["", ...details] : [])].join("\n");
}

/** A usage that is wider stands on a line of its own. */
const usageWidthMax = 34;

function commandOf(words: readonly string[], commands: readonly CliCommand[]): CliCommand | undefined {
  return commands.find(({ name }) => name.split(" ").every((part, at) => words[at] === part));
}

function unknownCommand(words: readonly string[], commands: readonly CliCommand[]): ParsedWords {
  const below = (depth: number) =>
    commands.filter(({ name }) => name.startsWith(`${words.slice(0, depth).join(" ")} `));
  // As deep as there are commands: `certconfig crls` has some of its own.
  let depth = 0;
  while (depth < words.length && below(depth + 1).length > 0) depth++;
  const family = below(depth);
  if (depth === 0) return { kind: "misused", fault: `unknown command ${words[0]}; try help` };
  if (words.length === depth || words.includes("--help") || words.includes("-h")) {
    return { kind: "help", about: family };
  }
  const known = [...new Set(family.map(({ name }) => name.split(" ")[depth]))].join(", ");
  return { kind: "misused", fault: `unknown command ${words.slice(0, depth + 1).join(" ")}; there are ${known}` };
}

function optionOf(word: string): [name: string, joined: string | undefined] {
  const equals = word.indexOf("=");
  return equals < 0 ? [word.slice(2), undefined] : [word.slice(2, equals), word.slice(equals + 1)];
}
