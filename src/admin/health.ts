/**
 * The answers of `/healthz`, what a watchman asks, and `/readyz`, what a load balancer asks.
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
export function healthOf(vitals: Vitals): Health {
  const { pressure, listeners, connections, failingHosts, queue, suspended } = vitals;
  const down = listeners.filter(({ listening }) => !listening);
  const stopped = listeners.filter(({ name }) => suspended.listeners === "all" || suspended.listeners.includes(name));
  const troubles = [
    ...pressure.pressures.map(({ text }) => text),
    ...down.map(({ name, address }) => `listener ${name} does not listen on ${address}`),
    ...stopped.map(({ name }) => `listener ${name} is suspended by the operator`),
    // Which domains is not for everybody.
    ...suspended.delivery.length > 0
      ? [`delivery is suspended by the operator${suspended.delivery === "all" ? "" : " in part"}`]
      : [],
  ];
  return {
    healthy: pressure.healthy && down.length + stopped.length === 0 && suspended.delivery !== "all",
    troubles,
    listeners: listeners.map(({ name, address, listening }) => ({ name, address, listening })),
    delivery: { connections, failingHosts },
    queue: { messages: queue.messages },
  };
}

/** Whether new mail is taken now: where it is not, a load balancer sends it elsewhere. */
export interface Readiness {
  ready: boolean;
  /** What keeps it from being ready, one line each. */
  troubles: string[];
}

/** Judges whether clients should come. Delivery that stands still keeps nobody from being taken. */
export function readinessOf({ pressure, listeners, suspended }: Vitals): Readiness {
  const open = listeners.filter(({ name, listening }) =>
    listening && suspended.listeners !== "all" && !suspended.listeners.includes(name)
  );
  const troubles = [
    ...pressure.pressures.map(({ text }) => text),
    ...(open.length === 0 ? ["no listener takes mail"] : []),
  ];
  return { ready: troubles.length === 0, troubles };
}
