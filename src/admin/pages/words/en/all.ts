/**
 * The English catalogue, put together from its parts. The other languages have the same parts.
 *
 * @module
 */
import { entrance } from "./entrance.ts";
import { frame } from "./frame.ts";
import { overview } from "./overview.ts";

/** Every text. */
export const english = { ...frame, ...entrance, ...overview } as const;
