/**
 * The machine's own addresses.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";

/** They change seldom, and are asked for with each host of each MX record. */
const keptMs = 10_000;

/** The addresses of all interfaces, as text; read anew after {@linkcode keptMs}. Where the system does not say, there are none. */
export function machineAddresses(clock: Clock): () => readonly string[] {
  let readAt = -Infinity;
  let addresses: readonly string[] = [];
  return () => {
    const now = clock.monotonic();
    if (now - readAt < keptMs) return addresses;
    readAt = now;
    try {
      addresses = Deno.networkInterfaces().map(({ address }) => address);
    } catch {
      // Some confined systems forbid to ask: a connection to ourselves is still known by having one address at both ends.
      addresses = [];
    }
    return addresses;
  };
}
