/**
 * Postern's command line: arguments, signals, exit code; no logic.
 *
 * The gateway is loaded for `run`, and nothing else; commands are loaded where they are called: nobody waits for code that he does not use.
 *
 * @module
 */
import deno from "./deno.json" with { type: "json" };
import { systemClock } from "./src/base/clock.ts";
import { systemRandom } from "./src/base/random.ts";
import { causeOf } from "./src/base/text.ts";
import type { CallWorld } from "./src/cli/call.ts";
import { fileToRun } from "./src/cli/words.ts";

const world = { clock: systemClock, random: systemRandom, hostname: Deno.hostname(), version: deno.version };

/** Shows what is for a person's eyes alone: standard output may be a log that is kept and shipped. */
const onTerminal = Deno.stdout.isTerminal() ? (line: string) => console.log(line) : undefined;

/** Runs until a signal or the command `stop` ends it. The exit code. */
async function run(file: string): Promise<number> {
  const stop = Promise.withResolvers<void>();
  for (const signal of ["SIGTERM", "SIGINT"] as const) Deno.addSignalListener(signal, () => stop.resolve());
  const starting = import("./src/gateway.ts")
    .then(({ startGateway }) => startGateway(file, { ...world, askToStop: stop.resolve, terminal: onTerminal }));
  // Before it runs: a SIGHUP that nobody listens for would end the process.
  Deno.addSignalListener("SIGHUP", () => void starting.then((gateway) => gateway.reload(), () => {}));
  const gateway = await starting;
  await stop.promise;
  await gateway.stop();
  return 0;
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** What a shell gives for a program that SIGPIPE ended; the runtime ignores that signal. */
const brokenPipeCode = 141;

/** Writes as `out` does. Ends the program without a word where nobody reads on, as in `postern queue list | head`: nothing went wrong. */
function outOrEnd(out: (line: string) => void): (line: string) => void {
  return (line) => {
    try {
      out(line);
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) Deno.exit(brokenPipeCode);
      throw error;
    }
  };
}

/** What commands work with. */
async function tools(file: string): Promise<CallWorld> {
  const { cliCommands } = await import("./src/cli/commands/all.ts");
  const { readSecret, standardInput } = await import("./src/cli/secret.ts");
  const { askPerson, lineReader, terminal, writeOctets } = await import("./src/cli/terminal.ts");
  const { openSslEngine } = await import("./src/openssl/engine.ts");
  return {
    ...terminal,
    out: outOrEnd(terminal.out),
    ...world,
    file,
    openEngine: openSslEngine,
    commands: cliCommands,
    caller: { name: Deno.uid() === 0 ? "root" : `uid ${Deno.uid()}`, stages: false },
    ask: Deno.stdin.isTerminal() ? (question) => askPerson(question, () => lineReader()("")) : undefined,
    secret: () => readSecret(standardInput),
    input: standardInput.read,
    output: writeOctets,
  };
}

async function main(): Promise<number> {
  const words = { env: (name: string) => Deno.env.get(name), exists };
  const file = fileToRun(Deno.args, words);
  if (file !== undefined) return await run(file);
  const { parseArguments } = await import("./src/cli/arguments.ts");
  const invocation = parseArguments(Deno.args, words);
  switch (invocation.command) {
    case "run":
      return await run(invocation.config);
    case "check": {
      const { checkFile } = await import("./src/cli/check.ts");
      return await checkFile(invocation.config, await tools(invocation.config));
    }
    case "cli": {
      const { runShell } = await import("./src/cli/shell.ts");
      const { lineReader } = await import("./src/cli/terminal.ts");
      return await runShell({
        ...await tools(invocation.config),
        secret: undefined,
        input: undefined,
        read: lineReader(),
      });
    }
    case "call": {
      const { callCommand } = await import("./src/cli/call.ts");
      return await callCommand(invocation.call, await tools(invocation.config));
    }
    case "version":
      console.log(`Postern ${deno.version}`);
      return 0;
    case "help":
      console.log(invocation.text);
      return 0;
    case "misused":
      console.error(`postern: ${invocation.fault}`);
      return 2;
    default:
      return invocation satisfies never;
  }
}

try {
  Deno.exit(await main());
} catch (error) {
  console.error(causeOf(error));
  Deno.exit(1);
}
