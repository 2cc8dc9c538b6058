/**
 * Time as a parameter.
 *
 * Everything that waits or reads the time takes a {@linkcode Clock}; the system's clock and timers are
 * touched in this file only, so that a test owns time. Wall time dates things for people and for the
 * queue; spans are measured with the monotonic clock, so that a jump of the wall clock neither expires
 * nor freezes a session.
 *
 * @module
 */

/** A timer that has not fired. Cancelling one that fired does nothing. */
export interface Timer {
  cancel(): void;
}

/** The time and the means to wait for it. */
export interface Clock {
  /** Wall time in milliseconds since 1970-01-01 UTC. It may jump. */
  now(): number;
  /** Milliseconds since some fixed moment. It never goes back. */
  monotonic(): number;
  /** Calls `fire` once, `ms` milliseconds from now. The timer keeps the process alive. */
  after(ms: number, fire: () => void): Timer;
  /** Calls `fire` every `ms` milliseconds. The timer does not keep the process alive. */
  every(ms: number, fire: () => void): Timer;
}

/** The longest delay that the runtime's timers take; a longer one would fire at once. */
const timerMsMax = 2 ** 31 - 1;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, fire) {
    const id = setTimeout(fire, Math.min(Math.max(ms, 0), timerMsMax));
    return { cancel: () => clearTimeout(id) };
  },
  every(ms, fire) {
    const id = setInterval(fire, ms);
    Deno.unrefTimer(id);
    return { cancel: () => clearInterval(id) };
  },
};

/**
 * Waits `ms` milliseconds. With a signal, an abort ends the wait early; the promise then resolves
 * too, since whoever waits looks at the signal anyway.
 */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = clock.after(ms, done);
  function done(): void {
    timer.cancel();
    signal?.removeEventListener("abort", done);
    resolve();
  }
  signal?.addEventListener("abort", done);
  return promise;
}
