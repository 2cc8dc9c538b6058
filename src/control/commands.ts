/**
 * The commands that a running gateway understands, by name.
 *
 * Each part of the gateway adds its own: `commands.add({ name: "status", run: () => facts() })`. A command gives plain data (what JSON can
 * hold) and never text: `--json` shows the data as they are, one value a line, and the text is made of them on the side of the command line, by
 * the `view` of the same name in `src/cli/commands/`. So a new command is two things: its `run` here, and its entry there, which has the usage, the
 * options and the view.
 *
 * `run` returns a value, a promise of one, or an async iterable of several where there is much: each is sent on when it is there, and the
 * next is asked for when it was taken. `undefined` sends nothing. What it throws reaches the operator as one line, so
 * {@linkcode CommandError} is for everything that is his to put right.
 *
 * @module
 */
import { parseDuration } from "../config/values.ts";
import type { CommandArgs, ControlAnswer, ControlRequest } from "./protocol.ts";

/** What an operator did wrong, or what cannot be done now; one line. */
export class CommandError extends Error {
  override name = "CommandError";
}

/** What a command gets besides its words. */
export interface CommandContext {
  /** Whoever asked has gone: what can be left undone is. */
  signal: AbortSignal;
  /** A line for standard error. */
  warn(text: string): void;
}

/** What a command gives. */
export type CommandResult = unknown | Promise<unknown> | AsyncIterable<unknown>;

/** One command. */
export interface Command {
  /** `status`, `queue list`. */
  name: string;
  run(args: Args, context: CommandContext): CommandResult;
}

/** The words of one command, read by name. Each reader throws {@linkcode CommandError}. */
export class Args {
  readonly #args: CommandArgs;

  constructor(args: CommandArgs) {
    this.#args = args;
  }

  /** Whether an option stands there, with or without a value. */
  has(name: string): boolean {
    return Object.hasOwn(this.#args, name);
  }

  text(name: string): string | undefined {
    const value = this.has(name) ? this.#args[name] : undefined;
    if (value === undefined || typeof value === "string" && value !== "") return value;
    throw new CommandError(`Cannot use --${name}: it needs one value`);
  }

  /** An operand or option that has to be there. */
  needed(name: string): string {
    const text = this.text(name);
    if (text === undefined) throw new CommandError(`Cannot go on without ${name}`);
    return text;
  }

  /** Operands, or an option that may stand several times. */
  list(name: string): readonly string[] {
    const value = this.has(name) ? this.#args[name] : [];
    if (value === true) throw new CommandError(`Cannot use --${name}: it needs a value`);
    return typeof value === "string" ? [value] : value;
  }

  /** A whole number from 1 to `max`. */
  count(name: string, max: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (/^\d{1,15}$/.test(text) && Number(text) >= 1 && Number(text) <= max) return Number(text);
    throw new CommandError(`Cannot use --${name} ${text}: a whole number from 1 to ${max}`);
  }

  /** Milliseconds from `2h`. */
  duration(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const parsed = parseDuration(text);
    if (parsed.ok) return parsed.value;
    throw new CommandError(`Cannot use --${name} ${text}: it ${parsed.what}; ${parsed.right}`);
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
    { command: name, args }: ControlRequest,
    { signal, send }: { signal: AbortSignal; send: (answer: ControlAnswer) => Promise<void> },
  ): Promise<void> {
    const warnings: string[] = [];
    const sendWarnings = async () => {
      for (const warning of warnings.splice(0)) await send({ warning });
    };
    let fault: string | undefined;
    try {
      const command = this.#commands.get(name);
      if (command === undefined) throw new CommandError(`Cannot run ${name}: this gateway knows no such command`);
      const result = command.run(new Args(args), { signal, warn: (text) => void warnings.push(text) });
      for await (const item of isStream(result) ? result : [await result]) {
        await sendWarnings();
        if (signal.aborted) return;
        if (item !== undefined) await send({ item });
      }
    } catch (error) {
      if (signal.aborted) return;
      fault = error instanceof CommandError ? error.message : `Cannot run ${name}: ${shown(error)}`;
    }
    await sendWarnings();
    await send(fault === undefined ? { end: true } : { error: fault });
  }
}

function isStream(result: CommandResult): result is AsyncIterable<unknown> {
  return typeof result === "object" && result !== null && Symbol.asyncIterator in result;
}

function shown(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, " ");
}
