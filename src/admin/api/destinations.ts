/**
 * Destinations and sender domains: what waits, how TLS went, over time.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { type CountName, countNames, type Direction, hourMs } from "../../monitor/counts.ts";
import { domainName } from "../../monitor/domains.ts";
import { type HostOrder, hostOrders, type HostStatusFacts, type TopHostsFacts } from "../../monitor/status.ts";
import type { MonitorStore } from "../../monitor/store.ts";
import { Problem } from "../problem.ts";
import type { AdminWorld } from "../world.ts";
import { callOne } from "./bridge.ts";
import { type ApiApp, serve } from "./operation.ts";
import { count, countsSchema, directionSchema, hoursSchema, limitSchema, moment } from "./schemas.ts";

const tag = "destinations";

const tlsResultSchema = z.strictObject({
  at: moment,
  result: z.enum(["success", "failed", "clear"]),
  demand: z.string().openapi({
    description: "What was asked for: the level outbound; off, preferred or required inbound",
  }),
  protocol: z.string(),
  cipher: z.string(),
  verified: z.boolean(),
  reason: z.string(),
  text: z.string().openapi({ description: "May quote a peer" }),
  peer: z.string(),
}).openapi("TlsResult");

const orders = Object.keys(hostOrders) as [HostOrder, ...HostOrder[]];

const topSchema = z.strictObject({
  now: moment,
  order: z.enum(orders),
  hosts: z.array(
    z.strictObject({
      destination: z.string(),
      active: count,
      connections: count,
      delivered: count,
      soft: count,
      hard: count,
    }).openapi("TopDestination"),
  ),
}).openapi("TopDestinations");

const destinationSchema = z.strictObject({
  destination: z.string(),
  now: moment,
  waiting: z.strictObject({ destination: z.string(), messages: count, recipients: count }),
  connections: count,
  day: countsSchema.optional(),
  kept: countsSchema.optional(),
  lastTls: tlsResultSchema.optional(),
  lastRefusal: z.strictObject({ at: moment, code: count, text: z.string() }).optional(),
  hosts: z.array(z.strictObject({
    host: z.string(),
    address: z.string(),
    port: count,
    workedAt: count.openapi({ description: "0: never since the start" }),
    failures: count,
    failure: z.strictObject({ at: moment, reason: z.string(), text: z.string() }).optional(),
  })),
  inbound: z.strictObject({ day: countsSchema, kept: countsSchema, lastTls: tlsResultSchema.optional() }).optional(),
}).openapi("Destination");

const hourSchema = z.strictObject({ hour: moment, counts: countsSchema }).openapi("HourCounts");

const domainParams = z.strictObject({
  domain: z.string().min(1).max(255).regex(/^[!-~\u00a0-\uffff]+$/, "has blanks or control characters").openapi({
    example: "example.com",
  }),
});

/** Adds the operations. */
export function mountDestinations(app: ApiApp): void {
  serve(app, {
    method: "get",
    path: "/destinations",
    id: "listDestinations",
    tag,
    summary: "The destinations with the most of something",
    role: "read-only",
    query: z.strictObject({ sort: z.enum(orders).optional(), limit: limitSchema(200) }),
    answer: topSchema,
  }, async ({ world, query: { sort, limit }, context }) =>
    await callOne<TopHostsFacts>(world.commands, {
      name: "tophosts",
      args: { ...(sort === undefined ? {} : { sort }), ...(limit === undefined ? {} : { limit }) },
      signal: context.req.raw.signal,
    }));
  serve(app, {
    method: "get",
    path: "/destinations/{domain}",
    id: "getDestination",
    tag,
    summary: "Everything known of one domain: mail, TLS, its hosts and their failures",
    role: "read-only",
    params: domainParams,
    answer: destinationSchema,
  }, async ({ world, params, context }) =>
    await callOne<HostStatusFacts>(world.commands, {
      name: "hoststatus",
      args: params,
      signal: context.req.raw.signal,
    }));
  serve(app, {
    method: "get",
    path: "/destinations/{domain}/history",
    id: "getDestinationHistory",
    tag,
    summary: "Mail and TLS of one domain by the hour; hours in which nothing was are left out",
    role: "read-only",
    params: domainParams,
    query: z.strictObject({ direction: directionSchema.optional(), hours: hoursSchema }),
    answer: z.strictObject({ direction: directionSchema, since: moment, hours: z.array(hourSchema) }).openapi(
      "History",
    ),
  }, ({ world, params, query: { direction = "outbound", hours } }) => {
    const span = spanOf(world, hours);
    const domain = domainName(params.domain);
    return {
      direction,
      since: span.since,
      hours: readStore(world, (store) => store.hourly(direction, { ...span, domain })),
    };
  });
  serve(app, {
    method: "get",
    path: "/reports/tls",
    id: "getTlsReport",
    tag,
    summary: "TLS connections: by the hour, in all, and by domain with the last result",
    role: "read-only",
    query: z.strictObject({
      direction: directionSchema.optional(),
      hours: hoursSchema,
      sort: z.enum(countNames as [CountName, ...CountName[]]).optional(),
      limit: limitSchema(1_000),
    }),
    answer: z.strictObject({
      direction: directionSchema,
      since: moment,
      until: moment,
      totals: countsSchema,
      hours: z.array(hourSchema),
      domains: z.array(
        z.strictObject({
          domain: z.string().openapi({
            description: "`*`: all domains beyond the bound; `<>`: the null sender; `?`: unknown",
          }),
          counts: countsSchema,
          encryptedShare: z.number().nullable().openapi({ description: "0 to 1; null: there was no connection" }),
          last: tlsResultSchema.nullable(),
        }).openapi("TlsReportRow"),
      ),
    }).openapi("TlsReport"),
  }, ({ world, query: { direction = "outbound", hours, sort = "connections", limit } }) => {
    const span = spanOf(world, hours);
    const { totals, byHour, top } = readStore(world, (store) => ({
      totals: store.sums(direction, span),
      byHour: store.hourly(direction, span),
      top: store.top(direction, { ...span, by: sort, count: Number(limit ?? 100) }),
    }));
    const domains = top.map(({ domain, counts }) => (
      { domain, counts, encryptedShare: shareOf(counts), last: lastOf(world, direction, domain) }
    ));
    return { direction, ...span, totals, hours: byHour, domains };
  });
}

function lastOf({ monitor }: AdminWorld, direction: Direction, domain: string): z.input<typeof tlsResultSchema> | null {
  return monitor.lastTls(direction, domain) ?? null;
}

function shareOf(counts: Readonly<Record<CountName, number>>): number | null {
  const encrypted = counts.tls_required_success + counts.tls_preferred_success;
  const all = encrypted + counts.clear;
  return all === 0 ? null : encrypted / all;
}

function spanOf({ clock }: AdminWorld, hours: string | undefined): { since: number; until: number } {
  const until = clock.now();
  return { since: until - (Number(hours ?? 24) - 1) * hourMs, until };
}

function readStore<T>({ monitor }: AdminWorld, query: (store: MonitorStore) => T): T {
  const read = monitor.read(query);
  if (read !== undefined) return read;
  throw new Problem(503, { detail: "Statistics cannot be read now; the gateway's log says why" });
}
