/**
 * What is kept of ACME, in `certificates/acme` under storage: certificates, keys, accounts, and how it went last.
 *
 *     NAME.pem            key, certificate and intermediates in one file, so that a crash never leaves halves of two pairs
 *     NAME.next.key       the key of the next request: it is there long before, so that its TLSA record can be published
 *     NAME.json           the order under way, when it is tried again, and what came of the last attempt
 *     accounts/ID.key     an account's key, ID.json its URL; ID stands for the directory
 *
 * Files are 0600 and folders 0700. A state that cannot be read is none: then an order is made that may have been there already.
 *
 * @module
 */
import { octets } from "../base/octets.ts";
import { CertificateFileError, readBounded, writeAtomic } from "../certs/files.ts";
import { giveToOwnerOf } from "../config/storage.ts";
import { recordOf } from "./problem.ts";

/** How it goes with a profile. Times are wall milliseconds. */
export interface AcmeState {
  /** URL of the order under way, and the directory that it is from. */
  order?: { url: string; directory: string; names: readonly string[] };
  /** Attempts in a row that failed. */
  failures: number;
  /** Not before this after a failure. */
  retryAt?: number;
  /** When the certificate that ends at `notAfter` is to be renewed, and the names that it was ordered for. */
  renewal?: { at: number; notAfter: number; names: readonly string[] };
  /** What came of the last attempt, in a line that is safe to print. */
  last?: { at: number; ok: boolean; text: string };
}

/** An account that was made. */
export interface StoredAccount {
  url: string;
  email?: string;
}

/** See the module. */
export class AcmeStore {
  readonly #folder: string;
  #changing: Promise<unknown> = Promise.resolve();

  /** `certificates`: that folder of the storage. */
  constructor(certificates: string) {
    this.#folder = `${certificates}/acme`;
    for (const folder of [this.#folder, `${this.#folder}/accounts`]) {
      Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
      giveToOwnerOf(certificates, folder);
    }
  }

  /** The key of the next request. */
  nextKey(name: string): Promise<string | undefined> {
    return readText(`${this.#folder}/${name}.next.key`);
  }

  /** Keeps it; `undefined` removes it. */
  async setNextKey(name: string, pem: string | undefined): Promise<void> {
    const path = `${this.#folder}/${name}.next.key`;
    if (pem !== undefined) return await writeAtomic(path, pem);
    try {
      await Deno.remove(path);
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
    }
  }

  /** Puts a pair in the place of the one before. */
  async setPair(name: string, { keyPem, chainPem }: { keyPem: string; chainPem: string }): Promise<void> {
    await writeAtomic(`${this.#folder}/${name}.pem`, `${keyPem.trimEnd()}\n${chainPem.trimEnd()}\n`);
  }

  /** How it went. */
  async state(name: string): Promise<AcmeState> {
    return stateOf(await readText(`${this.#folder}/${name}.json`));
  }

  /** Keeps what changed; `undefined` forgets it. The state as it is then. */
  change(name: string, changes: Partial<AcmeState>): Promise<AcmeState> {
    // One after the other: each reads what the one before wrote.
    const changed = this.#changing.then(async () => {
      const text = JSON.stringify({ ...await this.state(name), ...changes });
      await writeAtomic(`${this.#folder}/${name}.json`, `${text}\n`);
      return stateOf(text);
    });
    this.#changing = changed.catch(() => {});
    return changed;
  }

  /** The key of the account at a directory, and the account, where it was made. */
  async account(directory: string): Promise<{ keyPem: string | undefined; account: StoredAccount | undefined }> {
    const path = await this.#accountPath(directory);
    const [keyPem, text] = await Promise.all([readText(`${path}.key`), readText(`${path}.json`)]);
    const { url, email } = jsonOf(text);
    if (typeof url !== "string") return { keyPem, account: undefined };
    return { keyPem, account: { url, ...(typeof email === "string" ? { email } : {}) } };
  }

  /** Keeps a new account's key. */
  async setAccountKey(directory: string, pem: string): Promise<void> {
    await writeAtomic(`${await this.#accountPath(directory)}.key`, pem);
  }

  /** Keeps an account. */
  async setAccount(directory: string, account: StoredAccount): Promise<void> {
    await writeAtomic(`${await this.#accountPath(directory)}.json`, `${JSON.stringify({ directory, ...account })}\n`);
  }

  async #accountPath(directory: string): Promise<string> {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", octets(directory)));
    return `${this.#folder}/accounts/${digest.toHex().slice(0, 16)}`;
  }
}

/** How it went with a profile, where nobody has a store. A state that cannot be read is none. */
export async function readState({ certificates, name }: { certificates: string; name: string }): Promise<AcmeState> {
  return stateOf(await readText(`${certificates}/acme/${name}.json`).catch(() => undefined));
}

function stateOf(text: string | undefined): AcmeState {
  const { order, failures, retryAt, renewal, last } = jsonOf(text);
  const { url, directory, names } = recordOf(order);
  const { at: renewAt, notAfter, names: issued } = recordOf(renewal);
  const { at, ok, text: words } = recordOf(last);
  const known = typeof url === "string" && typeof directory === "string" && Array.isArray(names);
  return {
    ...(known ? { order: { url, directory, names: names.map(String) } } : {}),
    failures: typeof failures === "number" && failures >= 0 ? failures : 0,
    ...(typeof retryAt === "number" ? { retryAt } : {}),
    ...(typeof renewAt === "number" && typeof notAfter === "number" && Array.isArray(issued)
      ? { renewal: { at: renewAt, notAfter, names: issued.map(String) } }
      : {}),
    ...(typeof at === "number" && typeof words === "string" ? { last: { at, ok: ok === true, text: words } } : {}),
  };
}

function jsonOf(text: string | undefined): Record<string, unknown> {
  try {
    return recordOf(JSON.parse(text ?? "{}"));
  } catch {
    return {};
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await readBounded(path));
  } catch (thrown) {
    if (thrown instanceof CertificateFileError && /no such file$/.test(thrown.message)) return undefined;
    throw thrown;
  }
}
