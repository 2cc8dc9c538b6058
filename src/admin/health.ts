/**
 * The answer of `/healthz`: what a load balancer asks.
 *
 * @module
 */
import type { Vitals } from "../monitor/vitals.ts";

/** See the module. */
export interface Health {
  /** Mail can come in at every listener, be stored, and go out. */
  healthy: boolean;
  /** What keeps it from being healthy, one line each. */
  troubles: string[];
  listeners: { name: string; address: string; listening: boolean }[];
  delivery: { connections: number; failingHosts: number };
  queue: { messages: number };
}

/** Judges the state of the gateway. Names of peers and mail stay out: it is shown without a login. */
export function healthOf({ pressure, listeners, connections, failingHosts, queue }: Vitals): Health {
  const down = listeners.filter(({ listening }) => !listening);
  const troubles = [
    ...pressure.pressures.map(({ text }) => text),
    ...down.map(({ name, address }) => `listener ${name} does not listen on ${address}`),
  ];
  return {
    healthy: pressure.healthy && down.length === 0,
    troubles,
    listeners: listeners.map(({ name, address, listening }) => ({ name, address, listening })),
    delivery: { connections, failingHosts },
    queue: { messages: queue.messages },
  };
}
