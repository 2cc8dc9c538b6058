/**
 * From a file to a snapshot, or to everything that is wrong with it at once.
 *
 * Faulty parts are taken out and the rest is checked on, so that the owner corrects a file in one go. Nothing of a faulty file is
 * applied.
 *
 * @module
 */
import { resolve as resolvePath } from "node:path";
import type { Config } from "./config.ts";
import { crossFindings, type Findings, type Names } from "./cross.ts";
import { configFiles } from "./files.ts";
import { readDocument, type Said, type SourceDocument } from "./document.ts";
import { type Fault, type Finding, type Path, pathText } from "./faults.ts";
import { findingsOf, Remains } from "./issues.ts";
import { laterPartsFinding } from "./notbuilt.ts";
import { resolveConfig } from "./resolve.ts";
import { configSchema, type FileConfig } from "./schema.ts";
import { parseDomain } from "./values.ts";
import { limits } from "../base/limits.ts";

/** What a configuration takes from outside its file. */
export interface LoadWorld {
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
  const { file } = world;
  const document = readDocument(source);
  const errors: Fault[] = document.faults.map(({ place, path, text }) => ({
    file,
    ...place,
    path: pathText(path),
    text,
  }));
  const refused = (warnings: Fault[], files = [resolvePath(file)]): LoadResult => ({
    ok: false,
    errors: sorted(errors),
    warnings,
    files,
  });
  if (document.fatal) return refused([]);

  const names = namesOf(document.value);
  const remains = new Remains(document.value ?? Object.create(null));
  const schema = parseTolerant(remains);
  errors.push(...placed(file, document, schema.findings));
  if (schema.parsed === undefined) return refused([]);

  const parsed = schema.parsed;
  const hostname = parseDomain(world.hostname);
  const lineOf = (path: Path) => document.place({ path: remains.original(path), at: "key" }).line;
  const found = crossFindings({
    parsed,
    remains,
    names,
    hostname: hostname.ok ? hostname.value : "localhost",
    lineOf,
    whole: errors.length === 0,
  });
  const later = laterPartsFinding(document.value);
  if (later !== undefined) found.warnings.push(later);
  if (!hostname.ok && parsed.hostname === undefined) {
    const text = "the machine's name is no domain name, so localhost is used; hostname: mail.example.test";
    found.warnings.push({ path: ["hostname"], at: "key", text });
  }
  if (Object.keys(parsed.listeners).length === 0 && errors.length === 0) {
    const text = "no listener is set, so no mail comes in; one under listeners";
    found.warnings.push({ path: ["listeners"], at: "key", text });
  }
  const config = resolveConfig(parsed, {
    file: resolvePath(file),
    hostname: hostname.ok ? hostname.value : "localhost",
    generation: world.generation,
    lineOf,
  });
  const whole = errors.length + found.errors.length === 0;
  const tls = await world.checkTls?.(config, { whole }) ?? { errors: [], warnings: [] };
  // One slip, one line: what is refused already is not tried on the engine's word too.
  const told = new Set(found.errors.map(({ path }) => pathText(path)));
  tls.errors = tls.errors.filter(({ path }) => !told.has(pathText(path)));
  const flawless = errors.length + found.errors.length + tls.errors.length === 0;
  const made = flawless ? await world.prepare?.(config) : undefined;
  const original = (finding: Finding) => ({ ...finding, path: remains.original(finding.path) });
  errors.push(...placed(file, document, [...found.errors, ...tls.errors, ...made?.errors ?? []].map(original)));
  const warnings = sorted(
    placed(file, document, [...found.warnings, ...tls.warnings, ...made?.warnings ?? []].map(original)),
  );
  const files = configFiles(config);
  return errors.length > 0 ? refused(warnings, files) : { ok: true, config, warnings, files, said: document.find };
}

/** Parses; takes faulty parts out and parses again. A block may turn out to be incomplete only then, so a few times. */
function parseTolerant(remains: Remains): { parsed: FileConfig | undefined; findings: Finding[] } {
  const first = configSchema.safeParse(remains.root);
  if (first.success) return { parsed: first.data, findings: [] };
  const findings = findingsOf(configSchema, first.error.issues);
  let issues = first.error.issues;
  for (let round = 0; round < 8; round++) {
    if (typeof remains.root !== "object" || remains.root === null) break;
    Object.assign(remains.root, { version: 1 });
    const rest = issues.filter((issue) => issue.path[0] !== "version");
    if (rest.length > 0 && !remains.prune(rest)) break;
    const again = configSchema.safeParse(remains.root);
    if (again.success) return { parsed: again.data, findings };
    issues = again.error.issues;
  }
  return { parsed: undefined, findings };
}

function namesOf(root: unknown): Names {
  const file = new Remains(root);
  return {
    certificates: [...new Set(["demo", ...file.keys(["certificates"])])],
    policies: [...new Set(["default", ...file.keys(["mail_flow_policies"])])],
    bounceProfiles: [...new Set(["default", ...file.keys(["bounce_profiles"])])],
    routes: file.keys(["smtp_routes"]),
    destinations: file.keys(["destination_controls", "domains"]),
  };
}

function placed(file: string, document: SourceDocument, findings: readonly Finding[]): Fault[] {
  return findings.map((finding) => ({
    file,
    ...document.place(finding),
    path: finding.label ?? pathText(finding.path),
    text: finding.text,
  }));
}

/** More than these are not read by anyone: a bracket that is missing can make thousands. */
const faultsMax = 100;

/** In the order of the file. */
function sorted(faults: Fault[]): Fault[] {
  const all = faults.sort((a, b) => a.line - b.line || a.column - b.column);
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
    const bytes = new Uint8Array(limits.configOctetsMax + 1);
    let length = 0;
    for (;;) {
      const read = await open.read(bytes.subarray(length));
      if (read === null || read === 0) break;
      length += read;
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
