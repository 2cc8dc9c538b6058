/**
 * Chance as a parameter: shuffled hosts, jitter, message ids.
 *
 * @module
 */

/** A source of chance. */
export interface Random {
  /** A number from 0 up to, but not including, 1. Not for secrets. */
  fraction(): number;
  /** `octets` unforeseeable bytes. */
  bytes(octets: number): Uint8Array<ArrayBuffer>;
}

/** The machine's source. */
export const systemRandom: Random = {
  fraction: () => Math.random(),
  bytes: (octets) => crypto.getRandomValues(new Uint8Array(octets)),
};

/** A repeatable source for tests and fuzzers (mulberry32): the same seed, the same numbers. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { fraction, bytes: (octets) => Uint8Array.from({ length: octets }, () => Math.floor(fraction() * 256)) };
}

/** The items in an order drawn by chance (Fisher and Yates). The argument is left alone. */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const drawn = [...items];
  for (let last = drawn.length - 1; last > 0; last--) {
    const pick = Math.floor(random.fraction() * (last + 1));
    [drawn[last], drawn[pick]] = [drawn[pick], drawn[last]];
  }
  return drawn;
}
