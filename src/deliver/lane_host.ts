/**
 * What lanes have in common, and whom they report to.
 *
 * @module
 */
import type { RepeatedFault } from "../base/repeated_fault.ts";
import type { Route } from "../policy/route.ts";
import type { HostMemory } from "./host_memory.ts";
import type { Pace } from "./pace.ts";
import type { Limits } from "./permits.ts";
import type { DeliveryWorld } from "./world.ts";

/** What lanes share. */
export interface LaneHost {
  readonly world: DeliveryWorld;
  readonly memory: HostMemory;
  readonly limits: Limits;
  readonly pace: Pace;
  /** A queue that cannot be read: for ten thousand destinations it is one trouble. */
  readonly queueTrouble: RepeatedFault;
  /** Delivery ends. */
  readonly stopping: AbortSignal;
  /** The route of a destination under the configuration in force. */
  routeFor(destination: string): Route;
  /** Mail for a destination stays in the queue. */
  suspended(destination: string): boolean;
  /** Mail for a destination is due: to whichever lane it belongs now. */
  wake(destination: string, messages: number): void;
  /** The lane has neither mail nor connections. */
  laneEmpty(lane: { readonly key: string }): void;
}
