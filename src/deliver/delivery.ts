/**
 * Delivery: what is due in the queue goes to the next hops.
 *
 * The dispatcher finds the route of each destination and the lane of that route; the lane does the rest. So destinations cannot hold each other up:
 * each route has connections of its own, and the number of all connections is shared out in turn.
 *
 * @module
 */
import { limits } from "../base/limits.ts";
import { RepeatedFault } from "../base/repeated_fault.ts";
import { type Route, routeOf } from "../policy/route.ts";
import { HostMemory } from "./host_memory.ts";
import { Lane } from "./lane.ts";
import type { LaneHost } from "./lane_host.ts";
import { Pace } from "./pace.ts";
import { Limits } from "./permits.ts";
import type { DeliveryWorld } from "./world.ts";

/** Running delivery. */
export interface Delivery {
  /** Outbound connections, those being opened included. */
  readonly connections: number;
  /** Routes with mail or connections. */
  readonly lanes: number;
  /** Hosts that failed lately. */
  readonly failingHosts: number;
  /** Delivery was suspended, and goes on: what is due is delivered. */
  resume(): void;
  /** Forgets which hosts failed: the next attempt is one. */
  forgetFailures(): void;
  /** Ends: messages under way are finished for `ms` at most (`limits.shutdownMs`), then cut off and given back. */
  stop(ms?: number): Promise<void>;
}

/** Routes that are kept until the configuration changes. */
const routesMax = 20_000;

/** Starts delivery of what is due now and of what becomes due. */
export function startDelivery(world: DeliveryWorld): Delivery {
  return new Dispatcher(world);
}

class Dispatcher implements Delivery, LaneHost {
  readonly world: DeliveryWorld;
  readonly memory: HostMemory;
  readonly queueTrouble: RepeatedFault;
  readonly limits = new Limits(limits.deliveryConnectionsMax);
  readonly pace: Pace;
  readonly #lanes = new Map<string, Lane>();
  readonly #routes = new Map<string, Route>();
  #generation = -1;
  readonly #stop = new AbortController();

  constructor(world: DeliveryWorld) {
    this.world = world;
    this.memory = new HostMemory(world);
    this.pace = new Pace(world);
    this.queueTrouble = new RepeatedFault({ ...world, gone: "Mail can be taken from the queue again" });
    world.spool.onDue((destination) => this.wake(destination, 1));
    this.resume();
  }

  resume(): void {
    const { spool, clock } = this.world;
    const now = clock.now();
    for (const { destination, waiting, due } of [...spool.destinations()]) {
      if (due <= now && waiting > 0) this.wake(destination, waiting);
    }
  }

  forgetFailures(): void {
    this.memory.forget();
  }

  suspended(destination: string): boolean {
    const { suspended } = this.world;
    return suspended !== undefined && suspended(this.routeFor(destination).destination);
  }

  get stopping(): AbortSignal {
    return this.#stop.signal;
  }

  get connections(): number {
    return this.limits.all.taken;
  }

  get lanes(): number {
    return this.#lanes.size;
  }

  get failingHosts(): number {
    return this.memory.size;
  }

  routeFor(destination: string): Route {
    const config = this.world.config();
    if (config.generation !== this.#generation || this.#routes.size >= routesMax) {
      this.#generation = config.generation;
      this.#routes.clear();
    }
    let route = this.#routes.get(destination);
    if (route === undefined) {
      route = routeOf(destination, config);
      this.#routes.set(destination, route);
    }
    return route;
  }

  wake(destination: string, messages: number): void {
    // What is suspended is found in the queue again when it is resumed.
    if (this.stopping.aborted || this.suspended(destination)) return;
    const route = this.routeFor(destination);
    let lane = this.#lanes.get(route.key);
    if (lane === undefined) {
      lane = new Lane(route, this);
      this.#lanes.set(route.key, lane);
    }
    lane.wake(destination, messages);
  }

  laneEmpty(lane: { readonly key: string }): void {
    if (this.#lanes.get(lane.key) === lane) this.#lanes.delete(lane.key);
  }

  async stop(ms: number = limits.shutdownMs): Promise<void> {
    this.#stop.abort();
    this.pace.stop();
    const lanes = [...this.#lanes.values()];
    const ended = Promise.all(lanes.map((lane) => lane.stop()));
    const timer = this.world.clock.after(ms, () => {
      for (const lane of lanes) lane.cut();
    });
    await ended;
    timer.cancel();
    this.#lanes.clear();
  }
}
