/**
 * Names of certificate profiles, and where the files of each lie below `certificates` of the storage.
 *
 * A name becomes the beginning of file names, so what could leave the folder, or meet another profile's files, is refused: `a.chain` would
 * write its certificate over the intermediates of `a`.
 *
 * @module
 */
import { printable } from "../base/text.ts";

/** What cannot be done with a profile; one clear line. */
export class ProfileError extends Error {
  override name = "ProfileError";
}

/** The files of one profile, as names within the folder. */
export interface ProfileFiles {
  key: string;
  certificate: string;
  request: string;
  chain: string;
  /** The key of a request that was not answered yet, while the old pair stays in service. */
  nextKey: string;
}

/** Letters, digits, `_`, `-` and `.`, as the configuration has it. */
const shape = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;
const lengthMax = 64;
/** Ends that files of other profiles have: `NAME.chain.crt`, `NAME.rsa.key`. */
const reservedEnds = [".chain", ".rsa", ".ec"];

/** A name for a new profile. Throws {@linkcode ProfileError}. */
export function profileName(text: string): string {
  const refuse = (why: string): never => {
    throw new ProfileError(`Cannot use the name ${printable(text, 80)}: ${why}`);
  };
  if (text.length > lengthMax) return refuse(`it has more than ${lengthMax} characters`);
  if (!shape.test(text)) return refuse("letters, digits, _ - and . only, a letter or digit first");
  // "..": shells and people take it for a folder above.
  if (text.includes("..")) return refuse("two full stops follow each other");
  const end = reservedEnds.find((each) => text.toLowerCase().endsWith(each));
  return end === undefined ? text : refuse(`names that end in ${end} belong to files of other profiles`);
}

/** See {@linkcode ProfileFiles}. */
export function profileFiles(name: string): ProfileFiles {
  return {
    key: `${name}.key`,
    certificate: `${name}.crt`,
    request: `${name}.csr`,
    chain: `${name}.chain.crt`,
    nextKey: `${name}.key.next`,
  };
}
