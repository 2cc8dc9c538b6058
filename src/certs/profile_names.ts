/**
 * Names of certificate profiles, and where the files of each lie below `certificates` of the storage.
 *
 * A name becomes the beginning of file names, so what could leave the folder, or meet another profile's files, is refused: `a.chain` would
 * write its certificate over the intermediates of `a`.
 *
 * @module
 */
import { printable } from "../base/text.ts";
import { tell } from "./texts.ts";
import { type Told, ToldError } from "../base/told.ts";

/** What cannot be done with a profile; one clear line. */
export class ProfileError extends ToldError {
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
  const refuse = (why: Told): never => {
    throw new ProfileError(tell("fault.cert.name", { name: printable(text, 80), why }));
  };
  if (text.length > lengthMax) return refuse(tell("fault.too_long", { max: lengthMax }));
  if (!shape.test(text)) return refuse(tell("fault.cert.name_shape"));
  // "..": shells and people take it for a folder above.
  if (text.includes("..")) return refuse(tell("fault.cert.name_stops"));
  const end = reservedEnds.find((each) => text.toLowerCase().endsWith(each));
  return end === undefined ? text : refuse(tell("fault.cert.name_end", { end }));
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
