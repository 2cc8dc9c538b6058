/**
 * The cipher suites that a profile selects, as OpenSSL itself would use them.
 *
 * @module
 */
import type { CipherSuite, TlsProfile } from "../tls/engine.ts";
import { type Method, methodRange } from "../tls/method.ts";
import { makeContext } from "./context.ts";
import { clearErrors } from "./errors.ts";
import { Handle, type Pointer } from "./handle.ts";
import type { Native } from "./library.ts";
import { stackMembers, textAt, textUntilNul } from "./memory.ts";

/** See `Engine.suites`. Versions and the security level are taken into account. */
export function selectedSuites(native: Native, profile: Pick<TlsProfile, "methods" | "ciphers">): CipherSuite[] {
  using context = makeContext(native, { side: "client", profile: { ...profile, renegotiation: false }, pairs: [] });
  // Above level 0 OpenSSL 3 lists suites for TLS 1.0 and 1.1, but has no signature algorithm for them.
  const old = methodRange(profile.methods).newest < "TLSv1.2";
  if (old && native.SSL_CTX_get_security_level(context.pointer) > 0) return [];
  using session = new Handle("a TLS session", { pointer: native.SSL_new(context.pointer), free: native.SSL_free });
  const stack = native.SSL_get1_supported_ciphers(session.pointer);
  clearErrors(native);
  if (stack === null) return []; // no method is left at the string's security level
  using owned = new Handle("a list of suites", { pointer: stack, free: native.OPENSSL_sk_free });
  return stackMembers(native, owned.pointer).map((cipher) => describe(native, cipher));
}

function describe(native: Native, cipher: Pointer): CipherSuite {
  const version = textAt(native, native.SSL_CIPHER_get_version(cipher));
  return {
    name: textAt(native, native.SSL_CIPHER_get_name(cipher)),
    oldest: version === "SSLv3" ? "TLSv1.0" : version as Method,
    authentication: authentications[native.SSL_CIPHER_get_auth_nid(cipher)] ?? "other",
    keyExchange: keyExchanges[native.SSL_CIPHER_get_kx_nid(cipher)] ?? "other",
    ...encryptionOf(native, cipher),
    bits: native.SSL_CIPHER_get_bits(cipher, null),
  };
}

/** SSL_CIPHER_description(3): `… Enc=AESGCM(256)            Mac=AEAD`. */
function encryptionOf(native: Native, cipher: Pointer): { encryption: string; mac: string } {
  const buffer = new Uint8Array(256); // at least 128 are asked for
  native.SSL_CIPHER_description(cipher, buffer, buffer.length);
  const text = textUntilNul(buffer);
  const word = (name: string) => new RegExp(`${name}=(\\S+)`).exec(text)?.[1] ?? "other";
  return { encryption: word("Enc"), mac: word("Mac") };
}

// NID_auth_… and NID_kx_… of obj_mac.h.
const authentications: Record<number, string> = {
  1046: "RSA",
  1047: "ECDSA",
  1048: "PSK",
  1049: "DSS",
  1052: "SRP",
  1053: "none",
  1064: "any",
};
const keyExchanges: Record<number, string> = {
  1037: "RSA",
  1038: "ECDHE",
  1039: "DHE",
  1040: "ECDHE-PSK",
  1041: "DHE-PSK",
  1042: "RSA-PSK",
  1043: "PSK",
  1044: "SRP",
  1063: "any",
};
