/**
 * How something that is fetched goes: revocation lists, answers of responders, updates.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { FetchRecord } from "../../certs/kept.ts";
import type { UpdateStatus } from "../../certs/updates.ts";
import { moment } from "./schemas.ts";

const fetchingShape = {
  url: z.string(),
  tried: moment.optional(),
  fetched: moment.optional(),
  next: moment,
  failures: z.int(),
  failure: z.string().optional(),
};

/** The last attempts at one URL. */
export const fetchingSchema: z.ZodObject<typeof fetchingShape, z.core.$strict> = z.strictObject(fetchingShape)
  .openapi("Fetching");

const updatesShape = {
  url: z.string(),
  held: z.boolean().openapi({ description: "It was fetched and is in force" }),
  fetching: fetchingSchema.optional(),
};

/** The list of authorities that the updater fetches. */
export const updatesSchema: z.ZodObject<typeof updatesShape, z.core.$strict> = z.strictObject(updatesShape)
  .openapi("Updates");

/** What there is to show: what a server wants to hear next time is between it and us. */
export function shownFetching({ fetching }: { fetching?: FetchRecord }): { fetching?: z.input<typeof fetchingSchema> } {
  if (fetching === undefined) return {};
  const { url, tried, fetched, next, failures, failure } = fetching;
  return {
    fetching: {
      url,
      next,
      failures,
      ...(tried === undefined ? {} : { tried }),
      ...(fetched === undefined ? {} : { fetched }),
      ...(failure === undefined ? {} : { failure }),
    },
  };
}

/** As {@linkcode shownFetching}, of updates. */
export function shownUpdates({ url, held, ...rest }: UpdateStatus): z.input<typeof updatesSchema> {
  return { url, held, ...shownFetching(rest) };
}
