/**
 * `postern check`: reads a configuration as the gateway would and says everything that is wrong with it.
 *
 * Errors are the command's result and go to standard output; warnings go to standard error. Nothing is applied, made or locked.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { tlsCheck, type TlsCheckWorld } from "../certs/check.ts";
import type { Config } from "../config/config.ts";
import type { Findings } from "../config/cross.ts";
import { faultText, warningText } from "../config/faults.ts";
import { loadConfig, type LoadResult } from "../config/load.ts";
import { privateFolder } from "./private_folder.ts";

/** What the command works with. */
export interface CheckOptions {
  /** The file as the owner named it. */
  file: string;
  /** `loadConfig` with the machine's world. */
  load: (file: string) => Promise<LoadResult>;
  /** A line for standard output, a line for standard error; both without line end. */
  out: (line: string) => void;
  err: (line: string) => void;
}

/** Checks a file. The exit code: 0 where it can be applied, warnings or not; 1 where it cannot. */
export async function checkCommand({ file, load, out, err }: CheckOptions): Promise<0 | 1> {
  const result = await load(file);
  for (const warning of result.warnings) err(warningText(warning));
  if (result.ok) {
    out(`${file}: valid`);
    return 0;
  }
  for (const error of result.errors) out(faultText(error));
  return 1;
}

/** {@linkcode checkCommand} on this machine: with OpenSSL, on the terminal. */
export async function checkFile(
  file: string,
  { clock, hostname, openEngine }: { clock: Clock; hostname: string; openEngine: () => TlsCheckWorld["engine"] },
): Promise<0 | 1> {
  await using folder = privateFolder();
  const checkTls = async (config: Config): Promise<Findings> => {
    await folder.make(config.storage.directory);
    return await tlsCheck({ engine: openEngine(), now: clock.now })(config);
  };
  return await checkCommand({
    file,
    load: (path) => loadConfig(path, { hostname, generation: 1, checkTls }),
    out: (line) => console.log(line),
    err: (line) => console.error(line),
  });
}
