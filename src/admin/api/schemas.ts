/**
 * Values that several operations share.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { countNames, hourMs } from "../../monitor/counts.ts";
import { keptMs } from "../../monitor/store.ts";
import { roles } from "../identity.ts";
import { tell } from "../texts.ts";

/** A user's name, as `admin.users` has it. */
export const userName: z.ZodString = z.string().regex(
  /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/,
  tell("fault.user.name").text,
).openapi({ example: "ann" });

/** What a user may do. */
export const role: z.ZodEnum<{ [K in (typeof roles)[number]]: K }> = z.enum(roles).openapi("Role");

/** A password, as somebody types it. */
export const password: z.ZodString = z.string().max(1_000).openapi({ format: "password" });

/** A code of an authenticator app, or for recovery. */
export const code: z.ZodString = z.string().max(100).openapi({ example: "123456" });

/** A moment: milliseconds since 1970-01-01 UTC, as all times of the API. */
export const moment: z.ZodInt = z.int().openapi("Moment", { description: "Milliseconds since 1970-01-01 UTC" });

/** A whole number. */
export const count: z.ZodInt = z.int();

/** A MID in a path or query. */
export const midText: z.ZodString = z.string().regex(/^[1-9]\d{0,14}$/, "is no MID").openapi({ example: "7" });

/** How many of a list, in a query. */
export function limitSchema(max: number): z.ZodOptional<z.ZodString> {
  const message = `is no number from 1 to ${max}`;
  return z.string().regex(/^[1-9]\d{0,5}$/, message).refine((text) => Number(text) <= max, message)
    .openapi({ example: "50" }).optional();
}

/** The longest span of statistics, in hours. */
const hoursMax = keptMs / hourMs;

/** A span that ends now, in a query. */
export const hoursSchema: z.ZodOptional<z.ZodString> = z.string().regex(/^[1-9]\d{0,3}$/, "is no number of hours")
  .refine((text) => Number(text) <= hoursMax, `is no number from 1 to ${hoursMax}`)
  .openapi({ example: "24", description: "24 where nothing is said" }).optional();

/** Which way mail goes. */
export const directionSchema: z.ZodEnum<{ inbound: "inbound"; outbound: "outbound" }> = z.enum(["inbound", "outbound"]);

/** An object with a field of one kind for each name. */
export function each<N extends string, T extends z.ZodType>(
  names: readonly N[],
  value: T,
): z.ZodObject<Record<N, T>, z.core.$strict> {
  return z.strictObject(Object.fromEntries(names.map((name) => [name, value])) as Record<N, T>);
}

/** Counts of a span of time, by name. */
export const countsSchema: z.ZodObject<Record<(typeof countNames)[number], z.ZodInt>, z.core.$strict> = each(
  countNames,
  z.int(),
).openapi("Counts");
