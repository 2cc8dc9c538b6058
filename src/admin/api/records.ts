/**
 * What was: alerts, the audit log, messages in the mail log.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { AlertTestFacts } from "../../control/alert_commands.ts";
import { alertClasses, alertSeverities } from "../../mail/alert.ts";
import { TrackingBusyError } from "../../tracking/tracking.ts";
import { Problem } from "../problem.ts";
import { call } from "./bridge.ts";
import { type ApiApp, serve } from "./operation.ts";
import { count, limitSchema, midText, moment } from "./schemas.ts";

const alertSchema = z.strictObject({
  kind: z.string(),
  about: z.string(),
  severity: z.enum(alertSeverities),
  classes: z.array(z.enum(alertClasses)),
  title: z.string(),
  text: z.string().openapi({ description: "May quote a peer" }),
  advice: z.string(),
  first: moment,
  last: moment,
  count,
}).openapi("Alert");

const auditSchema = z.strictObject({
  at: moment,
  action: z.string(),
  ok: z.boolean(),
  user: z.string().optional(),
  via: z.string().optional(),
  address: z.string().optional(),
  target: z.string().optional(),
  detail: z.string().optional(),
}).openapi("AuditLine");

const foundSchema = z.strictObject({
  mid: count,
  icid: count.optional(),
  at: moment,
  from: z.string().optional(),
  to: z.array(z.string()),
  recipients: count,
  subject: z.string().optional(),
  messageId: z.string().optional(),
  octets: count.optional(),
  state: z.enum(["delivered", "bounced", "aborted", "deleted", "open", "mixed", "finished"]),
  delays: count,
}).openapi("FoundMessage");

const text = z.string().min(1).max(500).optional();
const time = z.string().regex(/^\d{1,15}$/, "is no time in milliseconds").optional();

/** Adds the operations. */
export function mountRecords(app: ApiApp): void {
  serve(
    app,
    {
      method: "get",
      path: "/alerts",
      id: "listAlerts",
      tag: "alerts",
      summary: "Alerts since the start, the last one first",
      role: "read-only",
      answer: z.strictObject({ alerts: z.array(alertSchema) }).openapi("Alerts"),
    },
    ({ world }) => ({ alerts: world.alerts().map(({ words: _, ...row }) => ({ ...row, classes: [...row.classes] })) }),
  );
  serve(app, {
    method: "post",
    path: "/alerts/test",
    id: "testAlerts",
    tag: "alerts",
    summary: "Send a test alert to every recipient",
    role: "operator",
    answer: z.strictObject({
      recipients: z.array(z.strictObject({ recipient: z.string(), sent: z.boolean(), text: z.string() })),
    }).openapi("AlertTest"),
  }, async ({ world, context }) => {
    const { signal } = context.req.raw;
    const { items } = await call<AlertTestFacts>(world.commands, { name: "alerts test", signal, keep: true });
    return { recipients: items };
  });
  serve(app, {
    method: "get",
    path: "/audit",
    id: "listAudit",
    tag: "users",
    summary: "Who logged in and who changed what, the last one first",
    role: "administrator",
    description: "Texts fit anywhere, upper or lower case. A search may end before it has found all: `next` goes on.",
    query: z.strictObject({
      who: text.openapi({ description: "In the user's name or address" }),
      what: text.openapi({ description: "In the action, its target or its detail" }),
      ok: z.enum(["true", "false"]).optional().openapi({ description: "Done, or refused" }),
      since: time,
      until: time,
      cursor: z.string().max(40).regex(/^\d+-\d+$/, "is no cursor").optional()
        .openapi({ description: "`next` of the page before" }),
      limit: limitSchema(1_000),
    }),
    answer: z.strictObject({
      lines: z.array(auditSchema),
      next: z.string().optional().openapi({ description: "There may be more: `cursor` of the next page" }),
    }).openapi("Audit"),
  }, async ({ world, query: { limit, ok, since, until, ...texts } }) => {
    const numbers = Object.entries({ since, until })
      .flatMap(([name, value]) => value === undefined ? [] : [[name, Number(value)]]);
    const wanted = { ...texts, ...Object.fromEntries(numbers), ...(ok === undefined ? {} : { ok: ok === "true" }) };
    const { lines, next } = await world.audit.find(wanted, Number(limit ?? 100));
    return { lines: lines.map(({ time, ...line }) => ({ at: Date.parse(time), ...line })), next };
  });
  serve(app, {
    method: "get",
    path: "/tracking",
    id: "findMessages",
    tag: "tracking",
    summary: "Find messages in the mail log, the youngest first",
    description:
      "Texts fit anywhere in the field, upper or lower case. What the log does not have any more is not found.",
    role: "read-only",
    query: z.strictObject({
      mid: midText.optional(),
      sender: text,
      recipient: text,
      subject: text,
      messageId: text,
      since: time,
      until: time,
      before: midText.optional()
        .openapi({ description: "Messages with lower numbers: the last MID of the page before" }),
      limit: limitSchema(1_000),
    }),
    answer: z.strictObject({
      messages: z.array(foundSchema),
      more: z.boolean(),
      endedAt: moment.optional().openapi({ description: "The search took too long, and came back to here" }),
    }).openapi("FoundMessages"),
  }, async ({ world, query: { limit, mid, since, until, before, ...texts } }) => {
    const numbers = Object.entries({ mid, since, until, before })
      .flatMap(([name, value]) => value === undefined ? [] : [[name, Number(value)]]);
    const wanted = { ...texts, ...Object.fromEntries(numbers) };
    return await searched(() => world.tracking.find(wanted, Number(limit ?? 50)));
  });
  serve(app, {
    method: "get",
    path: "/tracking/{mid}",
    id: "getTrail",
    tag: "tracking",
    summary: "The way of a message: every line about it, from the connection that it came by to the last reply",
    role: "read-only",
    params: z.strictObject({ mid: midText }),
    answer: z.strictObject({
      mid: count,
      icid: count.optional(),
      lines: z.array(z.looseObject({ at: moment, text: z.string() })),
      cut: z.boolean().openapi({ description: "There were more lines than are kept" }),
      children: z.array(count).openapi({ description: "Bounces and reports that were made because of it" }),
      parent: count.optional(),
    }).openapi("Trail"),
  }, async ({ world, params }) => {
    const trail = await searched(() => world.tracking.trail(Number(params.mid)));
    if (trail === undefined) throw new Problem(404, { detail: `The log does not know MID ${params.mid}` });
    return { ...trail, lines: trail.lines.map((line) => ({ ...line })) };
  });
}

async function searched<T>(search: () => Promise<T>): Promise<T> {
  try {
    return await search();
  } catch (error) {
    if (!(error instanceof TrackingBusyError)) throw error;
    throw new Problem(503, { detail: error.message, headers: { "Retry-After": "5" } });
  }
}
