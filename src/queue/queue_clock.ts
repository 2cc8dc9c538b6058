/**
 * The queue's time: wall time that never goes back.
 *
 * Due times are wall times, so that they mean something after a restart. When the wall clock is set back while the gateway
 * runs, the queue's time goes on at the monotonic clock's pace, so no message is frozen until the clock has caught up; when it
 * is set forward (or the machine slept), the queue follows: a retry may come early, never late. The last time seen is stored; a
 * start at an earlier time shifts all due times by the difference.
 *
 * A message's age follows no jump: {@linkcode QueueClock.age} counts the time that has passed since this clock was made, and before
 * that believes the wall clock. So a clock that is set forward by a day, rightly or for a minute by mistake, makes no message too old
 * to be tried, and one that is set back keeps none for a day longer. A machine that slept does not count its sleep: it
 * could not try. What is older than the process is dated by the wall clock of the start, since nothing else is left of the past.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";

/** A second: smaller differences are the clock being slewed, not set. */
const jumpMs = 1000;

/** Jumps that are remembered; beyond, the oldest but the start are forgotten. */
const spansMax = 64;

/**
 * The wall clock ran evenly from here on. A jump is found by whoever asks next, so a span may begin with the last look before it,
 * and the one before may last until it was `found`.
 */
interface Span {
  wall: number;
  steady: number;
  found: number;
}

/** See the module. */
export class QueueClock {
  readonly #clock: Clock;
  readonly #spans: Span[];
  #offset: number;
  /** When the clocks were last looked at, monotonic. */
  #seen: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    const [wall, steady] = [clock.now(), clock.monotonic()];
    this.#spans = [{ wall, steady, found: steady }];
    this.#offset = wall - steady;
    this.#seen = steady;
  }

  /** Milliseconds, whole. */
  now(): number {
    const monotonic = this.#clock.monotonic();
    const steady = monotonic + this.#offset;
    const wall = this.#clock.now();
    this.#follow(wall, monotonic);
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

  /** How long ago it was `wall` o'clock: whole milliseconds. Where jumps let it be that time twice, the later one counts. */
  age(wall: number): number {
    this.now();
    const steady = this.#clock.monotonic();
    const spans = this.#spans;
    let end = this.#clock.now();
    for (let at = spans.length - 1; at >= 0; at--) {
      const span = spans[at];
      // The wall clock is slewed and rounded: what is of this very moment may seem to come from the next one.
      if (wall >= span.wall && wall <= end + jumpMs) {
        return Math.max(Math.floor(steady - span.steady - (wall - span.wall)), 0);
      }
      if (at > 0) end = spans[at - 1].wall + span.found - spans[at - 1].steady;
    }
    // Before the start; or never, by this process's clock: then an earlier one's was wrong.
    return Math.floor(steady - spans[0].steady + Math.max(spans[0].wall - wall, 0));
  }

  #follow(wall: number, steady: number): void {
    const spans = this.#spans;
    const last = spans[spans.length - 1];
    if (Math.abs(wall - last.wall - (steady - last.steady)) > jumpMs) {
      spans.push({ wall: wall - (steady - this.#seen), steady: this.#seen, found: steady });
      if (spans.length > spansMax) spans.splice(1, 1);
    }
    this.#seen = steady;
  }
}
