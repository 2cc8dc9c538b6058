/**
 * Values that several operations share.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { roles } from "../identity.ts";

/** A user's name, as `admin.users` has it. */
export const userName: z.ZodString = z.string().regex(
  /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/,
  "is no user's name; letters, digits, _ - and . , at most 64, a letter or digit first",
).openapi({ example: "ann" });

/** What a user may do. */
export const role: z.ZodEnum<{ [K in (typeof roles)[number]]: K }> = z.enum(roles).openapi("Role");

/** A password, as somebody types it. */
export const password: z.ZodString = z.string().max(1_000).openapi({ format: "password" });

/** A code of an authenticator app, or for recovery. */
export const code: z.ZodString = z.string().max(100).openapi({ example: "123456" });

/** A moment: milliseconds since 1970-01-01 UTC, as all times of the API. */
export const moment: z.ZodInt = z.int().openapi("Moment", { description: "Milliseconds since 1970-01-01 UTC" });
