/**
 * What a finished handshake proved. Chain and certificates are read when they are asked for, and remembered.
 *
 * @module
 */
import { textOf } from "../base/octets.ts";
import type { BuiltChain, CertificateFacts, PeerFacts } from "../tls/engine.ts";
import { type Method, methodTable } from "../tls/method.ts";
import type { Pointer } from "./handle.ts";
import type { Native } from "./library.ts";
import { pointerIn, printed, stackMembers, textAt } from "./memory.ts";
import type { ChainFacts, ChainQuestion, Trust } from "./verify.ts";
import { certificateFacts, certificateMatches } from "./x509.ts";

/** Where facts come from. */
export interface FactsSource {
  native: Native;
  /** The session's object; throws once it is freed. */
  ssl: () => Pointer;
  side: "server" | "client";
  /** SNI that the client sent; servers. */
  serverName?: string;
  trust: Trust | undefined;
  now: () => number;
}

/** Names of suites by the address of OpenSSL's static tables. */
const ciphers = new Map<bigint, { name: string; bits: number }>();

/** Reads the facts of a session whose handshake is done. */
export function peerFacts(source: FactsSource): PeerFacts {
  const { native, ssl, side } = source;
  const { name, bits } = cipherOf(native, native.SSL_get_current_cipher(ssl()));
  let chain: ChainFacts | undefined;
  return {
    protocol: methodOf(native.SSL_version(ssl())),
    cipher: name,
    bits,
    resumed: native.SSL_session_reused(ssl()) === 1,
    serverName: source.serverName,
    alpn: alpnOf(native, ssl()),
    certificate: native.SSL_get0_peer_certificate(ssl()) !== null,
    get chain(): ChainFacts {
      return chain ??= verified(source);
    },
    certificates(): CertificateFacts[] {
      const sent = stackMembers(native, native.SSL_get_peer_cert_chain(ssl()));
      const leaf = native.SSL_get0_peer_certificate(ssl());
      if (leaf === null) return [];
      // A server's list of what the client sent is without the leaf (SSL_get_peer_cert_chain(3)).
      const all = side === "server" ? [leaf, ...sent] : sent.length > 0 ? sent : [leaf];
      return all.map((certificate) => certificateFacts(native, certificate));
    },
    builtChain(): BuiltChain {
      const { trust } = source;
      const leaf = native.SSL_get0_peer_certificate(ssl());
      return trust === undefined || leaf === null ? { certificates: [] } : trust.build(questionOf(source, leaf));
    },
    matches(wanted: string): boolean {
      const leaf = native.SSL_get0_peer_certificate(ssl());
      return leaf !== null && certificateMatches(native, leaf, wanted);
    },
  };
}

function verified(source: FactsSource): ChainFacts {
  const { native, ssl, trust } = source;
  const leaf = native.SSL_get0_peer_certificate(ssl());
  if (leaf === null) return { trusted: false, reason: "no_certificate", code: 0, text: "no certificate was shown" };
  if (trust === undefined) {
    return { trusted: false, reason: "untrusted", code: 0, text: "no authorities are trusted here" };
  }
  return trust.verify(questionOf(source, leaf));
}

function questionOf({ native, ssl, side, now }: FactsSource, leaf: Pointer): ChainQuestion {
  const peer = side === "server" ? "client" : "server";
  return { leaf, sent: native.SSL_get_peer_cert_chain(ssl()), peer, now: now() };
}

function methodOf(wire: number): Method {
  const row = methodTable.find((each) => each.wire === wire);
  if (row === undefined) throw new Error(`Cannot name the TLS version: 0x${wire.toString(16)} is none of ours`);
  return row.name;
}

function cipherOf(native: Native, cipher: Deno.PointerValue): { name: string; bits: number } {
  if (cipher === null) return { name: "", bits: 0 };
  const key = Deno.UnsafePointer.value(cipher);
  let known = ciphers.get(key);
  if (known === undefined) {
    known = {
      name: textAt(native, native.SSL_CIPHER_get_name(cipher)),
      bits: native.SSL_CIPHER_get_bits(cipher, null),
    };
    ciphers.set(key, known);
  }
  return known;
}

const alpnData = new BigUint64Array(1);
const alpnLength = new Uint32Array(1);
const alpnDataBytes = new Uint8Array(alpnData.buffer);
const alpnLengthBytes = new Uint8Array(alpnLength.buffer);

function alpnOf(native: Native, ssl: Pointer): string | undefined {
  native.SSL_get0_alpn_selected(ssl, alpnDataBytes, alpnLengthBytes);
  const length = alpnLength[0];
  if (length === 0) return undefined;
  const data = pointerIn(alpnData);
  return textOf(printed(native, (bio) => native.BIO_write_pointer(bio, data, length)));
}
