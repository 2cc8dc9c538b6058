/**
 * From a file to a snapshot, or to everything that is wrong with it at once.
 *
 * Faulty parts are taken out and the rest is checked on, so that the owner corrects a file in one go. Nothing of a faulty file is
 * applied.
 *
 * @module
 */
import { resolve as resolvePath } from "node:path";
import { limits } from "../base/limits.ts";
import type { Config } from "./config.ts";
import type { Findings } from "./cross.ts";
import { readDocument, type Said } from "./document.ts";
import { type Fault, type Finding, type Path, pathText } from "./faults.ts";
import { configFiles } from "./files.ts";
import { forgetReading, placeFindings, type ReadQuestion, readText } from "./read_text.ts";
import { frozen } from "./resolve.ts";
import type { TextWork } from "./text_work.ts";

/** What a configuration takes from outside its file. */
export interface LoadWorld {
  /** Reads long texts beside this thread; absent: here. */
  texts?: TextWork;
  /** The machine's name: `Deno.hostname()`. */
  hostname: string;
  /** Counts up with each configuration that is applied; 1 for the first. */
  generation: number;
  /**
   * Checks against the TLS engine: what it finds gets its place in the file. See `src/certs/check.ts`. `whole`: nothing is wrong so far, and
   * nothing was taken out.
   */
  checkTls?: (config: Config, facts: { whole: boolean }) => Promise<Findings>;
  /**
   * Makes what the configuration needs (listeners, contexts), so that what fails there gets its place too. Only called for a configuration
   * that nothing is wrong with so far: `checkTls` may see one that faulty parts were taken out of.
   */
  prepare?: (config: Config) => Promise<Findings>;
}

/**
 * A snapshot, with what the file itself says under a path, or why there is none. Both come with warnings, and with the files that were
 * named, absolute: a change of one of them may put right what is wrong.
 */
export type LoadResult =
  | { ok: true; config: Config; warnings: Fault[]; files: string[]; said: (path: Path) => Said | undefined }
  | { ok: false; errors: Fault[]; warnings: Fault[]; files: string[] };

/** Reads, validates and resolves a configuration file. Never throws for what is in the file, nor for a file that cannot be read. */
export async function loadConfig(file: string, world: LoadWorld): Promise<LoadResult> {
  const source = await readSource(file);
  if (typeof source !== "string") return unreadable(file, source.cause);
  return await loadSource(source, { ...world, file });
}

/** As {@linkcode loadConfig}, for text that is not in the file yet. Relative paths start at the folder of `file`. */
export async function loadSource(source: string, world: LoadWorld & { file: string }): Promise<LoadResult> {
  const { file, hostname, generation, texts } = world;
  const question: ReadQuestion = { text: source, file, hostname, generation };
  const read = texts === undefined ? readText(question) : await texts.run("read", question);
  const errors = [...read.errors];
  const refused = (warnings: Fault[], files = [resolvePath(file)]): LoadResult => ({
    ok: false,
    errors: sortedFaults(errors),
    warnings,
    files,
  });
  if (read.config === undefined) return refused([]);
  const config = frozen(read.config);
  const tls = await world.checkTls?.(config, { whole: errors.length === 0 }) ?? { errors: [], warnings: [] };
  // One slip, one line: what is refused already is not tried on the engine's word too.
  const told = new Set(read.told);
  tls.errors = tls.errors.filter(({ path }) => !told.has(pathText(path)));
  const made = errors.length + tls.errors.length === 0 ? await world.prepare?.(config) : undefined;
  const place = async (findings: Finding[]): Promise<Fault[]> => {
    if (findings.length === 0) return [];
    const asked = { ...question, findings };
    return texts === undefined ? placeFindings(asked) : await texts.run("place", asked);
  };
  errors.push(...await place([...tls.errors, ...made?.errors ?? []]));
  const warnings = sortedFaults([...read.warnings, ...await place([...tls.warnings, ...made?.warnings ?? []])]);
  if (texts === undefined) forgetReading();
  const files = configFiles(config);
  if (errors.length > 0) return refused(warnings, files);
  return { ok: true, config, warnings, files, said: (path) => readDocument(source).find(path) };
}

/** More than these are not read by anyone: a bracket that is missing can make thousands. */
const faultsMax = 100;

/** In the order of the file, and no more than are read. */
export function sortedFaults(faults: readonly Fault[]): Fault[] {
  const all = faults.toSorted((a, b) => a.line - b.line || a.column - b.column);
  if (all.length <= faultsMax) return all;
  const last = all[faultsMax];
  return [...all.slice(0, faultsMax), {
    ...last,
    path: "config",
    text: `has ${all.length - faultsMax} more faults; these first`,
  }];
}

/** The text of a configuration file, or why it cannot be had. Never more than the limit is held. */
export async function readSource(file: string): Promise<string | { cause: string }> {
  try {
    using open = await Deno.open(file);
    const info = await open.stat();
    if (info.isDirectory) return { cause: "is a folder; a YAML file" };
    // One octet more than it has, to see its end, and than it may have.
    let bytes = new Uint8Array(Math.min(Math.max(info.size, 4_096), limits.configOctetsMax) + 1);
    let length = 0;
    for (;;) {
      const read = await open.read(bytes.subarray(length));
      if (read === null || read === 0) break;
      length += read;
      // A device or a pipe says no size, and a file may grow meanwhile.
      if (length < bytes.length || length > limits.configOctetsMax) continue;
      const more = new Uint8Array(Math.min(2 * length, limits.configOctetsMax + 1));
      more.set(bytes);
      bytes = more;
    }
    if (length > limits.configOctetsMax) {
      return { cause: `is larger than ${limits.configOctetsMax} octets; a smaller file` };
    }
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length));
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return { cause: "no such file; name it with --config FILE" };
    if (thrown instanceof Deno.errors.PermissionDenied) return { cause: "may not be read; permission for this user" };
    if (thrown instanceof TypeError) return { cause: "is not UTF-8; text in UTF-8" };
    return { cause: `cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}; a readable file` };
  }
}

function unreadable(file: string, cause: string): LoadResult {
  const errors = [{ file, line: 1, column: 1, path: "config", text: cause }];
  return { ok: false, errors, warnings: [], files: [resolvePath(file)] };
}
