/**
 * Commands that need no gateway, run in this process.
 *
 * @module
 */
import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/random.ts";
import { callCommand } from "../../src/cli/call.ts";
import { parseWords } from "../../src/cli/command.ts";
import { cliCommands } from "../../src/cli/commands/all.ts";
import type { FileEngine } from "../../src/control/file_commands.ts";

/** What a command printed, line by line, and its exit code. */
export interface HereResult {
  code: number;
  out: string[];
  err: string[];
}

/** Runs a command on a file. Words that the command line itself refuses throw. */
export async function runHere(
  words: readonly string[],
  { file, engine, stages = false }: { file: string; engine?: FileEngine; stages?: boolean },
): Promise<HereResult> {
  const parsed = parseWords(words, cliCommands);
  if (parsed.kind !== "call") throw new Error(parsed.kind === "misused" ? parsed.fault : "help was asked for");
  const out: string[] = [];
  const err: string[] = [];
  // A command on files sets TMPDIR, for its process alone as a rule.
  const temporary = Deno.env.get("TMPDIR");
  using _restored = {
    [Symbol.dispose]: () => temporary === undefined ? Deno.env.delete("TMPDIR") : Deno.env.set("TMPDIR", temporary),
  };
  const code = await callCommand(parsed.call, {
    file,
    clock: systemClock,
    random: systemRandom,
    hostname: "gw.example.test",
    openEngine: () => {
      if (engine === undefined) throw new Error("Cannot open the TLS engine: none is wanted here");
      return engine;
    },
    commands: cliCommands,
    caller: { name: "root", stages },
    out: (line) => out.push(line),
    err: (line) => err.push(line),
  });
  return { code, out: out.flatMap((item) => item.split("\n")), err };
}

/** A configuration in a folder of its own, for as long as it is used. */
export async function withFile<T>(source: string, use: (file: string) => Promise<T>): Promise<T> {
  const temporary = Deno.env.get("TMPDIR");
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/c.yaml`, source);
    return await use(`${folder}/c.yaml`);
  } finally {
    // A command on files that opened the engine has set it.
    if (temporary === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", temporary);
    await Deno.remove(folder, { recursive: true });
  }
}
