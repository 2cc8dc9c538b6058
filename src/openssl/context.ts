/**
 * Makes an `SSL_CTX` from a profile: versions, ciphers, groups, keys.
 *
 * @module
 */
import type { Octets } from "../base/octets.ts";
import { type KeyPair, type TlsProfile, TlsSetupError } from "../tls/engine.ts";
import { methodRange, methodsFault, methodTable } from "../tls/method.ts";
import { type AlpnList, callbacks } from "./callbacks.ts";
import { clearErrors, takeReasonText } from "./errors.ts";
import { Handle, type Pointer } from "./handle.ts";
import type { Native } from "./library.ts";
import { cString } from "./memory.ts";
import type { LoadedPair } from "./x509.ts";

/** What one context is made of. */
export interface ContextPlan {
  side: "server" | "client";
  profile: TlsProfile;
  /** At most one for each key type: OpenSSL keeps one of a type. */
  pairs: readonly { pair: KeyPair; loaded: LoadedPair }[];
  /** Servers only. */
  server?: {
    askClientCertificate: boolean;
    alpn?: AlpnList;
    /** Clients that ask for the status of the certificate get what there is. */
    staples: boolean;
    /** 32 bytes. */
    sessionIdContext: Octets;
    /** 80 bytes: name, HMAC key, AES key. */
    ticketKeys: Octets;
  };
}

// SSL_CTRL_… of ssl.h.
const setMode = 33;
const setSessionCacheMode = 44;
const setTicketKeys = 59;
const setStatusCallback = 63;
const addChainCertificate = 89;
const setGroupsList = 92;
const setDhAuto = 118;
const setMinVersion = 123;
const setMaxVersion = 124;

// SSL_MODE_…: ACCEPT_MOVING_WRITE_BUFFER, since a write that has to wait comes back from another place; AUTO_RETRY;
// NO_AUTO_CHAIN, since the chain is sent as it was given and none is searched on each handshake; RELEASE_BUFFERS, since most
// sessions idle.
const modes = 0x2n | 0x4n | 0x8n | 0x10n;

const bit = (n: number): bigint => 1n << BigInt(n);
// SSL_OP_…
const allowClientRenegotiation = bit(8);
const noTicket = bit(14);
const noCompression = bit(17); // CRIME
const cipherServerPreference = bit(22);
const noRenegotiation = bit(30);

const verifyPeer = 1; // SSL_VERIFY_PEER

/** The suites of TLS 1.3: always these, in this order. */
const suites13 = cString("TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256");
const groups = cString("X25519:P-256:P-384:P-521");

/** Makes a context. Throws {@linkcode TlsSetupError}. */
export function makeContext(native: Native, plan: ContextPlan): Handle {
  const { side, profile, server } = plan;
  const fault = methodsFault(profile.methods);
  if (fault !== undefined) throw new TlsSetupError("methods", `Cannot set the TLS methods: ${fault}`);
  clearErrors(native);
  using context = new Handle("a TLS context", {
    pointer: native.SSL_CTX_new(side === "server" ? native.TLS_server_method() : native.TLS_client_method()),
    free: native.SSL_CTX_free,
  });
  const { pointer } = context;
  setVersions(native, pointer, profile);
  setCiphers(native, pointer, profile);
  native.SSL_CTX_ctrl(pointer, setMode, modes, null);
  native.SSL_CTX_ctrl(pointer, setSessionCacheMode, 0n, null); // tickets hold what a session needs; clients keep their own
  native.SSL_CTX_ctrl_buffer(pointer, setGroupsList, 0n, groups);
  for (const each of plan.pairs) usePair(native, pointer, each);
  if (server === undefined) {
    native.SSL_CTX_set_options(pointer, noCompression | noRenegotiation);
    return new Handle("a TLS context", { pointer: context.release(), free: native.SSL_CTX_free });
  }
  native.SSL_CTX_ctrl(pointer, setDhAuto, 1n, null); // else the DHE suites never serve
  native.SSL_CTX_set_options(
    pointer,
    noCompression | cipherServerPreference | (profile.renegotiation ? allowClientRenegotiation : noRenegotiation),
  );
  setResumption(native, pointer, server);
  if (server.askClientCertificate) native.SSL_CTX_set_verify(pointer, verifyPeer, callbacks(native).verify);
  if (server.alpn !== undefined) {
    native.SSL_CTX_set_alpn_select_cb(pointer, callbacks(native).alpn, server.alpn.pointer);
  }
  if (server.staples) native.SSL_CTX_callback_ctrl(pointer, setStatusCallback, callbacks(native).status);
  clearErrors(native);
  return new Handle("a TLS context", { pointer: context.release(), free: native.SSL_CTX_free });
}

