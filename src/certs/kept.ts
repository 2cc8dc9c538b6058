/**
 * What was fetched, kept on disk: revocation lists, answers of responders and the list of authorities, each with a record of how the fetching goes.
 *
 * A restart without a network has them still, and commands that run beside the gateway can tell of them. The content is kept as it came, so
 * that `openssl crl` and `openssl ocsp` read it. Nothing here is believed: whoever reads proves it again.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { dirname } from "node:path";
import type { Octets } from "../base/octets.ts";
import { giveToOwnerOf } from "../config/storage.ts";
import { CertificateFileError, readBounded, writeAtomic } from "./files.ts";

/** How the fetching of one thing goes. Times are wall milliseconds. */
export interface FetchRecord {
  /** Where it comes from. */
  url: string;
  /** The last attempt; the last one that brought something that counts, or said that nothing has changed. */
  tried?: number;
  fetched?: number;
  /** When the next attempt is due. */
  next: number;
  /** Attempts that failed since the last one that did not, and why the last one did. */
  failures: number;
  failure?: string;
  /** What the server wants to hear next time (RFC 9110 §13.1). */
  etag?: string;
  lastModified?: string;
  /** SHA-256 of what is kept, where that is believed as it lies there: what the disk has spoiled is not. */
  digest?: string;
}

const suffixes = { crls: "crl", ocsp: "der", updates: "pem" } as const;

/** What is kept in one folder. */
export class Kept {
  readonly #folder: string;
  readonly #suffix: string;

  /** `crls`: lists by their URL; `ocsp`: answers by the certificate's fingerprint; `updates`: authorities by their URL. */
  constructor(directory: string, kind: keyof typeof suffixes) {
    this.#folder = `${directory}/certificates/${kind}`;
    this.#suffix = suffixes[kind];
  }

  /** The file that holds the content. */
  pathOf(key: string): string {
    return `${this.#folder}/${nameOf(key)}.${this.#suffix}`;
  }

  /** The content; nothing where there is none, or none that can be read. */
  async read(key: string): Promise<Octets | undefined> {
    return await readable(this.pathOf(key));
  }

  async write(key: string, content: Octets): Promise<void> {
    makeFolder(this.#folder);
    await writeAtomic(this.pathOf(key), content);
  }

  /** Removes the content; how the fetching went stays. */
  async remove(key: string): Promise<void> {
    await Deno.remove(this.pathOf(key)).catch((thrown: unknown) => {
      if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
    });
  }

  /** How the fetching went; nothing where it was never tried. */
  async record(key: string): Promise<FetchRecord | undefined> {
    const bytes = await readable(this.#recordOf(key));
    if (bytes === undefined) return undefined;
    try {
      const record: FetchRecord = JSON.parse(new TextDecoder().decode(bytes));
      return typeof record.url === "string" && Number.isFinite(record.next) && Number.isFinite(record.failures)
        ? record
        : undefined;
    } catch {
      return undefined;
    }
  }

  async writeRecord(key: string, record: FetchRecord): Promise<void> {
    makeFolder(this.#folder);
    await writeAtomic(this.#recordOf(key), JSON.stringify(record) + "\n");
  }

  /** Removes everything but what belongs to these. */
  async forgetOthers(keys: Iterable<string>): Promise<void> {
    const names = new Set([...keys].map(nameOf));
    const entries = await Array.fromAsync(Deno.readDir(this.#folder)).catch(() => []);
    for (const { name } of entries) {
      if (!names.has(name.split(".")[0])) await Deno.remove(`${this.#folder}/${name}`).catch(() => {});
    }
  }

  #recordOf(key: string): string {
    return `${this.#folder}/${nameOf(key)}.json`;
  }
}

/** A URL may hold anything, a file name may not. */
function nameOf(key: string): string {
  return createHash("sha256").update(key).digest("hex").slice(0, 32);
}

async function readable(path: string): Promise<Octets | undefined> {
  try {
    return await readBounded(path);
  } catch (thrown) {
    if (thrown instanceof CertificateFileError) return undefined;
    throw thrown;
  }
}

/** Makes a folder within one that is there, for the same owner alone. */
export function makeFolder(folder: string): void {
  try {
    Deno.mkdirSync(folder, { mode: 0o700 });
    giveToOwnerOf(dirname(folder), folder);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.AlreadyExists)) throw thrown;
  }
}
