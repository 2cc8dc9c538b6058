/**
 * Client services: directories, log hosts and the updater.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { ServicesItem, UpdateItem } from "../../control/service_commands.ts";
import { shownUpdates, updatesSchema } from "./fetching.ts";
import { type ApiApp, serve } from "./operation.ts";
import { runOne } from "./run.ts";
import { moment } from "./schemas.ts";

const tag = "status";

/** Adds the operations. */
export function mountServices(app: ApiApp): void {
  serve(app, {
    method: "get",
    path: "/services",
    id: "listServices",
    tag,
    summary: "How directories, log hosts and the updater do",
    role: "read-only",
    answer: z.strictObject({
      now: moment,
      directories: z.array(z.strictObject({
        name: z.string(),
        servers: z.array(z.strictObject({
          url: z.string(),
          state: z.enum(["open", "idle", "failing"]),
          fault: z.string().optional(),
        })),
        known: z.int(),
        unknown: z.int(),
        failed: z.int(),
        remembered: z.int(),
        searches: z.int(),
        answers: z.boolean(),
      })).openapi({ description: "Those that were asked so far, with counts of answers" }),
      logHosts: z.array(z.strictObject({
        name: z.string(),
        server: z.string(),
        transport: z.string(),
        state: z.enum(["open", "idle", "failing"]),
        sent: z.int(),
        waiting: z.int(),
        dropped: z.int(),
        fault: z.string().optional(),
      })),
      updates: updatesSchema.optional().openapi({ description: "Absent: nothing is fetched" }),
    }).openapi("Services"),
  }, async (asked) => {
    const { item } = await runOne<ServicesItem>(asked, { name: "services" });
    const { now, directories, logHosts, updates } = item;
    const shown = directories.map(({ servers, ...rest }) => ({ ...rest, servers: [...servers] }));
    return {
      now,
      directories: shown,
      logHosts: [...logHosts],
      ...(updates === undefined ? {} : { updates: shownUpdates(updates) }),
    };
  });
  serve(app, {
    method: "post",
    path: "/services/update",
    id: "fetchUpdates",
    tag,
    summary: "Fetch updates now",
    role: "administrator",
    answer: z.strictObject({ now: moment, updates: updatesSchema }).openapi("Update"),
  }, async (asked) => {
    const { item: { now, updates } } = await runOne<UpdateItem>(asked, { name: "updatenow", keep: true });
    return { now, updates: shownUpdates(updates) };
  });
}
