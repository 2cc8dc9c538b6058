/**
 * What a backup holds, and what restoring it would do.
 *
 * It holds `config.yaml`, everything under `certificates` in the storage, and the files that the configuration names. Each is filed under where it was: in
 * the storage, in the folder of `config.yaml`, or outside of both. The first two are put where they belong on this machine, whatever its folders are
 * called. What is outside belongs to somebody else (certbot's folder, /etc/ssl): it is never written over unasked, and neither is what a symbolic
 * link leads to; it is told, and whoever wants it says so. What passes over the network is less: `backup_afar.ts`.
 *
 * @module
 */
import { X509Certificate } from "node:crypto";
import { dirname, relative, resolve } from "node:path";
import { limits } from "../base/limits.ts";
import { type Octets, octets, textOf } from "../base/octets.ts";
import { printable } from "../base/text.ts";
import type { Config } from "../config/config.ts";
import { plainSource } from "../config/edit.ts";
import { configFiles } from "../config/files.ts";
import { type Change, isPlainMap } from "../config/plain.ts";
import type { PlacedFile } from "../config/restore.ts";
import { isCertificatePath, isMore, materialOf } from "./backup_afar.ts";
import { BackupError } from "./backup_seal.ts";
import { readBounded } from "./files.ts";
import { tell } from "./texts.ts";
import type { Told } from "../base/told.ts";

/** Where a file was: below which folder, or anywhere else, and then its path is absolute. */
export type Base = "storage" | "config" | "outside";

/** A file of an archive. */
export interface SavedFile {
  base: Base;
  path: string;
  mode: number;
  content: Octets;
}

/** An archive's content. */
export interface Backup {
  /** Wall milliseconds. */
  made: number;
  /** The machine's name. */
  hostname: string;
  /** The folders it was made of, absolute. */
  folders: Folders;
  config: string;
  files: SavedFile[];
}

/** The two folders that files belong to. */
export interface Folders {
  config: string;
  storage: string;
}

/** What restoring does to a file. `kept`: it is there, says something else, and is left alone. `missing`: it is not there, and is not restored. */
export type FileDeed = "same" | "added" | "replaced" | "kept" | "missing";

/** A file, and what restoring does to it. */
export interface PlannedFile {
  /** Absolute, on this machine. */
  path: string;
  deed: FileDeed;
  /** What it is: of a certificate its subject and SHA-256 fingerprint, now and then. */
  was?: string;
  will?: string;
  why?: string;
}

const filesMax = 2_000;
const depthMax = 4;

/** How an archive is made. */
export interface CollectWish {
  /** The text of `config.yaml`. */
  source: string;
  /** Wall milliseconds. */
  made: number;
  hostname: string;
  /** It goes over the network: then what is no certificate, key or revocation list is left out, and told. */
  afar?: { leftOut(text: string): void };
}

/** Reads everything that belongs into an archive. Rejects with one clear line where a file cannot be read. */
export async function collectBackup(
  config: Config,
  { source, made, hostname, afar }: CollectWish,
): Promise<Backup> {
  const folders: Folders = { config: dirname(config.file), storage: config.storage.directory };
  const own = new Set(below(`${folders.storage}/certificates`));
  const paths = [...own, ...configFiles(config).filter((path) => path !== config.file)];
  const files: SavedFile[] = [];
  for (const path of new Set(paths)) {
    if (files.length >= filesMax) throw new BackupError(`Cannot save more than ${filesMax} files`);
    const mode = ((await Deno.stat(path)).mode ?? 0o600) & 0o777;
    const whole = await readBounded(path);
    const content = afar === undefined || own.has(path) ? whole : carriedOf(whole, { path, ...afar });
    if (content !== undefined) files.push({ ...filed(path, folders), mode, content });
  }
  return { made, hostname, folders, config: source, files };
}

function carriedOf(
  whole: Octets,
  { path, leftOut }: { path: string; leftOut(text: string): void },
): Octets | undefined {
  const content = materialOf(whole);
  const onMachine = "an archive made on the machine itself has it";
  if (content === undefined) {
    leftOut(`${printable(path)} is left out: it holds no certificate, key or revocation list; ${onMachine}`);
    return undefined;
  }
  if (!isMore(whole, content)) return whole;
  leftOut(`${printable(path)} is saved without what stands around its certificates and keys; ${onMachine}`);
  return content;
}

function filed(path: string, { storage, config }: Folders): { base: Base; path: string } {
  for (const [base, folder] of [["storage", storage], ["config", config]] as const) {
    if (path.startsWith(`${folder}/`)) return { base, path: relative(folder, path) };
  }
  return { base: "outside", path };
}

