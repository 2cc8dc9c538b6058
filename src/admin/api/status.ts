/**
 * How the gateway does, and its suspension.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { SuspensionFacts } from "../../control/suspension.ts";
import type { StatusFacts } from "../../monitor/status.ts";
import { rateMinutes, type TotalName, totalTable } from "../../monitor/totals.ts";
import { callOne } from "./bridge.ts";
import { type ApiApp, serve } from "./operation.ts";
import { count, countsSchema, each, moment } from "./schemas.ts";

const tag = "status";

const totalNames: readonly TotalName[] = totalTable.map(({ name }) => name);

const suspendedSchema = z.union([z.literal("all"), z.array(z.string())]);

const suspensionSchema = z.strictObject({
  listeners: suspendedSchema.openapi({ description: "`all`, or names of listeners" }),
  delivery: suspendedSchema.openapi({ description: "`all`, or domains; `.domain`: those below it" }),
}).openapi("Suspension");

const listenerSchema = z.strictObject({
  name: z.string(),
  address: z.string().openapi({ example: "0.0.0.0:25" }),
  listening: z.boolean(),
  sessions: count,
}).openapi("Listener");

const statusSchema = z.strictObject({
  vitals: z.strictObject({
    version: z.string(),
    hostname: z.string(),
    now: moment,
    generation: count.openapi({ description: "Counts up with each configuration that was applied" }),
    listeners: z.array(listenerSchema),
    sessions: count,
    connections: count,
    failingHosts: count,
    queue: z.strictObject({ messages: count, destinations: count, oldest: moment.optional() }),
    suspended: suspensionSchema,
    pressure: z.strictObject({
      healthy: z.boolean(),
      pressures: z.array(z.strictObject({ kind: z.string(), since: moment, refused: count, text: z.string() })),
      readings: z.record(z.string(), z.number().nullable()),
    }),
    memory: each(["rss", "heapUsed", "heapTotal", "external"], count),
    certificates: z.array(
      z.strictObject({ profile: z.string(), key: z.string(), subject: z.string(), notAfter: moment }),
    ),
    directories: z.array(z.strictObject({
      name: z.string(),
      ...Object.fromEntries(["known", "unknown", "failed", "remembered", "searches"].map((name) => [name, count])),
      answers: z.boolean(),
    })).openapi({ description: "Those that were asked about recipients so far" }),
  }),
  startedAt: moment,
  lastReload: z.strictObject({ at: moment, ok: z.boolean() }),
  totals: each(totalNames, count).openapi("Totals"),
  rates: each(totalNames, z.array(z.number()).length(rateMinutes.length)).openapi({
    description: `Events an hour, over the last ${rateMinutes.join(", ")} minutes`,
  }),
  day: z.strictObject({ inbound: countsSchema, outbound: countsSchema }).optional()
    .openapi({ description: "The last 24 hours; absent: it cannot be read now" }),
}).openapi("Status");

const suspensionWish = z.strictObject({
  what: z.enum(["listeners", "delivery"]).optional(),
  listeners: z.array(z.string().min(1).max(64)).max(1_000).optional().openapi({ description: "These alone" }),
  domains: z.array(z.string().min(1).max(255)).max(1_000).optional().openapi({
    description: "Delivery to these alone",
  }),
}).openapi("SuspensionWish", { description: "Nothing said: everything" });

/** How long one answer serves everybody: it sums up a day, and watchmen ask often. */
const freshMs = 500;

/** Adds the operations. */
export function mountStatus(app: ApiApp): void {
  let askedAt = -Infinity;
  let last: Promise<string> | undefined;
  serve(
    app,
    {
      method: "get",
      path: "/status",
      id: "getStatus",
      tag,
      summary: "Counters, rates, what is in use",
      role: "read-only",
      answer: statusSchema,
    },
    async ({ world }) => {
      const now = world.clock.monotonic();
      if (now - askedAt >= freshMs) {
        askedAt = now;
        last = callOne<StatusFacts>(world.commands, { name: "status", signal: new AbortController().signal })
          .then((facts) => JSON.stringify(finite(facts)));
      }
      try {
        return new Response(await last!, { headers: { "Content-Type": "application/json" } });
      } catch (error) {
        askedAt = -Infinity;
        throw error;
      }
    },
  );
  serve(app, {
    method: "get",
    path: "/listeners",
    id: "listListeners",
    tag,
    summary: "Listeners of the configuration in force, and whether they take mail",
    role: "read-only",
    answer: z.strictObject({
      listeners: z.array(
        z.strictObject({ ...listenerSchema.shape, type: z.string(), suspended: z.boolean() }).openapi("ListenerState"),
      ),
    }).openapi("Listeners"),
  }, ({ world }) => {
    const { listeners, suspended } = world.vitals();
    const types = new Map(world.config().listeners.map(({ name, type }) => [name, type]));
    return {
      listeners: listeners.map((listener) => ({
        ...listener,
        type: types.get(listener.name) ?? "",
        suspended: suspended.listeners === "all" || suspended.listeners.includes(listener.name),
      })),
    };
  });
  for (
    const [name, summary] of [
      ["suspend", "Take no new sessions, or leave mail in the queue"],
      ["resume", "End what was suspended"],
    ] as const
  ) {
    serve(app, {
      method: "post",
      path: `/${name}`,
      id: name,
      tag,
      summary,
      role: "operator",
      body: suspensionWish,
      answer: suspensionSchema,
    }, async ({ world, body: { what, listeners = [], domains = [] }, context, note }) => {
      const words = [what ?? [], listeners, domains].flat();
      note(words.length === 0 ? "everything" : words.join(", "));
      const args = { ...(what === undefined ? {} : { what }), listener: listeners, domain: domains };
      const facts = await callOne<SuspensionFacts>(world.commands, { name, args, signal: context.req.raw.signal });
      return facts as z.input<typeof suspensionSchema>;
    });
  }
}

/** JSON has no infinity: what was not measured yet is null there. */
function finite({ vitals, ...rest }: StatusFacts): z.input<typeof statusSchema> {
  const readings = Object.fromEntries(
    Object.entries(vitals.pressure.readings).map(([kind, value]) => [kind, Number.isFinite(value) ? value : null]),
  );
  return { ...rest, vitals: { ...vitals, pressure: { ...vitals.pressure, readings } } } as unknown as z.input<
    typeof statusSchema
  >;
}
