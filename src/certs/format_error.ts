/**
 * What is wrong with bytes that should be a certificate or a key.
 *
 * @module
 */
import { CertificateFileError } from "./files.ts";
import type { Told } from "../base/told.ts";

/** What is wrong, for programs; the message says it in one line, without any key or password in it. */
export type FormatFault =
  | "empty"
  | "too_large"
  /** Neither PEM nor DER, or broken. */
  | "format"
  /** Something else than what was asked for: a key for a certificate. */
  | "kind"
  /** None of it, or more than one where one is wanted. */
  | "count"
  | "password_missing"
  | "password_wrong"
  /** A method or a kind of key that cannot be used. */
  | "unsupported"
  /** Key and certificate do not fit. */
  | "mismatch";

/** See {@linkcode FormatFault}. */
export class FormatError extends CertificateFileError {
  override name = "FormatError";
  readonly fault: FormatFault;

  constructor(fault: FormatFault, what: string | Told) {
    super(what);
    this.fault = fault;
  }
}
