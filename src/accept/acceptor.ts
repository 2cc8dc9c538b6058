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
import type { Knock } from "./gate.ts";
import type { AcceptWorld, Service } from "./service.ts";
import { InboundSession } from "./session.ts";

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
  #sweep: Timer | undefined;
  #stopping = false;
  #onEmpty: (() => void) | undefined;

  constructor(world: AcceptWorld) {
    this.#world = world;
  }

  /** All sessions that run in this thread. */
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

  async #endStalled(): Promise<void> {
    const { clock, gate } = this.#world;
    const asked = gate.crowd();
    const { sessions, max, byDoor } = asked instanceof Promise ? await asked : asked;
    const now = clock.monotonic();
    const crowded = isCrowded(sessions, max);
    for (const [session, { door, service: { listener } }] of this.#sessions) {
      session.sweep({ now, crowded: crowded || isCrowded(byDoor.get(door) ?? 0, listener.max_connections) });
    }
  }

  async #serve(conn: Conn, loop: Loop): Promise<void> {
    if (this.#stopping) return conn.close();
    const { service } = loop;
    const { gate, intake } = this.#world;
    using _held = service.hold?.();
    const { name, max_connections: max } = service.listener;
    const client = clientKey(conn.remote.address);
    const knock: Knock = { icid: intake.ids.next("icid"), client, door: loop.door, listener: name, max };
    const asked = gate.enter(knock);
    const { turnedAway, siblings } = asked instanceof Promise ? await asked : asked;
    const { icid } = knock;
    const session = new InboundSession(conn, {
      world: this.#world,
      service,
      buffers: this.#buffers,
      turnedAway,
      icid,
      client,
      siblings,
    });
    loop.sessions++;
    this.#sessions.set(session, loop);
    this.#sweep ??= this.#world.clock.every(sweepMs, () => void this.#endStalled());
    if (this.#stopping) session.stop();
    await session.run();
    gate.leave(knock);
    loop.sessions--;
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
  /** Its address, as text. */
  readonly door: string;
  service: Service;
  sessions = 0;
  listening = true;

  constructor(listener: Listener, service: Service) {
    this.listener = listener;
    this.door = endpointText(listener.local);
    this.service = service;
  }

  close(): void {
    this.listening = false;
    this.listener.close();
  }
}
