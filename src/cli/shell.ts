/**
 * `postern cli`: the commands of the gateway, one after the other, without `postern` in front.
 *
 * Words are split at blanks; quotes hold some together. A line that begins with `#` is a remark, so that files of commands can be piped in.
 * What its commands change in the configuration is staged until `commit` or `abandon`; it waits there when the shell ends, too.
 * The shell ends with `quit`, `exit` or the end of its input; the exit code is that of the last command.
 *
 * @module
 */
import { callCommand, type CallWorld } from "./call.ts";
import { helpText, parseWords, tableOf } from "./command.ts";
import { askPerson } from "./terminal.ts";

/** What the shell runs with. */
export interface ShellWorld extends CallWorld {
  /** The next line, without its end; `null` at the end of the input. */
  read(prompt: string): Promise<string | null>;
}

const own = `help [COMMAND]                      what there is; what one command takes
quit                                end`;

/** Runs until the input ends. The exit code of the last command. */
export async function runShell(outer: ShellWorld): Promise<number> {
  const { caller } = outer;
  // A pipe cannot be asked: its next line is the next command.
  const ask = outer.ask && ((question: string) => askPerson(question, () => outer.read("")));
  const world: ShellWorld = { ...outer, ask, caller: caller && { ...caller, stages: true } };
  let code = 0;
  let changed = false;
  for (let line = await world.read("postern> "); line !== null; line = await world.read("postern> ")) {
    const words = splitWords(line);
    if (words === undefined) {
      world.err("Cannot read the line: a quote is open");
      code = 2;
      continue;
    }
    if (words.length === 0 || words[0].startsWith("#")) continue;
    if (words[0] === "quit" || words[0] === "exit") break;
    changed ||= /^(config|certconfig|sslconfig)$/.test(words[0]);
    code = await runLine(words, world);
  }
  if (changed && caller !== undefined) await tellPending(world);
  return code;
}

/** What this shell staged and did not commit is not lost, and not in force. */
async function tellPending(world: ShellWorld): Promise<void> {
  const out = (line: string) => {
    const { changes }: { changes: { own: boolean }[] } = JSON.parse(line);
    if (changes.some(({ own }) => own)) world.err("Changes are staged and not in force: commit, or abandon");
  };
  await callCommand({ name: "showchanges", args: {}, json: true }, { ...world, out, err: () => {} });
}

async function runLine(words: readonly string[], world: ShellWorld): Promise<number> {
  if (words[0] === "help") {
    if (words.length === 1) {
      world.out(`${tableOf(world.commands)}\n${own}`);
      return 0;
    }
    words = [...words.slice(1), "--help"];
  }
  const parsed = parseWords(words, world.commands);
  switch (parsed.kind) {
    case "call":
      return await callCommand(parsed.call, { ...world, askLine: world.read });
    case "help":
      world.out(helpText(parsed.about));
      return 0;
    case "misused":
      world.err(parsed.fault);
      return 2;
    default:
      return parsed satisfies never;
  }
}

/** The words of a line; `undefined` where a quote is not closed. */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (const character of line) {
    if (quote !== undefined) {
      if (character === quote) quote = undefined;
      else word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= "";
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + character;
  }
  if (quote !== undefined) return undefined;
  return word === undefined ? words : [...words, word];
}
