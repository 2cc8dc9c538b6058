/**
 * The TLS engine over OpenSSL 3.
 *
 * @module
 */
import type { Octets } from "../base/octets.ts";
import { type Random, systemRandom } from "../base/random.ts";
import { systemClock } from "../base/clock.ts";
import type {
  CertificateFacts,
  CipherSuite,
  ClientContext,
  ClientOptions,
  Engine,
  KeyPair,
  ServerContext,
  ServerOptions,
  TlsProfile,
  TrustAnchors,
} from "../tls/engine.ts";
import type { CertificateEngine } from "../tls/certificates.ts";
import type { CrlFacts, RevocationEngine, Staple } from "../tls/revocation.ts";
import { callbacks } from "./callbacks.ts";
import { certificateEngine } from "./certificates.ts";
import { clientContext } from "./client.ts";
import { useTicketKeys } from "./context.ts";
import { openLibrary } from "./library.ts";
import { textAt } from "./memory.ts";
import { serverContext } from "./server.ts";
import { type EngineState, trustFor } from "./state.ts";
import { selectedSuites } from "./suites.ts";
import type { Trust } from "./verify.ts";
import { readStatus, statusQuestion } from "./ocsp.ts";
import { Staples } from "./staples.ts";
import { certificateFacts, loadPair } from "./x509.ts";

/** How an engine is made. */
export interface OpenSslEngineOptions {
  /** Where libssl.so.3 and libcrypto.so.3 are; by default `native/` of the program, else the system's. Counts for the first engine of a process. */
  directory?: string;
  /** Wall milliseconds that certificates are held against. */
  now?: () => number;
  /** 80 secret bytes, the same in every worker that serves the same listeners; by default drawn. */
  ticketKeys?: Octets;
  random?: Random;
  /** Hears of each {@linkcode RevocationEngine.staple}: other threads show the same. */
  onStaple?: (fingerprint: string, staple: Staple | undefined) => void;
}

/** The engine, with what only OpenSSL's has. */
export interface OpenSslEngine extends Engine, RevocationEngine {
  /** New keys for the tickets of all server contexts, 80 bytes: who learns old ones then cannot read newer sessions. Tickets given out before are void. */
  rotateTicketKeys(keys: Octets): void;
  /** Reads anchors: how many certificates, and the revocation lists, so that old ones can be warned about. Throws `TlsSetupError`. */
  inspectTrust(anchors: TrustAnchors): { authorities: number; crls: CrlFacts[] };
  /** Certificates and keys as things of their own. */
  readonly certificates: CertificateEngine;
}

/** The length of ticket keys: SSL_CTX_set_tlsext_ticket_keys. */
export const ticketKeysOctets = 80;

/** Opens OpenSSL and makes an engine. Throws `TlsSetupError` (part `library`) that names what to install. */
export function openSslEngine(options: OpenSslEngineOptions = {}): OpenSslEngine {
  const native = openLibrary(options.directory);
  callbacks(native);
  const now = options.now ?? systemClock.now;
  const state: EngineState = {
    native,
    now,
    alive: { contexts: 0, sessions: 0 },
    ticketKeys: checkedKeys(options.ticketKeys ?? (options.random ?? systemRandom).bytes(ticketKeysOctets)),
    serverContexts: new Set(),
    staples: new Staples(now),
    trusts: new Map(),
  };
  return {
    version: textAt(native, native.OpenSSL_version(0)),
    alive: state.alive,
    serverContext: (server: ServerOptions): ServerContext => serverContext(state, server),
    clientContext: (client: ClientOptions): ClientContext => clientContext(state, client),
    suites: (profile: Pick<TlsProfile, "methods" | "ciphers">): CipherSuite[] => selectedSuites(native, profile),
    inspect(pair: KeyPair): CertificateFacts[] {
      using loaded = loadPair(native, pair);
      return loaded.certificates.map((certificate) => certificateFacts(native, certificate.pointer));
    },
    certificates: certificateEngine(state),
    rotateTicketKeys(keys: Octets): void {
      state.ticketKeys = checkedKeys(keys);
      for (const context of state.serverContexts) useTicketKeys(native, context, keys);
    },
    inspectTrust: (anchors: TrustAnchors) => withTrust(state, anchors, (trust) => trust.read()),
    readCrls: (list: Octets, anchors: TrustAnchors) => withTrust(state, anchors, (trust) => trust.tell(list)),
    statusQuestion: (pair: KeyPair, anchors: TrustAnchors) =>
      withTrust(state, anchors, (trust) => statusQuestion(native, pair, trust)),
    readStatus: (pair: KeyPair, { response, trust: anchors }: { response: Octets; trust: TrustAnchors }) =>
      withTrust(state, anchors, (trust) => readStatus(native, pair, { response, trust, now: now() })),
    staple(fingerprint: string, staple: Staple | undefined): void {
      state.staples.set(fingerprint, staple);
      options.onStaple?.(fingerprint, staple);
    },
  };
}

function withTrust<T>(state: EngineState, anchors: TrustAnchors, use: (trust: Trust) => T): T {
  const trust = trustFor(state, anchors);
  try {
    return use(trust);
  } finally {
    trust.drop();
  }
}

function checkedKeys(keys: Octets): Octets {
  if (keys.length === ticketKeysOctets) return keys;
  throw new Error(`Cannot set the ticket keys: they have ${keys.length} bytes and not ${ticketKeysOctets}`);
}
