/**
 * The queue's time: wall time that never goes back.
 *
 * Due times are wall times, so that they mean something after a restart. When the wall clock is set back while the gateway
 * runs, the queue's time goes on at the monotonic clock's pace, so no message is frozen until the clock has caught up; when it
 * is set forward (or the machine slept), the queue follows. The last time seen is stored; a start at an earlier time
 * shifts all due times by the difference.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";

/** A second: smaller differences are the clock being slewed, not set. */
const jumpMs = 1000;

/** See the module. */
export class QueueClock {
  readonly #clock: Clock;
  #offset: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offset = clock.now() - clock.monotonic();
  }

  /** Milliseconds, whole. */
  now(): number {
    const steady = this.#clock.monotonic() + this.#offset;
    const wall = this.#clock.now();
    if (wall > steady + jumpMs) {
      this.#offset += wall - steady;
      return Math.floor(wall);
    }
    return Math.floor(steady);
  }

  /** A time of the queue as wall time. */
  wall(at: number): number {
    return Math.floor(at - this.now() + this.#clock.now());
  }

  /** A wall time as time of the queue. */
  queued(wall: number): number {
    return Math.floor(wall - this.#clock.now() + this.now());
  }
}
