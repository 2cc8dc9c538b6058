/**
 * `postern check`: reads a configuration as the gateway would and says everything that is wrong with it.
 *
 * Errors are the command's result and go to standard output; warnings go to standard error. Nothing is applied, made or locked.
 *
 * @module
 */
import { faultText, warningText } from "../config/faults.ts";
import type { LoadResult } from "../config/load.ts";

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
