/**
 * The listeners' loops, and all inbound sessions: who may begin one, who stalls, and the end of all at shutdown.
 *
 * @module
 */
import type { Timer } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import { causeOf } from "../base/text.ts";
import { type Conn, endpointText, type Listener } from "../net/net.ts";
import { clientKey } from "../policy/client_key.ts";
import { makeBuffers } from "./buffers.ts";
import type { AcceptWorld, Service } from "./service.ts";
import { InboundSession, type TurnedAway } from "./session.ts";

/** How often stalled sessions are looked for. */
const sweepMs = 1_000;

/** The part of the places that may be taken before stalled sessions have less time. */
const crowdedShare = 0.75;

/** A listener that takes connections in. */
export interface OpenListener {
  /** What new sessions begin with. A reload sets it; sessions that run keep theirs. */
  service: Service;
  /** Sessions that run on it. */
  readonly sessions: number;
  /** It takes connections. */
  readonly listening: boolean;
  /** Takes no more connections. Sessions go on. */
  close(): void;
}

/** The inbound side of the gateway. */
export class Acceptor {
  readonly #world: AcceptWorld;
  readonly #buffers = makeBuffers();
  readonly #listeners = new Set<Loop>();
  readonly #sessions = new Map<InboundSession, Loop>();
  /** Sessions of each client, at all listeners, those of earlier configurations included. */
  readonly #byClient = new Map<string, number>();
  #sweep: Timer | undefined;
  #stopping = false;
  #onEmpty: (() => void) | undefined;

  constructor(world: AcceptWorld) {
    this.#world = world;
  }

  /** All sessions that run. */
  get sessions(): number {
    return this.#sessions.size;
  }

  /** Serves a listener, which it owns from now on. */
  listen(listener: Listener, service: Service): OpenListener {
    const loop = new Loop(listener, service);
    this.#listeners.add(loop);
    void this.#accept(loop);
    return loop;
  }

  /**
   * Takes no more connections, ends idle sessions with 421, lets transactions finish, and cuts what is left after
   * {@linkcode limits.shutdownMs}. Resolves when no session is left, or soon after the cut.
   */
  async shutdown(): Promise<void> {
    this.#stopping = true;
    for (const loop of this.#listeners) loop.close();
    for (const session of this.#sessions.keys()) session.stop();
    if (this.#sessions.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onEmpty = resolve;
    const { clock } = this.#world;
    let timer = clock.after(limits.shutdownMs, () => {
      for (const session of this.#sessions.keys()) session.kill();
      // Whoever still waits for the disk waits in vain: his client was not told 250.
      timer = clock.after(limits.farewellMs, resolve);
    });
    await promise;
    timer.cancel();
  }

  async #accept(loop: Loop): Promise<void> {
    try {
      for (let conn = await loop.listener.accept(); conn !== null; conn = await loop.listener.accept()) {
        void this.#serve(conn, loop);
      }
    } catch (thrown) {
      const text = `Cannot accept on ${endpointText(loop.listener.local)}: ${causeOf(thrown)}`;
      this.#world.log.critical({ event: "note", text, reason: "listener_down" });
    } finally {
      loop.close();
      this.#listeners.delete(loop);
    }
  }

  /** Why a connection is one too many: for its listener, for all, or for the machine. */
  #turnAway(loop: Loop, { listener }: Service): TurnedAway | undefined {
    if (this.#world.suspended?.(listener.name)) {
      return { reason: "suspended", text: "suspended by the operator", peer: "Service not available, try again later" };
    }
    if (loop.sessions >= listener.max_connections) {
      return {
        reason: "too_many_connections",
        text: "too many connections to this listener",
        peer: "Too many connections",
      };
    }
    const { pressure } = this.#world;
    const shortage = pressure.sessionShortage(this.#sessions.size);
    if (shortage === undefined) return undefined;
    pressure.refused(shortage);
    return { ...shortage, reason: `pressure_${shortage.kind}` };
  }

  #endStalled(): void {
    const { clock, pressure } = this.#world;
    const now = clock.monotonic();
    const crowded = isCrowded(this.#sessions.size, pressure.sessionsMax);
    for (const [session, { sessions, service: { listener } }] of this.#sessions) {
      session.sweep({ now, crowded: crowded || isCrowded(sessions, listener.max_connections) });
    }
  }

  /** Counts a connection in: how many its client has now. */
  #enter(client: string, loop: Loop): number {
    loop.sessions++;
    const count = (this.#byClient.get(client) ?? 0) + 1;
    this.#byClient.set(client, count);
    return count;
  }

  #leave(client: string, loop: Loop): void {
    loop.sessions--;
    const left = (this.#byClient.get(client) ?? 0) - 1;
    if (left > 0) this.#byClient.set(client, left);
    else this.#byClient.delete(client);
  }

  async #serve(conn: Conn, loop: Loop): Promise<void> {
    if (this.#stopping) return conn.close();
    const { service } = loop;
    using _held = service.hold?.();
    const client = clientKey(conn.remote.address);
    const turnedAway = this.#turnAway(loop, service);
    const session = new InboundSession(conn, {
      world: this.#world,
      service,
      buffers: this.#buffers,
      turnedAway,
      client,
      siblings: this.#enter(client, loop),
    });
    this.#sessions.set(session, loop);
    this.#sweep ??= this.#world.clock.every(sweepMs, () => this.#endStalled());
    await session.run();
    this.#leave(client, loop);
    this.#sessions.delete(session);
    if (this.#sessions.size > 0) return;
    this.#sweep?.cancel();
    this.#sweep = undefined;
    this.#onEmpty?.();
  }
}

/** Few places are left of `max`: whoever stalls has less time. */
function isCrowded(sessions: number, max: number): boolean {
  return sessions >= max * crowdedShare;
}

class Loop implements OpenListener {
  readonly listener: Listener;
  service: Service;
  sessions = 0;
  listening = true;

  constructor(listener: Listener, service: Service) {
    this.listener = listener;
    this.service = service;
  }

  close(): void {
    this.listening = false;
    this.listener.close();
  }
}
