/**
 * The token that opens `/metrics`: a file, ours or the owner's.
 *
 * Ours is made where it is missing, from 32 unforeseeable bytes, with mode 0600. It is read with each scrape, so that a new token counts
 * at once.
 *
 * @module
 */
import type { Random } from "../base/random.ts";
import { readBounded, writeAtomic } from "../certs/files.ts";

const tokenOctets = 32;
/** What a token has at least: a shorter one can be guessed. */
const lengthMin = 16;

/** Which file it is. */
export interface TokenPlace {
  path: string;
  /** The file is ours to make. */
  ours: boolean;
}

/** Makes the file where it is ours and not there. */
export async function ensureToken({ path, ours }: TokenPlace, random: Random): Promise<void> {
  if (!ours || await exists(path)) return;
  await writeAtomic(path, `${random.bytes(tokenOctets).toHex()}\n`);
}

/** The token. Rejects where the file cannot be read, or holds nothing that could be one. */
export async function readToken({ path }: TokenPlace): Promise<string> {
  const token = new TextDecoder().decode(await readBounded(path)).trim();
  if (/^\S+$/.test(token) && token.length >= lengthMin) return token;
  throw new Error(`Cannot use ${path}: it does not hold one word of at least ${lengthMin} characters`);
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
