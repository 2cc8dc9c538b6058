/**
 * From a text to a snapshot, as far as the text alone goes: read, validated, resolved. Plain data comes out, so that a long text may be read in another
 * thread; what engines and sockets find out later gets its place in the text by {@linkcode placeFindings}.
 *
 * @module
 */
import { resolve as resolvePath } from "node:path";
import type { Config } from "./config.ts";
import { crossFindings, type Names } from "./cross.ts";
import { readDocument, type SourceDocument } from "./document.ts";
import { type Fault, type Finding, type Path, pathText } from "./faults.ts";
import { findingsOf, Remains } from "./issues.ts";
import { laterPartsFinding } from "./notbuilt.ts";
import { resolveConfig } from "./resolve.ts";
import { configSchema, type FileConfig } from "./schema.ts";
import { parseDomain } from "./values.ts";

/** What a text is read for. */
export interface ReadQuestion {
  text: string;
  /** The file that it stands in, or will: relative paths start at its folder. */
  file: string;
  /** The machine's name: `Deno.hostname()`. */
  hostname: string;
  /** Counts up with each configuration that is applied; 1 for the first. */
  generation: number;
}

/** What a text comes to. */
export interface ReadText {
  /** Faulty parts are left out; `undefined` where nothing can be made of it. */
  config: Config | undefined;
  errors: Fault[];
  warnings: Fault[];
  /** Paths, as text, that were refused between parts: what an engine says of them is not told too. */
  told: string[];
}

/** What was read last, the youngest first: its places are asked for next. */
const readings: Reading[] = [];
let readingsMax = 1;

interface Reading {
  question: ReadQuestion;
  document: SourceDocument;
  remains: Remains;
  read?: ReadText;
}

/** A thread that works on few texts keeps what they came to: a commit asks for each a few times. */
export function keepReadings(count: number): void {
  readingsMax = count;
}

/** Nothing more is asked about the text that was read last: its tree takes some twenty times as much as the text. */
export function forgetReading(): void {
  if (readingsMax === 1) readings.length = 0;
}

/** Reads, validates and resolves a text. Never throws for what is in it. What comes of it is not to be changed. */
export function readText(question: ReadQuestion): ReadText {
  const { text, file, hostname, generation } = question;
  const found = readings.find(({ question: known }) =>
    known.text === text && known.file === file && known.hostname === hostname
  );
  if (found?.read === undefined) return freshlyRead(question);
  readings.splice(readings.indexOf(found), 1);
  readings.unshift(found);
  return { ...found.read, config: found.read.config && { ...found.read.config, generation } };
}

function freshlyRead(question: ReadQuestion): ReadText {
  const { text: source, file, hostname: machine, generation } = question;
  const document = readDocument(source);
  const errors: Fault[] = document.faults.map(({ place, path, text }) => ({
    file,
    ...place,
    path: pathText(path),
    text,
  }));
  if (document.fatal) return { config: undefined, errors, warnings: [], told: [] };

  const names = namesOf(document.value);
  const remains = new Remains(document.value ?? Object.create(null));
  const reading: Reading = { question, document, remains };
  readings.unshift(reading);
  readings.length = Math.min(readings.length, readingsMax);
  const schema = parseTolerant(remains);
  errors.push(...placed(file, document, schema.findings));
  if (schema.parsed === undefined) return { config: undefined, errors, warnings: [], told: [] };

  const parsed = schema.parsed;
  const hostname = parseDomain(machine);
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
  const needed = memoryFor(source);
  if (needed > parsed.limits.max_memory) {
    const right = `${Math.ceil(needed / 2 ** 30)}G, where the machine has it`;
    const text =
      `is less than a file of this length takes while it is changed, and connections are refused meanwhile; ${right}`;
    found.warnings.push({ path: ["limits", "max_memory"], at: "value", text });
  }
  const config = resolveConfig(parsed, {
    file: resolvePath(file),
    hostname: hostname.ok ? hostname.value : "localhost",
    generation,
    lineOf,
  });
  const original = (finding: Finding) => ({ ...finding, path: remains.original(finding.path) });
  const read: ReadText = {
    config,
    errors: [...errors, ...placed(file, document, found.errors.map(original))],
    warnings: placed(file, document, found.warnings.map(original)),
    told: [...new Set(found.errors.map(({ path }) => pathText(path)))],
  };
  if (readingsMax > 1) reading.read = read;
  return read;
}

/** Octets of memory that a gateway takes at most while a long text is changed, as measured with tables of 100,000 rows; 0 for a short one. */
function memoryFor(source: string): number {
  const mebibytes = source.length / 2 ** 20;
  return mebibytes < 1 ? 0 : (0.5 + 0.6 * mebibytes) * 2 ** 30;
}

/** The places of findings about the snapshot that a text came to. */
export function placeFindings({ findings, ...question }: ReadQuestion & { findings: readonly Finding[] }): Fault[] {
  const reading = () => readings.find(({ question: { text } }) => text === question.text);
  if (reading() === undefined) freshlyRead(question);
  const found = reading();
  if (found === undefined) return [];
  const { document, remains } = found;
  return placed(
    question.file,
    document,
    findings.map((finding) => ({ ...finding, path: remains.original(finding.path) })),
  );
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
    directories: file.keys(["services", "ldap"]),
    callAhead: file.keys(["services", "call_ahead"]),
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
