/**
 * The configuration that a command works on: what the file says, or the caller's candidate in the shell.
 *
 * @module
 */
import type { Config } from "../config/config.ts";
import { faultText } from "../config/faults.ts";
import { loadSource } from "../config/load.ts";
import { type CommandContext, CommandError } from "./commands.ts";
import type { FileGround } from "./file_commands.ts";

/**
 * Reads it without asking the TLS engine: that is done when it is changed. `what` stands behind `Cannot`. Rejects with {@linkcode CommandError} where it has
 * faults.
 */
export async function currentConfig(
  { file, hostname, staging }: Pick<FileGround, "file" | "hostname" | "staging">,
  { what, context: { caller, warn } }: { what: string; context: Pick<CommandContext, "caller" | "warn"> },
): Promise<Config> {
  const { text } = await staging.source(caller.stages ? caller.name : undefined);
  const loaded = await loadSource(text, { file, hostname, generation: 1, texts: staging.texts });
  if (loaded.ok) return loaded.config;
  const [first, ...others] = loaded.errors.map(faultText);
  for (const line of others) warn(line);
  throw new CommandError(`Cannot ${what}: ${first}`);
}