/** Regular files, drafts and journals left out. */
function below(folder: string, depth = 0): string[] {
  if (depth > depthMax) return [];
  try {
    return [...Deno.readDirSync(folder)].filter(({ name }) => !name.startsWith(".") && !name.endsWith(".new"))
      .sort((a, b) => a.name < b.name ? -1 : 1)
      .flatMap(({ name, isFile, isDirectory }) =>
        isFile ? [`${folder}/${name}`] : isDirectory ? below(`${folder}/${name}`, depth + 1) : []
      );
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** An archive's content as octets. */
export function encodeBackup({ files, ...rest }: Backup): Octets {
  const saved = files.map(({ content, ...file }) => ({ ...file, content: content.toBase64() }));
  return octets(JSON.stringify({ version: 1, ...rest, files: saved }));
}

/** Reads it. Throws {@linkcode BackupError} for anything that would leave its folder, or is not what was written. */
export function decodeBackup(content: Octets, what: string): Backup {
  const cannot = (why: Told) => new BackupError(tell("fault.file.use", { what, why }));
  let read: Partial<Backup> & { version?: unknown };
  try {
    read = JSON.parse(textOf(content)) ?? {};
  } catch {
    throw cannot(tell("fault.backup.content"));
  }
  const { version, made, hostname, folders, config, files } = read;
  if (version !== 1) throw cannot(tell("fault.backup.newer"));
  const texts = [hostname, folders?.config, folders?.storage, config];
  if (!texts.every((text) => typeof text === "string") || typeof made !== "number" || !Array.isArray(files)) {
    throw cannot(tell("fault.backup.content"));
  }
  if (octets(config!).length > limits.configOctetsMax || files.length > filesMax) {
    throw cannot(tell("fault.backup.too_much"));
  }
  const seen = new Set<string>();
  const sound = files.map((file): SavedFile => {
    const { base, path, mode, content: text } = (file ?? {}) as unknown as Record<string, unknown>;
    const known = (base === "storage" || base === "config" || base === "outside") && typeof path === "string" &&
      typeof mode === "number" && typeof text === "string";
    if (!known) throw cannot(tell("fault.backup.content"));
    if (!staysBelow(base, path)) throw cannot(tell("fault.backup.leaves", { path: printable(path, 200) }));
    if (seen.has(`${base} ${path}`)) throw cannot(tell("fault.backup.twice", { path: printable(path, 200) }));
    seen.add(`${base} ${path}`);
    try {
      return { base, path, mode: mode & 0o644 | 0o600, content: Uint8Array.fromBase64(text) };
    } catch {
      throw cannot(tell("fault.backup.content"));
    }
  });
  return { made, hostname: hostname!, folders: folders!, config: config!, files: sound };
}

/** No `..`, no empty part, nothing absolute where it must not be; below the storage certificates only. */
function staysBelow(base: Base, path: string): boolean {
  const rooted = base === "outside";
  if (path.startsWith("/") !== rooted || path.length > 4_096) return false;
  const parts = (rooted ? path.slice(1) : path).split("/");
  // deno-lint-ignore no-control-regex
  if (parts.some((part) => part === "" || part === "." || part === ".." || /[\x00-\x1f\x7f\\]/.test(part))) {
    return false;
  }
  return base !== "storage" || parts[0] === "certificates" && parts.length > 1;
}

/** Where an archive is to be restored, and how much of it. */
export interface PlanWish {
  folders: Folders;
  /** The configuration. */
  file: string;
  /** Files outside of both folders too. */
  outside: boolean;
  /** The archive came over the network. */
  afar?: boolean;
}

/** What restoring would do to each file, and the files that it would write. */
export function planFiles(
  backup: Backup,
  { folders, outside, file, afar = false }: PlanWish,
): { plan: PlannedFile[]; files: PlacedFile[] } {
  const plan: PlannedFile[] = [];
  const files: PlacedFile[] = [];
  for (const { base, path: saved, mode, content: whole } of backup.files) {
    const path = base === "outside" ? saved : `${folders[base]}/${saved}`;
    // Where the configuration itself lies it is not a file of the archive, whatever the archive says.
    if (path === resolve(file)) throw new BackupError(`Cannot use the archive: it holds ${printable(path, 200)} twice`);
    const now = stateOf(path, base === "outside" ? undefined : folders[base]);
    const taken = afar && base === "config" ? isCertificatePath(saved) && materialOf(whole) : whole;
    const content = taken || whole;
    const will = described(content);
    if (now.kind === "file" && same(now.content, content)) {
      plan.push({ path, deed: "same", will });
      continue;
    }
    const was = now.kind === "file" ? described(now.content) : undefined;
    if (!taken) {
      const why = "over the network only certificates, keys and revocation lists are restored here";
      plan.push({ path, deed: now.kind === "nothing" ? "missing" : "kept", was, will, why });
    } else if (now.kind === "no file") plan.push({ path, deed: "kept", will, why: now.why });
    else if (base === "outside" && !outside) {
      plan.push({
        path,
        deed: now.kind === "file" ? "kept" : "missing",
        was,
        will,
        why: "outside; --outside writes it",
      });
    } else {
      plan.push({ path, deed: now.kind === "file" ? "replaced" : "added", was, will });
      files.push({ path, content, mode });
    }
  }
  return { plan, files };
}

type State = { kind: "file"; content: Octets } | { kind: "nothing" } | { kind: "no file"; why: string };

/** What is at a path. Below `folder` nothing on the way may be a link, since it would lead out. */
function stateOf(path: string, folder: string | undefined): State {
  for (let above = dirname(path); folder !== undefined && above.length > folder.length; above = dirname(above)) {
    const info = statOf(above);
    if (info?.isSymlink) return { kind: "no file", why: `${above} is a symbolic link` };
    if (info !== undefined && !info.isDirectory) return { kind: "no file", why: `${above} is no folder` };
  }
  const info = statOf(path);
  if (info === undefined) return { kind: "nothing" };
  const content = contentOf(path);
  if (info.isSymlink) return { kind: "no file", why: "it is a symbolic link" };
  return content === undefined ? { kind: "no file", why: "it is no file" } : { kind: "file", content };
}

function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function contentOf(path: string): Octets | undefined {
  const { isFile, size } = Deno.statSync(path);
  return isFile && size <= limits.certificateFileOctetsMax ? Deno.readFileSync(path) : undefined;
}

/** A certificate by its subject and fingerprint; a key, or anything else, by what it is. */
function described(content: Octets): string {
  const text = textOf(content);
  const pem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(text)?.[0];
  if (pem !== undefined) {
    try {
      const { subject, fingerprint256 } = new X509Certificate(pem);
      return `certificate ${printable((subject ?? "").replaceAll("\n", ", "), 200)} SHA-256 ${fingerprint256}`;
    } catch {
      return "something like a certificate";
    }
  }
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) return "private key";
  if (/-----BEGIN (NEW )?CERTIFICATE REQUEST-----/.test(text)) return "signing request";
  return `${content.length} octets`;
}

function same(a: Octets, b: Octets): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** The keys of a configuration that name files. */
const fileKeys: readonly (readonly string[])[] = [
  ["certificates", "*", "certificate"],
  ["certificates", "*", "key"],
  ["certificates", "*", "intermediates"],
  ["certificate_authorities", "custom", "*"],
  ["certificate_authorities", "crls", "*"],
  ["admin", "client_ca"],
];

/**
 * What has to be said differently on this machine: its storage stays where it is, and paths into the old one lead into it.
 */
export function relocations(
  { config, folders: old }: Backup,
  { folders, storageSaid }: { folders: Folders; storageSaid: unknown },
): Change[] {
  const root = plainSource(config);
  const changes: Change[] = [];
  const saidThere = isPlainMap(root) && isPlainMap(root.storage) ? root.storage.directory : undefined;
  const there = resolve(folders.config, typeof saidThere === "string" ? saidThere : "./data");
  if (there !== folders.storage) changes.push({ path: ["storage", "directory"], value: storageSaid });
  const visit = (
    value: unknown,
    { pattern, path }: { pattern: readonly string[]; path: (string | number)[] },
  ): void => {
    if (pattern.length === 0) {
      if (typeof value !== "string" || /^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return;
      const then = resolve(old.config, value);
      if (!then.startsWith(`${old.storage}/`)) return;
      const wanted = `${folders.storage}/${relative(old.storage, then)}`;
      if (resolve(folders.config, value) !== wanted) changes.push({ path, value: wanted });
      return;
    }
    const [part, ...rest] = pattern;
    const entries = Array.isArray(value) ? [...value.entries()] : isPlainMap(value) ? Object.entries(value) : [];
    for (const [key, item] of entries) {
      if (part === "*" || part === key) visit(item, { pattern: rest, path: [...path, key] });
    }
  };
  for (const pattern of fileKeys) visit(root, { pattern, path: [] });
  return changes;
}
