/**
 * Revocation lists of a configuration: what each source holds, and how the fetching of those with a URL goes.
 *
 * @module
 */
import type { Octets } from "../base/octets.ts";
import { causeOf } from "../base/text.ts";
import type { Config } from "../config/config.ts";
import { isUrl } from "../config/sources.ts";
import type { TrustAnchors } from "../tls/engine.ts";
import type { CrlFacts, RevocationEngine } from "../tls/revocation.ts";
import { readBounded } from "./files.ts";
import { type FetchRecord, Kept } from "./kept.ts";

/** One source of lists, as plain data. */
export interface ListStatus {
  /** A path or a URL. */
  source: string;
  kind: "file" | "url";
  /** What is in force of it. */
  lists: CrlFacts[];
  /** Why it holds none. */
  fault?: string;
  /** Of a URL that was tried. */
  fetching?: FetchRecord;
}

/** What lists are read with. */
export interface ListWorld {
  engine: Pick<RevocationEngine, "readCrls">;
  /** Who may have signed them. */
  trust: TrustAnchors;
}

/** Every source of a configuration, in its order. */
export async function listStatuses(config: Config, world: ListWorld): Promise<ListStatus[]> {
  return await Promise.all(config.certificate_authorities.crls.map((source) => listStatus(source, { config, world })));
}

async function listStatus(
  source: string,
  { config, world: { engine, trust } }: { config: Config; world: ListWorld },
): Promise<ListStatus> {
  const url = isUrl(source);
  const status: ListStatus = { source, kind: url ? "url" : "file", lists: [] };
  const kept = new Kept(config.storage.directory, "crls");
  if (url) status.fetching = await kept.record(source);
  try {
    const bytes = url ? await kept.read(source) : await readBounded(source);
    if (bytes === undefined) return { ...status, fault: "it was not fetched yet" };
    return { ...status, lists: engine.readCrls(bytes, trust) };
  } catch (thrown) {
    return { ...status, fault: causeOf(thrown) };
  }
}

/** Why a list that came cannot take the place of the one that is there; nothing where it can. */
export function listFault(
  came: readonly CrlFacts[],
  { held, now, skewMs }: { held: readonly CrlFacts[]; now: number; skewMs: number },
): string | undefined {
  for (const { issuer, from, until, signature } of came) {
    if (signature === "wrong") return `its issuer, ${issuer}, did not sign it`;
    // Whoever sits on the way could put any list in the place of one that is proven.
    if (signature === "unproven" && held.some((one) => one.signature === "proven")) {
      return `its issuer, ${issuer}, is no authority of ours, and that of the list that is there is`;
    }
    if (until !== undefined && until <= now) return `it is out of date since ${day(until)}`;
    // Else a list of next year would keep all others out until then.
    if (from > now + skewMs) return `it does not count before ${new Date(from).toISOString()}`;
    const older = held.find((one) => one.issuer === issuer && one.from > from);
    if (older !== undefined) return `it is of ${day(from)}, older than the one of ${day(older.from)}`;
  }
  return undefined;
}

/** When the first of these runs out; nothing where none does. */
export function firstEnd(lists: readonly CrlFacts[]): number | undefined {
  const ends = lists.flatMap(({ until }) => until ?? []);
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** `2026-11-22 08:15 UTC`. */
export function day(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** The lists in some octets, or why there are none. */
export function readLists(bytes: Octets, { engine, trust }: ListWorld): CrlFacts[] | { why: string } {
  try {
    return engine.readCrls(bytes, trust);
  } catch (thrown) {
    return { why: causeOf(thrown).replace(/^Cannot read revocation list 1: /, "it is no revocation list: ") };
  }
}
