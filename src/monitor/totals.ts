/**
 * Totals since the start of the process, and how fast they grow.
 *
 * @module
 */
import type { Clock, Timer } from "../base/clock.ts";

// deno-fmt-ignore
/** Each total, its name for Prometheus (`postern_…_total`), and what it counts. */
export const totalTable = [
  { name: "connectionsIn",      metric: "inbound_connections",         meaning: "Inbound SMTP connections" },
  { name: "messagesIn",         metric: "messages_received",           meaning: "Messages taken from clients and stored" },
  { name: "recipientsIn",       metric: "recipients_received",         meaning: "Recipients of messages taken" },
  { name: "octetsIn",           metric: "received_bytes",              meaning: "Octets of messages taken" },
  { name: "recipientsRefused",  metric: "recipients_refused",          meaning: "Recipients refused to clients" },
  { name: "messagesAborted",    metric: "messages_aborted",            meaning: "Messages begun by clients and not taken" },
  { name: "messagesGenerated",  metric: "messages_generated",          meaning: "Bounces and reports made by the gateway" },
  { name: "connectionsOut",     metric: "outbound_connections",        meaning: "Outbound SMTP connections opened" },
  { name: "connectionFailures", metric: "outbound_connection_failures", meaning: "Hosts that could not be used for a delivery" },
  { name: "messagesOut",        metric: "messages_delivered",          meaning: "Messages handed to a next hop, once for each destination" },
  { name: "recipientsOut",      metric: "recipients_delivered",        meaning: "Recipients delivered" },
  { name: "octetsOut",          metric: "delivered_bytes",             meaning: "Octets of messages handed to a next hop" },
  { name: "softBounced",        metric: "recipients_deferred",         meaning: "Recipients that wait after an attempt, counted with each attempt" },
  { name: "hardBounced",        metric: "recipients_bounced",          meaning: "Recipients given up" },
  { name: "messagesFinished",   metric: "messages_finished",           meaning: "Messages of which nothing is left in the queue" },
] as const;

/** The name of a total. */
export type TotalName = (typeof totalTable)[number]["name"];

/** Totals since the start. */
export type Totals = Record<TotalName, number>;

/** Nothing counted yet. */
export function noTotals(): Totals {
  return Object.fromEntries(totalTable.map(({ name }) => [name, 0])) as Totals;
}

/** Services that do handshakes. */
export type TlsService = "inbound" | "outbound" | "gui";

/** Handshakes of one kind. */
export interface Handshakes {
  readonly service: TlsService;
  /** `TLSv1.3`; empty where none was agreed on. */
  readonly version: string;
  readonly result: "success" | "failed";
  /** The reason word of a failure; for a success empty, or why the certificate was not verified. */
  readonly reason: string;
  count: number;
}

/** Handshakes by kind. All parts of a kind are words of ours, so their number is bounded. */
export class HandshakeCounts {
  readonly #kinds = new Map<string, Handshakes>();

  /** Counts one. */
  add(kind: Omit<Handshakes, "count">): void {
    const key = `${kind.service} ${kind.version} ${kind.result} ${kind.reason}`;
    const known = this.#kinds.get(key);
    if (known === undefined) this.#kinds.set(key, { ...kind, count: 1 });
    else known.count++;
  }

  /** All kinds so far. */
  list(): Handshakes[] {
    return [...this.#kinds.values()];
  }
}

/** How often totals are noted. */
const sampleMs = 10_000;
/** Spans of time for which rates are told, in minutes. */
export const rateMinutes = [1, 5, 15] as const;
const samplesMax = 15 * 60_000 / sampleMs;

/** Events an hour, over the last 1, 5 and 15 minutes. */
export type Rates = Record<TotalName, readonly [number, number, number]>;

/** Notes totals at regular times, for as long as the longest span. */
export class RateMeter implements Disposable {
  readonly #clock: Clock;
  readonly #totals: Totals;
  /** The youngest last. */
  readonly #samples: { at: number; totals: Totals }[] = [];
  readonly #timer: Timer;

  constructor(clock: Clock, totals: Totals) {
    this.#clock = clock;
    this.#totals = totals;
    this.#note();
    this.#timer = clock.every(sampleMs, () => this.#note());
  }

  /** Rates now. A span that began before the process counts from its beginning all the same: what was not, was nothing. */
  rates(): Rates {
    const now = this.#clock.monotonic();
    const starts = rateMinutes.map((minutes) => this.#at(now - minutes * 60_000));
    return Object.fromEntries(totalTable.map(({ name }) => [
      name,
      starts.map((start, index) => Math.round((this.#totals[name] - start[name]) * 60 / rateMinutes[index])),
    ])) as unknown as Rates;
  }

  /** Notes no more. */
  [Symbol.dispose](): void {
    this.#timer.cancel();
  }

  #note(): void {
    this.#samples.push({ at: this.#clock.monotonic(), totals: { ...this.#totals } });
    if (this.#samples.length > samplesMax + 1) this.#samples.shift();
  }

  /** The totals at a moment: those of the last sample that is not younger, else of the first. */
  #at(moment: number): Totals {
    return (this.#samples.findLast(({ at }) => at <= moment) ?? this.#samples[0]).totals;
  }
}
