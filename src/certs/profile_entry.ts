/**
 * What the configuration says about a profile: its block under `certificates`.
 *
 * @module
 */
import { dirname, relative, resolve } from "node:path";
import type { CertificateProfile } from "../config/config.ts";
import type { Change } from "../config/edit.ts";
import { profileFiles } from "./profile_names.ts";

/** Where the configuration and the files of profiles are. */
export interface EntryPlace {
  /** The configuration file. */
  file: string;
  /** `certificates` of the storage. */
  directory: string;
}

/** The block as the file has it; `undefined`: there is none. `root` is the file as it was read. */
export function entryIn(root: unknown, name: string): Readonly<Record<string, unknown>> | undefined {
  const certificates = (root as { certificates?: Record<string, Record<string, unknown>> } | null)?.certificates;
  return certificates !== undefined && Object.hasOwn(certificates, name) ? certificates[name] : undefined;
}

/** What has to change for a block to say `value`; keys that say so already keep their place and their comments. */
export function changesTo(
  root: unknown,
  { name, value }: { name: string; value: Readonly<Record<string, string>> },
): Change[] {
  const said = entryIn(root, name);
  const path = ["certificates", name];
  if (typeof said !== "object" || said === null) return [{ path, value }];
  const keys = [...new Set([...Object.keys(said), ...Object.keys(value)])];
  return keys.filter((key) => said[key] !== value[key]).map((key) => ({ path: [...path, key], value: value[key] }));
}

/** How the configuration names a file of the storage: from its own folder where that is above it. */
export function shownPath(name: string, { file, directory }: EntryPlace): string {
  const path = `${directory}/${name}`;
  const near = relative(dirname(resolve(file)), path);
  return near.startsWith("..") ? path : near;
}

/** The block under another name: files of the storage have another name too. */
export function renamedEntry(
  profile: CertificateProfile,
  { entry, to, place }: { entry: Readonly<Record<string, unknown>>; to: string; place: EntryPlace },
): Readonly<Record<string, unknown>> {
  if (profile.self_signed) return entry;
  const [before, after] = [profileFiles(profile.name), profileFiles(to)];
  const renamed = { ...entry };
  for (const [key, part] of [["certificate", "certificate"], ["key", "key"], ["intermediates", "chain"]] as const) {
    if (profile[key] === `${place.directory}/${before[part]}`) renamed[key] = shownPath(after[part], place);
  }
  return renamed;
}
