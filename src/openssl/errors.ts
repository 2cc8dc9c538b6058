/**
 * OpenSSL's errors in our words: the one place that turns the error queue into a {@linkcode TlsFailure}.
 *
 * The queue is one per thread and belongs to whatever failed last, so it is cleared before each call that may fill it
 * ({@linkcode clearErrors}) and emptied when a failure is read. The oldest entry is the cause; the others tell who passed it on.
 *
 * @module
 */
import type { TlsFailure, TlsReason } from "../tls/engine.ts";
import type { Native } from "./library.ts";
import { textUntilNul } from "./memory.ts";

/** Leaves the queue empty. A look is four times cheaper than a clear, and nearly always enough. */
export function clearErrors(native: Pick<Native, "ERR_peek_error" | "ERR_clear_error">): void {
  if (native.ERR_peek_error() !== 0) native.ERR_clear_error();
}

/** The cause of a failed call, taken from the queue, which is empty afterwards. */
export function takeFailure(native: Native): TlsFailure {
  const code = native.ERR_get_error();
  native.ERR_clear_error();
  if (code === 0) return ownFailure("other", "the TLS library gave no reason");
  return { code, error: errorText(native, code), reason: reasonOf(code) };
}

/** The cause of a failed call as `unsupported protocol`: for a sentence that has said the rest. Empties the queue. */
export function takeReasonText(native: Native): string {
  const { error } = takeFailure(native);
  return error.slice(error.lastIndexOf(":") + 1);
}

/** A failure that is our own decision. */
export function ownFailure(reason: TlsReason, error: string): TlsFailure {
  return { code: 0, error, reason };
}

/** `error:0A000102:SSL routines::unsupported protocol`. */
function errorText(native: Native, code: number): string {
  const buffer = new Uint8Array(256);
  native.ERR_error_string_n(BigInt(code), buffer, 256n);
  return textUntilNul(buffer);
}

/** ERR_GET_LIB and ERR_GET_REASON of err.h. */
function reasonOf(code: number): TlsReason {
  return (code >>> 23) === sslLibrary ? sslReasons.get(code & 0x7fffff) ?? "other" : "other";
}

/** ERR_LIB_SSL. */
const sslLibrary = 20;

/** The reason codes of sslerr.h that have a word of ours; alerts of the peer are 1000 and the alert's number. */
const sslReasons: ReadonlyMap<number, TlsReason> = new Map(
  ([
    // UNSUPPORTED_PROTOCOL, WRONG_SSL_VERSION, VERSION_TOO_LOW, VERSION_TOO_HIGH, NO_PROTOCOLS_AVAILABLE,
    // INAPPROPRIATE_FALLBACK; alerts protocol_version, inappropriate_fallback
    ["version_mismatch", [258, 266, 396, 166, 191, 373, 1070, 1086]],
    // NO_SHARED_CIPHER, NO_CIPHERS_AVAILABLE, WRONG_CIPHER_RETURNED, UNKNOWN_CIPHER_RETURNED, NO_SHARED_SIGNATURE_ALGORITHMS,
    // NO_SHARED_GROUPS, NO_SUITABLE_KEY_SHARE, NO_SUITABLE_SIGNATURE_ALGORITHM, NO_SUITABLE_GROUPS; alert insufficient_security
    ["no_shared_cipher", [193, 181, 261, 248, 376, 410, 101, 118, 295, 1071]],
    // WRONG_VERSION_NUMBER, HTTP_REQUEST, HTTPS_PROXY_REQUEST, UNKNOWN_PROTOCOL, BAD_PROTOCOL_VERSION_NUMBER
    ["not_tls", [267, 156, 155, 252, 116]],
    // alerts about the certificate that we showed: no_certificate, bad, unsupported, revoked, expired, unknown, unknown_ca
    ["certificate_refused", [1041, 1042, 1043, 1044, 1045, 1046, 1048]],
    // PEER_DID_NOT_RETURN_A_CERTIFICATE; alert certificate_required
    ["no_certificate", [199, 1116]],
    // CERTIFICATE_VERIFY_FAILED, WRONG_CERTIFICATE_TYPE, BAD_ECC_CERT, CERT_LENGTH_MISMATCH
    ["bad_certificate", [134, 383, 304, 135]],
    // EE_KEY_TOO_SMALL, CA_KEY_TOO_SMALL, CA_MD_TOO_WEAK
    ["weak_certificate", [399, 397, 398]],
    // alert handshake_failure, DH_KEY_TOO_SMALL
    ["handshake_failure", [1040, 394]],
    // NO_RENEGOTIATION, UNSAFE_LEGACY_RENEGOTIATION_DISABLED; alert no_renegotiation
    ["renegotiation", [339, 338, 1100]],
    // EXCESSIVE_MESSAGE_SIZE, PACKET_LENGTH_TOO_LONG, ENCRYPTED_LENGTH_TOO_LONG, DATA_LENGTH_TOO_LONG; alert record_overflow
    ["too_large", [152, 198, 150, 146, 1022]],
    // UNEXPECTED_EOF_WHILE_READING
    ["closed", [294]],
  ] satisfies [TlsReason, number[]][]).flatMap(([reason, codes]) => codes.map((code) => [code, reason] as const)),
);

/** The word for a verify code of x509_vfy.h. */
export function verifyReason(code: number): TlsReason {
  switch (code) {
    // UNABLE_TO_GET_ISSUER_CERT, …_LOCALLY, UNABLE_TO_VERIFY_LEAF_SIGNATURE, SELF_SIGNED_CERT_IN_CHAIN, CERT_CHAIN_TOO_LONG,
    // CERT_UNTRUSTED, CERT_REJECTED
    case 2:
    case 20:
    case 21:
    case 19:
    case 22:
    case 27:
    case 28:
      return "untrusted";
    case 18: // DEPTH_ZERO_SELF_SIGNED_CERT
      return "self_signed";
    case 9: // CERT_NOT_YET_VALID
      return "not_yet_valid";
    case 10: // CERT_HAS_EXPIRED
      return "expired";
    case 23: // CERT_REVOKED
      return "revoked";
    case 66: // EE_KEY_TOO_SMALL, CA_KEY_TOO_SMALL, CA_MD_TOO_WEAK
    case 67:
    case 68:
      return "weak_certificate";
    default:
      return "bad_certificate";
  }
}
