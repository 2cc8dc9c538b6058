/**
 * Delivery whose connections are in other threads, without threads: both ends of each wire are here, and what passes between them is copied
 * as between threads.
 *
 * @module
 */
import type { DeliveryWorld } from "../../src/deliver/world.ts";
import type { Octets } from "../../src/base/octets.ts";
import { callFrom, type CallingWorld } from "../../src/deliver/link.ts";
import type { Resolver } from "../../src/dns/records.ts";
import type { Conn, Dialer } from "../../src/net/net.ts";
import { FarCaller, FarResolver, type Runner } from "../../src/workers/errands.ts";
import { Lines } from "../../src/workers/lines.ts";
import { Wire } from "../../src/workers/wire.ts";
import type { ToMain, ToWorker } from "../../src/workers/words.ts";

/** A thread that is none. */
export class FakeRunner implements Runner {
  readonly wire: Wire<ToWorker, ToMain>;
  links = 0;
  /** Calls that it has taken. */
  calls = 0;
  /** Names that it was asked for. */
  readonly names: string[] = [];
  dead = false;
  readonly #conns: Conn[] = [];

  constructor(
    world: CallingWorld,
    { resolver, read }: { resolver: Resolver; read: (mid: number) => AsyncIterable<Octets> },
  ) {
    // What a test changes of the world is seen here too.
    const own: CallingWorld = Object.create(world, {
      dialer: {
        value: {
          dial: async (to, options) => {
            const conn = await world.dialer.dial(to, options);
            this.#conns.push(conn);
            if (this.dead) conn.close();
            return conn;
          },
        } satisfies Dialer,
      },
    });
    const lines = new Lines(own, () => ({ read }));
    const never = () => {
      throw new Error("Cannot serve sessions: there is no thread");
    };
    const hears: ToWorker = {
      hello: never,
      start: never,
      piece: never,
      build: never,
      retire: never,
      open: never,
      serve: never,
      shut: never,
      inForce: never,
      staple: never,
      shortage: never,
      counted: never,
      shutdown: never,
      call: (call) => {
        this.calls++;
        return lines.call(call);
      },
      converse: (words) => lines.converse(words),
      offer: (words) => lines.offer(words),
      quit: (words) => lines.quit(words),
      hangUp: (dcid) => lines.hangUp(dcid),
      resolve: ({ name, type }) => {
        this.names.push(name);
        return resolver.resolve(name, type);
      },
    };
    const { clock } = world;
    const post = (to: () => { receive(batch: unknown): void }) => ({
      postMessage: (message: unknown, transfer: Transferable[]) => {
        const copy = structuredClone(message, { transfer });
        queueMicrotask(() => {
          if (!this.dead) to().receive(copy);
        });
      },
    });
    const there: Wire<ToMain, ToWorker> = new Wire<ToMain, ToWorker>(post(() => this.wire), {
      clock,
      hears,
    });
    this.wire = new Wire<ToWorker, ToMain>(post(() => there), { clock, hears: {} as ToMain });
  }

  /** Ends it, as a crew does with a thread that died: its sockets go, and nobody is told anything. */
  die(): void {
    this.dead = true;
    this.wire.cut("it was ended by the test");
    for (const conn of this.#conns) conn.close();
  }
}

/** Has delivery in `world` connect in so many threads. */
export function connectFar(
  world: DeliveryWorld,
  { count, read }: { count: number; read: (mid: number) => AsyncIterable<Octets> },
): FakeRunner[] {
  const { resolver } = world;
  const far = Array.from({ length: count }, () => new FakeRunner(world, { resolver, read }));
  const living = () => far.filter(({ dead }) => !dead);
  world.caller = new FarCaller(living, { call: (call) => callFrom(world, call) });
  world.resolver = new FarResolver(living, resolver);
  return far;
}
