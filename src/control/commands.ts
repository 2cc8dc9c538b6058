/**
 * The commands that a running gateway understands, by name.
 *
 * Each part of the gateway adds its own: `commands.add({ name: "status", run: () => facts() })`. A command gives plain data (what JSON can
 * hold) and never text: `--json` shows the data as they are, one value a line, and the text is made of them on the side of the command line, by
 * the `view` of the same name in `src/cli/commands/`. So a new command is two things: its `run` here, and its entry there, which has the usage, the
 * options and the view.
 *
 * Files that the operator names are read on his side and go along ({@linkcode Args.file}); what a command makes for him goes back
 * ({@linkcode CommandContext.save}) and is written there, with his rights. Passwords come the same way, so that none is an argument of a process.
 *
 * `run` returns a value, a promise of one, or an async iterable of several where there is much: each is sent on when it is there, and the
 * next is asked for when it was taken. `undefined` sends nothing. What it throws reaches the operator as one line, so
 * {@linkcode CommandError} is for everything that is his to put right.
 *
 * @module
 */
import type { Octets } from "../base/octets.ts";
import { parseDuration } from "../config/values.ts";
import type { Caller, CommandArgs, ControlAnswer, ControlRequest, SentFile, SentFiles } from "./protocol.ts";
import { tellingOf, type Told, ToldError } from "../base/told.ts";
import { tell } from "./texts.ts";

/** What an operator did wrong, or what cannot be done now; one line. */
export class CommandError extends ToldError {
  override name = "CommandError";
}

/** What a command gets besides its words. */
export interface CommandContext {
  /** Whoever asked has gone: what can be left undone is. */
  signal: AbortSignal;
  /** Who asks, and whether what he changes is staged. */
  caller: Caller;
  /** A line for standard error; `told` says the same for readers of another language. */
  warn(text: string, told?: Told): void;
  /** Hands octets over for the file that the operator named under this option. It is written when all that came before was taken. */
  save(option: string, content: Octets): void;
}

/** A file that the operator named. */
export interface CommandFile {
  /** As he named it, for messages. */
  name: string;
  content: Octets;
}

/** What a command gives. */
export type CommandResult = unknown | Promise<unknown> | AsyncIterable<unknown>;

/** One command. */
export interface Command {
  /** `status`, `queue list`. */
  name: string;
  run(args: Args, context: CommandContext): CommandResult;
}

/** The words of one command, and the files behind them, read by name. Each reader throws {@linkcode CommandError}. */
export class Args {
  readonly #args: CommandArgs;
  readonly #files: SentFiles;

  constructor(args: CommandArgs, files: SentFiles = {}) {
    this.#args = args;
    this.#files = files;
  }

  /** Whether an option stands there, with or without a value. */
  has(name: string): boolean {
    return Object.hasOwn(this.#args, name);
  }

  text(name: string): string | undefined {
    const value = this.has(name) ? this.#args[name] : undefined;
    if (value === undefined || typeof value === "string" && value !== "") return value;
    throw new CommandError(tell("fault.form.one_value", { option: name }));
  }

  /** An operand or option that has to be there. */
  needed(name: string): string {
    const text = this.text(name);
    if (text === undefined) throw new CommandError(tell("fault.form.needed", { option: name }));
    return text;
  }

  /** Operands, or an option that may stand several times. */
  list(name: string): readonly string[] {
    const value = this.has(name) ? this.#args[name] : [];
    if (value === true) throw new CommandError(tell("fault.form.a_value", { option: name }));
    return typeof value === "string" ? [value] : value;
  }

  /** The files that an option or operand names, in their order. */
  files(name: string): CommandFile[] {
    const files = Object.hasOwn(this.#files, name) ? this.#files[name] : [];
    if (files.length === 0 && this.has(name)) throw new CommandError(tell("fault.form.no_file", { option: name }));
    return files.map(decoded);
  }

  /** The file that an option or operand names. */
  file(name: string): CommandFile | undefined {
    return this.files(name).at(0);
  }

  /** A file that has to be there. */
  neededFile(name: string): CommandFile {
    const file = this.file(name);
    if (file === undefined) throw new CommandError(tell("fault.form.file_needed", { option: name }));
    return file;
  }

  /** The password in the file that an option names: its first line. It must not get into any text. */
  password(name: string): string | undefined {
    const file = this.file(name);
    if (file === undefined) return undefined;
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(file.content).split(/\r?\n/, 1)[0];
    } catch {
      throw new CommandError(tell("fault.form.password_text", { file: file.name }));
    }
  }

  /** A whole number from 1 to `max`. */
  count(name: string, max: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (/^\d{1,15}$/.test(text) && Number(text) >= 1 && Number(text) <= max) return Number(text);
    throw new CommandError(tell("fault.form.count", { option: name, value: text, max }));
  }

  /** Milliseconds from `2h`. */
  duration(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const parsed = parseDuration(text);
    if (parsed.ok) return parsed.value;
    throw new CommandError(
      tell("fault.form.time", { option: name, value: text, what: parsed.what, right: parsed.right }),
    );
  }
}

/** See the module. */
export class Commands {
  readonly #commands = new Map<string, Command>();

  /** Adds commands. A name that is taken is a mistake of the program. */
  add(...commands: readonly Command[]): void {
    for (const command of commands) {
      if (this.#commands.has(command.name)) throw new Error(`Cannot add the command ${command.name}: there is one`);
      this.#commands.set(command.name, command);
    }
  }

  /** All names, sorted. */
  get names(): string[] {
    return [...this.#commands.keys()].sort();
  }

  /** Runs a command and hands each line of its answer on, the end included. Never rejects, unless `send` does. */
  async run(
    { command: name, args, files, caller = unnamed }: ControlRequest,
    { signal, send }: { signal: AbortSignal; send: (answer: ControlAnswer) => Promise<void> },
  ): Promise<void> {
    const aside: ControlAnswer[] = [];
    const sendAside = async () => {
      for (const answer of aside.splice(0)) await send(answer);
    };
    const context: CommandContext = {
      signal,
      caller,
      warn: (warning, told) => void aside.push(told === undefined ? { warning } : { warning, told }),
      save: (option, content) => void aside.push({ file: { option, content: content.toBase64() } }),
    };
    let fault: string | Told | undefined;
    try {
      const command = this.#commands.get(name);
      if (command === undefined) throw new CommandError(`Cannot run ${name}: this gateway knows no such command`);
      const result = command.run(new Args(args, files), context);
      for await (const item of isStream(result) ? result : [await result]) {
        await sendAside();
        if (signal.aborted) return;
        if (item !== undefined) await send({ item });
      }
    } catch (error) {
      if (signal.aborted) return;
      fault = error instanceof CommandError ? tellingOf(error) : `Cannot run ${name}: ${shown(error)}`;
    }
    await sendAside();
    await send(fault === undefined ? { end: true } : refusal(fault));
  }
}

/** Somebody who talks to the socket by himself. */
const unnamed: Caller = { name: "command line", stages: false };

function decoded({ name, content }: SentFile): CommandFile {
  try {
    return { name, content: Uint8Array.fromBase64(content) };
  } catch {
    throw new CommandError(`Cannot use ${name}: it came as no base64`);
  }
}

function refusal(fault: string | Told): ControlAnswer {
  return typeof fault === "string" ? { error: fault } : { error: fault.text, told: fault };
}

function isStream(result: CommandResult): result is AsyncIterable<unknown> {
  return typeof result === "object" && result !== null && Symbol.asyncIterator in result;
}

function shown(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, " ");
}