/** Gives a server context the keys of its tickets: 80 bytes. */
export function useTicketKeys(native: Native, context: Pointer, keys: Octets): void {
  if (native.SSL_CTX_ctrl_buffer(context, setTicketKeys, BigInt(keys.length), keys) !== 1) {
    throw new Error(`Cannot set the ticket keys: ${takeReasonText(native)}`);
  }
}

function setVersions(native: Native, context: Pointer, profile: Pick<TlsProfile, "methods">): void {
  const { oldest, newest } = methodRange(profile.methods);
  const wire = (name: string): bigint => BigInt(methodTable.find((row) => row.name === name)!.wire);
  if (
    native.SSL_CTX_ctrl(context, setMinVersion, wire(oldest), null) !== 1 ||
    native.SSL_CTX_ctrl(context, setMaxVersion, wire(newest), null) !== 1
  ) {
    throw new TlsSetupError("methods", `Cannot set the TLS methods: this OpenSSL lacks one of ${oldest} to ${newest}`);
  }
}

function setCiphers(native: Native, context: Pointer, profile: Pick<TlsProfile, "methods" | "ciphers">): void {
  // OpenSSL 3 refuses TLS 1.0 and 1.1 above level 0. `@SECLEVEL` in the string, read next, overrides this.
  const old = profile.methods.includes("TLSv1.0") || profile.methods.includes("TLSv1.1");
  native.SSL_CTX_set_security_level(context, old ? 0 : 1);
  const usable = !profile.ciphers.includes("\0") &&
    native.SSL_CTX_set_cipher_list(context, cString(profile.ciphers)) === 1;
  if (!usable) {
    const cause = takeReasonText(native);
    const state = cause === "invalid command" ? "is no cipher string" : "selects none";
    throw new TlsSetupError("ciphers", `Cannot set the ciphers: "${profile.ciphers}" ${state}`);
  }
  native.SSL_CTX_set_ciphersuites(context, suites13);
}

function usePair(native: Native, context: Pointer, { pair, loaded }: ContextPlan["pairs"][number]): void {
  const [leaf, ...intermediates] = loaded.certificates;
  const refused = (part: "certificate" | "key"): TlsSetupError =>
    new TlsSetupError(part, `Cannot use the ${part} of ${pair.name}: ${takeReasonText(native)}`);
  if (native.SSL_CTX_use_certificate(context, leaf.pointer) !== 1) throw refused("certificate");
  if (native.SSL_CTX_use_PrivateKey(context, loaded.key.pointer) !== 1) throw refused("key");
  for (const intermediate of intermediates) {
    // With 1 the context takes a reference of its own.
    if (native.SSL_CTX_ctrl(context, addChainCertificate, 1n, intermediate.pointer) !== 1) throw refused("certificate");
  }
}

/**
 * A ticket holds the client's leaf but not its chain, so a resumed session could not be verified again. A context that asks for
 * client certificates therefore resumes nothing.
 */
function setResumption(native: Native, context: Pointer, server: NonNullable<ContextPlan["server"]>): void {
  const { sessionIdContext, ticketKeys } = server;
  native.SSL_CTX_set_session_id_context(context, sessionIdContext, sessionIdContext.length);
  if (server.askClientCertificate) {
    native.SSL_CTX_set_options(context, noTicket);
    native.SSL_CTX_set_num_tickets(context, 0n);
    return;
  }
  useTicketKeys(native, context, ticketKeys);
  native.SSL_CTX_set_num_tickets(context, 1n); // a mail client opens one connection after another: it needs one
}
