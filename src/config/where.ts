/**
 * Where a configuration keeps its state, whatever else is wrong with the file: a command must reach the gateway that runs while its file
 * is being edited.
 *
 * @module
 */
import { dirname, resolve } from "node:path";
import { limits } from "../base/limits.ts";
import { causeOf } from "../base/text.ts";
import { readDocument } from "./document.ts";

/** `storage.directory` of a file, absolute; `./data` beside it where it says nothing. Throws one clear line. */
export async function storageDirectoryOf(file: string): Promise<string> {
  let source: string;
  try {
    const { size } = await Deno.stat(file);
    if (size > limits.configOctetsMax) throw new Error(`it is larger than ${limits.configOctetsMax} octets`);
    source = await Deno.readTextFile(file);
  } catch (error) {
    const cause = error instanceof Deno.errors.NotFound
      ? "there is no such file; --config FILE names one"
      : causeOf(error);
    throw new Error(`Cannot read ${file}: ${cause}`);
  }
  const { value, fatal, faults } = readDocument(source);
  if (fatal) throw new Error(`Cannot read ${file}: line ${faults[0].place.line} ${faults[0].text}`);
  const storage = (value as Record<string, unknown> | null)?.storage as Record<string, unknown> | null | undefined;
  const directory = storage?.directory ?? "./data";
  if (typeof directory !== "string") throw new Error(`Cannot read ${file}: storage.directory is no path`);
  return resolve(dirname(resolve(file)), directory);
}
