/**
 * Passwords that stand in files of their own, and in nothing else.
 *
 * @module
 */
import { causeOf } from "../base/text.ts";

/** Why there is no password, in words that follow its key's path. */
export class SecretFileError extends Error {
  override name = "SecretFileError";
}

const octetsMax = 4_096;

/** The first line of a file that only its owner may read. Rejects with {@linkcode SecretFileError}, which never repeats what is in it. */
export async function readSecretFile(path: string): Promise<string> {
  const refuse = (state: string) => new SecretFileError(`Cannot use ${path}: ${state}`);
  let text: string;
  try {
    using file = await Deno.open(path);
    const { isFile, mode } = await file.stat();
    if (!isFile) throw refuse("it is no file");
    const open = (mode ?? 0o600) & 0o777;
    if ((open & 0o077) !== 0) throw refuse(`others may use it (mode ${open.toString(8)}); chmod 600`);
    const bytes = new Uint8Array(octetsMax + 1);
    let length = 0;
    for (;;) {
      const read = await file.read(bytes.subarray(length));
      if (read === null || read === 0) break;
      length += read;
    }
    if (length > octetsMax) throw refuse("it is too long for a password");
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length));
  } catch (thrown) {
    if (thrown instanceof SecretFileError) throw thrown;
    if (thrown instanceof Deno.errors.NotFound) throw refuse("no such file");
    if (thrown instanceof TypeError) throw refuse("it is not UTF-8");
    throw refuse(causeOf(thrown));
  }
  const [line] = text.split(/\r?\n/, 1);
  // RFC 4513 §5.1.2: a name without a password is let in as nobody, and looks like a success.
  if (line === "") throw refuse("its first line is empty");
  return line;
}
