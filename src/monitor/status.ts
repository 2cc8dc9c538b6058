/**
 * The answers of `status`, `tophosts` and `hoststatus`, as plain data.
 *
 * @module
 */
import { type Counts, type Direction, hourMs, type LastRefusal, type TlsResult } from "./counts.ts";
import { domainName } from "./domains.ts";
import type { HostFacts } from "./hosts.ts";
import type { Monitor } from "./monitor.ts";
import type { Rates, Totals } from "./totals.ts";
import type { Vitals, Waiting } from "./vitals.ts";

/** What the answers are made of. */
export interface StatusSource {
  monitor: Monitor;
  vitals(): Vitals;
  /** What waits, the destinations with the most messages first, `count` at the most. */
  waiting(count: number): Waiting[];
  /** What waits for one destination; nothing: zeros. */
  waitingFor(destination: string): Waiting;
}

/** What `status` gives. */
export interface StatusFacts {
  vitals: Vitals;
  /** Wall milliseconds. */
  startedAt: number;
  lastReload: { at: number; ok: boolean };
  totals: Totals;
  /** Events an hour, over the last 1, 5 and 15 minutes. */
  rates: Rates;
  /** Of the last 24 hours, restarts included; absent: the database cannot be read now. */
  day?: Record<Direction, Counts>;
}

/** Whole hours that answers about "the last 24 hours" are made of: the current one and those before it. */
function lastDay(now: number): { since: number; until: number } {
  return { since: now - 23 * hourMs, until: now };
}

/** See the module. */
export function statusOf({ monitor, vitals }: StatusSource): StatusFacts {
  const now = vitals();
  const day = monitor.read((store) => ({
    inbound: store.sums("inbound", lastDay(now.now)),
    outbound: store.sums("outbound", lastDay(now.now)),
  }));
  return {
    vitals: now,
    startedAt: monitor.startedAt,
    lastReload: monitor.lastReload,
    totals: { ...monitor.totals },
    rates: monitor.rates(),
    ...(day === undefined ? {} : { day }),
  };
}

// deno-fmt-ignore
/** The columns that `tophosts` sorts by. */
export const hostOrders = {
  active:      "recipients that wait",
  connections: "connections out",
  delivered:   "recipients delivered",
  soft:        "recipients deferred",
  hard:        "recipients bounced",
} as const;

/** A column of `tophosts`. */
export type HostOrder = keyof typeof hostOrders;

/** One row of `tophosts`: what waits and what is open now, what was in the last 24 hours. */
export interface TopHost extends Record<HostOrder, number> {
  destination: string;
}

/** What `tophosts` gives. */
export interface TopHostsFacts {
  now: number;
  order: HostOrder;
  /** The largest first. */
  hosts: TopHost[];
}

/** The destinations with the most of something. */
export function topHostsOf(
  { monitor, vitals, waiting }: StatusSource,
  { order, count }: { order: HostOrder; count: number },
): TopHostsFacts {
  const { now } = vitals();
  const rows = new Map<string, TopHost>();
  const row = (destination: string): TopHost => {
    let found = rows.get(destination);
    if (found === undefined) {
      found = { destination, active: 0, connections: 0, delivered: 0, soft: 0, hard: 0 };
      rows.set(destination, found);
    }
    return found;
  };
  for (const { destination, recipients } of waiting(count)) row(destination).active = recipients;
  for (const [destination, connections] of monitor.open) row(destination).connections = connections;
  // Who leads by one count may be nobody by the others: each has its leaders.
  const leaders = monitor.read((store) =>
    (["recipients", "deferred", "bounced"] as const).flatMap((by) =>
      store.top("outbound", { ...lastDay(now), by, count })
    )
  );
  for (const { domain, counts } of leaders ?? []) {
    Object.assign(row(domain), { delivered: counts.recipients, soft: counts.deferred, hard: counts.bounced });
  }
  const hosts = [...rows.values()]
    .sort((a, b) => b[order] - a[order] || (a.destination < b.destination ? -1 : 1)).slice(0, count);
  return { now, order, hosts };
}

/** What `hoststatus` gives. Texts in it may be a peer's, raw. */
export interface HostStatusFacts {
  destination: string;
  now: number;
  waiting: Waiting;
  /** Outbound connections that are open. */
  connections: number;
  /** Of the last 24 hours and of the 90 days that are kept; absent: the database cannot be read now. */
  day?: Counts;
  kept?: Counts;
  lastTls?: TlsResult;
  lastRefusal?: LastRefusal;
  /** The hosts as delivery met them since the start, the last one first. */
  hosts: HostFacts[];
  /** What this domain sent to us, for the same spans. */
  inbound?: { day: Counts; kept: Counts; lastTls?: TlsResult };
}

/** Everything known of one domain. `name` is as the operator wrote it. */
export function hostStatusOf(source: StatusSource, name: string): HostStatusFacts {
  const { monitor, vitals, waitingFor } = source;
  const destination = domainName(name);
  const { now } = vitals();
  const sums = monitor.read((store) => {
    const of = (direction: Direction) => ({
      day: store.sums(direction, { ...lastDay(now), domain: destination }),
      kept: store.sums(direction, { since: 0, until: now, domain: destination }),
    });
    return { inbound: of("inbound"), outbound: of("outbound") };
  });
  const inboundTls = monitor.lastTls("inbound", destination);
  const facts: HostStatusFacts = {
    destination,
    now,
    waiting: waitingFor(destination),
    connections: monitor.open.get(destination) ?? 0,
    ...sums?.outbound,
    lastTls: monitor.lastTls("outbound", destination),
    lastRefusal: monitor.lastRefusal(destination),
    hosts: monitor.hosts.of(destination),
  };
  const sent = sums !== undefined && Object.values(sums.inbound.kept).some((count) => count > 0);
  if (sent) facts.inbound = { ...sums.inbound, ...(inboundTls === undefined ? {} : { lastTls: inboundTls }) };
  return facts;
}
