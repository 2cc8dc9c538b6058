/**
 * Postern's command line: arguments, signals, exit code; no logic.
 *
 * The gateway is loaded for `run` alone, as the larger commands are where they are called: nobody waits for code that he does not use.
 *
 * @module
 */
import deno from "./deno.json" with { type: "json" };
import { systemClock } from "./src/base/clock.ts";
import { systemRandom } from "./src/base/random.ts";
import { causeOf } from "./src/base/text.ts";
import { parseArguments } from "./src/cli/arguments.ts";
import { callCommand, type CallWorld } from "./src/cli/call.ts";
import { checkFile } from "./src/cli/check.ts";
import { cliCommands } from "./src/cli/commands/all.ts";
import { readSecret, standardInput } from "./src/cli/secret.ts";
import { runShell } from "./src/cli/shell.ts";
import { askPerson, lineReader, terminal, writeOctets } from "./src/cli/terminal.ts";
import { openSslEngine } from "./src/openssl/engine.ts";

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

/** What commands work with. */
function tools(file: string): CallWorld {
  return {
    ...terminal,
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
  const invocation = parseArguments(Deno.args, { env: (name) => Deno.env.get(name), exists });
  switch (invocation.command) {
    case "run":
      return await run(invocation.config);
    case "check":
      return await checkFile(invocation.config, { ...world, openEngine: openSslEngine });
    case "cli":
      return await runShell({ ...tools(invocation.config), secret: undefined, input: undefined, read: lineReader() });
    case "call":
      return await callCommand(invocation.call, tools(invocation.config));
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
