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
