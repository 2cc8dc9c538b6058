/**
 * What an engine's contexts share.
 *
 * @module
 */
import type { Octets } from "../base/octets.ts";
import type { TrustAnchors } from "../tls/engine.ts";
import type { Pointer } from "./handle.ts";
import type { Native } from "./library.ts";
import type { Staples } from "./staples.ts";
import { Trust } from "./verify.ts";

/** Handshakes that another thread may have at a time: it hears of the next one only when this thread comes round to it. */
const perThread = 4;

/**
 * Threads beside our own that may work at handshakes: the answer to a ClientHello takes longer than all else that a session costs
 * before its first command. Whoever finds them busy does it himself, so that all threads are used and nobody waits.
 */
export class Helpers {
  /** Threads, our own included. */
  threads = 1;
  #busy = 0;

  /** Takes one, where one is free. */
  take(): boolean {
    if (this.#busy >= (this.threads - 1) * perThread) return false;
    this.#busy++;
    return true;
  }

  /** Gives it back. */
  give(): void {
    this.#busy--;
  }
}

/** One engine's state. */
export interface EngineState {
  native: Native;
  now: () => number;
  /** Native contexts and sessions alive. */
  alive: { contexts: number; sessions: number };
  /** Keys of tickets, 80 bytes. */
  ticketKeys: Octets;
  /** Native server contexts alive, which get new ticket keys. */
  serverContexts: Set<Pointer>;
  helpers: Helpers;
  staples: Staples;
  /** Stores in use: contexts with the same anchors share one, since a store holds 140 certificates. */
  trusts: Map<TrustAnchors, Trust>;
}

/** The store of these anchors, with one hold for the caller. Throws `TlsSetupError`. */
export function trustFor(state: EngineState, anchors: TrustAnchors): Trust {
  let trust = state.trusts.get(anchors);
  if (trust !== undefined) {
    trust.hold();
    return trust;
  }
  trust = new Trust(state.native, anchors, () => state.trusts.delete(anchors));
  state.trusts.set(anchors, trust);
  return trust;
}
