/**
 * Reading and writing the files of the certificate inventory: bounded, atomic, keys for nobody else.
 *
 * @module
 */
import { dirname } from "node:path";
import { limits } from "../base/limits.ts";
import type { Octets } from "../base/octets.ts";
import { causeOf } from "../base/text.ts";
import { giveToOwnerOf } from "../config/storage.ts";
import { tell } from "./texts.ts";
import { type Told, ToldError } from "../base/told.ts";

/** Why a file cannot be had, in words that follow its key's path. */
export class CertificateFileError extends ToldError {
  override name = "CertificateFileError";
}

/** The whole of a file. Rejects with {@linkcode CertificateFileError}. */
export async function readBounded(path: string): Promise<Octets> {
  try {
    using file = await Deno.open(path);
    const info = await file.stat();
    if (!info.isFile) throw cannotRead(path, tell("fault.file.no_file"));
    if (info.size > limits.certificateFileOctetsMax) {
      throw cannotRead(path, tell("fault.file.too_large", { max: limits.certificateFileOctetsMax }));
    }
    const bytes = new Uint8Array(info.size);
    let length = 0;
    while (length < bytes.length) {
      const read = await file.read(bytes.subarray(length));
      if (read === null) break;
      length += read;
    }
    return bytes.subarray(0, length);
  } catch (thrown) {
    if (thrown instanceof CertificateFileError) throw thrown;
    throw cannotRead(path, stateOf(thrown));
  }
}

function cannotRead(what: string, why: string | Told): CertificateFileError {
  return new CertificateFileError(tell("fault.file.read", { what, why }));
}

function stateOf(thrown: unknown): string | Told {
  if (thrown instanceof Deno.errors.NotFound) return tell("fault.file.missing");
  if (thrown instanceof Deno.errors.PermissionDenied) return tell("fault.file.denied");
  return causeOf(thrown);
}

/** Replaces a file at once and for good: after a crash there is the old one or the new one. Mode 0600. */
export async function writeAtomic(path: string, content: string | Octets): Promise<void> {
  const draft = `${path}.new`;
  try {
    await Deno.remove(draft);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
  {
    using file = await Deno.open(draft, { createNew: true, write: true, mode: 0o600 });
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    await file.sync();
  }
  giveToOwnerOf(dirname(path), draft);
  await Deno.rename(draft, path);
}
