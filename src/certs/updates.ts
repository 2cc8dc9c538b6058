/**
 * The list of authorities that the updater fetches, as it lies on disk.
 *
 * It was proven when it came: the server was verified, and each certificate read. Whoever reads it holds it against the digest that was written
 * down then, so that a spoiled file is as good as none and the system's own list serves.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Octets } from "../base/octets.ts";
import type { Config } from "../config/config.ts";
import { type FetchRecord, Kept } from "./kept.ts";

/** How the fetching goes, as plain data. */
export interface UpdateStatus {
  url: string;
  /** It was fetched and is in force where the system's list would be. */
  held: boolean;
  fetching?: FetchRecord;
}

/** Where the list of authorities is fetched; nothing where none is. */
export function updateUrl({ services: { updater: { url, items } } }: Pick<Config, "services">): string | undefined {
  if (url === null || !items.includes("ca_bundle")) return undefined;
  return url.endsWith("/") ? `${url}ca_bundle.pem` : url;
}

/** The folder of what was fetched. */
export function keptUpdates({ storage: { directory } }: Pick<Config, "storage">): Kept {
  return new Kept(directory, "updates");
}

/** The digest that a record carries. */
export function digestOf(content: Octets): string {
  return createHash("sha256").update(content).digest("hex");
}

/** The list that was fetched from where the configuration says; nothing where none was, or it is not what was fetched. */
export async function readUpdatedList(config: Config): Promise<{ path: string; text: string } | undefined> {
  const url = updateUrl(config);
  if (url === undefined) return undefined;
  const kept = keptUpdates(config);
  const [content, record] = await Promise.all([kept.read(url), kept.record(url)]);
  if (content === undefined || record?.digest === undefined || digestOf(content) !== record.digest) return undefined;
  return { path: kept.pathOf(url), text: new TextDecoder().decode(content) };
}

/** How the fetching goes; nothing where none is wanted. */
export async function updateStatus(config: Config): Promise<UpdateStatus | undefined> {
  const url = updateUrl(config);
  if (url === undefined) return undefined;
  const [list, fetching] = await Promise.all([readUpdatedList(config), keptUpdates(config).record(url)]);
  return { url, held: list !== undefined, ...(fetching === undefined ? {} : { fetching }) };
}
