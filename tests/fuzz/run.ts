/**
 * A run of the fuzzers in a process of its own, for tests.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { textOf } from "../../src/base/octets.ts";

/** Runs them with these names and variables, and gives what was printed. */
export async function fuzz(args: string[], env: Record<string, string>): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--v8-flags=--expose-gc", fileURLToPath(import.meta.resolve("./main.ts")), ...args],
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  return { code, text: textOf(stdout) + textOf(stderr) };
}
