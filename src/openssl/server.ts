/**
 * Server contexts: one listener's keys, chosen by name and by key type.
 *
 * An `SSL_CTX` holds one key of each type (RSA, ECDSA, Ed25519), and OpenSSL picks among them by what the client can verify. The
 * name that the client asks for picks the `SSL_CTX`: for each name of a certificate there is one with all the pairs that carry
 * it. Without a name, or with an unknown one, the first pair's context serves.
 *
 * @module
 */
import { octets } from "../base/octets.ts";
import type { KeyPair, ServerContext, ServerOptions, Session } from "../tls/engine.ts";
import { TlsSetupError } from "../tls/engine.ts";
import { AlpnList } from "./callbacks.ts";
import { makeContext } from "./context.ts";
import { Handle, type Pointer, Shared } from "./handle.ts";
import { OpenSslSession } from "./session.ts";
import { respondersOf } from "./ocsp.ts";
import { type EngineState, trustFor } from "./state.ts";
import { certificateFacts, type LoadedPair, loadPair } from "./x509.ts";

interface Candidate {
  pair: KeyPair;
  loaded: LoadedPair;
  /** `RSA`, `EC`, `ED25519`. */
  keyType: string;
  /** Lower case, wildcards as they are. */
  names: string[];
  fingerprint: string;
  /** Whether it names a responder, so that there may be an answer to show. */
  staples: boolean;
}

/** Makes a server context. Throws {@linkcode TlsSetupError}. */
export function serverContext(state: EngineState, options: ServerOptions): ServerContext {
  if (options.keyPairs.length === 0) {
    throw new TlsSetupError("certificate", "Cannot make a TLS server: it has no key pair");
  }
  using stack = new DisposableStack();
  const candidates = options.keyPairs.map((pair) => {
    const loaded = stack.use(loadPair(state.native, pair));
    const { pointer } = loaded.certificates[0];
    const { key, names, fingerprint } = certificateFacts(state.native, pointer);
    const staples = respondersOf(state.native, pointer).length > 0;
    return {
      pair,
      loaded,
      keyType: key.split(" ")[0],
      names: names.map((name) => name.toLowerCase()),
      fingerprint,
      staples,
    };
  });
  const made = new DisposableStack(); // what lives as long as the context
  try {
    return new OpenSslServerContext(state, {
      options,
      contexts: makeContexts(state, { options, candidates, made }),
      made,
    });
  } catch (thrown) {
    made.dispose();
    throw thrown;
  }
}

/** The contexts by the names that they serve; the empty name stands for all others. */
type ContextsByName = Map<string, Pointer>;

function makeContexts(
  state: EngineState,
  { options, candidates, made }: { options: ServerOptions; candidates: Candidate[]; made: DisposableStack },
): ContextsByName {
  const alpn = options.alpn === undefined || options.alpn.length === 0
    ? undefined
    : made.use(new AlpnList(options.alpn));
  const sessionIdContext = new Uint8Array(32);
  const identity = octets(options.sessionIdContext);
  const { native } = state;
  native.EVP_Digest(identity, BigInt(identity.length), sessionIdContext, null, native.EVP_sha256(), null);
  const bySelection = new Map<string, Pointer>();

  const contextOf = (selected: Candidate[]): Pointer => {
    const byType = new Map<string, Candidate>();
    for (const candidate of selected) if (!byType.has(candidate.keyType)) byType.set(candidate.keyType, candidate);
    const pairs = [...byType.values()];
    const selection = pairs.map((candidate) => candidates.indexOf(candidate)).join();
    const known = bySelection.get(selection);
    if (known !== undefined) return known;
    const { askClientCertificate, profile } = options;
    const staples = pairs.some((candidate) => candidate.staples);
    const server = { askClientCertificate, alpn, staples, sessionIdContext, ticketKeys: state.ticketKeys };
    for (const { staples, loaded, fingerprint } of pairs) {
      if (staples) made.use(state.staples.serve(loaded.certificates[0].pointer, fingerprint));
    }
    const pointer = adopt(state, made, makeContext(native, { side: "server", profile, pairs, server }));
    bySelection.set(selection, pointer);
    return pointer;
  };

  const contexts: ContextsByName = new Map();
  const [first] = candidates;
  contexts.set("", contextOf(first.names.length === 0 ? [first] : withName(candidates, first.names[0])));
  for (const name of candidates.flatMap((candidate) => candidate.names)) {
    if (!contexts.has(name)) contexts.set(name, contextOf(withName(candidates, name)));
  }
  return contexts;
}

/** The pairs whose certificate carries `name`, itself or by a wildcard. */
function withName(candidates: Candidate[], name: string): Candidate[] {
  return candidates.filter(({ names }) => names.includes(name) || names.includes(wildcardOf(name)));
}

/** `*.example.test` for `mail.example.test`: RFC 6125 §6.4.3, the leftmost label only and whole. */
function wildcardOf(name: string): string {
  const dot = name.indexOf(".");
  return dot < 0 ? "" : "*" + name.slice(dot);
}

/** Counts a native context, and gives it to `made`. */
function adopt(state: EngineState, made: DisposableStack, context: Handle): Pointer {
  const { pointer } = context;
  made.defer(() => {
    state.serverContexts.delete(pointer);
    state.alive.contexts--;
    context[Symbol.dispose]();
  });
  state.alive.contexts++;
  state.serverContexts.add(pointer);
  return pointer;
}

class OpenSslServerContext implements ServerContext {
  readonly #state: EngineState;
  readonly #options: ServerOptions;
  readonly #contexts: ContextsByName;
  readonly #shared: Shared;
  readonly #trust;
  #disposed = false;

  constructor(
    state: EngineState,
    { options, contexts, made }: { options: ServerOptions; contexts: ContextsByName; made: DisposableStack },
  ) {
    this.#state = state;
    this.#options = options;
    this.#contexts = contexts;
    this.#trust = options.trust === undefined ? undefined : trustFor(state, options.trust);
    this.#shared = new Shared(() => {
      made.dispose();
      this.#trust?.drop();
    });
  }

  session(): Session {
    if (this.#disposed) throw new Error("Cannot begin a TLS session: its context was given up");
    const { native, now, alive } = this.#state;
    this.#shared.hold();
    alive.sessions++;
    return new OpenSslSession({
      native,
      side: "server",
      renegotiation: this.#options.profile.renegotiation,
      trust: this.#trust,
      now,
      open: (serverName) => this.#open(serverName),
      ended: () => {
        alive.sessions--;
        this.#shared.drop();
      },
    });
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#shared.drop();
  }

  #open(serverName: string | undefined): Pointer {
    const { native } = this.#state;
    const name = serverName ?? "";
    const context = this.#contexts.get(name) ?? this.#contexts.get(wildcardOf(name)) ?? this.#contexts.get("")!;
    const pointer = native.SSL_new(context);
    return new Handle("a TLS session", { pointer, free: native.SSL_free }).release();
  }
}
