/**
 * Client contexts, and the sessions that they remember to resume.
 *
 * A remembered session belongs to one context, so that another profile, other authorities or another certificate of our own never
 * meet it. Its peer's chain is kept in it, and is verified again on every connection.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import type { ClientContext, ClientOptions, ClientSessionOptions, Session } from "../tls/engine.ts";
import { alpnBytes } from "./callbacks.ts";
import { makeContext } from "./context.ts";
import { clearErrors } from "./errors.ts";
import { Handle, type Pointer, Shared } from "./handle.ts";
import { cString } from "./memory.ts";
import { OpenSslSession } from "./session.ts";
import { type EngineState, trustFor } from "./state.ts";
import type { Trust } from "./verify.ts";
import { loadPair } from "./x509.ts";

const setHostName = 55; // SSL_CTRL_SET_TLSEXT_HOSTNAME, with TLSEXT_NAMETYPE_host_name, 0

/** Makes a client context. Throws `TlsSetupError`. */
export function clientContext(state: EngineState, options: ClientOptions): ClientContext {
  const { keyPair: pair, profile } = options;
  using loaded = pair === undefined ? undefined : loadPair(state.native, pair);
  const pairs = pair === undefined || loaded === undefined ? [] : [{ pair, loaded }];
  using context = makeContext(state.native, { side: "client", profile, pairs });
  const trust = trustFor(state, options.trust);
  return new OpenSslClientContext(state, { context: context.release(), trust });
}

class OpenSslClientContext implements ClientContext {
  readonly #state: EngineState;
  readonly #context: Pointer;
  readonly #trust: Trust;
  readonly #shared: Shared;
  /** By cache key, the longest unused first. */
  readonly #remembered = new Map<string, Handle>();
  #disposed = false;

  constructor(state: EngineState, { context, trust }: { context: Pointer; trust: Trust }) {
    this.#state = state;
    this.#context = context;
    this.#trust = trust;
    state.alive.contexts++;
    this.#shared = new Shared(() => {
      state.alive.contexts--;
      state.native.SSL_CTX_free(context);
      trust.drop();
    });
  }

  session(options: ClientSessionOptions): Session {
    if (this.#disposed) throw new Error("Cannot begin a TLS session: its context was given up");
    const { native, now, alive } = this.#state;
    const { cacheKey } = options;
    this.#shared.hold();
    alive.sessions++;
    const ended = () => {
      alive.sessions--;
      this.#shared.drop();
    };
    try {
      return new OpenSslSession({
        native,
        side: "client",
        renegotiation: false,
        trust: this.#trust,
        now,
        open: () => this.#open(options),
        keep: cacheKey === undefined ? undefined : (ssl) => this.#remember(cacheKey, ssl),
        ended,
      });
    } catch (thrown) {
      ended();
      throw thrown;
    }
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const session of this.#remembered.values()) session[Symbol.dispose]();
    this.#remembered.clear();
    this.#shared.drop();
  }

  #open({ serverName, cacheKey, alpn }: ClientSessionOptions): Pointer {
    const { native } = this.#state;
    using session = new Handle("a TLS session", { pointer: native.SSL_new(this.#context), free: native.SSL_free });
    const { pointer } = session;
    if (serverName !== undefined && native.SSL_ctrl_buffer(pointer, setHostName, 0n, cString(serverName)) !== 1) {
      throw new Error(`Cannot ask for the name "${serverName}": it is too long for a host name`);
    }
    if (alpn !== undefined && alpn.length > 0) {
      const protocols = alpnBytes(alpn);
      native.SSL_set_alpn_protos(pointer, protocols, protocols.length);
    }
    const remembered = cacheKey === undefined ? undefined : this.#remembered.get(cacheKey);
    if (remembered !== undefined) native.SSL_set_session(pointer, remembered.pointer);
    clearErrors(native);
    return session.release();
  }

  #remember(cacheKey: string, ssl: Pointer): void {
    if (this.#disposed) return;
    const { native } = this.#state;
    const pointer = native.SSL_get1_session(ssl);
    if (pointer === null) return;
    using session = new Handle("a remembered session", { pointer, free: native.SSL_SESSION_free });
    if (native.SSL_SESSION_is_resumable(pointer) !== 1) return;
    this.#remembered.get(cacheKey)?.[Symbol.dispose]();
    this.#remembered.delete(cacheKey);
    if (this.#remembered.size >= limits.tlsSessionsCachedMax) {
      const [oldest, unused] = this.#remembered.entries().next().value!;
      unused[Symbol.dispose]();
      this.#remembered.delete(oldest);
    }
    this.#remembered.set(
      cacheKey,
      new Handle("a remembered session", { pointer: session.release(), free: native.SSL_SESSION_free }),
    );
  }
}
