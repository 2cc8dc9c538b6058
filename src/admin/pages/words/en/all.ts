/**
 * The English catalogue, put together from its parts. The other languages have the same parts.
 *
 * @module
 */
import { destinations } from "./destinations.ts";
import { entrance } from "./entrance.ts";
import { frame } from "./frame.ts";
import { overview } from "./overview.ts";
import { tls } from "./tls.ts";
import { queue } from "./queue.ts";
import { tracking } from "./tracking.ts";

/** Every text. */
export const english = { ...frame, ...entrance, ...overview, ...tls, ...queue, ...tracking, ...destinations } as const;
