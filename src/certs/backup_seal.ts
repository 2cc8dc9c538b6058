/**
 * What is kept under a password: an archive that tells nothing without it, and that nobody can change unseen.
 *
 *     POSTERN-BACKUP 1\n   N as a power of two, r, p (3 octets), salt (16), check (16), nonce (12), AES-256-GCM of the gzipped content, tag (16)
 *
 * The key comes from the password by scrypt (RFC 7914); what it gives besides the key is the check, which tells a wrong password from an archive
 * that was changed. Everything before the content is authenticated with it. What reading may cost is bounded before any of it is spent.
 *
 * @module
 */
import { createCipheriv, createDecipheriv, scrypt, timingSafeEqual } from "node:crypto";
import { joined, type Octets, octets } from "../base/octets.ts";
import type { Random } from "../base/random.ts";
import { tell } from "./texts.ts";
import { type Told, ToldError } from "../base/told.ts";

/** An archive that cannot be opened; one clear line. */
export class BackupError extends ToldError {
  override name = "BackupError";
}

const magic = octets("POSTERN-BACKUP 1\n");
const family = octets("POSTERN-BACKUP ");

/** N = 2¹⁶, r = 8, p = 1: 64 MiB. */
const usual = { power: 16, blockSize: 8, parallelization: 1 };
const memoryOctetsMax = 268_435_456;

const [saltOctets, checkOctets, nonceOctets, tagOctets] = [16, 16, 12, 16];
const headOctets = magic.length + 3 + saltOctets + checkOctets;
const leastOctets = headOctets + nonceOctets + tagOctets;

/** What an archive may unpack to. */
const contentOctetsMax = 67_108_864;

/** Shorter passwords of new archives are warned about on the machine itself, where the keys lie open to whoever may ask, and refused over the network. */
export const passwordCharactersMin = 8;

/** Seals content; `power`: of the two that N is. Rejects with {@linkcode BackupError} where there is no password. */
export async function seal(
  content: Octets,
  { password, random, power = usual.power }: { password: string; random: Random; power?: number },
): Promise<Octets> {
  if (password === "") throw new BackupError(tell("fault.backup.seal_empty"));
  const { blockSize, parallelization } = usual;
  const salt = random.bytes(saltOctets);
  const nonce = random.bytes(nonceOctets);
  const { key, check } = await derived(password, { ...usual, power, salt });
  const head = joined([magic, Uint8Array.of(power, blockSize, parallelization), salt, check]);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(joined([head, nonce]));
  const packed = await through(content, new CompressionStream("gzip"));
  const body = joined([bytesOf(cipher.update(packed)), bytesOf(cipher.final())]);
  return joined([head, nonce, body, bytesOf(cipher.getAuthTag())]);
}

/** What is in an archive. Rejects with {@linkcode BackupError}. */
export async function unseal(archive: Octets, { password, what }: { password: string; what: string }): Promise<Octets> {
  const cannot = (why: Told) => new BackupError(tell("fault.backup.open", { what, why }));
  if (!startsWith(archive, magic)) {
    throw cannot(tell(startsWith(archive, family) ? "fault.backup.newer" : "fault.backup.foreign"));
  }
  if (archive.length < leastOctets) throw cannot(tell("fault.backup.cut"));
  const [power, blockSize, parallelization] = archive.subarray(magic.length);
  const memory = 128 * blockSize * 2 ** power;
  if (
    power < 10 || power > 20 || blockSize < 1 || parallelization < 1 || parallelization > 16 || memory > memoryOctetsMax
  ) {
    throw cannot(tell("fault.backup.changed"));
  }
  const salt = archive.slice(magic.length + 3, magic.length + 3 + saltOctets);
  const { key, check } = await derived(password, { power, blockSize, parallelization, salt });
  if (!timingSafeEqual(check, archive.subarray(headOctets - checkOctets, headOctets))) {
    throw cannot(tell("fault.backup.password"));
  }
  const nonce = archive.subarray(headOctets, headOctets + nonceOctets);
  const decipher = createDecipheriv("aes-256-gcm", key, nonce);
  decipher.setAAD(archive.subarray(0, headOctets + nonceOctets));
  decipher.setAuthTag(archive.subarray(archive.length - tagOctets));
  let packed: Octets;
  try {
    const body = archive.subarray(headOctets + nonceOctets, archive.length - tagOctets);
    packed = joined([bytesOf(decipher.update(body)), bytesOf(decipher.final())]);
  } catch {
    throw cannot(tell("fault.backup.changed_or_cut"));
  }
  return await through(packed, new DecompressionStream("gzip"));
}

async function derived(
  password: string,
  { power, blockSize, parallelization, salt }: typeof usual & { salt: Octets },
): Promise<{ key: Octets; check: Octets }> {
  const { promise, resolve, reject } = Promise.withResolvers<Octets>();
  const costs = { N: 2 ** power, r: blockSize, p: parallelization, maxmem: memoryOctetsMax * 2 };
  scrypt(password.normalize("NFC"), salt, 32 + checkOctets, costs, (error, found) => {
    if (error === null) resolve(bytesOf(found));
    else reject(error);
  });
  const found = await promise;
  return { key: found.subarray(0, 32), check: found.subarray(32) };
}

async function through(content: Octets, coder: CompressionStream | DecompressionStream): Promise<Octets> {
  const pieces: Octets[] = [];
  let length = 0;
  const source = new ReadableStream<Octets>({
    start(controller) {
      controller.enqueue(content);
      controller.close();
    },
  });
  for await (const piece of source.pipeThrough(coder)) {
    length += piece.length;
    if (length > contentOctetsMax) {
      throw new BackupError(tell("fault.backup.too_large", { max: contentOctetsMax }));
    }
    pieces.push(piece);
  }
  return joined(pieces);
}

function startsWith(bytes: Octets, start: Octets): boolean {
  return bytes.length >= start.length && start.every((byte, at) => bytes[at] === byte);
}

/** Node's buffers share memory with others. */
function bytesOf(buffer: Uint8Array): Octets {
  return Uint8Array.from(buffer);
}
